/*
 * native_stack.h - who called malloc: the machine code's call stack, as a node of the call tree.
 *
 * A native stack hangs below the node of the innermost open span, and goes no further up than to the
 * function that has the span; without spans it goes to the start of the thread. So counters by node
 * are counters by stack, frees find the stack that allocated, and spans and stacks are one tree.
 *
 * Most stacks are, but for a few calls, the one before. So each slot keeps the last walk: a new one goes
 * from malloc outwards, by what is known of each return address (eh_frame.h, read once), until it comes to
 * a call of the last one from which on all is unchanged, which a load and a compare for each call show.
 * From there it goes back inwards, each call to its node below the one before. Only what is new takes the
 * session's lock. Some walks are kept besides, and found by what came next the last time, or by what the stack
 * looks like: where a few dozen stacks take turns, most walks need not be made at all.
 */
#ifndef THAGI_NATIVE_STACK_H
#define THAGI_NATIVE_STACK_H

#include "runtime/memory.h"

typedef enum thagi_stack_kind {
    THAGI_STACK_ALLOC,
    THAGI_STACK_FREE,
    THAGI_STACK_NODE, /* only who it is: what comes back is its node and 1 */
    THAGI_STACK_KINDS
} thagi_stack_kind;

/**
 * Who pays for a stack that was met before, from the frame address of the very hook: thagi_row * of one
 * that allocates, trace_release * of one that frees. NULL: take thagi_native_stack(). The task is not
 * held.
 */
void *thagi_native_known(thagi_task *task, const uintptr_t *frame, thagi_stack_kind kind);

/**
 * The same for any stack. `frame` may be that of any of the hook's functions; the hook's own call
 * returns to pc; `bytes` are allocated. NULL, and counted as a loss, if there is no memory. The task
 * must be held.
 */
void *thagi_native_stack(thagi_session *session, thagi_task *task, const uintptr_t *frame,
                         uintptr_t pc, thagi_stack_kind kind, size_t bytes);

/** Of an allocation by other means than malloc, the node of its stack, if stacks are wanted; else
    TRACE_NONE. For the runtime, which may be without us. */
uint32_t thagi_heap_stack_node(thagi_task *task, const uintptr_t *frame, uintptr_t pc);

/** Whether stacks are wanted: the innermost span, or one around it, has the flag mem_detail. */
int thagi_native_is_wanted(thagi_session *session, const thagi_task *task);

#endif
