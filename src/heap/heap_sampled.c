/*
 * heap_sampled.c - the hooks where memory is recorded by samples (heap_sample.h), for programs that cannot
 * afford more.
 *
 * What nearly every block meets: an allocation takes its size off what is left to the next point, a
 * subtraction and a branch, and jumps on. It has no record, and gets no byte more than it asked for. So a
 * free must find out whether it has one. It looks at a table of marks by the address: a sample's is not 0
 * while it lives. A block with a mark has its record looked for, at its end; that has a seal of 64 bits
 * over all that it says, so others that share the mark are known to be none.
 *
 * Marks of neighbours are neighbours, so the table costs the caches about a 1024th of what the heap does.
 * They are counters, which stay when they are full. The blocks of the boot's arena have full ones.
 */
#include <errno.h>
#include <string.h>

#include "heap/heap_ways.h"

uint8_t thagi_marks[THAGI_MARKS] __attribute__((__aligned__(64)));

/* At the end of a block that is a sample; at any address, with some allocators. */
typedef struct sampled_record {
    uint64_t sealed; /* a hash of the block's address, a key of the process, and all that follows */
    uint64_t node;
    thagi_sample sample;
} sampled_record;
_Static_assert(sizeof(sampled_record) == THAGI_SAMPLED_BYTES, "heap_ways.h");

/* --- marks ------------------------------------------------------------------------------------- */

INLINED int has_mark(const void *block)
{
    return *thagi_mark_of(block) != 0;
}

