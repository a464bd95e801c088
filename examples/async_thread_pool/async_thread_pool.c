/*
 * async_thread_pool.c - jobs for a thread pool: each carries the position of who submitted it.
 *
 * The time of a job shows below the request that it was for, not below the worker's loop; the time that it
 * stood in the queue is its waiting.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "thag_profiler/context.h"

typedef struct job {
    thag_ctx context;
    int size;
    struct job *next;
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static job *queue, **queue_end = &queue;
static int is_over;

static void spin_us(long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static void submit(int size)
{
    job *j = malloc(sizeof *j);

    if (!j) abort();
    *j = (job){.context = thag_ctx_capture(), .size = size};
    pthread_mutex_lock(&lock);
    *queue_end = j;
    queue_end = &j->next;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void compress(int size)
{
    THAG_PROFILED();
    spin_us(size);
}

static void run(job *j)
{
    THAG_CONTINUE(&j->context, "job");
    compress(j->size);
    free(j);
}

static void *worker(void *unused)
{
    THAG_PROFILED();
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!queue && !is_over) pthread_cond_wait(&changed, &lock);
        job *j = queue;
        if (j && !(queue = j->next)) queue_end = &queue;
        pthread_mutex_unlock(&lock);
        if (!j) return NULL;
        run(j);
    }
}

static void save_picture(void)
{
    THAG_PROFILED();
    for (int tile = 0; tile < 50; tile++) submit(40);
}

static void save_text(void)
{
    THAG_PROFILED();
    for (int page = 0; page < 50; page++) submit(10);
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, worker, NULL);
    save_picture();
    save_text();
    pthread_mutex_lock(&lock);
    is_over = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
}
