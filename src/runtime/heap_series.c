/*
 * heap_series.c - the heap over time: what live was, in slices of time that grow with the run.
 *
 * Nobody is woken for it. A moment is recorded when live has moved by a step since the last one, which
 * the margins of memory.c notice at the event itself. A step that is reached again at once is doubled, one
 * that takes long is halved: so recording takes a few hundredths of the time at most, whatever the program
 * does. The slices are as many as there is room for: when time runs out of them, two become one.
 *
 * Several threads, and signal handlers, may want to record at once: one does, the others count that
 * they did not, and the one looks again for them.
 */
#include <string.h>

#include "runtime/memory.h"

#define STEP_MIN   64
#define STEP_MAX   (UINT64_C(1) << 40)
#define FAST       (UINT64_C(1) << 15) /* ticks; moments are not to follow each other faster */
#define LENGTH_MIN 16                  /* log2 of ticks: a slice at first */
#define COUNT_REST 128 /* times as long as counting blocks took, it is not done again */

#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

_Static_assert(sizeof(trace_chunk) + sizeof(trace_heap) <= TRACE_HEAP_SLICES_POS, "format");
_Static_assert(TRACE_HEAP_SLICES_POS + TRACE_HEAP_SLICES * sizeof(trace_heap_slice) <=
                   TRACE_CHUNK_BYTES,
               "format");

static trace_heap_slice *slices_of(trace_heap *heap)
{
    char *chunk = (char *)heap - sizeof(trace_chunk);
    return (trace_heap_slice *)(void *)(chunk + TRACE_HEAP_SLICES_POS);
}

void thagi_heap_series_start(thagi_session *session)
{
    trace_heap *heap = session->heap;
    heap->since_ticks = thagi_ticks();
    heap->length_log2 = LENGTH_MIN;
    session->series.step = STEP_MIN;
}

/* --- slices ------------------------------------------------------------------------------------ */

static void join(trace_heap_slice *to, const trace_heap_slice *first,
                 const trace_heap_slice *second)
{
    trace_heap_slice sum = first->moments ? *first : *second;
    if (first->moments && second->moments) {
        sum.last = second->last;
        if (second->min < sum.min) sum.min = second->min;
        if (second->max > sum.max) sum.max = second->max;
        sum.moments += second->moments;
        if (!sum.blocks) sum.blocks = second->blocks;
    }
    *to = sum;
}

/* Whoever dies within this leaves it to the reader to go on. */
static void double_length(trace_heap *heap)
{
    trace_heap_slice *slices = slices_of(heap);
    const uint32_t half = TRACE_HEAP_SLICES / 2;
    for (uint32_t i = 0; i < half; i++) {
        heap->joined = i + 1;
        ORDERED();
        join(&slices[i], &slices[2 * i], &slices[2 * i + 1]);
        ORDERED();
    }
    heap->joined = half + 1;
    ORDERED();
    memset(&slices[half], 0, half * sizeof *slices);
    ORDERED();
    trace_heap done = {.length_log2 = heap->length_log2 + 1};
    heap->scale = done.scale;
}

/* The slice of a moment; clocks of two processors may disagree a little. */
static uint32_t slice_at(thagi_session *session, uint64_t now)
{
    trace_heap *heap = session->heap;
    uint64_t since = now > heap->since_ticks ? now - heap->since_ticks : 0;
    while (since >> heap->length_log2 >= TRACE_HEAP_SLICES) {
        double_length(heap);
        session->series.slice /= 2;
    }
    uint32_t slice = (uint32_t)(since >> heap->length_log2);
    return slice > session->series.slice ? slice : session->series.slice;
}

/* --- blocks ------------------------------------------------------------------------------------ */

