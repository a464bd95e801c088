/*
 * heap_usual.c - the usual ways of malloc, calloc, realloc and free, written out in full for glibc's
 * blocks: who pays is known, and nothing has to be looked up. What is not so is decided before anything
 * was counted, and goes on in heap_hooks.c.
 *
 * Each way is one set of functions, made by inlining the same few for a `way` that is known then. The
 * hooks jump to them, so that what the others take for their caller is the hook's.
 */
#include <stdlib.h>
#include <string.h>

#include "heap/heap_ways.h"

#if defined(__x86_64__)
/* As CALLER(), but read when it is wanted: after the real function, when it need not be kept. */
#define CALLER_LATE() (((const volatile uintptr_t *)__builtin_dwarf_cfa())[-1])
#else
#define CALLER_LATE() CALLER()
#endif
/* Of the function that the hook jumped to: [0] is the caller's frame pointer, [1] is CALLER(). Only where
   stacks are taken, for the others have no frame pointer. */
#define FRAME(way) ((way) == THAGI_MEMORY_DETAIL ? __builtin_frame_address(0) : NULL)

/* --- blocks ------------------------------------------------------------------------------------ */

/*
 * The word before a block says how long it is, with all that belongs to it, and in its last bits whether
 * it is mapped: then it ends 8 bytes earlier. The blocks of the boot's arena say that of themselves, too,
 * so that they are looked at twice.
 */
INLINED size_t glibc_word(const void *block)
{
    return ((const size_t *)block)[-1];
}
INLINED record *glibc_record(void *block, size_t word)
{
    /* Blocks are aligned: what the last bits of the word add is taken off again. */
    return (record *)(((uintptr_t)block + word - 8 - RECORD_BYTES) & ~(uintptr_t)7);
}
/* Bytes before the record. */
INLINED size_t glibc_room(size_t word)
{
    return (word & ~(size_t)7) - 8 - RECORD_BYTES;
}

/* What a block's record is to say, with its kind in the low half; 0: that takes the long form. */
INLINED uint64_t node_kind_of(const thagi_row *row, size_t size, size_t word)
{
    uint64_t both; /* kind and node, RECORD_USUAL */
    if (UNLIKELY(word & GLIBC_MAPPED)) return 0;
    if (LIKELY(row->size == size)) {
        memcpy(&both, row, sizeof both);
        if (!both) __builtin_unreachable();
        return both;
    }
    size_t kind = glibc_room(word) - size + RECORD_SLACK;
    return LIKELY(kind < RECORD_FAR) ? (uint64_t)row->node << 32 | kind : 0;
}

/* Size of a block whose record was opened; row: its node's. 0: it has another kind of record, or none. */
INLINED int size_of(uint64_t opened, size_t word, const thagi_row *row, size_t *size)
{
    uint32_t kind = record_kind(opened);
    *size = row->size;
    if (LIKELY(kind == RECORD_USUAL)) return 1;
    *size = glibc_room(word) - (kind - RECORD_SLACK);
    return kind - RECORD_SLACK < RECORD_FAR - RECORD_SLACK && *size <= glibc_room(word);
}

/* --- who pays ---------------------------------------------------------------------------------- */

/* Of a stack that was met before. */
INLINED thagi_row *stack_payer(thagi_task *task, const uintptr_t *frame)
{
    if (UNLIKELY(!thagi_task_is_ready(task))) return NULL;
    if (UNLIKELY(thagi_memory_is_alert(&task->thread->memory))) return NULL;
    return thagi_wants_stack(task) ? thagi_native_known(task, frame, THAGI_STACK_ALLOC)
                                   : thagi_memory_payer_fast(frame[1]);
}

INLINED thagi_row *payer(thagi_task *task, const uintptr_t *frame, uintptr_t pc,
                         enum thagi_memory_way way)
{
    if (way == THAGI_MEMORY_SUMMARY) return thagi_memory_payer_fast(pc);
    thagi_row *row =
        way == THAGI_MEMORY_DETAIL ? stack_payer(task, frame) : thagi_memory_payer_fast(pc);
    if (LIKELY(row) && LIKELY(thagi_memory_is_current(row))) return row;
    /* To walk the stack again would be dear; the others look once more. */
    return row && way == THAGI_MEMORY_DETAIL && thagi_memory_catch_up(task, row) ? row : NULL;
}

INLINED thagi_row *creditor(const thagi_memory *memory, uint32_t node, enum thagi_memory_way way)
{
    if (way != THAGI_MEMORY_DETAIL) return thagi_memory_creditor_fast(memory, node, way);
    /* It may be alone, or not: ask for all. */
    thagi_row *row = thagi_memory_creditor_fast(memory, node, THAGI_MEMORY_ALONE);
    return LIKELY(row) ? row : thagi_memory_creditor_current(node);
}

