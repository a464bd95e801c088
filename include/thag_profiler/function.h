/*
 * function.h - spans for functions that are known by their address alone: what a compiler's
 * -finstrument-functions calls (libthag_functions does the rest), or a hook of your own.
 *
 * Names, files and lines are found offline, by thag-analyze, in the symbols of the program and its
 * libraries; so the files have to be there, unchanged, when the trace is read.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_FUNCTION_H
#define THAG_PROFILER_FUNCTION_H

#include "../thag_profiler.h"

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Begin a span for a function.
 *
 * @param function  Where its code begins.
 * @param stack     Where the hook that calls this stands: its __builtin_dwarf_cfa().
 * @param place     What it returns to: its __builtin_return_address(0).
 *
 * Nothing happens while nothing is recorded.
 * Threads: any; end it on the same.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_function_begin(const void *function, const void *stack, const void *place);

/**
 * End the innermost open span of a function, and what was begun inside it and not ended. Without one,
 * nothing happens: it began when nothing was recorded. Who is left by a longjmp has to be told of
 * (thag_stack_cut() of task.h; libthag_functions does). Otherwise as thag_function_begin(). Since: 0.1
 */
THAG_API_ void thag_function_end(const void *function, const void *stack);

/** To be called behind dlclose(): addresses that are code no more may be other functions later.
    Threads: any.   Allocates: never.   Since: 0.1 */
THAG_API_ void thag_functions_unloaded(void);

#ifdef __cplusplus
}
#endif
#endif
#endif
