#include "cmocka_all.h"

#include <math.h>
#include <string.h>

#include "runtime/heap_sample.h"

/*
 * Estimates are compared with the truth in standard errors. Beyond this many lies one in 10^9 of a right
 * estimator's, and the seeds are fixed: what passes once passes always.
 */
#define FAR 6.11

#define PERIOD UINT64_C(4096)

static void distances_are_exponential(void **state)
{
    static const uint64_t periods[] = {1, 100, PERIOD, UINT64_C(1) << 30};
    static const double parts[] = {0.01, 0.5, 1, 3};
    enum { COUNT = 400000 };

    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        double period = (double)periods[i], sum = 0;
        uint64_t seed = 7, within[4] = {0};

        for (int k = 0; k < COUNT; k++) {
            double distance = (double)thagi_sample_distance(&seed, periods[i]);

            assert_true(distance >= 1);
            sum += distance;
            for (int p = 0; p < 4; p++) within[p] += distance <= floor(parts[p] * period);
        }
        /* Whole numbers, geometric with the chance 1 - exp(-1 / N). */
        assert_true(fabs(sum / COUNT - 1 / -expm1(-1 / period)) < FAR * period / sqrt(COUNT));
        for (int p = 0; p < 4; p++) {
            double chance = -expm1(-floor(parts[p] * period) / period);

            assert_true(fabs((double)within[p] / COUNT - chance) <=
                        FAR * sqrt(chance * (1 - chance) / COUNT));
        }
    }
}

/* Rounded at random: on average the sample stands for what it should, and its variance is right. */
static void weights_are_those_of_horvitz_and_thompson(void **state)
{
    static const uint64_t sizes[] = {1, 16, 1000, 4096, 20000, 100000};
    enum { COUNT = 100000 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double size = (double)sizes[i], p = -expm1(-size / (double)PERIOD);
        double blocks = 0, bytes = 0, blocks_variance = 0, bytes_variance = 0;
        double variance = (1 - p) / (p * p) / (double)PERIOD;
        uint64_t seed = 11;

        for (int k = 0; k < COUNT; k++) {
            thagi_sample s = thagi_sample_weigh(&seed, sizes[i], PERIOD);

            assert_int_equal(s.size, sizes[i]);
            blocks += (double)s.blocks;
            bytes += (double)s.bytes;
            blocks_variance += (double)s.blocks_variance;
            bytes_variance += (double)s.bytes_variance;
        }
        /* A number rounded at random is off by 1/2 on average at most. */
        assert_true(fabs(blocks / COUNT - 1 / p) < FAR * 0.5 / sqrt(COUNT));
        assert_true(fabs(bytes / COUNT - size / p) < FAR * 0.5 / sqrt(COUNT));
        assert_true(fabs(blocks_variance / COUNT - variance) < FAR * 0.5 / sqrt(COUNT));
        assert_true(fabs(bytes_variance / COUNT - variance * size * size) <
                    FAR * 0.5 / sqrt(COUNT) + variance * size * size * 1e-3);
        assert_true(bytes_variance <= bytes); /* a standard error is at most sqrt(N * bytes) */
    }
}

static void large_blocks_stand_for_themselves(void **state)
{
    static const uint64_t sizes[] = {44 * PERIOD, UINT64_C(1) << 40, INT64_MAX};
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        thagi_sample s = thagi_sample_weigh(&seed, sizes[i], PERIOD);

        assert_int_equal(s.blocks, 1);
        assert_int_equal(s.bytes, sizes[i]);
        assert_int_equal(s.bytes_variance, 0);
    }
}

static void blocks_of_no_bytes_count(void **state)
{
    double blocks = 0;
    uint64_t seed = 5;

    (void)state;
    for (int k = 0; k < 1000; k++) {
        thagi_sample s = thagi_sample_weigh(&seed, 0, PERIOD);

        assert_int_equal(s.bytes, 0);
        blocks += (double)s.blocks;
    }
    assert_true(fabs(blocks / 1000 - (double)PERIOD) < 2);
}

/* A program's blocks, of many sizes: small ones mostly. */
static uint64_t nth_size(uint64_t n)
{
    uint64_t x = n * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    return x % 100 < 90 ? 1 + x % 200 : x % 100 < 99 ? 1 + x % 9000 : 1 + x % 90000;
}

typedef struct estimate {
    double blocks, bytes, blocks_variance, bytes_variance;
} estimate;

