/*
 * trace_chunks.c - the heads of all chunks of a trace, listed by kind and sorted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

#define HEAD_READ  (sizeof(trace_chunk) + sizeof(trace_timeline))
#define CHUNKS_MAX (1u << 24) /* 1 TiB */

static int all_zero(const void *bytes, size_t len)
{
    const uint8_t *b = bytes;

    for (size_t i = 0; i < len; i++) {
        if (b[i]) return 0;
    }
    return 1;
}

static int magic_matches(const char *magic)
{
    int count = 0;

    for (int i = 0; i < 8; i++) count += magic[i] == TRACE_CHUNK_MAGIC[i];
    return count;
}

/* Whether the chunk is worth a place in the lists; what is wrong with it is named. */
static int check_chunk(trace *t, const trace_chunk *c, uint64_t offset, uint64_t avail,
                       uint32_t *used, int *is_cut)
{
    *used = c->used;
    *is_cut = 0;
    if (memcmp(c->magic, TRACE_CHUNK_MAGIC, 8) != 0) {
        trace_note(t, offset, "not the start of a chunk");
        if (magic_matches(c->magic) < 6) return 0; /* one byte or two: the rest may be well */
    }
    if (c->kind <= TRACE_FILE || c->kind >= TRACE_CHUNK_KINDS) {
        trace_note(t, offset + offsetof(trace_chunk, kind), "unknown kind %u of chunk", c->kind);
        return 0;
    }
    if (c->kind == TRACE_FREE || c->kind == TRACE_FRAMES) return 1;
    if (c->used < sizeof *c || c->used > TRACE_CHUNK_BYTES) {
        trace_note(t, offset + offsetof(trace_chunk, used), "chunk of %u bytes", c->used);
        *used = TRACE_CHUNK_BYTES;
        /* Of records that name their own kind the rest can be tried. */
        if (c->kind != TRACE_THREAD && c->kind != TRACE_SITES) return 0;
    }
    if (*used > avail) {
        /* Of a timeline chunk the tail may have a whole copy: judged when both are known. */
        if (c->kind != TRACE_TIMELINE) trace_note(t, offset + avail, CUT_CHUNK);
        *used = (uint32_t)avail;
        *is_cut = 1;
    }
    return 1;
}

/* Chunks that this one takes up. */
static uint64_t chunk_run(trace *t, const trace_chunk *c, uint64_t index, uint64_t total)
{
    if (c->kind != TRACE_FRAMES && c->kind != TRACE_FREE) return 1;
    if (c->base >= 1 && c->base <= total - index) return c->base;
    trace_note(t, CHUNK_OFFSET(index) + offsetof(trace_chunk, base), "a run of %llu chunks",
               (unsigned long long)c->base);
    return 1;
}

/* A tail that is in use has no length: walk its records up to the 0 behind the last. Without a 0 the
   file ends in the midst of them, and the length is set to what is not there. */
static void measure_tail(trace *t, uint64_t offset, uint64_t avail, trace_chunk *c,
                         trace_timeline *tl)
{
    uint8_t buffer[TRACE_CHUNK_BYTES];
    uint32_t pos = sizeof *c + sizeof *tl;
    uint32_t want = avail < TRACE_CHUNK_BYTES ? (uint32_t)avail : TRACE_CHUNK_BYTES;
    int64_t n = t->source.read(t->source.context, offset, buffer, want);
    uint16_t first = 1;

    tl->span_count = 0;
    while (n > 0 && pos + sizeof first <= (uint64_t)n) {
        uint32_t len;

        memcpy(&first, buffer + pos, sizeof first);
        len = trace_record_bytes(first);
        if (!len) len = TRACE_TINY_BYTES; /* whoever reads the records will say what is wrong */
        if (first == 0 || pos + len > (uint64_t)n) break;
        tl->span_count += (uint32_t)trace_record_is_span(first);
        pos += len;
    }
    c->used = first && want < TRACE_CHUNK_BYTES ? want + 1 : pos;
}

