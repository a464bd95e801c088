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
    open_lane *task_lanes; /* by place of the task and depth; NULL: none */
    uint32_t *place_of; /* of a task among those with lanes, by task; PROFILE_NONE: it has none */
    uint32_t deepest;   /* rows of each */
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

static thag_err add_lane(packer *w, open_lane *l, viewer_lane lane)
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
    s->lanes[s->lane_count++] = lane;
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

static thag_err put_span(packer *w, open_lane *l, viewer_lane lane, const timeline_span *s)
{
    uint64_t ns = s->end_ns - s->start_ns;
    uint32_t node = w->node_of ? w->node_of[s->node] : s->node;
    chart_block b = {s->begun_ns, s->end_ns, ns, ns, node, 1, s->is_open};
    thag_err err;

    if (!l->entries) {
        err = add_lane(w, l, lane);
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

static void close_lanes(packer *w, open_lane *lanes, size_t count, int is_good)
{
    for (size_t i = 0; lanes && i < count; i++) {
        if (is_good) flush(w, &lanes[i]);
        free(lanes[i].entries);
    }
    free(lanes);
}

static thag_err put_thread_span(packer *w, uint32_t thread, const timeline_span *s)
{
    thag_err err = make_groups(w, s->group);

    if (err) return err;
    return put_span(w, &w->lanes[s->group * w->depth_count + s->depth],
                    (viewer_lane){thread, s->depth, s->group, PROFILE_NONE, 0, 0}, s);
}

/* Its task may have run on other threads meanwhile. */
static thag_err put_task_span(packer *w, uint32_t place, uint32_t row, const timeline_span *span)
{
    uint32_t task = w->s->tasks[place];
    timeline_span s = *span;

    s.begun_ns = task_turns_begun_ns(w->s->turns, task, s.end_ns, s.end_ns - s.start_ns);
    if (s.begun_ns > s.start_ns) s.begun_ns = s.start_ns;
    return put_span(w, &w->task_lanes[(size_t)place * w->deepest + row],
                    (viewer_lane){0, row, 0, place, 0, 0}, &s);
}

static thag_err put_any(packer *w, uint32_t thread, const timeline_span *s)
{
    uint32_t place = s->task && w->place_of ? w->place_of[s->task - 1] : PROFILE_NONE;
    uint32_t base = 0;

    if (place != PROFILE_NONE) base = timeline_depth(w->tl, w->s->turns->tasks[s->task - 1].node);
    if (place == PROFILE_NONE || s->depth < base) return put_thread_span(w, thread, s);
    return put_task_span(w, place, s->depth - base, s);
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
            if (w->batch[i].depth < w->depth_count) err = put_any(w, thread, &w->batch[i]);
        }
    }
    close_lanes(w, w->lanes, (size_t)w->group_count * w->depth_count, !err);
    w->lanes = NULL;
    return err;
}

static thag_err open_tasks(packer *w)
{
    viewer_spans *s = w->s;
    uint32_t count;
    const timeline_thread *threads = timeline_threads(w->tl, &count);

    if (!s->turns || !s->turns->task_count) return THAG_OK;
    s->tasks = task_turns_longest(s->turns, 0, UINT64_MAX, VIEWER_MAX_TASKS, &s->task_count,
                                  &s->more_tasks);
    for (uint32_t i = 0; i < count; i++)
        if (threads[i].depth_count > w->deepest) w->deepest = threads[i].depth_count;
    w->task_lanes = calloc((size_t)s->task_count * w->deepest + 1, sizeof *w->task_lanes);
    w->place_of = malloc(s->turns->task_count * sizeof *w->place_of);
    if (!s->tasks || !w->task_lanes || !w->place_of) return THAG_ERR_MEMORY;
    memset(w->place_of, 0xFF, s->turns->task_count * sizeof *w->place_of);
    for (uint32_t i = 0; i < s->task_count; i++) w->place_of[s->tasks[i]] = i;
    return THAG_OK;
}

thag_err viewer_spans_put(viewer_spans *s, FILE *to, timeline *tl, const task_turns *turns,
                          const uint32_t *node_of, uint64_t max_spans)
{
    packer *w = calloc(1, sizeof *w);
    uint32_t count;
    const timeline_thread *threads = timeline_threads(tl, &count);
    thag_err err = THAG_ERR_MEMORY, closed;

    memset(s, 0, sizeof *s);
    if (!w) return err;
    w->s = s;
    s->turns = turns;
    w->tl = tl;
    w->node_of = node_of;
    err = packed_open(&w->to, to, "spans");
    if (!err) err = choose_grain(w, max_spans ? max_spans : VIEWER_MAX_SPANS);
    if (!err) err = open_tasks(w);
    for (uint32_t i = 0; !err && i < count; i++) {
        if (threads[i].depth_count) err = put_thread(w, i, &threads[i]);
    }
    close_lanes(w, w->task_lanes, (size_t)s->task_count * w->deepest, !err);
    free(w->place_of);
    closed = packed_close(w->to);
    free(w);
    return err ? err : closed;
}

