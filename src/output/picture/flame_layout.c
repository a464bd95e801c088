#include "output/picture/flame_layout.h"

#include <assert.h>
#include <stdlib.h>

#include "output/frame_order.h"

/* A node wide enough to be drawn. In order of node until rows_sort() puts them into place. */
typedef struct kept {
    int64_t value;
    uint32_t node;
    uint32_t parent; /* its index in the array: by node, then by place */
    uint32_t row;
    uint32_t rank;  /* of its frame */
    uint32_t index; /* where it was by node */
} kept;

typedef struct layout {
    const profile *p;
    flame_opts opts;
    flame *f;
    int64_t *inclusive;
    uint32_t *rank;
    kept *kept;
    uint32_t kept_count;
} layout;

static flame_opts with_defaults(const flame_opts *opts)
{
    flame_opts o = opts ? *opts : (flame_opts){0};

    if (o.width_px <= 0) o.width_px = 1200;
    if (o.min_width_px == 0) o.min_width_px = FLAME_MIN_WIDTH_PX;
    if (o.max_rows == 0) o.max_rows = FLAME_MAX_ROWS;
    return o;
}

/* The least value that is drawn. */
static int64_t threshold(const layout *l)
{
    double least = (double)l->f->total * l->opts.min_width_px / l->opts.width_px;

    if (l->opts.min_width_px < 0) return 0;
    if (least < 1) return 1;
    return least >= (double)INT64_MAX ? INT64_MAX : (int64_t)least;
}

static uint32_t find_kept(const layout *l, uint32_t count, uint32_t node)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->kept[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    assert(low < count && l->kept[low].node == node);
    return low;
}

/* A child is never wider than its parent, so whoever is kept has kept parents. */
static thag_err select_wide(layout *l)
{
    const profile *p = l->p;
    int64_t least = threshold(l);
    uint32_t count = 1;

    for (uint32_t n = 1; n < p->node_count; n++) count += l->inclusive[n] >= least;
    l->kept = malloc(count * sizeof *l->kept);
    if (!l->kept) return THAG_ERR_MEMORY;
    l->kept[l->kept_count++] = (kept){.value = l->inclusive[0], .parent = PROFILE_NONE};
    for (uint32_t n = 1; n < p->node_count; n++) {
        kept *k = &l->kept[l->kept_count];
        if (l->inclusive[n] < least) continue;
        *k = (kept){.value = l->inclusive[n], .node = n, .rank = l->rank[p->frame[n]]};
        k->parent = find_kept(l, l->kept_count, p->parent[n]);
        k->row = l->kept[k->parent].row + 1;
        if (k->row >= l->f->deepest) l->f->deepest = k->row + 1;
        l->kept_count++;
    }
    l->f->narrow_count = p->node_count - l->kept_count;
    return THAG_OK;
}

/* Parents come before children here too, so those that stay keep their parents. */
static thag_err drop_deep(layout *l)
{
    uint32_t *moved = malloc(l->kept_count * sizeof *moved);
    uint32_t count = 0;

    if (!moved) return THAG_ERR_MEMORY;
    for (uint32_t i = 0; i < l->kept_count; i++) {
        kept k = l->kept[i];
        if (k.row >= l->opts.max_rows) continue;
        if (k.parent != PROFILE_NONE) k.parent = moved[k.parent];
        moved[i] = count;
        k.index = count;
        l->kept[count++] = k;
    }
    free(moved);
    l->f->deep_count = l->kept_count - count;
    l->kept_count = count;
    return THAG_OK;
}

static int compare_places(const void *left, const void *right)
{
    const kept *a = left, *b = right;

    if (a->parent != b->parent) return a->parent < b->parent ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static int compare_rows(const void *left, const void *right)
{
    const kept *a = left, *b = right;

    if (a->row != b->row) return a->row < b->row ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* Row by row: parents are in place, so sorting by the parent's place sorts the row. */
static void sort_row(layout *l, uint32_t first, uint32_t end, uint32_t *place)
{
    for (uint32_t i = first; i < end && l->kept[i].parent != PROFILE_NONE; i++)
        l->kept[i].parent = place[l->kept[i].parent];
    qsort(l->kept + first, end - first, sizeof *l->kept, compare_places);
}

static thag_err rows_sort(layout *l)
{
    uint32_t *place = malloc(l->kept_count * sizeof *place);

    if (!place) return THAG_ERR_MEMORY;
    qsort(l->kept, l->kept_count, sizeof *l->kept, compare_rows);
    for (uint32_t first = 0, end; first < l->kept_count; first = end) {
        for (end = first; end < l->kept_count && l->kept[end].row == l->kept[first].row;) end++;
        sort_row(l, first, end, place);
        for (uint32_t i = first; i < end; i++) place[l->kept[i].index] = i;
    }
    free(place);
    return THAG_OK;
}

static thag_err make_rects(layout *l)
{
    flame *f = l->f;
    int64_t *next = malloc(l->kept_count * sizeof *next); /* where the next child of each starts */

    f->rects = malloc(l->kept_count * sizeof *f->rects);
    if (!next || !f->rects) {
        free(next);
        return THAG_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < l->kept_count; i++) {
        const kept *k = &l->kept[i];
        int64_t start = 0;
        if (k->parent != PROFILE_NONE) {
            start = next[k->parent];
            next[k->parent] += k->value;
        }
        next[i] = start;
        f->rects[i] = (flame_rect){start, k->value, k->node, k->parent, k->row};
    }
    f->rect_count = l->kept_count;
    f->row_count = l->kept_count ? f->rects[f->rect_count - 1].row + 1 : 0;
    free(next);
    return THAG_OK;
}

static thag_err layout_run(layout *l)
{
    thag_err err;

    l->f = calloc(1, sizeof *l->f);
    l->inclusive = profile_inclusive(l->p);
    l->rank = frame_ranks(l->p);
    if (!l->f || !l->inclusive || !l->rank) return THAG_ERR_MEMORY;
    l->f->total = l->inclusive[PROFILE_ROOT];
    l->f->deepest = 1;
    err = select_wide(l);
    if (!err) err = drop_deep(l);
    if (!err) err = rows_sort(l);
    if (!err) err = make_rects(l);
    return err;
}

thag_err flame_build(flame **out, const profile *p, const flame_opts *opts, fault *why)
{
    layout l = {.p = p, .opts = with_defaults(opts)};
    thag_err err = layout_run(&l);

    if (err) {
        fault_set(why, err, UINT64_MAX, "laying out the flamegraph");
        goto done;
    }
    *out = l.f;
    l.f = NULL;
done:
    flame_free(l.f);
    free(l.inclusive);
    free(l.rank);
    free(l.kept);
    return err;
}

void flame_free(flame *f)
{
    if (!f) return;
    free(f->rects);
    free(f);
}
