#include "thag-analyze/tui/flame_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

thag_err flame_grid_init(flame_grid *g, const profile *p)
{
    *g = (flame_grid){.p = p, .inclusive = profile_inclusive(p)};
    if (!g->inclusive) return THAG_ERR_MEMORY;
    return frame_children_init(&g->children, p);
}

void flame_grid_release(flame_grid *g)
{
    free(g->inclusive);
    frame_children_release(&g->children);
    free(g->items);
    memset(g, 0, sizeof *g);
}

static thag_err add_item(flame_grid *g, uint32_t node, uint32_t row, double left, double width)
{
    grid_item item = {.node = node,
                      .row = row,
                      .from = (int)lround(left),
                      .to = (int)lround(left + width),
                      .left = left,
                      .width = width};

    if (item.to <= item.from) return THAG_OK;
    if (g->count == g->room) {
        size_t room = g->room ? g->room * 2 : 256;
        grid_item *items = realloc(g->items, room * sizeof *items);

        if (!items) return THAG_ERR_MEMORY;
        g->items = items;
        g->room = room;
    }
    g->items[g->count++] = item;
    return THAG_OK;
}

/* From the root down to the node; their number in *rows. */
static thag_err add_path(flame_grid *g, uint32_t zoomed, int columns, uint32_t row_limit)
{
    uint32_t depth = 0;
    thag_err err = THAG_OK;

    for (uint32_t n = zoomed; n != PROFILE_ROOT; n = g->p->parent[n]) depth++;
    for (uint32_t row = 0; row <= depth && row < row_limit && !err; row++) {
        uint32_t n = zoomed;

        for (uint32_t up = row; up < depth; up++) n = g->p->parent[n];
        err = add_item(g, n, row, 0, columns);
    }
    return err;
}

thag_err flame_grid_fill(flame_grid *g, uint32_t zoomed, int columns, uint32_t row_limit)
{
    size_t at;
    thag_err err;

    g->count = 0;
    err = add_path(g, zoomed, columns, row_limit);
    /* Each item that is added is looked at in turn: row by row, from left to right. */
    for (at = g->count ? g->count - 1 : 0; at < g->count && !err; at++) {
        grid_item parent = g->items[at];
        double left = parent.left, whole = (double)g->inclusive[parent.node];

        if (parent.row + 1 >= row_limit || whole <= 0) continue;
        for (uint32_t i = g->children.first[parent.node];
             i < g->children.first[parent.node + 1] && !err; i++) {
            uint32_t child = g->children.child[i];
            double width = (double)g->inclusive[child] / whole * parent.width;

            err = add_item(g, child, parent.row + 1, left, width);
            left += width;
        }
    }
    return err;
}

const grid_item *flame_grid_find(const flame_grid *g, uint32_t node)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->items[i].node == node) return &g->items[i];
    }
    return NULL;
}

const grid_item *flame_grid_below(const flame_grid *g, const grid_item *item)
{
    const grid_item *widest = NULL;

    for (size_t i = (size_t)(item - g->items) + 1; i < g->count; i++) {
        const grid_item *below = &g->items[i];

        if (below->row > item->row + 1) break;
        if (below->row != item->row + 1 || g->p->parent[below->node] != item->node) continue;
        if (!widest || below->width > widest->width) widest = below;
    }
    return widest;
}
