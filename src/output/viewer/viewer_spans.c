#include "output/viewer/viewer_spans.h"

#include <stdlib.h>
#include <string.h>

#include "output/packed_part.h"
#include "output/picture/chart_layout.h"

#define BATCH   1024
#define OCTAVES 48 /* up to 39 hours */

/* A lane while it is written. */
typedef struct lane {
    chart_block *entries;
    uint32_t count, room;
    uint32_t index; /* into viewer_spans.lanes */
    uint64_t end;   /* of the last entry that was written */
} open_lane;

typedef struct packer {
    viewer_spans *s;
    timeline *tl;
    packed_part *to;
    const uint32_t *node_of; /* NULL: the same */
    uint32_t lane_room;
    open_lane *lanes; /* of the thread that is read, by group and depth */
    uint32_t depth_count, group_count;
    timeline_span batch[BATCH];
} packer;

/* ---- how short is too short ---- */

/* What there would be with a grain of 2^octave, for all octaves at once. */
typedef struct trial {
    uint64_t entries[OCTAVES];
    uint64_t (
        *cells)[OCTAVES]; /* by depth: the cell of the last entry, + 1; 0: that was a long one */
} trial;

static unsigned octave_of(uint64_t ns)
{
    return ns ? 63u - (unsigned)__builtin_clzll(ns) : 0;
}

static void try_span(trial *t, const timeline_span *s)
{
    /* Groups of tasks share the cells of a depth: more entries than there will be, if anything. */
    uint64_t *cells = t->cells[s->depth];
    unsigned octave = s->is_open ? OCTAVES - 1 : octave_of(s->end_ns - s->begun_ns);

    for (unsigned o = 0; o < OCTAVES; o++) {
        uint64_t cell = o > octave ? (s->begun_ns >> o) + 1 : 0;

        /* A grain that is longer than all before joins what the shorter one does. */
        t->entries[o] += !cell || cells[o] != cell;
        cells[o] = cell;
    }
}

static thag_err try_thread(packer *w, uint32_t thread, const timeline_thread *th, trial *t)
{
    size_t n = 1;
    thag_err err = timeline_begin(w->tl, thread);

    t->cells = calloc(th->depth_count + 1, sizeof *t->cells);
    if (!t->cells) return THAG_ERR_MEMORY;
    while (!err && n) {
        n = timeline_read(w->tl, w->batch, BATCH, &err);
        for (size_t i = 0; i < n; i++) {
            if (w->batch[i].depth < th->depth_count) try_span(t, &w->batch[i]);
        }
    }
    free(t->cells);
    return err;
}

/* The smallest power of two with which no more is left than there may be. */
static thag_err choose_grain(packer *w, uint64_t max_spans)
{
    trial t = {0};
    uint64_t total = 0;
    uint32_t count;
    const timeline_thread *threads = timeline_threads(w->tl, &count);
    thag_err err = THAG_OK;
    unsigned octave = 1;

    for (uint32_t i = 0; i < count; i++) total += threads[i].spans + threads[i].open;
    if (total <= max_spans) return THAG_OK;
    for (uint32_t i = 0; !err && i < count; i++) err = try_thread(w, i, &threads[i], &t);
    while (octave < OCTAVES - 1 && t.entries[octave] > max_spans) octave++;
    w->s->grain_ns = UINT64_C(1) << octave;
    return err;
}

/* ---- blocks ---- */

/* One span that ran from its start to its end. */
static int is_plain(const chart_block *b)
{
    return b->count == 1 && b->busy_ns == b->end_ns - b->start_ns;
}

static void put_columns(packed_part *to, open_lane *l, int has_several)
{
    uint64_t end = l->end;

    for (uint32_t i = 0; i < l->count; i++) packed_varint(to, l->entries[i].node);
    for (uint32_t i = 0; i < l->count; i++) {
        packed_signed(to, (int64_t)(l->entries[i].start_ns - end));
        end = l->entries[i].end_ns;
    }
    for (uint32_t i = 0; i < l->count; i++)
        packed_varint(to, l->entries[i].end_ns - l->entries[i].start_ns);
    for (uint32_t i = 0; has_several && i < l->count; i++) {
        packed_varint(to, is_plain(&l->entries[i]) || l->entries[i].count > 1 ? l->entries[i].count
                                                                              : 0);
    }
    for (uint32_t i = 0; has_several && i < l->count; i++) {
        if (!is_plain(&l->entries[i])) packed_varint(to, l->entries[i].busy_ns);
    }
    l->end = end;
}

