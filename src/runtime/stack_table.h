/*
 * stack_table.h - the stacks that are known beside those of threads, by address.
 *
 * Reading takes no lock but where the table was changed meanwhile. Changes take one, which is held with all
 * signals blocked: all of this may be done in a signal handler.
 */
#ifndef THAGI_STACK_TABLE_H
#define THAGI_STACK_TABLE_H

#include "runtime/runtime.h"

#include "thag_profiler/stack.h"

typedef struct thagi_stack {
    uintptr_t lo, hi;
    thag_task *task; /* handle; NULL: none yet */
    int is_guess;    /* a whole mapping: a stack that was named counts before it */
} thagi_stack;

/** 0: no memory. */
int thagi_stack_table_start(void);
/** In a child of fork(), where memory is not wiped by it: who had the lock is not here. */
void thagi_stack_table_child(void);
/** The stack that holds the address, copied; 0: none. */
int thagi_stack_find(uintptr_t address, thagi_stack *out);
/** 0: not added. What else lies there must have been removed. */
int thagi_stack_insert(const thagi_stack *stack);
/** Remove one stack that overlaps [lo, hi), other than a guess, and copy it to *out. 0: there is none. */
int thagi_stack_take_out(uintptr_t lo, uintptr_t hi, thagi_stack *out);
/** Remove the stack that begins at lo, and copy it to *out. 0: there is none. */
int thagi_stack_take_out_at(uintptr_t lo, thagi_stack *out);
/** Give the stack that begins at lo to a task. 0: there is none. */
int thagi_stack_give(uintptr_t lo, thag_task *task);

#endif
