/*
 * viewer_spans.h - the timeline of a trace, packed for the viewer.
 *
 * A lane is what one thread, or a group of tasks on it, ran at one depth, in the order of time. Of the tasks that ran
 * longest each has lanes of its own, on whichever threads it ran: of each thread in the order of time. The part "spans" is blocks of
 * lanes, each with up to VIEWER_BLOCK spans, columns one after the other:
 *
 *     lane, count, has_several           varints
 *     node x count                       varints: in the tree of the page
 *     gap x count                        signed: from the end of the span before in its lane
 *     length x count                     varints, ns
 *     if has_several: spans x count      varints: 1 is a span, more are that many together, 0 is one
 *                                        whose task waited in it
 *                     busy for each      varints, ns: of those with another number than 1
 *
 * Up to max_spans are kept one by one. Of more, the shortest that begin in the same stretch of time
 * are put together, as the flamechart does it (chart_layout.h), with their number and their time; the
 * stretch is the shortest power of two with which the limit holds. The trace is then read twice.
 */
#ifndef THAG_VIEWER_SPANS_H
#define THAG_VIEWER_SPANS_H

#include "output/json_writer.h"
#include "profile/timeline/task_turns.h"

#define VIEWER_BLOCK     1024u
#define VIEWER_MAX_SPANS 12000000u
#define VIEWER_MAX_TASKS 200u

typedef struct viewer_lane {
    uint32_t thread, depth;
    uint32_t group; /* timeline_span.group */
    uint32_t task;  /* place in viewer_spans.tasks, depth is from its span on; PROFILE_NONE: none */
    uint64_t entries; /* what the page has of it: spans, or several together */
    int is_open;      /* the last one was still running */
} viewer_lane;

typedef struct viewer_spans {
    viewer_lane *lanes; /* those of a thread stand together, but for lanes of tasks between them */
    uint32_t lane_count;
    const task_turns *turns; /* NULL: no tasks */
    uint32_t *tasks;         /* that have lanes of their own: indices into those of turns, by id */
    uint32_t task_count, more_tasks;
    uint64_t spans, merged; /* all; those that are not kept one by one */
    uint64_t grain_ns;      /* spans of this length and more are; 0: all are */
} viewer_spans;

/** Write the part. turns: of that timeline, and there until viewer_spans_release(); may be NULL. node_of: by node of
    tl's profile, that of the page; NULL: the same. What is filled in is for viewer_spans_release(), also after a
    failure. */
thag_err viewer_spans_put(viewer_spans *s, FILE *to, timeline *tl, const task_turns *turns,
                          const uint32_t *node_of, uint64_t max_spans);
void viewer_spans_release(viewer_spans *s);

/** `"time": {...}`: threads, their owners and lanes, tasks, what began threads, what is missing. */
void viewer_spans_describe(json *j, const viewer_spans *s, const timeline *tl,
                           const uint32_t *node_of);

#endif
