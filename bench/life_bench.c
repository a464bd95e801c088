/*
 * life_bench.c - what profiling costs besides the spans: start, end, memory.
 *
 *     life_bench start            microseconds that the first thag_enable() takes, best of 20 processes
 *     life_bench end SPANS        milliseconds from exit() to the end of the process after SPANS spans,
 *                                 with profiling and without
 *     life_bench memory THREADS   resident KiB that profiling adds while THREADS threads are alive,
 *                                 each after a million spans
 *     life_bench churn THREADS    the same after THREADS short threads, one after the other
 *
 * The setting comes from THAG_PROFILER, as for any program.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "thag_profiler.h"

static volatile double *shared; /* between a child and its parent */

static double now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static __attribute__((__noinline__)) void empty(void)
{
    THAG_PROFILED();
    __asm__ volatile("");
}

static void spans(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) empty();
}

/* Run `body` in a child; what it left in *shared. */
static double in_child(void (*body)(uint64_t, int), uint64_t n, int on)
{
    *shared = 0;
    pid_t pid = fork();
    if (pid == 0) {
        body(n, on);
        exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return *shared;
}

static void start_body(uint64_t n, int on)
{
    (void)n, (void)on;
    double before = now_us();
    thag_enable_profiling(THAG_MODE_runtime);
    *shared = now_us() - before;
    _exit(0);
}

static void end_body(uint64_t n, int on)
{
    if (on) thag_enable_profiling(THAG_MODE_runtime);
    spans(n);
    *shared = now_us();
}

static double end_ms(uint64_t n, int on)
{
    double left = in_child(end_body, n, on);
    return (now_us() - left) / 1e3;
}

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0) kib = atol(line + 6);
    if (f) fclose(f);
    return kib;
}

static pthread_barrier_t barrier;

static void *busy_thread(void *arg)
{
    spans(*(uint64_t *)arg);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void memory_body(uint64_t threads, int on)
{
    uint64_t each = 1000000;
    pthread_t *ids = calloc(threads, sizeof *ids);
    if (on) thag_enable_profiling(THAG_MODE_runtime);
    pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
    for (uint64_t i = 0; i < threads; i++) pthread_create(&ids[i], NULL, busy_thread, &each);
    pthread_barrier_wait(&barrier);
    *shared = (double)resident_kib();
    pthread_barrier_wait(&barrier);
    for (uint64_t i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    free(ids);
}

static void *short_thread(void *arg)
{
    spans(3);
    return arg;
}

static void churn_body(uint64_t threads, int on)
{
    if (on) thag_enable_profiling(THAG_MODE_runtime);
    for (uint64_t i = 0; i < threads; i++) {
        pthread_t id;
        if (pthread_create(&id, NULL, short_thread, NULL) == 0) pthread_join(id, NULL);
    }
    *shared = (double)resident_kib();
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 4;
    if (strcmp(what, "start") == 0) {
        double best = 1e9;
        for (int i = 0; i < 20; i++) {
            double us = in_child(start_body, 0, 1);
            if (us < best) best = us;
        }
        printf("%.0f\n", best);
    } else if (strcmp(what, "end") == 0) {
        double with = end_ms(n, 1), without = end_ms(n, 0);
        printf("%.2f %.2f\n", with, without);
    } else if (strcmp(what, "memory") == 0) {
        printf("%.0f\n", in_child(memory_body, n, 1) - in_child(memory_body, n, 0));
    } else if (strcmp(what, "churn") == 0) {
        printf("%.0f\n", in_child(churn_body, n, 1) - in_child(churn_body, n, 0));
    } else {
        fputs("usage: life_bench start | end SPANS | memory THREADS | churn THREADS\n", stderr);
        return 2;
    }
    return 0;
}
