/*
 * probe_signals.c - spans in signal handlers that interrupt spans. See signals.sh.
 *
 * Each case prints what it counted itself, "NAME CALLS" a line. It lasts until there were so many handlers,
 * however long a loaded machine takes for that.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

enum { THREADS = 4, ENOUGH = 4000, ENOUGH_JUMPS = 1000 };
static volatile uint64_t handled[THREADS], leaves[THREADS], jumped;
static __thread int me;

static PROBE_NOINLINE void leaf(void)
{
    THAG_PROFILED();
}
static PROBE_NOINLINE void in_handler(void)
{
    THAG_PROFILED();
}

static void handler(int signal)
{
    THAG_PROFILED();
    (void)signal;
    in_handler();
    THAG_PROFILE("section in handler");
    THAG_END("section in handler");
    handled[me]++;
}

static void handle(int signal, void (*function)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = function;
    action.sa_flags = flags | SA_RESTART;
    PROBE_MUST(!sigaction(signal, &action, NULL));
}

#ifndef sigev_notify_thread_id /* a name that glibc has not got yet */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* SIGALRM to the calling thread, every `us`. */
static timer_t start_timer(long us)
{
    timer_t timer;
    struct sigevent event;
    struct itimerspec every = {{0, us * 1000}, {0, us * 1000}};
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event.sigev_notify_thread_id = gettid();
    PROBE_MUST(!timer_create(CLOCK_MONOTONIC, &event, &timer));
    PROBE_MUST(!timer_settime(timer, 0, &every, NULL));
    return timer;
}

/* And let what is on its way arrive: ThreadSanitizer delivers late. */
static void stop_timer(timer_t timer)
{
    timer_delete(timer);
    usleep(2000);
}

/* Tight spans until this thread had so many handlers. */
static PROBE_NOINLINE void tight(uint64_t handlers)
{
    THAG_PROFILED();
    while (handled[me] < handlers) {
        for (int i = 0; i < 50; i++) {
            leaf();
            leaves[me]++;
        }
    }
}

static void print_counts(void)
{
    uint64_t h = 0, l = 0;
    for (int i = 0; i < THREADS; i++) {
        h += handled[i];
        l += leaves[i];
    }
    printf("handler %llu\nin_handler %llu\nsection in handler %llu\nleaf %llu\n",
           (unsigned long long)h, (unsigned long long)h, (unsigned long long)h,
           (unsigned long long)l);
}

static void one_thread(int flags)
{
    if (flags & SA_ONSTACK) {
        static char stack[65536];
        stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
        PROBE_MUST(!sigaltstack(&alternative, NULL));
    }
    handle(SIGALRM, handler, flags);
    timer_t timer = start_timer(50);
    tight(2 * ENOUGH);
    stop_timer(timer);
    print_counts();
}

/* A stack for handlers that lies in the thread's own, above the spans that it interrupts. */
static PROBE_NOINLINE void stack_within(void)
{
    char stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack},
            none = {.ss_flags = SS_DISABLE};
    PROBE_MUST(!sigaltstack(&alternative, NULL));
    handle(SIGALRM, handler, SA_ONSTACK);
    timer_t timer = start_timer(50);
    tight(ENOUGH);
    stop_timer(timer);
    PROBE_MUST(!sigaltstack(&none, NULL));
    print_counts();
}

static void *timed_thread(void *arg)
{
    me = (int)(intptr_t)arg;
    timer_t timer = start_timer(100);
    tight(ENOUGH / 2);
    stop_timer(timer);
    return NULL;
}
static void four_threads(void)
{
    pthread_t threads[THREADS];
    handle(SIGALRM, handler, 0);
    for (intptr_t i = 0; i < THREADS; i++)
        PROBE_MUST(!pthread_create(&threads[i], NULL, timed_thread, (void *)i));
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    print_counts();
}

/* Handlers interrupted by handlers, interrupted by handlers. */
static void nest(int signal)
{
    THAG_PROFILED();
    handled[0]++;
    if (signal == SIGALRM)
        raise(SIGUSR1);
    else if (signal == SIGUSR1)
        raise(SIGUSR2);
    in_handler();
}
static void nested(void)
{
    handle(SIGALRM, nest, 0);
    handle(SIGUSR1, nest, 0);
    handle(SIGUSR2, nest, 0);
    timer_t timer = start_timer(100);
    tight(ENOUGH);
    stop_timer(timer);
    printf("nest %llu\nin_handler %llu\nleaf %llu\n", (unsigned long long)handled[0],
           (unsigned long long)handled[0], (unsigned long long)leaves[0]);
}

/* The handler leaves by siglongjmp, wherever the interrupted span was. */
static sigjmp_buf back;
static volatile sig_atomic_t may_jump;
static void jumping_handler(int signal)
{
    THAG_PROFILED();
    (void)signal;
    handled[0]++;
    if (!may_jump) return;
    may_jump = 0;
    jumped++;
    siglongjmp(back, 1);
}
static PROBE_NOINLINE void jump_target(void)
{
    THAG_PROFILED();
    sigsetjmp(back, 1);
    while (jumped < ENOUGH_JUMPS) {
        may_jump = 1;
        tight(UINT64_MAX);
    }
}
static void jumping(void)
{
    handle(SIGALRM, jumping_handler, 0);
    timer_t timer = start_timer(300);
    jump_target();
    stop_timer(timer);
    leaf();
    printf("jumping_handler %llu\njumped %llu\nleaf %llu\n", (unsigned long long)handled[0],
           (unsigned long long)jumped, (unsigned long long)leaves[0]);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);

    PROBE_CASE("plain", one_thread(0))
    PROBE_CASE("altstack", one_thread(SA_ONSTACK))
    PROBE_CASE("stack_within", stack_within())
    PROBE_CASE("threads", four_threads())
    PROBE_CASE("nested", nested())
    PROBE_CASE("jumping", jumping())
    PROBE_NO_CASE();
}