/* As memory_sample.c does it: each size is taken off what is left. */
static estimate run_once(uint64_t *seed, uint64_t count, estimate *odd_half)
{
    estimate e = {0};
    int64_t left = thagi_sample_distance(seed, PERIOD);

    for (uint64_t n = 0; n < count; n++) {
        uint64_t size = nth_size(n);

        left -= (int64_t)size;
        if (left > 0) continue;
        thagi_sample s = thagi_sample_weigh(seed, size, PERIOD);

        left = thagi_sample_distance(seed, PERIOD);
        e.blocks += (double)s.blocks;
        e.bytes += (double)s.bytes;
        e.blocks_variance += (double)s.blocks_variance * (double)PERIOD;
        e.bytes_variance += (double)s.bytes_variance * (double)PERIOD;
        if (n % 2) odd_half->bytes += (double)s.bytes;
    }
    return e;
}

/* The mean of many runs is the truth, of all blocks and of any part of them, and runs scatter as they say. */
static void estimates_have_no_bias(void **state)
{
    enum { RUNS = 400, BLOCKS = 5000 };
    double true_bytes = 0, true_odd = 0, bytes_variance = 0, blocks_variance = 0;
    double bytes_fourth = 0, blocks_fourth = 0; /* the variances of the estimated variances */
    estimate sum = {0}, odd = {0};
    double scatter = 0;
    uint64_t seed = 2024;

    (void)state;
    for (uint64_t n = 0; n < BLOCKS; n++) {
        double size = (double)nth_size(n), p = -expm1(-size / (double)PERIOD);

        true_bytes += size;
        if (n % 2) true_odd += size;
        bytes_variance += size * size * (1 - p) / p;
        blocks_variance += (1 - p) / p;
        blocks_fourth += pow((1 - p) / (p * p), 2) * p * (1 - p);
        bytes_fourth += pow(size * size * (1 - p) / (p * p), 2) * p * (1 - p);
    }
    for (int run = 0; run < RUNS; run++) {
        estimate e = run_once(&seed, BLOCKS, &odd);

        sum.bytes += e.bytes;
        sum.blocks += e.blocks;
        sum.bytes_variance += e.bytes_variance;
        sum.blocks_variance += e.blocks_variance;
        scatter += (e.bytes - true_bytes) * (e.bytes - true_bytes);
    }
    assert_true(fabs(sum.bytes / RUNS - true_bytes) < FAR * sqrt(bytes_variance / RUNS));
    assert_true(fabs(sum.blocks / RUNS - BLOCKS) < FAR * sqrt(blocks_variance / RUNS));
    assert_true(fabs(odd.bytes / RUNS - true_odd) < FAR * sqrt(bytes_variance / RUNS));
    /* The relative standard error of a variance from as many runs is sqrt(2 / RUNS). */
    assert_true(fabs(scatter / RUNS / bytes_variance - 1) < FAR * sqrt(2.0 / RUNS));
    assert_true(fabs(sum.bytes_variance / RUNS - bytes_variance) < FAR * sqrt(bytes_fourth / RUNS));
    assert_true(fabs(sum.blocks_variance / RUNS - blocks_variance) <
                FAR * sqrt(blocks_fourth / RUNS));
    assert_true(bytes_variance < (double)PERIOD * true_bytes);
}

/* What would be with each block counted as one sample: so the test can fail. */
static void a_wrong_weight_is_noticed(void **state)
{
    double bytes = 0, truth = 0, variance = 0;
    uint64_t seed = 3;
    int64_t left = thagi_sample_distance(&seed, PERIOD);

    (void)state;
    for (uint64_t n = 0; n < 200000; n++) {
        uint64_t size = nth_size(n);
        double p = -expm1(-(double)size / (double)PERIOD);

        truth += (double)size;
        variance += (double)(size * size) * (1 - p) / p;
        left -= (int64_t)size;
        if (left > 0) continue;
        bytes += (double)PERIOD; /* instead of s / p, which is more */
        left = thagi_sample_distance(&seed, PERIOD);
    }
    assert_true(fabs(bytes - truth) > FAR * sqrt(variance));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_exponential),
        cmocka_unit_test(weights_are_those_of_horvitz_and_thompson),
        cmocka_unit_test(large_blocks_stand_for_themselves),
        cmocka_unit_test(blocks_of_no_bytes_count),
        cmocka_unit_test(estimates_have_no_bias),
        cmocka_unit_test(a_wrong_weight_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
