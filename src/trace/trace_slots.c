/*
 * trace_slots.c - the slots of a trace: threads, their counters, their open frames.
 *
 * A slot is worked off as a whole: its THREAD chunk, its ARENA chunks, then what its process may have
 * left half done, which needs all its counters. The rules are in docs/trace-format.md, "Recovery".
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* ---- the thread and its frames ---- */

static const chunk_ref *frames_run(slot_work *w)
{
    const chunk_list *list = &w->t->chunks[TRACE_FRAMES];
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (list->items[mid].chunk < w->thread.frames_chunk)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == list->count || list->items[low].chunk != w->thread.frames_chunk) return NULL;
    return list->items[low].slot == w->slot ? &list->items[low] : NULL;
}

/* Frames in chunks of their own: one array right across the chunks of the run. */
static thag_err load_frames_run(slot_work *w, uint64_t thread_offset)
{
    const chunk_ref *ref = frames_run(w);
    uint64_t offset, left;
    int more = 1;

    if (!ref) {
        trace_note(w->t, thread_offset + sizeof(trace_chunk) + offsetof(trace_thread, frames_chunk),
                   "no frames of this slot in chunk %u", w->thread.frames_chunk);
        return THAG_OK;
    }
    offset = CHUNK_OFFSET(ref->chunk) + sizeof(trace_chunk);
    left = ref->base * TRACE_CHUNK_BYTES - sizeof(trace_chunk);
    if (left / sizeof(trace_frame) > w->thread.frame_count) {
        left = (uint64_t)w->thread.frame_count * sizeof(trace_frame);
    }
    while (left && more == 1) {
        size_t want = left < TRACE_CHUNK_BYTES ? (size_t)left : TRACE_CHUNK_BYTES;
        int64_t n = w->t->source.read(w->t->source.context, offset, w->buffer, want);

        if (n < (int64_t)want) {
            trace_note(w->t, offset, "frames could not be read to their end");
            left = want = n > 0 ? (size_t)n : 0;
        }
        more = slot_keep_frames(w, w->buffer, want);
        offset += want;
        left -= want;
    }
    return more ? THAG_OK : THAG_ERR_MEMORY;
}

/* The frames in the chunk itself. When they have moved out, their number is that of the new place,
   perhaps a moment before frames_chunk says so. */
static thag_err keep_own_frames(slot_work *w, const chunk_ref *ref)
{
    uint32_t count = w->thread.frame_count;

    if (count > TRACE_THREAD_FRAMES) count = TRACE_THREAD_FRAMES;
    if (TRACE_THREAD_FRAMES_POS + count * sizeof(trace_frame) > ref->used) return THAG_OK;
    return slot_keep_frames(w, w->buffer + TRACE_THREAD_FRAMES_POS, count * sizeof(trace_frame))
               ? THAG_OK
               : THAG_ERR_MEMORY;
}

/* What threads lose by the million they count for themselves. */
static void count_losses(slot_work *w)
{
    uint64_t *losses = w->t->head.losses;
    uint32_t cause = w->thread.timeline_cause;

    losses[TRACE_TIMELINE_SAMPLED] =
        add_capped(losses[TRACE_TIMELINE_SAMPLED], w->thread.untimed_calls);
    if (cause < TRACE_LOSS_ROOM) losses[cause] = add_capped(losses[cause], w->thread.timeline_lost);
}

static thag_err load_thread(slot_work *w, const chunk_ref *ref)
{
    thag_err err = THAG_OK;

    trace_load_chunk(w->t, ref, w->buffer);
    if (ref->used < sizeof(trace_chunk) + sizeof(trace_thread)) {
        trace_note(w->t, CHUNK_OFFSET(ref->chunk), "thread of %u bytes", ref->used);
        return THAG_OK;
    }
    memcpy(&w->thread, w->buffer + sizeof(trace_chunk), sizeof w->thread);
    w->thread_ref = ref;
    w->frames_offset = CHUNK_OFFSET(ref->chunk);
    count_losses(w);
    if (w->thread.frames_chunk == TRACE_NONE) err = keep_own_frames(w, ref);
    if (!err) err = slot_read_blocks(w, ref, TRACE_THREAD_BLOCKS_POS);
    if (!err && w->thread.frames_chunk != TRACE_NONE) {
        err = load_frames_run(w, CHUNK_OFFSET(ref->chunk));
    }
    return err;
}

