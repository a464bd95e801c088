/*
 * task_switch.c - enter, leave, switch: which task a thread runs.
 *
 * A switch reads the clock once: the moment at which one task is suspended is that at which the other
 * goes on. It takes no lock. What it writes belongs to the thread, or to a task that the thread owns.
 */
#include <errno.h>

#include "runtime/span_work.h"
#include "runtime/task.h"

#define STACK_POINTER() ((uintptr_t)__builtin_frame_address(0))

/* --- who owns a task --------------------------------------------------------------------------- */

/* Point the frames at this thread's cells. What it did elsewhere is counted there. */
static int frames_migrate(thag_task *t, thagi_thread *thread)
{
    trace_frame *frame = t->task.base;
    thagi_cell *cell = thagi_cell_for_node(thread, frame->node);
    if (!cell) return 0;
    frame->scratch[THAGI_FRAME_CELL] = (uintptr_t)cell;
    while (++frame <= t->task.top) {
        const thag_site *site = thagi_frame_cell(frame)->site;
        cell = site ? thagi_cell_child(thread, cell, site) : NULL;
        if (!cell || cell->node != frame->node) cell = thagi_cell_for_node(thread, frame->node);
        if (!cell) return 0;
        frame->scratch[THAGI_FRAME_CELL] = (uintptr_t)cell;
    }
    t->task.thread = thread;
    return 1;
}

