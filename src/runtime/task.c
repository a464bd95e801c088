/*
 * task.c - the life of a task: begin, end, and what is said about handles that are no good.
 */
#include <errno.h>
#include <string.h>

#include "runtime/task.h"

#define STACK_POINTER() ((uintptr_t)__builtin_frame_address(0))

/* --- handles ----------------------------------------------------------------------------------- */

thag_task *thagi_task_of(const thag_task *handle, const char *verb, const char *place)
{
    if (!handle) return NULL;
    thag_task *t = thagi_handle_task(handle);
    uint16_t generation = thagi_handle_generation(handle);
    if (THAGI_LIKELY(t->generation == generation)) return t;
    if (t->generation == 0) { /* of the process that forked us */
        thagi_count(TRACE_LOST_TASK, 1);
        return NULL;
    }
    int is_spare = (uint16_t)(generation + 1) == t->generation && !thagi_task_record(t)->id;
    thagi_note(TRACE_TASK_GONE, "a task that was %s at %s had ended%s%s", verb, place ? place : "?",
               is_spare && t->place ? " at " : "", is_spare && t->place ? t->place : "");
    return NULL;
}

unsigned long long thag_task_id(const thag_task *task)
{
    const thag_task *t = thagi_task_of(task, "asked for", NULL);
    return t ? thagi_task_record(t)->id : 0;
}

void thag_task_ready(thag_task *task)
{
    thag_task *t = thagi_task_of(task, "made ready", NULL);
    if (t) __atomic_store_n(&t->ready_since, thagi_ticks(), __ATOMIC_RELAXED);
}

/* --- begin ------------------------------------------------------------------------------------- */

/* The task is new, or has been counted out: it begins anew at `cell`, suspended. */
static void task_start(thag_task *t, thagi_thread *thread, thagi_cell *cell, uint64_t spawner,
                       uint64_t now)
{
    trace_task *record = thagi_task_record(t);
    thagi_task *task = &t->task;
    task->thread = thread;
    task->shift = 0;
    task->closed_count = task->pauses = task->paused_sections = 0;
    task->is_users = 1;
    task->stack_lo = task->stack_hi = 0;
    task->idle = thagi_thread_idle(thread);
    task->base->node = cell->node;
    task->base->scratch[THAGI_FRAME_WHERE] = UINT64_MAX - 0xffff; /* above all */
    task->base->scratch[THAGI_FRAME_CELL] = (uintptr_t)cell;
    t->ready_since = 0;
    record->spawner = spawner;
    record->begin_ticks = now;
    record->ready_ticks = 0;
    record->turn = (trace_turn){.since_ticks = now};
    record->node = cell->node;
    record->slot = TRACE_NONE;
    record->resumes = record->migrations = 0;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    record->id = __atomic_add_fetch(&thagi_session_now->task_count, 1, __ATOMIC_RELAXED);
    task->state = task->idle;
}

/* The cell that the task's spans hang from, on this thread; NULL: no room. */
static thagi_cell *task_cell(thagi_thread *thread, thagi_cell *parent, const thag_site *site,
                             const char *name)
{
    if (!site->name) site = thagi_site_of_name(site, name);
    if (!site) return NULL;
    const thagi_cell *cell = thagi_cell_child(thread, parent, site);
    return cell ? thagi_cell_for_node(thread, cell->node) : NULL;
}

static uint64_t id_of(thagi_task *task)
{
    return thagi_task_is_users(task) ? thagi_task_record((thag_task *)task)->id : 0;
}

thag_task *thagi_task_begin_in(thagi_task *from, const thag_site *site, const char *name,
                               int is_root)
{
    uint64_t since = thagi_ticks();
    thagi_cell *parent = is_root ? from->thread->root : thagi_frame_cell(from->top);
    thagi_cell *cell = task_cell(from->thread, parent, site, name);
    thag_task *t = cell ? thagi_task_new(from->thread) : NULL;
    if (!t) {
        thagi_count(TRACE_LOST_TASK, 1);
        return NULL;
    }
    if (t->generation == 0) t->generation = 1;
    task_start(t, from->thread, cell, id_of(from), since);
    return thagi_handle_of(&t->task);
}

thag_task *thag_task_begin_at(const thag_site *site, const char *name, int is_root)
{
    int saved_errno = errno;
    thagi_task *from = thagi_task_hold(STACK_POINTER());
    if (!from) return NULL;
    thag_task *handle = thagi_task_begin_in(from, site, name, is_root);
    thagi_task_release(from);
    errno = saved_errno;
    return handle;
}

void thagi_task_set_stack(thag_task *handle, uintptr_t lo, uintptr_t hi)
{
    thagi_task *task = &thagi_handle_task(handle)->task;
    task->stack_lo = lo;
    task->stack_hi = hi;
    task->state = task->idle = THAGI_TASK_WATCHED;
}

/* --- end --------------------------------------------------------------------------------------- */

