/*
 * trace_memory.c - the memory counters of a trace: blocks of kinds MEM and SIZES, and the HEAP chunk.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

const trace_memory_info *trace_memory_of(const trace *t)
{
    return &t->memory;
}

#define SAMPLE_PERIOD_MAX (UINT64_C(1) << 40) /* more than any writer has */

static uint64_t sample_period(trace *t, const chunk_ref *ref, const trace_heap *heap)
{
    if (heap->sample_period <= SAMPLE_PERIOD_MAX) return heap->sample_period;
    trace_note(t,
               CHUNK_OFFSET(ref->chunk) + sizeof(trace_chunk) + offsetof(trace_heap, sample_period),
               "samples of memory are too far apart");
    return SAMPLE_PERIOD_MAX; /* there were some */
}

thag_err trace_load_heap(trace *t)
{
    const chunk_list *list = &t->chunks[TRACE_HEAP];
    uint8_t *buffer;
    trace_heap heap;
    thag_err err;

    if (!list->count) return THAG_OK;
    buffer = malloc(TRACE_CHUNK_BYTES);
    if (!buffer) return THAG_ERR_MEMORY;
    trace_load_chunk(t, &list->items[0], buffer);
    memcpy(&heap, buffer + sizeof(trace_chunk), sizeof heap);
    err = trace_load_heap_time(t, &list->items[0], buffer);
    free(buffer);
    if (list->count > 1) {
        trace_note(t, CHUNK_OFFSET(list->items[1].chunk), "a second chunk of the heap");
    }
    if (heap.mode != TRACE_HEAP_SUMMARY && heap.mode != TRACE_HEAP_LIVE) {
        trace_note(t, CHUNK_OFFSET(list->items[0].chunk) + sizeof(trace_chunk),
                   "unknown mode %u of the heap", heap.mode);
        heap.mode = TRACE_HEAP_SUMMARY; /* what both modes have is used */
    }
    t->memory.mode = heap.mode;
    t->memory.threshold = heap.threshold;
    t->memory.sampling.period = sample_period(t, &list->items[0], &heap);
    t->memory.peak = heap.peak;
    return err;
}

/* Differences are modulo 2^64: what one slot freed another may have allocated. */
static void add_mem(const trace *t, trace_memory *m, const trace_mem *from)
{
    uint64_t blocks = from->usual + from->other_blocks;
    uint64_t bytes = from->usual * from->size + from->other_bytes;
    uint64_t freed_blocks = from->freed_usual + from->freed_other_blocks;
    uint64_t freed_bytes = from->freed_usual * from->size + from->freed_other_bytes;
    int is_then = from->peak_seen == t->memory.peak;

    m->blocks = add_capped(m->blocks, blocks);
    m->bytes = add_capped(m->bytes, bytes);
    m->freed_blocks = add_capped(m->freed_blocks, freed_blocks);
    m->freed_bytes = add_capped(m->freed_bytes, freed_bytes);
    m->temporary = add_capped(m->temporary, from->temporary);
    m->reallocs = add_capped(m->reallocs, from->reallocs);
    m->realloc_bytes = add_capped(m->realloc_bytes, from->realloc_bytes);
    m->peak_blocks =
        (int64_t)((uint64_t)m->peak_blocks + (is_then ? from->peak_blocks : blocks - freed_blocks));
    m->peak_bytes =
        (int64_t)((uint64_t)m->peak_bytes + (is_then ? from->peak_bytes : bytes - freed_bytes));
}

static uint32_t size_bucket(uint64_t bytes)
{
    uint32_t b = 0;

    while (b < TRACE_SIZE_BUCKETS - 1 && bytes > UINT64_C(1) << b) b++;
    return b;
}

/* Blocks of the usual size are in their path's counters only. */
static void add_usual(trace_memory_info *info, const trace_mem *from)
{
    struct trace_size_bucket *bucket = &info->sizes[size_bucket(from->size)];

    bucket->blocks = add_capped(bucket->blocks, from->usual);
    bucket->bytes = add_capped(bucket->bytes, from->usual * from->size);
}

