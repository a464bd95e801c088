/*
 * chart_load.c - a program with many spans of many lengths on several threads, for what draws them.
 *
 *     chart_load SPANS THREADS
 *
 * Each thread handles requests: a call tree of some 20 functions, at most 10 deep, chosen by a
 * generator with a fixed seed; lengths vary by a factor of thousands. So the call paths are the same
 * each time, only the durations are the machine's.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "thag_profiler.h"

#define FUNCTIONS(X) \
    X(accept_request) \
    X(parse_header) \
    X(parse_line) \
    X(decode_utf8) \
    X(look_up_user) \
    X(check_token) \
    X(hash_block) \
    X(plan_query) \
    X(scan_index) \
    X(compare_keys) \
    X(read_page) \
    X(copy_row) \
    X(sort_rows) \
    X(merge_runs) \
    X(render_page) \
    X(expand_template) \
    X(escape_text) \
    X(compress_block) \
    X(write_reply) \
    X(log_request)

#define DEPTH_MAX 9

typedef struct worker {
    pthread_t thread;
    uint64_t random;
    uint64_t left; /* spans still to make */
} worker;

static volatile uint32_t sink;

static uint32_t draw(worker *w, uint32_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((w->random >> 33) % below);
}

static void call_some(worker *w, unsigned depth);

static void work(worker *w, unsigned depth)
{
    uint32_t rounds = draw(w, 16) ? draw(w, 40) : draw(w, 4000);

    if (w->left) w->left--;
    for (uint32_t i = 0; i < rounds; i++) sink = i;
    if (depth < DEPTH_MAX) call_some(w, depth + 1);
}

#define DEFINE(name) \
    static void name(worker *w, unsigned depth) \
    { \
        THAG_PROFILED(); \
        work(w, depth); \
    }
FUNCTIONS(DEFINE)

static void call_some(worker *w, unsigned depth)
{
#define ENTRY(name) name,
    static void (*const functions[])(worker *, unsigned) = {FUNCTIONS(ENTRY)};
    uint32_t calls = draw(w, 4);

    /* Few of the many: a program calls from one place what it always calls from there. */
    for (uint32_t i = 0; i < calls; i++) {
        functions[(depth * 2 + draw(w, 2)) % (sizeof functions / sizeof *functions)](w, depth);
    }
}

static void *serve(void *context)
{
    worker *w = context;

    while (w->left) accept_request(w, 0);
    return NULL;
}

int main(int argc, char **argv)
{
    uint64_t spans = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4;
    worker *workers = threads ? calloc(threads, sizeof *workers) : NULL;

    THAG_ENABLE_PROFILING(runtime);
    if (!workers) return 2;
    for (unsigned i = 0; i < threads; i++) {
        workers[i].random = i + 1;
        workers[i].left = spans / threads;
        if (pthread_create(&workers[i].thread, NULL, serve, &workers[i])) return 1;
    }
    for (unsigned i = 0; i < threads; i++) pthread_join(workers[i].thread, NULL);
    free(workers);
    return 0;
}
