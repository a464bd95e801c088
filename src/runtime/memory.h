/*
 * memory.h - counting heap memory: what the hooks of src/heap do for each event, inlined there.
 *
 * Who pays: the innermost open span, and within it the call that allocated. That pair is a place; it
 * has a node of its own in the call tree, below the span's (code.c), and in each slot that met it a row
 * of counters, a trace_mem. An allocation finds its row in a hash table of the slot, by span and
 * return address; a free by the node that the block's record has, in an array: whoever allocated it.
 *
 * The usual way takes no lock and neither holds the task, as beginning a span does, nor cares whether
 * it is held: an event is a few additions (own_add.h), and a signal handler on the same thread may come
 * between any two of them. What is more than that (a new place, a new peak, another peak since the row
 * was last changed, a margin that is left) is done with the task held, in memory.c; handlers that
 * interrupt that find their rows as ever, or go to a nested slot.
 *
 * Most calls allocate blocks of one size: that of the first block that they did. It is the same in all
 * slots (code.c), and so a block's record need not say more than that it has it.
 *
 * Peak. trace_heap.live is the sum over all threads. A thread tells it what it allocated and freed when
 * the sum of that leaves a margin; while it is alone only for the heap over time (heap_series.c), by
 * wider and wider steps if they follow each other fast. A peak is a free that finds more live than ever, so
 * growing costs nothing: an allocation that leaves the last peak below it is a margin left, and tells
 * frees to look. When a peak is set nothing is copied: each row copies its live
 * values when it is changed for the first time after that, which it knows by the peak's own value. The
 * rest is the reader's work.
 */
#ifndef THAGI_MEMORY_H
#define THAGI_MEMORY_H

#include "platform/own_add.h"
#include "runtime/heap_sample.h"
#include "runtime/runtime.h"

/* What the hooks have to do: src/heap has functions for each. */
enum thagi_memory_way {
    THAGI_MEMORY_OFF,     /* nothing is recorded, and no block has a record */
    THAGI_MEMORY_CAREFUL, /* anything else than those below: look at everything */
    THAGI_MEMORY_SAMPLED, /* by samples: src/heap/heap_sampled.c */
    THAGI_MEMORY_DETAIL,  /* all that is allocated and freed, by native stacks */
    THAGI_MEMORY_SUMMARY, /* all that is allocated */
    THAGI_MEMORY_MANY,    /* and all that is freed, by several threads */
    THAGI_MEMORY_ALONE,   /* by one: the margins are steps of the heap over time */
    THAGI_MEMORY_WAYS
};
#define THAGI_HIDDEN __attribute__((__visibility__("hidden")))
/** Functions of src/heap for each way, and those in use. All the same, if there is no src/heap. */
typedef struct thagi_heap_way {
    void *(*alloc)(size_t);
    void *(*zeroed)(size_t, size_t);
    void *(*resize)(void *, size_t);
    void (*release)(void *);
    enum thagi_memory_way way;
    const struct thagi_heap_way
        *timed; /* the same, which take what they cost off the times of spans */
} thagi_heap_way;
extern THAGI_HIDDEN const thagi_heap_way *thagi_memory_way;
extern THAGI_HIDDEN thagi_heap_way thagi_heap_ways[THAGI_MEMORY_WAYS] __attribute__((__weak__));
/** Whether times are recorded, too. */
extern THAGI_HIDDEN unsigned char thagi_memory_is_timed;
/** Whether memory is being recorded now: what thag_active says, in reach of one load. */
extern THAGI_HIDDEN unsigned char thagi_memory_is_on;
/** Whether blocks get a record: set for good by the first start in live mode. */
extern THAGI_HIDDEN unsigned char thagi_memory_is_live;
/** trace_heap.peak, and the session's memory_key, in reach of one load. In a child of fork() they are
    its parent's until it has a session of its own. */
extern THAGI_HIDDEN uint64_t thagi_memory_peak;
extern THAGI_HIDDEN uint64_t thagi_memory_key;

/** Bytes for which there is one sample, in reach of one load; 0: every block is recorded. */
extern THAGI_HIDDEN uint64_t thagi_memory_period;

