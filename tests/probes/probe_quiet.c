/*
 * probe_quiet.c - what the host can see of us: calls of malloc, errno, signal mask, its output.
 *
 * Prints the same whether it is profiled or not. See quiet.sh.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

#ifdef PROBE_COUNT_MALLOC
#pragma GCC visibility push(default)
static uint64_t allocations, releases;
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);
void *malloc(size_t size)
{
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}
void *realloc(void *mem, size_t size)
{
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return __libc_realloc(mem, size);
}
void free(void *mem)
{
    if (mem) __atomic_fetch_add(&releases, 1, __ATOMIC_RELAXED);
    __libc_free(mem);
}
#pragma GCC visibility pop
#endif

static unsigned wrong;
#define MY_ERRNO 12345
#define CHECK(statement, what) \
    do { \
        sigset_t before_, after_; \
        memset(&before_, 0, sizeof before_); /* the system fills a part only */ \
        memset(&after_, 0, sizeof after_); \
        pthread_sigmask(SIG_SETMASK, NULL, &before_); \
        errno = MY_ERRNO; \
        statement; \
        if (errno != MY_ERRNO) wrong++, printf("errno after %s: %d\n", what, errno); \
        pthread_sigmask(SIG_SETMASK, NULL, &after_); \
        if (memcmp(&before_, &after_, sizeof before_)) wrong++, printf("mask after %s\n", what); \
    } while (0)

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}
static PROBE_NOINLINE void recurse(int levels)
{
    THAG_PROFILED();
    if (levels) recurse(levels - 1);
    __asm__ volatile("");
}
static jmp_buf target;
static PROBE_NOINLINE void jump(void)
{
    THAG_PROFILED();
    longjmp(target, 1);
}
static PROBE_NOINLINE void jump_out(void)
{
    if (setjmp(target) == 0) jump();
}

static void *thread(void *arg)
{
    CHECK(step(), "first span of a thread");
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i);
        CHECK(THAG_PROFILE(name), "begin of a named section");
        CHECK(step(), "span on a new path");
        CHECK(step(), "span");
        CHECK(THAG_END(name), "end of a named section");
    }
    return arg;
}

static void checks(void)
{
    CHECK(step(), "span");
    CHECK(recurse(3000), "deep recursion");
    CHECK(for (int i = 0; i < 50000; i++) step(), "full timeline chunks");
    CHECK(THAG_END("stray"), "stray end");
    CHECK(THAG_PROFILE("muted", mem_summary), "muted section");
    CHECK(THAG_END("muted"), "end of a muted section");
    CHECK(THAG_PROFILE("a"), "section");
    CHECK(THAG_PROFILE("b"), "section");
    CHECK(THAG_END("a"), "crossed end");
    CHECK(THAG_END("b"), "crossed end");
    CHECK(jump_out(), "longjmp");
    CHECK(step(), "span after a longjmp");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, thread, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
    for (int i = 0; i < 3; i++) {
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            CHECK(step(), "first span of a child");
            CHECK(step(), "span of a child");
            CHECK(recurse(600), "recursion of a child");
            _exit((int)wrong);
        }
        int status;
        CHECK(step(), "span after fork");
        waitpid(pid, &status, 0);
        wrong += (unsigned)WEXITSTATUS(status);
    }
    CHECK(thag_disable_profiling(), "disable");
    CHECK(step(), "span while off");
    printf("%u wrong\n", wrong);
}

static int profiled(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);
    if (errno != MY_ERRNO) printf("errno after the start: %d\n", errno);
    checks();
    (void)argc, (void)argv;
    return 0;
}

int main(int argc, char **argv)
{
    int keys = argc > 1 ? atoi(argv[1]) : 0;
    pthread_key_t key;
    while (keys--) PROBE_MUST(!pthread_key_create(&key, NULL));
    errno = MY_ERRNO;
    int result = profiled(argc, argv);
#ifdef PROBE_COUNT_MALLOC
    printf("%llu allocations, %llu releases\n", (unsigned long long)allocations,
           (unsigned long long)releases);
#endif
    return result;
}
