/*
 * probe_heap_tasks.c - 40 tasks that allocate, wait for a timer, and yield between buffers. Two threads
 * take up whatever is ready. See heap.sh.
 */
#include <pthread.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler/task.h"

enum { TASKS = 40, SMALL_BLOCKS = 100, BUFFERS = 10 };

/* A state machine: each step returns to its thread. */
typedef struct job {
    thag_task *task;
    int steps;
    uint64_t ready_ns;
    void *small[SMALL_BLOCKS];
    void *buffer;
} job;

static job jobs[TASKS];
static int taken[TASKS]; /* by a thread; 2: done */
static int left = TASKS;

static PROBE_NOINLINE void allocate_and_wait(job *j)
{
    THAG_PROFILED();
    for (int i = 0; i < SMALL_BLOCKS; i++) PROBE_MUST(j->small[i] = malloc(8));
    j->ready_ns = probe_now_ns() + 1000000;
}

static PROBE_NOINLINE void buffers(job *j)
{
    THAG_PROFILED();
    free(j->buffer);
    PROBE_MUST(j->buffer = malloc(1000));
    memset(j->buffer, j->steps, 1000);
}

static PROBE_NOINLINE void drop(job *j)
{
    THAG_PROFILED();
    for (int i = 0; i < SMALL_BLOCKS; i++) free(j->small[i]);
    free(j->buffer);
}

/* 1: it has ended. */
static int step(job *j)
{
    if (!j->task) j->task = thag_task_begin("job");
    THAG_TASK_RUN(j->task);
    if (j->steps == 0)
        allocate_and_wait(j);
    else if (j->steps <= BUFFERS)
        buffers(j);
    else
        drop(j);
    return j->steps++ > BUFFERS;
}

static void *worker(void *arg)
{
    while (__atomic_load_n(&left, __ATOMIC_ACQUIRE)) {
        for (int i = 0; i < TASKS; i++) {
            int was = 0;
            if (!__atomic_compare_exchange_n(&taken[i], &was, 1, 0, __ATOMIC_ACQUIRE,
                                             __ATOMIC_RELAXED))
                continue;
            int is_over = probe_now_ns() >= jobs[i].ready_ns && step(&jobs[i]);
            if (is_over) {
                thag_task_end(jobs[i].task);
                __atomic_sub_fetch(&left, 1, __ATOMIC_RELEASE);
            }
            __atomic_store_n(&taken[i], is_over ? 2 : 0, __ATOMIC_RELEASE);
        }
        usleep(50);
    }
    return arg;
}

int main(void)
{
    THAG_ENABLE_PROFILING(runtime);
    pthread_t other;
    PROBE_MUST(!pthread_create(&other, NULL, worker, NULL));
    worker(NULL);
    pthread_join(other, NULL);
    return 0;
}
