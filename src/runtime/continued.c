/*
 * continued.c - spans that go on somewhere else than in what called them: a captured position that a
 * callback continues, and the resumable span of a function that returns at each await.
 *
 * Both are frames on the stack of whatever task runs, but with a path of their own. Their time is none of
 * the spans' below them: it goes into the shift of the task (thagi_span_pop()).
 */
#include <errno.h>

#include "runtime/span_work.h"
#include "runtime/task.h"

#include "thag_profiler/async.h"
#include "thag_profiler/context.h"

_Static_assert(sizeof(thag_ctx) == 24 && sizeof(thag_async) == 24,
               "small enough to be carried along");

/* Where a position is known: node numbers are those of one process. 30 bits, as a thag_async has. */
static unsigned this_process(void)
{
    return thagi_session_now ? thagi_session_now->pid & 0x3FFFFFFFu : 0;
}

void thag_ctx_capture_to(thag_ctx *ctx)
{
    thagi_task *task = thagi_current;
    if (task->state == THAGI_TASK_UNUSABLE) return;
    if (THAGI_UNLIKELY(thagi_stack_is_watched))
        task = thagi_stack_checked(task, (uintptr_t)__builtin_frame_address(0));
    uint64_t id = thagi_task_is_users(task) ? thagi_task_record((thag_task *)task)->id : 0;
    /* In the pieces in which the caller is going to copy it: others would have to wait for the cache. */
    uint64_t place = task->top->node | (uint64_t)this_process() << 32;
    _Static_assert(offsetof(thag_ctx, process) == offsetof(thag_ctx, node) + 4, "one store");
    memcpy(&ctx->node, &place, sizeof place);
    *(thagi_pair *)(void *)&ctx->task = (thagi_pair){id, thagi_ticks()};
}

/* What went on here lately; a guess. */
FORCED struct thagi_went_on *last_of(thagi_thread *thread, uint32_t node, const thag_site *site)
{
    return &thread->went_on[(node ^ (uintptr_t)site >> 4) % 16];
}

/* The cell forgets its site when that is unloaded. */
FORCED int is_of(const struct thagi_went_on *last, uint32_t node, const thag_site *site)
{
    return THAGI_LIKELY(last->node == node) && THAGI_LIKELY(last->site == site) &&
           THAGI_LIKELY(last->cell->site == site);
}

/* The cell of a node's child for this site, on the held task's thread; NULL: no room. */
static thagi_cell *cell_below(thagi_thread *thread, uint32_t node, const thag_site *site,
                              const char *name)
{
    if (!site->name) site = thagi_site_of_name(site, name);
    if (!site) return NULL;
    struct thagi_went_on *last = last_of(thread, node, site);
    if (is_of(last, node, site)) return last->cell;
    thagi_cell *parent = thagi_cell_for_node(thread, node);
    thagi_cell *cell = parent ? thagi_cell_child(thread, parent, site) : NULL;
    if (cell) *last = (struct thagi_went_on){site, cell, node};
    return cell;
}

FORCED void count_wait(thagi_thread *thread, uint32_t node, uint64_t since, uint64_t now)
{
    uint64_t ticks = now - since;
    if (since) thagi_wait_count(thread, node, (int64_t)ticks < 0 ? 0 : ticks, 0);
}

/* Push a frame for `cell` that began `now`. 0: no room. */
static thag_token push(thagi_task *task, thagi_cell *cell, uint64_t where, uint64_t now)
{
    if (task->top + 1 == task->limit && !thagi_task_grow(task)) return 0;
    trace_frame *frame =
        thagi_push_known(task, task->top, thagi_frame_cell(task->top), cell, where);
    return frame->start_ticks = thagi_token(task, now - task->shift);
}

static thagi_task *hold_here(uint64_t where)
{
    thagi_task *task = thagi_task_hold(THAGI_WHERE_SP(where));
    if (task) thagi_span_settle(task);
    return task;
}

/* Everything is timed by the counter, and nothing is watched: the fast way may be taken. */
FORCED int is_fast(const thagi_task *task)
{
    return THAGI_LIKELY(task->state == THAGI_TASK_IDLE) && THAGI_LIKELY(!thagi_stack_is_watched);
}

static OUT_OF_WAY thag_token attach_held(thagi_task *task, const thag_ctx *ctx,
                                         const thag_site *site, const char *name, uint64_t where)
{
    int saved_errno = errno;
    if (thagi_is_above(where, task->top)) thagi_span_drop_dead(task, where, NULL);
    int is_known = ctx->process == this_process();
    thagi_cell *cell = cell_below(task->thread, is_known ? ctx->node : 0, site, name);
    thag_token token = 0;
    if (cell) {
        uint64_t now = thagi_ticks();
        if (is_known) count_wait(task->thread, cell->node, ctx->since, now);
        token = push(task, cell, where, now);
    }
    thagi_task_release(task);
    errno = saved_errno;
    return token;
}

