/*
 * probe_stackful.c - coroutines of libraries that nobody announces: the stack tells whose span it is.
 *
 *     probe_stackful_LIBRARY THREADS TASKS ROUNDS [turn]     turn: a span around each resumption
 *
 * Coroutine k opens "work (k % 8)" in itself, and in each round a step in that and a block of 8 bytes, then
 * lets others run. One source for all of them; each library's part is make(), resume() and yield().
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "thag_profiler.h"

enum { KINDS = 8, STACK = 64 * 1024 };

static int rounds, has_turns;

static void coroutine_yield(void *self);

__attribute__((noinline)) static void step(void)
{
    THAG_PROFILED();
    void *volatile block = malloc(8);
    free(block);
}

static void work(int number, void *self)
{
    char name[16];

    snprintf(name, sizeof name, "work %d", number % KINDS);
    THAG_PROFILE((const char *)name);
    for (int i = 0; i < rounds; i++) {
        step();
        coroutine_yield(self);
    }
    THAG_END(name);
}

#if defined(WITH_ST) || defined(WITH_PTH)

/* These have a scheduler of their own, on one thread. */
#if defined(WITH_ST)
#include <st.h>
static void coroutine_yield(void *self)
{
    (void)self;
    st_usleep(0);
}
#else
#include <pth.h>
static void coroutine_yield(void *self)
{
    (void)self;
    pth_yield(NULL);
}
#endif

static void *coroutine(void *number)
{
    work((int)(long)number, NULL);
    return NULL;
}

static void run_all(int threads, int tasks)
{
    (void)threads;
#if defined(WITH_ST)
    st_thread_t *all = calloc((size_t)tasks, sizeof *all);
    st_init();
    for (int i = 0; i < tasks; i++) all[i] = st_thread_create(coroutine, (void *)(long)i, 1, STACK);
    for (int i = 0; i < tasks; i++) st_thread_join(all[i], NULL);
#else
    pth_t *all = calloc((size_t)tasks, sizeof *all);
    pth_init();
    for (int i = 0; i < tasks; i++)
        all[i] = pth_spawn(PTH_ATTR_DEFAULT, coroutine, (void *)(long)i);
    for (int i = 0; i < tasks; i++) pth_join(all[i], NULL);
#endif
    free(all);
}

#else

/* Whoever is free resumes the next, so that they move from thread to thread. */
typedef struct job {
    int number, is_done;
    void *own; /* the library's */
    void *stack;
    struct job *next;
} job;

static void resume(job *j);
static void make(job *j);
static void finish(job *j);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static job *first, **last = &first;
static int left;

static void turn(job *j)
{
    THAG_PROFILED();
    resume(j);
}

static void put(job *j)
{
    j->next = NULL;
    *last = j;
    last = &j->next;
}

static void *worker(void *unused)
{
    THAG_PROFILED();
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        job *j = first;
        if (j) first = j->next;
        if (!first) last = &first;
        int is_over = left == 0;
        pthread_mutex_unlock(&lock);
        if (is_over) return NULL;
        if (!j) continue;
        if (has_turns)
            turn(j);
        else
            resume(j);
        pthread_mutex_lock(&lock);
        if (j->is_done)
            left--;
        else
            put(j);
        pthread_mutex_unlock(&lock);
    }
}

static void run_all(int threads, int tasks)
{
    pthread_t thread[16];
    job *all = calloc((size_t)tasks, sizeof *all);

    left = tasks;
    for (int i = 0; i < tasks; i++) {
        all[i].number = i;
        make(&all[i]);
        put(&all[i]);
    }
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, worker, NULL);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < tasks; i++) finish(&all[i]);
    free(all);
}

#if defined(WITH_BOOST)
/* The C functions that Boost.Context is made of. */
typedef struct transfer {
    void *context, *data;
} transfer;
extern transfer jump_fcontext(void *to, void *data);
extern void *make_fcontext(void *top, size_t size, void (*function)(transfer));

static void coroutine_yield(void *self)
{
    job *j = self;
    transfer back = jump_fcontext(j->own, NULL);
    j->own = back.context;
}

static void coroutine(transfer from)
{
    job *j = from.data;
    j->own = from.context;
    work(j->number, j);
    j->is_done = 1;
    jump_fcontext(j->own, NULL);
}

static void make(job *j)
{
    j->stack = malloc(STACK);
    j->own = make_fcontext((char *)j->stack + STACK, STACK, coroutine);
}

static void resume(job *j)
{
    transfer back = jump_fcontext(j->own, j);
    j->own = back.context;
}

static void finish(job *j)
{
    free(j->stack);
}

#elif defined(WITH_OPENSSL)
#include <openssl/async.h>
/* A job stays with the thread that began it, whose pool its stack is from: so one thread. */
static void coroutine_yield(void *self)
{
    (void)self;
    ASYNC_pause_job();
}

static int coroutine(void *argument)
{
    job *j = *(job **)argument;
    work(j->number, j);
    return 1;
}

static void make(job *j)
{
    j->stack = ASYNC_WAIT_CTX_new();
}

static void resume(job *j)
{
    int result;
    if (ASYNC_start_job((ASYNC_JOB **)&j->own, j->stack, &result, coroutine, &j, sizeof j) ==
        ASYNC_FINISH)
        j->is_done = 1;
}

static void finish(job *j)
{
    ASYNC_WAIT_CTX_free(j->stack);
}

#elif defined(WITH_MINICORO)
#define MINICORO_IMPL
#include "minicoro.h"
#if defined(ANNOUNCED)
#include "thag_profiler/minicoro.h"
#endif

static void coroutine_yield(void *self)
{
    mco_yield(((job *)self)->own);
}

static void coroutine(mco_coro *self)
{
    job *j = mco_get_user_data(self);
    work(j->number, j);
}

static void make(job *j)
{
    mco_coro *self = NULL;
    mco_desc desc = mco_desc_init(coroutine, STACK);
    desc.user_data = j;
    mco_create(&self, &desc);
    j->own = self;
}

static void resume(job *j)
{
    mco_resume(j->own);
    j->is_done = mco_status(j->own) == MCO_DEAD;
}

static void finish(job *j)
{
    mco_destroy(j->own);
}

#elif defined(WITH_ACO)
#define MINICORO_IMPL
#include "aco.h"
#include "thag_profiler/libaco.h"

/* All on one stack, of one thread. */
static aco_t *main_coroutine;
static aco_share_stack_t *shared;

static void coroutine_yield(void *self)
{
    (void)self;
    aco_yield();
}

static void coroutine(void)
{
    job *j = aco_get_arg();
    work(j->number, j);
    aco_exit();
}

static void make(job *j)
{
    if (!main_coroutine) {
        aco_thread_init(NULL);
        main_coroutine = aco_create(NULL, NULL, 0, NULL, NULL);
        shared = aco_share_stack_new(0);
    }
    j->own = aco_create(main_coroutine, shared, 0, coroutine, j);
}

static void resume(job *j)
{
    aco_t *self = j->own;
    aco_resume(self);
    j->is_done = self->is_end;
}

static void finish(job *j)
{
    aco_destroy(j->own);
}
#endif
#endif

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(yes);
    if (argc < 4) return 64;
    has_turns = argc > 4;
    rounds = atoi(argv[3]);
    run_all(atoi(argv[1]), atoi(argv[2]));
    return 0;
}
