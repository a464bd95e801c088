#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

#define RECORDS_POS ((uint32_t)(sizeof(trace_chunk) + sizeof(trace_timeline)))

/* ---- the list of timeline chunks ---- */

/* A process that died while it wrote out a full tail left it twice, the copy in the file perhaps
   torn: of two chunks of one number the tail is the good one. */
static size_t drop_doubles(trace *t, chunk_ref *refs, size_t count, uint32_t tail)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        chunk_ref *previous = kept ? &refs[kept - 1] : NULL;

        if (!previous || refs[i].seq != previous->seq) {
            refs[kept++] = refs[i];
        } else if (refs[i].chunk == tail) {
            *previous = refs[i];
        } else if (previous->chunk != tail) {
            trace_note(t, CHUNK_OFFSET(refs[i].chunk), "timeline chunk %u of slot %u twice",
                       refs[i].seq, refs[i].slot);
        }
    }
    return kept;
}

/* A span is counted just before it is committed: a thread that lived to the end of its process, which
   at exit runs on after the session has ended, may have counted one more. */
static void check_spans(trace *t, const trace_thread_info *info, chunk_ref *ref)
{
    uint32_t bytes = ref->used > RECORDS_POS ? ref->used - RECORDS_POS : 0;

    if (ref->is_cut) trace_note(t, CHUNK_OFFSET(ref->chunk) + ref->used, CUT_CHUNK);
    if (ref->spans > bytes / TRACE_TINY_BYTES + (info->alive != 0)) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + sizeof(trace_chunk), "%u spans in %u bytes",
                   ref->spans, bytes);
        ref->spans = bytes / TRACE_TINY_BYTES;
    }
    t->census.timeline_spans += ref->spans;
    t->census.timeline_bytes += bytes;
}

/* So full that the next record has to wait until the chunk is written out. */
static int is_full(const chunk_ref *ref)
{
    return ref->used >= TRACE_CHUNK_BYTES - TRACE_TAIL_SPARE;
}

/* Numbers run from 0 without a gap, so that what is missing is known to be. */
static void check_sequence(trace *t, const chunk_ref *refs, size_t count)
{
    uint32_t expected = 0;

    for (size_t i = 0; i < count; i++) {
        if (refs[i].seq > expected) {
            trace_note(t, CHUNK_OFFSET(refs[i].chunk), "timeline of slot %u: %u chunks missing",
                       refs[i].slot, refs[i].seq - expected);
        }
        expected = refs[i].seq + 1;
    }
}

static void check_tail(trace *t, const trace_thread_info *info, const slot_tail *tail,
                       const chunk_ref *refs, size_t count)
{
    if (tail->chunk == TRACE_NONE) return;
    for (size_t i = 0; i < count; i++) {
        if (refs[i].chunk == tail->chunk) return;
    }
    /* A process that died before it had used its new tail has nothing to miss. */
    if (!count && !trace_ended(t)) return;
    trace_note(t, CHUNK_OFFSET(tail->chunk), "not the timeline tail of slot %u", info->slot);
}

static void join_slot(trace *t, size_t thread, chunk_ref *refs, size_t count, chunk_list *list)
{
    trace_thread_info *info = &t->threads[thread];
    slot_tail *tail = &t->tails[thread];

    count = drop_doubles(t, refs, count, tail->chunk);
    check_sequence(t, refs, count);
    check_tail(t, info, tail, refs, count);
    tail->first_ref = list->count;
    tail->ref_count = count;
    info->spans = 0;
    for (size_t i = 0; i < count; i++) {
        check_spans(t, info, &refs[i]);
        info->spans += refs[i].spans;
        /* Never ahead of the reading: what is kept moves towards the start of the same list. */
        list->items[list->count++] = refs[i];
    }
}

/*
 * A file that was cut off at a chunk's edge looks whole, but for the number of chunks. A process that
 * failed to write, or died while it did, has handed out chunks that are not there: each living thread
 * one of its own, and whoever held the lock one more. They held nothing yet, or what the tails hold.
 */
