/*
 * memory.h - counting heap memory: what the hooks of src/heap do for each event, inlined there.
 *
 * The innermost open span pays: its node is in the task's top frame. Counters stand in the arena of the
 * slot, a trace_mem for each node, found by an array: so a thread that frees a block of any node finds
 * the counters for it as fast as its own. They are not beside the cells, which stay as they are when
 * only time is recorded, and of which a node may have several.
 *
 *     task = thagi_memory_enter(sp, &was);       held, as in span.c: a signal handler goes elsewhere
 *     if (task) { thagi_memory_add(...); thagi_memory_leave_task(task, was); }
 *
 * Peak. trace_heap.live is the sum over all threads, but a thread tells it only what exceeds its
 * margin: alone, when it would make a new peak; among others, a 1024th of the peak. When a new peak is
 * set, nothing is copied: each trace_mem copies its live values when it is changed for the first time
 * after that, which it knows by the peak's own value. The rest is the reader's work.
 */
#ifndef THAGI_MEMORY_H
#define THAGI_MEMORY_H

#include "runtime/runtime.h"

#define THAGI_MEMORY_ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/** Whether memory is being recorded now: what thag_active says, in reach of one load. */
extern unsigned thagi_memory_is_on;
/** Whether blocks get a record: set for good by the first start in live mode. */
extern unsigned thagi_memory_is_live;

/** A task where the current one is not idle; NULL, and counted as lost, if there is none. */
thagi_task *thagi_memory_task(uintptr_t sp);
/** Make the counters of a node. NULL, and counted as lost, if there is no room. */
trace_mem *thagi_memory_row_new(thagi_thread *thread, uint32_t node);

static inline thagi_task *thagi_memory_enter(uintptr_t sp, uintptr_t *was)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(task->state - 1 >= THAGI_TASK_CAREFUL)) task = thagi_memory_task(sp);
    if (THAGI_UNLIKELY(!task)) return NULL;
    *was = task->state;
    task->state = sp;
    THAGI_MEMORY_ORDERED();
    return task;
}

static inline void thagi_memory_leave_task(thagi_task *task, uintptr_t was)
{
    THAGI_MEMORY_ORDERED();
    /* Not `was` as a rule: from hook to hook that would be one chain of loads and stores. */
    if (THAGI_LIKELY(was == THAGI_TASK_IDLE))
        task->state = THAGI_TASK_IDLE;
    else
        task->state = was;
}

static inline trace_mem *thagi_memory_row(thagi_thread *thread, uint32_t node)
{
    const thagi_memory *memory = &thread->memory;
    trace_mem *row = THAGI_LIKELY(node < memory->room) ? memory->rows[node] : NULL;
    return THAGI_LIKELY(row != NULL) ? row : thagi_memory_row_new(thread, node);
}

/* One store: both or none, when the process dies. */
static inline void thagi_memory_pair(uint64_t *at, uint64_t blocks, uint64_t bytes)
{
    thagi_pair *both = (thagi_pair *)(void *)at;
    *both += (thagi_pair){blocks, bytes};
}

/* Before a change: what was live at the peak, if that has moved on. */
static inline void thagi_memory_touch(trace_mem *row, const trace_heap *heap)
{
    uint64_t peak = __atomic_load_n(&heap->peak, __ATOMIC_RELAXED);
    if (THAGI_LIKELY(row->peak_seen == peak)) return;
    row->peak_blocks = row->blocks - row->freed_blocks;
    row->peak_bytes = row->bytes - row->freed_bytes;
    THAGI_MEMORY_ORDERED();
    row->peak_seen = peak;
    THAGI_MEMORY_ORDERED();
}

static inline void thagi_memory_move(thagi_session *session, thagi_thread *thread, int64_t bytes)
{
    thagi_memory *memory = &thread->memory;
    memory->pending += bytes;
    if (THAGI_UNLIKELY((uint64_t)(memory->pending - memory->low) >
                       (uint64_t)(memory->high - memory->low)))
        thagi_memory_flush(session, thread);
}

static inline unsigned thagi_memory_bucket(uint64_t bytes)
{
    unsigned b = bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(bytes - 1);
    return b < TRACE_SIZE_BUCKETS ? b : TRACE_SIZE_BUCKETS - 1;
}

/** Count an allocation for the task's innermost span. Its node, TRACE_NONE if it could not be counted. */
static inline uint32_t thagi_memory_add(thagi_session *session, thagi_task *task, const void *block,
                                        size_t bytes, int is_live)
{
    thagi_thread *thread = task->thread;
    uint32_t node = task->top->node;
    trace_mem *row = thagi_memory_row(thread, node);
    if (THAGI_UNLIKELY(!row)) return TRACE_NONE;
    if (is_live) thagi_memory_touch(row, session->heap);
    thagi_memory_pair(&row->blocks, 1, bytes);
    struct trace_size_bucket *bucket = &thread->memory.sizes->bucket[thagi_memory_bucket(bytes)];
    thagi_memory_pair(&bucket->blocks, 1, bytes);
    if (!is_live) return node;
    thread->memory.last_block = block;
    thagi_memory_move(session, thread, (int64_t)bytes);
    return node;
}

/** Count the end of a block that `node` allocated. */
static inline void thagi_memory_sub(thagi_session *session, thagi_task *task, const void *block,
                                    uint32_t node, size_t bytes, int is_free)
{
    thagi_thread *thread = task->thread;
    trace_mem *row = thagi_memory_row(thread, node);
    if (THAGI_UNLIKELY(!row)) return;
    thagi_memory_touch(row, session->heap);
    thagi_memory_pair(&row->freed_blocks, 1, bytes);
    if (is_free && thread->memory.last_block == block) {
        row->temporary++;
        thread->memory.last_block = NULL;
    }
    thagi_memory_move(session, thread, -(int64_t)bytes);
}

#endif
