/*
 * span.c - the hot path: begin and end.
 *
 * Between the two clock reads of an empty span lie about 70 free cycles, so the work is kept small
 * and in few cache lines rather than clever. Three rules make it exact whatever happens:
 *
 * 1. A task is busy while the runtime works on it: task->state holds the stack pointer of that call.
 *    A signal handler that finds it so uses a nested slot of its own and disturbs nothing.
 * 2. The commit of an ended span is one store of {calls, ticks}. Before it, shared->last_* says what
 *    is about to be counted. Min, max and histogram follow with the next span; a reader completes
 *    them, and the timeline, from last_*.
 * 3. The token is the start tick. An end whose token is not the top frame's is the sign of misuse or
 *    of a longjmp, and of nothing else; span_end_mismatch() sorts it out.
 *
 * begin reads the clock last, end reads it before all but a few loads that take their time in the
 * shadow of the read: the span does not see the profiler's own work. What slow paths take is kept in
 * the frame as paused_ticks and taken off the span and its ancestors.
 */
#include <errno.h>
#include <string.h>

#include "runtime/runtime.h"

typedef uint64_t pair_store __attribute__((__vector_size__(16), __aligned__(8), __may_alias__));

#define ORDERED()       __atomic_signal_fence(__ATOMIC_SEQ_CST) /* the compiler keeps the order */
#define STACK_POINTER() ((uintptr_t)__builtin_frame_address(0))

/*
 * Sampling. A path is timed fully for HOT_CALLS calls, and on if its calls take DEAR_TICKS on average:
 * there the clock costs nothing. Of the others 1 call in sample_period is timed and multiplied. That
 * alone would be useless where a few calls of a short path are long: one of them, drawn and multiplied,
 * outweighs all others. So these are recognized without a clock: an untimed call keeps the tick of the
 * last timed event before it, and if the last one at its end is much later, it was long, and is timed
 * from there. Long calls therefore count once, and only short ones are drawn and multiplied.
 */
#define HOT_CALLS          64
#define DEAR_TICKS_LOG2    12
#define UNTIMED_DEPTH_BITS 6 /* of the token, so that nested ones differ */
#define UNTIMED_TICK_MASK  ((UINT64_C(1) << (63 - UNTIMED_DEPTH_BITS)) - 1)

static inline int is_sampled(const thagi_cell *cell)
{
    return cell->calls >= HOT_CALLS && cell->ticks >> DEAR_TICKS_LOG2 < cell->calls;
}

/* Much later: more than the drawn calls of paths that are sampled lie apart. */
static inline uint64_t long_ticks(const thagi_thread *thread)
{
    return (uint64_t)(thread->sample_period + 16) << DEAR_TICKS_LOG2;
}

static uintptr_t frame_sp(const trace_frame *frame)
{
    return (uintptr_t)(frame->scratch[THAGI_FRAME_WHERE] >> 16);
}

void thagi_paused(thagi_task *task, uint64_t since)
{
    uint64_t took = thagi_ticks() - since, sum = task->top->paused_ticks + took;
    task->top->paused_ticks = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
    if (thagi_session_now->trace.file)
        __atomic_fetch_add(&thagi_session_now->trace.file->profiler_ticks, took, __ATOMIC_RELAXED);
}

/* --- popping --------------------------------------------------------------------------------- */

static inline void commit_begin(trace_thread *shared, const thagi_cell *cell, uint64_t ticks,
                                uint64_t end)
{
    shared->last_calls = 0; /* the four below do not belong together while they change */
    ORDERED();
    shared->last_cell = (uintptr_t)cell;
    shared->last_ticks = ticks;
    shared->last_end = end;
    ORDERED();
    shared->last_calls = cell->calls + 1;
    ORDERED();
}

static inline void commit(thagi_cell *cell, uint64_t calls, uint64_t ticks)
{
    pair_store both = {calls, ticks};
    *(pair_store *)(void *)&cell->calls = both; /* one instruction: whole or not at all */
    ORDERED();
}

static inline void drop_top(thagi_task *task, trace_frame *top)
{
    top->start_ticks = 0;
    task->top = top - 1;
    if (THAGI_UNLIKELY(top->paused_ticks)) {
        uint64_t paused = (uint64_t)top[-1].paused_ticks + top->paused_ticks;
        top[-1].paused_ticks = paused > UINT32_MAX ? UINT32_MAX : (uint32_t)paused;
    }
}