thag_token thag_ctx_attach(const thag_ctx *ctx, const thag_site *site, const char *name)
{
    uint64_t where = THAGI_WHERE();
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!is_fast(task))) {
        task = hold_here(where);
        return task ? attach_held(task, ctx, site, name, where) : 0;
    }
    task->state = THAGI_WHERE_SP(where);
    ORDERED();
    thagi_thread *thread = task->thread;
    trace_frame *top = task->top;
    const struct thagi_went_on *last = last_of(thread, ctx->node, site);
    if (THAGI_UNLIKELY(!site->name) || THAGI_UNLIKELY(ctx->process != this_process()) ||
        !is_of(last, ctx->node, site) || !thagi_has_room(task, top, where))
        return attach_held(task, ctx, site, name, where);
    thagi_cell *cell = last->cell;
    uint64_t now = thagi_counter();
    count_wait(thread, cell->node, ctx->since, now);
    trace_frame *frame = thagi_push_known(task, top, thagi_frame_cell(top), cell, where);
    thag_token token = frame->start_ticks = thagi_token(task, now - task->shift);
    ORDERED();
    task->state = THAGI_TASK_IDLE;
    return token;
}

/* Abandon what is open above a frame. 0: there is no such frame. */
static int uncover(thagi_task *task, thag_token token, uint64_t now)
{
    const trace_frame *frame = task->top;
    while (frame > task->base && frame->start_ticks != token) frame--;
    if (frame == task->base) {
        thagi_count(TRACE_STRAY_END, 1);
        return 0;
    }
    while (task->top > frame) thagi_span_abandon(task, now);
    return 1;
}

static OUT_OF_WAY void detach_held(thagi_task *task, thag_token token, uint64_t now)
{
    if (uncover(task, token, now)) {
        thagi_span_pop(task, now);
        thagi_span_settle(task);
    }
    thagi_task_release(task);
}

void thag_ctx_detach(thag_token token)
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    uint64_t now = thagi_ticks();
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!is_fast(task))) {
        task = thagi_task_hold(sp);
        if (task) detach_held(task, token, now);
        return;
    }
    task->state = sp;
    ORDERED();
    thagi_thread *thread = task->thread;
    trace_frame *top = task->top;
    uint64_t ticks = now - task->shift - token;
    thagi_cell *cell = thagi_frame_cell(top);
    if (THAGI_UNLIKELY(top->start_ticks != token) || THAGI_UNLIKELY((int64_t)ticks < 0) ||
        THAGI_UNLIKELY(!thagi_settle_before(thread->shared))) {
        detach_held(task, token, now);
        return;
    }
    thagi_commit_begin(thread->shared, cell, ticks, now);
    thagi_commit(cell, ticks);
    thagi_task_detach_ticks(task, ticks);
    top->start_ticks = 0;
    task->top = top - 1;
    if (THAGI_UNLIKELY(!thagi_timeline_short(thread, cell->node, ticks, now)))
        thagi_timeline_put_held(task, cell->node, ticks, now);
    else
        thagi_task_release(task);
}

/* --- resumable spans --------------------------------------------------------------------------- */

thag_token thag_async_resume(thag_async *span, const thag_site *site, const char *name)
{
    int saved_errno = errno;
    uint64_t where = THAGI_WHERE();
    thagi_task *task = hold_here(where);
    if (!task) return 0;
    if (thagi_is_above(where, task->top)) thagi_span_drop_dead(task, where, NULL);
    thagi_thread *thread = task->thread;
    int is_new = (span->state & 3) == 0 || span->state >> 2 != this_process();
    thagi_cell *cell = is_new ? cell_below(thread, task->top->node, site, name)
                              : thagi_cell_for_node(thread, span->node);
    thag_token token = 0;
    if (cell) {
        uint64_t now = thagi_ticks();
        if (is_new)
            *span = (thag_async){.node = cell->node, .state = this_process() << 2 | 1};
        else
            count_wait(thread, cell->node, span->since, now);
        token = push(task, cell, where, now);
    }
    thagi_task_release(task);
    errno = saved_errno;
    return token;
}

void thag_async_suspend(thag_async *span, thag_token token)
{
    uint64_t now = thagi_ticks();
    thagi_task *task = thagi_task_hold((uintptr_t)__builtin_frame_address(0));
    if (!task) return;
    if (uncover(task, token, now)) {
        thagi_cell *cell = thagi_frame_cell(task->top);
        uint64_t ticks = now - task->shift - token;
        if ((int64_t)ticks < 0) ticks = 0;
        thagi_task_detach_ticks(task,
                                ticks); /* first: killed in between, no time is in two spans */
        thagi_span_take_back(task);
        span->active += ticks;
        span->since = now;
        if ((span->state & 3) == 2) {
            thagi_span_count(task, cell, span->active, now);
            *span = (thag_async){0};
        }
        thagi_span_settle(task);
    }
    thagi_task_release(task);
}

void thag_async_cancel(thag_async *span)
{
    if ((span->state & 3) == 0 || span->state >> 2 != this_process()) return;
    thagi_task *task = thagi_task_hold((uintptr_t)__builtin_frame_address(0));
    if (!task) return;
    thagi_cell *cell = thagi_cell_for_node(task->thread, span->node);
    uint64_t now = thagi_ticks();
    if (cell) {
        count_wait(task->thread, cell->node, span->since, now);
        thagi_span_count(task, cell, span->active, now);
    }
    *span = (thag_async){0};
    thagi_task_release(task);
}
