/*
 * memory.c - the slow ways of counting heap memory. See memory.h.
 */
#include "runtime/memory.h"

#include <errno.h>
#include <string.h>

#define ROWS_AT_FIRST   1024
#define PLACES_AT_FIRST 256
#define MARGIN_MAX      65536
#define MARGIN_SHIFT    10              /* of the peak */
#define ALONE           (INT64_MAX / 4) /* a margin that is never used up */

#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

unsigned char thagi_memory_way;
unsigned char thagi_memory_is_on;
unsigned char thagi_memory_is_live;
uint64_t thagi_memory_peak;
uint32_t thagi_memory_key;
unsigned char thagi_memory_stacks;
uint32_t thagi_memory_unloads;

/* Of a slot that has nothing yet, or has to look at things again: no place, and no row up to date. */
static thagi_places no_places;
static trace_mem no_row = {.peak_seen = UINT64_MAX};

/* --- switching --------------------------------------------------------------------------------- */

/* Defined by src/heap, which a program may or may not be linked with: finds the real functions, so that
   what is on is never found off. Whether the usual ways may be taken. */
extern int thagi_heap_hooks(void) __attribute__((__weak__));

int thagi_memory_hooked(void)
{
    return thagi_heap_hooks != NULL;
}

void thagi_memory_prepare(void)
{
    if (thagi_heap_hooks) thagi_heap_hooks();
}

void thagi_memory_switch(void)
{
    unsigned char is_on = (thag_active & TRACE_MEMORY) != 0, way = THAGI_MEMORY_CAREFUL;
    const thagi_session *session = thagi_session_now;
    if (!is_on && !thagi_memory_is_live)
        way = THAGI_MEMORY_OFF;
    else if (is_on && session->heap && !session->heap->threshold && thagi_heap_hooks())
        way = !thagi_memory_is_live ? THAGI_MEMORY_SUMMARY
              : thagi_memory_stacks ? THAGI_MEMORY_DETAIL
                                    : THAGI_MEMORY_LIVE;
    __atomic_store_n(&thagi_memory_is_on, is_on, __ATOMIC_RELAXED);
    __atomic_store_n(&thagi_memory_way, way, __ATOMIC_RELEASE);
}

/* Make a slot take the slow way next time. */
static void alert(thagi_thread *thread)
{
    __atomic_store_n(&thread->memory.places, &no_places, __ATOMIC_RELAXED);
    __atomic_store_n(&thread->memory.free_high, INT64_MIN, __ATOMIC_RELAXED);
}

static void alert_all(const thagi_session *session)
{
    for (thagi_thread *thread = session->all; thread; thread = thread->next_all) alert(thread);
}

int thagi_memory_start(thagi_session *session, uint32_t mode, uint64_t threshold)
{
    if (session->heap) return 0;
    uint32_t index;
    trace_chunk *chunk = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &index);
    if (!chunk) return -ENOSPC;
    trace_heap *heap = (trace_heap *)(chunk + 1);
    heap->mode = mode;
    heap->threshold = threshold;
    chunk->used = sizeof *chunk + sizeof *heap;
    thagi_chunk_publish(chunk, TRACE_HEAP);
    thagi_memory_peak = 0;
    session->memory_key = (uint32_t)thagi_hash_mix(thagi_plat_real_ns() ^
                                                   (uint64_t)session->pid << 32 ^ (uintptr_t)heap);
    if (!session->memory_key) session->memory_key = 1;
    thagi_memory_key = session->memory_key;
    session->heap = heap;
    if (mode == TRACE_HEAP_LIVE) thagi_memory_is_live = 1;
    alert_all(session);
    return 0;
}

void thagi_memory_want_stacks(int all)
{
    if (thagi_memory_stacks >= (all ? THAGI_STACKS_ALL : THAGI_STACKS_FLAGGED)) return;
    thagi_memory_stacks = all ? THAGI_STACKS_ALL : THAGI_STACKS_FLAGGED;
    thagi_memory_switch();
}

