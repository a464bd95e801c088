/*
 * span_stack.c - the span stack when something is not as usual: a new path, a full block, misuse, a
 * longjmp, a handler, the end of a thread. Slower, and complete: every begin and end could go this way.
 */
#include <errno.h>

#include "runtime/span_work.h"

static uintptr_t frame_sp(const trace_frame *frame)
{
    return THAGI_WHERE_SP(frame->scratch[THAGI_FRAME_WHERE]);
}

void thagi_paused(thagi_task *task, uint64_t since)
{
    uint64_t took = thagi_ticks() - since;
    thagi_task_shift(task, took);
    if (task->is_users) task->thread->base_task.turn->task_ticks -= took;
    if (thagi_session_now->trace.file)
        __atomic_fetch_add(&thagi_session_now->trace.file->profiler_ticks, took, __ATOMIC_RELAXED);
}

/* --- popping --------------------------------------------------------------------------------- */

static void drop_top(thagi_task *task, trace_frame *top)
{
    top->start_ticks = 0;
    task->top = top - 1;
}

/* Put the span before this one into its min, max and histogram; the reader does it for the last. */
static void settle_last(thagi_thread *thread)
{
    thagi_cell *cell = (thagi_cell *)(uintptr_t)thread->shared->last_cell;
    uint64_t ticks = thread->shared->last_ticks;
    if (!cell) return;
    thagi_hist_add(thread, cell, ticks); /* before min and max: it looks at the old ones */
    thagi_min_max(cell, ticks);
}

/* Add a call of `cell` that ran from `start` to `now` to the counters. Its duration. A short call of
   a hot path that was drawn stands for those that were not. */
static uint64_t count_span(thagi_thread *thread, thagi_cell *cell, uint64_t start, uint64_t now,
                           int is_drawn)
{
    uint64_t ticks = now - start;
    if ((int64_t)ticks < 0) ticks = 0; /* the clocks of two processors */
    uint64_t weighted = is_drawn ? thagi_weighted(thread, cell, ticks, start) : ticks;
    settle_last(thread);
    thagi_commit_begin(thread->shared, cell, ticks, now);
    thagi_commit(cell, weighted);
    return ticks;
}

static void timeline_put(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end)
{
    if (!thagi_timeline_short(thread, node, ticks, end))
        thagi_timeline_put(thread, node, ticks, end);
}

/* A call that was not timed at its begin: it is counted, and timed only if it was long. */
static void count_untimed(thagi_thread *thread, thagi_cell *cell, int64_t since)
{
    if (since > (int64_t)thagi_long_ticks(thread)) {
        uint64_t now = thagi_ticks();
        uint64_t ticks = count_span(thread, cell, thread->tail_ticks - (uint64_t)since, now, 0);
        timeline_put(thread, cell->node, ticks, now);
        return;
    }
    cell->calls++;
    thread->shared->untimed_calls++;
}

void thagi_span_pop(thagi_task *task, uint64_t now)
{
    trace_frame *top = task->top;
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    uint64_t start = top->start_ticks;
    if (start == TRACE_CLOSED) {
        drop_top(task, top);
        task->closed_count--;
    } else if (start & TRACE_UNTIMED_BIT) {
        int64_t since = thagi_untimed_since(task, top);
        drop_top(task, top); /* first: a call is counted once or not at all */
        ORDERED();
        count_untimed(thread, cell, since);
    } else {
        uint64_t ticks = count_span(thread, cell, start + task->shift, now, 1);
        if (cell->site && TRACE_SITE_IS_ASYNC(cell->site->kind))
            thagi_task_detach_ticks(task, ticks);
        drop_top(task, top);
        timeline_put(thread, cell->node, ticks, now);
    }
}

void thagi_span_take_back(thagi_task *task)
{
    drop_top(task, task->top);
}

void thagi_span_count(thagi_task *task, thagi_cell *cell, uint64_t ticks, uint64_t now)
{
    ticks = count_span(task->thread, cell, now - ticks, now, 0);
    timeline_put(task->thread, cell->node, ticks, now);
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
        if (site && site->kind == TRACE_SITE_SECTION)
            thagi_note(TRACE_MISSING_END, "section \"%s\" (%s:%u) was never ended", site->name,
                       site->file, site->line);
        else
            thagi_count(TRACE_ABANDONED, 1);
    }
    thagi_span_pop(task, now);
}