/* Of which allocations native stacks are taken (src/heap/native_stack.h). */
enum thagi_memory_stacks {
    THAGI_STACKS_NONE,
    THAGI_STACKS_FLAGGED, /* while a span with the flag mem_detail is open */
    THAGI_STACKS_ALL
};
extern THAGI_HIDDEN unsigned char thagi_memory_stacks;
/** Whether mappings are recorded. */
extern THAGI_HIDDEN unsigned char thagi_memory_maps;
/** Counts the modules that were unloaded: addresses from before mean nothing afterwards. */
extern uint32_t thagi_memory_unloads;
static inline uint32_t thagi_memory_generation(void)
{
    return __atomic_load_n(&thagi_memory_unloads, __ATOMIC_ACQUIRE);
}

/** The slot's part of the calling thread; one of no rows while it has no slot. */
extern __thread thagi_memory *thagi_memory_here __attribute__((__tls_model__("initial-exec")));

/* A trace_mem_usual, with the writer's own part: the place that it is of. */
typedef struct thagi_row {
    uint32_t kind;
    uint32_t node;
    uint32_t size;
    uint32_t span;
    uintptr_t pc; /* what its call returns to; 0: nothing was allocated there by this slot yet */
    uint64_t usual;
    uint64_t freed_usual;
    uint64_t peak_seen;
    uint64_t temporary;
    uint64_t peak_usual;
} thagi_row;

/* What a row has once it is needed. `other` is as far as the row itself, by peak_seen. */
struct thagi_more {
    trace_mem_other *other;
    trace_mem_resized *resized;
};

/* A hash table. Entries are never NULL: a free one is a row of no place. */
struct thagi_places {
    uint32_t mask, count; /* entries less 1; entries in use */
    thagi_row *at[1];     /* in truth mask + 1 */
};

static inline uint32_t thagi_place_hash(uintptr_t pc, uint32_t span)
{
    return (uint32_t)pc + span * 8;
}

/* --- the usual way ----------------------------------------------------------------------------- */

/** A margin has been left. The task is not held. */
void thagi_memory_used_up(thagi_task *task);
/** Make a row that is behind the peak fit to be changed. 0: not now, take the slow way. */
int thagi_memory_catch_up(thagi_task *task, thagi_row *row);
/** The row of thagi_memory_creditor_fast(), after that. NULL: take the slow way. */
thagi_row *thagi_memory_creditor_current(uint32_t node);

/* b: more than 2^(b-1) bytes, up to 2^b. */
static inline unsigned thagi_size_bucket(uint64_t bytes)
{
    uint64_t odd = 2 * bytes - (bytes != 0);
    unsigned b = 63 - (unsigned)__builtin_clzll(odd | 1);
    return b < TRACE_SIZE_BUCKETS ? b : TRACE_SIZE_BUCKETS - 1;
}

/** Whether a row of that slot has what a block of that size, its beginning or its end, is counted in. */
static inline __attribute__((__always_inline__)) int
thagi_memory_has_room(const thagi_memory *memory, const thagi_row *row, size_t bytes,
                      int is_resized)
{
    if (is_resized && THAGI_UNLIKELY(!memory->more[row->node].resized)) return 0;
    return THAGI_LIKELY(row->size == bytes) || THAGI_LIKELY(memory->more[row->node].other != NULL);
}

/* Count what is not of the row's usual size. */
static inline __attribute__((__always_inline__)) void
thagi_memory_other(const thagi_memory *memory, const thagi_row *row, size_t bytes)
{
    struct trace_size_bucket *bucket = &memory->sizes->bucket[thagi_size_bucket(bytes)];
    trace_mem_other *other = memory->more[row->node].other;
    thagi_own_add(&other->bytes, bytes);
    thagi_own_add(&other->blocks, 1);
    thagi_own_add(&bucket->bytes, bytes);
    thagi_own_add(&bucket->blocks, 1);
}

/* A task of the user's has counters of its own besides. */
static inline void thagi_memory_pay(thagi_task *task, uint64_t blocks, uint64_t bytes)
{
    if (THAGI_UNLIKELY(task->is_users))
        *(thagi_pair *)(void *)&task->turn->blocks += (thagi_pair){blocks, bytes};
}

/**
 * The row that pays for what the call that returns to pc allocates, if it is found at once; else NULL. In
 * live mode it may be behind the peak.
 *
 * To be asked before the block is made, where that is possible: the counter's address is known in time
 * then. Loads that follow a store wait until it is known where that goes, and allocators do little else.
 */
