/*
 * stack_table.h - the stacks of coroutines, and whose they are.
 */
#ifndef THAGI_STACK_TABLE_H
#define THAGI_STACK_TABLE_H

#include <stdint.h>

#ifndef THAG_TIME_PROFILING
#define THAG_TIME_PROFILING
#endif
#include "thag_profiler/task.h"

#pragma GCC visibility push(hidden) /* the hooks beside it are not */
void hooks_stack_add(uintptr_t low, uintptr_t high, thag_task *task);
void hooks_stack_remove(const thag_task *task);
/** The task whose stack holds the address; NULL: none, so it is a thread's. */
thag_task *hooks_stack_find(uintptr_t address);
#pragma GCC visibility pop

#endif
