#include "cli/memory_limit.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#define LEAST_BYTES ((rlim_t)256 << 20) /* less would fail what could be done by swapping */

static struct rlimit before;
static int is_set;

/* A number in a file of the system's, after a name; UINT64_MAX if it is not there. */
static uint64_t number_in(const char *path, const char *format)
{
    char line[256];
    unsigned long long number;
    uint64_t found = UINT64_MAX;
    FILE *file = fopen(path, "re");

    if (!file) return UINT64_MAX;
    while (found == UINT64_MAX && fgets(line, sizeof line, file)) {
        if (sscanf(line, format, &number) == 1) found = number;
    }
    fclose(file);
    return found;
}

/* Of the machine, or of the container if that has less. */
static uint64_t free_bytes(void)
{
    uint64_t kib = number_in("/proc/meminfo", "MemAvailable: %llu");
    uint64_t all = number_in("/sys/fs/cgroup/memory.max", "%llu");
    uint64_t used = number_in("/sys/fs/cgroup/memory.current", "%llu");
    uint64_t bytes = kib < UINT64_MAX / 1024 ? kib * 1024 : UINT64_MAX;

    if (all != UINT64_MAX && used != UINT64_MAX && all > used && all - used < bytes) {
        bytes = all - used;
    }
    return bytes;
}

void memory_limit_set(void)
{
/* The shadow of a sanitizer is larger than any memory. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    uint64_t bytes = free_bytes();
    struct rlimit limit;

    if (is_set || bytes == UINT64_MAX || getrlimit(RLIMIT_DATA, &before)) return;
    limit = before;
    bytes = bytes / 8 * 7;
    if (bytes < LEAST_BYTES) bytes = LEAST_BYTES;
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= bytes) return;
    limit.rlim_cur = (rlim_t)bytes;
    is_set = setrlimit(RLIMIT_DATA, &limit) == 0;
#endif
}

void memory_limit_lift(void)
{
    if (is_set) setrlimit(RLIMIT_DATA, &before);
    is_set = 0;
}
