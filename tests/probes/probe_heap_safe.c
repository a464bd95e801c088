/*
 * probe_heap_safe.c - allocations where they are least expected: while others fork, in destructors of
 * threads, under signals and cancellation, in libraries that come and go. See heap_safe.sh.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

static PROBE_NOINLINE void *take(size_t size)
{
    void *p = malloc(size);
    PROBE_MUST(p);
    KEEP(p);
    return p;
}

/* Without stdio, which allocates. */
static void say(uint64_t a, uint64_t b)
{
    char text[64];
    int len =
        snprintf(text, sizeof text, "%llu %llu\n", (unsigned long long)a, (unsigned long long)b);
    PROBE_MUST(write(1, text, (size_t)len) == len);
}

static void start(pthread_t *thread, void *(*function)(void *), void *arg)
{
    PROBE_MUST(!pthread_create(thread, NULL, function, arg));
}

/* --- fork, while three others allocate ---------------------------------------------------------- */

enum { FORKS = 15, CHILD_BLOCKS = 10 };

static int is_over;
static uint64_t churned;

static void *churn(void *arg)
{
    THAG_PROFILED();
    uint64_t turns = 0;
    for (; turns < 2000 || !__atomic_load_n(&is_over, __ATOMIC_RELAXED); turns++)
        free(take(turns % 500 + 1));
    __atomic_fetch_add(&churned, turns, __ATOMIC_RELAXED);
    return arg;
}

static PROBE_NOINLINE void of_child(void *inherited)
{
    THAG_PROFILED();
    void *blocks[CHILD_BLOCKS];
    for (int i = 0; i < CHILD_BLOCKS; i++) blocks[i] = take(500);
    for (int i = 0; i < CHILD_BLOCKS; i++) free(blocks[i]);
    free(inherited); /* not its own to count */
}

static PROBE_NOINLINE void fork_often(void)
{
    THAG_PROFILED();
    for (int i = 0; i < FORKS; i++) {
        void *inherited = take(64);
        int status;
        pid_t pid = fork();
        if (!pid) {
            of_child(inherited);
            _exit(i % 3);
        }
        PROBE_MUST(pid > 0 && waitpid(pid, &status, 0) == pid);
        PROBE_MUST(WIFEXITED(status) && WEXITSTATUS(status) == i % 3);
        free(inherited);
    }
}

static void forking(void)
{
    pthread_t others[3]; /* whose own memory libc allocates: outside of the span */
    for (int i = 0; i < 3; i++) start(&others[i], churn, NULL);
    fork_often();
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++) pthread_join(others[i], NULL);
    say(churned, 0);
}

/* --- libraries that come to lie where another one was ------------------------------------------- */

static void *seen[2];
static int reused;

static PROBE_NOINLINE void plugin(const char *path, int which)
{
    THAG_PROFILED();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fprintf(stderr, "%s\n", dlerror());
    PROBE_MUST(handle);
    void *(*allocate)(void);
    *(void **)&allocate = dlsym(handle, "plugin_allocate");
    PROBE_MUST(allocate);
    free(allocate());
    seen[which] = *(void **)&allocate;
    if (seen[which] == seen[!which]) reused++;
    PROBE_MUST(!dlclose(handle));
}

static void *other_plugins(void *arg)
{
    char **path = arg;
    for (int i = 0; i < 100; i++) plugin(path[i % 2], i % 2);
    return NULL;
}

static void plugins(char **path)
{
    pthread_t other;
    for (int i = 0; i < 200; i++) plugin(path[i % 2], i % 2);
    start(&other, other_plugins, path);
    pthread_join(other, NULL);
    say((uint64_t)reused, 0);
}

/* --- destructors of threads --------------------------------------------------------------------- */

enum { SHORT_LIVES = 400, ROUNDS = 4 };

static pthread_key_t keys[2];

static PROBE_NOINLINE void in_destructor(void)
{
    THAG_PROFILED();
    free(take(70));
}

