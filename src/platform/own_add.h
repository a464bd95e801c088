/*
 * own_add.h - additions to memory that one thread writes, and that a signal handler on that very thread
 * may interrupt and do the same: none is lost. One instruction on x86, without a lock.
 */
#ifndef THAG_OWN_ADD_H
#define THAG_OWN_ADD_H

#include <stdint.h>

#if defined(__x86_64__)

static inline void thagi_own_add(uint64_t *at, uint64_t n)
{
    __asm__ volatile("addq %1, %0" : "+m"(*at) : "er"(n) : "cc");
}

static inline void thagi_own_sub(uint64_t *at, uint64_t n)
{
    __asm__ volatile("subq %1, %0" : "+m"(*at) : "er"(n) : "cc");
}

/** 1 if *at is then above 0. */
static inline int thagi_own_add_above(int64_t *at, uint64_t n)
{
    int above;
    __asm__ volatile("addq %2, %0" : "+m"(*at), "=@ccg"(above) : "er"(n) : "cc");
    return above;
}

/** 1 if *at was less than n. */
static inline int thagi_own_sub_below(uint64_t *at, uint64_t n)
{
    int below;
    __asm__ volatile("subq %2, %0" : "+m"(*at), "=@ccb"(below) : "er"(n) : "cc");
    return below;
}

/** 1 if *at was more than n. */
static inline int thagi_own_sub_leaves(uint64_t *at, uint64_t n)
{
    int leaves;
    __asm__ volatile("subq %2, %0" : "+m"(*at), "=@cca"(leaves) : "er"(n) : "cc");
    return leaves;
}

#else

static inline void thagi_own_add(uint64_t *at, uint64_t n)
{
    __atomic_fetch_add(at, n, __ATOMIC_RELAXED);
}

static inline void thagi_own_sub(uint64_t *at, uint64_t n)
{
    __atomic_fetch_sub(at, n, __ATOMIC_RELAXED);
}

static inline int thagi_own_add_above(int64_t *at, uint64_t n)
{
    return __atomic_add_fetch(at, (int64_t)n, __ATOMIC_RELAXED) > 0;
}

static inline int thagi_own_sub_below(uint64_t *at, uint64_t n)
{
    return __atomic_fetch_sub(at, n, __ATOMIC_RELAXED) < n;
}

static inline int thagi_own_sub_leaves(uint64_t *at, uint64_t n)
{
    return __atomic_fetch_sub(at, n, __ATOMIC_RELAXED) > n;
}

#endif
#endif