/* What a block says, as one of the kind that has all. 0: it has another kind. */
static int read_mem(trace_mem *m, const uint8_t *block, uint32_t kind)
{
    trace_mem_usual u;
    trace_mem_other o;
    trace_mem_resized r;

    *m = (trace_mem){0};
    if (kind == TRACE_MEM) {
        memcpy(m, block, sizeof *m);
    } else if (kind == TRACE_MEM_USUAL) {
        memcpy(&u, block, sizeof u);
        *m = (trace_mem){.node = u.node, .size = u.size, .usual = u.usual};
        m->freed_usual = u.freed_usual;
        m->temporary = u.temporary;
        m->peak_seen = u.peak_seen;
        m->peak_blocks = u.peak_usual;
        m->peak_bytes = u.peak_usual * u.size;
    } else if (kind == TRACE_MEM_OTHER) {
        memcpy(&o, block, sizeof o);
        *m = (trace_mem){.node = o.node, .other_blocks = o.blocks, .other_bytes = o.bytes};
        m->freed_other_blocks = o.freed_blocks;
        m->freed_other_bytes = o.freed_bytes;
        m->peak_seen = o.peak_seen;
        m->peak_blocks = o.peak_blocks;
        m->peak_bytes = o.peak_bytes;
    } else if (kind == TRACE_MEM_RESIZED) {
        memcpy(&r, block, sizeof r);
        *m = (trace_mem){.node = r.node, .reallocs = r.reallocs, .realloc_bytes = r.bytes};
    } else {
        return 0;
    }
    return 1;
}

thag_err slot_read_mem(slot_work *w, const chunk_ref *ref, uint32_t pos, uint32_t kind)
{
    trace_mem m;
    trace_path *path;
    thag_err err;

    if (!read_mem(&m, w->buffer + pos, kind)) return THAG_OK;
    err = slot_path_of_block(w, ref, pos, m.node, "memory", &path);
    if (err || !path) return err;
    add_mem(w->t, &path->memory, &m);
    add_usual(&w->t->memory, &m);
    return THAG_OK;
}

thag_err slot_read_release(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    trace_release r;
    trace_path *path;
    trace_memory *m;
    thag_err err;

    memcpy(&r, w->buffer + pos, sizeof r);
    err = slot_path_of_block(w, ref, pos, r.node, "frees", &path);
    if (err || !path) return err;
    m = &path->memory;
    m->released_blocks = add_capped(m->released_blocks, r.blocks);
    m->released_bytes = add_capped(m->released_bytes, r.bytes);
    return THAG_OK;
}

void slot_read_sizes(slot_work *w, uint32_t pos)
{
    trace_memory_info *m = &w->t->memory;
    trace_sizes from;

    memcpy(&from, w->buffer + pos, sizeof from);
    m->skipped_blocks = add_capped(m->skipped_blocks, from.skipped_blocks);
    m->skipped_bytes = add_capped(m->skipped_bytes, from.skipped_bytes);
    m->unknown_frees = add_capped(m->unknown_frees, from.unknown_frees);
    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        m->sizes[b].blocks = add_capped(m->sizes[b].blocks, from.bucket[b].blocks);
        m->sizes[b].bytes = add_capped(m->sizes[b].bytes, from.bucket[b].bytes);
    }
}

void slot_read_samples(slot_work *w, uint32_t pos)
{
    trace_sampling *s = &w->t->memory.sampling;
    trace_samples from;

    memcpy(&from, w->buffer + pos, sizeof from);
#define ADD(member) s->member = add_capped(s->member, from.member)
    ADD(samples);
    ADD(freed_samples);
    ADD(allocated);
    ADD(blocks_variance);
    ADD(bytes_variance);
    ADD(freed_blocks_variance);
    ADD(freed_bytes_variance);
#undef ADD
}

/* What a thread held back when the program ended: if more is live now than ever was, the peak is now. */
void trace_settle_peak(trace *t)
{
    uint64_t live = 0, peak = 0;

    for (size_t i = 0; i < t->path_count; i++) {
        const trace_memory *m = &t->paths[i].memory;

        live += m->bytes - m->freed_bytes;
        peak += (uint64_t)m->peak_bytes;
    }
    if ((int64_t)live < (int64_t)peak) return;
    for (size_t i = 0; i < t->path_count; i++) {
        trace_memory *m = &t->paths[i].memory;

        m->peak_blocks = (int64_t)(m->blocks - m->freed_blocks);
        m->peak_bytes = (int64_t)(m->bytes - m->freed_bytes);
    }
    if (live <= t->memory.peak || (int64_t)live < 0) return;
    t->memory.peak = live;
    t->heap_time.peak_ticks = 0;
}
