/*
 * memory.h - counting heap memory: what the hooks of src/heap do for each event, inlined there.
 *
 * Who pays: the innermost open span, and within it the call that allocated. That pair is a place; it
 * has a node of its own in the call tree, below the span's (code.c), and in each slot that met it a row
 * of counters, a trace_mem. An allocation finds its row in a hash table of the slot, by span and
 * return address; a free by the node that the block's record has, in an array: whoever allocated it.
 *
 * The usual way takes no lock and does not hold the task, as beginning a span does: an event is a few
 * additions (own_add.h) that a signal handler on the same thread may come between. What is more than
 * that (a new place, a new peak, another peak since the row was last changed, a margin that is used up)
 * is done with the task held, in memory.c; handlers that interrupt that go to a nested slot.
 *
 * Peak. trace_heap.live is the sum over all threads. A thread tells it what it allocated and freed when
 * the sum of that leaves a margin: none matters while it is alone. A peak is a free that finds more live
 * than ever, so growing costs nothing. When one is set nothing is copied: each row copies its live
 * values when it is changed for the first time after that, which it knows by the peak's own value. The
 * rest is the reader's work.
 */
#ifndef THAGI_MEMORY_H
#define THAGI_MEMORY_H

#include "platform/own_add.h"
#include "runtime/runtime.h"

/* What the hooks have to do. */
enum thagi_memory_way {
    THAGI_MEMORY_OFF,     /* nothing is recorded, and no block has a record */
    THAGI_MEMORY_CAREFUL, /* anything else than those below: look at everything */
    THAGI_MEMORY_DETAIL,  /* all that is allocated and freed, by native stacks */
    THAGI_MEMORY_SUMMARY, /* all that is allocated */
    THAGI_MEMORY_LIVE     /* and all that is freed */
};
extern unsigned char thagi_memory_way;
/** Whether memory is being recorded now: what thag_active says, in reach of one load. */
extern unsigned char thagi_memory_is_on;
/** Whether blocks get a record: set for good by the first start in live mode. */
extern unsigned char thagi_memory_is_live;
/** trace_heap.peak, and the session's memory_key, in reach of one load. In a child of fork() they are
    its parent's until it has a session of its own. */
extern uint64_t thagi_memory_peak;
extern uint32_t thagi_memory_key;

/* Of which allocations native stacks are taken (src/heap/native_stack.h). */
enum thagi_memory_stacks {
    THAGI_STACKS_NONE,
    THAGI_STACKS_FLAGGED, /* while a span with the flag mem_detail is open */
    THAGI_STACKS_ALL
};
extern unsigned char thagi_memory_stacks;
/** Counts the modules that were unloaded: addresses from before mean nothing afterwards. */
extern uint32_t thagi_memory_unloads;
static inline uint32_t thagi_memory_generation(void)
{
    return __atomic_load_n(&thagi_memory_unloads, __ATOMIC_ACQUIRE);
}

/* What a block's record has room for: nodes from here on are counted, but not followed. */
#define THAGI_RECORD_NODES (1u << 24)

/* An entry of the table of places. */
typedef struct thagi_place {
    uintptr_t pc; /* what the call returns to; 0: free */
    uint32_t span;
    uint32_t reserved;
    trace_mem *row;
} thagi_place;
struct thagi_places {
    uint32_t mask, count; /* entries less 1; entries in use */
    thagi_place at[1];    /* in truth mask + 1 */
};

static inline uint32_t thagi_place_hash(uintptr_t pc, uint32_t span)
{
    return (uint32_t)pc + span * UINT32_C(0x9E3779B1);
}

/* --- the usual way ----------------------------------------------------------------------------- */

/** Count what is not of the row's usual size. */
void thagi_memory_other(thagi_memory *memory, trace_mem *row, size_t bytes);
/** `above` has passed its limit; free_left has. The task is not held. */
void thagi_memory_used_up(thagi_task *task, uintptr_t sp);

/* A task of the user's has counters of its own besides. */
static inline void thagi_memory_pay(thagi_task *task, size_t bytes)
{
    *(thagi_pair *)(void *)&task->turn->blocks += (thagi_pair){1, bytes};
}

