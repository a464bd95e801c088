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

#include "runtime/span_work.h"

static uint8_t *first_record(trace_chunk *tail)
{
    return (uint8_t *)tail + sizeof(trace_chunk) + sizeof(trace_timeline);
}

/*
 * Begin the chunk `seq`. Sequence, length and base change in one store, to those of an empty chunk:
 * a death in between would show old records under a new number, or hide written ones.
 */
static void tail_reset(thagi_thread *thread, uint32_t seq)
{
    trace_chunk *tail = thread->tail;
    uint32_t used = (uint32_t)(first_record(tail) - (uint8_t *)tail);
    thagi_pair next = {seq | (uint64_t)used << 32, thread->tail_ticks};
    _Static_assert(offsetof(trace_chunk, base) == offsetof(trace_chunk, seq) + 8, "one store");
    *(thagi_pair *)(void *)&tail->seq = next;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    ((trace_timeline *)(tail + 1))->tid = thread->tid;
    memset(first_record(tail), 0, 2);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    tail->used = TRACE_USED_OPEN;
    thread->tail_pos = first_record(tail);
    thread->tail_end = (uint8_t *)tail + TRACE_CHUNK_BYTES - TRACE_TAIL_SPARE;
    thread->tail_tiny_count = thread->tail_long_count = thread->tail_other_bytes = 0;
}

/* Give the chunk its length and number of spans; it holds no more. */
static void tail_close(thagi_thread *thread)
{
    trace_chunk *tail = thread->tail;
    size_t bytes = (size_t)(thread->tail_pos - first_record(tail)) - thread->tail_other_bytes;
    bytes -= thread->tail_tiny_count * TRACE_TINY_BYTES;
    ((trace_timeline *)(tail + 1))->span_count =
        (uint32_t)(bytes / TRACE_SHORT_BYTES) + thread->tail_tiny_count + thread->tail_long_count;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    tail->used = (uint32_t)(thread->tail_pos - (uint8_t *)tail);
}