/*
 * Put the span before this one into its min, max and histogram. One span late, because the place in
 * the histogram depends on the duration: right after the clock read, that store would wait for it,
 * and every load behind that store, too (7 ns a span, measured). The reader does it for the last.
 */
static inline void settle_last(thagi_thread *thread)
{
    thagi_cell *cell = (thagi_cell *)(uintptr_t)thread->shared->last_cell;
    uint64_t ticks = thread->shared->last_ticks;
    if (THAGI_UNLIKELY(!cell)) return;
    thagi_hist_add(thread, cell, ticks); /* before min and max: it looks at the old ones */
    if (ticks < cell->min_ticks) cell->min_ticks = ticks;
    if (ticks > cell->max_ticks) cell->max_ticks = ticks;
    ORDERED();
}

/* Add a call of `cell` that ran from `start` to `now` to the counters. Its duration. */
static inline uint64_t span_count(thagi_thread *thread, thagi_cell *cell, uint64_t start,
                                  uint64_t now, int is_drawn)
{
    uint64_t ticks = now - start;
    if (THAGI_UNLIKELY((int64_t)ticks < 0)) ticks = 0; /* the clocks of two processors */
    uint64_t weighted = ticks;
    /* A short call of a hot path stands for those that were not drawn. */
    if (THAGI_UNLIKELY(thread->sample_period) && is_drawn && is_sampled(cell) &&
        (int64_t)(thread->tail_ticks - start) <= (int64_t)long_ticks(thread))
        weighted = ticks * thread->sample_period;
    settle_last(thread);
    commit_begin(thread->shared, cell, ticks, now);
    commit(cell, cell->calls + 1, cell->ticks + weighted);
    return ticks;
}

/* Put the span into the timeline; nearly always the short form, one store. */
static inline void timeline_put(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end)
{
    uint8_t *pos = thread->tail_pos;
    uint64_t delta = end - thread->tail_ticks;
    if (THAGI_UNLIKELY(pos >= thread->tail_end || node >= TRACE_TAG_MIN || (ticks | delta) >> 16)) {
        thagi_timeline_put(thread, node, ticks, end);
        return;
    }
    uint64_t record = node | delta << 16 | ticks << 32;
    memcpy(pos, &record, sizeof record); /* 6 bytes, and the 0 that ends the records */
    ORDERED();
    thread->tail_ticks = end;
    ORDERED(); /* thagi_task_recover() goes by it */
    thread->tail_pos = pos + TRACE_SHORT_BYTES;
}

/* Count the top frame as ended at `now`, and pop it. */
static inline void span_pop(thagi_task *task, trace_frame *top, uint64_t now)
{
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    uint64_t ticks = span_count(thread, cell, top->start_ticks + top->paused_ticks, now, 1);
    drop_top(task, top);
    timeline_put(thread, cell->node, ticks, now);
}

/* A call that was not timed at its begin. */
static inline void span_pop_untimed(thagi_task *task, trace_frame *top)
{
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    uint64_t before = top->start_ticks >> UNTIMED_DEPTH_BITS;
    uint64_t since = (thread->tail_ticks - before) & UNTIMED_TICK_MASK;
    uint64_t paused = top->paused_ticks;
    drop_top(task, top); /* first: a call is counted once or not at all */
    ORDERED();
    if (THAGI_UNLIKELY(since > long_ticks(thread))) {
        uint64_t now = thagi_ticks(), start = thread->tail_ticks - since + paused;
        uint64_t ticks = span_count(thread, cell, start, now, 0);
        timeline_put(thread, cell->node, ticks, now);
        return;
    }
    cell->calls++;
    thread->shared->untimed_calls++;
}

void thagi_span_pop(thagi_task *task, uint64_t now)
{
    trace_frame *top = task->top;
    if (top->start_ticks == TRACE_CLOSED) {
        drop_top(task, top);
        task->closed_count--;
    } else if (top->start_ticks & TRACE_UNTIMED_BIT) {
        span_pop_untimed(task, top);
    } else {
        span_pop(task, top, now);
    }
}

void thagi_span_settle(thagi_task *task)
{
    while (task->closed_count && task->top->start_ticks == TRACE_CLOSED) thagi_span_pop(task, 0);
}