void thagi_memory_forget(void)
{
    thagi_session *session = thagi_session_now;
    __atomic_add_fetch(&thagi_memory_unloads, 1, __ATOMIC_RELEASE);
    if (!session || !session->heap) return;
    thagi_plat_signals saved;
    int saved_errno = errno;
    thagi_lock(session, &saved);
    for (thagi_thread *thread = session->all; thread; thread = thread->next_all)
        __atomic_store_n(&thread->memory.is_forgetful, 1, __ATOMIC_RELEASE);
    alert_all(session);
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

/* --- the sum of all threads -------------------------------------------------------------------- */

/* How far the thread may go until it tells the others. Alone, it knows what would be a new peak. */
static void set_margins(const thagi_session *session, const thagi_thread *thread,
                        thagi_memory *memory, int64_t live, uint64_t peak)
{
    int64_t margin = (int64_t)(peak >> MARGIN_SHIFT), free_high = INT64_MAX;
    if (margin > MARGIN_MAX) margin = MARGIN_MAX;
    if (thread->level) {
        margin =
            0; /* a signal handler's: the slot that it interrupted may think that it is alone */
    } else if (session->live_count <= 1) {
        margin = ALONE;
        free_high = (int64_t)peak - live - ALONE;
    }
    memory->high = margin;
    memory->above = -margin;
    memory->free_left = (uint64_t)margin;
    __atomic_store_n(&memory->free_high, free_high, __ATOMIC_RELAXED);
}

static void flush(thagi_session *session, thagi_thread *thread)
{
    trace_heap *heap = session->heap;
    thagi_memory *memory = &thread->memory;
    int64_t moved = memory->above + memory->high;
    uint32_t live_count;
    do {
        int64_t live = (int64_t)__atomic_add_fetch(&heap->live, (uint64_t)moved, __ATOMIC_RELAXED);
        uint64_t peak = __atomic_load_n(&heap->peak, __ATOMIC_RELAXED);
        while (live > (int64_t)peak)
            if (__atomic_compare_exchange_n(&heap->peak, &peak, (uint64_t)live, 0, __ATOMIC_RELAXED,
                                            __ATOMIC_RELAXED))
                peak = (uint64_t)live;
        __atomic_store_n(&thagi_memory_peak, peak, __ATOMIC_RELAXED);
        live_count = __atomic_load_n(&session->live_count, __ATOMIC_SEQ_CST);
        set_margins(session, thread, memory, live, peak);
        moved = 0;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        /* A second thread may have come meanwhile, and its alert may be what was overwritten. */
    } while (live_count != __atomic_load_n(&session->live_count, __ATOMIC_SEQ_CST));
    if (!thread->level) return;
    for (thagi_thread *other = session->all; other; other = other->next_all)
        if (other->tid == thread->tid && other != thread) alert(other);
}

/* Only if the margin is really used up: free_left does not know what was allocated meanwhile. */
static void settle(thagi_session *session, thagi_thread *thread)
{
    thagi_memory *memory = &thread->memory;
    int64_t pending = memory->above + memory->high;
    if (memory->above <= 0 && pending > -memory->high &&
        memory->above <= __atomic_load_n(&memory->free_high, __ATOMIC_RELAXED))
        memory->free_left = (uint64_t)(pending + memory->high);
    else
        flush(session, thread);
}

void thagi_memory_used_up(thagi_task *task, uintptr_t sp)
{
    uintptr_t was = task->state;
    task->state = sp;
    ORDERED();
    settle(thagi_session_now, task->thread);
    thagi_memory_leave_task(task, was);
}

void thagi_memory_join(thagi_session *session, thagi_thread *thread)
{
    if (!thread->memory.places) {
        thread->memory.places = &no_places;
        thread->memory.free_high = INT64_MIN;
    }
    /* One that thought itself alone is so no more. */
    if (thread->level == 0 && session->live_count == 2) alert_all(session);
}

void thagi_memory_leave(thagi_session *session, thagi_thread *thread)
{
    if (!session->heap || !thread->memory.own_places) return;
    thread->memory.last_block = NULL;
    flush(session, thread);
    alert(thread);
}

/* --- holding a task ---------------------------------------------------------------------------- */

/* Not under the lock, of which the caller may be the holder: then it is ourselves who allocate. */
thagi_task *thagi_memory_enter(uintptr_t sp, uintptr_t *was)
{
    thagi_session *session = thagi_session_now;
    thagi_task *task = NULL;
    int saved_errno = errno;
    if (session &&
        __atomic_load_n(&session->lock_owner, __ATOMIC_RELAXED) != (uintptr_t)&thagi_current)
        task = thagi_task_usable(thagi_current, sp);
    if (task && !session->heap) task = NULL;
    if (!task) thagi_count(TRACE_LOST_HEAP, 1);
    errno = saved_errno;
    if (!task) return NULL;
    *was = task->state;
    task->state = sp;
    ORDERED();
    return task;
}

void thagi_memory_leave_task(thagi_task *task, uintptr_t was)
{
    ORDERED();
    task->state = was;
}

/* --- rows -------------------------------------------------------------------------------------- */

/* The old array stays mapped: a signal handler may have interrupted somebody who reads it. */
static int rows_grow(thagi_memory *memory, uint32_t node)
{
    uint32_t room = memory->row_room ? memory->row_room : ROWS_AT_FIRST;
    while (room <= node) room *= 2; /* nodes are fewer than 2^30 */
    trace_mem **rows = thagi_plat_map(room * sizeof *rows);
    if (!rows) return 0;
    if (memory->rows) memcpy(rows, memory->rows, memory->row_room * sizeof *rows);
    for (uint32_t i = memory->row_room; i < room; i++) rows[i] = &no_row;
    memory->rows = rows;
    ORDERED();
    memory->row_room = room;
    return 1;
}

static int sizes_new(thagi_thread *thread)
{
    trace_sizes *sizes = thagi_thread_alloc(thread, sizeof *sizes);
    if (!sizes) return 0;
    sizes->kind = TRACE_SIZES;
    thread->memory.sizes = sizes;
    return 1;
}

static trace_mem *row_new(thagi_thread *thread, uint32_t node)
{
    thagi_memory *memory = &thread->memory;
    trace_mem *row = NULL;
    if ((memory->sizes || sizes_new(thread)) &&
        (node < memory->row_room || rows_grow(memory, node)))
        row = thagi_thread_alloc(thread, sizeof *row);
    if (!row) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return NULL;
    }
    row->node = node;
    ORDERED();
    row->kind = TRACE_MEM; /* last: now a reader sees it */
    memory->rows[node] = row;
    return row;
}

