/*
 * pool.h - memory that the program hands out itself, or maps: counted by name and by who pays, apart
 * from the heap.
 *
 * One lock for all pools: events are as rare as those of a slow path, as seen from malloc, and tables of
 * blocks have to be shared anyway, for whoever frees a block is not who allocated it. It is no lock that
 * signals are blocked for: a handler that finds its own thread in here goes away again, and is counted
 * as a loss.
 */
#ifndef THAGI_POOL_H
#define THAGI_POOL_H

#include "runtime/memory.h"

/* A call that holds the pools. */
typedef struct thagi_pool_call {
    struct thagi_pools *pools;
    thagi_task *task;
    uintptr_t was;          /* of the task */
    uintptr_t pc;           /* that the call from outside returns to */
    const uintptr_t *frame; /* of the function that was called from outside */
    int saved_errno;
} thagi_pool_call;

/** Hold the pools and a task. 0, and counted as lost: it cannot be. pc, frame are set by the caller. */
int thagi_pool_enter(thagi_pool_call *call);
void thagi_pool_leave(thagi_pool_call *call);

/** The counters of whoever calls, in the pool of that name. NULL, and counted as lost: no room. */
trace_pool_row *thagi_pool_row(thagi_pool_call *call, const char *name);
void thagi_pool_add(thagi_pool_call *call, trace_pool_row *row, uint64_t bytes);
void thagi_pool_sub(thagi_pool_call *call, trace_pool_row *row, uint64_t blocks, uint64_t bytes);

#endif