/* A frame is left without an end of its own: count it, say so once, and pop it. */
void thagi_span_abandon(thagi_task *task, uint64_t now)
{
    const trace_frame *top = task->top;
    if (top->start_ticks != TRACE_CLOSED) {
        const thag_site *site = thagi_frame_cell(top)->site;
        int section = site && site->kind == TRACE_SITE_SECTION;
        thagi_count(section ? TRACE_MISSING_END : TRACE_ABANDONED, 1);
        if (section && thagi_first_misuse(THAGI_MISUSE_MISSING))
            thagi_log("section \"%s\" (%s:%u) was never ended; further ones are only counted",
                      site->name, site->file, site->line);
    }
    thagi_span_pop(task, now);
}

void thagi_span_close_under(thagi_task *task, trace_frame *frame, uint64_t now)
{
    thagi_cell *cell = thagi_frame_cell(frame);
    if (frame->start_ticks & TRACE_UNTIMED_BIT) {
        cell->calls++;
        task->thread->shared->untimed_calls++;
    } else {
        uint64_t paused = 0;
        for (const trace_frame *f = frame; f <= task->top; f++) paused += f->paused_ticks;
        span_count(task->thread, cell, frame->start_ticks + paused, now, 1);
        timeline_put(task->thread, cell->node, task->thread->shared->last_ticks, now);
    }
    frame->start_ticks = TRACE_CLOSED;
    task->closed_count++;
}

void thagi_span_close_all(thagi_task *task)
{
    uint64_t now = thagi_ticks();
    while (task->top > task->base)
        thagi_span_abandon(task, now++); /* so that each end is told apart */
}

/* --- frames that a longjmp left behind --------------------------------------------------------- */

#define STACK_GROWTH ((uintptr_t)64 << 20)

/* Whether two addresses lie on the same stack, i.e. in the same mapping. */
static int same_stack(thagi_task *task, uintptr_t a, uintptr_t b)
{
    int is_known = a - task->stack_lo < task->stack_hi - task->stack_lo;
    int has_grown = is_known && task->stack_lo - b < STACK_GROWTH; /* the first thread's does */
    int saved_errno = errno;
    if ((!is_known || has_grown) && !thagi_plat_mapping_of(a, &task->stack_lo, &task->stack_hi))
        task->stack_lo = task->stack_hi = 0;
    errno = saved_errno;
    return b - task->stack_lo < task->stack_hi - task->stack_lo;
}

/* Whether a span ends by itself when its function is left in any way but by longjmp. Other sections
   may be begun and ended in functions that are called for that. */
static int ends_by_itself(const trace_frame *frame)
{
    const thag_site *site = thagi_frame_cell(frame)->site;
    return !site || site->kind != TRACE_SITE_SECTION || (site->flags & THAG_FLAG_unbounded);
}

/* The stack grows down: a frame that was begun below where we stand now has been left. */
static trace_frame *lowest_dead(thagi_task *task, uint64_t where, const thag_site *site)
{
    uintptr_t sp = (uintptr_t)(where >> 16);
    trace_frame *dead = NULL, *frame = task->top;
    for (; frame > task->base && frame_sp(frame) < sp && same_stack(task, sp, frame_sp(frame));
         frame--)
        if (ends_by_itself(frame)) dead = frame;
    if (frame > task->base && site && frame->scratch[THAGI_FRAME_WHERE] == where &&
        thagi_frame_cell(frame)->site == site && frame->start_ticks != TRACE_CLOSED)
        dead = frame;
    return dead;
}

__attribute__((__noinline__)) void thagi_span_drop_dead(thagi_task *task, uint64_t where,
                                                        const thag_site *site)
{
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    const trace_frame *dead = lowest_dead(task, where, site);
    for (uint64_t now = since; dead && task->top >= dead;) thagi_span_abandon(task, now++);
    thagi_span_settle(task);
    /* A section that lives on counts as begun here, so that it is not looked at again. */
    if (task->top > task->base && site && frame_sp(task->top) < where >> 16 &&
        same_stack(task, (uintptr_t)(where >> 16), frame_sp(task->top)))
        task->top->scratch[THAGI_FRAME_WHERE] = where | 0xffff;
    thagi_paused(task, since);
    errno = saved_errno;
}

/* --- begin ------------------------------------------------------------------------------------- */

/* Time the next call, and choose the one after that: uniform in 1 .. 2*period - 1 calls from here, so
   1 in period on average, and in step with nothing. The generator is Numerical Recipes' ranqd1. */