trace_mem *thagi_memory_row(thagi_thread *thread, uint32_t node)
{
    const thagi_memory *memory = &thread->memory;
    trace_mem *row = node < memory->row_room ? memory->rows[node] : &no_row;
    return row != &no_row ? row : row_new(thread, node);
}

/* --- places ------------------------------------------------------------------------------------ */

static thagi_place *place_slot(thagi_places *places, uintptr_t pc, uint32_t span)
{
    uint32_t i = thagi_place_hash(pc, span) & places->mask;
    while (places->at[i].pc && (places->at[i].pc != pc || places->at[i].span != span))
        i = (i + 1) & places->mask;
    return &places->at[i];
}

/* As with rows, the old table stays. */
static int places_grow(thagi_memory *memory)
{
    thagi_places *old = memory->own_places;
    uint32_t room = old ? 2 * (old->mask + 1) : PLACES_AT_FIRST;
    thagi_places *places = thagi_plat_map(sizeof *places + room * sizeof *places->at);
    if (!places) return 0;
    places->mask = room - 1;
    places->count = old ? old->count : 0;
    for (uint32_t i = 0; old && i <= old->mask; i++)
        if (old->at[i].pc) *place_slot(places, old->at[i].pc, old->at[i].span) = old->at[i];
    memory->own_places = places;
    return 1;
}

/* After an alert: the table is ours again, and the margins are new. */
static int revive(thagi_session *session, thagi_thread *thread)
{
    thagi_memory *memory = &thread->memory;
    if (!memory->own_places && !places_grow(memory)) return 0;
    thagi_places *places = memory->own_places;
    do { /* again if another module went meanwhile */
        if (__atomic_exchange_n(&memory->is_forgetful, 0, __ATOMIC_SEQ_CST)) {
            memset(places->at, 0, (places->mask + 1) * sizeof *places->at);
            places->count = 0;
        }
        __atomic_store_n(&memory->places, places, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&memory->is_forgetful, __ATOMIC_SEQ_CST));
    flush(session, thread);
    return 1;
}

