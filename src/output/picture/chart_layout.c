#include "output/picture/chart_layout.h"

#include <stdlib.h>
#include <string.h>

#include "profile/timeline/timeline_ahead.h"

typedef struct layout {
    chart *c;
    timeline *tl;
    const profile *p;
    const chart_opts *opts;
    uint32_t max_blocks;
    const timeline_owner *owner; /* of what is being read */
    int owner_wanted;
    uint32_t thread, depth_count;      /* being read */
    uint32_t lane_of[TIMELINE_GROUPS]; /* its lanes, by group; PROFILE_NONE: not yet */
    uint32_t *lane_of_task; /* of a single one; PROFILE_NONE: it has none. NULL: none has */
} layout;

/* ---- blocks ---- */

/* Which of several has most, by majority vote: exact whenever one has more than half. */
static inline void vote(chart_block *b, uint32_t node, uint64_t ns)
{
    if (b->node == node) {
        b->weight += ns;
    } else if (b->weight >= ns) {
        b->weight -= ns;
    } else {
        b->node = node;
        b->weight = ns - b->weight;
    }
}

static int is_narrow(const chart *c, const chart_block *b)
{
    return b->end_ns - b->start_ns < c->grain_ns && !b->is_open;
}

/* A division; so it is made for a block, and not for each span. */
static void set_cell(const chart *c, chart_row *row, const chart_block *last)
{
    row->cell_end_ns = last->start_ns + c->grain_ns - (last->start_ns - c->from_ns) % c->grain_ns;
}

/* Only in a single task's lane, which is sorted at the end, may b begin before the last one. */
static int can_join(const chart *c, const chart_row *row, const chart_block *last,
                    const chart_block *b)
{
    return b->start_ns < row->cell_end_ns && b->start_ns >= last->start_ns && is_narrow(c, b) &&
           is_narrow(c, last);
}

void chart_block_join(chart_block *into, const chart_block *b)
{
    vote(into, b->node, b->weight);
    if (b->start_ns < into->start_ns) into->start_ns = b->start_ns;
    if (b->end_ns > into->end_ns) into->end_ns = b->end_ns;
    into->busy_ns += b->busy_ns;
    into->count = into->count > UINT32_MAX - b->count ? UINT32_MAX : into->count + b->count;
}

static size_t coarsen_row(const chart *c, chart_row *row)
{
    size_t kept = 0;

    for (size_t i = 0; i < row->count; i++) {
        if (kept && can_join(c, row, &row->blocks[kept - 1], &row->blocks[i])) {
            chart_block_join(&row->blocks[kept - 1], &row->blocks[i]);
        } else {
            row->blocks[kept++] = row->blocks[i];
            set_cell(c, row, &row->blocks[i]);
        }
    }
    row->count = kept;
    return kept;
}

/* Until they are half as many as there may be, lest it begins again at once; but blocks that no grain
   joins, one a row, stay. */
static void coarsen(layout *l)
{
    chart *c = l->c;

    while (c->block_count > l->max_blocks / 2 && c->grain_ns < c->to_ns - c->from_ns) {
        c->grain_ns *= 2;
        c->block_count = 0;
        for (uint32_t i = 0; i < c->lane_count; i++) {
            for (uint32_t r = 0; r < c->lanes[i].row_count; r++)
                c->block_count += coarsen_row(c, &c->lanes[i].rows[r]);
        }
    }
}

static thag_err put_block(layout *l, chart_row *row, const chart_block *b)
{
    if (row->count && can_join(l->c, row, &row->blocks[row->count - 1], b)) {
        chart_block_join(&row->blocks[row->count - 1], b);
        return THAG_OK;
    }
    if (row->count == row->room) {
        size_t room = row->room ? 2 * row->room : 16;
        chart_block *blocks = realloc(row->blocks, room * sizeof *blocks);

        if (!blocks) return THAG_ERR_MEMORY;
        row->blocks = blocks;
        row->room = room;
    }
    row->blocks[row->count++] = *b;
    set_cell(l->c, row, b);
    if (++l->c->block_count > l->max_blocks) coarsen(l);
    return THAG_OK;
}

