/*
 * timeline.c - each slot's log of ended spans: a 64 KiB tail that is mapped into the trace, written
 * out when full, and used again.
 *
 * The short record, and the check whether it fits, are in span.c. A dead process's tail is found in
 * place; a reader that sees the same sequence number in the tail and in a written chunk takes the
 * tail, so a write that was cut off does no harm.
 */
#include <errno.h>
#include <string.h>

#include "runtime/runtime.h"

/* The longest record plus what a short one writes beyond its end. */
#define TAIL_SPARE 40

static uint8_t *first_record(trace_chunk *tail)
{
    return (uint8_t *)tail + sizeof(trace_chunk) + sizeof(trace_timeline);
}

/* Begin the chunk `seq`: sequence, length and base change in one store, or a death in between would
   show old records under a new number, or hide written ones. */
static void tail_reset(thagi_thread *thread, uint32_t seq)
{
    typedef uint64_t pair_store __attribute__((__vector_size__(16), __aligned__(8), __may_alias__));
    trace_chunk *tail = thread->tail;
    trace_timeline *head = (trace_timeline *)(tail + 1);
    uint32_t used = (uint32_t)(first_record(tail) - (uint8_t *)tail);
    head->span_count = 0;
    head->tid = thread->tid;
    pair_store next = {seq | (uint64_t)used << 32, thread->tail_ticks};
    _Static_assert(offsetof(trace_chunk, base) == offsetof(trace_chunk, seq) + 8, "one store");
    *(pair_store *)(void *)&tail->seq = next;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->tail_pos = first_record(tail);
    thread->tail_end = (uint8_t *)tail + TRACE_CHUNK_BYTES - TAIL_SPARE;
}

int thagi_timeline_start(thagi_session *session, thagi_thread *thread)
{
    uint32_t index;
    thread->tail_ticks = thagi_ticks();
    thread->tail = thagi_trace_chunk_new(&session->trace, thread->slot, 1, &index);
    if (!thread->tail) {
        thread->timeline_loss = TRACE_TIMELINE_WRITE;
        return 0;
    }
    tail_reset(thread, 0);
    thagi_chunk_publish(thread->tail, TRACE_TIMELINE);
    thread->shared->tail_chunk = index;
    thread->timeline_on = session->trace.file->timeline_limit_bytes > 0;
    if (!thread->timeline_on) {
        thread->timeline_loss = TRACE_TIMELINE_LIMIT;
        thread->tail_end = thread->tail_pos;
    }
    return 1;
}

void thagi_timeline_clear(thagi_thread *thread)
{
    if (!thread->timeline_on) return;
    thread->tail_ticks = thagi_ticks();
    tail_reset(thread, thread->tail->seq);
}

static void tail_advance(thagi_thread *thread, size_t bytes, uint64_t end, uint32_t spans)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->tail_pos += bytes;
    thread->tail_ticks = end;
    ((trace_timeline *)(thread->tail + 1))->span_count += spans;
    thread->tail->used = (uint32_t)(thread->tail_pos - (uint8_t *)thread->tail);
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t len)
{
    memcpy(to, bytes, len);
    return to + len;
}

void thagi_timeline_owner(thagi_thread *thread)
{
    if (thread->tail_pos >= thread->tail_end && !thagi_timeline_full(thread)) return;
    uint64_t now = thagi_ticks(), delta = now - thread->tail_ticks;
    uint16_t tag[2] = {TRACE_TAG_THREAD, 0};
    uint8_t *to = put(thread->tail_pos, tag, sizeof tag);
    to = put(to, &thread->tid, sizeof thread->tid);
    to = put(to, &delta, sizeof delta);
    put(to, thread->shared->name, sizeof thread->shared->name);
    tail_advance(thread, TRACE_THREAD_BYTES, now, 0);
}

int thagi_timeline_full(thagi_thread *thread)
{
    if (!thread->timeline_on) return 0;
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    thagi_session *session = thagi_session_now;
    plat_signals saved;
    uint32_t spans = ((trace_timeline *)(thread->tail + 1))->span_count;
    /* A signal handler would not be harmed, but would see its interrupted span grow by this. */
    plat_signals_block(&saved);
    int err = thagi_trace_put_chunk(&session->trace, thread->tail);
    if (err) {
        /* The tail stays as it is, readable; from now on spans are only counted. */
        thread->timeline_on = 0;
        thread->timeline_loss = err == -EFBIG ? TRACE_TIMELINE_LIMIT : TRACE_TIMELINE_WRITE;
        thread->tail_end = thread->tail_pos;
    } else {
        thread->shared->timeline_spans += spans;
        tail_reset(thread, thread->tail->seq + 1);
    }
    plat_signals_restore(&saved);
    thagi_paused(&thread->base_task, since);
    errno = saved_errno;
    return !err;
}

void thagi_timeline_put(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end)
{
    if (thread->tail_pos >= thread->tail_end && !thagi_timeline_full(thread)) {
        thagi_count(thread->timeline_loss, 1);
        return;
    }
    uint64_t delta = end - thread->tail_ticks;
    if ((int64_t)delta < 0) { /* the clocks of two processors */
        delta = 0;
        end = thread->tail_ticks;
    }
    uint8_t *to = thread->tail_pos;
    if (node < TRACE_TAG_MIN && (ticks | delta) >> 16 == 0) {
        uint64_t record = node | delta << 16 | ticks << 32;
        memcpy(to, &record, sizeof record);
        tail_advance(thread, TRACE_SHORT_BYTES, end, 1);
    } else if ((ticks | delta) >> 32 == 0) {
        uint16_t tag[2] = {TRACE_TAG_SPAN32, 0};
        uint32_t rest[3] = {node, (uint32_t)delta, (uint32_t)ticks};
        put(put(to, tag, sizeof tag), rest, sizeof rest);
        tail_advance(thread, TRACE_SPAN32_BYTES, end, 1);
    } else {
        uint16_t tag[2] = {TRACE_TAG_SPAN64, 0};
        uint64_t rest[2] = {delta, ticks};
        to = put(put(to, tag, sizeof tag), &node, sizeof node);
        put(to, rest, sizeof rest);
        tail_advance(thread, TRACE_SPAN64_BYTES, end, 1);
    }
}
