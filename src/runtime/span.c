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
 * 3. The token is the start tick, and no two spans of a task have the same (thagi_token()). An end whose
 *    token is not the top frame's is the sign of misuse or of a longjmp, and of nothing else;
 *    thagi_span_end_held() sorts it out.
 *
 * begin reads the clock last, end reads it before all but a few loads that take their time in the
 * shadow of the read: the span does not see the profiler's own work.
 *
 * A span runs by the clock of its task: ticks less task->shift. What slow paths take, and the time in
 * which the task is suspended, goes into the shift, and so is taken off all its open spans at once.
 *
 * Whatever is not as usual is found before anything has changed, and left to span_stack.c by a jump:
 * the functions here call nothing, so they need no stack frame and save no register.
 */
#include "runtime/span_work.h"

/* --- begin ------------------------------------------------------------------------------------- */

/* A path that was taken before, with room for its frame, begun from further down the stack. */
FORCED int is_usual(const thagi_task *task, const trace_frame *top, const thagi_cell *cell,
                    const thag_site *site, uint64_t where)
{
    return THAGI_LIKELY(cell->site == site) && thagi_has_room(task, top, where);
}

/* As thag_span_begin(), when not every call reads the clock. */
static OUT_OF_WAY thag_token begin_sampled(thagi_task *task, const thag_site *site, uint64_t where)
{
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_SAMPLING))
        return thagi_span_begin_slow(task, site, where);
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    trace_frame *top = task->top;
    thagi_cell *parent = thagi_frame_cell(top), *cell = parent->last->next;
    if (THAGI_UNLIKELY(!is_usual(task, top, cell, site, where)))
        return thagi_span_begin_held(task, site, where);
    trace_frame *frame = thagi_push_known(task, top, parent, cell, where);
    uint64_t start = thagi_sample_token(task, cell, frame);
    if (THAGI_UNLIKELY(!start)) start = thagi_token(task, thagi_counter() - task->shift);
    frame->start_ticks = start;
    ORDERED();
    task->state = THAGI_TASK_SAMPLING;
    return start;
}

thag_token thag_span_begin(const thag_site *site)
{
    thagi_task *task = thagi_current;
    uint64_t where = THAGI_WHERE();
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_IDLE)) return begin_sampled(task, site, where);
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    trace_frame *top = task->top;
    thagi_cell *parent = thagi_frame_cell(top), *cell = parent->last->next;
    if (THAGI_UNLIKELY(!is_usual(task, top, cell, site, where)))
        return thagi_span_begin_held(task, site, where);
    trace_frame *frame = thagi_push_known(task, top, parent, cell, where);
    uint64_t start = thagi_token(task, thagi_counter() - task->shift);
    frame->start_ticks = start;
    ORDERED();
    task->state = THAGI_TASK_IDLE;
    return start;
}

/* --- end --------------------------------------------------------------------------------------- */

/* An untimed call ends: it is counted, and that is all, unless it turns out to have been long. */
FORCED void end_untimed(thagi_task *task, trace_frame *top)
{
    thagi_thread *thread = task->thread;
    if (THAGI_UNLIKELY(thagi_untimed_since(task, top) > (int64_t)thagi_long_ticks(thread))) {
        thagi_span_pop_held(task, 0);
        return;
    }
    thagi_cell *cell = thagi_frame_cell(top);
    top->start_ticks = 0;
    task->top = top - 1;
    ORDERED(); /* a call is counted once or not at all */
    cell->calls++;
    thread->shared->untimed_calls++;
    ORDERED();
    task->state = THAGI_TASK_SAMPLING;
}

/* As thag_span_end(), when not every call reads the clock. */
static OUT_OF_WAY void end_sampled(thagi_task *task, thag_token token, uintptr_t sp)
{
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_SAMPLING)) {
        thagi_span_end_slow(task, token, sp);
        return;
    }
    task->state = sp;
    ORDERED();
    trace_frame *top = task->top;
    if (THAGI_UNLIKELY(top->start_ticks != token))
        thagi_span_end_held(task, token);
    else if (THAGI_LIKELY(token & TRACE_UNTIMED_BIT))
        end_untimed(task, top);
    else
        thagi_span_pop_held(task, thagi_counter());
}

void thag_span_end(thag_token token)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(task->state != THAGI_TASK_IDLE)) {
        end_sampled(task, token, THAGI_WHERE_SP(THAGI_WHERE()));
        return;
    }
    task->state = THAGI_WHERE_SP(THAGI_WHERE());
    ORDERED();
    if (THAGI_UNLIKELY(task->top->start_ticks != token)) {
        thagi_span_end_held(task, token);
        return;
    }
    uint64_t now = thagi_end_of(task, token, thagi_counter());
    uint64_t ticks = now - task->shift - token;
    if (THAGI_UNLIKELY((int64_t)ticks < 0) ||
        THAGI_UNLIKELY(!thagi_settle_before(task->thread->shared))) {
        thagi_span_pop_held(task, now);
        return;
    }
    ORDERED(); /* to load again is cheaper than to keep in registers that have to be saved */
    trace_frame *top = task->top;
    thagi_thread *thread = task->thread;
    thagi_cell *cell = thagi_frame_cell(top);
    thagi_commit_begin(thread->shared, cell, ticks, now);
    thagi_commit(cell, ticks);
    top->start_ticks = 0;
    task->top = top - 1;
    if (THAGI_UNLIKELY(!thagi_timeline_short(thread, cell->node, ticks, now))) {
        thagi_timeline_put_held(task, cell->node, ticks, now);
        return;
    }
    ORDERED();
    task->state = THAGI_TASK_IDLE;
}