/* ---- spans ---- */

static inline int is_wanted(const layout *l, const timeline_span *s)
{
    return l->owner_wanted && !(l->opts->dropped && l->opts->dropped[s->node]);
}

/* `lane` with that many rows becomes the last one. */
static thag_err add_lane(chart *c, chart_lane lane, uint32_t row_count)
{
    if (c->lane_count == c->lane_room) {
        uint32_t room = c->lane_room ? 2 * c->lane_room : 16;
        chart_lane *grown = realloc(c->lanes, room * sizeof *grown);

        if (!grown) return THAG_ERR_MEMORY;
        c->lanes = grown;
        c->lane_room = room;
    }
    lane.rows = calloc(row_count + 1, sizeof *lane.rows);
    if (!lane.rows) return THAG_ERR_MEMORY;
    lane.row_count = row_count;
    c->lanes[c->lane_count++] = lane;
    return THAG_OK;
}

static thag_err open_lane(layout *l, const timeline_span *s)
{
    const timeline_owner *o = l->owner;
    chart_lane lane = {.task = PROFILE_NONE, .thread = l->thread, .group = s->group, .tid = o->tid};

    memcpy(lane.name, o->name, sizeof lane.name);
    l->lane_of[s->group] = l->c->lane_count;
    return add_lane(l->c, lane, l->depth_count);
}

static void count_owner(chart_lane *lane, uint32_t owner)
{
    if (lane->owners && lane->last_owner == owner) return;
    lane->owners++;
    lane->last_owner = owner;
}

/* Spans of one depth overlap where a task waited while another ran on its thread: the later one is
   drawn shorter, and keeps its time. */
static void keep_apart(const chart_row *row, chart_block *b)
{
    uint64_t end = row->count ? row->blocks[row->count - 1].end_ns : 0;

    if (b->start_ns < end) b->start_ns = end;
    if (b->end_ns < b->start_ns) b->end_ns = b->start_ns;
}

/* What it ran of a part of its time; if it waited, as if it had done so evenly. */
static uint64_t busy_within(const timeline_span *s, uint64_t from, uint64_t to)
{
    uint64_t whole = s->end_ns - s->begun_ns, ran = s->end_ns - s->start_ns;

    if (ran == whole) return to - from;
    return (uint64_t)((double)ran * ((double)(to - from) / (double)whole));
}

/* Most spans of a long run: short ones, whole in the range and not waiting, of a lane and an owner that are there,
   that join the last block of their row. 0: it is not such a one. What begins after that block begins in the range. */
static inline int join_span(layout *l, const timeline_span *s)
{
    chart *c = l->c;
    uint64_t ns = s->end_ns - s->start_ns;
    uint32_t index = l->lane_of[s->group];
    chart_total *total;
    chart_lane *lane;
    chart_row *row;
    chart_block *last;

    if (index == PROFILE_NONE || s->depth >= l->depth_count || (s->task && l->lane_of_task))
        return 0;
    lane = &c->lanes[index];
    row = &lane->rows[s->depth];
    if (!row->count || lane->last_owner != s->owner || s->begun_ns != s->start_ns) return 0;
    last = &row->blocks[row->count - 1];
    if (s->start_ns < last->end_ns || s->start_ns >= row->cell_end_ns || ns >= c->grain_ns ||
        s->end_ns > c->to_ns || s->is_open || !is_narrow(c, last) || last->count == UINT32_MAX ||
        (l->opts->dropped && l->opts->dropped[s->node]))
        return 0;
    total = &c->totals[l->p->frame[s->node]];
    total->spans++;
    total->ns += ns;
    lane->spans++;
    vote(last, s->node, ns);
    last->end_ns = s->end_ns;
    last->busy_ns += ns;
    last->count++;
    return 1;
}

