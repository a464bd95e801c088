/*
 * async_cases.h - the headers of asynchronous code, in every language version, on and off.
 */
#include "thag_profiler/async.h"
#include "thag_profiler/context.h"
#include "thag_profiler/task.h"

/* What the headers of coroutine libraries stand behind. */
#ifdef __cplusplus
extern "C" {
#endif
#include "../../examples/async_minicoro/minicoro.h"
#define ACO_H
typedef struct aco_share_stack aco_share_stack_t;
typedef void (*aco_cofuncp_t)(void);
typedef struct aco_s {
    struct aco_s *main_co;
    char is_end;
    aco_cofuncp_t fp;
} aco_t;
aco_t *aco_create(aco_t *main_co, aco_share_stack_t *stack, size_t saved, aco_cofuncp_t function,
                  void *argument);
void aco_resume(aco_t *co);
void aco_destroy(aco_t *co);
#ifdef __cplusplus
}
#endif
#include "thag_profiler/libaco.h"
#include "thag_profiler/minicoro.h"

extern int sink;
void dispatch(thag_task *task);
void life(const char *name);
void transfer(thag_task *a, thag_task *b);
thag_ctx submit(void);
void continued(const thag_ctx *ctx, const char *name);
int state_machine(thag_async *span, int at);
void coroutine_of_minicoro(mco_coro *self);
void minicoro_life(void);
void coroutine_of_aco(void);
void aco_life(aco_t *main_co, aco_share_stack_t *stack);

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

void coroutine_of_minicoro(mco_coro *self)
{
    (void)mco_yield(self);
}

void minicoro_life(void)
{
    mco_desc desc = mco_desc_init(coroutine_of_minicoro, 0);
    mco_coro *co;

    if (mco_create(&co, &desc) != MCO_SUCCESS) return;
    while (mco_status(co) != MCO_DEAD) mco_resume(co);
    mco_destroy(co);
}

void coroutine_of_aco(void)
{
    sink++;
}

void aco_life(aco_t *main_co, aco_share_stack_t *stack)
{
    aco_t *co = aco_create(main_co, stack, 0, coroutine_of_aco, (void *)0);

    while (!co->is_end) aco_resume(co);
    aco_destroy(co);
}