/* Round after round, as many as there are. */
static void destructor(void *value)
{
    uintptr_t round = (uintptr_t)value;
    in_destructor();
    if (round % ROUNDS) pthread_setspecific(keys[round / 16], (void *)(round + 1));
}

static void *short_life(void *arg)
{
    THAG_PROFILED();
    pthread_setspecific(keys[0], (void *)1);
    pthread_setspecific(keys[1], (void *)17);
    free(take(30));
    return arg ? take(40) : NULL; /* freed by another */
}

static void lives(void)
{
    pthread_t thread;
    void *left;
    for (int i = 0; i < 2; i++) PROBE_MUST(!pthread_key_create(&keys[i], destructor));
    for (int i = 0; i < SHORT_LIVES; i++) {
        start(&thread, short_life, &thread);
        pthread_join(thread, &left);
        free(left);
    }
}

/* --- signals ------------------------------------------------------------------------------------ */

static volatile uint64_t handled;

static void start_timer(timer_t *timer)
{
    struct itimerspec every = {{0, 50000}, {0, 50000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    PROBE_MUST(!timer_create(CLOCK_MONOTONIC, &event, timer));
    PROBE_MUST(!timer_settime(*timer, 0, &every, NULL));
}

static void allocating_handler(int signal)
{
    (void)signal;
    THAG_PROFILED();
    void *p = take(48);
    p = realloc(p, 480);
    KEEP(p);
    free(p);
    handled++;
}

static PROBE_NOINLINE void span(void)
{
    THAG_PROFILED();
}

/* Between and in spans, but never in malloc itself, which no handler may interrupt so. */
static PROBE_NOINLINE void interrupted_spans(void)
{
    THAG_PROFILED();
    timer_t timer;
    void *block = take(16); /* what comes first is not what is interrupted */
    signal(SIGALRM, allocating_handler);
    start_timer(&timer);
    while (handled < 2000) span();
    timer_delete(timer);
    free(block);
    say(handled, 0);
}

static void spanning_handler(int signal)
{
    (void)signal;
    span();
    handled++;
}

/* In the hooks, with spans. */
static PROBE_NOINLINE void interrupted_hooks(void)
{
    THAG_PROFILED();
    timer_t timer;
    uint64_t turns = 0;
    void *held[64] = {0};
    signal(SIGALRM, spanning_handler);
    start_timer(&timer);
    for (; handled < 2000; turns++) {
        free(held[turns % 64]);
        held[turns % 64] = take(turns % 1000 + 1);
    }
    timer_delete(timer);
    for (int i = 0; i < 64; i++) free(held[i]);
    say(handled, turns);
}

/* --- cancellation ------------------------------------------------------------------------------- */

enum { CANCELS = 20, TURNS = 3000 };
static uint64_t done;

static PROBE_NOINLINE void deeper(int depth)
{
    THAG_PROFILED();
    void *p = take(100);
    if (depth) deeper(depth - 1);
    free(p);
}

/* Neither malloc nor free is a cancellation point, nor are spans, whatever the profiler has to write. */
static void *to_cancel(void *arg)
{
    THAG_PROFILED();
    pthread_barrier_wait(arg);
    for (int i = 0; i < TURNS; i++) {
        void *p = take((size_t)i * 100 + 1);
        deeper(i % 20);
        free(p);
        __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
    }
    for (;;) pthread_testcancel();
    return NULL;
}

static void cancelling(void)
{
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < CANCELS; i++) {
        pthread_t thread;
        void *result;
        start(&thread, to_cancel, &barrier);
        pthread_barrier_wait(&barrier);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        PROBE_MUST(result == PTHREAD_CANCELED);
    }
    PROBE_MUST(done == CANCELS * TURNS);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);

    PROBE_CASE("fork", forking())
    PROBE_CASE("plugins", plugins(argv + 2))
    PROBE_CASE("lives", lives())
    PROBE_CASE("interrupted_spans", interrupted_spans())
    PROBE_CASE("interrupted_hooks", interrupted_hooks())
    PROBE_CASE("cancel", cancelling())
    PROBE_NO_CASE();
}