/* The pc goes in last: a reader that is interrupted here, and goes on later, finds all or nothing. */
static void place_put(thagi_memory *memory, uintptr_t pc, uint32_t span, trace_mem *row)
{
    thagi_places *old = memory->own_places;
    if (row->node >= THAGI_RECORD_NODES) return;                    /* a block could not name it */
    if (2 * old->count > old->mask && !places_grow(memory)) return; /* found by its node */
    thagi_places *places = memory->own_places;
    thagi_place *place = place_slot(places, pc, span);
    place->span = span;
    place->row = row;
    ORDERED();
    place->pc = pc;
    places->count++;
    /* Not over an alert. */
    __atomic_compare_exchange_n(&memory->places, &old, places, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
}

static trace_mem *place_new(thagi_session *session, thagi_task *task, uintptr_t pc)
{
    uint64_t since = thagi_ticks();
    int saved_errno = errno;
    uint32_t span = task->top->node, node = thagi_code_child(session, span, pc);
    if (node == TRACE_NONE) thagi_count(TRACE_LOST_HEAP, 1);
    trace_mem *row = node == TRACE_NONE ? NULL : thagi_memory_row(task->thread, node);
    if (row) place_put(&task->thread->memory, pc, span, row);
    thagi_paused(task, since);
    errno = saved_errno;
    return row;
}

int thagi_memory_wake(thagi_task *task)
{
    if (!thagi_memory_is_alert(&task->thread->memory)) return 1;
    if (revive(thagi_session_now, task->thread)) return 1;
    thagi_count(TRACE_LOST_HEAP, 1);
    return 0;
}

trace_mem *thagi_memory_payer(thagi_task *task, uintptr_t pc)
{
    if (!thagi_memory_wake(task)) return NULL;
    const thagi_place *place = place_slot(task->thread->memory.own_places, pc, task->top->node);
    return place->pc ? place->row : place_new(thagi_session_now, task, pc);
}

/* --- events ------------------------------------------------------------------------------------ */

/* Before a change: what was live at the peak, if that has moved on. */
static void touch(trace_mem *row)
{
    uint64_t peak = __atomic_load_n(&thagi_memory_peak, __ATOMIC_RELAXED);
    if (row->peak_seen == peak) return;
    row->peak_blocks = thagi_row_blocks(row) - row->freed_usual - row->freed_other_blocks;
    row->peak_bytes = thagi_row_bytes(row) - row->freed_usual * row->size - row->freed_other_bytes;
    ORDERED();
    row->peak_seen = peak;
    ORDERED();
}

static unsigned size_bucket(uint64_t bytes)
{
    unsigned b = bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(bytes - 1);
    return b < TRACE_SIZE_BUCKETS ? b : TRACE_SIZE_BUCKETS - 1;
}

void thagi_memory_other(thagi_memory *memory, trace_mem *row, size_t bytes)
{
    struct trace_size_bucket *bucket = &memory->sizes->bucket[size_bucket(bytes)];
    thagi_own_add(&row->other_bytes, bytes);
    thagi_own_add(&row->other_blocks, 1);
    thagi_own_add(&bucket->bytes, bytes);
    thagi_own_add(&bucket->blocks, 1);
}

static void first_size(trace_mem *row, size_t bytes)
{
    if (row->usual || row->other_blocks || row->freed_usual || row->freed_other_blocks) return;
    row->size = bytes;
    ORDERED();
}

void thagi_memory_add(thagi_task *task, trace_mem *row, const void *block, size_t bytes,
                      int is_live)
{
    thagi_memory *memory = &task->thread->memory;
    if (is_live) touch(row);
    first_size(row, bytes);
    if (row->size == bytes)
        thagi_own_add(&row->usual, 1);
    else
        thagi_memory_other(memory, row, bytes);
    if (task->is_users) thagi_memory_pay(task, bytes);
    if (!is_live) return;
    memory->last_block = block;
    if (thagi_own_add_above(&memory->above, bytes)) settle(thagi_session_now, task->thread);
}

void thagi_memory_sub(thagi_task *task, const void *block, uint32_t node, size_t bytes, int is_free)
{
    thagi_memory *memory = &task->thread->memory;
    trace_mem *row = thagi_memory_row(task->thread, node);
    if (!row) return;
    if (memory->above > __atomic_load_n(&memory->free_high, __ATOMIC_RELAXED))
        flush(thagi_session_now, task->thread);
    touch(row);
    first_size(row, bytes);
    if (row->size == bytes) {
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
    if (thagi_own_sub_below(&memory->free_left, bytes)) settle(thagi_session_now, task->thread);
}
