#include "output/chart_layout.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 1024

typedef struct layout {
    chart *c;
    timeline *tl;
    const profile *p;
    const chart_opts *opts;
    uint32_t max_blocks;
    uint32_t owner; /* last asked about */
    int owner_wanted;
    chart_lane *lane; /* being filled */
    timeline_span batch[BATCH];
} layout;

/* ---- blocks ---- */

/* Which of several has most, by majority vote: exact whenever one has more than half. */
static void vote(chart_block *b, uint32_t node, uint64_t ns)
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

/* b does not begin before the last one. */
static int can_join(const chart *c, const chart_row *row, const chart_block *last,
                    const chart_block *b)
{
    return b->start_ns < row->cell_end_ns && is_narrow(c, b) && is_narrow(c, last);
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

static int is_wanted(layout *l, const timeline_span *s)
{
    uint32_t count;
    const timeline_owner *o;

    if (s->owner == l->owner) return l->owner_wanted;
    o = &timeline_owners(l->tl, &count)[s->owner];
    l->owner = s->owner;
    l->owner_wanted = !l->opts->wants || l->opts->wants(l->opts->context, o->tid, o->name);
    if (!l->owner_wanted) return 0;
    if (!l->lane->owners++) {
        l->lane->tid = o->tid;
        memcpy(l->lane->name, o->name, sizeof l->lane->name);
    }
    return 1;
}

/* Spans of one depth overlap where a task waited while another ran on its thread: the later one is
   drawn shorter, and keeps its time. */
static void keep_apart(const chart_row *row, chart_block *b)
{
    uint64_t end = row->count ? row->blocks[row->count - 1].end_ns : 0;

    if (b->start_ns < end) b->start_ns = end;
    if (b->end_ns < b->start_ns) b->end_ns = b->start_ns;
}

static thag_err put_span(layout *l, const timeline_span *s)
{
    chart *c = l->c;
    chart_block b = {s->start_ns, s->end_ns, 0, 0, s->node, 1, s->is_open};
    uint32_t frame = l->p->frame[s->node];

    if (s->end_ns < c->from_ns || s->start_ns > c->to_ns || !is_wanted(l, s)) return THAG_OK;
    if (b.start_ns < c->from_ns) b.start_ns = c->from_ns;
    if (b.end_ns > c->to_ns) b.end_ns = c->to_ns;
    b.busy_ns = b.weight = b.end_ns - b.start_ns;
    c->totals[frame].spans++;
    c->totals[frame].ns += b.busy_ns;
    if (s->depth >= l->lane->row_count) {
        c->deep++;
        return THAG_OK;
    }
    l->lane->spans++;
    keep_apart(&l->lane->rows[s->depth], &b);
    return put_block(l, &l->lane->rows[s->depth], &b);
}

/* ---- lanes ---- */

static void release_lane(chart_lane *lane)
{
    for (uint32_t r = 0; r < lane->row_count; r++) free(lane->rows[r].blocks);
    free(lane->rows);
}

static thag_err open_lane(layout *l, uint32_t thread, const timeline_thread *th)
{
    chart *c = l->c;
    uint32_t left = CHART_MAX_ROWS - c->row_count;

    l->lane = &c->lanes[c->lane_count];
    *l->lane = (chart_lane){.thread = thread};
    l->lane->row_count = th->depth_count < left ? th->depth_count : left;
    l->lane->rows = calloc(l->lane->row_count + 1, sizeof *l->lane->rows);
    l->owner = PROFILE_NONE;
    if (!l->lane->rows) return THAG_ERR_MEMORY;
    /* From here on it counts when blocks join. */
    c->lane_count++;
    return THAG_OK;
}

/* Only as many rows as have something, and no lane without. */
static void close_lane(layout *l)
{
    chart_lane *lane = l->lane;

    while (lane->row_count && !lane->rows[lane->row_count - 1].count) {
        free(lane->rows[--lane->row_count].blocks);
    }
    l->c->row_count += lane->row_count;
    l->c->spans += lane->spans;
    if (lane->row_count) return;
    release_lane(lane);
    l->c->lane_count--;
}

static thag_err read_thread(layout *l, uint32_t thread, const timeline_thread *th)
{
    thag_err err = open_lane(l, thread, th);
    size_t n = 1;

    if (!err) err = timeline_begin(l->tl, thread);
    while (!err && n) {
        n = timeline_read(l->tl, l->batch, BATCH, &err);
        for (size_t i = 0; !err && i < n; i++) err = put_span(l, &l->batch[i]);
    }
    if (!err) close_lane(l);
    return err;
}

static thag_err read_all(layout *l)
{
    uint32_t count;
    const timeline_thread *threads = timeline_threads(l->tl, &count);
    thag_err err = THAG_OK;

    l->c->lanes = calloc(count + 1, sizeof *l->c->lanes);
    l->c->totals = calloc(l->p->frame_count + 1, sizeof *l->c->totals);
    if (!l->c->lanes || !l->c->totals) return THAG_ERR_MEMORY;
    for (uint32_t i = 0; !err && i < count; i++) {
        if (!threads[i].depth_count) continue;
        if (l->c->row_count >= CHART_MAX_ROWS)
            l->c->crowded++;
        else
            err = read_thread(l, i, &threads[i]);
    }
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
    *l = (layout){.c = calloc(1, sizeof *l->c), .tl = tl, .p = p, .opts = opts ? opts : &usual};
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