/* Who frees, *release, NULL if nobody asks. 0: that is not known at once. */
INLINED int releaser(const uintptr_t *frame, trace_release **release, enum thagi_memory_way way)
{
    thagi_task *task = thagi_current;
    *release = NULL;
    if (way != THAGI_MEMORY_DETAIL) return 1;
    if (UNLIKELY(!thagi_task_is_ready(task))) return 0;
    if (!thagi_wants_stack(task)) return 1;
    *release = thagi_native_known(task, frame, THAGI_STACK_FREE);
    return *release != NULL;
}

/* --- what is made ------------------------------------------------------------------------------ */

APART void *left_margin(void *block)
{
    thagi_memory_used_up(thagi_current);
    return block;
}

/* Count it and write its record. 0: nothing was done. */
INLINED int counted(thagi_memory *memory, thagi_row *row, void **block, size_t size,
                    enum thagi_memory_way way)
{
    if (UNLIKELY(!thagi_memory_has_room(memory, row, size, 0))) return 0;
    if (way == THAGI_MEMORY_SUMMARY) {
        thagi_memory_count_fast(memory, row, *block, size, way);
        return 1;
    }
    size_t word = glibc_word(*block);
    uint64_t node_kind = node_kind_of(row, size, word);
    if (UNLIKELY(!node_kind)) return 0;
    int is_left = thagi_memory_count_fast(memory, row, *block, size, way);
    record_seal(glibc_record(*block, word), *block, thagi_memory_key, node_kind);
    if (UNLIKELY(is_left)) *block = left_margin(*block);
    return 1;
}

/* A block, not NULL, whose payer is not known yet. */
INLINED void *made_now(thagi_task *task, void *block, size_t size, const uintptr_t *frame,
                       uintptr_t pc, enum thagi_memory_way way)
{
    thagi_row *row = payer(task, frame, pc, way);
    if (UNLIKELY(!row) || !counted(&task->thread->memory, row, &block, size, way))
        return thagi_heap_made(block, size, pc);
    thagi_memory_pay(task, 1, size);
    return block;
}

INLINED void *made(void *block, size_t size, const uintptr_t *frame, uintptr_t pc,
                   enum thagi_memory_way way)
{
    if (UNLIKELY(!block)) return NULL;
    thagi_task *task = thagi_current;
    if (way != THAGI_MEMORY_DETAIL) return made_now(task, block, size, frame, pc, way);
    uint64_t since = thagi_clock_begin(task);
    block = made_now(task, block, size, frame, pc, way);
    thagi_clock_end(thagi_current, since);
    return block;
}

/* The same for a payer that was found before the block was made; since then there may have been a fork, or
   a peak. 0 also for a task of the user's. */
INLINED int counted_for(thagi_memory *memory, thagi_row *row, void **block, size_t size,
                        enum thagi_memory_way way)
{
    if (UNLIKELY(!thagi_memory_is_own(memory))) return 0;
    if (way != THAGI_MEMORY_SUMMARY && UNLIKELY(!thagi_memory_is_current(row))) return 0;
    return counted(memory, row, block, size, way);
}

/* The bytes to ask for. 0: too many. */
INLINED int asked_for(size_t size, size_t *asked, enum thagi_memory_way way)
{
    *asked = size;
    return way == THAGI_MEMORY_SUMMARY ||
           LIKELY(!__builtin_add_overflow(size, RECORD_BYTES, asked));
}

/* The payer is not known ahead. */
APART void *malloc_unknown(size_t size, size_t asked, uintptr_t pc)
{
    return thagi_heap_made(thagi_real.alloc(asked), size, pc);
}

INLINED void *malloc_usual(size_t size, enum thagi_memory_way way)
{
    size_t asked;
    if (UNLIKELY(!asked_for(size, &asked, way))) return thagi_real.alloc(size); /* says no */
    if (way == THAGI_MEMORY_DETAIL)
        return made(thagi_real.alloc(asked), size, FRAME(way), CALLER_LATE(), way);
    thagi_row *row = thagi_memory_payer_fast(CALLER_LATE());
    if (UNLIKELY(!row)) return malloc_unknown(size, asked, CALLER_LATE());
    thagi_memory *memory = thagi_memory_here;
    void *block = thagi_real.alloc(asked);
    if (UNLIKELY(!block) || LIKELY(counted_for(memory, row, &block, size, way))) return block;
    return thagi_heap_made(block, size, CALLER_LATE());
}

