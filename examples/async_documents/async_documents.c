/*
 * async_documents.c - documents through a pipeline whose stages wait for each other: 50 as coroutines on two
 * threads, then 30 one after the other.
 *
 * A document is generated, its words are counted, its sentiment is judged; half of them are summarized and
 * saved. An asynchronous document is a task: between its stages it gives its thread to another one, and goes
 * on wherever there is a thread. What it spends, in time and bytes, is counted as its own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "thag_profiler/task.h"

enum { ASYNC = 50, SYNC = 30, WORKERS = 2, CONTENT_BYTES = 4000, SUMMARY_BYTES = 100 };
enum { STACK_BYTES = 64 * 1024 };

typedef struct document {
    int number;
    char *content, *summary;
    int words, sentiment;
} document;

/* --- what is done to a document ---------------------------------------------------------------- */

static void spin_ms(long ms)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < ms * 1000000);
}

static void generate(document *d)
{
    THAG_PROFILE("gen_content", time, mem_summary);
    d->content = malloc(CONTENT_BYTES);
    if (!d->content) abort();
    for (int i = 0; i < CONTENT_BYTES - 1; i++)
        d->content[i] = (i + d->number) % 7 ? (char)('a' + i % 26) : ' ';
    d->content[CONTENT_BYTES - 1] = 0;
    THAG_END("gen_content");
}

static void count_words(document *d)
{
    THAG_PROFILED();
    for (const char *c = d->content; *c; c++) d->words += *c == ' ';
    spin_ms(10);
}

static void calculate_sentiment(document *d)
{
    THAG_PROFILED();
    for (const char *c = d->content; *c; c++) d->sentiment += *c == 'g' ? 1 : *c == 'b' ? -1 : 0;
    spin_ms(15);
}

static void summarize(document *d)
{
    THAG_PROFILED();
    d->summary = malloc(SUMMARY_BYTES);
    if (!d->summary) abort();
    snprintf(d->summary, SUMMARY_BYTES, "%.40s: %d words", d->content, d->words);
    spin_ms(5);
}

static int is_saved(const document *d)
{
    return d->number % 2 == 0;
}

static void forget(document *d)
{
    free(d->content);
    free(d->summary);
}

/* --- documents as coroutines ------------------------------------------------------------------- */

typedef struct job {
    document document;
    ucontext_t self, *resumer;
    thag_task *task;
    int is_done;
    struct job *next;
    char stack[STACK_BYTES];
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static job *queue, **queue_end = &queue;
static int left = ASYNC;

static void put(job *j)
{
    pthread_mutex_lock(&lock);
    j->next = NULL;
    *queue_end = j;
    queue_end = &j->next;
    pthread_mutex_unlock(&lock);
}

static job *take(int *is_over)
{
    pthread_mutex_lock(&lock);
    job *j = queue;
    if (j && !(queue = j->next)) queue_end = &queue;
    *is_over = left == 0;
    pthread_mutex_unlock(&lock);
    return j;
}

static void await_next_stage(job *j)
{
    swapcontext(&j->self, j->resumer);
}

static void process_async(unsigned low, unsigned high)
{
    job *j = (job *)((unsigned long)high << 32 | low);

    generate(&j->document);
    await_next_stage(j);
    count_words(&j->document);
    await_next_stage(j);
    calculate_sentiment(&j->document);
    await_next_stage(j);
    if (is_saved(&j->document)) summarize(&j->document);
    j->is_done = 1;
    await_next_stage(j);
}

static void resume(job *j)
{
    ucontext_t here;
    THAG_TASK_RUN(j->task);

    j->resumer = &here;
    swapcontext(&here, &j->self);
}

static void finish(job *j)
{
    thag_task_end(j->task);
    forget(&j->document);
    free(j);
    pthread_mutex_lock(&lock);
    left--;
    pthread_mutex_unlock(&lock);
}

static void *work(void *unused)
{
    THAG_PROFILED();
    int is_over = 0;
    const struct timespec a_moment = {0, 100000};
    (void)unused;

    while (!is_over) {
        job *j = take(&is_over);

        if (!j) {
            nanosleep(&a_moment, NULL);
            continue;
        }
        resume(j);
        if (j->is_done) {
            finish(j);
        } else {
            thag_task_ready(j->task);
            put(j);
        }
    }
    return NULL;
}

static void submit(void)
{
    THAG_PROFILE("task_loop");
    for (int i = 0; i < ASYNC; i++) {
        job *j = calloc(1, sizeof *j);

        if (!j) abort();
        j->document.number = i;
        j->task = thag_task_begin("document");
        getcontext(&j->self);
        j->self.uc_stack.ss_sp = j->stack;
        j->self.uc_stack.ss_size = sizeof j->stack;
        makecontext(&j->self, (void (*)(void))process_async, 2, (unsigned)(unsigned long)j,
                    (unsigned)((unsigned long)j >> 32));
        put(j);
    }
    THAG_END("task_loop");
}

static void process_documents(void)
{
    THAG_PROFILED();
    pthread_t workers[WORKERS];

    submit();
    for (int i = 0; i < WORKERS; i++) pthread_create(&workers[i], NULL, work, NULL);
    THAG_PROFILE("joins");
    for (int i = 0; i < WORKERS; i++) pthread_join(workers[i], NULL);
    THAG_END("joins");
}

/* --- one after the other ----------------------------------------------------------------------- */

static void process_one_by_one(void)
{
    THAG_PROFILED();
    for (int i = 0; i < SYNC; i++) {
        document d = {.number = i};

        generate(&d);
        count_words(&d);
        calculate_sentiment(&d);
        if (is_saved(&d)) summarize(&d);
        forget(&d);
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    process_documents();
    process_one_by_one();
    printf("%d documents\n", ASYNC + SYNC);
    return 0;
}