int thagi_task_take(const thag_task *handle, thagi_thread *thread)
{
    thag_task *t = thagi_handle_task(handle);
    thagi_thread *nobody = NULL;
    if (!__atomic_compare_exchange_n(&t->owner, &nobody, thread, 0, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return 0;
    return thagi_task_adopt(handle, thread);
}

int thagi_task_adopt(const thag_task *handle, thagi_thread *thread)
{
    thag_task *t = thagi_handle_task(handle);
    if (THAGI_UNLIKELY(thagi_handle_generation(handle) != t->generation)) {
        thagi_task_give(t); /* ended between the look and the grip */
        return 0;
    }
    if (THAGI_LIKELY(t->task.thread == thread)) return 1;
    if (frames_migrate(t, thread)) return 1;
    /* Whatever of it was changed is changed again by who takes it next: not this thread's, not that. */
    t->task.thread = NULL;
    thagi_count(TRACE_LOST_TASK, 1);
    thagi_task_give(t);
    return 0;
}

void thagi_task_give(thag_task *t)
{
    __atomic_store_n(&t->owner, NULL, __ATOMIC_RELEASE); /* pairs with thagi_task_take() */
}

/* --- waiting ----------------------------------------------------------------------------------- */

static trace_wait *wait_row_new(thagi_thread *thread, uint32_t node)
{
    struct thagi_waits *waits = &thread->waits;
    if (node >= waits->room) {
        uint32_t room = waits->room ? waits->room : 512;
        while (room <= node) room *= 2;
        trace_wait **rows = thagi_plat_map(room * sizeof *rows);
        if (!rows) return NULL;
        struct thagi_waits old = *waits;
        for (uint32_t i = 0; i < old.room; i++) rows[i] = old.rows[i];
        waits->rows = rows; /* in this order: a handler may jump out in between */
        ORDERED();
        waits->room = room;
        ORDERED();
        thagi_plat_unmap(old.rows, old.room * sizeof *rows);
    }
    trace_wait *row = thagi_thread_alloc(thread, sizeof *row);
    if (!row) return NULL;
    row->node = node;
    ORDERED();
    row->kind = TRACE_WAIT;
    return waits->rows[node] = row;
}

trace_wait *thagi_wait_first(thagi_thread *thread, uint32_t node)
{
    int saved_errno = errno;
    trace_wait *row = wait_row_new(thread, node);
    errno = saved_errno;
    if (!row) thagi_count(TRACE_LOST_MEMORY, 1);
    return row;
}

FORCED uint64_t waited(const thagi_task *task, uint64_t now)
{
    uint64_t ticks = now - task->turn->since_ticks;
    return (int64_t)ticks < 0 ? 0 : ticks; /* the clocks of two processors */
}

/* Time that went by since a task was suspended is none of its spans'. `since`: 0, or it stays suspended. */
FORCED void clock_on(thagi_task *task, uint64_t ticks, uint64_t since)
{
    task->shift += ticks;
    *(thagi_pair *)(void *)&task->turn->shift_ticks = (thagi_pair){task->shift, since};
}

/* The thread itself goes on. Killed in between, it has task_shift ahead of its shift. */
FORCED void thread_resumed(thagi_task *base, uint64_t now)
{
    trace_turn *turn = base->turn;
    uint64_t ticks = waited(base, now);
    *(thagi_pair *)(void *)&turn->task_ticks =
        (thagi_pair){turn->task_ticks + ticks, base->shift + ticks};
    ORDERED();
    clock_on(base, ticks, 0);
}

/* How long of `ticks` the task could have run, as somebody has said. */
static OUT_OF_WAY uint64_t ready_for(thag_task *t, uint64_t since, uint64_t now, uint64_t ticks)
{
    uint64_t ready = now - since;
    __atomic_store_n(&t->ready_since, 0, __ATOMIC_RELAXED);
    if (ready > ticks) ready = (int64_t)ready < 0 ? 0 : ticks;
    thagi_task_record(t)->ready_ticks += ready;
    return ready;
}

FORCED void resumed(thag_task *t, uint64_t now, uint64_t suspended)
{
    uint64_t ticks = waited(&t->task, now), ready = 0;
    clock_on(&t->task, ticks, suspended);
    uint64_t since = __atomic_load_n(&t->ready_since, __ATOMIC_RELAXED);
    if (THAGI_UNLIKELY(since)) ready = ready_for(t, since, now, ticks);
    thagi_wait_count(t->task.thread, t->task.top->node, ticks, ready);
}

void thagi_task_resumed(thag_task *t, uint64_t now, uint64_t suspended)
{
    resumed(t, now, suspended);
}

/* --- switching --------------------------------------------------------------------------------- */

/* Frames of a task that may go on elsewhere on the stack, or on another stack, are not compared with it:
   see thagi_is_above(). The bit is above all addresses. */
FORCED void frames_detach(thagi_task *task)
{
    const uint64_t mark = UINT64_C(1) << 63;
    for (trace_frame *f = task->top; f > task->base && !(f->scratch[THAGI_FRAME_WHERE] & mark); f--)
        f->scratch[THAGI_FRAME_WHERE] |= mark;
}

FORCED uint64_t timeline_id(thagi_task *task)
{
    return thagi_task_is_users(task) ? thagi_task_record((thag_task *)task)->id : 0;
}

/* The task is owned, and held; its clock goes on. */
FORCED void arrive(thagi_thread *thread, thagi_task *to, uint64_t now)
{
    if (thagi_task_is_users(to)) {
        trace_task *record = thagi_task_record((thag_task *)to);
        if (THAGI_UNLIKELY(record->slot != thread->slot)) {
            record->migrations += record->slot != TRACE_NONE;
            record->slot = thread->slot; /* first: what runs in a slot says so */
        }
        record->resumes++;
        ORDERED();
        resumed((thag_task *)to, now, 0);
    } else {
        thread_resumed(to, now);
    }
}

FORCED void run(thagi_thread *thread, thagi_task *to, uint64_t now)
{
    ORDERED();
    thread->running = to;
    thagi_current = to;
    ORDERED();
    uint64_t id = timeline_id(to);
    if (THAGI_UNLIKELY(!thagi_timeline_short_switch(thread, id, now)))
        thagi_timeline_switch(thread, id, now);
}

FORCED void change(thagi_thread *thread, thagi_task *from, thagi_task *to, uint64_t now)
{
    to->state = from->state;
    ORDERED();
    /* First: killed in between, neither runs, and no time is in the spans of both. What follows may wait
       long for a page of the trace. */
    from->turn->since_ticks = now;
    ORDERED();
    arrive(thread, to, now);
    run(thread, to, now);
    thagi_task_release(from);
    if (thagi_task_is_users(from)) {
        if (from->idle != THAGI_TASK_WATCHED) frames_detach(from);
        thagi_task_give((thag_task *)from);
    }
    thagi_task_release(to);
}

void thagi_task_change(thagi_thread *thread, thagi_task *from, thagi_task *to, uint64_t now)
{
    change(thread, from, to, now);
}

void thagi_task_arrive(thagi_thread *thread, thagi_task *to, uintptr_t sp, uint64_t now)
{
    to->state = sp;
    ORDERED();
    arrive(thread, to, now);
    run(thread, to, now);
    thagi_task_release(to);
}

thagi_task *thagi_task_hold(uintptr_t sp)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!thagi_task_is_ready(task)) || THAGI_UNLIKELY(thagi_stack_is_watched)) {
        task = thagi_task_usable(task, sp);
        if (!task) return NULL;
        if (task != thagi_current) { /* in a handler that interrupted the runtime */
            thagi_count(TRACE_LOST_TASK, 1);
            return NULL;
        }
    }
    task->state = sp;
    ORDERED();
    return task;
}

