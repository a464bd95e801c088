/*
 * heap_ways.h - what the two halves of the hooks share. heap_usual.c has the usual ways of malloc,
 * calloc, realloc and free; what is not as usual goes on in heap_hooks.c, which looks at everything.
 */
#ifndef THAGI_HEAP_WAYS_H
#define THAGI_HEAP_WAYS_H

#include "heap/heap_real.h"
#include "heap/heap_record.h"
#include "heap/native_stack.h"
#include "runtime/memory.h"

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define APART       static __attribute__((__noinline__))
#define INLINED     static inline __attribute__((__always_inline__))
/* Of a hook: where its caller goes on. */
#define CALLER() ((uintptr_t)__builtin_return_address(0))

/* A block as its record has it. */
typedef struct thagi_old_block {
    void *block;
    uint32_t node; /* TRACE_NONE: it has no record */
    size_t size;
} thagi_old_block;

/* pc: where the hook's caller goes on. They need not be called from the hook itself. */
#define HIDDEN __attribute__((__visibility__("hidden")))
/** A new block of `size`, for which thagi_with_record(size) was asked; or NULL. Gives it back. */
HIDDEN void *thagi_heap_made(void *block, size_t size, uintptr_t pc);
/** free(), whatever it takes. */
HIDDEN void thagi_heap_release(void *block, uintptr_t pc);
/** realloc(), whatever it takes. */
HIDDEN void *thagi_heap_resize(void *block, size_t size, uintptr_t pc);
/** Count that a block, whose record is out already, was resized away. */
HIDDEN void thagi_heap_discharge(const thagi_old_block *old, int is_free, uintptr_t pc);
/** Count what it has become. */
HIDDEN void thagi_heap_moved(const thagi_old_block *old, void *block, size_t size, uintptr_t pc);

/* heap_sampled.c: the same by samples. Each decides by itself whether the new block is one. */
#define THAGI_SAMPLED_BYTES 56u /* of their record */
HIDDEN void *thagi_sampled_made(void *block, size_t size, uintptr_t pc);
HIDDEN void thagi_sampled_release(void *block, uintptr_t pc);
HIDDEN void *thagi_sampled_resize(void *block, size_t size, uintptr_t pc);
HIDDEN void *thagi_sampled_alloc(size_t size, uintptr_t pc);
/** Of the usable size of a block, what is not its record. */
HIDDEN size_t thagi_sampled_usable(void *block, size_t usable);
/** One of the ways. */
HIDDEN void *thagi_sampled_malloc(size_t size);
HIDDEN void *thagi_sampled_calloc(size_t count, size_t size);
HIDDEN void *thagi_sampled_realloc(void *block, size_t size);
HIDDEN void thagi_sampled_free(void *block);

/** heap_timed.c */
extern HIDDEN const thagi_heap_way thagi_heap_timed_ways[THAGI_MEMORY_WAYS];

/** Take what an event costs in that way off the times of spans; of most ways it is known. */
HIDDEN void thagi_heap_correct(enum thagi_memory_way way);

/** The part of malloc() that is ours, of a block as glibc has them, in a usual way; and of free(). */
HIDDEN void thagi_heap_pretend(void *block, size_t size, uintptr_t pc, enum thagi_memory_way way);
HIDDEN void thagi_heap_pretend_free(void *block);

/* Around what has no constant cost: the task's own clock, so that what is taken off meanwhile is not
   taken off twice. 0: times are not recorded. */
INLINED uint64_t thagi_clock_begin(const thagi_task *task)
{
    return UNLIKELY(thagi_memory_is_timed) && task->turn ? thagi_ticks() - task->shift : 0;
}
extern HIDDEN uint32_t
    thagi_clock_ticks; /* that reading the clock twice takes beside what it shows */
INLINED void thagi_clock_end(thagi_task *task, uint64_t since)
{
    if (UNLIKELY(since))
        thagi_memory_shift(task, thagi_ticks() - task->shift - since + thagi_clock_ticks);
}

/** Bytes of a block's record. */
static inline size_t thagi_record_bytes(void)
{
    return thagi_memory_period ? THAGI_SAMPLED_BYTES : RECORD_BYTES;
}
/** What to ask for in place of size. */
static inline size_t thagi_with_record(size_t size)
{
    return thagi_memory_is_live && size < PTRDIFF_MAX - 64 ? size + thagi_record_bytes() : size;
}

/** Whether the native stack of the hook's caller is asked for. */
INLINED int thagi_wants_stack(const thagi_task *task)
{
    return thagi_memory_stacks == THAGI_STACKS_ALL ||
           (thagi_memory_stacks == THAGI_STACKS_FLAGGED &&
            thagi_native_is_wanted(thagi_session_now, task));
}

/* Who pays for what the hook's caller allocates, with the task held. Stacks begin at the function that this
   is written into. */
INLINED thagi_row *payer_of(thagi_task *task, uintptr_t pc, size_t size)
{
    thagi_row *row = NULL;
    if (UNLIKELY(thagi_memory_stacks) && thagi_wants_stack(task) && thagi_memory_wake(task))
        row = thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0), pc,
                                 THAGI_STACK_ALLOC, size);
    return row ? row : thagi_memory_payer(task, pc, size);
}

/* What was freed: blocks of that node, by whom. `release` NULL: nobody asks. */
INLINED void thagi_count_release(thagi_task *task, int is_held, trace_release *release,
                                 uint32_t node, uint64_t blocks, uint64_t bytes)
{
    if (!release) return;
    thagi_own_add(&release->blocks, blocks);
    thagi_own_add(&release->bytes, bytes);
    thagi_pair_count(task, is_held, release, node, blocks, bytes);
}

#endif
