/*
 * hooks.h - what the hooks of libthag_async share: they stand in front of functions of libc.
 */
#ifndef THAGI_HOOKS_H
#define THAGI_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#ifndef THAG_TIME_PROFILING
#define THAG_TIME_PROFILING
#endif
#include "thag_profiler/stack.h"

#pragma GCC visibility push(hidden) /* only what stands before libc's is seen from outside */

/** Into *function goes the next one of that name behind ours; NULL if there is none. */
void hooks_find(void *function, const char *name);
/** The same where the program cannot go on without it: ends it, and says why. */
void hooks_need(void *function, const char *name);
/** Who refers to these has the hooks of jumps, contexts and threads, also where a sanitizer brings functions of
    those names, and the linker would look no further. */
extern const char thagi_jump_hooks, thagi_context_hooks, thagi_thread_hooks;
/** 0 if a library before this one has the same hooks: libthag_functions and libthag_async, both preloaded. */
int hooks_come_first(void);
/** Control is about to go to where the stack stands at sp, on this stack or another one. 0: not known. */
void hooks_jump_to(uintptr_t sp);
/** The name of a function, if the dynamic linker knows it; else `otherwise`. */
const char *hooks_name_of(void *function, const char *otherwise);

#pragma GCC visibility pop

#endif
