/*
 * async_coroutines.c - coroutines of one's own, here made with ucontext, on two threads.
 *
 * Each download is a task: begun where it is created, entered by whoever resumes it, ended where it is
 * destroyed. Its spans, "connect" and "receive", stay open while it waits, and belong to it on whichever
 * thread it goes on.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

#include "thag_profiler/task.h"

enum { DOWNLOADS = 40, STACK_BYTES = 64 * 1024 };

typedef struct download {
    ucontext_t self, *resumer;
    thag_task *task;
    int is_done;
    struct download *next;
    char stack[STACK_BYTES];
} download;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static download *queue, **queue_end = &queue;
static int left = DOWNLOADS;

static void spin_us(long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static void await(download *d)
{
    swapcontext(&d->self, d->resumer);
}

static void parse(void)
{
    THAG_PROFILED();
    spin_us(30);
}

static void run(download *d)
{
    THAG_PROFILE("connect");
    spin_us(20);
    await(d);
    THAG_END("connect");

    THAG_PROFILE("receive");
    for (int block = 0; block < 5; block++) {
        spin_us(10);
        await(d);
        parse();
    }
    THAG_END("receive");
}

static void coroutine(unsigned low, unsigned high)
{
    download *d = (download *)((unsigned long)high << 32 | low);

    run(d);
    d->is_done = 1;
    await(d);
}

static void put(download *d)
{
    pthread_mutex_lock(&lock);
    d->next = NULL;
    *queue_end = d;
    queue_end = &d->next;
    pthread_mutex_unlock(&lock);
}

static download *take(int *is_over)
{
    pthread_mutex_lock(&lock);
    download *d = queue;
    if (d && !(queue = d->next)) queue_end = &queue;
    *is_over = left == 0;
    pthread_mutex_unlock(&lock);
    return d;
}

static void resume(download *d)
{
    ucontext_t here;
    THAG_TASK_RUN(d->task); /* the one line that profiling needs in a dispatcher */

    d->resumer = &here;
    swapcontext(&here, &d->self);
}

static void *worker(void *unused)
{
    THAG_PROFILED();
    int is_over = 0;
    (void)unused;

    while (!is_over) {
        download *d = take(&is_over);
        if (!d) continue;
        resume(d);
        if (!d->is_done) {
            thag_task_ready(d->task);
            put(d);
            continue;
        }
        thag_task_end(d->task);
        free(d);
        pthread_mutex_lock(&lock);
        left--;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void start(void)
{
    THAG_PROFILED();
    for (int i = 0; i < DOWNLOADS; i++) {
        download *d = calloc(1, sizeof *d);
        if (!d) abort();
        d->task = thag_task_begin("download");
        getcontext(&d->self);
        d->self.uc_stack.ss_sp = d->stack;
        d->self.uc_stack.ss_size = sizeof d->stack;
        makecontext(&d->self, (void (*)(void))coroutine, 2, (unsigned)(unsigned long)d,
                    (unsigned)((unsigned long)d >> 32));
        put(d);
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);
    pthread_t threads[2];

    start();
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, worker, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
}