static thag_err list_chunk(trace *t, const uint8_t *bytes, uint64_t index, uint64_t total,
                           uint64_t avail, uint64_t *run)
{
    trace_chunk c;
    trace_timeline tl;
    chunk_list *list;
    uint32_t used;
    int is_cut;

    memcpy(&c, bytes, sizeof c);
    memcpy(&tl, bytes + sizeof c, sizeof tl);
    *run = 1;
    if (c.kind == TRACE_TIMELINE && c.used == TRACE_USED_OPEN) {
        measure_tail(t, CHUNK_OFFSET(index), avail, &c, &tl);
    } else if (c.used <= sizeof c + sizeof tl) {
        tl.span_count = 0; /* emptied, and died before the number was: that of the chunk before */
    }
    if (!check_chunk(t, &c, CHUNK_OFFSET(index), avail, &used, &is_cut)) {
        t->lost_chunks++;
        return THAG_OK;
    }
    *run = chunk_run(t, &c, index, total);
    t->census.chunks[c.kind] += *run;
    if (c.kind == TRACE_FREE) return THAG_OK;
    list = &t->chunks[c.kind];
    if (!trace_grow((void **)&list->items, &list->cap, list->count, sizeof *list->items)) {
        return THAG_ERR_MEMORY;
    }
    list->items[list->count++] = (chunk_ref){.base = c.kind == TRACE_FRAMES ? *run : c.base,
                                             .chunk = (uint32_t)index,
                                             .slot = c.slot,
                                             .seq = c.seq,
                                             .used = used,
                                             .is_cut = is_cut,
                                             .spans = tl.span_count};
    return THAG_OK;
}

static int by_base(const void *left, const void *right)
{
    const chunk_ref *a = left, *b = right;

    if (a->base != b->base) return a->base < b->base ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static int by_slot(const void *left, const void *right)
{
    const chunk_ref *a = left, *b = right;

    if (a->slot != b->slot) return a->slot < b->slot ? -1 : 1;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static void sort_chunks(trace *t)
{
    for (int kind = TRACE_SITES; kind < TRACE_CHUNK_KINDS; kind++) {
        chunk_list *list = &t->chunks[kind];
        int by_id = kind == TRACE_SITES || kind == TRACE_TREE || kind == TRACE_MODULES ||
                    kind == TRACE_CODE;

        /* Frames are looked up by their chunk, and the scan met them in that order. */
        if (!list->count || kind == TRACE_FRAMES) continue;
        qsort(list->items, list->count, sizeof *list->items, by_id ? by_base : by_slot);
    }
}

thag_err trace_list_chunks(trace *t, fault *f)
{
    uint64_t total = (t->source.size_bytes + TRACE_CHUNK_BYTES - 1) / TRACE_CHUNK_BYTES;
    uint64_t run = 1;

    if (total > CHUNKS_MAX) {
        return fault_set(f, THAG_ERR_TOO_LARGE, t->source.size_bytes, "more than 1 TiB");
    }
    for (uint64_t i = 1; i < total; i += run) {
        uint8_t bytes[HEAD_READ] = {0};
        uint64_t offset = CHUNK_OFFSET(i);
        uint64_t avail = t->source.size_bytes - offset;
        int64_t n = t->source.read(t->source.context, offset, bytes, sizeof bytes);

        run = 1;
        if (n < 0) {
            trace_note(t, offset, "cannot be read: %s", strerror(errno));
        } else if (all_zero(bytes, sizeof((trace_chunk *)0)->magic)) {
            /* Never written, or being made: the magic is written last. */
            t->census.chunks[0]++;
        } else if (n < (int64_t)sizeof(trace_chunk)) {
            trace_note(t, offset + (uint64_t)n, "the file ends within the head of a chunk");
        } else {
            if (list_chunk(t, bytes, i, total, avail, &run)) {
                return fault_set(f, THAG_ERR_MEMORY, offset, "listing chunks");
            }
        }
    }
    sort_chunks(t);
    return THAG_OK;
}
