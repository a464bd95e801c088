/*
 * clock.h - the raw clock that benchmarks take as their floor.
 */
#ifndef THAG_BENCH_CLOCK_H
#define THAG_BENCH_CLOCK_H

#include <stdint.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t bench_clock(void)
{
    return __rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t bench_clock(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v;
}
#else
#error "no raw clock known for this processor"
#endif

#endif
