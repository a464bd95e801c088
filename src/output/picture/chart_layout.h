/*
 * chart_layout.h - turns the timeline of a trace into the blocks of a flamechart.
 *
 * Time runs from left to right, true to scale. Each thread has a lane, with a row for each depth. Below them
 * the tasks that ran longest have a lane each, with their spans from whichever thread, their own in the
 * first row; then come the others, in a lane for each group of them on a thread.
 * Spans are read once, in a stream; what is kept is bounded by the picture, not by the run:
 *
 *     The time axis is cut into cells of one grain. A span as long as a grain, or longer, is a block
 *     of its own. Shorter ones that begin in one cell become one block, which knows how many they
 *     are, and how much of its time is theirs. When there are more blocks than the picture may have,
 *     the grain doubles and neighbours join.
 *
 * So each span is in exactly one block: counts and times add up to those of the timeline.
 */
#ifndef THAG_CHART_LAYOUT_H
#define THAG_CHART_LAYOUT_H

#include "profile/timeline/task_turns.h"

#define CHART_MAX_BLOCKS 20000u
#define CHART_MAX_ROWS   1500u /* 17 px each, as in a flamegraph */

typedef struct chart_opts {
    uint64_t from_ns, to_ns; /* what to draw; to_ns 0: up to the end */
    double width_px;         /* of the frames; 0: 1176 */
    double min_width_px;     /* of a block of its own; 0: 0.5 */
    uint32_t max_blocks;     /* 0: CHART_MAX_BLOCKS */
    /* Draw this thread? NULL: all. name may be empty. */
    int (*wants)(const void *context, uint32_t tid, const char *name);
    const void *context;
    const task_turns *turns;      /* of that timeline; NULL: no lanes of single tasks */
    uint32_t max_tasks;           /* as many of these */
    const unsigned char *dropped; /* by node of the profile: not 0, not drawn; NULL: all are */
} chart_opts;

typedef struct chart_block {
    uint64_t start_ns, end_ns;
    uint64_t busy_ns; /* of it in spans */
    uint64_t weight;  /* of node, over the others; the layout's own */
    uint32_t node;    /* if several: of a node with more than half of busy_ns, if there is one */
    uint32_t count;   /* spans; saturating */
    int is_open;
} chart_block;

/** One block of two: of what lies in both. */
void chart_block_join(chart_block *into, const chart_block *b);

typedef struct chart_row {
    chart_block *blocks; /* in the order of time */
    size_t count, room;
    uint64_t cell_end_ns; /* of the cell in which the last one begins */
} chart_row;

typedef struct chart_lane {
    uint32_t task;   /* index into the tasks of chart_opts.turns; PROFILE_NONE: of a thread */
    uint32_t thread; /* index into timeline_threads() */
    uint32_t group;  /* 0: the thread itself; else tasks that ran on it */
    uint32_t owners; /* threads that were met in it */
    uint32_t tid;    /* of the first of these */
    char name[17];
    uint32_t last_owner; /* the layout's own */
    uint64_t spans;      /* in what is drawn */
    chart_row *rows;
    uint32_t row_count;
} chart_lane;

/* Of a frame, in what is drawn. */
typedef struct chart_total {
    uint64_t spans, ns;
} chart_total;

typedef struct chart {
    chart_lane *lanes; /* those with spans: threads; single tasks by id; groups by thread */
    uint32_t lane_count, lane_room;
    uint32_t first_task, task_count; /* the lanes of single tasks */
    uint32_t more_tasks;             /* that lived in what is drawn, and have no lane */
    uint32_t row_count;              /* of all lanes */
    size_t block_count;
    chart_total *totals;     /* by frame of the profile */
    uint64_t spans;          /* drawn, alone or in blocks */
    uint64_t merged;         /* of these, in blocks of several */
    uint64_t deep;           /* too deep to draw */
    uint32_t crowded;        /* lanes there was no room for */
    uint64_t from_ns, to_ns; /* as drawn */
    uint64_t grain_ns;
} chart;

/** Read the timeline and lay it out. *out is the caller's, for chart_free(). */
thag_err chart_build(chart **out, timeline *tl, const profile *p, const chart_opts *opts,
                     fault *why);

/** NULL is accepted. */
void chart_free(chart *c);

#endif
