/*
 * memory.c - the slow ways of counting heap memory. See memory.h.
 */
#include "runtime/memory.h"

#include <errno.h>
#include <string.h>

#define ROWS_AT_FIRST   1024
#define PLACES_AT_FIRST 512
#define MARGIN_MAX      65536
#define MARGIN_SHIFT    10 /* of the peak */

#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* NULL without src/heap. */
const thagi_heap_way *thagi_memory_way = thagi_heap_ways; /* THAGI_MEMORY_OFF */
static thagi_memory no_memory;
__thread thagi_memory *thagi_memory_here = &no_memory;
unsigned char thagi_memory_is_on;
unsigned char thagi_memory_is_live;
unsigned char thagi_memory_is_timed;
uint64_t thagi_memory_peak;
uint64_t thagi_memory_key;
unsigned char thagi_memory_stacks;
uint64_t thagi_memory_period;
unsigned char thagi_memory_maps;
uint32_t thagi_memory_unloads;

/* Of a slot that has nothing yet, or has to look at things again: no place, and no row up to date. */
static thagi_row no_row = {.peak_seen = UINT64_MAX};
static thagi_places no_places = {.at = {&no_row}};

_Static_assert(sizeof(thagi_row) == sizeof(trace_mem_usual), "format");
_Static_assert(offsetof(thagi_row, pc) == offsetof(trace_mem_usual, pc_scratch), "format");
_Static_assert(offsetof(thagi_row, peak_usual) == offsetof(trace_mem_usual, peak_usual), "format");

/* --- switching --------------------------------------------------------------------------------- */

/* Defined by src/heap, which a program may or may not be linked with: finds the real functions, so that
   what is on is never found off. Whether the usual ways may be taken. */
extern int thagi_heap_hooks(void) __attribute__((__weak__));
/* And measures what the hooks take in the usual ways, on this thread, with its task. */
extern void thagi_heap_calibrate(thagi_task *task) __attribute__((__weak__));

/* Whose malloc it is, if it is not ours. */
extern const char *thagi_heap_stranger(void) __attribute__((__weak__));

/* Of what another allocator makes only a part would come to us, and hardly an end of it. */
static const char *stranger(void)
{
    return thagi_heap_stranger ? thagi_heap_stranger() : NULL;
}

extern int thagi_heap_knows_sizes(void) __attribute__((__weak__));

static unsigned char wants_live_unsized; /* and gets a summary */

/* Records of what is live stand at the end of the blocks, wherever that is. */
static int is_unsized(void)
{
    return thagi_heap_knows_sizes && !thagi_heap_knows_sizes();
}

int thagi_memory_hooked(void)
{
    return thagi_heap_hooks != NULL;
}

void thagi_memory_prepare(void)
{
    if (thagi_heap_hooks) thagi_heap_hooks();
}

void thagi_memory_check(void)
{
    static const char unsized[] = "malloc comes without a malloc_usable_size";
    static unsigned char is_done;
    const char *whose = stranger();
    if (!whose && !wants_live_unsized) return;
    if (__atomic_exchange_n(&is_done, 1, __ATOMIC_RELAXED)) return;
    if (whose) {
        thagi_complain("malloc is that of %s, not of libthag_heap; no memory is recorded", whose);
        thagi_note(TRACE_HEAP_FOREIGN, "malloc is that of %s, not of libthag_heap", whose);
    } else {
        thagi_complain("%s; what is live is not recorded (as with THAG_MEMORY=summary)", unsized);
        thagi_note(TRACE_HEAP_UNSIZED, "%s", unsized);
    }
}

void thagi_memory_calibrate(thagi_task *task)
{
    if (thagi_heap_calibrate && thagi_heap_hooks()) thagi_heap_calibrate(task);
}

static const thagi_heap_way *functions_of(enum thagi_memory_way way)
{
    return thagi_memory_is_timed ? thagi_heap_ways[way].timed : &thagi_heap_ways[way];
}