APART void *calloc_unknown(size_t size, size_t asked, uintptr_t pc)
{
    return thagi_heap_made(thagi_real.zeroed(1, asked), size, pc);
}

/* The real one knows which memory is zero already, and does not touch it. */
INLINED void *calloc_usual(size_t count, size_t size, enum thagi_memory_way way)
{
    size_t total, asked;
    if (UNLIKELY(__builtin_mul_overflow(count, size, &total) || !asked_for(total, &asked, way)))
        return thagi_real.zeroed(count, size);
    if (way == THAGI_MEMORY_DETAIL)
        return made(thagi_real.zeroed(1, asked), total, FRAME(way), CALLER_LATE(), way);
    thagi_row *row = thagi_memory_payer_fast(CALLER_LATE());
    if (UNLIKELY(!row)) return calloc_unknown(total, asked, CALLER_LATE());
    thagi_memory *memory = thagi_memory_here;
    void *block = thagi_real.zeroed(1, asked);
    if (UNLIKELY(!block) || LIKELY(counted_for(memory, row, &block, total, way))) return block;
    return thagi_heap_made(block, total, CALLER_LATE());
}

void *thagi_heap_alloc(size_t size, const uintptr_t *frame)
{
    enum thagi_memory_way way = thagi_memory_way->way;
    size_t asked;
    if (thagi_heap_stranger()) return (malloc)(size); /* whose free() will have it */
    if (way == THAGI_MEMORY_SAMPLED) return thagi_sampled_alloc(size, frame[1]);
    if (way == THAGI_MEMORY_OFF || !asked_for(size, &asked, way)) return thagi_real.alloc(size);
    if (way == THAGI_MEMORY_CAREFUL)
        return thagi_heap_made(thagi_real.alloc(thagi_with_record(size)), size, frame[1]);
    if (thagi_memory_is_timed) thagi_heap_correct(way);
    void *block = thagi_real.alloc(asked);
    if (way == THAGI_MEMORY_SUMMARY) return made(block, size, NULL, frame[1], THAGI_MEMORY_SUMMARY);
    if (way == THAGI_MEMORY_DETAIL) return made(block, size, frame, frame[1], THAGI_MEMORY_DETAIL);
    return made(block, size, NULL, frame[1], THAGI_MEMORY_MANY);
}

/* --- what goes --------------------------------------------------------------------------------- */

APART void free_and_settle(void *block)
{
    thagi_memory_used_up(thagi_current);
    thagi_real.release(block);
}

enum { NOT_USUAL, ENDED, ENDED_AND_LEFT };

/* Count the end of a block. ENDED_AND_LEFT: a margin is left. NOT_USUAL: nothing was done. */
INLINED int ended(void *block, const uintptr_t *frame, enum thagi_memory_way way)
{
    thagi_memory *memory = thagi_memory_here;
    size_t word = glibc_word(block), size;
    record *at = glibc_record(block, word);
    trace_release *release;
    thagi_row *row = NULL;
    uint64_t since = way == THAGI_MEMORY_DETAIL ? thagi_clock_begin(thagi_current) : 0;
    if (LIKELY(!(word & GLIBC_MAPPED))) {
        uint64_t opened = record_open(at, block, thagi_memory_key);
        if (LIKELY(record_kind(opened) < RECORD_FAR))
            row = creditor(memory, record_node(opened), way);
        if (UNLIKELY(row && !size_of(opened, word, row, &size))) row = NULL;
        if (UNLIKELY(row && !thagi_memory_has_room(memory, row, size, 0))) row = NULL;
    }
    if (UNLIKELY(!row) || UNLIKELY(!releaser(frame, &release, way))) return NOT_USUAL;
    record_spoil(at);
    int is_left = thagi_memory_sub_fast(memory, row, block, size, 1, way);
    thagi_count_release(thagi_current, 0, release, row->node, 1, size);
    if (way == THAGI_MEMORY_DETAIL) thagi_clock_end(thagi_current, since);
    return UNLIKELY(is_left) ? ENDED_AND_LEFT : ENDED;
}

INLINED void free_usual(void *block, enum thagi_memory_way way)
{
    if (UNLIKELY(!block)) return;
    int how = ended(block, FRAME(way), way);
    if (LIKELY(how == ENDED))
        thagi_real.release(block);
    else if (how == ENDED_AND_LEFT)
        free_and_settle(block);
    else
        thagi_heap_release(block, CALLER());
}

/* --- what is resized --------------------------------------------------------------------------- */