/* ---- slots ---- */

static void see_moments(slot_work *w)
{
    const trace_thread *th = &w->thread;

    if (w->last_node != TRACE_NONE) {
        slot_see_moment(w, th->last_end, "end of the last span");
    }
    slot_see_moment(w, th->start_ticks, "start of the thread");
    slot_see_moment(w, th->end_ticks, "end of the thread");
}

/* Lifetimes that do not fit into the session were damaged. */
static void check_lifetime(slot_work *w)
{
    trace *t = w->t;
    trace_thread *th = &w->thread;
    uint64_t offset = CHUNK_OFFSET(w->thread_ref->chunk) + sizeof(trace_chunk);

    /* Made, but not yet taken by a thread. */
    if (!th->thread_count && !th->start_ticks) th->start_ticks = th->end_ticks = t->end_ticks;
    if (!slot_is_plausible(t, th->start_ticks)) {
        trace_note(t, offset + offsetof(trace_thread, start_ticks), "slot %u: start out of range",
                   w->slot);
        th->start_ticks = t->head.start_ticks;
    }
    if (trace_ns(t, th->past_ticks) / 1000000000u >= LONGEST_SECONDS) {
        trace_note(t, offset + offsetof(trace_thread, past_ticks),
                   "slot %u: lifetimes out of range", w->slot);
        th->past_ticks = 0;
    }
}

static thag_err keep_thread(slot_work *w)
{
    trace *t = w->t;
    const trace_thread *th = &w->thread;
    trace_thread_info *info;
    slot_tail *tail;

    if (!trace_grow((void **)&t->threads, &t->thread_cap, t->thread_count, sizeof *t->threads) ||
        !trace_grow((void **)&t->tails, &t->tail_cap, t->thread_count, sizeof *t->tails)) {
        return THAG_ERR_MEMORY;
    }
    tail = &t->tails[t->thread_count];
    info = &t->threads[t->thread_count++];
    *tail =
        (slot_tail){.chunk = w->thread_ref ? th->tail_chunk : TRACE_NONE, .last_node = TRACE_NONE};
    *info = (trace_thread_info){.slot = w->slot,
                                .tid = th->tid,
                                .thread_count = th->thread_count,
                                .level = th->level,
                                .start_ticks = th->start_ticks,
                                .end_ticks = th->end_ticks,
                                .past_ticks = th->past_ticks,
                                .task_ticks = th->turn.task_ticks,
                                .task_since = th->turn.since_ticks,
                                .first_path = (uint32_t)w->first_path,
                                .path_count = (uint32_t)(t->path_count - w->first_path),
                                .alive = th->end_ticks == 0};
    if (!w->thread_ref) return THAG_OK;
    memcpy(info->name, th->name, sizeof th->name);
    if (w->last_node != TRACE_NONE) {
        tail->last_node = w->last_node;
        tail->last_ticks = th->last_ticks;
        tail->last_end = th->last_end;
        tail->last_calls = th->last_calls;
    }
    return THAG_OK;
}

static thag_err finish_slot(slot_work *w)
{
    thag_err err = slot_finish_cells(w);

    if (err) return err;
    if (w->thread_ref) {
        check_lifetime(w);
        slot_complete_switch(w);
        w->turn = w->thread.turn;
        slot_start_frames(w);
        if (w->last_node != TRACE_NONE) {
            w->thread.turn.task_ticks +=
                slot_drop_ended(w, w->last_node, w->thread.last_ticks, w->thread.last_end);
        }
        see_moments(w);
        err = slot_keep_open(w);
    }
    return err ? err : keep_thread(w);
}

static void begin_slot(slot_work *w, uint32_t slot)
{
    w->slot = slot;
    w->cell_count = 0;
    w->frame_count = 0;
    w->first_path = w->t->path_count;
    w->first_bucket = w->t->bucket_count;
    w->thread_ref = NULL;
    w->last_node = TRACE_NONE;
    memset(&w->thread, 0, sizeof w->thread);
}