void thagi_memory_switch(void)
{
    unsigned char is_on = (thag_active & TRACE_MEMORY) && !stranger();
    enum thagi_memory_way way = THAGI_MEMORY_CAREFUL;
    const thagi_session *session = thagi_session_now;
    if (!thagi_heap_hooks) return;
    if (!is_on && !thagi_memory_is_live)
        way = THAGI_MEMORY_OFF;
    else if (is_on && thagi_memory_period && session->heap && !thagi_stack_is_watched)
        thagi_heap_hooks(), way = THAGI_MEMORY_SAMPLED;
    else if (is_on && session->heap && !session->heap->threshold && !thagi_stack_is_watched &&
             thagi_heap_hooks())
        way = !thagi_memory_is_live ? THAGI_MEMORY_SUMMARY
              : thagi_memory_stacks ? THAGI_MEMORY_DETAIL
                                    : THAGI_MEMORY_MANY;
    __atomic_store_n(&thagi_memory_is_on, is_on, __ATOMIC_RELAXED);
    thagi_memory_is_timed = is_on && (thag_active & TRACE_TIME);
    __atomic_store_n(&thagi_memory_way, functions_of(way), __ATOMIC_RELEASE);
}

/* Only between the two: nothing changes if recording is off, or is careful. */
static void change_way(enum thagi_memory_way from, enum thagi_memory_way to)
{
    const thagi_heap_way *old = functions_of(from);
    __atomic_compare_exchange_n(&thagi_memory_way, &old, functions_of(to), 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_RELAXED);
}

/* Make a slot take the slow way next time. */
static void alert(thagi_thread *thread)
{
    __atomic_store_n(&thread->memory.places, &no_places, __ATOMIC_RELAXED);
    __atomic_store_n(&thread->memory.may_peak, 1, __ATOMIC_RELAXED);
}

void thagi_memory_interrupted(thagi_thread *thread)
{
    alert(thread);
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
    wants_live_unsized = mode == TRACE_HEAP_LIVE && is_unsized();
    if (wants_live_unsized) mode = TRACE_HEAP_SUMMARY;
    heap->mode = mode;
    heap->threshold = threshold;
    heap->sample_period = thagi_memory_period;
    uint64_t seed = thagi_plat_real_ns() ^ (uint64_t)session->pid << 32 ^ (uintptr_t)heap;
    thagi_memory_peak = 0;
    session->memory_key = thagi_memory_key = 1 | thagi_hash_mix(seed);
    session->heap = heap;
    if (mode == TRACE_HEAP_LIVE) {
        thagi_heap_series_start(session);
        thagi_memory_is_live = !stranger();
    }
    chunk->used = TRACE_HEAP_SLICES_POS + TRACE_HEAP_SLICES * sizeof(trace_heap_slice);
    thagi_chunk_publish(chunk, TRACE_HEAP);
    alert_all(session);
    return 0;
}

void thagi_memory_want_stacks(int all)
{
    if (thagi_memory_stacks >= (all ? THAGI_STACKS_ALL : THAGI_STACKS_FLAGGED)) return;
    thagi_memory_stacks = all ? THAGI_STACKS_ALL : THAGI_STACKS_FLAGGED;
    thagi_memory_switch();
}

void thagi_memory_want_samples(uint64_t period)
{
    thagi_memory_period = period;
}

