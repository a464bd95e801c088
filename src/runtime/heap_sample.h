/*
 * heap_sample.h - memory by samples: which blocks are recorded, and how many each of them stands for.
 *
 * Poisson sampling by bytes, as the heap profilers of tcmalloc, jemalloc and Go have it: along the bytes
 * that a thread allocates lie points, the distances of which are exponential with mean N, the period. A
 * block with a point in it is a sample. The distribution has no memory, so after a sample, or whenever
 * else, the next distance may be drawn afresh. A block of s bytes is one with the chance
 *
 *     p = 1 - exp(-s / N)
 *
 * whatever happened to the others. So it stands for 1/p blocks and s/p bytes (Horvitz and Thompson, "A
 * generalization of sampling without replacement from a finite universe", JASA 47, 1952): the sum of that
 * over the samples of any set of blocks has the set's true count as its mean. The variance of the sums is
 * estimated, without bias again, by the sum of (1 - p) / p^2 and of s^2 (1 - p) / p^2. The latter is at most
 * N s / p, hence a standard error of bytes is at most sqrt(N * bytes), whatever they are the sum of.
 *
 * What a sample stands for is kept in whole numbers, rounded up or down at random so that the mean stays
 * (a block that stands for 1.58 counts as 1 or 2); it goes with the block, so what is freed is just what
 * was allocated. Integers only: neither rounding nor flags of the host's floating point are touched.
 * A block of no bytes counts as one byte here.
 */
#ifndef THAGI_HEAP_SAMPLE_H
#define THAGI_HEAP_SAMPLE_H

#include <stdint.h>

#define THAGI_SAMPLE_PERIOD_MAX (UINT64_C(1) << 30)

/* What one block stands for. */
typedef struct thagi_sample {
    uint64_t size; /* its own, as it was asked for */
    uint64_t blocks, bytes;
    uint64_t blocks_variance, bytes_variance; /* in units of the period, to fit */
} thagi_sample;

/** Bytes to the next point, from 1 on; mean is the period. */
int64_t thagi_sample_distance(uint64_t *seed, uint64_t period);
/** For a block of `size` that has become a sample. */
thagi_sample thagi_sample_weigh(uint64_t *seed, uint64_t size, uint64_t period);

#endif
