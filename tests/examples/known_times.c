/*
 * known_times.c - a document pipeline whose times are known: each stage spins for so long.
 *
 * 50 documents go through two worker threads, 30 through the main thread. Counting words takes 10 ms,
 * sentiment 15 ms, and every second document is summarised, 5 ms. See known_times.sh for what the
 * profile has to say about it.
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "thag_profiler.h"

enum { WORKERS = 2, WORKER_DOCUMENTS = 25, MAIN_DOCUMENTS = 30 };

static void spin(int64_t ms)
{
    struct timespec now, end;

    clock_gettime(CLOCK_MONOTONIC, &now);
    end = now;
    end.tv_nsec += ms * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec))
        clock_gettime(CLOCK_MONOTONIC, &now);
}

static void count_words(void)
{
    THAG_PROFILED();
    spin(10);
}

static void calculate_sentiment(void)
{
    THAG_PROFILED();
    spin(15);
}

static void summarize(void)
{
    THAG_PROFILED();
    spin(5);
}

static void process_document(int number)
{
    THAG_PROFILED();
    count_words();
    calculate_sentiment();
    if (number % 2) {
        THAG_PROFILE("save");
        summarize();
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
    return failures;
}
