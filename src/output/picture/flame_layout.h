/*
 * flame_layout.h - turns a profile into the rectangles of a flamegraph.
 *
 * Rectangles come row by row from the root, in each row from left to right. Children are sorted by
 * name and start where their parent starts; what the parent spent itself, and children too narrow to
 * draw, are the rest of it at the right. Positions and widths are in the profile's own unit, so they
 * are exact and the totals true whatever was left out.
 *
 * Invariants: rects[0] is the root; a rectangle lies within its parent, which has a smaller index
 * and is one row up; rectangles of a row do not overlap.
 */
#ifndef THAG_FLAME_LAYOUT_H
#define THAG_FLAME_LAYOUT_H

#include "profile/profile.h"

#define FLAME_MIN_WIDTH_PX 0.1
#define FLAME_MAX_ROWS     1500u /* 17 px each: browsers stop drawing somewhere beyond 32,767 px */

typedef struct flame_opts {
    double width_px;     /* of the whole picture; 0: 1200 */
    double min_width_px; /* narrower ones are left out; negative: nothing is left out; 0: default */
    uint32_t max_rows;   /* deeper ones are left out; 0: FLAME_MAX_ROWS */
} flame_opts;

typedef struct flame_rect {
    int64_t start;   /* left edge, 0 .. total */
    int64_t value;   /* width */
    uint32_t node;   /* in the profile */
    uint32_t parent; /* index of its rectangle; PROFILE_NONE for the root */
    uint32_t row;    /* 0: the root */
} flame_rect;

typedef struct flame {
    flame_rect *rects;
    uint32_t rect_count;
    uint32_t row_count;
    uint32_t narrow_count; /* nodes left out for their width, and what is below them */
    uint32_t deep_count;   /* nodes wide enough left out for their depth */
    uint32_t deepest;      /* rows that there would have been without a limit */
    int64_t total;
} flame;

/** *out is the caller's, for flame_free(). opts may be NULL. Fails with THAG_ERR_MEMORY. */
thag_err flame_build(flame **out, const profile *p, const flame_opts *opts, fault *why);

/** NULL is accepted. */
void flame_free(flame *f);

#endif