/* by: 1 or -1. */
static void mark(const void *block, int by)
{
    uint8_t *at = thagi_mark_of(block), old = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (old != UINT8_MAX && !__atomic_compare_exchange_n(at, &old, (uint8_t)(old + by), 0,
                                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

/* --- records ----------------------------------------------------------------------------------- */

static char *record_place(void *block, size_t usable)
{
    return (char *)block + usable - sizeof(sampled_record);
}

static uint64_t seal_of(const sampled_record *r, const void *block)
{
    uint64_t seal = thagi_hash_mix(thagi_session_now->memory_key ^ (uintptr_t)block);
    seal = thagi_hash_mix(seal ^ r->node);
    seal = thagi_hash_mix(seal ^ r->sample.size);
    seal = thagi_hash_mix(seal ^ r->sample.blocks);
    return thagi_hash_mix(seal ^ r->sample.bytes);
}

static int read_record(void *block, size_t usable, sampled_record *out)
{
    if (!block || !has_mark(block) || usable < sizeof *out || !thagi_session_now->memory_key)
        return 0;
    memcpy(out, record_place(block, usable), sizeof *out);
    return out->sealed == seal_of(out, block);
}

static void put_record(void *block, sampled_record *r)
{
    r->sealed = seal_of(r, block);
    memcpy(record_place(block, thagi_usable(block)), r, sizeof *r);
    mark(block, 1);
}

/* Before the block goes. 0: it is no sample. */
static int take_record(void *block, sampled_record *out)
{
    size_t usable = thagi_memory_is_live && has_mark(block) ? thagi_usable(block) : 0;
    if (!read_record(block, usable, out)) return 0;
    char *at = record_place(block, usable);
    memset(at, 0, sizeof out->sealed); /* no seal of this block: they are hashes */
    mark(block, -1);
    return 1;
}

/* --- counting ---------------------------------------------------------------------------------- */

static void count_skipped(trace_sizes *sizes, const thagi_sample *sample)
{
    thagi_own_add(&sizes->skipped_blocks, sample->blocks);
    thagi_own_add(&sizes->skipped_bytes, sample->bytes);
}

/* With the task held. 0: it is not to be recorded, or was lost. */
INLINED int count_made(thagi_task *task, thagi_row *row, const void *block,
                       const thagi_sample *sample)
{
    uint64_t threshold = thagi_session_now->heap->threshold;
    if (threshold && sample->size <= threshold) {
        count_skipped(task->thread->memory.sizes, sample);
        return 0;
    }
    return thagi_memory_add_sample(task, row, block, sample);
}

/* A block that is a sample. `old`: resized from what was one; NULL: from none. */
APART void charge(void *block, size_t size, uintptr_t pc, int is_resized, int is_due,
                  const sampled_record *old)
{
    uintptr_t was;
    if (!thagi_memory_is_on) return;
    thagi_task *task = thagi_memory_enter((uintptr_t)__builtin_frame_address(0), &was);
    if (!task) return;
    uint64_t since = thagi_clock_begin(task);
    thagi_row *row = payer_of(task, pc, size);
    if (row && old) thagi_memory_add_resized(task, row, 0, old->sample.bytes);
    if (row && is_due) {
        uint64_t *seed = &task->thread->memory.sample_seed;
        sampled_record r = {.node = row->node,
                            .sample = thagi_sample_weigh(seed, size, thagi_memory_period)};
        int is_counted = count_made(task, row, block, &r.sample);
        if (is_counted && is_resized) thagi_memory_add_resized(task, row, r.sample.blocks, 0);
        if (is_counted && thagi_memory_is_live) put_record(block, &r);
    }
    thagi_clock_end(task, since);
    thagi_memory_leave_task(task, was);
}

APART void discharge(const void *block, const sampled_record *old, int is_free, uintptr_t pc)
{
    uintptr_t was;
    thagi_task *task = thagi_memory_enter((uintptr_t)__builtin_frame_address(0), &was);
    if (!task) return;
    uint64_t since = thagi_clock_begin(task);
    thagi_memory_sub_sample(task, block, (uint32_t)old->node, &old->sample, is_free);
    if (UNLIKELY(thagi_memory_stacks) && thagi_wants_stack(task))
        thagi_count_release(task, 1,
                            thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0),
                                               pc, THAGI_STACK_FREE, 0),
                            (uint32_t)old->node, old->sample.blocks, old->sample.bytes);
    thagi_clock_end(task, since);
    thagi_memory_leave_task(task, was);
}

/* --- the decision ------------------------------------------------------------------------------- */

/* No block of that size is a sample now. A block of no bytes would take nothing off: it counts as one. */
INLINED int passes(size_t size)
{
    return LIKELY(size) && LIKELY(thagi_own_sub_leaves(&thagi_memory_here->sample_left, size));
}

static int is_due(size_t size)
{
    return thagi_memory_is_on && !passes(size) && thagi_memory_sample_due(size);
}

/* --- what is not as usual ---------------------------------------------------------------------- */

static int has_room(void *block, size_t size)
{
    return !thagi_memory_is_live || thagi_usable(block) - size >= sizeof(sampled_record);
}

void *thagi_sampled_made(void *block, size_t size, uintptr_t pc)
{
    if (block && is_due(size) && has_room(block, size)) charge(block, size, pc, 0, 1, NULL);
    return block;
}

void thagi_sampled_release(void *block, uintptr_t pc)
{
    sampled_record old;
    if (!block || thagi_boot_has(block)) return;
    if (take_record(block, &old)) discharge(block, &old, 1, pc);
    thagi_real.release(block);
}

/* As heap_hooks.c has it: the record goes before the real call, and comes back if nothing happened. */
APART void *resize(void *block, size_t size, uintptr_t pc, int due)
{
    sampled_record old;
    int was_sample = block && take_record(block, &old);
    void *moved = thagi_real.resize(block, due ? thagi_with_record(size) : size);
    if (!moved && size) {
        if (was_sample) put_record(block, &old);
        return NULL;
    }
    if (was_sample) discharge(block, &old, 0, pc);
    if (moved && size && (due || was_sample))
        charge(moved, size, pc, block != NULL, due, was_sample ? &old : NULL);
    return moved;
}

void *thagi_sampled_resize(void *block, size_t size, uintptr_t pc)
{
    return resize(block, size, pc, (size || !block) && is_due(size));
}

/* The usual way went as far as to see that no point is left before the end of this block. */
APART void *alloc_due(size_t size, uintptr_t pc)
{
    int due = thagi_memory_sample_due(size);
    void *block = thagi_real.alloc(due ? thagi_with_record(size) : size);
    if (block && due) charge(block, size, pc, 0, 1, NULL);
    return block;
}

APART void *zeroed_due(size_t size, uintptr_t pc)
{
    int due = thagi_memory_sample_due(size);
    void *block = thagi_real.zeroed(1, due ? thagi_with_record(size) : size);
    if (block && due) charge(block, size, pc, 0, 1, NULL);
    return block;
}

APART void *resize_due(void *block, size_t size, uintptr_t pc)
{
    return resize(block, size, pc, thagi_memory_sample_due(size));
}

size_t thagi_sampled_usable(void *block, size_t usable)
{
    sampled_record r;
    return read_record(block, usable, &r) ? usable - sizeof r : usable;
}

/* --- as usual ---------------------------------------------------------------------------------- */

void *thagi_sampled_alloc(size_t size, uintptr_t pc)
{
    return passes(size) ? thagi_real.alloc(size) : alloc_due(size, pc);
}

void *thagi_sampled_malloc(size_t size)
{
    return passes(size) ? thagi_real.alloc(size) : alloc_due(size, CALLER());
}

void *thagi_sampled_calloc(size_t count, size_t size)
{
    size_t total;
    if (UNLIKELY(__builtin_mul_overflow(count, size, &total)))
        return thagi_real.zeroed(count, size); /* says no */
    return passes(total) ? thagi_real.zeroed(count, size) : zeroed_due(total, CALLER());
}

void *thagi_sampled_realloc(void *block, size_t size)
{
    if (UNLIKELY(has_mark(block)) || UNLIKELY(!size))
        return thagi_heap_resize(block, size, CALLER());
    return passes(size) ? thagi_real.resize(block, size) : resize_due(block, size, CALLER());
}

void thagi_sampled_free(void *block)
{
    if (LIKELY(!has_mark(block)))
        thagi_real.release(block);
    else
        thagi_sampled_release(block, CALLER());
}
