/*
 * heap_sample.c - logarithm, exponential and chance in whole numbers. See heap_sample.h.
 */
#include "runtime/heap_sample.h"

#include "runtime/runtime.h"

__extension__ typedef unsigned __int128 wide;

#define ONE         (UINT64_C(1) << 63) /* fractions are of this */
#define LOG_BITS    40                  /* behind the point of a logarithm */
#define LN2_Q32     UINT64_C(2977044472)
#define CERTAIN     44 /* periods long: the chance of a block is 1 in 63 bits */
#define WEIGHT_BITS 16 /* behind the point, for variances */

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return thagi_hash_mix(*seed);
}

/* --- distances --------------------------------------------------------------------------------- */

/* The binary logarithm of x / 2^63, which is in [1, 2), bit by bit: squaring doubles it. */
static uint64_t log2_fraction(uint64_t x)
{
    uint64_t result = 0;
    for (int bit = 0; bit < LOG_BITS; bit++) {
        x = (uint64_t)((wide)x * x >> 64);
        result = result << 1 | x >> 63;
        if (!(x >> 63)) x <<= 1;
    }
    return result;
}

/* -N ln U, rounded up: that it is at most s has the chance 1 - exp(-s / N) for every whole s. */
int64_t thagi_sample_distance(uint64_t *seed, uint64_t period)
{
    uint64_t u = next_random(seed) | 1; /* of 2^64 */
    unsigned zeros = (unsigned)__builtin_clzll(u);
    uint64_t minus_log = ((uint64_t)(zeros + 1) << LOG_BITS) - log2_fraction(u << zeros);
    wide distance = (wide)period * minus_log * LN2_Q32 >> (LOG_BITS + 32);
    return (int64_t)distance + 1;
}

/* --- weights ----------------------------------------------------------------------------------- */

static uint64_t product(uint64_t a, uint64_t b)
{
    return (uint64_t)((wide)a * b >> 63);
}

/* 1 - exp(-size / period): by its series for a small part of that, doubled until it is the whole. */
static uint64_t chance(uint64_t size, uint64_t period)
{
    unsigned halvings = 0;
    if (size / period >= CERTAIN) return ONE;
    wide x = ((wide)size << 57) / period;
    while (x >> halvings > (wide)1 << 54) halvings++; /* an eighth */
    uint64_t y = (uint64_t)(x << 6 >> halvings), series = ONE;
    for (unsigned k = 12; k > 1; k--) series = ONE - product(y, series) / k;
    uint64_t p = product(y, series);
    while (halvings--) p = product(p, 2 * ONE - 1 - p); /* 1 - (1 - p)^2 */
    return p ? p : 1;
}

/* The quotient, or one more: its mean is the true one. */
static uint64_t divided(uint64_t *seed, wide dividend, uint64_t divisor)
{
    uint64_t rest = (uint64_t)(dividend % divisor);
    wide threshold = (wide)next_random(seed) * divisor >> 64;
    return (uint64_t)(dividend / divisor) + (threshold < rest);
}

thagi_sample thagi_sample_weigh(uint64_t *seed, uint64_t size, uint64_t period)
{
    uint64_t length = size ? size : 1, p = chance(length, period);
    thagi_sample sample = {.size = size, .blocks = 1, .bytes = size};
    if (p == ONE) return sample;
    sample.blocks = divided(seed, ONE, p);
    sample.bytes = divided(seed, (wide)size << 63, p);
    /* (1 - p) / p^2 is w (w - 1). */
    uint64_t w = (uint64_t)(((wide)1 << (63 + WEIGHT_BITS)) / p);
    wide variance = (wide)w * (w - (1u << WEIGHT_BITS)) >> WEIGHT_BITS;
    sample.blocks_variance = divided(seed, variance, period << WEIGHT_BITS);
    variance = (wide)size * w * (size * (w - (1u << WEIGHT_BITS)) / period) >> WEIGHT_BITS;
    sample.bytes_variance = divided(seed, variance, UINT64_C(1) << WEIGHT_BITS);
    return sample;
}
