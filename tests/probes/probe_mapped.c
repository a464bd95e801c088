/*
 * probe_mapped.c - mappings with known totals. Pages are of 4,096 bytes. See mapped.sh.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

#define PAGE ((size_t)4096)

static PROBE_NOINLINE char *map(size_t bytes, char *at)
{
    char *mapped = mmap(at, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
    PROBE_MUST(mapped != MAP_FAILED);
    return mapped;
}

/* 16 + 1 + 3 pages; of the 16 the first 4, then the middle 4, then the last page go; 7 are left. */
static PROBE_NOINLINE void parts(void)
{
    THAG_PROFILED();
    char *large = map(16 * PAGE, NULL), *small = map(100, NULL), *third = map(3 * PAGE, NULL);
    munmap(large, 4 * PAGE);
    munmap(large + 8 * PAGE, 4 * PAGE - 5);
    munmap(large + 15 * PAGE, PAGE);
    munmap(small, 1);
    munmap(third, 3 * PAGE);
}

/* 8 pages, of which 2 are mapped anew, and 4 that become 10; all of it goes. */
static PROBE_NOINLINE void replaced(void)
{
    THAG_PROFILED();
    char *first = map(8 * PAGE, NULL);
    map(2 * PAGE, first + 2 * PAGE);
    char *grows = map(4 * PAGE, NULL);
    grows = mremap(grows, 4 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
    PROBE_MUST(grows != MAP_FAILED);
    munmap(grows, 10 * PAGE);
    munmap(first, 8 * PAGE);
}

int main(void)
{
    THAG_ENABLE_PROFILING(runtime);
    parts();
    replaced();
    PROBE_MUST(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    PROBE_MUST(munmap((void *)1, 5) != 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        THAG_PROFILE("in child");
        map(5 * PAGE, NULL);
        THAG_END("in child");
        exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}