static OUT_OF_WAY void refused(const thag_task *t, const char *place)
{
    const thagi_thread *owner = __atomic_load_n(&t->owner, __ATOMIC_RELAXED);
    if (!owner || owner == THAGI_TASK_LEAVING) return; /* no memory: counted */
    thagi_note(TRACE_TASK_TWICE,
               "task %llu, entered at %s, was running already on thread %u, entered at %s",
               (unsigned long long)thagi_task_record(t)->id, place ? place : "?", owner->tid,
               t->place ? t->place : "?");
}

/* Go to a task, NULL for the thread itself, from what runs now. */
static void switch_to(thagi_task *from, const thag_task *handle, const char *place)
{
    thagi_thread *thread = from->thread;
    thag_task *t = thagi_handle_task(handle);
    thagi_task *to = t ? &t->task : &thread->base_task;
    if (to == from) {
        thagi_task_release(from);
    } else if (t && !thagi_task_take(handle, thread)) {
        thagi_task_release(from);
        refused(t, place);
    } else {
        if (t) t->place = place;
        thagi_task_change(thread, from, to, thagi_ticks());
    }
}

FORCED int is_takeable(const thag_task *handle, const thagi_thread *thread)
{
    const thag_task *t = thagi_handle_task(handle);
    return t->generation == thagi_handle_generation(handle) && t->task.thread == thread;
}

/* Where stacks are watched: whoever stands on the stack of the task that runs has it, if nobody has taken it
   from this thread; and where the thread itself is said to run, it may be left for the task whose stack this is. */
static int is_from_here(const thagi_task *from, const thagi_task *to, uintptr_t sp)
{
    if (from->state != THAGI_TASK_WATCHED) return 0;
    if (THAGI_STACK_IS_ON(from, sp)) return thagi_task_is_owned(from, from->thread);
    return !from->is_users && to->idle == THAGI_TASK_WATCHED && THAGI_STACK_IS_ON(to, sp);
}

/*
 * The same where all is as usual: the task that runs is at rest on its thread, and the other one, NULL for
 * the thread itself, is nobody's, and counted here before. 0: it is not, and nothing has changed.
 */
