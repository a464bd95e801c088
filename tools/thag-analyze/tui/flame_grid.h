/*
 * flame_grid.h - which cells of a terminal a flamegraph fills: the path to the zoomed node over the
 * whole width, and what is below it in proportion, the root at the top.
 */
#ifndef THAG_TUI_FLAME_GRID_H
#define THAG_TUI_FLAME_GRID_H

#include "output/frame_order.h"

typedef struct grid_item {
    uint32_t node, row;
    int from, to;       /* columns [from, to), at least one */
    double left, width; /* the same, exactly */
} grid_item;

typedef struct flame_grid {
    const profile *p; /* borrowed */
    int64_t *inclusive;
    frame_children children;
    grid_item *items; /* by row, then from left to right */
    size_t count, room;
} flame_grid;

/** For flame_grid_release() in any case. Fails with THAG_ERR_MEMORY. */
thag_err flame_grid_init(flame_grid *g, const profile *p);
void flame_grid_release(flame_grid *g);

/** Lay out: zoomed is drawn whole; rows beyond row_limit are left out, as is what has no cell. */
thag_err flame_grid_fill(flame_grid *g, uint32_t zoomed, int columns, uint32_t row_limit);

/** The item of a node; NULL if it has none. */
const grid_item *flame_grid_find(const flame_grid *g, uint32_t node);

/** The widest item below one; NULL if there is none. */
const grid_item *flame_grid_below(const flame_grid *g, const grid_item *item);

#endif
