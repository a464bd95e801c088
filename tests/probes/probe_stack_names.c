/*
 * probe_stack_names.c - stacks that are named and forgotten by several threads at once, in pieces of memory
 * that they share, and while the process forks: who has named a stack finds its task there. See stack_names.sh.
 *
 *     threads ROUNDS    four that do, two that look for stacks which stay
 *     forks COUNT       children that no handler of fork() hears of, while others name stacks
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler/stack.h"
#include "thag_profiler/task.h"

enum { NAMERS = 4, SEEKERS = 2, STACKS = 8, BYTES = 4096 };

/* Of each 64 KiB every thread has some, so that their stacks stand in the same lists. */
static char memory[STACKS][NAMERS + SEEKERS][BYTES];
static int is_over, missed, rounds;
static pthread_barrier_t all_there;

static void name_all(int me, thag_task *task)
{
    for (int i = 0; i < STACKS; i++) thag_stack_add(memory[i][me], BYTES, task);
}

static void seek_all(int me, const thag_task *task)
{
    for (int i = 0; i < STACKS; i++)
        if (thag_stack_task((uintptr_t)memory[i][me] + BYTES / 2) != task)
            __atomic_fetch_add(&missed, 1, __ATOMIC_RELAXED);
}

static void forget_all(int me)
{
    for (int i = 0; i < STACKS; i++) thag_stack_remove(memory[i][me], 0);
}

static void *namer(void *arg)
{
    int me = (int)(intptr_t)arg;
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < rounds || !rounds; i++) {
        if (__atomic_load_n(&is_over, __ATOMIC_RELAXED)) break;
        thag_task *task = thag_task_begin("named"); /* it ends with its first stack */
        name_all(me, task);
        seek_all(me, task);
        forget_all(me);
        seek_all(me, NULL);
    }
    return arg;
}

static void *seeker(void *arg)
{
    int me = (int)(intptr_t)arg;
    thag_task *task = thag_task_begin("stays");
    name_all(me, task);
    pthread_barrier_wait(&all_there);
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) seek_all(me, task);
    return arg;
}

static void start(pthread_t *thread, void *(*function)(void *), int number)
{
    PROBE_MUST(!pthread_create(thread, NULL, function, (void *)(intptr_t)number));
}

static void threads(void)
{
    pthread_t all[NAMERS + SEEKERS];
    pthread_barrier_init(&all_there, NULL, NAMERS + SEEKERS);
    for (int i = 0; i < NAMERS + SEEKERS; i++) start(&all[i], i < NAMERS ? namer : seeker, i);
    for (int i = 0; i < NAMERS; i++) pthread_join(all[i], NULL);
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (int i = NAMERS; i < NAMERS + SEEKERS; i++) pthread_join(all[i], NULL);
    printf("%d missed\n", missed);
}

static int in_child(void)
{
    thag_task *task = thag_task_begin("of a child");
    name_all(NAMERS, task);
    seek_all(NAMERS, task);
    return missed != 0;
}

static void forks(int count)
{
    pthread_t all[NAMERS];
    pthread_barrier_init(&all_there, NULL, NAMERS + 1);
    for (int i = 0; i < NAMERS; i++) start(&all[i], namer, i);
    pthread_barrier_wait(&all_there);
    for (int i = 0, status; i < count; i++) {
        pid_t child = _Fork();
        PROBE_MUST(child >= 0);
        if (child == 0) {
            missed = 0;
            _exit(in_child());
        }
        PROBE_MUST(waitpid(child, &status, 0) == child && status == 0);
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < NAMERS; i++) pthread_join(all[i], NULL);
    printf("%d missed\n", missed);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    thag_stack_watch();
    PROBE_MUST(argc == 3);
    if (!strcmp(argv[1], "threads")) rounds = atoi(argv[2]);
    PROBE_CASE("threads", threads())
    PROBE_CASE("forks", forks(atoi(argv[2])))
    PROBE_NO_CASE();
}