void viewer_spans_release(viewer_spans *s)
{
    free(s->lanes);
    free(s->tasks);
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

static int is_of_task(const viewer_lane *lane)
{
    return lane->task != PROFILE_NONE;
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
        for (; at < s->lane_count && (is_of_task(&s->lanes[at]) || s->lanes[at].thread == i); at++)
            if (!is_of_task(&s->lanes[at])) describe_lane(j, &s->lanes[at], at);
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

#define RUNS_MAX 50000u /* of all tasks; of more, those close to each other are one */

/* When it ran: start, length and thread of each, one after the other. */
static void describe_runs(json *j, const task_turns *turns, const task_track *task, uint64_t gap_ns)
{
    const task_turn *turn = task->turn_count ? &turns->turns[task->first_turn] : NULL;

    json_begin_array(j, "runs", 0);
    for (size_t i = 0, k; i < task->turn_count; i = k) {
        for (k = i + 1; k < task->turn_count; k++)
            if (turn[k].start_ns - turn[k - 1].end_ns >= gap_ns) break;
        json_uint(j, NULL, turn[i].start_ns);
        json_uint(j, NULL, turn[k - 1].end_ns - turn[i].start_ns);
        json_uint(j, NULL, turn[i].tid);
    }
    json_end(j);
}

static uint32_t page_node(const uint32_t *node_of, uint32_t node)
{
    return node_of ? node_of[node] : node;
}

static void describe_task(json *j, const viewer_spans *s, uint32_t place, uint64_t gap_ns,
                          const uint32_t *node_of)
{
    const task_track *task = &s->turns->tasks[s->tasks[place]];

    json_begin_object(j, NULL, 0);
    json_uint(j, "id", task->id);
    json_uint(j, "node", page_node(node_of, task->node));
    json_uint(j, "begin", task->begin_ns);
    json_uint(j, "end", task->end_ns);
    json_bool(j, "ended", task->has_ended);
    json_uint(j, "ran", task_turns_ran_ns(s->turns, s->tasks[place], task->begin_ns, task->end_ns));
    json_uint(j, "times", task->turn_count);
    json_uint(j, "byThread", task->spawner_tid);
    json_uint(j, "byTask", task->spawner == PROFILE_NONE ? 0 : s->turns->tasks[task->spawner].id);
    describe_runs(j, s->turns, task, gap_ns);
    json_begin_array(j, "lanes", 0);
    for (uint32_t i = 0; i < s->lane_count; i++)
        if (s->lanes[i].task == place) describe_lane(j, &s->lanes[i], i);
    json_end(j);
    json_end(j);
}

static void describe_tasks(json *j, const viewer_spans *s, uint64_t end_ns, const uint32_t *node_of)
{
    size_t runs = 0;

    for (uint32_t i = 0; i < s->task_count; i++) runs += s->turns->tasks[s->tasks[i]].turn_count;
    json_begin_array(j, "tasks", 1);
    for (uint32_t i = 0; i < s->task_count; i++)
        describe_task(j, s, i, runs > RUNS_MAX ? end_ns / 4096 : 0, node_of);
    json_end(j);
    json_uint(j, "moreTasks", s->more_tasks);
}

/* Who began threads: thread, its slot, when it was asked for, when it recorded, by which thread and task, in what. */
static void describe_begins(json *j, const timeline *tl, const uint32_t *node_of)
{
    size_t count;
    const trace_origin_info *o = trace_origins(timeline_trace(tl), &count);

    json_begin_array(j, "begins", 1);
    for (size_t i = 0; i < count; i++) {
        json_begin_array(j, NULL, 0);
        json_uint(j, NULL, o[i].tid);
        json_uint(j, NULL, timeline_moment_ns(tl, o[i].asked_ticks));
        json_uint(j, NULL, timeline_moment_ns(tl, o[i].start_ticks));
        json_uint(j, NULL, o[i].spawner_tid);
        json_uint(j, NULL, o[i].spawner);
        json_uint(j, NULL, page_node(node_of, timeline_node(tl, o[i].node)));
        json_end(j);
    }
    json_end(j);
}

void viewer_spans_describe(json *j, const viewer_spans *s, const timeline *tl,
                           const uint32_t *node_of)
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
    describe_tasks(j, s, timeline_end_ns(tl), node_of);
    describe_begins(j, tl, node_of);
    json_end(j);
}