static __attribute__((__noinline__)) uint64_t sample_next(thagi_thread *thread)
{
    thread->sample_seed = thread->sample_seed * 1664525u + 1013904223u;
    uint64_t range = 2 * (uint64_t)thread->sample_period - 1;
    thread->sample_left = 1 + (uint32_t)(((uint64_t)thread->sample_seed * range) >> 32);
    return thagi_ticks();
}

/* When sampling, the start of a call: a time, or in a hot path mostly a token that says "not timed". */
static inline uint64_t sample_start(thagi_thread *thread, const thagi_cell *cell, uintptr_t depth)
{
    if (THAGI_UNLIKELY(!is_sampled(cell))) return thagi_ticks();
    if (THAGI_UNLIKELY(--thread->sample_left == 0)) return sample_next(thread);
    return TRACE_UNTIMED_BIT | thread->tail_ticks << UNTIMED_DEPTH_BITS |
           (depth & ((1u << UNTIMED_DEPTH_BITS) - 1));
}

/* The token, 0 if the call is lost. Inlined by force: the call costs a nanosecond. */
static inline __attribute__((__always_inline__)) thag_token
span_push(thagi_task *task, const thag_site *site, uint64_t where)
{
    trace_frame *top = task->top;
    /* Higher in the stack than the top frame, or at its very place. */
    uint64_t top_where = top->scratch[THAGI_FRAME_WHERE];
    if (THAGI_UNLIKELY(where > top_where + 0xffff) || THAGI_UNLIKELY(where == top_where)) {
        thagi_span_drop_dead(task, where, site);
        top = task->top;
    }
    thagi_thread *thread = task->thread;
    thagi_cell *parent = thagi_frame_cell(top), *before = parent->last, *cell = before->next;
    if (THAGI_UNLIKELY(cell->site != site)) {
        cell = thagi_cell_child(thread, parent, site);
        if (!cell) return 0;
        if (before != &thagi_no_cell) before->next = cell;
    }
    parent->last = cell;
    trace_frame *frame = top + 1;
    if (THAGI_UNLIKELY(frame == task->limit)) {
        if (!thagi_thread_grow_frames(thread)) return 0;
        frame = task->top + 1;
    }
    frame->node = cell->node;
    frame->paused_ticks = 0;
    frame->scratch[THAGI_FRAME_WHERE] = where;
    frame->scratch[THAGI_FRAME_CELL] = (uintptr_t)cell;
    ORDERED();
    task->top = frame;
    uint64_t start = THAGI_UNLIKELY(thread->sample_period)
                         ? sample_start(thread, cell, (uintptr_t)frame / sizeof *frame)
                         : thagi_ticks();
    frame->start_ticks = start;
    return start;
}

thag_token thagi_span_push(thagi_task *task, const thag_site *site, uint64_t where)
{
    return span_push(task, site, where);
}

/*
 * The runtime's call in progress is gone: a handler that interrupted it left by longjmp, or the thread
 * was cancelled. Finish or undo what it had begun, and end what the handler had open.
 */
void thagi_task_recover(thagi_task *task)
{
    trace_thread *shared = task->thread->shared;
    trace_frame *top = task->top;
    const thagi_cell *last = (const thagi_cell *)(uintptr_t)shared->last_cell;
    int is_counted = last && shared->last_calls && last->calls >= shared->last_calls;
    uint64_t last_start = shared->last_end - shared->last_ticks;
    if (top > task->base && top->start_ticks == 0) {
        task->top--; /* not begun yet */
    } else if (is_counted && top > task->base && thagi_frame_cell(top) == last &&
               top->start_ticks + top->paused_ticks == last_start) {
        drop_top(task, top);
    }
    if (is_counted && (int64_t)(shared->last_end - task->thread->tail_ticks) > 0)
        timeline_put(task->thread, last->node, shared->last_ticks, shared->last_end);
    else if (task->thread->timeline_on && *(const uint16_t *)(const void *)task->thread->tail_pos)
        task->thread->tail_pos += TRACE_SHORT_BYTES; /* written, but not moved on */
    if (!is_counted || (!task->thread->sample_period && thagi_hist_has(last, last->calls)))
        shared->last_cell = 0; /* not to be settled: not counted, or just settled */
    for (thagi_thread *n = task->thread->nested; n && n->in_use; n = n->nested) {
        if (n->base_task.state > THAGI_TASK_CAREFUL) thagi_task_recover(&n->base_task);
        thagi_span_close_all(&n->base_task);
        n->base_task.state = THAGI_TASK_IDLE;
    }
    task->state = task->closed_count ? THAGI_TASK_CAREFUL : THAGI_TASK_IDLE;
}

