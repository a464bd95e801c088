/*
 * calibrate.c - what a span costs on this machine, measured once at the start with the real thing.
 *
 * `inside` is what an empty span shows as its own duration, `outside` what it costs its parent beyond
 * that. Both are the best of a few batches of empty spans in a loop: processors overlap the probe
 * with real work, so in real code it costs less. About 50 microseconds.
 */
#include "runtime/runtime.h"

#define BATCHES     64
#define BATCH_SPANS 32

static const thag_site calibration_site = {.name = "calibration", .func = "", .file = ""};

int thagi_calls_are_kept;

static void spans(int count)
{
    if (thagi_calls_are_kept && thagi_kept_probe)
        for (int i = 0; i < count; i++) thagi_kept_probe(&calibration_site);
    else
        for (int i = 0; i < count; i++) thag_span_end(thag_span_begin(&calibration_site));
}

void thagi_calibrate(thagi_session *session, thagi_thread *thread)
{
    trace_file *file = session->trace.file;
    thagi_cell *cell = thagi_cell_new_for_node(thread, TRACE_NONE); /* readers skip it */
    if (!cell) return;
    /* Make it the expected next child of the root, so that nothing is interned. */
    cell->site = &calibration_site;
    cell->node = 0; /* as small as a real one: a large one takes the long record in the timeline */
    thread->root->last = cell;
    uint32_t period = thread->sample_period;
    uintptr_t idle = thread->base_task.idle;
    thread->sample_period = 0;
    if (idle != THAGI_TASK_WATCHED) thread->base_task.idle = thagi_thread_idle(thread);

    uint64_t best_pair = UINT64_MAX, best_inside = UINT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t inside = cell->ticks, start = thagi_ticks();
        spans(BATCH_SPANS);
        uint64_t pair = thagi_ticks() - start;
        inside = cell->ticks - inside;
        if (pair < best_pair) best_pair = pair;
        if (inside < best_inside) best_inside = inside;
    }
    file->probe_inside_q8 = (uint32_t)(best_inside * 256 / BATCH_SPANS);
    file->probe_outside_q8 =
        (uint32_t)((best_pair > best_inside ? best_pair - best_inside : 0) * 256 / BATCH_SPANS);

    thread->sample_period = period;
    thread->base_task.state = thread->base_task.idle = idle;
    thread->root->last = &thagi_no_cell;
    thread->shared->last_calls = thread->shared->last_cell = 0;
    cell->site = NULL;
    cell->node = TRACE_NONE;
    thagi_hist_renounce(cell);
    cell->next = cell;
    thread->shared->timeline_lost = 0; /* without a timeline; nothing else was recorded yet */
    thagi_timeline_clear(thread);
    thagi_timeline_owner(thread);
}