/* The old block has gone. */
INLINED void resized_from(const thagi_old_block *old, uintptr_t pc, enum thagi_memory_way way,
                          trace_release *release)
{
    thagi_memory *memory = thagi_memory_here;
    thagi_row *row = creditor(memory, old->node, way);
    if (UNLIKELY(!row) || UNLIKELY(!thagi_memory_has_room(memory, row, old->size, 0))) {
        thagi_heap_discharge(old, 0, pc);
        return;
    }
    thagi_count_release(thagi_current, 0, release, old->node, 1, old->size);
    if (UNLIKELY(thagi_memory_sub_fast(memory, row, old->block, old->size, 0, way)))
        thagi_memory_used_up(thagi_current);
}

/* And has become another one, not NULL. */
INLINED void *resized_to(const thagi_old_block *old, void *block, size_t size,
                         const uintptr_t *frame, uintptr_t pc, enum thagi_memory_way way)
{
    thagi_task *task = thagi_current;
    thagi_row *row = payer(task, frame, pc, way);
    size_t word = glibc_word(block);
    uint64_t node_kind = row && way != THAGI_MEMORY_SUMMARY ? node_kind_of(row, size, word) : 1;
    if (UNLIKELY(!row || !node_kind) ||
        UNLIKELY(!thagi_memory_has_room(&task->thread->memory, row, size, 1))) {
        thagi_heap_moved(old, block, size, pc);
        return block;
    }
    trace_mem_resized *resized = task->thread->memory.more[row->node].resized;
    thagi_own_add(&resized->reallocs, 1);
    thagi_own_add(&resized->bytes, old->size);
    int is_left = thagi_memory_add_fast(task, row, block, size, way);
    if (way != THAGI_MEMORY_SUMMARY)
        record_seal(glibc_record(block, word), block, thagi_memory_key, node_kind);
    return UNLIKELY(is_left) ? left_margin(block) : block;
}

/* The record of a block that is about to be resized. NULL: not in the usual way. */
INLINED record *record_of(void *block, thagi_old_block *old)
{
    const thagi_memory *memory = thagi_memory_here;
    size_t word = glibc_word(block);
    record *at = glibc_record(block, word);
    if (UNLIKELY(word & GLIBC_MAPPED)) return NULL;
    uint64_t opened = record_open(at, block, thagi_memory_key);
    old->block = block;
    old->node = record_node(opened);
    if (UNLIKELY(record_kind(opened) >= RECORD_FAR || old->node >= memory->row_room)) return NULL;
    const thagi_row *row = memory->rows[old->node];
    return LIKELY(row->kind && size_of(opened, word, row, &old->size)) ? at : NULL;
}

/* The record goes before the real call, for another thread may get the address before it returns; and
   comes back if nothing happened. */
INLINED void *realloc_usual(void *block, size_t size, enum thagi_memory_way way)
{
    thagi_old_block old;
    trace_release *release;
    size_t asked;
    record *at;
    if (!block && LIKELY(asked_for(size, &asked, way)))
        return made(thagi_real.resize(NULL, asked), size, FRAME(way), CALLER(), way);
    /* Zero bytes may mean to free. */
    if (UNLIKELY(!size || !asked_for(size, &asked, way) || !(at = record_of(block, &old)) ||
                 !releaser(FRAME(way), &release, way)))
        return thagi_heap_resize(block, size, CALLER());
    record_spoil(at);
    void *moved = thagi_real.resize(block, asked);
    if (UNLIKELY(!moved)) {
        record_spoil(at); /* as it was */
        return NULL;
    }
    resized_from(&old, CALLER(), way, release);
    return resized_to(&old, moved, size, FRAME(way), CALLER(), way);
}

/* Nothing is known of the old block. */
static void *realloc_summary(void *block, size_t size)
{
    static const thagi_old_block old = {.node = TRACE_NONE};
    if (UNLIKELY(thagi_boot_has(block))) return thagi_heap_resize(block, size, CALLER());
    void *moved = thagi_real.resize(block, size);
    if (!block) return made(moved, size, NULL, CALLER(), THAGI_MEMORY_SUMMARY);
    if (UNLIKELY(!moved || !size)) return moved;
    return resized_to(&old, moved, size, NULL, CALLER(), THAGI_MEMORY_SUMMARY);
}

/* --- while no block has a record --------------------------------------------------------------- */

static void *malloc_off(size_t size)
{
    return thagi_real.alloc(size);
}

static void *calloc_off(size_t count, size_t size)
{
    return thagi_real.zeroed(count, size);
}

static void *realloc_off(void *block, size_t size)
{
    if (UNLIKELY(thagi_boot_has(block))) return thagi_heap_resize(block, size, CALLER());
    return thagi_real.resize(block, size);
}