/* Count the task out, on the thread that owns it. It is held, and its clock runs. */
static void task_finish(thag_task *t, uint64_t now)
{
    thagi_task *task = &t->task;
    trace_task *record = thagi_task_record(t);
    uint32_t open = 0;
    thagi_span_settle(task);
    for (; task->top > task->base; open++) thagi_span_abandon(task, now);
    uint64_t ticks = now - record->begin_ticks - task->shift;
    thagi_span_count(task, thagi_frame_cell(task->base), ticks, now);
    trace_task_end end = {.id = record->id,
                          .spawner = record->spawner,
                          .begin_ticks = record->begin_ticks,
                          .shift_ticks = task->shift,
                          .ready_ticks = record->ready_ticks,
                          .blocks = record->turn.blocks,
                          .bytes = record->turn.bytes,
                          .end_ticks = now,
                          .node = record->node,
                          .resumes = record->resumes,
                          .migrations = record->migrations,
                          .open = open};
    record->id = 0;
    thagi_timeline_task(task->thread, &end, now);
}

/* A task that does not run is ended where it was suspended: what is left of its waiting is counted, and
   the timeline has its last spans as its own. */
static void finish_suspended(thagi_task *from, thag_task *t)
{
    uint64_t now = thagi_ticks();
    t->task.state = from->state;
    thagi_timeline_switch(from->thread, thagi_task_record(t)->id, now);
    thagi_task_resumed(t, now, now); /* it does not run beside `from`, not for a moment */
    task_finish(t, now);
    thagi_timeline_switch(from->thread, id_of(from), now);
}

static void bury(thag_task *t, const char *place)
{
    t->place = place;
    t->generation = t->generation == UINT16_MAX ? 1 : (uint16_t)(t->generation + 1);
}

/* Own the task of a handle; the current one is owned already. 0, and said, if that cannot be. */
static int take_to_end(thagi_task *from, const thag_task *handle, const char *place)
{
    const thag_task *t = thagi_handle_task(handle);
    if (from == &t->task || thagi_task_take(handle, from->thread)) return 1;
    const thagi_thread *owner = __atomic_load_n(&t->owner, __ATOMIC_RELAXED);
    if (owner && owner != THAGI_TASK_LEAVING)
        thagi_note(TRACE_TASK_BUSY,
                   "task %llu, ended at %s, was running on thread %u, entered at %s",
                   (unsigned long long)thagi_task_record(t)->id, place ? place : "?", owner->tid,
                   t->place ? t->place : "?");
    return 0;
}

void thag_task_end_at(thag_task *task, const char *place)
{
    int saved_errno = errno;
    thag_task *t = thagi_task_of(task, "ended", place);
    thagi_task *from = t ? thagi_task_hold(STACK_POINTER()) : NULL;
    if (!from) return;
    thagi_thread *thread = from->thread;
    if (!take_to_end(from, task, place)) {
        thagi_task_release(from);
    } else if (from == &t->task) {
        uint64_t now = thagi_ticks();
        task_finish(t, now);
        bury(t, place); /* before it has no owner any more */
        thagi_task_change(thread, from, &thread->base_task, now);
        thagi_task_free(thread, t);
    } else {
        finish_suspended(from, t);
        bury(t, place);
        thagi_task_give(t);
        thagi_task_free(thread, t);
        thagi_task_release(from);
    }
    errno = saved_errno;
}

/* Where the current task's path hangs from. */
static thagi_cell *parent_cell(thagi_task *task)
{
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    uint32_t parent = ((const trace_node *)session->nodes.items)[task->base->node].parent;
    thagi_unlock(session, &saved);
    thagi_cell *cell = thagi_cell_for_node(task->thread, parent == TRACE_NONE ? 0 : parent);
    return cell ? cell : task->thread->root;
}

void thag_task_reuse_at(thag_task *task, const thag_site *site, const char *name, const char *place)
{
    int saved_errno = errno;
    thag_task *t = thagi_task_of(task, "used again", place);
    thagi_task *from = t ? thagi_task_hold(STACK_POINTER()) : NULL;
    if (!from) return;
    if (take_to_end(from, task, place)) {
        int is_current = from == &t->task;
        thagi_cell *parent = is_current ? parent_cell(from) : thagi_frame_cell(from->top);
        thagi_cell *cell = task_cell(from->thread, parent, site, name);
        if (!cell) cell = thagi_frame_cell(t->task.base); /* its old path */
        uint64_t now = thagi_ticks();
        if (is_current)
            task_finish(t, now);
        else
            finish_suspended(from, t);
        task_start(t, from->thread, cell, is_current ? 0 : id_of(from), now);
        t->place = place;
        if (is_current) {
            t->task.state = STACK_POINTER();
            thagi_task_record(t)->slot = from->thread->slot;
            thagi_task_record(t)->resumes = 1;
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
            thagi_task_resumed(t, now, 0);
            thagi_timeline_switch(from->thread, thagi_task_record(t)->id, now);
        } else {
            thagi_task_give(t);
        }
    }
    thagi_task_release(from);
    errno = saved_errno;
}