void thagi_memory_want_mappings(int wanted)
{
    thagi_memory_maps = wanted != 0;
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
        __atomic_store_n(&thread->memory.is_forgetful, 1, __ATOMIC_SEQ_CST);
    alert_all(session);
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

/* --- the sum of all threads -------------------------------------------------------------------- */

/*
 * How far the thread may go until it tells the others. Alone, it goes by the steps of the heap over time,
 * and as far as the last peak; once above that every free looks, until one finds that it was not the end of
 * a new one. What a signal handler adds meanwhile to what is pending stays in it.
 */
static void set_margins(const thagi_session *session, const thagi_thread *thread,
                        thagi_memory *memory, int64_t live, int64_t old_peak)
{
    int64_t margin = old_peak >> MARGIN_SHIFT, high, free_low = INT64_MIN;
    uint64_t may_peak = 0, free_left;
    if (margin > MARGIN_MAX) margin = MARGIN_MAX;
    memory->is_alone = 0;
    high = margin;
    if (thread->level) {
        high = margin =
            0; /* a signal handler's: the slot that it interrupted may think that it is alone */
        may_peak = 1;
    } else if (__atomic_load_n(&session->live_count, __ATOMIC_SEQ_CST) <= 1) {
        memory->is_alone = 1;
        high = margin = (int64_t)session->series.step;
        may_peak = live > old_peak;
        if (!may_peak && old_peak - live < margin) high = old_peak - live;
        free_low = -margin - high;
    }
    free_left = memory->is_alone ? INT64_MAX : (uint64_t)margin;
    thagi_own_add((uint64_t *)&memory->above, (uint64_t)(memory->high - high));
    memory->high = high;
    memory->free_left = free_left;
    memory->free_low = free_low;
    __atomic_store_n(&memory->may_peak, may_peak, __ATOMIC_RELAXED);
    if (memory->is_alone) change_way(THAGI_MEMORY_MANY, THAGI_MEMORY_ALONE);
}

/* `live` may be as high as never before. */
static void raise_peak(trace_heap *heap, int64_t live, uint64_t now)
{
    uint64_t peak = __atomic_load_n(&heap->peak, __ATOMIC_RELAXED);
    while (live > (int64_t)peak)
        if (__atomic_compare_exchange_n(&heap->peak, &peak, (uint64_t)live, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            peak = (uint64_t)live;
            heap->peak_ticks = now;
        }
    __atomic_store_n(&thagi_memory_peak, peak, __ATOMIC_RELAXED);
}

/* Tell all what is pending here. is_peak: or else nothing is freed from it yet. */
void thagi_memory_flush(thagi_session *session, thagi_thread *thread, int is_peak)
{
    thagi_memory *memory = &thread->memory;
    trace_heap *heap = session->heap;
    uint64_t now = thagi_ticks();
    int64_t moved = memory->high, old_peak = (int64_t)thagi_memory_peak;
    moved += __atomic_exchange_n(&memory->above, -memory->high, __ATOMIC_RELAXED);
    int64_t live = (int64_t)__atomic_add_fetch(&heap->live, (uint64_t)moved, __ATOMIC_RELAXED);
    if (is_peak && live > old_peak) raise_peak(heap, live, now);
    if (live >= 0) thagi_heap_series_put(session, (uint64_t)live, now);
    set_margins(session, thread, memory, live, old_peak);
    /* A second thread may have come meanwhile, and its alert may be what was overwritten. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (memory->is_alone && __atomic_load_n(&session->live_count, __ATOMIC_SEQ_CST) > 1) {
        change_way(THAGI_MEMORY_ALONE, THAGI_MEMORY_MANY);
        set_margins(session, thread, memory, live, old_peak);
    }
    if (!thread->level) return;
    for (thagi_thread *other = session->all; other; other = other->next_all)
        if (other->tid == thread->tid && other != thread) alert(other);
}

/* Only if a margin is really left: free_left does not know what was allocated meanwhile. */
void thagi_memory_settle(thagi_session *session, thagi_thread *thread)
{
    thagi_memory *memory = &thread->memory;
    int64_t pending = memory->above + memory->high;
    int is_within = memory->above <= 0 && memory->above >= memory->free_low;
    if (is_within && !memory->is_alone && pending > -memory->high)
        memory->free_left = (uint64_t)(pending + memory->high);
    else if (!is_within || !memory->is_alone)
        thagi_memory_flush(session, thread, !memory->is_alone);
}

void thagi_memory_used_up(thagi_task *task)
{
    uintptr_t was = task->state;
    if (!thagi_task_is_ready(task)) { /* a handler; who it interrupted will notice */
        __atomic_store_n(&thagi_memory_here->may_peak, 1, __ATOMIC_RELAXED);
        return;
    }
    task->state = (uintptr_t)__builtin_frame_address(0);
    ORDERED();
    thagi_memory_settle(thagi_session_now, task->thread);
    thagi_memory_leave_task(task, was);
}

void thagi_memory_join(thagi_session *session, thagi_thread *thread)
{
    if (!thread->memory.places) {
        thread->memory.places = &no_places;
        thread->memory.may_peak = 1;
    }
    if (thread->level) return;
    thagi_memory_here = &thread->memory;
    if (session->live_count != 2 || !session->heap) return;
    /* One that thought itself alone is so no more. */
    change_way(THAGI_MEMORY_ALONE, THAGI_MEMORY_MANY);
    alert_all(session);
}

void thagi_memory_leave(thagi_session *session, thagi_thread *thread)
{
    if (thagi_memory_here == &thread->memory) thagi_memory_here = &no_memory;
    if (!session->heap || !thread->memory.own_places) return;
    thread->memory.last_block = NULL;
    thagi_samples_settle(&thread->memory);
    thagi_memory_flush(session, thread, 1);
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

/* The old arrays stay mapped: a signal handler may have interrupted somebody who reads them. */
static int rows_grow(thagi_memory *memory, uint32_t node)
{
    uint32_t room = memory->row_room ? memory->row_room : ROWS_AT_FIRST;
    while (room <= node) room *= 2; /* nodes are fewer than 2^30 */
    thagi_row **rows = thagi_plat_map(room * sizeof *rows);
    thagi_more *more = thagi_plat_map(room * sizeof *more);
    if (!rows || !more) {
        thagi_plat_unmap(rows, room * sizeof *rows);
        thagi_plat_unmap(more, room * sizeof *more);
        return 0;
    }
    if (memory->rows) {
        memcpy(rows, memory->rows, memory->row_room * sizeof *rows);
        memcpy(more, memory->more, memory->row_room * sizeof *more);
    }
    for (uint32_t i = memory->row_room; i < room; i++) rows[i] = &no_row;
    memory->rows = rows;
    memory->more = more;
    __atomic_store_n(&memory->row_room, room, __ATOMIC_RELEASE); /* another thread may count */
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

static thagi_row *row_new(thagi_thread *thread, uint32_t node, uint64_t bytes)
{
    thagi_memory *memory = &thread->memory;
    thagi_row *row = NULL;
    if (bytes > UINT32_MAX) bytes = UINT32_MAX;
    if ((memory->sizes || sizes_new(thread)) &&
        (node < memory->row_room || rows_grow(memory, node)) &&
        thagi_code_set_size(thagi_session_now, node, &bytes))
        row = thagi_thread_alloc(thread, sizeof *row);
    if (!row) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return NULL;
    }
    row->node = node;
    row->size = (uint32_t)bytes;
    ORDERED();
    row->kind = TRACE_MEM_USUAL; /* last: now a reader sees it */
    memory->rows[node] = row;
    return row;
}

thagi_row *thagi_memory_row(thagi_thread *thread, uint32_t node, uint64_t bytes)
{
    const thagi_memory *memory = &thread->memory;
    thagi_row *row = node < memory->row_room ? memory->rows[node] : &no_row;
    return row != &no_row ? row : row_new(thread, node, bytes);
}

trace_mem_other *thagi_memory_other_of(thagi_thread *thread, const thagi_row *row)
{
    thagi_more *more = &thread->memory.more[row->node];
    if (more->other) return more->other;
    trace_mem_other *other = thagi_thread_alloc(thread, sizeof *other);
    if (!other) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return NULL;
    }
    other->node = row->node;
    other->peak_seen = row->peak_seen; /* nothing of it was live then */
    ORDERED();
    other->kind = TRACE_MEM_OTHER;
    ORDERED();
    return more->other = other;
}

void thagi_memory_add_resized(thagi_task *task, const thagi_row *row, uint64_t blocks,
                              uint64_t bytes)
{
    thagi_more *more = &task->thread->memory.more[row->node];
    trace_mem_resized *resized = more->resized;
    if (!resized && (resized = thagi_thread_alloc(task->thread, sizeof *resized))) {
        resized->node = row->node;
        ORDERED();
        resized->kind = TRACE_MEM_RESIZED;
        more->resized = resized;
    }
    if (!resized) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return;
    }
    thagi_own_add(&resized->reallocs, blocks);
    thagi_own_add(&resized->bytes, bytes);
}

/* --- places ------------------------------------------------------------------------------------ */

static thagi_row **place_slot(thagi_places *places, uintptr_t pc, uint32_t span)
{
    uint32_t i = thagi_place_hash(pc, span) & places->mask;
    while (places->at[i]->pc && (places->at[i]->pc != pc || places->at[i]->span != span))
        i = (i + 1) & places->mask;
    return &places->at[i];
}

static void places_clear(thagi_places *places)
{
    for (uint32_t i = 0; i <= places->mask; i++) places->at[i] = &no_row;
    places->count = 0;
}

/* As with rows, the old table stays. */
static int places_grow(thagi_memory *memory)
{
    const thagi_places *old = memory->own_places;
    uint32_t room = old ? 2 * (old->mask + 1) : PLACES_AT_FIRST;
    thagi_places *places = thagi_plat_map(sizeof *places + room * sizeof places->at[0]);
    if (!places) return 0;
    places->mask = room - 1;
    places_clear(places);
    for (uint32_t i = 0; old && i <= old->mask; i++) {
        thagi_row *row = old->at[i];
        if (row->pc) *place_slot(places, row->pc, row->span) = row;
    }
    places->count = old ? old->count : 0;
    memory->own_places = places;
    return 1;
}

/* After an alert: the table is ours again, and the margins are new. Not for a signal handler's slot: all
   that it does is told to all at once. */
static int revive(thagi_session *session, thagi_thread *thread)
{
    thagi_memory *memory = &thread->memory;
    if (!memory->own_places && !places_grow(memory)) return 0;
    thagi_places *places = memory->own_places;
    do { /* again if another module went meanwhile */
        if (__atomic_exchange_n(&memory->is_forgetful, 0, __ATOMIC_SEQ_CST)) places_clear(places);
        if (!thread->level) __atomic_store_n(&memory->places, places, __ATOMIC_SEQ_CST);
    } while (__atomic_load_n(&memory->is_forgetful, __ATOMIC_SEQ_CST));
    thagi_memory_flush(session, thread, 1);
    return 1;
}

static void place_put(thagi_memory *memory, uintptr_t pc, uint32_t span, thagi_row *row)
{
    thagi_places *old = memory->own_places;
    if (4 * old->count > old->mask && !places_grow(memory)) return; /* found by its node */
    thagi_places *places = memory->own_places;
    thagi_row **place = place_slot(places, pc, span);
    row->span = span;
    ORDERED();
    row->pc = pc;
    ORDERED();
    *place = row;
    places->count++;
    /* Not over an alert. */
    __atomic_compare_exchange_n(&memory->places, &old, places, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
}

static thagi_row *place_new(thagi_session *session, thagi_task *task, uintptr_t pc, size_t bytes)
{
    uint64_t since = thagi_ticks();
    int saved_errno = errno;
    uint32_t span = task->top->node, node = thagi_code_child(session, span, pc);
    if (node == TRACE_NONE) thagi_count(TRACE_LOST_HEAP, 1);
    thagi_row *row = node == TRACE_NONE ? NULL : thagi_memory_row(task->thread, node, bytes);
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

thagi_row *thagi_memory_payer(thagi_task *task, uintptr_t pc, size_t bytes)
{
    if (!thagi_memory_wake(task)) return NULL;
    thagi_row *row = *place_slot(task->thread->memory.own_places, pc, task->top->node);
    return row->pc ? row : place_new(thagi_session_now, task, pc, bytes);
}

/* --- events ------------------------------------------------------------------------------------ */

/* Before a change: what was live at the peak, if that has moved on. */
void thagi_memory_touch(const thagi_memory *memory, thagi_row *row)
{
    uint64_t peak = __atomic_load_n(&thagi_memory_peak, __ATOMIC_RELAXED);
    trace_mem_other *other = memory->more[row->node].other;
    if (row->peak_seen == peak) return;
    if (other) {
        other->peak_blocks = other->blocks - other->freed_blocks;
        other->peak_bytes = other->bytes - other->freed_bytes;
        ORDERED();
        other->peak_seen = peak;
        ORDERED();
    }
    row->peak_usual = row->usual - row->freed_usual;
    ORDERED();
    row->peak_seen = peak;
    ORDERED();
}

int thagi_memory_catch_up(thagi_task *task, thagi_row *row)
{
    uintptr_t was = task->state;
    if (!thagi_task_is_ready(task)) return 0;
    task->state = (uintptr_t)__builtin_frame_address(0);
    ORDERED();
    thagi_memory_touch(&task->thread->memory, row);
    thagi_memory_leave_task(task, was);
    return 1;
}

thagi_row *thagi_memory_payer_current(thagi_task *task, uintptr_t pc, int is_live)
{
    if (!task->thread) return NULL;
    thagi_places *places = __atomic_load_n(&task->thread->memory.places, __ATOMIC_RELAXED);
    thagi_row *row = *place_slot(places, pc, task->top->node);
    if (!row->pc) return NULL;
    return !is_live || thagi_memory_is_current(row) || thagi_memory_catch_up(task, row) ? row
                                                                                        : NULL;
}

thagi_row *thagi_memory_creditor_current(uint32_t node)
{
    thagi_memory *memory = thagi_memory_here;
    thagi_task *task = thagi_current;
    uintptr_t was = task->state;
    thagi_row *row = node < memory->row_room ? memory->rows[node] : &no_row;
    if (row == &no_row || !thagi_task_is_ready(task) || memory != &task->thread->memory)
        return NULL;
    task->state = (uintptr_t)__builtin_frame_address(0);
    ORDERED();
    if (thagi_memory_may_peak(memory)) thagi_memory_flush(thagi_session_now, task->thread, 1);
    thagi_memory_touch(memory, row);
    thagi_memory_leave_task(task, was);
    return row;
}

int thagi_memory_skip(thagi_task *task, size_t bytes)
{
    thagi_thread *thread = task->thread;
    uint64_t threshold = thagi_session_now->heap->threshold;
    if (THAGI_LIKELY(!threshold) || bytes > threshold) return 0;
    if (thread->memory.sizes || sizes_new(thread)) {
        thagi_own_add(&thread->memory.sizes->skipped_blocks, 1);
        thagi_own_add(&thread->memory.sizes->skipped_bytes, bytes);
    } else {
        thagi_count(TRACE_LOST_HEAP, 1);
    }
    return 1;
}

/* With what it takes to count a block of that size. */
static int row_has_room(thagi_thread *thread, const thagi_row *row, size_t bytes)
{
    return thagi_memory_has_room(&thread->memory, row, bytes, 0) ||
           thagi_memory_other_of(thread, row) != NULL;
}

int thagi_memory_add(thagi_task *task, thagi_row *row, const void *block, size_t bytes, int is_live)
{
    if (is_live) thagi_memory_touch(&task->thread->memory, row);
    if (!row_has_room(task->thread, row, bytes)) return 0;
    if (thagi_memory_add_fast(task, row, block, bytes,
                              is_live ? THAGI_MEMORY_MANY : THAGI_MEMORY_SUMMARY))
        thagi_memory_settle(thagi_session_now, task->thread);
    return 1;
}

void thagi_memory_sub(thagi_task *task, const void *block, uint32_t node, size_t bytes, int is_free)
{
    thagi_memory *memory = &task->thread->memory;
    thagi_row *row = thagi_memory_row(task->thread, node, bytes);
    if (!row) return;
    if (thagi_memory_may_peak(memory)) thagi_memory_flush(thagi_session_now, task->thread, 1);
    thagi_memory_touch(memory, row);
    if (!row_has_room(task->thread, row, bytes)) return;
    if (thagi_memory_sub_fast(memory, row, block, bytes, is_free, THAGI_MEMORY_CAREFUL))
        thagi_memory_settle(thagi_session_now, task->thread);
}
