/*
 * task_bench.c - what switching tasks costs: a line "NAME NANOSECONDS" for each operation, the least of
 * many rounds, with the bare operation beside it where there is one.
 *
 * usage: task_bench          all of it
 *        task_bench swap     swapcontext that nobody announces, for the hooks that are linked or preloaded
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "thag_profiler/context.h"
#include "thag_profiler/stack.h"

#define MINICORO_IMPL
#include "minicoro.h"

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

/* --- minicoro: bare, and by its header ---------------------------------------------------------- */

static mco_coro *bare_coroutine, *told_coroutine;

static void yielding(mco_coro *self)
{
    for (;;) mco_yield(self);
}

static void resume_bare(void)
{
    for (int i = 0; i < EACH; i++) mco_resume(bare_coroutine);
}

static void make_bare(void)
{
    mco_desc desc = mco_desc_init(yielding, 0);
    mco_create(&bare_coroutine, &desc);
}

#include "thag_profiler/minicoro.h" /* from here on announced */

static void resume_told(void)
{
    for (int i = 0; i < EACH; i++) mco_resume(told_coroutine);
}

static void make_told(void)
{
    mco_desc desc = mco_desc_init(yielding, 0);
    mco_create(&told_coroutine, &desc);
}

/* --- spans, in a program with and without tasks -------------------------------------------------- */

static __attribute__((__noinline__)) void span(void)
{
    THAG_PROFILED();
    __asm__ volatile("");
}

static void spans(void)
{
    for (int i = 0; i < EACH; i++) span();
}

static void measure_spans(void)
{
    printf("span_alone %.1f\n", least(spans));
    thag_task *task = thag_task_begin("task");
    printf("span_beside_task %.1f\n", least(spans));
    thag_task *previous = thag_task_enter(task);
    printf("span_in_task %.1f\n", least(spans));
    thag_task_leave(previous);
    thag_task_end(task);
}

/* --- coroutines of nobody's: there is no way back, so it comes last ------------------------------- */

static void measure_watched(void)
{
    thag_stack_watch();
    printf("span_watched %.1f\n", least(spans));
}

static void make_ucontext(void)
{
    getcontext(&coroutine_context);
    coroutine_context.uc_stack.ss_sp = stack;
    coroutine_context.uc_stack.ss_size = sizeof stack;
    makecontext(&coroutine_context, coroutine, 0);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);

    make_ucontext();
    if (argc > 1 && strcmp(argv[1], "swap") == 0) {
        span(); /* the thread is known */
        printf("swapcontext %.1f\n", least(swap_bare) / 2);
        return 0;
    }
    measure_spans();
    a = thag_task_begin("a");
    b = thag_task_begin("b");
    coroutine_task = thag_task_begin("coroutine");
    printf("enter_leave %.1f\n", least(enter_leave));
    printf("switch %.1f\n", least(symmetric));
    printf("begin_end %.1f\n", least(begin_end));
    printf("capture %.1f\n", least(capture));
    printf("capture_continue %.1f\n", least(capture_continue));
    double bare = least(swap_bare) / 2, announced = least(swap_announced) / 2;
    printf("swapcontext_bare %.1f\nswapcontext_announced %.1f\n", bare, announced);
    make_bare();
    make_told();
    bare = least(resume_bare) / 2;
    announced = least(resume_told) / 2;
    printf("minicoro_bare %.1f\nminicoro_announced %.1f\n", bare, announced);
    measure_watched();
    return 0;
}
