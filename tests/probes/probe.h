/*
 * probe.h - what the probes share: clocks, work of known length, and a check that ends the program.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef PROBE_NOINLINE /* one build leaves it to the compiler */
#define PROBE_NOINLINE __attribute__((__noinline__))
#endif
#ifndef __GLIBC__ /* musl has none */
#define pvalloc valloc
#endif
#define PROBE_ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Like assert(), in every build. */
#define PROBE_MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            exit(70); \
        } \
    } while (0)

static inline uint64_t probe_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Wait without sleeping. Returns how long it really took. */
static inline uint64_t probe_busy_ns(uint64_t ns)
{
    uint64_t start = probe_now_ns(), now = start;
    while (now - start < ns) now = probe_now_ns();
    return now - start;
}

/* Work of a fixed number of steps, each dependent on the one before. */
static PROBE_NOINLINE uint64_t probe_spin(uint64_t steps)
{
    uint64_t x = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

/* Resident memory in KiB as the pages have it; the counters in statm and status lag behind, by CPU and thread. */
static inline long probe_resident_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *from = fopen("/proc/self/smaps_rollup", "r");
    PROBE_MUST(from);
    while (kib < 0 && fgets(line, sizeof line, from)) sscanf(line, "Rss: %ld", &kib);
    fclose(from);
    PROBE_MUST(kib >= 0);
    return kib;
}

/* argv[1] names the case. Unknown: a list would only drift. */
#define PROBE_CASE(name, call) \
    if (argc > 1 && strcmp(argv[1], name) == 0) { \
        call; \
        return 0; \
    }
#define PROBE_NO_CASE() \
    do { \
        fprintf(stderr, "%s: no such case\n", argc > 1 ? argv[1] : "(none)"); \
        return 64; \
    } while (0)

#endif
