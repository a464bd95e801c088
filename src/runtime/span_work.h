/*
 * span_work.h - the pieces that beginning and ending a span are made of: inlined into the hot path
 * (span.c) and into what is done when something is not as usual (span_stack.c).
 */
#ifndef THAGI_SPAN_WORK_H
#define THAGI_SPAN_WORK_H

#include <string.h>

#include "runtime/runtime.h"

#define ORDERED()  __atomic_signal_fence(__ATOMIC_SEQ_CST) /* the compiler keeps the order */
#define FORCED     static inline __attribute__((__always_inline__))
#define OUT_OF_WAY __attribute__((__noinline__))

/* --- frames ------------------------------------------------------------------------------------ */

/* A call that comes from higher in the stack than the top frame, or again from its very place: the
   frame was left by a longjmp. */
FORCED int thagi_is_above(uint64_t where, const trace_frame *top)
{
    uint64_t top_where = top->scratch[THAGI_FRAME_WHERE];
    return where > top_where + 0xffff || where == top_where;
}

/* There is room for a frame, and it is begun from further down the stack than the top one. */
FORCED int thagi_has_room(const thagi_task *task, const trace_frame *top, uint64_t where)
{
    return THAGI_LIKELY(top + 1 != task->limit) && THAGI_LIKELY(!thagi_is_above(where, top));
}

/* The guess was wrong. About every second time it is left as it is, drawn by a bit of the clock: a loop
   that leaves its usual round once then costs one wrong guess, not two (Lua: 21 % fewer in all). */
FORCED void thagi_learn_next(const thagi_thread *thread, thagi_cell *before, thagi_cell *cell)
{
    int is_drawn = (int)(thread->tail_ticks >> 5) & 1;
    if (before != &thagi_no_cell && is_drawn) before->next = cell;
}

FORCED trace_frame *thagi_push_known(thagi_task *task, trace_frame *top, thagi_cell *parent,
                                     thagi_cell *cell, uint64_t where)
{
    trace_frame *frame = top + 1;
    parent->last = cell;
    frame->node = cell->node;
    frame->scratch[THAGI_FRAME_WHERE] = where;
    frame->scratch[THAGI_FRAME_CELL] = (uintptr_t)cell;
    ORDERED();
    task->top = frame;
    return frame;
}

/* --- tokens ------------------------------------------------------------------------------------ */

/*
 * The token of a span that begins at `start` by its task's clock: that time, and the same for no two of a
 * task. Spans that begin in one tick of a slow counter are put a part of it behind each other.
 */
FORCED thag_token thagi_token(thagi_task *task, uint64_t start)
{
#if PLAT_COUNTER_IS_SLOW
    if (start <= task->newest_token) start = task->newest_token + 1;
    task->newest_token = start;
#else
    (void)task;
#endif
    return start;
}

/* The time at which a span ends: never before its begin, nor before what is in the timeline already. */
FORCED uint64_t thagi_end_of(const thagi_task *task, thag_token token, uint64_t now)
{
#if PLAT_COUNTER_IS_SLOW
    uint64_t begun = token + task->shift, put = task->thread->tail_ticks;
    if ((int64_t)(now - begun) < 0) now = begun;
    if ((int64_t)(now - put) < 0) now = put;
#else
    (void)task;
    (void)token;
#endif
    return now;
}

/* --- counters ---------------------------------------------------------------------------------- */

/* Say what is about to be counted. */
FORCED void thagi_commit_begin(trace_thread *shared, const thagi_cell *cell, uint64_t ticks,
                               uint64_t end)
{
    shared->last_calls = 0; /* the four below do not belong together while they change */
    ORDERED();
    shared->last_cell = (uintptr_t)cell;
    ORDERED(); /* two stores are cheaper than what compilers make of them */
    shared->last_ticks = ticks;
    ORDERED();
    shared->last_end = end;
    ORDERED();
    shared->last_calls = cell->calls + 1;
    ORDERED();
}

/* Count a call, and its ticks, in one store: whole or not at all. */
FORCED void thagi_commit(thagi_cell *cell, uint64_t ticks)
{
    thagi_pair *sum = (thagi_pair *)(void *)&cell->calls;
    *sum += (thagi_pair){1, ticks};
    ORDERED();
}

FORCED void thagi_min_max(thagi_cell *cell, uint64_t ticks)
{
    if (ticks < cell->min_ticks) cell->min_ticks = ticks;
    if (ticks > cell->max_ticks) cell->max_ticks = ticks;
    ORDERED();
}

/*
 * The span before this one comes to its min, max and histogram now: the place in the histogram
 * depends on the duration, and right after the clock read that store would wait for it, and every
 * load behind that store, too (7 ns a span, measured). 0: not done, the long way is needed.
 */
FORCED int thagi_settle_before(const trace_thread *shared)
{
    thagi_cell *cell = (thagi_cell *)(uintptr_t)shared->last_cell;
    uint64_t ticks = shared->last_ticks;
    if (THAGI_UNLIKELY(!cell)) return 0;
    unsigned bucket, octave = thagi_hist_place(ticks, &bucket);
    thagi_hist *hist = cell->hist[octave & 7];
    uint32_t count = hist->count[bucket] + 1;
    if (THAGI_UNLIKELY(hist->octave != octave) || THAGI_UNLIKELY(count == 0)) return 0;
    hist->count[bucket] = count;
    thagi_min_max(cell, ticks);
    return 1;
}

/* --- timeline ---------------------------------------------------------------------------------- */

/* Whether the span fits into the timeline in a short form. */
FORCED int thagi_timeline_fits(const thagi_thread *thread, uint32_t node, uint64_t ticks,
                               uint64_t end)
{
    uint64_t either = ticks | (end - thread->tail_ticks);
    return THAGI_LIKELY(thread->tail_pos < thread->tail_end) &&
           THAGI_LIKELY(node < TRACE_SHORT_NODES) && THAGI_LIKELY(!(either >> 16));
}