int thagi_timeline_start(thagi_session *session, thagi_thread *thread)
{
    uint32_t index;
    thread->tail_ticks = thagi_ticks();
    thread->tail = thagi_trace_chunk_new(&session->trace, thread->slot, 1, &index);
    if (!thread->tail) {
        thread->shared->timeline_cause = TRACE_TIMELINE_WRITE;
        return 0;
    }
    tail_reset(thread, 0);
    thagi_chunk_publish(thread->tail, TRACE_TIMELINE);
    thread->shared->tail_chunk = index;
    thread->timeline_on = session->trace.file->timeline_limit_bytes > 0;
    if (!thread->timeline_on) {
        thread->shared->timeline_cause = TRACE_TIMELINE_LIMIT;
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

/* A record longer than a short one: the 0 behind it, its body, and last its tag. */
static void put_record(thagi_thread *thread, uint16_t tag, const void *body, size_t body_bytes,
                       uint64_t end)
{
    uint8_t *at = thread->tail_pos;
    size_t bytes = 2 * sizeof tag + body_bytes;
    memset(at + bytes, 0, 2);
    memset(at + 2, 0, 2);
    memcpy(at + 4, body, body_bytes);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memcpy(at, &tag, sizeof tag);
    thread->tail_pos += bytes;
    thread->tail_ticks = end;
    thread->tail_other_bytes += (uint32_t)bytes;
    thread->tail_long_count += (uint32_t)trace_record_is_span(tag);
}

void thagi_timeline_owner(thagi_thread *thread)
{
    if (thread->tail_pos >= thread->tail_end && !thagi_timeline_full(thread)) return;
    uint64_t now = thagi_ticks(), delta = now - thread->tail_ticks;
    struct __attribute__((__packed__)) {
        uint32_t tid;
        uint64_t delta;
        char name[16];
    } body = {.tid = thread->tid, .delta = delta};
    memcpy(body.name, thread->shared->name, sizeof body.name);
    put_record(thread, TRACE_TAG_THREAD, &body, sizeof body, now);
}

/* The time since the last record; never back, where the clocks of two processors disagree. */
static uint64_t tail_delta(const thagi_thread *thread, uint64_t *now)
{
    uint64_t delta = *now - thread->tail_ticks;
    if ((int64_t)delta >= 0) return delta;
    *now = thread->tail_ticks;
    return 0;
}

void thagi_timeline_switch(thagi_thread *thread, uint64_t id, uint64_t now)
{
    if (THAGI_UNLIKELY(thread->tail_pos >= thread->tail_end) && !thagi_timeline_full(thread)) {
        thread->tail_ticks = now;
        return;
    }
    uint64_t delta = tail_delta(thread, &now);
    if (thagi_timeline_short_switch(thread, id, now)) return;
    struct __attribute__((__packed__)) {
        uint64_t delta, id;
    } body = {delta, id};
    put_record(thread, TRACE_TAG_SWITCH64, &body, sizeof body, now);
}

void thagi_timeline_task(thagi_thread *thread, const trace_task_end *end, uint64_t now)
{
    if (thread->tail_pos >= thread->tail_end && !thagi_timeline_full(thread)) {
        thagi_count(TRACE_TASK_UNLISTED, 1);
        return;
    }
    struct __attribute__((__packed__)) {
        uint64_t delta;
        trace_task_end end;
    } body = {tail_delta(thread, &now), *end};
    put_record(thread, TRACE_TAG_TASK, &body, sizeof body, now);
}

static uint64_t delta_of(const uint8_t *record, uint32_t bytes)
{
    uint16_t small;
    uint32_t medium;
    uint64_t large;
    if (bytes == TRACE_TINY_BYTES) return record[2];
    memcpy(&large, record + 4, sizeof large);
    if (bytes == TRACE_SWITCH64_BYTES || bytes == TRACE_TASK_BYTES) return large;
    memcpy(&small, record + 2, sizeof small);
    memcpy(&medium, record + 8, sizeof medium);
    memcpy(&large, record + 8, sizeof large);
    if (bytes == TRACE_SHORT_BYTES || bytes == TRACE_SWITCH_BYTES) return small;
    return bytes == TRACE_SPAN32_BYTES ? medium : large;
}

/* The records tell what there is; which of the writer's own numbers had been renewed is not known. */
void thagi_timeline_recover(thagi_thread *thread)
{
    if (!thread->timeline_on) return;
    uint8_t *at = first_record(thread->tail);
    uint16_t first;
    thread->tail_ticks = thread->tail->base;
    thread->tail_tiny_count = thread->tail_long_count = thread->tail_other_bytes = 0;
    for (memcpy(&first, at, sizeof first); first; memcpy(&first, at, sizeof first)) {
        uint32_t bytes = trace_record_bytes(first);
        thread->tail_ticks += delta_of(at, bytes);
        thread->tail_tiny_count += bytes == TRACE_TINY_BYTES;
        if (bytes > TRACE_SHORT_BYTES) {
            thread->tail_other_bytes += bytes;
            thread->tail_long_count += (uint32_t)trace_record_is_span(first);
        }
        at += bytes;
    }
    thread->tail_pos = at;
}

int thagi_timeline_full(thagi_thread *thread)
{
    if (!thread->timeline_on) return 0;
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    /* A signal handler would not be harmed, but would see its interrupted span grow by this. */
    thagi_plat_signals_block(&saved);
    tail_close(thread);
    int err = thagi_trace_put_chunk(&session->trace, thread->tail);
    if (err) {
        /* The tail stays as it is, readable; from now on spans are only counted. */
        thread->timeline_on = 0;
        thread->shared->timeline_cause =
            err == -EFBIG ? TRACE_TIMELINE_LIMIT : TRACE_TIMELINE_WRITE;
        thread->tail_end = thread->tail_pos;
    } else {
        thread->shared->timeline_spans += ((trace_timeline *)(thread->tail + 1))->span_count;
        tail_reset(thread, thread->tail->seq + 1);
    }
    thagi_plat_signals_restore(&saved);
    thagi_paused(thread->running, since);
    errno = saved_errno;
    return !err;
}

/* Said beforehand, so that it is known of a call that is cut off whether it had counted this span. */
static void count_lost(thagi_thread *thread, uint64_t end)
{
    thread->lost_count = thread->shared->timeline_lost + 1;
    ORDERED();
    thread->lost_end = end;
    ORDERED();
    thread->shared->timeline_lost = thread->lost_count;
    ORDERED();
    thread->tail_ticks = end; /* when sampling, this is also the last time that is known */
}

int thagi_timeline_has(const thagi_thread *thread, uint64_t end)
{
    int is_lost = thread->lost_end == end && thread->shared->timeline_lost == thread->lost_count;
    return is_lost || (int64_t)(end - thread->tail_ticks) <= 0;
}

void thagi_timeline_put(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end)
{
    if (thread->tail_pos >= thread->tail_end && !thagi_timeline_full(thread)) {
        count_lost(thread, end);
        return;
    }
    uint64_t delta = end - thread->tail_ticks;
    if ((int64_t)delta < 0) { /* the clocks of two processors */
        delta = 0;
        end = thread->tail_ticks;
    }
    if (thagi_timeline_short(thread, node, ticks, end)) return;
    if ((ticks | delta) >> 32 == 0) {
        uint32_t body[3] = {node, (uint32_t)delta, (uint32_t)ticks};
        put_record(thread, TRACE_TAG_SPAN32, body, sizeof body, end);
    } else {
        uint32_t body[5] = {node, (uint32_t)delta, (uint32_t)(delta >> 32), (uint32_t)ticks,
                            (uint32_t)(ticks >> 32)};
        put_record(thread, TRACE_TAG_SPAN64, body, sizeof body, end);
    }
}
