/*
 * cases.h - every way to write the macros that has to compile, in any C since 1989 and C++ since 2011.
 * Included by cases.c and cases.cpp.
 */
#include "thag_profiler.h"
#include "thag_profiler/async.h"
#include "thag_profiler/context.h"
#include "thag_profiler/pool.h"
#include "thag_profiler/stack.h"
#include "thag_profiler/thread.h"

extern int sink;
void first_declaration(int n);
void flags(void);
void sections(const char *name);
void nested(int n);
void paused(int n);
void conditional(int n);
int early_return(int n);
int switch_and_goto(int n);
int programmatic(void);
void pools(void *block, unsigned n);
void task_calls(const char *name, char *stack);
void task_scope(thag_task *task);
void goes_on(const thag_ctx *position);
thag_origin makes_thread(void);
void first_in_thread(const thag_origin *origin);
int resumable(thag_async *span, int at);

/* First declaration of a body, more declarations after it, none after a statement. */
void first_declaration(int n)
{
    THAG_PROFILED();
    int i;

    for (i = 0; i < n; i++) sink += i;
}

static void flag_time(void) { THAG_PROFILED(time); sink++; }
static void flag_memory(void) { THAG_PROFILED(memory); sink++; }
static void flag_both(void) { THAG_PROFILED(both); sink++; }
static void flag_summary(void) { THAG_PROFILED(mem_summary); sink++; }
static void flag_detail(void) { THAG_PROFILED(time, mem_detail); sink++; }
static void flag_async(void) { THAG_PROFILED(async_fn); sink++; }
static void flag_many(void) { THAG_PROFILED(time, mem_summary, async_fn); sink++; }

void flags(void)
{
    flag_time();
    flag_memory();
    flag_both();
    flag_summary();
    flag_detail();
    flag_async();
    flag_many();
}

/* The six examples of the reference, then nesting, a variable as a name, two on one level. */
void sections(const char *name)
{
    THAG_PROFILE("calculate_result", time);
    sink++;
    THAG_END("calculate_result");

    THAG_PROFILE("load_data", mem_summary);
    sink++;
    THAG_END("load_data");

    THAG_PROFILE("process_image", mem_detail);
    THAG_PROFILE("inner");
    sink++;
    THAG_END("inner");
    THAG_END("process_image");

    THAG_PROFILE("generate_report", time, mem_detail);
    sink++;
    THAG_END("generate_report");

    THAG_PROFILE("fetch_data", time, async_fn);
    sink++;
    THAG_END("fetch_data");

    THAG_PROFILE(name);
    sink++;
    THAG_END(name);

    THAG_PROFILE(name, time, async);
    sink++;
    THAG_END(name);
    {
        THAG_PROFILE("rest of block", mem_summary, unbounded);
        sink++;
    }
    {
        THAG_PROFILE(name, unbounded);
        THAG_PROFILE("second", unbounded, time);
        sink++;
    }
}

/* Blocks in blocks, statements without braces, a span inside a loop. */
void nested(int n)
{
    THAG_PROFILED();

    while (n-- > 0) {
        THAG_PROFILED();
        if (n & 1)
            THAG_PROFILE("odd");
        else
            THAG_PROFILE("even");
        sink += n;
        if (n & 1)
            THAG_END("odd");
        else
            THAG_END("even");
        {
            THAG_PROFILED(time);
            int inner = n;

            sink += inner;
        }
    }
}

void paused(int n)
{
    THAG_PAUSED();
    int resumable = thag_pause();

    sink += n;
    if (resumable) thag_resume();
}

void conditional(int n)
{
    THAG_PROFILED_IF(sizeof(int) == 4);
    THAG_DEBUG_PROFILED();

    THAG_DEBUG_PROFILE("debug only");
    sink += n;
    THAG_DEBUG_END("debug only");
}

int early_return(int n)
{
    THAG_PROFILED();

    if (n > 3) return n;
    THAG_PROFILE("late");
    if (n > 2) return sink;
    THAG_END("late");
    return 0;
}

int switch_and_goto(int n)
{
    THAG_PROFILED();

again:
    switch (n) {
    case 0:
        THAG_PROFILE("zero");
        sink++;
        THAG_END("zero");
        break;
    case 1: {
        THAG_PROFILED();
        n--;
        goto again;
    }
    default:
        THAG_PROFILE("default");
        sink++;
        THAG_END("default");
    }
    return n;
}

int programmatic(void)
{
    int status = thag_enable_profiling(THAG_MODE_time);

    thag_disable_profiling();
    return status;
}

/* Statements, expressions, without braces; any pointers, any integer as a size. */
void pools(void *block, unsigned n)
{
    static const char name[] = "pool";
    const char *c = (const char *)block;

    thag_pool_alloc(&sink, "a pool", block, sizeof sink);
    if (n)
        thag_pool_resize(&sink, name, block, c, n + 1);
    else
        thag_pool_free(&sink, c);
    sink += n ? (thag_pool_alloc(name, name, c, 1u), 1) : 0;
    thag_pool_reset(&sink);
}

void task_calls(const char *name, char *stack)
{
    thag_task *a = thag_task_begin("literal"), *b = thag_task_begin_root(name), *before;
    thag_ctx position = thag_ctx_capture();

    thag_task_ready(a);
    before = thag_task_enter(a);
    thag_task_switch(b);
    thag_task_leave(before);
    thag_task_reuse(b, "other");
    sink += thag_task_current() == a;
    sink += thag_task_id(b) > 1;
    thag_stack_add(stack, 4096u, a);
    sink += thag_stack_task(0) == a;
    thag_stack_remove(stack, 0);
    thag_task_end(a);
    thag_task_end(b);
    goes_on(&position);
}

void task_scope(thag_task *task)
{
    THAG_TASK_RUN(task);
    int i = 0;

    sink += i;
}

void goes_on(const thag_ctx *position)
{
    THAG_CONTINUE(position, "goes on");
    int i = 0;

    sink += i;
}

thag_origin makes_thread(void)
{
    return thag_origin_capture();
}

void first_in_thread(const thag_origin *origin)
{
    thag_thread_begin(origin);
}

int resumable(thag_async *span, int at)
{
    THAG_ASYNC(span, "resumable");
    int i = at;

    switch (i) {
    case 0:
        if (sink) return 0;
        /* fall through */
    default:
        thag_stack_watch();
    }
    THAG_ASYNC_END(span);
    thag_async_cancel(span);
    return 1;
}