/* Put a span that fits into the timeline, by one store. Which of the two forms depends on the duration,
   which no processor can guess: so there is no branch. */
FORCED void thagi_timeline_put_short(thagi_thread *thread, uint32_t node, uint64_t ticks,
                                     uint64_t end)
{
    uint8_t *pos = thread->tail_pos;
    uint64_t delta = end - thread->tail_ticks;
    uint64_t is_tiny = (ticks | delta) < 256;
    uint64_t record = node | is_tiny << 15 | delta << 16 | ticks << (32 - 8 * is_tiny);
    memcpy(pos, &record, sizeof record); /* 4 or 6 bytes, and the 0 that ends the records */
    ORDERED();
    thread->tail_ticks = end;
    thread->tail_tiny_count += (uint32_t)is_tiny;
    thread->tail_pos = pos + TRACE_SHORT_BYTES - 2 * is_tiny;
}

/* Both of it. 0: it does not fit. */
FORCED int thagi_timeline_short(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end)
{
    if (!thagi_timeline_fits(thread, node, ticks, end)) return 0;
    thagi_timeline_put_short(thread, node, ticks, end);
    return 1;
}

/* Put a switch into the timeline in its short form. 0: it does not fit. */
FORCED int thagi_timeline_short_switch(thagi_thread *thread, uint64_t id, uint64_t now)
{
    uint8_t *pos = thread->tail_pos;
    uint64_t delta = now - thread->tail_ticks;
    if (THAGI_UNLIKELY(pos >= thread->tail_end) || THAGI_UNLIKELY(delta >> 16 | id >> 32)) return 0;
    uint64_t record = TRACE_TAG_SWITCH | delta << 16 | id << 32;
    memset(pos + sizeof record, 0, 2);
    ORDERED();
    memcpy(pos, &record, sizeof record);
    thread->tail_pos = pos + TRACE_SWITCH_BYTES;
    thread->tail_other_bytes += TRACE_SWITCH_BYTES;
    thread->tail_ticks = now;
    return 1;
}

/* --- sampling ---------------------------------------------------------------------------------- */

/*
 * A path is timed fully for HOT_CALLS calls, and on if its calls take DEAR_TICKS on average: there the
 * clock costs nothing. Of the others 1 call in sample_period is timed and multiplied. That alone would
 * be useless where a few calls of a short path are long: one of them, drawn and multiplied, outweighs
 * all others. So these are recognized without a clock: an untimed call keeps the tick of the last timed
 * event before it, and if the last one at its end is much later, it was long, and is timed from there.
 * Long calls therefore count once, and only short ones are drawn and multiplied.
 */
#define HOT_CALLS          64
#define DEAR_TICKS_LOG2    12
#define UNTIMED_DEPTH_BITS 6 /* of the token, so that nested ones differ */

FORCED int thagi_is_sampled(const thagi_cell *cell)
{
    return cell->calls >= HOT_CALLS && cell->ticks >> DEAR_TICKS_LOG2 < cell->calls;
}

/* Much later: more than the drawn calls of paths that are sampled lie apart. */
FORCED uint64_t thagi_long_ticks(const thagi_thread *thread)
{
    return (uint64_t)(thread->sample_period + 16) << DEAR_TICKS_LOG2;
}

/* How much later than at the begin of this untimed call the last timed event is now. */
FORCED int64_t thagi_untimed_since(const thagi_task *task, const trace_frame *frame)
{
    uint64_t before = frame->start_ticks >> UNTIMED_DEPTH_BITS;
    uint64_t since = task->thread->tail_ticks - task->shift - before;
    return (int64_t)(since << (UNTIMED_DEPTH_BITS + 1)) >> (UNTIMED_DEPTH_BITS + 1);
}

/* Choose the next call to be timed: uniform in 1 .. 2*period - 1 calls from here, so 1 in period on
   average, and in step with nothing. The generator is Numerical Recipes' ranqd1. */
FORCED void thagi_sample_draw(thagi_thread *thread)
{
    thread->sample_seed = thread->sample_seed * 1664525u + 1013904223u;
    uint64_t range = 2 * (uint64_t)thread->sample_period - 1;
    thread->sample_left = 1 + (uint32_t)(((uint64_t)thread->sample_seed * range) >> 32);
}

/* Of a call in a hot path mostly a token that says "not timed"; 0: read the clock. */
FORCED uint64_t thagi_sample_token(const thagi_task *task, const thagi_cell *cell,
                                   const trace_frame *frame)
{
    thagi_thread *thread = task->thread;
    if (THAGI_UNLIKELY(!thagi_is_sampled(cell))) return 0;
    if (THAGI_UNLIKELY(--thread->sample_left == 0)) {
        thagi_sample_draw(thread);
        return 0;
    }
    uintptr_t depth = (uintptr_t)frame / sizeof *frame;
    return TRACE_UNTIMED_BIT | (thread->tail_ticks - task->shift) << UNTIMED_DEPTH_BITS |
           (depth & ((1u << UNTIMED_DEPTH_BITS) - 1));
}

/* What a timed call of `cell` counts for, that took `ticks` since `start`: a short one of a hot path that
   was drawn stands for those that were not. */
FORCED uint64_t thagi_weighted(const thagi_thread *thread, const thagi_cell *cell, uint64_t ticks,
                               uint64_t start)
{
    if (THAGI_LIKELY(!thread->sample_period) || !thagi_is_sampled(cell) ||
        (int64_t)(thread->tail_ticks - start) > (int64_t)thagi_long_ticks(thread))
        return ticks;
    return ticks * thread->sample_period;
}

#endif
