/*
 * task.h - tasks of the user's: what is suspended and resumed, on any thread.
 *
 *     thagi_current ──> thag_task { task: span stack, clock | owner | ... } ──turn──> trace_task
 *
 * A task is worked on by the thread that owns it, and has no owner while it is suspended; owning is one
 * compare-and-swap. Counters stay with the threads: when a task comes to another thread, its frames are
 * pointed to that thread's cells (task_switch.c). The thread's own task, thagi_thread.base_task, is
 * suspended meanwhile, so no time counts twice.
 *
 * The user's handle is the address with a generation in its upper 16 bits, so that a handle that is used
 * after its task's end is recognized. After a fork all tasks of the parent read as zero, and are none.
 */
#ifndef THAGI_TASK_H
#define THAGI_TASK_H

#include "runtime/runtime.h"

#include "thag_profiler/task.h"

struct thag_task {
    thagi_task task;     /* first: thagi_current points here */
    thagi_thread *owner; /* runs it, or works on it; NULL: suspended. Taken by compare-and-swap */
    const char *place;   /* where it was entered, or ended, last; for reports of misuse */
    struct thag_task *next_spare;
    uint64_t ready_since; /* since when it could run; 0: not said. Any thread */
    uint16_t generation;  /* of the handle; 0: never begun in this process. One more when it ends */
    uint16_t
        frames_class; /* of the piece that its frames are in; 0: only the base, in its record */
};

static inline trace_task *thagi_task_record(const thag_task *t)
{
    return (trace_task *)(void *)((char *)t->task.turn - offsetof(trace_task, turn));
}

/* Of the user's, not a thread's own. */
static inline int thagi_task_is_users(const thagi_task *task)
{
    return (int)task->is_users;
}

/* The thread still has the task that it is said to run. */
static inline int thagi_task_is_owned(const thagi_task *task, const thagi_thread *thread)
{
    return !task->is_users ||
           __atomic_load_n(&((const thag_task *)task)->owner, __ATOMIC_RELAXED) == thread;
}

#define THAGI_HANDLE_SHIFT 48
static inline thag_task *thagi_handle_of(const thagi_task *task)
{
    if (!thagi_task_is_users(task)) return NULL;
    const thag_task *t = (const thag_task *)task;
    return (thag_task *)((uintptr_t)t | (uintptr_t)t->generation << THAGI_HANDLE_SHIFT);
}

static inline thag_task *thagi_handle_task(const thag_task *handle)
{
    return (thag_task *)((uintptr_t)handle & (((uintptr_t)1 << THAGI_HANDLE_SHIFT) - 1));
}

static inline uint16_t thagi_handle_generation(const thag_task *handle)
{
    return (uint16_t)((uintptr_t)handle >> THAGI_HANDLE_SHIFT);
}

/** The task of a handle; NULL for none, for one of before a fork, and, reported, for one that ended. */
thag_task *thagi_task_of(const thag_task *handle, const char *verb, const char *place);

/* task.c */
/** Begin a task below what `from` has open, which is held. NULL, and counted: no memory. */
thag_task *thagi_task_begin_in(thagi_task *from, const thag_site *site, const char *name,
                               int is_root);
/** From now on its calls come from [lo, hi), or it does not run: see stack_watch.c. */
void thagi_task_set_stack(thag_task *handle, uintptr_t lo, uintptr_t hi);

/* task_pool.c */
/** A task without a path or id. NULL: no memory. */
thag_task *thagi_task_new(thagi_thread *thread);
void thagi_task_free(thagi_thread *thread, thag_task *t);
/** More room for the frames of a task of the user's. */
int thagi_task_grow_users(thag_task *t);

/* All tasks of the session, for what is written at its end. */
typedef struct thagi_task_block {
    struct thagi_task_block *next;
    uint32_t used;  /* of task[] */
    uint32_t index; /* of its chunk */
    trace_chunk *chunk;
    uint64_t padding[5];
    thag_task task[];
} thagi_task_block;

/* task_switch.c */
/** The calling thread's task, ready and then held; NULL if it cannot be had. */
thagi_task *thagi_task_hold(uintptr_t sp);
/** Own the task of a handle, with its frames counting here. 0: somebody else does, or it has ended in
    this moment, or there is no memory. */
int thagi_task_take(const thag_task *handle, thagi_thread *thread);
void thagi_task_give(thag_task *t);
/** The rest of it, for who has become the owner already. */
int thagi_task_adopt(const thag_task *handle, thagi_thread *thread);
/** An owner that is about to give the task up: wait for that. */
#define THAGI_TASK_LEAVING ((thagi_thread *)1)
/** From one task of the thread to another, which is owned; both are held. */
void thagi_task_change(thagi_thread *thread, thagi_task *from, thagi_task *to, uint64_t now);
/** The same, where another thread has taken the task that ran here. */
void thagi_task_arrive(thagi_thread *thread, thagi_task *to, uintptr_t sp, uint64_t now);
/** The row of a node where a task waits for the first time; NULL, and counted: no memory. */
trace_wait *thagi_wait_first(thagi_thread *thread, uint32_t node);
/** Count a time of waiting at a node. */
static inline void thagi_wait_count(thagi_thread *thread, uint32_t node, uint64_t ticks,
                                    uint64_t ready)
{
    trace_wait *row = node < thread->waits.room ? thread->waits.rows[node] : NULL;
    if (THAGI_UNLIKELY(!row)) row = thagi_wait_first(thread, node);
    if (THAGI_UNLIKELY(!row)) return;
    *(thagi_pair *)(void *)&row->waits += (thagi_pair){1, ticks};
    if (THAGI_UNLIKELY(ready != 0)) row->ready_ticks += ready;
    if (ticks > row->max_ticks) row->max_ticks = ticks;
}
/** Count what a task has waited, and let its clock go on; suspended: or not, since then. It is owned. */
void thagi_task_resumed(thag_task *t, uint64_t now, uint64_t suspended);

#endif