/** Count an allocation in a row; NULL: nothing was counted. Not for a slot that has been alerted. */
static inline __attribute__((__always_inline__)) trace_mem *
thagi_memory_count_fast(thagi_task *task, trace_mem *row, const void *block, size_t bytes,
                        int is_live)
{
    thagi_memory *memory = &task->thread->memory;
    if (is_live && THAGI_UNLIKELY(row->peak_seen != thagi_memory_peak)) return NULL;
    if (THAGI_LIKELY(row->size == bytes))
        thagi_own_add(&row->usual, 1);
    else
        thagi_memory_other(memory, row, bytes);
    if (THAGI_UNLIKELY(task->is_users)) thagi_memory_pay(task, bytes);
    if (!is_live) return row;
    memory->last_block = block;
    if (THAGI_UNLIKELY(thagi_own_add_above(&memory->above, bytes)))
        thagi_memory_used_up(task, (uintptr_t)__builtin_frame_address(0));
    return row;
}

/**
 * Count an allocation for the innermost span and the call that returns to pc. Its row; NULL: nothing
 * was counted, take thagi_memory_add().
 */
static inline __attribute__((__always_inline__)) trace_mem *
thagi_memory_add_fast(uintptr_t pc, const void *block, size_t bytes, int is_live)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!thagi_task_is_ready(task))) return NULL;
    uint32_t span = task->top->node;
    const thagi_memory *memory = &task->thread->memory;
    thagi_places *places = __atomic_load_n(&memory->places, __ATOMIC_RELAXED);
    const thagi_place *place = &places->at[thagi_place_hash(pc, span) & places->mask];
    if (THAGI_UNLIKELY(place->pc != pc) || THAGI_UNLIKELY(place->span != span)) return NULL;
    return thagi_memory_count_fast(task, place->row, block, bytes, is_live);
}

/** Count the end of a block that `node` allocated; is_free: it may have been a temporary one. 0: nothing
    was counted, take thagi_memory_sub(). */
static inline __attribute__((__always_inline__)) int
thagi_memory_sub_fast(const void *block, uint32_t node, size_t bytes, int is_free)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!thagi_task_is_ready(task))) return 0;
    thagi_memory *memory = &task->thread->memory;
    if (THAGI_UNLIKELY(node >= memory->row_room)) return 0;
    trace_mem *row = memory->rows[node];
    if (THAGI_UNLIKELY(row->peak_seen != thagi_memory_peak))
        return 0; /* so it is for the one of no row */
    if (THAGI_UNLIKELY(memory->above > memory->free_high)) return 0;
    if (THAGI_LIKELY(row->size == bytes)) {
        thagi_own_add(&row->freed_usual, 1);
    } else {
        thagi_own_add(&row->freed_other_blocks, 1);
        thagi_own_add(&row->freed_other_bytes, bytes);
    }
    if (is_free && memory->last_block == block) {
        thagi_own_add(&row->temporary, 1);
        memory->last_block = NULL;
    }
    thagi_own_add((uint64_t *)&memory->above, -(uint64_t)bytes);
    if (THAGI_UNLIKELY(thagi_own_sub_below(&memory->free_left, bytes)))
        thagi_memory_used_up(task, (uintptr_t)__builtin_frame_address(0));
    return 1;
}

/* --- the slow way ------------------------------------------------------------------------------ */

/** A task to count in, held: it goes to thagi_memory_leave_task(). NULL, and counted as lost, if there
    is none. sp: the caller's. */
thagi_task *thagi_memory_enter(uintptr_t sp, uintptr_t *was);
void thagi_memory_leave_task(thagi_task *task, uintptr_t was);

/* The functions below need the task held. */
/** After an alert the slot takes the usual way again. 0, and counted as lost: no memory. */
int thagi_memory_wake(thagi_task *task);
/** Whether it has to. */
static inline int thagi_memory_is_alert(const thagi_memory *memory)
{
    return __atomic_load_n(&memory->places, __ATOMIC_RELAXED)->mask == 0;
}
/** The row that pays for what the call that returns to pc allocates. NULL, and counted as lost, if there
    is no room. */
trace_mem *thagi_memory_payer(thagi_task *task, uintptr_t pc);
/** The row of a node. NULL, and counted as lost, if there is no room. */
trace_mem *thagi_memory_row(thagi_thread *thread, uint32_t node);
void thagi_memory_add(thagi_task *task, trace_mem *row, const void *block, size_t bytes,
                      int is_live);
/** is_free: it may have been a temporary one. */
void thagi_memory_sub(thagi_task *task, const void *block, uint32_t node, size_t bytes,
                      int is_free);

/** Allocated so far by a row; live. */
static inline uint64_t thagi_row_blocks(const trace_mem *row)
{
    return row->usual + row->other_blocks;
}
static inline uint64_t thagi_row_bytes(const trace_mem *row)
{
    return row->usual * row->size + row->other_bytes;
}

#endif
