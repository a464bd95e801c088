/*
 * trace_frames.c - open spans: the frames of a thread, or of a task, as they were when the trace ended.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* Frames up to the first that is not open. 0 when out of memory, 1 to go on, 2 at the end. */
int slot_keep_frames(slot_work *w, const uint8_t *bytes, size_t len)
{
    for (size_t pos = 0; pos + sizeof(trace_frame) <= len; pos += sizeof(trace_frame)) {
        trace_frame frame;

        memcpy(&frame, bytes + pos, sizeof frame);
        /* The base has no start. */
        if (w->frame_count && frame.start_ticks == 0) return 2;
        if (!trace_grow((void **)&w->frames, &w->frame_cap, w->frame_count, sizeof frame)) return 0;
        w->frames[w->frame_count++] = frame;
    }
    return 1;
}

/* ---- moments ---- */

int slot_is_plausible(const trace *t, uint64_t ticks)
{
    return ticks >= t->head.start_ticks &&
           trace_ns(t, ticks - t->head.start_ticks) / 1000000000u < LONGEST_SECONDS;
}

/* The latest moment known so far, for a session that did not end. */
void slot_see_moment(slot_work *w, uint64_t ticks, const char *what)
{
    trace *t = w->t;

    if (!ticks || trace_ended(t)) return;
    if (!slot_is_plausible(t, ticks)) {
        trace_note(t, w->frames_offset, "slot %u: %s out of range", w->slot, what);
    } else if (ticks > t->end_ticks) {
        t->end_ticks = ticks;
    }
}

static int is_open(const trace_frame *f)
{
    return f->start_ticks != TRACE_CLOSED;
}
static int is_timed(const trace_frame *f)
{
    return !(f->start_ticks & TRACE_UNTIMED_BIT);
}

/* From the task's clock to that of all. A shift that cannot be leaves a moment that cannot be. */
void slot_start_frames(slot_work *w)
{
    for (size_t i = 1; i < w->frame_count; i++) {
        trace_frame *f = &w->frames[i];

        if (is_open(f) && is_timed(f)) f->start_ticks += w->turn.shift_ticks;
        if (!is_timed(f) && is_open(f)) f->start_ticks = TRACE_UNTIMED_BIT;
    }
}

static int is_async(const trace *t, uint32_t node)
{
    trace_site_info site;

    return trace_site_get(t, t->nodes[node].site, &site) && TRACE_SITE_IS_ASYNC(site.kind);
}

static void shift_open(slot_work *w, size_t below, uint64_t ticks)
{
    for (size_t i = 1; i < below; i++) {
        if (is_open(&w->frames[i]) && is_timed(&w->frames[i])) w->frames[i].start_ticks += ticks;
    }
}

/* The last span of a slot is counted, but a process that died right then may show it as open still. The time of
   one that went on from elsewhere may be off the spans below it already, or not yet. */
uint64_t slot_drop_ended(slot_work *w, uint32_t node, uint64_t ticks, uint64_t end)
{
    int goes_on = node < w->t->node_count && is_async(w->t, node);
    uint64_t left = 0;

    for (size_t i = 1; i < w->frame_count; i++) {
        trace_frame *f = &w->frames[i];

        if (f->node != node || !is_open(f) || !is_timed(f)) continue;
        if (f->start_ticks + ticks == end) {
            f->start_ticks = TRACE_CLOSED;
            if (!goes_on) continue;
            shift_open(w, i, ticks);
            left = ticks;
        } else if (goes_on && f->start_ticks == end) {
            f->start_ticks = TRACE_CLOSED;
        }
    }
    return left;
}

/* Until the end is known: the negated start, modulo 2^64. `since`, if not 0: it stands still since then. */
static thag_err keep_frame(slot_work *w, const trace_frame *f, uint64_t since)
{
    trace *t = w->t;
    size_t at = slot_path(w, f->node);

    if (at == SIZE_MAX) return THAG_ERR_MEMORY;
    t->paths[at].open++;
    if (!is_timed(f)) return THAG_OK;
    slot_see_moment(w, f->start_ticks, "start of an open span");
    t->paths[at].open_timed++;
    t->paths[at].open_suspended += since != 0;
    t->paths[at].open_ticks += since - f->start_ticks;
    return THAG_OK;
}

/* From the top down: what is below a span that goes on from elsewhere stands still since its start. */
thag_err slot_keep_open(slot_work *w)
{
    trace *t = w->t;
    uint64_t since = w->turn.since_ticks;
    thag_err err = THAG_OK;

    for (size_t i = w->frame_count; !err && i-- > 1;) {
        const trace_frame *f = &w->frames[i];

        if (!is_open(f)) continue;
        if (f->node >= t->node_count || f->node == 0 ||
            (is_timed(f) && !slot_is_plausible(t, f->start_ticks))) {
            trace_note(t, w->frames_offset, "slot %u: open frame %zu of node %u", w->slot, i,
                       f->node);
            continue;
        }
        err = keep_frame(w, f, since);
        if (is_async(t, f->node) && is_timed(f)) since = f->start_ticks;
    }
    return err;
}
