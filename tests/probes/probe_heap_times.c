/*
 * probe_heap_times.c - one function that allocates much and one that does not, and how long the shortest
 * call of each took by the probe's own clock. With the argument "new", by C++'s operators, as C++ names
 * them. See heap_times.sh.
 */
#include <string.h>

#include "probe.h"
#include "thag_profiler.h"

#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

void *_Znwm(size_t size);
void _ZdlPv(void *block);

static void *(*volatile make)(size_t) = malloc;
static void (*volatile end)(void *) = free;

static PROBE_NOINLINE void allocating(void)
{
    THAG_PROFILED();
    void *held[16] = {0};
    for (int i = 0; i < 10000; i++) {
        end(held[i % 16]);
        held[i % 16] = make((size_t)(16 + i % 64 * 8));
        KEEP(held[i % 16]);
    }
    for (int i = 0; i < 16; i++) end(held[i]);
}

static PROBE_NOINLINE void reckoning(void)
{
    THAG_PROFILED();
    probe_spin(200000);
}

static uint64_t least_ns(void (*function)(void))
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t start = probe_now_ns();
        function();
        uint64_t took = probe_now_ns() - start;
        if (took < least) least = took;
    }
    return least;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "new") == 0) {
        make = _Znwm;
        end = _ZdlPv;
    }
    THAG_ENABLE_PROFILING(runtime);
    uint64_t with = least_ns(allocating), without = least_ns(reckoning);
    printf("%llu %llu\n", (unsigned long long)with, (unsigned long long)without);
    return 0;
}