static uint64_t load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* Those of all threads, one counter after the other: exact while there is one thread. */
static uint64_t live_blocks(const thagi_session *session)
{
    uint64_t blocks = 0;
    for (const thagi_thread *thread = session->all; thread; thread = thread->next_all) {
        uint32_t room = __atomic_load_n(&thread->memory.row_room, __ATOMIC_ACQUIRE);
        thagi_row *const *rows = __atomic_load_n(&thread->memory.rows, __ATOMIC_RELAXED);
        const thagi_more *more = __atomic_load_n(&thread->memory.more, __ATOMIC_RELAXED);
        for (uint32_t i = 0; i < room; i++) {
            const trace_mem_other *other = __atomic_load_n(&more[i].other, __ATOMIC_RELAXED);
            if (!rows[i]->kind) continue;
            blocks += load(&rows[i]->usual) - load(&rows[i]->freed_usual);
            if (other) blocks += load(&other->blocks) - load(&other->freed_blocks);
        }
    }
    return (int64_t)blocks > 0 ? blocks : 0;
}

static void count_blocks(thagi_session *session, trace_heap_slice *slice, uint64_t now)
{
    if (now < session->series.count_ticks) return;
    slice->blocks = 1 + live_blocks(session);
    uint64_t then = thagi_ticks();
    session->series.count_ticks = then + COUNT_REST * (then - now);
}

/* --- moments ----------------------------------------------------------------------------------- */

/* Steps that would be seen in a picture, of more than 1/256 of the peak, may follow each other faster. */
static void set_step(thagi_session *session, uint64_t now)
{
    struct thagi_heap_series *series = &session->series;
    uint64_t gap = now - series->last_ticks, step = series->step;
    uint64_t fast = step > session->heap->peak >> 8 ? FAST / 2 : FAST;
    if (gap < fast && step < STEP_MAX) step *= 2;
    for (; gap > 8 * FAST && step > STEP_MIN; gap /= 2) step /= 2;
    __atomic_store_n(&series->step, step, __ATOMIC_RELAXED);
    /* What is less than half a step away is not recorded, and the next step begins there. */
    if (session->heap->step_max < step + step / 2) session->heap->step_max = step + step / 2;
}

static void record(thagi_session *session, uint64_t live, uint64_t now)
{
    uint32_t index = slice_at(session, now);
    trace_heap_slice *slice = &slices_of(session->heap)[index];
    if (!slice->moments) {
        slice->min = slice->max = live;
        count_blocks(session, slice, now);
    }
    if (live < slice->min) slice->min = live;
    if (live > slice->max) slice->max = live;
    slice->last = live;
    ORDERED();
    slice->moments++;
    session->series.slice = index;
    session->series.last = live;
    set_step(session, now);
    session->series.last_ticks = now;
}

/* Not worth a moment of its own. */
static int is_near(const struct thagi_heap_series *series, uint64_t live)
{
    uint64_t step = load(&series->step), last = load(&series->last);
    return (live > last ? live - last : last - live) < step / 2;
}

/* Whoever comes late, for he had to wait for a processor, does not record what was live then, but now. */
static void record_in_turn(thagi_session *session, uint64_t live, uint64_t now)
{
    if ((int64_t)(session->series.last_ticks - now) > 0) {
        live = load(&session->heap->live);
        now = thagi_ticks();
    }
    if ((int64_t)live >= 0) record(session, live, now);
}

void thagi_heap_series_put(thagi_session *session, uint64_t live, uint64_t now)
{
    struct thagi_heap_series *series = &session->series;
    const trace_heap *heap = session->heap;
    if (!load(&series->step)) return; /* not in summary mode */
    while (!is_near(series, live)) {
        if (__atomic_exchange_n(&series->lock, 1, __ATOMIC_ACQUIRE)) {
            __atomic_add_fetch(&session->heap->skipped, 1, __ATOMIC_RELAXED);
            return;
        }
        uint64_t skipped = load(&heap->skipped);
        record_in_turn(session, live, now);
        __atomic_store_n(&series->lock, 0, __ATOMIC_RELEASE);
        if (load(&heap->skipped) == skipped) return;
        live = load(&heap->live); /* for those who had no turn */
        now = thagi_ticks();
        if ((int64_t)live < 0) return;
    }
}
