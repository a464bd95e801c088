/*
 * trace_switch.c - threads that died between two tasks: docs/trace-format.md, "Recovery", has the rule.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* ---- what ran where ---- */

static int by_slot(const void *left, const void *right)
{
    const slot_run *a = left, *b = right;

    return (a->slot > b->slot) - (a->slot < b->slot);
}

static thag_err add_run(slot_work *w, const trace_task *task)
{
    slot_run run = {.slot = task->slot, .since = task->turn.since_ticks};

    if (!task->id || task->slot == TRACE_NONE) return THAG_OK;
    if (!run.since) {
        run.node = task->node;
        run.start = task->begin_ticks + task->turn.shift_ticks;
    } else if (!slot_is_plausible(w->t, run.since)) {
        return THAG_OK;
    }
    if (!trace_grow((void **)&w->runs, &w->run_cap, w->run_count, sizeof run)) {
        return THAG_ERR_MEMORY;
    }
    w->runs[w->run_count++] = run;
    return THAG_OK;
}

/* One of each slot. */
static void merge_runs(slot_work *w)
{
    size_t count = 0;

    if (w->run_count) qsort(w->runs, w->run_count, sizeof *w->runs, by_slot);
    for (size_t i = 0; i < w->run_count; i++) {
        slot_run *into = count ? &w->runs[count - 1] : NULL, run = w->runs[i];

        if (!into || into->slot != run.slot) {
            w->runs[count++] = run;
            continue;
        }
        if (run.node) into->node = run.node, into->start = run.start;
        if (run.since > into->since) into->since = run.since;
    }
    w->run_count = count;
}

thag_err slot_find_runs(slot_work *w)
{
    const chunk_list *tasks = &w->t->chunks[TRACE_TASKS];
    thag_err err = THAG_OK;

    for (size_t i = 0; !err && i < tasks->count; i++) {
        const chunk_ref *ref = &tasks->items[i];

        trace_load_chunk(w->t, ref, w->buffer);
        for (uint32_t pos = TRACE_TASKS_POS; !err && pos + sizeof(trace_task) <= ref->used;
             pos += sizeof(trace_task)) {
            trace_task task;

            memcpy(&task, w->buffer + pos, sizeof task);
            err = add_run(w, &task);
        }
    }
    if (!err) merge_runs(w);
    return err;
}

/* ---- the thread between two ---- */

/* The latest moment at which a task was still at work in the slot; 0: one still is. */
static uint64_t last_at_work(const slot_work *w)
{
    static const slot_run none = {0};
    const trace_thread *th = &w->thread;
    slot_run key = {.slot = w->slot};
    const slot_run *run =
        w->run_count ? bsearch(&key, w->runs, w->run_count, sizeof key, by_slot) : NULL;
    uint64_t last_end = w->last_node == TRACE_NONE ? 0 : th->last_end, at = th->turn.since_ticks;

    if (!run) run = &none;
    if (run->node && (run->node != w->last_node || run->start != last_end - th->last_ticks)) {
        return 0;
    }
    if (slot_is_plausible(w->t, last_end) && last_end > at) at = last_end;
    return run->since > at ? run->since : at;
}

static void go_on(trace_turn *turn, uint64_t at)
{
    uint64_t ticks = at - turn->since_ticks;

    turn->shift_ticks = add_capped(turn->shift_ticks, ticks);
    turn->task_ticks = add_capped(turn->task_ticks, ticks);
    turn->since_ticks = 0;
}

void slot_complete_switch(slot_work *w)
{
    trace_turn *turn = &w->thread.turn;
    uint64_t at;

    /* Of a span that went on from elsewhere, or of a task: counted, and not off the thread's spans yet. */
    if (!turn->since_ticks && turn->task_shift > turn->shift_ticks) {
        turn->shift_ticks = turn->task_shift;
    }
    if (!turn->since_ticks) return;
    if (!slot_is_plausible(w->t, turn->since_ticks)) {
        trace_note(w->t, w->frames_offset, "slot %u: end of a thread's turn out of range", w->slot);
        turn->since_ticks = 0;
        return;
    }
    slot_see_moment(w, turn->since_ticks, "end of a thread's turn");
    if (turn->task_shift > turn->shift_ticks) {
        turn->shift_ticks = turn->task_shift;
        turn->since_ticks = 0;
    } else {
        at = last_at_work(w);
        if (at) go_on(turn, at);
    }
}