static void check_length(trace *t)
{
    uint64_t total = (t->source.size_bytes + TRACE_CHUNK_BYTES - 1) / TRACE_CHUNK_BYTES;
    uint64_t missing = t->head.chunk_count > total ? t->head.chunk_count - total : 0;
    uint64_t in_flight = 0;

    for (size_t i = 0; i < t->thread_count; i++) {
        /* The main thread is busy ending the program then. */
        int is_done = trace_ended(t) && t->threads[i].tid == t->head.pid;

        in_flight += t->threads[i].alive && !is_done;
    }
    if (in_flight) in_flight++;
    if (missing <= in_flight || t->head.write_errno) return;
    trace_note(t, t->source.size_bytes, "the file ends %llu chunks early",
               (unsigned long long)missing);
}

thag_err trace_check_timeline(trace *t)
{
    chunk_list *list = &t->chunks[TRACE_TIMELINE];
    size_t count = list->count, i = 0;

    list->count = 0;
    if (!list->items && !trace_grow((void **)&list->items, &list->cap, 0, sizeof *list->items)) {
        return THAG_ERR_MEMORY;
    }
    for (size_t thread = 0; thread < t->thread_count; thread++) {
        uint32_t slot = t->threads[thread].slot;
        size_t first;

        for (; i < count && list->items[i].slot < slot; i++) {
            trace_note(t, CHUNK_OFFSET(list->items[i].chunk), "timeline of an unknown slot, %u",
                       list->items[i].slot);
        }
        for (first = i; i < count && list->items[i].slot == slot; i++) {
        }
        join_slot(t, thread, list->items + first, i - first, list);
    }
    for (; i < count; i++) {
        trace_note(t, CHUNK_OFFSET(list->items[i].chunk), "timeline of an unknown slot, %u",
                   list->items[i].slot);
    }
    check_length(t);
    return THAG_OK;
}

/* ---- reading along ---- */

struct trace_cursor {
    trace *t;
    size_t thread;
    size_t ref, ref_end; /* chunks not yet loaded */
    uint8_t *buffer;
    uint32_t pos, used; /* in the loaded chunk */
    uint32_t spans;     /* met in it */
    uint32_t tid;
    uint64_t task;  /* of the user's that runs; 0: none */
    uint64_t clock; /* end of the last record */
    int last_given;
    trace_span last;          /* the one given last */
    uint64_t last_node_spans; /* of the slot's last node, so far */
    char name[17];
};

thag_err trace_cursor_new(trace_cursor **out, trace *t, size_t thread)
{
    trace_cursor *c = calloc(1, sizeof *c);

    *out = NULL;
    if (!c) return THAG_ERR_MEMORY;
    c->buffer = malloc(TRACE_CHUNK_BYTES);
    if (!c->buffer) {
        free(c);
        return THAG_ERR_MEMORY;
    }
    c->t = t;
    c->thread = thread;
    c->ref = t->tails[thread].first_ref;
    c->ref_end = c->ref + t->tails[thread].ref_count;
    c->tid = t->threads[thread].tid;
    if (t->threads[thread].thread_count <= 1) {
        memcpy(c->name, t->threads[thread].name, sizeof c->name);
    }
    *out = c;
    return THAG_OK;
}

void trace_cursor_free(trace_cursor *c)
{
    if (!c) return;
    free(c->buffer);
    free(c);
}

const char *trace_cursor_name(const trace_cursor *c)
{
    return c->name;
}

static const chunk_ref *current_ref(const trace_cursor *c)
{
    return &c->t->chunks[TRACE_TIMELINE].items[c->ref - 1];
}

static int load_next(trace_cursor *c)
{
    const chunk_ref *ref;
    trace_timeline head;

    if (c->ref >= c->ref_end) return 0;
    c->ref++;
    ref = current_ref(c);
    trace_load_chunk(c->t, ref, c->buffer);
    memcpy(&head, c->buffer + sizeof(trace_chunk), sizeof head);
    c->tid = head.tid;
    c->clock = ref->base;
    c->used = ref->used;
    c->pos = RECORDS_POS;
    c->spans = 0;
    return 1;
}

/* One damage a chunk: where records have no marks, nothing behind a bad one can be trusted. */
static void give_up_chunk(trace_cursor *c, const char *what)
{
    trace_note(c->t, CHUNK_OFFSET(current_ref(c)->chunk) + c->pos, "timeline: %s", what);
    c->pos = c->used;
    c->spans = current_ref(c)->spans;
}