static void free_off(void *block)
{
    if (LIKELY(!thagi_boot_has(block))) thagi_real.release(block);
}

/* --- the careful way --------------------------------------------------------------------------- */

static void *malloc_careful(size_t size)
{
    return thagi_heap_made(thagi_real.alloc(thagi_with_record(size)), size, CALLER());
}

static void *calloc_careful(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return thagi_real.zeroed(count, size);
    return thagi_heap_made(thagi_real.zeroed(1, thagi_with_record(total)), total, CALLER());
}

static void *realloc_careful(void *block, size_t size)
{
    return thagi_heap_resize(block, size, CALLER());
}

static void free_careful(void *block)
{
    thagi_heap_release(block, CALLER());
}

/* --- what the usual ways cost ------------------------------------------------------------------- */

void thagi_heap_pretend(void *block, size_t size, uintptr_t pc, enum thagi_memory_way way)
{
    thagi_row *row = thagi_memory_payer_fast(pc);
    if (!row) return;
    if (way == THAGI_MEMORY_SUMMARY)
        counted_for(thagi_memory_here, row, &block, size, THAGI_MEMORY_SUMMARY);
    else
        counted_for(thagi_memory_here, row, &block, size, THAGI_MEMORY_MANY);
}

void thagi_heap_pretend_free(void *block)
{
    ended(block, NULL, THAGI_MEMORY_MANY);
}

/* --- one set of functions for each ------------------------------------------------------------- */

static void *malloc_summary(size_t size)
{
    return malloc_usual(size, THAGI_MEMORY_SUMMARY);
}

static void *calloc_summary(size_t count, size_t size)
{
    return calloc_usual(count, size, THAGI_MEMORY_SUMMARY);
}

#define WAY_TO_MAKE(name, way) \
    static void *malloc_##name(size_t size) \
    { \
        return malloc_usual(size, way); \
    } \
    static void *calloc_##name(size_t count, size_t size) \
    { \
        return calloc_usual(count, size, way); \
    }
#define WAY_TO_END(name, way) \
    static void *realloc_##name(void *block, size_t size) \
    { \
        return realloc_usual(block, size, way); \
    } \
    static void free_##name(void *block) \
    { \
        free_usual(block, way); \
    }
WAY_TO_MAKE(detail, THAGI_MEMORY_DETAIL)
WAY_TO_END(detail, THAGI_MEMORY_DETAIL)
WAY_TO_MAKE(many, THAGI_MEMORY_MANY)
WAY_TO_END(many, THAGI_MEMORY_MANY)
WAY_TO_END(alone, THAGI_MEMORY_ALONE)

#define TIMED(number) &thagi_heap_timed_ways[number]
#define WAY(number, name) \
    [number] = {malloc_##name, calloc_##name, realloc_##name, free_##name, number, TIMED(number)}
thagi_heap_way thagi_heap_ways[THAGI_MEMORY_WAYS] = {
    WAY(THAGI_MEMORY_OFF, off),
    WAY(THAGI_MEMORY_CAREFUL, careful),
    [THAGI_MEMORY_SAMPLED] = {thagi_sampled_malloc, thagi_sampled_calloc, thagi_sampled_realloc,
                              thagi_sampled_free, THAGI_MEMORY_SAMPLED,
                              &thagi_heap_ways[THAGI_MEMORY_SAMPLED]}, /* measured each time */
    WAY(THAGI_MEMORY_DETAIL, detail),
    [THAGI_MEMORY_SUMMARY] = {malloc_summary, calloc_summary, realloc_summary, free_off,
                              THAGI_MEMORY_SUMMARY, TIMED(THAGI_MEMORY_SUMMARY)},
    WAY(THAGI_MEMORY_MANY, many),
    [THAGI_MEMORY_ALONE] = {malloc_many, calloc_many, realloc_alone, free_alone, THAGI_MEMORY_ALONE,
                            TIMED(THAGI_MEMORY_ALONE)}};

void thagi_heap_shorten(const thagi_heap_real *real)
{
    thagi_heap_way *off = &thagi_heap_ways[THAGI_MEMORY_OFF];
    __atomic_store_n(&off->alloc, real->alloc, __ATOMIC_RELAXED);
    __atomic_store_n(&off->zeroed, real->zeroed, __ATOMIC_RELAXED);
    __atomic_store_n(&off->resize, real->resize, __ATOMIC_RELAXED);
    __atomic_store_n(&off->release, real->release, __ATOMIC_RELAXED);
    __atomic_store_n(&thagi_heap_ways[THAGI_MEMORY_SUMMARY].release, real->release,
                     __ATOMIC_RELAXED);
}