/* What is to be drawn of a span. 0: nothing. */
static int cut_block(layout *l, chart_block *b, const timeline_span *s)
{
    chart *c = l->c;
    chart_total *total = &c->totals[l->p->frame[s->node]];

    *b = (chart_block){s->begun_ns, s->end_ns, 0, 0, s->node, 1, s->is_open};
    if (s->end_ns < c->from_ns || s->begun_ns > c->to_ns || !is_wanted(l, s)) return 0;
    if (b->start_ns < c->from_ns) b->start_ns = c->from_ns;
    if (b->end_ns > c->to_ns) b->end_ns = c->to_ns;
    b->busy_ns = b->weight = busy_within(s, b->start_ns, b->end_ns);
    total->spans++;
    total->ns += b->busy_ns;
    return 1;
}

/* The lane of its own that the task of a span has; NULL: it has none, or the span is not of its path. */
static chart_lane *own_lane(const layout *l, const timeline_span *s)
{
    uint32_t lane = s->task && l->lane_of_task ? l->lane_of_task[s->task - 1] : PROFILE_NONE;
    uint32_t base = lane == PROFILE_NONE ? 0 : l->opts->turns->tasks[s->task - 1].node;

    return lane != PROFILE_NONE && s->depth >= timeline_depth(l->tl, base) ? &l->c->lanes[lane]
                                                                           : NULL;
}

static thag_err put_task_span(layout *l, chart_lane *lane, const timeline_span *span)
{
    const task_turns *turns = l->opts->turns;
    uint32_t task = span->task - 1;
    uint32_t row = span->depth - timeline_depth(l->tl, turns->tasks[task].node);
    timeline_span s = *span;
    chart_block b;

    s.begun_ns = task_turns_begun_ns(turns, task, s.end_ns, s.end_ns - s.start_ns);
    if (s.begun_ns > s.start_ns) s.begun_ns = s.start_ns;
    if (!cut_block(l, &b, &s)) return THAG_OK;
    if (row >= lane->row_count) {
        l->c->deep++;
        return THAG_OK;
    }
    lane->spans++;
    return put_block(l, &lane->rows[row], &b);
}

static thag_err put_span(layout *l, const timeline_span *s)
{
    chart *c = l->c;
    chart_lane *lane = own_lane(l, s);
    chart_block b;

    if (lane) return put_task_span(l, lane, s);
    if (!cut_block(l, &b, s)) return THAG_OK;
    if (s->depth >= l->depth_count) {
        c->deep++;
        return THAG_OK;
    }
    if (l->lane_of[s->group] == PROFILE_NONE) {
        thag_err err = open_lane(l, s);

        if (err) return err;
    }
    lane = &c->lanes[l->lane_of[s->group]];
    count_owner(lane, s->owner);
    lane->spans++;
    keep_apart(&lane->rows[s->depth], &b);
    return put_block(l, &lane->rows[s->depth], &b);
}

/* ---- lanes ---- */

static void release_lane(chart_lane *lane)
{
    for (uint32_t r = 0; r < lane->row_count; r++) free(lane->rows[r].blocks);
    free(lane->rows);
}

/* Rows above the first that has something, which only tasks have: what began them is elsewhere. */
static void drop_first_rows(chart_lane *lane)
{
    uint32_t empty = 0;

    while (empty < lane->row_count && !lane->rows[empty].count) empty++;
    lane->row_count -= empty;
    memmove(lane->rows, lane->rows + empty, lane->row_count * sizeof *lane->rows);
}

/* Only as many rows as have something, and no lane that there is no room for. */
static int close_lane(chart *c, chart_lane *lane)
{
    while (lane->row_count && !lane->rows[lane->row_count - 1].count) {
        free(lane->rows[--lane->row_count].blocks);
    }
    if (lane->group) drop_first_rows(lane);
    if (c->row_count + lane->row_count > CHART_MAX_ROWS) {
        c->crowded++;
        release_lane(lane);
        return 0;
    }
    c->row_count += lane->row_count;
    c->spans += lane->spans;
    return 1;
}

