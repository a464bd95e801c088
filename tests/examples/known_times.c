/*
 * known_times.c - a document pipeline whose times are known: each stage spins for so long.
 *
 * 50 documents go through two worker threads, 30 through the main thread. Counting words takes 10 ms,
 * sentiment 15 ms, and every second document is summarised, 5 ms. See known_times.sh for what the
 * profile has to say about it.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "thag_profiler.h"

enum {
    WORKERS = 2,
    WORKER_DOCUMENTS = 25,
    MAIN_DOCUMENTS = 30,
    DOCUMENTS = WORKERS * WORKER_DOCUMENTS + MAIN_DOCUMENTS
};

/* How long each call took by the program's own clock: within the span, and around it. A machine that has other
   things to do makes both longer. */
typedef struct stage {
    const char *name;
    int count;
    int64_t inside_ns[DOCUMENTS], around_ns[DOCUMENTS];
} stage;

static stage words = {.name = "count_words"}, sentiment = {.name = "calculate_sentiment"},
             summary = {.name = "summarize"};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t spin(int64_t ms)
{
    int64_t start = now_ns(), now = start;

    while (now < start + ms * 1000000) now = now_ns();
    return now - start;
}

static void count_words(int64_t *took_ns)
{
    THAG_PROFILED();
    *took_ns = spin(10);
}

static void calculate_sentiment(int64_t *took_ns)
{
    THAG_PROFILED();
    *took_ns = spin(15);
}

static void summarize(int64_t *took_ns)
{
    THAG_PROFILED();
    *took_ns = spin(5);
}

static void run(stage *s, void (*function)(int64_t *))
{
    int i = __atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
    int64_t start = now_ns();

    function(&s->inside_ns[i]);
    s->around_ns[i] = now_ns() - start;
}

static void print(const stage *s)
{
    for (int i = 0; i < s->count; i++)
        printf("%s %lld %lld\n", s->name, (long long)s->inside_ns[i], (long long)s->around_ns[i]);
}

static void process_document(int number)
{
    THAG_PROFILED();
    run(&words, count_words);
    run(&sentiment, calculate_sentiment);
    if (number % 2) {
        THAG_PROFILE("save");
        run(&summary, summarize);
        THAG_END("save");
    }
}

static void *work(void *unused)
{
    THAG_PROFILED();

    THAG_PROFILE("task_loop");
    for (int i = 0; i < WORKER_DOCUMENTS; i++) process_document(i);
    THAG_END("task_loop");
    return unused;
}

int main(void)
{
    THAG_ENABLE_PROFILING(time);
    pthread_t workers[WORKERS];
    int failures = 0;

    for (int i = 0; i < WORKERS; i++)
        failures += pthread_create(&workers[i], NULL, work, NULL) != 0;

    THAG_PROFILE("gen_content");
    for (int i = 0; i < MAIN_DOCUMENTS; i++) process_document(i);
    THAG_END("gen_content");

    THAG_PROFILE("joins");
    for (int i = 0; i < WORKERS; i++) failures += pthread_join(workers[i], NULL) != 0;
    THAG_END("joins");
    print(&words);
    print(&sentiment);
    print(&summary);
    return failures;
}