void thagi_span_close_under(thagi_task *task, trace_frame *frame, uint64_t now)
{
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(frame);
    if (frame->start_ticks & TRACE_UNTIMED_BIT) {
        count_untimed(thread, cell, thagi_untimed_since(task, frame));
    } else {
        uint64_t ticks = count_span(thread, cell, frame->start_ticks + task->shift, now, 1);
        timeline_put(thread, cell->node, ticks, now);
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

/* A stack for signal handlers may have been cut out of the thread's own. */
static int parted_by_signal_stack(uintptr_t a, uintptr_t b)
{
    uintptr_t lo, hi;
    if (!thagi_plat_signal_stack(&lo, &hi)) return 0;
    return (a - lo < hi - lo) != (b - lo < hi - lo);
}

/* Whether two addresses lie on the same stack, i.e. in the same mapping. */
static int same_stack(thagi_task *task, uintptr_t a, uintptr_t b)
{
    int is_known = a - task->stack_lo < task->stack_hi - task->stack_lo;
    if (task->idle == THAGI_TASK_WATCHED)
        return is_known && b - task->stack_lo < task->stack_hi - task->stack_lo;
    int has_grown = is_known && task->stack_lo - b < STACK_GROWTH; /* the first thread's does */
    int saved_errno = errno;
    if ((!is_known || has_grown) && !thagi_plat_mapping_of(a, &task->stack_lo, &task->stack_hi))
        task->stack_lo = task->stack_hi = 0;
    int is_same = b - task->stack_lo < task->stack_hi - task->stack_lo;
    if (is_same) is_same = !parted_by_signal_stack(a, b);
    errno = saved_errno;
    return is_same;
}

/* Whether a span ends by itself when its function is left in any way but by longjmp. Other sections
   may be begun and ended in functions that are called for that. */
static int ends_by_itself(const trace_frame *frame)
{
    const thag_site *site = thagi_frame_cell(frame)->site;
    return !site || site->kind != TRACE_SITE_SECTION || (site->flags & THAG_FLAG_unbounded);
}

/* The span of the frame was begun on another stack than sp is on, which is no signal handler's. */
static int is_elsewhere(thagi_task *task, uintptr_t sp, const trace_frame *frame)
{
    return frame > task->base && frame_sp(frame) <= UINTPTR_MAX >> 17 &&
           !same_stack(task, sp, frame_sp(frame)) && !parted_by_signal_stack(sp, frame_sp(frame));
}

void thagi_span_check_stack(thagi_task *task)
{
    if (is_elsewhere(task, task->state, task->top)) thagi_stack_unannounced(task, task->top, NULL);
}

/* The stack grows down: a frame that was begun below where we stand now has been left. */
static trace_frame *lowest_dead(thagi_task *task, uint64_t where, const thag_site *site)
{
    uintptr_t sp = THAGI_WHERE_SP(where);
    trace_frame *dead = NULL, *frame = task->top;
    for (; frame > task->base && frame_sp(frame) < sp && same_stack(task, sp, frame_sp(frame));
         frame--)
        if (ends_by_itself(frame)) dead = frame;
    if (frame_sp(frame) < sp && is_elsewhere(task, sp, frame))
        thagi_stack_unannounced(task, frame, site);
    if (frame > task->base && site && frame->scratch[THAGI_FRAME_WHERE] == where &&
        thagi_frame_cell(frame)->site == site && frame->start_ticks != TRACE_CLOSED)
        dead = frame;
    return dead;
}

void thagi_span_drop_dead(thagi_task *task, uint64_t where, const thag_site *site)
{
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    const trace_frame *dead = lowest_dead(task, where, site);
    for (uint64_t now = since; dead && task->top >= dead;) thagi_span_abandon(task, now++);
    thagi_span_settle(task);
    /* A section that lives on counts as begun here, so that it is not looked at again. */
    if (task->top > task->base && site && frame_sp(task->top) < THAGI_WHERE_SP(where) &&
        same_stack(task, THAGI_WHERE_SP(where), frame_sp(task->top)))
        task->top->scratch[THAGI_FRAME_WHERE] = where | 0xffff;
    thagi_paused(task, since);
    errno = saved_errno;
}

/* --- pushing --------------------------------------------------------------------------------- */

thag_token thagi_span_push(thagi_task *task, const thag_site *site, uint64_t where)
{
    if (thagi_is_above(where, task->top)) thagi_span_drop_dead(task, where, site);
    thagi_thread *thread = task->thread;
    thagi_cell *parent = thagi_frame_cell(task->top), *before = parent->last, *cell = before->next;
    if (cell->site != site) {
        cell = before->site == site ? before : thagi_cell_child(thread, parent, site);
        if (!cell) return 0;
        thagi_learn_next(thread, before, cell);
    }
    if (task->top + 1 == task->limit && !thagi_task_grow(task)) return 0;
    trace_frame *frame = thagi_push_known(task, task->top, parent, cell, where);
    uint64_t start = thread->sample_period ? thagi_sample_token(task, cell, frame) : 0;
    frame->start_ticks = start ? start : thagi_token(task, thagi_ticks() - task->shift);
    return frame->start_ticks;
}

/* --- tasks that are not idle ------------------------------------------------------------------- */

/*
 * The runtime's call in progress is gone: a handler that interrupted it left by longjmp, or the thread
 * was cancelled. Finish or undo what it had begun, and end what the handler had open.
 */
static void recover_held(thagi_task *task)
{
    trace_thread *shared = task->thread->shared;
    trace_frame *top = task->top;
    thagi_cell *last = (thagi_cell *)(uintptr_t)shared->last_cell;
    int is_counted = last && shared->last_calls && last->calls >= shared->last_calls;
    uint64_t last_start = shared->last_end - shared->last_ticks;
    if (top > task->base && top->start_ticks == 0) {
        task->top--; /* not begun yet */
    } else if (is_counted && top > task->base && thagi_frame_cell(top) == last &&
               top->start_ticks + task->shift == last_start) {
        drop_top(task, top);
    }
    thagi_timeline_recover(task->thread);
    if (is_counted && !thagi_timeline_has(task->thread, shared->last_end))
        timeline_put(task->thread, last->node, shared->last_ticks, shared->last_end);
    if (!is_counted) {
        shared->last_cell = 0; /* there is nothing to be settled */
    } else if (!task->thread->sample_period && thagi_hist_recover(last)) {
        thagi_min_max(last, shared->last_ticks); /* that may not have been done yet */
        shared->last_cell = 0;
    }
}

void thagi_task_recover(thagi_task *task)
{
    recover_held(task);
    for (thagi_thread *n = task->thread->nested; n && n->in_use; n = n->nested) {
        int was_busy = !thagi_task_is_at_rest(&n->base_task);
        n->base_task.state = task->state; /* a handler that interrupts us has to go one further */
        ORDERED();
        if (was_busy) recover_held(&n->base_task);
        thagi_span_close_all(&n->base_task);
        ORDERED();
        n->base_task.state = n->base_task.idle;
    }
    thagi_task_release(task);
}

/* The spans of a handler hang from the one that it interrupted. Held, for handlers that interrupt it. */
static void nested_follow(thagi_task *inner, const thagi_task *outer, uintptr_t sp)
{
    uintptr_t was = inner->state;
    if (!thagi_task_is_ready(inner) || inner->top != inner->base) return;
    inner->state = sp;
    ORDERED();
    thagi_cell *at = thagi_cell_for_node(inner->thread, outer->top->node);
    if (at) {
        inner->base->node = at->node;
        inner->base->scratch[THAGI_FRAME_CELL] = (uintptr_t)at;
    }
    ORDERED();
    inner->state = was;
}

/*
 * The task to work on when the current one is not idle: a slot is set up, or, in a signal handler
 * that interrupted the runtime, a nested slot is taken. On return it is idle or careful.
 * NULL: recording is off, or the call has been counted as lost.
 */
thagi_task *thagi_task_usable(thagi_task *task, uintptr_t sp)
{
    if (task->state == THAGI_TASK_UNUSABLE) task = thagi_session_join();
    if (task && thagi_stack_is_watched) task = thagi_stack_checked(task, sp);
    while (task && !thagi_task_is_at_rest(task)) {
        /* A handler that interrupted that call would stand below it. */
        if (sp >= task->state && same_stack(task, sp, task->state)) {
            task->state = sp; /* of the call that does it, for handlers that interrupt it */
            ORDERED();
            thagi_task_recover(task);
            break;
        }
        thagi_thread *nested = thagi_thread_nested(task->thread);
        if (!nested) {
            thagi_count(TRACE_LOST_SIGNAL, 1);
            return NULL;
        }
        thagi_memory_interrupted(task->thread);
        nested_follow(&nested->base_task, task, sp);
        task = &nested->base_task;
    }
    return task;
}

/* --- begin and end, the long way --------------------------------------------------------------- */

OUT_OF_WAY thag_token thagi_span_begin_held(thagi_task *task, const thag_site *site, uint64_t where)
{
    thag_token token = thagi_span_push(task, site, where);
    thagi_task_release(task);
    return token;
}

OUT_OF_WAY thag_token thagi_span_begin_slow(thagi_task *task, const thag_site *site, uint64_t where)
{
    task = thagi_task_usable(task, THAGI_WHERE_SP(where));
    if (!task || task->pauses) return 0;
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    thagi_span_settle(task);
    return thagi_span_begin_held(task, site, where);
}

OUT_OF_WAY void thagi_timeline_put_held(thagi_task *task, uint32_t node, uint64_t ticks,
                                        uint64_t end)
{
    thagi_timeline_put(task->thread, node, ticks, end);
    thagi_task_release(task);
}

OUT_OF_WAY void thagi_span_pop_held(thagi_task *task, uint64_t now)
{
    thagi_span_pop(task, now);
    thagi_task_release(task);
}

/* Spans that the process inherited from its parent by fork keep the tokens of the parent. */
static int frame_has_token(const thagi_task *task, const trace_frame *frame, thag_token token)
{
    if (frame->start_ticks == token) return 1;
    const thagi_inherited *from = task->is_users ? NULL : task->thread->inherited;
    size_t depth = (size_t)(frame - task->base) - 1;
    return from && depth < from->count && from->span[depth].token == token;
}

/* An end whose span is not open: of one that ended already, as that whose function was left at an await
   and entered again behind its begin. */
static void note_stray(thagi_task *task, thag_token token)
{
    const trace_thread *shared = task->thread->shared;
    const thagi_cell *last = (const thagi_cell *)(uintptr_t)shared->last_cell;
    int is_last =
        last && last->site && shared->last_end - shared->last_ticks - task->shift == token;
    const thag_site *span = is_last ? last->site : NULL,
                    *inside = thagi_frame_cell(task->top)->site;
    thagi_note(TRACE_STRAY_END,
               "%s%s%s (%s:%u) ended inside \"%s\" (%s:%u), where it is not open: was its function "
               "left in between, and entered again behind its begin?",
               span ? "\"" : "", span ? span->name : "a span", span ? "\"" : "",
               span ? span->file : "?", span ? span->line : 0, inside ? inside->name : "the thread",
               inside ? inside->file : "?", inside ? inside->line : 0);
}

OUT_OF_WAY void thagi_span_end_held(thagi_task *task, thag_token token)
{
    uint64_t now = thagi_ticks();
    trace_frame *frame = task->top;
    while (frame > task->base && !frame_has_token(task, frame, token)) frame--;
    if (frame == task->base) {
        note_stray(task, token);
    } else {
        if (task->top > frame) thagi_span_check_stack(task);
        while (task->top > frame) thagi_span_abandon(task, now++); /* left open above it */
        thagi_span_pop(task, now);
        thagi_span_settle(task);
    }
    thagi_task_release(task);
}

OUT_OF_WAY void thagi_span_end_slow(thagi_task *task, thag_token token, uintptr_t sp)
{
    task = thagi_task_usable(task, sp);
    if (!task) return;
    task->state = sp;
    ORDERED();
    thagi_span_end_held(task, token);
}