/* ---- lanes of single tasks: made before the threads are read ---- */

static uint32_t deepest(const timeline *tl)
{
    uint32_t count, depth = 0;
    const timeline_thread *threads = timeline_threads(tl, &count);

    for (uint32_t i = 0; i < count; i++)
        if (threads[i].depth_count > depth) depth = threads[i].depth_count;
    return depth;
}

static thag_err open_task_lanes(layout *l)
{
    const task_turns *turns = l->opts->turns;
    uint32_t chosen = 0, depth = deepest(l->tl), *tasks;
    thag_err err = THAG_OK;

    if (!turns || !turns->task_count || !l->opts->max_tasks) return THAG_OK;
    tasks = task_turns_longest(turns, l->c->from_ns, l->c->to_ns, l->opts->max_tasks, &chosen,
                               &l->c->more_tasks);
    l->lane_of_task = malloc(turns->task_count * sizeof *l->lane_of_task);
    if (!tasks || !l->lane_of_task) err = THAG_ERR_MEMORY;
    if (!err) memset(l->lane_of_task, 0xFF, turns->task_count * sizeof *l->lane_of_task);
    for (uint32_t i = 0; i < chosen && !err; i++) {
        uint32_t base = timeline_depth(l->tl, turns->tasks[tasks[i]].node);

        l->lane_of_task[tasks[i]] = l->c->lane_count;
        err = add_lane(l->c, (chart_lane){.task = tasks[i]}, base < depth ? depth - base : 0);
    }
    free(tasks);
    return err;
}

static int by_start(const void *left, const void *right)
{
    const chart_block *a = left, *b = right;

    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return a->end_ns < b->end_ns ? -1 : a->end_ns > b->end_ns;
}

/* What several threads had of it. */
static void sort_row(chart *c, chart_row *row)
{
    if (!row->count) return;
    qsort(row->blocks, row->count, sizeof *row->blocks, by_start);
    for (size_t i = 1; i < row->count; i++) {
        chart_block *b = &row->blocks[i];

        if (b->start_ns < b[-1].end_ns) b->start_ns = b[-1].end_ns;
        if (b->end_ns < b->start_ns) b->end_ns = b->start_ns;
    }
    c->block_count -= row->count;
    c->block_count += coarsen_row(c, row);
}

/* ---- the whole ---- */

static int lane_kind(const chart_lane *lane)
{
    return lane->group ? 2 : lane->task != PROFILE_NONE ? 1 : 0;
}

static int by_kind(const void *left, const void *right)
{
    const chart_lane *a = left, *b = right;

    if (lane_kind(a) != lane_kind(b)) return lane_kind(a) - lane_kind(b);
    if (a->task != b->task) return a->task < b->task ? -1 : 1;
    if (a->thread != b->thread) return a->thread < b->thread ? -1 : 1;
    return a->group < b->group ? -1 : a->group > b->group;
}

static void close_lanes(chart *c)
{
    uint32_t kept = 0;

    if (c->lane_count) qsort(c->lanes, c->lane_count, sizeof *c->lanes, by_kind);
    c->task_count = 0;
    for (uint32_t i = 0; i < c->lane_count; i++) {
        int kind = lane_kind(&c->lanes[i]);

        for (uint32_t r = 0; kind == 1 && r < c->lanes[i].row_count; r++)
            sort_row(c, &c->lanes[i].rows[r]);
        if (!close_lane(c, &c->lanes[i])) continue;
        if (kind == 0) c->first_task = kept + 1;
        if (kind == 1) c->task_count++;
        c->lanes[kept++] = c->lanes[i];
    }
    c->lane_count = kept;
}