static void end_chunk(trace_cursor *c)
{
    if (c->spans == current_ref(c)->spans) return;
    if (c->t->threads[c->thread].alive && c->spans + 1 == current_ref(c)->spans) return;
    trace_note(c->t, CHUNK_OFFSET(current_ref(c)->chunk), "timeline: %u spans, not %u", c->spans,
               current_ref(c)->spans);
}

typedef struct record {
    uint32_t bytes;
    uint32_t node;
    uint64_t delta, duration;
} record;

static void read_owner(trace_cursor *c, const uint8_t *p)
{
    memcpy(&c->tid, p + 4, 4);
    memset(c->name, 0, sizeof c->name);
    memcpy(c->name, p + 16, 16);
}

static void read_span(const uint8_t *p, uint16_t tag, record *r)
{
    uint16_t half[3];
    uint32_t word[3];
    uint64_t big[2];

    if (tag < TRACE_TINY) {
        memcpy(half, p, sizeof half);
        *r = (record){.node = half[0], .delta = half[1], .duration = half[2]};
    } else if (tag < TRACE_TAG_MIN) {
        *r = (record){.node = tag & ~TRACE_TINY, .delta = p[2], .duration = p[3]};
    } else if (tag == TRACE_TAG_SPAN32) {
        memcpy(word, p + 4, sizeof word);
        *r = (record){.node = word[0], .delta = word[1], .duration = word[2]};
    } else {
        memcpy(word, p + 4, sizeof word[0]);
        memcpy(big, p + 8, sizeof big);
        *r = (record){.node = word[0], .delta = big[0], .duration = big[1]};
    }
}

/* What is no span. Its time is in r. */
static void read_other(trace_cursor *c, const uint8_t *p, uint16_t tag, record *r, trace_step *step)
{
    if (tag == TRACE_TAG_SWITCH) {
        uint16_t delta;
        uint32_t id;

        memcpy(&delta, p + 2, sizeof delta);
        memcpy(&id, p + 4, sizeof id);
        r->delta = delta;
        c->task = id;
        step->kind = TRACE_STEP_SWITCH;
        return;
    }
    memcpy(&r->delta, p + (tag == TRACE_TAG_THREAD ? 8 : 4), sizeof r->delta);
    if (tag == TRACE_TAG_THREAD) {
        read_owner(c, p);
        c->task = 0;
    } else if (tag == TRACE_TAG_TASK) {
        step->kind = TRACE_STEP_TASK;
        memcpy(&step->ended, p + 12, sizeof step->ended);
    } else {
        step->kind = TRACE_STEP_SWITCH;
        memcpy(&c->task, p + 12, sizeof c->task);
    }
}

static void take_span(trace_cursor *c, const record *r, trace_step *step)
{
    if (r->duration > c->clock) {
        give_up_chunk(c, "span from before time began");
        return;
    }
    c->spans++;
    step->kind = TRACE_STEP_SPAN;
    step->span = (trace_span){c->tid, r->node, c->clock - r->duration, c->clock, c->task};
}

/* The record at the cursor. step->kind is 0 if it is none, or nothing that is told: go on. */
static void read_record(trace_cursor *c, trace_step *step)
{
    const uint8_t *p = c->buffer + c->pos;
    record r = {0};
    uint16_t tag = 0;
    uint32_t len;

    step->kind = 0;
    if (c->used - c->pos >= sizeof tag) memcpy(&tag, p, sizeof tag);
    len = trace_record_bytes(tag);
    if (!len || len > c->used - c->pos) {
        give_up_chunk(c, len ? "half a record" : "unknown record");
        return;
    }
    if (trace_record_is_span(tag))
        read_span(p, tag, &r);
    else
        read_other(c, p, tag, &r, step);
    if (r.node >= c->t->node_count || r.delta > UINT64_MAX - c->clock) {
        give_up_chunk(c, r.node >= c->t->node_count ? "span of an unknown node" : "end of time");
        step->kind = 0;
        return;
    }
    c->clock += r.delta;
    c->pos += len;
    if (trace_record_is_span(tag)) take_span(c, &r, step);
    step->ticks = c->clock;
    step->task = c->task;
}

/* Was the last span put into the timeline before the process died? Then it is the last record, or
   one that ended later (clocks of two processors) or a new owner came after it. Where the clock is slow
   the span before may look the same, and their number tells. */