static inline __attribute__((__always_inline__)) thagi_row *thagi_memory_payer_fast(uintptr_t pc)
{
    const thagi_places *places = __atomic_load_n(&thagi_memory_here->places, __ATOMIC_RELAXED);
    if (THAGI_UNLIKELY(!places)) return NULL; /* no slot; or forked, and wiped */
    uint32_t span = thagi_current->top->node;
    thagi_row *row = places->at[thagi_place_hash(pc, span) & places->mask];
    return THAGI_LIKELY(row->pc == pc) && THAGI_LIKELY(row->span == span) ? row : NULL;
}
/** The same, if it is there at all and may be changed. */
thagi_row *thagi_memory_payer_current(thagi_task *task, uintptr_t pc, int is_live);

/** Whether the slot's thread runs its own task, not one of the user's; not so where fork() has wiped it. */
static inline int thagi_memory_is_own(const thagi_memory *memory)
{
    const char *at = (const char *)memory - offsetof(thagi_thread, memory);
    const thagi_thread *thread = (const thagi_thread *)(const void *)at;
    return thread->running == &thread->base_task;
}

/** Whether a row that was found may be changed; else thagi_memory_catch_up(). */
static inline int thagi_memory_is_current(const thagi_row *row)
{
    return row->peak_seen == thagi_memory_peak;
}

/** Whether the next free has to look at whether live is at a peak. */
static inline int thagi_memory_may_peak(const thagi_memory *memory)
{
    return __atomic_load_n(&memory->may_peak, __ATOMIC_RELAXED) != 0;
}

/** Count a block with a row that is current and has room, in that slot. 1: a margin is left, call
    thagi_memory_used_up(). Of no task of the user's. */
static inline __attribute__((__always_inline__)) int
thagi_memory_count_fast(thagi_memory *memory, thagi_row *row, const void *block, size_t bytes,
                        enum thagi_memory_way way)
{
    if (THAGI_LIKELY(row->size == bytes))
        thagi_own_add(&row->usual, 1);
    else
        thagi_memory_other(memory, row, bytes);
    if (way == THAGI_MEMORY_SUMMARY) return 0;
    memory->last_block = block;
    return thagi_own_add_above(&memory->above, bytes);
}

/** The same of any task, in its slot. */
static inline __attribute__((__always_inline__)) int
thagi_memory_add_fast(thagi_task *task, thagi_row *row, const void *block, size_t bytes,
                      enum thagi_memory_way way)
{
    thagi_memory_pay(task, 1, bytes);
    return thagi_memory_count_fast(&task->thread->memory, row, block, bytes, way);
}

/**
 * The row to be credited for a block that `node` allocated, if it is found at once and all is as usual;
 * else NULL. Then nothing is to be counted but by thagi_memory_sub().
 */
static inline __attribute__((__always_inline__)) thagi_row *
thagi_memory_creditor_fast(const thagi_memory *memory, uint32_t node, enum thagi_memory_way way)
{
    if (THAGI_UNLIKELY(node >= memory->row_room)) return NULL; /* so it is without a slot */
    thagi_row *row = memory->rows[node];
    if (THAGI_UNLIKELY(!thagi_memory_is_current(row))) return NULL; /* as that of no row */
    if (way != THAGI_MEMORY_MANY && THAGI_UNLIKELY(thagi_memory_may_peak(memory))) return NULL;
    return row;
}

/** The same of its end. way: THAGI_MEMORY_MANY or _ALONE, if it is known to be that; or any other. */
static inline __attribute__((__always_inline__)) int
thagi_memory_sub_fast(thagi_memory *memory, thagi_row *row, const void *block, size_t bytes,
                      int is_free, enum thagi_memory_way way)
{
    if (THAGI_LIKELY(row->size == bytes)) {
        thagi_own_add(&row->freed_usual, 1);
    } else {
        trace_mem_other *other = memory->more[row->node].other;
        thagi_own_add(&other->freed_blocks, 1);
        thagi_own_add(&other->freed_bytes, bytes);
    }
    if (is_free && memory->last_block == block) {
        thagi_own_add(&row->temporary, 1);
        memory->last_block = NULL;
    }
    thagi_own_sub((uint64_t *)&memory->above, bytes);
    if (way != THAGI_MEMORY_ALONE && thagi_own_sub_below(&memory->free_left, bytes)) return 1;
    return way != THAGI_MEMORY_MANY && THAGI_UNLIKELY(memory->above < memory->free_low);
}