/*
 * The task to work on when the current one is not idle: a slot is set up, or, in a signal handler
 * that interrupted the runtime, a nested slot is taken. On return it is idle or careful.
 * NULL: recording is off, or the call has been counted as lost.
 */
thagi_task *thagi_task_usable(thagi_task *task, uintptr_t sp)
{
    if (task->state == THAGI_TASK_UNUSABLE) task = thagi_session_join();
    while (task && task->state > THAGI_TASK_CAREFUL) {
        /* A handler that interrupted that call would stand below it. */
        if (sp >= task->state && same_stack(task, sp, task->state)) {
            thagi_task_recover(task);
            break;
        }
        thagi_thread *nested = thagi_thread_nested(task->thread);
        if (!nested) {
            thagi_count(TRACE_LOST_SIGNAL, 1);
            return NULL;
        }
        thagi_task *inner = &nested->base_task;
        if (inner->state == THAGI_TASK_IDLE && inner->top == inner->base) {
            thagi_cell *at = thagi_cell_for_node(nested, task->top->node);
            if (at) {
                inner->base->node = at->node;
                inner->base->scratch[THAGI_FRAME_CELL] = (uintptr_t)at;
            }
        }
        task = inner;
    }
    return task;
}

void thagi_task_release(thagi_task *task)
{
    ORDERED();
    task->state = task->closed_count ? THAGI_TASK_CAREFUL : THAGI_TASK_IDLE;
}

static __attribute__((__noinline__)) thag_token
span_begin_slow(thagi_task *task, const thag_site *site, uint64_t where)
{
    uintptr_t sp = (uintptr_t)(where >> 16);
    task = thagi_task_usable(task, sp);
    if (!task) return 0;
    task->state = sp;
    ORDERED();
    thagi_span_settle(task);
    thag_token token = span_push(task, site, where);
    thagi_task_release(task);
    return token;
}

thag_token thagi_span_begin_at(const thag_site *site, uint64_t where)
{
    return span_begin_slow(thagi_current, site, where);
}

thag_token thag_span_begin(const thag_site *site)
{
    thagi_task *task = thagi_current;
    uint64_t where = THAGI_WHERE();
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_IDLE)) return span_begin_slow(task, site, where);
    task->state = STACK_POINTER();
    ORDERED();
    thag_token token = span_push(task, site, where);
    ORDERED();
    task->state = THAGI_TASK_IDLE;
    return token;
}

/* --- end --------------------------------------------------------------------------------------- */

/* Spans that the process inherited from its parent by fork keep the tokens of the parent. */
static int frame_has_token(const thagi_task *task, const trace_frame *frame, thag_token token)
{
    if (frame->start_ticks == token) return 1;
    const thagi_inherited *from = task->inherited;
    size_t depth = (size_t)(frame - task->base) - 1;
    return from && depth < from->count && from->span[depth].token == token;
}

/* The end of a span that is not the innermost: close what was left open above it. */
static void span_end_mismatch(thagi_task *task, thag_token token, uint64_t now)
{
    trace_frame *frame = task->top;
    while (frame > task->base && !frame_has_token(task, frame, token)) frame--;
    if (frame == task->base) {
        thagi_count(TRACE_STRAY_END, 1);
        return;
    }
    while (task->top > frame) thagi_span_abandon(task, now++);
    thagi_span_pop(task, now);
    thagi_span_settle(task);
}

static __attribute__((__noinline__)) void span_end_slow(thagi_task *task, thag_token token,
                                                        uint64_t now, uintptr_t sp)
{
    task = thagi_task_usable(task, sp);
    if (!task) return;
    task->state = sp;
    ORDERED();
    span_end_mismatch(task, token, now);
    thagi_task_release(task);
}

void thag_span_end(thag_token token)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_IDLE)) {
        span_end_slow(task, token, thagi_ticks(), STACK_POINTER());
        return;
    }
    task->state = STACK_POINTER();
    ORDERED();
    trace_frame *top = task->top;
    if (THAGI_LIKELY(top->start_ticks == token)) {
        if (THAGI_UNLIKELY(token & TRACE_UNTIMED_BIT))
            span_pop_untimed(task, top);
        else
            span_pop(task, top, thagi_ticks());
        ORDERED();
        task->state = THAGI_TASK_IDLE;
        return;
    }
    span_end_mismatch(task, token, thagi_ticks());
    thagi_task_release(task);
}
