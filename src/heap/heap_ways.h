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

/** What to ask for in place of size. */
static inline size_t thagi_with_record(size_t size)
{
    return thagi_memory_is_live && size < PTRDIFF_MAX - 64 ? size + RECORD_BYTES : size;
}

/** Whether the native stack of the hook's caller is asked for. */
INLINED int thagi_wants_stack(const thagi_task *task)
{
    return thagi_memory_stacks == THAGI_STACKS_ALL ||
           (thagi_memory_stacks == THAGI_STACKS_FLAGGED &&
            thagi_native_is_wanted(thagi_session_now, task));
}

/** `release` NULL: nobody asks. */
INLINED void thagi_count_release(trace_release *release, size_t size)
{
    if (!release) return;
    thagi_own_add(&release->blocks, 1);
    thagi_own_add(&release->bytes, size);
}

#endif