/** Take ticks of the hooks' off the open spans of a task, which need not be held. */
static inline void thagi_memory_shift(thagi_task *task, uint64_t ticks)
{
    thagi_own_add(&task->shift, ticks);
    task->turn->shift_ticks = task->shift;
    if (THAGI_UNLIKELY(task->is_users)) task->thread->base_task.turn->task_ticks -= ticks;
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
/** The row of a node, for a block of `bytes`. NULL, and counted as lost, if there is no room. */
thagi_row *thagi_memory_row(thagi_thread *thread, uint32_t node, uint64_t bytes);
/** The row that pays for what the call that returns to pc allocates, `bytes` now. NULL, and counted as
    lost, if there is no room. */
thagi_row *thagi_memory_payer(thagi_task *task, uintptr_t pc, size_t bytes);
/** Whether a block is too small to be recorded: then it is counted as that. */
int thagi_memory_skip(thagi_task *task, size_t bytes);
/** 0, and counted as lost: no room. */
int thagi_memory_add(thagi_task *task, thagi_row *row, const void *block, size_t bytes,
                     int is_live);
/** That what was counted was resized from blocks of so many bytes. */
void thagi_memory_add_resized(thagi_task *task, const thagi_row *row, uint64_t blocks,
                              uint64_t bytes);
/** What of a row is not of its usual size. NULL, and counted as lost: no room. */
trace_mem_other *thagi_memory_other_of(thagi_thread *thread, const thagi_row *row);
/** Count the end of a block that `node` allocated. is_free: it may have been a temporary one. */
void thagi_memory_sub(thagi_task *task, const void *block, uint32_t node, size_t bytes,
                      int is_free);

/** Before a row is changed: keep what it had at the peak, if that has moved on. */
void thagi_memory_touch(const thagi_memory *memory, thagi_row *row);
/** After a change: tell the others what is pending, if the margin is left. */
void thagi_memory_settle(thagi_session *session, thagi_thread *thread);
/** Tell them. may_be_peak: or else nothing is freed from it yet. */
void thagi_memory_flush(thagi_session *session, thagi_thread *thread, int may_be_peak);

/* --- by samples: memory_sample.c ---------------------------------------------------------------- */

/** A block that has become a sample, and its end. The task is held. 0, and counted as lost: no room. */
int thagi_memory_add_sample(thagi_task *task, thagi_row *row, const void *block,
                            const thagi_sample *sample);
void thagi_memory_sub_sample(thagi_task *task, const void *block, uint32_t node,
                             const thagi_sample *sample, int is_free);
/** A block of `size` was taken off what was left, and nothing is left: whether it is a sample. The task is
    not held. */
int thagi_memory_sample_due(size_t size);
/** The thread is gone: say how much it allocated. */
void thagi_samples_settle(thagi_memory *memory);

/* --- who frees what who allocated: memory_pair.c ------------------------------------------------- */

/** The pair of a block's node and the path that frees it, if it was met before in that slot. */
trace_pair *thagi_pair_known(const thagi_memory *memory, trace_release *release, uint32_t node);
/** For the first time. is_held: the task is. NULL: it cannot be kept. */
trace_pair *thagi_pair_new(thagi_task *task, int is_held, trace_release *release, uint32_t node);

/** Count it. */
static inline void thagi_pair_count(thagi_task *task, int is_held, trace_release *release,
                                    uint32_t node, uint64_t blocks, uint64_t bytes)
{
    trace_pair *pair = (trace_pair *)(uintptr_t)release->scratch; /* its last one */
    if (!pair || pair->node != node) pair = thagi_pair_known(&task->thread->memory, release, node);
    if (THAGI_UNLIKELY(!pair)) pair = thagi_pair_new(task, is_held, release, node);
    if (THAGI_UNLIKELY(!pair)) {
        thagi_count(TRACE_LOST_PAIR, blocks);
        return;
    }
    thagi_own_add(&pair->blocks, blocks);
    thagi_own_add(&pair->bytes, bytes);
}

/** What a node of that slot has counted, in one: the other sizes' part, and of the usual size the sums. */
static inline trace_mem_other thagi_memory_sum(const thagi_memory *memory, uint32_t node)
{
    const trace_mem_other *other = __atomic_load_n(&memory->more, __ATOMIC_RELAXED)[node].other;
    const thagi_row *row = __atomic_load_n(&memory->rows, __ATOMIC_RELAXED)[node];
    trace_mem_other sum = {0};
    if (other) sum = *other;
    sum.blocks += row->usual;
    sum.bytes += row->usual * row->size;
    sum.freed_blocks += row->freed_usual;
    sum.freed_bytes += row->freed_usual * row->size;
    return sum;
}

#endif