static thag_err put_batch(layout *l, const timeline_batch *batch)
{
    const timeline_span *s = batch->spans, *end = s + batch->count;
    thag_err err = THAG_OK;

    for (; s < end && !err; s++) {
        while (join_span(l, s))
            if (++s == end) return THAG_OK;
        err = put_span(l, s);
    }
    return err;
}

static void begin_thread(layout *l, uint32_t thread)
{
    uint32_t count;

    l->thread = thread;
    l->depth_count = timeline_threads(l->tl, &count)[thread].depth_count;
    memset(l->lane_of, 0xFF, sizeof l->lane_of);
}

static thag_err read_all(layout *l)
{
    const chart_opts *opts = l->opts;
    const timeline_batch *batch;
    timeline_ahead *ahead = NULL;
    thag_err err;

    l->c->totals = calloc(l->p->frame_count + 1, sizeof *l->c->totals);
    if (!l->c->totals) return THAG_ERR_MEMORY;
    err = open_task_lanes(l);
    if (!err) err = timeline_ahead_new(&ahead, l->tl);
    while (!err && (batch = timeline_ahead_next(ahead, &err))) {
        if (batch->thread != l->thread) begin_thread(l, batch->thread);
        l->owner = &batch->owner;
        l->owner_wanted =
            !opts->wants || opts->wants(opts->context, batch->owner.tid, batch->owner.name);
        err = put_batch(l, batch);
    }
    timeline_ahead_free(ahead);
    if (!err) close_lanes(l->c);
    return err;
}

static void count_merged(chart *c)
{
    for (uint32_t i = 0; i < c->lane_count; i++) {
        for (uint32_t r = 0; r < c->lanes[i].row_count; r++) {
            const chart_row *row = &c->lanes[i].rows[r];

            for (size_t k = 0; k < row->count; k++) {
                if (row->blocks[k].count > 1) c->merged += row->blocks[k].count;
            }
        }
    }
}

static void set_range(layout *l)
{
    chart *c = l->c;
    double width = l->opts->width_px > 0 ? l->opts->width_px : 1176;
    double least = l->opts->min_width_px > 0 ? l->opts->min_width_px : 0.5;
    uint64_t end = timeline_end_ns(l->tl);

    c->to_ns = l->opts->to_ns && l->opts->to_ns < end ? l->opts->to_ns : end;
    c->from_ns = l->opts->from_ns < c->to_ns ? l->opts->from_ns : c->to_ns;
    c->grain_ns = (uint64_t)((double)(c->to_ns - c->from_ns) * least / width);
    if (!c->grain_ns) c->grain_ns = 1;
    l->max_blocks = l->opts->max_blocks ? l->opts->max_blocks : CHART_MAX_BLOCKS;
}

thag_err chart_build(chart **out, timeline *tl, const profile *p, const chart_opts *opts,
                     fault *why)
{
    static const chart_opts usual = {0};
    layout *l = calloc(1, sizeof *l);
    thag_err err = THAG_ERR_MEMORY;

    *out = NULL;
    if (!l) goto done;
    *l = (layout){.c = calloc(1, sizeof *l->c),
                  .tl = tl,
                  .p = p,
                  .thread = PROFILE_NONE,
                  .opts = opts ? opts : &usual};
    if (!l->c) goto done;
    set_range(l);
    err = read_all(l);
    if (err) goto done;
    count_merged(l->c);
    *out = l->c;
    l->c = NULL;
done:
    if (err) fault_set(why, err, UINT64_MAX, "laying out the flamechart");
    chart_free(l ? l->c : NULL);
    if (l) free(l->lane_of_task);
    free(l);
    return err;
}

void chart_free(chart *c)
{
    if (!c) return;
    for (uint32_t i = 0; i < c->lane_count; i++) release_lane(&c->lanes[i]);
    free(c->lanes);
    free(c->totals);
    free(c);
}
