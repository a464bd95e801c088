/*
 * trace_heap_time.c - the heap over time, as the HEAP chunk has it: its slices, completed where the
 * process died while it joined them.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* What the writer does when its slices have become too few. */
static trace_heap_slice joined(const trace_heap_slice *first, const trace_heap_slice *second)
{
    trace_heap_slice sum = first->moments ? *first : *second;

    if (!first->moments || !second->moments) return sum;
    sum.last = second->last;
    if (second->min < sum.min) sum.min = second->min;
    if (second->max > sum.max) sum.max = second->max;
    sum.moments = add_capped(sum.moments, second->moments);
    if (!sum.blocks) sum.blocks = second->blocks;
    return sum;
}

/* Slices below `joined` - 1 are done; the others still are in pairs. */
static void complete_join(trace_heap *heap, trace_heap_slice *slices)
{
    const uint32_t half = TRACE_HEAP_SLICES / 2;

    if (!heap->joined) return;
    for (uint32_t i = heap->joined - 1; i < half; i++) {
        slices[i] = joined(&slices[2 * i], &slices[2 * i + 1]);
    }
    memset(&slices[half], 0, half * sizeof *slices);
    heap->length_log2++;
}

static const char *problem_of(const trace_heap_slice *s)
{
    if (s->min > s->max || s->last < s->min || s->last > s->max) return "not between its bounds";
    return s->max > INT64_MAX || s->blocks > INT64_MAX ? "too much" : NULL;
}

/* What is wrong with a slice is said, and the slice left out. */
static void check_slices(trace *t, uint64_t offset)
{
    trace_heap_time *time = &t->heap_time;
    uint64_t end = 0;

    for (uint32_t i = 0; i < TRACE_HEAP_SLICES; i++) {
        trace_heap_slice *s = &time->slices[i];
        uint64_t since = time->since_ticks + ((uint64_t)i << time->length_log2);
        const char *problem = s->moments ? problem_of(s) : NULL;

        if (s->moments && !slot_is_plausible(t, since)) problem = "out of range";
        if (problem) {
            trace_note(t, offset + i * sizeof *s, "heap over time: slice %u %s", i, problem);
            s->moments = 0;
        }
        if (s->moments) end = since;
    }
    if (!trace_ended(t) && end > t->end_ticks) t->end_ticks = end;
}

thag_err trace_load_heap_time(trace *t, const chunk_ref *ref, const uint8_t *buffer)
{
    trace_heap_time *time = &t->heap_time;
    uint64_t offset = CHUNK_OFFSET(ref->chunk);
    trace_heap heap;

    memcpy(&heap, buffer + sizeof(trace_chunk), sizeof heap);
    if (ref->used <= TRACE_HEAP_SLICES_POS || !heap.since_ticks) return THAG_OK; /* it has none */
    if (heap.length_log2 > 50 || heap.joined > TRACE_HEAP_SLICES / 2 + 1 ||
        !slot_is_plausible(t, heap.since_ticks)) {
        trace_note(t, offset + sizeof(trace_chunk), "heap over time: slices of 2^%u ticks",
                   heap.length_log2);
        return THAG_OK;
    }
    time->slices = calloc(TRACE_HEAP_SLICES, sizeof *time->slices);
    if (!time->slices) return THAG_ERR_MEMORY;
    memcpy(time->slices, buffer + TRACE_HEAP_SLICES_POS, TRACE_HEAP_SLICES * sizeof *time->slices);
    complete_join(&heap, time->slices);
    time->count = TRACE_HEAP_SLICES;
    time->length_log2 = heap.length_log2;
    time->since_ticks = heap.since_ticks;
    time->peak_ticks = slot_is_plausible(t, heap.peak_ticks) ? heap.peak_ticks : 0;
    time->skipped = heap.skipped;
    time->step_bytes = heap.step_max;
    check_slices(t, offset + TRACE_HEAP_SLICES_POS);
    return THAG_OK;
}

const trace_heap_time *trace_heap_time_of(const trace *t)
{
    return &t->heap_time;
}
