/*
 * async_cases.h - the headers of asynchronous code, in every language version, on and off.
 */
#include "thag_profiler/async.h"
#include "thag_profiler/context.h"
#include "thag_profiler/task.h"

extern int sink;
void dispatch(thag_task *task);
void life(const char *name);
void transfer(thag_task *a, thag_task *b);
thag_ctx submit(void);
void continued(const thag_ctx *ctx, const char *name);
int state_machine(thag_async *span, int at);

/* First declaration of a body. */
void dispatch(thag_task *task)
{
    THAG_TASK_RUN(task);
    int i;

    for (i = 0; i < 3; i++) sink++;
}

void life(const char *name)
{
    thag_task *task = thag_task_begin("literal");
    thag_task *root = thag_task_begin_root(name);
    thag_task *previous = thag_task_enter(task);

    sink += (int)thag_task_id(thag_task_current());
    thag_task_leave(previous);
    thag_task_ready(task);
    thag_task_reuse(task, name);
    thag_task_end(task);
    thag_task_end(root);
}

void transfer(thag_task *a, thag_task *b)
{
    thag_task_switch(a);
    thag_task_switch(b);
    thag_task_switch((thag_task *)0);
}

thag_ctx submit(void)
{
    return thag_ctx_capture();
}

void continued(const thag_ctx *ctx, const char *name)
{
    THAG_CONTINUE(ctx, "literal");
    sink++;
    {
        THAG_CONTINUE(ctx, name);
        sink++;
    }
}

int state_machine(thag_async *span, int at)
{
    THAG_ASYNC(span, "machine");
    switch (at) {
    case 0: return 1;
    case 1: thag_async_cancel(span); return 2;
    default: break;
    }
    THAG_ASYNC_END(span);
    return 0;
}