/* Both lists are sorted by slot: one walk along both. */
static thag_err load_slots(slot_work *w)
{
    const chunk_list *threads = &w->t->chunks[TRACE_THREAD];
    const chunk_list *arenas = &w->t->chunks[TRACE_ARENA];
    size_t i = 0, k = 0;
    thag_err err = THAG_OK;

    while (!err && (i < threads->count || k < arenas->count)) {
        uint32_t slot = i < threads->count ? threads->items[i].slot : arenas->items[k].slot;

        if (k < arenas->count && arenas->items[k].slot < slot) slot = arenas->items[k].slot;
        begin_slot(w, slot);
        for (; !err && i < threads->count && threads->items[i].slot == slot; i++) {
            if (w->thread_ref) {
                trace_note(w->t, CHUNK_OFFSET(threads->items[i].chunk), "slot %u twice", slot);
            } else {
                err = load_thread(w, &threads->items[i]);
            }
        }
        if (!w->thread_ref && k < arenas->count) {
            trace_note(w->t, CHUNK_OFFSET(arenas->items[k].chunk), "slot %u without a thread",
                       slot);
        }
        for (; !err && k < arenas->count && arenas->items[k].slot == slot; k++) {
            trace_load_chunk(w->t, &arenas->items[k], w->buffer);
            err = slot_read_blocks(w, &arenas->items[k], TRACE_ARENA_BLOCKS_POS);
        }
        if (!err) err = finish_slot(w);
    }
    return err;
}

static void set_open_ends(trace *t, size_t first, size_t count, uint64_t end_ticks)
{
    for (size_t p = first; p < first + count; p++) {
        trace_path *path = &t->paths[p];

        path->open_ticks += (uint64_t)(path->open_timed - path->open_suspended) * end_ticks;
        /* Paused for longer than open, or opened after the end: a damaged number. */
        if (path->open_ticks > UINT64_MAX / 2) path->open_ticks = 0;
    }
}

/* Now that the end of the session is known, so is the time of what was still open. */
static void set_ends(trace *t)
{
    for (size_t i = 0; i < t->thread_count; i++) {
        trace_thread_info *info = &t->threads[i];

        if (info->end_ticks == 0 || info->end_ticks > t->end_ticks) info->end_ticks = t->end_ticks;
        if (info->start_ticks > info->end_ticks) info->start_ticks = info->end_ticks;
        if (info->task_since && info->task_since < info->end_ticks) {
            info->task_ticks += info->end_ticks - info->task_since;
        }
        if (info->task_ticks > UINT64_MAX / 2) info->task_ticks = 0; /* less than its pauses */
        set_open_ends(t, info->first_path, info->path_count, info->end_ticks);
    }
    set_open_ends(t, t->task_first_path, t->path_count - t->task_first_path, t->end_ticks);
}

static void begin_end(trace *t)
{
    const trace_file *h = &t->head;
    uint64_t last = h->clock_last[h->clock_last_idx].ticks;

    t->end_ticks = h->start_ticks;
    if (trace_ended(t)) {
        t->end_ticks = h->end_ticks;
    } else if (last > h->start_ticks && slot_is_plausible(t, last)) {
        t->end_ticks = last;
    }
}

thag_err trace_load_threads(trace *t, fault *f)
{
    slot_work w = {.t = t};
    thag_err err = THAG_ERR_MEMORY;

    begin_end(t);
    w.buffer = malloc(TRACE_CHUNK_BYTES);
    w.path_of = calloc(t->node_count, sizeof *w.path_of);
    if (w.buffer && w.path_of) err = trace_load_heap(t);
    if (!err) err = slot_find_runs(&w);
    if (!err) err = load_slots(&w);
    if (!err) trace_settle_peak(t);
    if (!err) trace_settle_pairs(t);
    if (!err) err = slot_load_tasks(&w);
    if (!err) err = trace_check_timeline(t);
    if (!err) set_ends(t);
    if (err) fault_set(f, err, UINT64_MAX, "threads and counters");
    free(w.buffer);
    free(w.path_of);
    free(w.cells);
    free(w.expected);
    free(w.held);
    free(w.frames);
    free(w.runs);
    return err;
}
