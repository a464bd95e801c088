/*
 * probe_origins.c - threads that are begun in every kind of place. See origins.sh.
 *
 *     ways          from spans, tasks, threads, by both calls; prints "THREAD BEGUN_BY TASK PATH" for each
 *     told          by somebody who tells (thread.h)
 *     many N        one after the other
 *     burst N       at one time
 *     forked        in a child, whose thread was begun by the parent; prints as "ways" does
 *     killed        while they live
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"
#include "thag_profiler/task.h"
#include "thag_profiler/thread.h"

static PROBE_NOINLINE void leaf(void)
{
    THAG_PROFILED();
    PROBE_ORDERED();
}

static void *work(void *name)
{
    pthread_setname_np(pthread_self(), name);
    leaf();
    return NULL;
}

static int work_standard(void *name)
{
    return work(name) != NULL;
}

/* It leaves no trace. */
static void *idle(void *name)
{
    pthread_setname_np(pthread_self(), name);
    return NULL;
}

static void begun(const char *name, const char *by, unsigned long long task, const char *path)
{
    printf("%s %s %llu %s\n", name, by, task, path);
}

static void make(void *(*function)(void *), const char *name)
{
    pthread_t id;

    if (pthread_create(&id, NULL, function, (void *)name)) abort();
    pthread_join(id, NULL);
}

/* A thread that makes another one, which makes nothing of its own path. */
static void *chain(void *name)
{
    THAG_PROFILED();
    pthread_setname_np(pthread_self(), name);
    make(work, "inner");
    return NULL;
}

#define REQUEST "main;ways;async::job;request"

static PROBE_NOINLINE void request(void)
{
    THAG_PROFILED();
    thrd_t id;

    make(work, "pool");
    begun("pool", "main", 1, REQUEST);
    make(idle, "idle");
    if (thrd_create(&id, work_standard, (void *)"standard") != thrd_success) abort();
    thrd_join(id, NULL);
    begun("standard", "main", 1, REQUEST);
    make(chain, "outer");
    begun("outer", "main", 1, REQUEST);
    begun("inner", "outer", 0, "chain");
}

/* Before it has recorded anything itself. */
static void *silent(void *name)
{
    pthread_setname_np(pthread_self(), name);
    make(work, "of_silent");
    return NULL;
}

static int ways(void)
{
    THAG_PROFILED();
    thag_task *task = thag_task_begin("job");

    {
        THAG_TASK_RUN(task);
        leaf();
        make(work, "of_task");
        begun("of_task", "main", thag_task_id(task), "main;ways;async::job");
        request();
    }
    thag_task_end(task);
    make(silent, "silent");
    begun("of_silent", "?", 0, "");
    return 0;
}

/* --- without hooks ----------------------------------------------------------------------------- */

static void *told_work(void *origin)
{
    thag_thread_begin(origin);
    return work((void *)"told");
}

static int told(void)
{
    thag_origin origin;
    pthread_t id;

    {
        THAG_PROFILE("asking");
        origin = thag_origin_capture();
        THAG_END("asking");
    }
    if (pthread_create(&id, NULL, told_work, &origin)) abort();
    pthread_join(id, NULL);
    thag_thread_begin(&origin); /* too late: the thread records already */
    thag_thread_begin(NULL);
    leaf();
    begun("told", "main", 0, "main;asking");
    return 0;
}

/* --- how many ---------------------------------------------------------------------------------- */

static int many(int count)
{
    for (int i = 0; i < count; i++) make(work, "one");
    return 0;
}

static pthread_barrier_t all_there;

static void *burst_work(void *name)
{
    pthread_barrier_wait(&all_there);
    return work(name);
}

static int burst(int count)
{
    pthread_t *ids = calloc((size_t)count, sizeof *ids);
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_barrier_init(&all_there, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++)
        if (pthread_create(&ids[i], &small, burst_work, (void *)"one")) abort();
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < count; i++) pthread_join(ids[i], NULL);
    free(ids);
    return 0;
}

/* --- processes --------------------------------------------------------------------------------- */

/* The thread that forks was begun by the parent: in the child it is the first, and nobody began it. */
static void *forks(void *name)
{
    pthread_setname_np(pthread_self(), name);
    pid_t child = fork();

    if (!child) {
        leaf();
        make(chain, "outer");
        exit(0);
    }
    waitpid(child, NULL, 0);
    return NULL;
}

static int forked(void)
{
    make(forks, "forks");
    begun("inner", "outer", 0, "chain");
    begun("outer", "main", 0, "");
    return 0;
}

static sem_t is_at_work;

static void *stays(void *name)
{
    pthread_setname_np(pthread_self(), name);
    THAG_PROFILED();
    leaf();
    sem_post(&is_at_work);
    for (;;) pause();
    return NULL;
}

static int killed(void)
{
    THAG_PROFILED();
    pthread_t id;

    make(work, "gone");
    begun("gone", "main", 0, "main;killed");
    sem_init(&is_at_work, 0, 0);
    if (pthread_create(&id, NULL, stays, (void *)"stays")) abort();
    sem_wait(&is_at_work);
    begun("stays", "main", 0, "main;killed");
    fflush(stdout);
    raise(SIGKILL);
    return 0;
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    const char *what = argc > 1 ? argv[1] : "";

    if (!strcmp(what, "ways")) return ways();
    if (!strcmp(what, "told")) return told();
    if (!strcmp(what, "many")) return many(atoi(argv[2]));
    if (!strcmp(what, "burst")) return burst(atoi(argv[2]));
    if (!strcmp(what, "forked")) return forked();
    if (!strcmp(what, "killed")) return killed();
    return 2;
}