static void flush(packer *w, open_lane *l)
{
    int has_several = 0;

    if (!l->count) return;
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_plain(&l->entries[i])) continue;
        has_several = 1;
        if (l->entries[i].count > 1) w->s->merged += l->entries[i].count;
    }
    packed_varint(w->to, l->index);
    packed_varint(w->to, l->count);
    packed_varint(w->to, (uint64_t)has_several);
    put_columns(w->to, l, has_several);
    w->s->lanes[l->index].entries += l->count;
    l->count = 0;
}

/* ---- entries ---- */

static int joins(const packer *w, const chart_block *last, const timeline_span *s)
{
    uint64_t grain = w->s->grain_ns;

    return grain && !s->is_open && s->end_ns - s->begun_ns < grain &&
           last->end_ns - last->start_ns < grain && last->start_ns / grain == s->begun_ns / grain;
}

static thag_err add_lane(packer *w, open_lane *l, uint32_t thread, const timeline_span *span)
{
    viewer_spans *s = w->s;

    l->room = 64;
    l->entries = malloc(l->room * sizeof *l->entries);
    if (!l->entries) return THAG_ERR_MEMORY;
    if (s->lane_count == w->lane_room) {
        uint32_t room = w->lane_room ? 2 * w->lane_room : 64;
        viewer_lane *lanes = realloc(s->lanes, room * sizeof *lanes);

        if (!lanes) return THAG_ERR_MEMORY;
        s->lanes = lanes;
        w->lane_room = room;
    }
    l->index = s->lane_count;
    s->lanes[s->lane_count++] =
        (viewer_lane){.thread = thread, .depth = span->depth, .group = span->group};
    return THAG_OK;
}

static thag_err make_room(packer *w, open_lane *l)
{
    chart_block *entries;

    if (l->count < l->room) return THAG_OK;
    if (l->room == VIEWER_BLOCK) {
        flush(w, l);
        return THAG_OK;
    }
    entries = realloc(l->entries, 2 * l->room * sizeof *entries);
    if (!entries) return THAG_ERR_MEMORY;
    l->entries = entries;
    l->room *= 2;
    return THAG_OK;
}

static thag_err put_span(packer *w, uint32_t thread, const timeline_span *s)
{
    open_lane *l = &w->lanes[s->group * w->depth_count + s->depth];
    uint64_t ns = s->end_ns - s->start_ns;
    uint32_t node = w->node_of ? w->node_of[s->node] : s->node;
    chart_block b = {s->begun_ns, s->end_ns, ns, ns, node, 1, s->is_open};
    thag_err err;

    if (!l->entries) {
        err = add_lane(w, l, thread, s);
        if (err) return err;
    }
    w->s->spans++;
    if (l->count && joins(w, &l->entries[l->count - 1], s)) {
        chart_block_join(&l->entries[l->count - 1], &b);
        return THAG_OK;
    }
    err = make_room(w, l);
    if (err) return err;
    l->entries[l->count++] = b;
    if (s->is_open) w->s->lanes[l->index].is_open = 1;
    return THAG_OK;
}

/* ---- threads ---- */

/* Room for the lanes of all groups up to this one. */
static thag_err make_groups(packer *w, uint32_t group)
{
    size_t have = (size_t)w->group_count * w->depth_count,
           want = (group + 1) * (size_t)w->depth_count;
    open_lane *lanes;

    if (group < w->group_count) return THAG_OK;
    lanes = realloc(w->lanes, want * sizeof *lanes);
    if (!lanes) return THAG_ERR_MEMORY;
    memset(lanes + have, 0, (want - have) * sizeof *lanes);
    w->lanes = lanes;
    w->group_count = group + 1;
    return THAG_OK;
}

