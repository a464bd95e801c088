#include "profile/load/heap_time.h"

#include <stdlib.h>

static uint64_t moment_ns(const trace *t, uint64_t ticks)
{
    uint64_t start = trace_head(t)->start_ticks, end = trace_end_ticks(t);

    if (ticks > end) ticks = end;
    return ticks > start ? trace_ns(t, ticks - start) : 0;
}

static thag_err nothing(const trace *t, fault *why)
{
    uint32_t mode = trace_memory_of(t)->mode;

    return fault_set(why, THAG_ERR_EMPTY, UINT64_MAX,
                     !mode                        ? "memory was not recorded"
                     : mode == TRACE_HEAP_SUMMARY ? "recorded with THAG_MEMORY=summary: frees are "
                                                    "not known"
                                                  : "the trace has no heap over time");
}

static void take_end(heap_time *h, const trace *t)
{
    size_t count;
    const trace_path *paths = trace_paths(t, &count);
    uint64_t bytes = 0, blocks = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += paths[i].memory.bytes - paths[i].memory.freed_bytes;
        blocks += paths[i].memory.blocks - paths[i].memory.freed_blocks;
    }
    h->live_bytes = (int64_t)bytes > 0 ? bytes : 0;
    h->live_blocks = (int64_t)blocks > 0 ? blocks : 0;
    h->points[h->count++] = (heap_point){.start_ns = h->end_ns,
                                         .end_ns = h->end_ns,
                                         .last = h->live_bytes,
                                         .min = h->live_bytes,
                                         .max = h->live_bytes,
                                         .blocks = h->live_blocks,
                                         .has_blocks = 1};
}

static void take_slices(heap_time *h, const trace *t)
{
    const trace_heap_time *from = trace_heap_time_of(t);

    for (uint32_t i = 0; i < from->count; i++) {
        const trace_heap_slice *s = &from->slices[i];
        uint64_t since = from->since_ticks + ((uint64_t)i << from->length_log2);

        if (!s->moments) continue;
        h->points[h->count++] =
            (heap_point){.start_ns = moment_ns(t, since),
                         .end_ns = moment_ns(t, since + (UINT64_C(1) << from->length_log2)),
                         .last = s->last,
                         .min = s->min,
                         .max = s->max,
                         .blocks = s->blocks ? s->blocks - 1 : 0,
                         .has_blocks = s->blocks != 0};
    }
}

/* It was known at its time, to the byte, but need not have been recorded then. */
static void take_peak(heap_time *h, const trace *t)
{
    const trace_heap_time *from = trace_heap_time_of(t);
    size_t at = 0;

    h->peak_bytes = trace_memory_of(t)->peak;
    h->peak_ns = from->peak_ticks ? moment_ns(t, from->peak_ticks) : h->end_ns;
    while (at + 1 < h->count && h->points[at + 1].start_ns <= h->peak_ns) at++;
    if (h->points[at].max < h->peak_bytes) h->points[at].max = h->peak_bytes;
    if (h->points[at].end_ns < h->peak_ns) h->points[at].end_ns = h->peak_ns;
}

thag_err heap_time_new(heap_time **out, const trace *t, fault *why)
{
    const trace_heap_time *from = trace_heap_time_of(t);
    heap_time *h;

    *out = NULL;
    if (!from->count) return nothing(t, why);
    h = calloc(1, sizeof *h);
    if (h) h->points = calloc(from->count + 2, sizeof *h->points);
    if (!h || !h->points) {
        heap_time_free(h);
        return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "the heap over time");
    }
    h->end_ns = moment_ns(t, trace_end_ticks(t));
    h->slice_ns = trace_ns(t, UINT64_C(1) << from->length_log2);
    h->step_bytes = from->step_bytes;
    h->skipped = from->skipped;
    h->sample_period = trace_memory_of(t)->sampling.period;
    h->samples = trace_memory_of(t)->sampling.samples;
    h->points[h->count++].start_ns = moment_ns(t, from->since_ticks);
    h->points[0].end_ns = h->points[0].start_ns;
    take_slices(h, t);
    take_end(h, t);
    take_peak(h, t);
    *out = h;
    return THAG_OK;
}

void heap_time_free(heap_time *h)
{
    if (h) free(h->points);
    free(h);
}

/* ---- columns ---- */

static void widen(heap_column *c, uint64_t min, uint64_t max)
{
    if (min < c->min) c->min = min;
    if (max > c->max) c->max = max;
}

void heap_time_columns(const heap_time *h, uint64_t from_ns, uint64_t to_ns, heap_column *columns,
                       size_t count)
{
    double length = (double)(to_ns - from_ns) / (double)count;
    uint64_t value = 0;
    size_t at = 0;

    for (size_t c = 0; c < count; c++) {
        uint64_t start = from_ns + (uint64_t)(length * (double)c);
        uint64_t end = from_ns + (uint64_t)(length * (double)(c + 1));

        if (c + 1 == count) end = to_ns + 1;
        while (at < h->count && h->points[at].end_ns < start) value = h->points[at++].last;
        columns[c] = (heap_column){value, value, value};
        for (size_t i = at; i < h->count && h->points[i].start_ns < end; i++) {
            widen(&columns[c], h->points[i].min, h->points[i].max);
            columns[c].last = h->points[i].last;
        }
    }
}
