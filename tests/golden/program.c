/*
 * program.c - what v1_ended.sparse and v1_killed.sparse are traces of: recursion, a section with a
 * hostile name, a second thread; with an argument, a section that SIGKILL leaves unfinished.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "thag_profiler.h"

#define SECTION "a; \"section\" <b>"

static volatile int sink;

static __attribute__((noinline)) int fib(int n)
{
    THAG_PROFILED();
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void *w(void *arg)
{
    THAG_PROFILED();
    for (int i = 0; i < 5; i++) {
        THAG_PROFILE(SECTION);
        sink += fib(6);
        THAG_END(SECTION);
    }
    return arg;
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    pthread_t thread;

    (void)argv;
    if (pthread_create(&thread, NULL, w, NULL) || pthread_join(thread, NULL)) return 1;
    sink = fib(8);
    if (argc > 1) {
        THAG_PROFILE("unfinished");
        kill(getpid(), SIGKILL);
        THAG_END("unfinished");
    }
    return 0;
}