FORCED int switch_usual(thagi_task *from, const thag_task *handle, const char *place)
{
    uintptr_t sp = STACK_POINTER();
    thag_task *t = thagi_handle_task(handle);
    thagi_thread *thread = from->thread, *nobody = NULL;
    if (THAGI_UNLIKELY(!thagi_task_is_at_rest(from))) return 0;
    thagi_task *to = t ? &t->task : &thread->base_task;
    if (THAGI_UNLIKELY(to == from) || (t && THAGI_UNLIKELY(!is_takeable(handle, thread)))) return 0;
    if (THAGI_UNLIKELY(!thagi_task_is_ready(from)) || THAGI_UNLIKELY(thagi_stack_is_watched)) {
        if (!is_from_here(from, to, sp)) return 0;
    }
    from->state = sp;
    ORDERED();
    if (t) {
        if (THAGI_UNLIKELY(!__atomic_compare_exchange_n(&t->owner, &nobody, thread, 0,
                                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))) {
            thagi_task_release(from);
            return 0;
        }
        if (THAGI_UNLIKELY(!is_takeable(handle, thread))) { /* not any more */
            thagi_task_give(t);
            thagi_task_release(from);
            return 0;
        }
        t->place = place;
    }
    change(thread, from, to, thagi_ticks());
    return 1;
}

/* Not held. */
static inline thagi_task *running_here(void)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(thagi_stack_is_watched)) task = thagi_stack_checked(task, STACK_POINTER());
    return task;
}

static OUT_OF_WAY thag_task *enter_slow(thag_task *task, const char *place)
{
    thagi_task *from = running_here();
    thag_task *t = thagi_task_of(task, "entered", place);
    if (!t || &t->task == from) return thagi_handle_of(from);
    from = thagi_task_hold(STACK_POINTER());
    if (!from) return thagi_handle_of(thagi_current);
    thag_task *previous = thagi_handle_of(from);
    switch_to(from, task, place);
    return previous;
}

thag_task *thag_task_enter_at(thag_task *task, const char *place)
{
    thagi_task *from = thagi_current;
    thag_task *previous = thagi_handle_of(from);
    if (THAGI_LIKELY(task != NULL) && THAGI_LIKELY(switch_usual(from, task, place)))
        return previous;
    return enter_slow(task, place);
}

static OUT_OF_WAY void switch_slow(thag_task *to, const char *place)
{
    thagi_task *from = running_here();
    if (!to && !thagi_task_is_users(from)) return;
    if (to && !thagi_task_of(to, "entered", place)) return;
    from = thagi_task_hold(STACK_POINTER());
    if (from) switch_to(from, to, place);
}

void thag_task_switch_at(thag_task *to, const char *place)
{
    if (THAGI_UNLIKELY(!switch_usual(thagi_current, to, place))) switch_slow(to, place);
}

void thag_task_leave_at(thag_task *previous, const char *place)
{
    thag_task_switch_at(previous, place);
}

/* Here frames are looked at by their place in the stack, whatever frames_detach() has made of it. */
void thag_stack_cut(uintptr_t sp)
{
    thagi_task *task = running_here();
    if (!thagi_task_is_at_rest(task) || task->top == task->base) return;
    uint64_t mark = UINT64_C(1) << 63;
    for (trace_frame *f = task->top; f > task->base; f--) f->scratch[THAGI_FRAME_WHERE] &= ~mark;
    task = thagi_task_hold(STACK_POINTER());
    if (!task) return;
    thagi_span_drop_dead(task, (uint64_t)sp << 16, NULL);
    thagi_task_release(task);
}

thag_task *thag_task_current(void)
{
    return thagi_handle_of(running_here());
}

void thagi_task_strand(thagi_thread *thread)
{
    thag_task *t = (thag_task *)thread->running;
    uint64_t now = thagi_ticks();
    thagi_thread *owner = thread;
    int is_ours = __atomic_compare_exchange_n(&t->owner, &owner, THAGI_TASK_LEAVING, 0,
                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    if (is_ours) {
        if (!thagi_task_is_at_rest(&t->task)) thagi_task_recover(&t->task);
        frames_detach(&t->task);
        t->task.turn->since_ticks = now;
    }
    if (!is_ours) now = __atomic_load_n(&thread->taken_ticks, __ATOMIC_RELAXED);
    thread_resumed(&thread->base_task, now);
    thread->running = &thread->base_task;
    thagi_timeline_switch(thread, 0, now);
    if (is_ours) thagi_task_give(t);
}