static void close_thread(packer *w, int is_good)
{
    for (size_t i = 0; i < (size_t)w->group_count * w->depth_count; i++) {
        if (is_good) flush(w, &w->lanes[i]);
        free(w->lanes[i].entries);
    }
    free(w->lanes);
    w->lanes = NULL;
}

static thag_err put_thread(packer *w, uint32_t thread, const timeline_thread *th)
{
    thag_err err = timeline_begin(w->tl, thread);
    size_t n = 1;

    w->depth_count = th->depth_count;
    w->group_count = 0;
    while (!err && n) {
        n = timeline_read(w->tl, w->batch, BATCH, &err);
        for (size_t i = 0; !err && i < n; i++) {
            if (w->batch[i].depth >= w->depth_count) continue;
            err = make_groups(w, w->batch[i].group);
            if (!err) err = put_span(w, thread, &w->batch[i]);
        }
    }
    close_thread(w, !err);
    return err;
}

thag_err viewer_spans_put(viewer_spans *s, FILE *to, timeline *tl, const uint32_t *node_of,
                          uint64_t max_spans)
{
    packer *w = calloc(1, sizeof *w);
    uint32_t count;
    const timeline_thread *threads = timeline_threads(tl, &count);
    thag_err err = THAG_ERR_MEMORY, closed;

    memset(s, 0, sizeof *s);
    if (!w) return err;
    w->s = s;
    w->tl = tl;
    w->node_of = node_of;
    err = packed_open(&w->to, to, "spans");
    if (!err) err = choose_grain(w, max_spans ? max_spans : VIEWER_MAX_SPANS);
    for (uint32_t i = 0; !err && i < count; i++) {
        if (threads[i].depth_count) err = put_thread(w, i, &threads[i]);
    }
    closed = packed_close(w->to);
    free(w);
    return err ? err : closed;
}

void viewer_spans_release(viewer_spans *s)
{
    free(s->lanes);
    memset(s, 0, sizeof *s);
}

/* ---- what it is about ---- */

static void describe_owners(json *j, const timeline *tl, uint32_t thread)
{
    uint32_t count;
    const timeline_owner *o = timeline_owners(tl, &count);

    json_begin_array(j, "owners", 0);
    for (uint32_t i = 0; i < count; i++) {
        if (o[i].thread != thread) continue;
        json_begin_array(j, NULL, 0);
        json_uint(j, NULL, o[i].tid);
        json_text(j, NULL, o[i].name);
        json_uint(j, NULL, o[i].start_ns);
        json_uint(j, NULL, o[i].end_ns);
        json_end(j);
    }
    json_end(j);
}

static void describe_lane(json *j, const viewer_lane *lane, size_t index)
{
    json_begin_array(j, NULL, 0);
    json_uint(j, NULL, index);
    json_uint(j, NULL, lane->depth);
    json_uint(j, NULL, lane->entries);
    json_uint(j, NULL, (uint64_t)lane->is_open);
    json_uint(j, NULL, lane->group);
    json_end(j);
}

static void describe_threads(json *j, const viewer_spans *s, const timeline *tl)
{
    uint32_t count, at = 0;
    const timeline_thread *threads = timeline_threads(tl, &count);

    json_begin_array(j, "threads", 1);
    for (uint32_t i = 0; i < count; i++) {
        json_begin_object(j, NULL, 0);
        json_uint(j, "tid", threads[i].tid);
        json_text(j, "name", threads[i].name);
        json_uint(j, "level", threads[i].level);
        describe_owners(j, tl, i);
        json_begin_array(j, "lanes", 0);
        for (; at < s->lane_count && s->lanes[at].thread == i; at++) {
            describe_lane(j, &s->lanes[at], at);
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

void viewer_spans_describe(json *j, const viewer_spans *s, const timeline *tl)
{
    timeline_losses lost = timeline_lost(tl);

    json_begin_object(j, "time", 1);
    json_uint(j, "end", timeline_end_ns(tl));
    json_uint(j, "spans", s->spans);
    json_uint(j, "merged", s->merged);
    json_uint(j, "grain", s->grain_ns);
    json_uint(j, "lost_limit", lost.limit);
    json_uint(j, "lost_write", lost.unwritten);
    json_uint(j, "lost_sampled", lost.sampled);
    describe_threads(j, s, tl);
    json_end(j);
}
