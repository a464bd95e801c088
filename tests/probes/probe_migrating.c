/*
 * probe_migrating.c - coroutines that go on on the other thread each time, in the middle of a function that has
 * spans before, across and behind the switch. See migrating.sh.
 *
 *     probe_migrating announced|unannounced
 *
 * A compiler may keep the address of a thread-local variable across a call; a function that goes on on another
 * thread then uses the first thread's. The runtime must not be led astray by it, at any level of optimization.
 * Prints how often the probe's own variable was: "stale 0" in all builds would mean that they prove nothing.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "thag_profiler.h"
#include "thag_profiler/task.h"

enum { JOBS = 40, ROUNDS = 100, STACK = 64 * 1024 };

typedef struct job {
    ucontext_t self, back;
    thag_task *task;
    char stack[STACK] __attribute__((aligned(16)));
} job;

static job *jobs;
static int is_announced;
static pthread_barrier_t round_over;
static __thread int me;
static int stale;

static inline void leaf(void)
{
    THAG_PROFILED();
}

/* All in one function, so that whatever can be kept in a register is. */
static void coroutine(unsigned number)
{
    job *j = &jobs[number];

    THAG_PROFILE("work", unbounded);
    for (int i = 0; i < ROUNDS; i++) {
        const int *mine = &me;
        THAG_PROFILE("before");
        leaf();
        THAG_END("before");
        THAG_PROFILE("across");
        swapcontext(&j->self, &j->back);
        leaf();
        THAG_END("across");
        THAG_PROFILE("behind");
        leaf();
        THAG_END("behind");
        if (mine == &me && i + 1 < ROUNDS) __atomic_fetch_add(&stale, 1, __ATOMIC_RELAXED);
    }
}

static void resume(job *j)
{
    if (is_announced) {
        THAG_TASK_RUN(j->task);
        swapcontext(&j->back, &j->self);
    } else {
        swapcontext(&j->back, &j->self);
    }
}

/* Each job is resumed by the other thread than the time before. */
static void *worker(void *number)
{
    me = (int)(size_t)number;
    for (int round = 0; round <= ROUNDS; round++) {
        for (int k = 0; k < JOBS; k++)
            if ((k + round) % 2 == me) resume(&jobs[k]);
        pthread_barrier_wait(&round_over);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    pthread_t threads[2];

    is_announced = argc < 2 || strcmp(argv[1], "unannounced") != 0;
    jobs = calloc(JOBS, sizeof *jobs);
    if (!jobs) return 1;
    for (unsigned k = 0; k < JOBS; k++) {
        job *j = &jobs[k];
        if (is_announced) j->task = thag_task_begin("coroutine");
        getcontext(&j->self);
        j->self.uc_stack.ss_sp = j->stack;
        j->self.uc_stack.ss_size = STACK;
        j->self.uc_link = &j->back;
        makecontext(&j->self, (void (*)(void))coroutine, 1, k);
    }
    pthread_barrier_init(&round_over, NULL, 2);
    for (size_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, worker, (void *)i);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    for (int k = 0; k < JOBS && is_announced; k++) thag_task_end(jobs[k].task);
    printf("stale %d\n", stale);
    return 0;
}
