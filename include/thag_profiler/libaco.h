/*
 * thag_profiler/libaco.h - coroutines of libaco as tasks, by one line:
 *
 *     #include "aco.h"
 *     #include "thag_profiler/libaco.h"
 *
 * in every file that makes, resumes or destroys coroutines; nothing else changes. aco_create() begins a
 * task, named after the function that it is given; aco_resume() enters it, aco_yield() needs nothing; it ends
 * with aco_exit(), or by aco_destroy(). Stacks that are shared, and copied, make no difference.
 *
 * The task stands in the coroutine's field `fp`, which libaco has no use for once the coroutine is made: a
 * program that reads it does not find its function there.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_LIBACO_H
#define THAG_PROFILER_LIBACO_H

#include "task.h"

#ifndef ACO_H
#error "include aco.h before thag_profiler/libaco.h"
#endif

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/* A task's upper bits are those of no address: so it is told from a function. NULL: there is none. */
static __inline__ thag_task *thag_aco_task(const aco_t *co)
{
    return co && co->main_co && (__UINTPTR_TYPE__)co->fp >> 48
               ? (thag_task *)(__UINTPTR_TYPE__)co->fp
               : (thag_task *)0;
}

static __inline__ aco_t *thag_aco_create(aco_t *main_co, aco_share_stack_t *stack,
                                         __SIZE_TYPE__ saved, aco_cofuncp_t function,
                                         void *argument, const char *name)
{
    aco_t *co = aco_create(main_co, stack, saved, function, argument);
    thag_task *task = main_co ? thag_task_begin(name) : (thag_task *)0;
    if (task) co->fp = (aco_cofuncp_t)(__UINTPTR_TYPE__)task;
    return co;
}

static __inline__ void thag_aco_end(aco_t *co)
{
    thag_task_end(thag_aco_task(co));
    if (thag_aco_task(co)) co->fp = (aco_cofuncp_t)0;
}

static __inline__ void thag_aco_resume(aco_t *co)
{
    {
        THAG_TASK_RUN(thag_aco_task(co));
        aco_resume(co);
    }
    if (co->is_end) thag_aco_end(co);
}

static __inline__ void thag_aco_destroy(aco_t *co)
{
    thag_aco_end(co);
    aco_destroy(co);
}

#ifdef __cplusplus
}
#endif

#define aco_create(main_co, stack, saved, function, argument) \
    thag_aco_create(main_co, stack, saved, function, argument, #function)
#define aco_resume(co)  thag_aco_resume(co)
#define aco_destroy(co) thag_aco_destroy(co)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_LIBACO_H */
