/*
 * span_bench.c - what a span costs, against the floor: two raw clock reads and two stores.
 *
 *     span_bench [--spans=N] [--threads=N] [--off]
 *
 * Floor and spans are timed alternately, in slices, in the same process and on the same threads, so
 * that a slow moment of the machine meets both. Reported: the best and the median slice of each, and
 * the mean over everything ("sustained"), in ns a span, and the ratios.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/clock.h"
#include "thag_profiler.h"

#define SLICES   200
#define NOINLINE __attribute__((__noinline__))

typedef struct series {
    double ns[SLICES];
} series;

typedef struct worker {
    pthread_t thread;
    uint64_t spans_a_slice;
    series floor, span, plain;
} worker;

static pthread_barrier_t barrier;
static volatile uint64_t sink[2];

static NOINLINE void profiled_empty(void)
{
    THAG_PROFILED();
    __asm__ volatile("");
}

static NOINLINE void plain_empty(void)
{
    __asm__ volatile("");
}

static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double floor_slice(uint64_t n)
{
    double start = now_ns();
    for (uint64_t i = 0; i < n; i++) {
        sink[0] = bench_clock();
        __asm__ volatile("");
        sink[1] = bench_clock();
    }
    return (now_ns() - start) / (double)n;
}

static double span_slice(uint64_t n)
{
    double start = now_ns();
    for (uint64_t i = 0; i < n; i++) profiled_empty();
    return (now_ns() - start) / (double)n;
}

static double plain_slice(uint64_t n)
{
    double start = now_ns();
    for (uint64_t i = 0; i < n; i++) plain_empty();
    return (now_ns() - start) / (double)n;
}

static void *work(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < SLICES; i++) {
        pthread_barrier_wait(&barrier);
        w->floor.ns[i] = floor_slice(w->spans_a_slice / 10);
        w->plain.ns[i] = plain_slice(w->spans_a_slice / 10);
        pthread_barrier_wait(&barrier);
        w->span.ns[i] = span_slice(w->spans_a_slice);
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct summary {
    double best, median, mean;
} summary;

static summary summarize(series *s)
{
    summary out = {0, 0, 0};
    for (int i = 0; i < SLICES; i++) out.mean += s->ns[i] / SLICES;
    qsort(s->ns, SLICES, sizeof *s->ns, by_value);
    out.best = s->ns[0];
    out.median = s->ns[SLICES / 2];
    return out;
}

static void report(const char *what, worker *w)
{
    summary f = summarize(&w->floor), s = summarize(&w->span), p = summarize(&w->plain);
    printf("%-10s %8.2f %8.2f %8.2f | %8.2f %8.2f %8.2f | %6.3f %6.3f %6.3f | %8.2f\n", what,
           f.best, f.median, f.mean, s.best, s.median, s.mean, s.best / f.best, s.median / f.median,
           s.mean / f.mean, p.median);
}

int main(int argc, char **argv)
{
    uint64_t spans = 100000000;
    int threads = 1, off = 0, c;
    static const struct option options[] = {{"spans", required_argument, NULL, 'n'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"off", no_argument, NULL, 'o'},
                                            {0}};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'n')
            spans = strtoull(optarg, NULL, 10);
        else if (c == 't')
            threads = atoi(optarg);
        else if (c == 'o')
            off = 1;
        else
            return 2;
    }
    if (threads < 1 || threads > 64 || spans < SLICES * 10) return 2;
    THAG_ENABLE_PROFILING(runtime);
    if (off) thag_disable_profiling();

    static worker workers[64];
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) workers[i].spans_a_slice = spans / SLICES;
    for (int i = 1; i < threads; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    work(&workers[0]);
    for (int i = 1; i < threads; i++) pthread_join(workers[i].thread, NULL);

    printf("%-10s %26s | %26s | %20s | %8s\n", "ns", "floor: best, median, mean",
           "span: best, median, mean", "ratio", "empty fn");
    for (int i = 0; i < threads; i++) {
        char name[32];
        snprintf(name, sizeof name, "thread %d", i);
        report(name, &workers[i]);
    }
    return 0;
}
