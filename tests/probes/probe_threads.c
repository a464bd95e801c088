/* probe_threads.c - threads of any number and life. See threads.sh. */
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

static sem_t ready, go;

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}

static void *start(void *(*function)(void *), void *arg, size_t stack)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    if (stack) pthread_attr_setstacksize(&attr, stack);
    PROBE_MUST(!pthread_create(&thread, &attr, function, arg));
    pthread_attr_destroy(&attr);
    return (void *)thread;
}
static void join(void *thread)
{
    PROBE_MUST(!pthread_join((pthread_t)thread, NULL));
}

/* --- 200 threads that run while the process exits -------------------------------------------------- */

static PROBE_NOINLINE void endless(void)
{
    unsigned turns = 0;
    THAG_PROFILED();
    for (;;) {
        THAG_PROFILE("turn");
        step();
        THAG_END("turn");
        if (++turns == 2) sem_post(&ready);
        if (turns % 100 == 0) usleep(200);
    }
}
static void *runner(void *arg)
{
    (void)arg;
    endless();
    return NULL;
}
static void exit_with_200(void)
{
    for (int i = 0; i < 200; i++) start(runner, NULL, 65536);
    for (int i = 0; i < 200; i++) sem_wait(&ready);
    exit(5);
}

/* --- 16 threads, 50 rounds; many short ones -------------------------------------------------------- */

static void *hundred(void *arg)
{
    THAG_PROFILE("hundred");
    for (int i = 0; i < 100; i++) step();
    THAG_END("hundred");
    return arg;
}
static void rounds(void)
{
    for (int round = 0; round < 50; round++) {
        void *threads[16];
        for (int i = 0; i < 16; i++) threads[i] = start(hundred, NULL, 65536);
        for (int i = 0; i < 16; i++) join(threads[i]);
    }
}

static void *short_thread(void *arg)
{
    THAG_PROFILED();
    step();
    step();
    return arg;
}
static void short_ones(int count)
{
    for (int i = 0; i < count; i += 4) {
        void *threads[4];
        for (int j = 0; j < 4; j++) threads[j] = start(short_thread, NULL, 65536);
        for (int j = 0; j < 4; j++) join(threads[j]);
    }
}

static void *detached_thread(void *arg)
{
    pthread_detach(pthread_self());
    short_thread(arg);
    sem_post(&ready);
    return arg;
}
static void detached(void)
{
    for (int i = 0; i < 500; i++) {
        start(detached_thread, NULL, 65536);
        sem_wait(&ready);
    }
}

/* --- memory ---------------------------------------------------------------------------------------- */

static void *waiting_thread(void *arg)
{
    THAG_PROFILED();
    for (int i = 0; i < 50000; i++) step();
    sem_post(&ready);
    sem_wait(&go);
    return arg;
}

/* Resident KiB with the given number of threads alive after 50,000 spans each. */
static void resident(int threads)
{
    void *all[64];
    for (int i = 0; i < threads; i++) all[i] = start(waiting_thread, NULL, 65536);
    for (int i = 0; i < threads; i++) sem_wait(&ready);
    printf("%ld\n", probe_resident_kib());
    for (int i = 0; i < threads; i++) sem_post(&go);
    for (int i = 0; i < threads; i++) join(all[i]);
}

/* --- threads that do not return --------------------------------------------------------------------- */

static PROBE_NOINLINE void leave(int level)
{
    THAG_PROFILED();
    THAG_PROFILE("leaving");
    if (level) leave(level - 1);
    pthread_exit(NULL);
}
static void *leaver(void *arg)
{
    THAG_PROFILED();
    leave(2);
    return arg;
}
static PROBE_NOINLINE void wait_for_ever(void)
{
    THAG_PROFILED();
    sem_post(&ready);
    for (;;) pause();
}
static void *canceled(void *arg)
{
    THAG_PROFILED();
    wait_for_ever();
    return arg;
}
static void exits(void)
{
    for (int i = 0; i < 40; i++) join(start(leaver, NULL, 0));
}
static void cancels(void)
{
    for (int i = 0; i < 40; i++) {
        void *thread = start(canceled, NULL, 0);
        sem_wait(&ready);
        pthread_cancel((pthread_t)thread);
        join(thread);
    }
    step();
}

/* --- spans in destructors of thread-specific data, before and after the profiler's own ---------------- */

static pthread_key_t early_key, late_key;
static int destructor_turns;

static PROBE_NOINLINE void in_destructor(void)
{
    THAG_PROFILED();
    step();
}
static void destructor(void *value)
{
    in_destructor();
    __atomic_fetch_add(&destructor_turns, 1, __ATOMIC_RELAXED);
    /* Once more in the next round of destructors. */
    if (value == &late_key) pthread_setspecific(late_key, &early_key);
}
static void *with_keys(void *arg)
{
    pthread_setspecific(early_key, &early_key);
    pthread_setspecific(late_key, &late_key);
    step();
    return arg;
}
static void destructors(void)
{
    PROBE_MUST(!pthread_key_create(&late_key, destructor));
    for (int i = 0; i < 100; i++) join(start(with_keys, NULL, 0));
    printf("%d\n", destructor_turns);
}

static int profiled(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);

    PROBE_CASE("exit", exit_with_200())
    PROBE_CASE("rounds", rounds())
    PROBE_CASE("short", short_ones(atoi(argv[2])))
    PROBE_CASE("detached", detached())
    PROBE_CASE("resident", resident(atoi(argv[2])))
    PROBE_CASE("exits", exits())
    PROBE_CASE("cancels", cancels())
    PROBE_CASE("destructors", destructors())
    PROBE_NO_CASE();
}

int main(int argc, char **argv)
{
    sem_init(&ready, 0, 0);
    sem_init(&go, 0, 0);
    PROBE_MUST(!pthread_key_create(&early_key, destructor)); /* before the profiler's key */
    return profiled(argc, argv);
}
