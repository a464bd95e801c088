/*
 * thag_profiler/task.h - asynchronous code: spans and bytes belong to the task that did the work, on
 * whichever thread and in however many pieces it ran.
 *
 * A task is anything that is suspended and resumed: a coroutine, a fibre, an actor, a connection that an
 * event loop serves. It has a span stack of its own. Whoever resumes it says so:
 *
 *     job->task = thag_task_begin("download");       where it is created
 *
 *     {                                              where it is resumed: a dispatcher, often one line
 *         THAG_TASK_RUN(job->task);
 *         coroutine_resume(job->coroutine);
 *     }
 *
 *     thag_task_end(job->task);                      where it is destroyed
 *
 * Its path is that of the span that began it, with async::download below. Its time is that in which it
 * ran; what it waited is kept apart, by the span that was innermost meanwhile. `thag-analyze tasks` lists
 * tasks one by one.
 *
 * A task runs on one thread at a time, any thread. Everything here accepts NULL as a task and then does
 * nothing, so a task that could not be begun, or a program that is not being profiled, needs no test.
 * Without -DTHAG_TIME_PROFILING or -DTHAG_FULL_PROFILING nothing here makes any code.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_TASK_H
#define THAG_PROFILER_TASK_H

#include "../thag_profiler.h"

#if defined(__GNUC__)
#pragma GCC system_header
#endif

/** A task. Its address means nothing, and is not to be followed. */
typedef struct thag_task thag_task;

/** THAG_HERE_: "file.c:12", for what is said about a wrong use. */
#define THAG_TEXT_(x)   THAG_TEXT_I_(x)
#define THAG_TEXT_I_(x) #x
#define THAG_HERE_      __FILE__ ":" THAG_TEXT_(__LINE__)

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/** What thag_task_begin() and thag_task_begin_root() call. Since: 0.1 */
THAG_API_ thag_task *thag_task_begin_at(const thag_site *site, const char *name, int is_root);
THAG_API_ thag_task *thag_task_enter_at(thag_task *task, const char *place);
THAG_API_ void thag_task_leave_at(thag_task *previous, const char *place);
THAG_API_ void thag_task_switch_at(thag_task *to, const char *place);
THAG_API_ void thag_task_end_at(thag_task *task, const char *place);
THAG_API_ void thag_task_reuse_at(thag_task *task, const thag_site *site, const char *name,
                                  const char *place);

/**
 * The stack is about to be cut back to sp, by longjmp or in a way like it: spans of functions below are
 * ended now, and counted as left without an end. Otherwise the next begin or end would notice.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_stack_cut(__UINTPTR_TYPE__ sp);

/**
 * The task that the calling thread is running; NULL if it is running none.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ thag_task *thag_task_current(void);

/**
 * Say that a suspended task could run again, and waits for a thread. Optional: it divides its waiting
 * into what it waited for and what it waited in line.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_task_ready(thag_task *task);

/** Number of the task, from 1, as reports have it; 0 for NULL. Since: 0.1 */
THAG_API_ unsigned long long thag_task_id(const thag_task *task);

THAG_INLINE_ void thag_task_left_(thag_task **previous);
THAG_INLINE_ void thag_task_left_(thag_task **previous)
{
    if (__builtin_expect(THAG_ACTIVE_ != 0, 0)) thag_task_leave_at(*previous, THAG_HERE_);
}

#ifdef __cplusplus
}
#endif

#define THAG_TASK_SITE_(call, name, ...) \
    __extension__({ \
        THAG_SITE_(thag_site_, THAG_NAME_(name), 4, THAG_FLAG_async_fn); \
        call(__VA_ARGS__); \
    })
#define THAG_TASK_WHEN_(bits, call, otherwise) \
    (__builtin_expect(THAG_ACTIVE_ & (bits), 0) ? (call) : (otherwise))

/**
 * Begin a task. It does not run yet.
 *
 * @param name  A string literal, or a const char * whose text is copied. Names may repeat.
 * @return      The task, for thag_task_end(); NULL while nothing is recorded.
 *
 * Its path follows the span that begins it. thag_task_begin_root(): its path starts at the root, as
 * suits what is begun at some chance place, a pooled connection for instance.
 *
 * Threads: any.   Signals: not in handlers.   Allocates: never (memory comes from mmap).
 * errno:   kept.  Since: 0.1
 */
#define thag_task_begin(name) \
    THAG_TASK_WHEN_(3, THAG_TASK_SITE_(thag_task_begin_at, name, &thag_site_, name, 0), \
                    (thag_task *)0)
#define thag_task_begin_root(name) \
    THAG_TASK_WHEN_(3, THAG_TASK_SITE_(thag_task_begin_at, name, &thag_site_, name, 1), \
                    (thag_task *)0)

/**
 * The calling thread now runs this task; the task that it was running is suspended.
 *
 * @return  What ran before, for thag_task_leave(): NULL is the thread itself.
 *
 * A task that is running on another thread is not entered: that is counted, and reported once.
 *
 * Threads: any.   Signals: not in handlers.   Allocates: never.   errno: kept.
 * Cost:    bench/task_bench.c.   Since: 0.1
 */
#define thag_task_enter(task) \
    THAG_TASK_WHEN_(~0u, thag_task_enter_at(task, THAG_HERE_), (thag_task *)0)

/** Suspend the task that runs here and go back to `previous`. Otherwise as thag_task_enter(). */
#define thag_task_leave(previous) \
    THAG_TASK_WHEN_(~0u, thag_task_leave_at(previous, THAG_HERE_), (void)0)

/** Symmetric transfer: suspend the task that runs here, go on with `to`. As thag_task_enter(). */
#define thag_task_switch(to) THAG_TASK_WHEN_(~0u, thag_task_switch_at(to, THAG_HERE_), (void)0)

/** Enter the task here, leave it where the scope ends. A declaration, for dispatchers. */
#define THAG_TASK_RUN(task) \
    thag_task *THAG_CONCAT_(thag_ran_, __LINE__) \
        __attribute__((__cleanup__(thag_task_left_), __unused__)) = thag_task_enter(task)

/**
 * The task has finished, or is given up. Spans that are open in it end where it was suspended, and are
 * counted as left without an end.
 *
 * Threads: any, unless it is running on another.   Signals: not in handlers.   Allocates: never.
 * errno:   kept.   Since: 0.1
 */
#define thag_task_end(task) THAG_TASK_WHEN_(~0u, thag_task_end_at(task, THAG_HERE_), (void)0)

/** End the task, and begin another one under the same handle: for pools. As thag_task_end(). */
#define thag_task_reuse(task, name) \
    THAG_TASK_WHEN_( \
        ~0u, THAG_TASK_SITE_(thag_task_reuse_at, name, task, &thag_site_, name, THAG_HERE_), \
        (void)0)

#else /* inactive */

#define thag_task_begin(name)       ((void)sizeof(name), (thag_task *)0)
#define thag_task_begin_root(name)  ((void)sizeof(name), (thag_task *)0)
#define thag_task_enter(task)       ((void)sizeof(task), (thag_task *)0)
#define thag_task_leave(previous)   ((void)sizeof(previous))
#define thag_task_switch(to)        ((void)sizeof(to))
#define thag_task_end(task)         ((void)sizeof(task))
#define thag_task_reuse(task, name) ((void)sizeof(task), (void)sizeof(name))
#define thag_task_current()         ((thag_task *)0)
#define thag_task_ready(task)       ((void)sizeof(task))
#define thag_task_id(task)          ((void)sizeof(task), 0ul)
#define THAG_TASK_RUN(task)         THAG_OFF_(sizeof(task) * 0)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_TASK_H */
