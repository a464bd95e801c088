/*
 * task_bench.c - what switching tasks costs: a line "NAME NANOSECONDS" for each operation, the least of
 * many rounds, with the bare operation beside it where there is one.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <ucontext.h>

#include "thag_profiler/context.h"

enum { ROUNDS = 60, EACH = 20000 };

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Least time of EACH turns, for one. */
static double least(void (*run)(void))
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double from = now_ns();
        run();
        double took = (now_ns() - from) / EACH;
        if (took < best) best = took;
    }
    return best;
}

static thag_task *a, *b;
static thag_ctx context;

static void enter_leave(void)
{
    for (int i = 0; i < EACH; i++) {
        thag_task *previous = thag_task_enter(a);
        thag_task_leave(previous);
    }
}

static void symmetric(void)
{
    for (int i = 0; i < EACH; i++) thag_task_switch(i & 1 ? a : b);
    thag_task_switch(NULL);
}

static void begin_end(void)
{
    for (int i = 0; i < EACH; i++) thag_task_end(thag_task_begin("short"));
}

static void capture(void)
{
    for (int i = 0; i < EACH; i++) context = thag_ctx_capture();
}

static void capture_continue(void)
{
    for (int i = 0; i < EACH; i++) {
        context = thag_ctx_capture();
        THAG_CONTINUE(&context, "continued");
    }
}

/* --- ucontext: bare, and with its resumer announcing it ---------------------------------------- */

static ucontext_t loop_context, coroutine_context;
static char stack[65536];
static thag_task *coroutine_task;

static void coroutine(void)
{
    for (;;) swapcontext(&coroutine_context, &loop_context);
}

static void swap_bare(void)
{
    for (int i = 0; i < EACH; i++) swapcontext(&loop_context, &coroutine_context);
}

static void swap_announced(void)
{
    for (int i = 0; i < EACH; i++) {
        THAG_TASK_RUN(coroutine_task);
        swapcontext(&loop_context, &coroutine_context);
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(runtime);

    a = thag_task_begin("a");
    b = thag_task_begin("b");
    coroutine_task = thag_task_begin("coroutine");
    getcontext(&coroutine_context);
    coroutine_context.uc_stack.ss_sp = stack;
    coroutine_context.uc_stack.ss_size = sizeof stack;
    makecontext(&coroutine_context, coroutine, 0);
    printf("enter_leave %.1f\n", least(enter_leave));
    printf("switch %.1f\n", least(symmetric));
    printf("begin_end %.1f\n", least(begin_end));
    printf("capture %.1f\n", least(capture));
    printf("capture_continue %.1f\n", least(capture_continue));
    double bare = least(swap_bare) / 2, announced = least(swap_announced) / 2;
    printf("swapcontext_bare %.1f\nswapcontext_announced %.1f\n", bare, announced);
    return 0;
}