static int last_is_there(const trace_cursor *c, const slot_tail *tail)
{
    if (c->clock != tail->last_end) return c->clock > tail->last_end;
    return c->last.node == tail->last_node &&
           c->last.end_ticks - c->last.start_ticks == tail->last_ticks &&
           c->last_node_spans + 1 != tail->last_calls;
}

/* The span that was counted but had not reached the timeline. If that was because the timeline was
   full or could not be written, it is among the losses. */
static int give_last(trace_cursor *c, trace_span *span)
{
    const slot_tail *tail = &c->t->tails[c->thread];
    const trace_file *h = &c->t->head;

    if (c->last_given) return 0;
    c->last_given = 1;
    if (tail->last_node == TRACE_NONE || !tail->ref_count || !h->timeline_limit_bytes) return 0;
    if (is_full(&c->t->chunks[TRACE_TIMELINE].items[c->ref_end - 1]) &&
        (h->losses[TRACE_TIMELINE_LIMIT] || h->losses[TRACE_TIMELINE_WRITE])) {
        return 0;
    }
    if (last_is_there(c, tail) || tail->last_ticks > tail->last_end) return 0;
    *span = (trace_span){c->tid, tail->last_node, tail->last_end - tail->last_ticks, tail->last_end,
                         c->task};
    return 1;
}

int trace_cursor_step(trace_cursor *c, trace_step *step)
{
    for (;;) {
        if (c->pos < c->used) {
            read_record(c, step);
            if (!step->kind) continue;
            if (step->kind == TRACE_STEP_SPAN) {
                c->last = step->span;
                c->last_node_spans += step->span.node == c->t->tails[c->thread].last_node;
            }
            return 1;
        }
        if (c->ref > c->t->tails[c->thread].first_ref && c->used) {
            end_chunk(c);
            c->used = c->pos = 0;
        }
        if (load_next(c)) continue;
        *step = (trace_step){.kind = TRACE_STEP_SPAN};
        if (!give_last(c, &step->span)) return 0;
        step->ticks = step->span.end_ticks;
        step->task = step->span.task;
        return 1;
    }
}

int trace_cursor_next(trace_cursor *c, trace_span *span)
{
    trace_step step;

    while (trace_cursor_step(c, &step)) {
        if (step.kind != TRACE_STEP_SPAN) continue;
        *span = step.span;
        return 1;
    }
    return 0;
}

/* Short and tiny records come in long rows: a loop of their own, with all that it needs at hand. It
   stops before whatever is not an ordinary one. */
static size_t read_short(trace_cursor *c, trace_span *spans, size_t room)
{
    const uint8_t *p = c->buffer + c->pos, *end = c->buffer + c->used;
    const uint32_t node_count = c->t->node_count, tid = c->tid;
    const uint32_t last_node = c->t->tails[c->thread].last_node;
    const uint64_t task = c->task;
    uint64_t clock = c->clock;
    size_t n = 0;

    if (clock > UINT64_MAX / 2) return 0;
    for (; n < room && end - p >= (ptrdiff_t)TRACE_SHORT_BYTES; n++) {
        uint16_t half[3];
        uint32_t node, delta, duration, is_tiny;

        memcpy(half, p, sizeof half);
        is_tiny = half[0] >> 15;
        node = half[0] & ~(uint32_t)TRACE_TINY;
        delta = is_tiny ? half[1] & 0xff : half[1];
        duration = is_tiny ? half[1] >> 8 : half[2];
        if (half[0] >= TRACE_TAG_MIN || !node || node >= node_count) break;
        if (duration > clock + delta) break;
        clock += delta;
        spans[n] = (trace_span){tid, node, clock - duration, clock, task};
        p += is_tiny ? TRACE_TINY_BYTES : TRACE_SHORT_BYTES;
    }
    c->pos = (uint32_t)(p - c->buffer);
    c->spans += (uint32_t)n;
    c->clock = clock;
    for (size_t i = 0; i < n; i++) c->last_node_spans += spans[i].node == last_node;
    if (n) c->last = spans[n - 1];
    return n;
}

size_t trace_cursor_read(trace_cursor *c, trace_span *spans, size_t room)
{
    size_t n = read_short(c, spans, room);

    if (n || !room) return n;
    return trace_cursor_next(c, spans) ? 1 : 0;
}
