/*
 * thag_profiler/stack.h - stacks that are switched without a word: for libraries that make coroutines, and
 * for libthag_async, which does for libc's what is written here.
 *
 * Who knows when a stack is switched says so (task.h). Where nobody does, the stacks themselves tell: once
 * thag_stack_watch() was called, every begin and end, and every allocation that is recorded, looks whether
 * it still stands on the stack of the task that is said to run. If not, the task of that stack goes on; a
 * stack that has none yet gets one, named "coroutine". When exactly the switch was is not known: the
 * time from it to the next begin or end goes to who ran before. Bytes are exact.
 *
 * A stack is known by its place: a thread's own, what thag_stack_add() named, or else the whole mapping that
 * it lies in. So coroutines whose stacks are cut from one piece of memory need thag_stack_add().
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_STACK_H
#define THAG_PROFILER_STACK_H

#include "task.h"

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/**
 * From now on look at the stack. Spans take some nanoseconds more. Call it before other threads begin
 * spans, best in a constructor; there is no way back.
 *
 * Threads: any.   Signals: not in handlers.   Allocates: never (memory comes from mmap).   errno: kept.
 * Since: 0.1
 */
THAG_API_ void thag_stack_watch(void);

/**
 * A piece of memory is a stack, or may become one.
 *
 * @param low   Its lowest address. What was known of stacks there before is forgotten.
 * @param task  Whose it is: it ends with the stack, unless it was ended before. NULL: of the first who is
 *              seen there.
 *
 * Without thag_stack_watch() only stacks with a task are kept. If there is no memory nothing happens.
 *
 * Threads: any.   Signals: not in handlers.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_stack_add(const void *low, __SIZE_TYPE__ bytes, thag_task *task);

/**
 * The memory is given back: stacks there are forgotten, and their tasks end.
 *
 * @param bytes  0: the stack that begins at low. If none is known this is quick.
 *
 * Threads: any.   Signals: not in handlers.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_stack_remove(const void *low, __SIZE_TYPE__ bytes);

/** The task whose stack holds the address; NULL: none that is known. Threads, Signals: any. Since: 0.1 */
THAG_API_ thag_task *thag_stack_task(__UINTPTR_TYPE__ address);

#ifdef __cplusplus
}
#endif

#else /* inactive */

#define thag_stack_watch() ((void)0)
#define thag_stack_add(low, bytes, task) \
    ((void)sizeof(low), (void)sizeof(bytes), (void)sizeof(task))
#define thag_stack_remove(low, bytes) ((void)sizeof(low), (void)sizeof(bytes))
#define thag_stack_task(address)      ((void)sizeof(address), (thag_task *)0)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_STACK_H */
