/*
 * viewer_writer.h - a profile as one HTML page to look around in: no server, no network, no other
 * file. Its policy (a <meta> with hashes) lets the browser run this script, use this style, and
 * fetch nothing at all.
 *
 * The page has the viewer (src/output/viewer/), and the profile as packed parts (packed_part.h):
 *
 *     meta     JSON: names, colours, statistics, threads
 *     tree     columns of varints over all nodes but the root: parent (own number less the
 *              parent's), name, self; then calls, memory, self and calls before, as meta tells
 *     spans    viewer_spans.h, where there is a timeline
 *
 * Names are numbered in the order of the alphabet. docs/viewer.md tells what the viewer does.
 */
#ifndef THAG_VIEWER_WRITER_H
#define THAG_VIEWER_WRITER_H

#include <stdio.h>

#include "output/palette.h"
#include "output/table/stats_writer.h"
#include "profile/load/heap_time.h"
#include "profile/load/pool_list.h"
#include "profile/timeline/task_turns.h"

typedef struct viewer_opts {
    const char *title;              /* NULL: the profile's title */
    const palette *palette;         /* NULL: mem for bytes, else aqua */
    const run_facts *meta;          /* what was lost; may be NULL */
    timeline *tl;                   /* NULL: none */
    const task_turns *turns;        /* of tl; NULL: tasks have no lanes of their own */
    const profile *recorded;        /* whose nodes tl has, some of whose paths p has; NULL: p */
    const char *note;               /* a sentence for the head of the page; NULL: none */
    const pool_list *pools;         /* memory apart from the heap's; NULL: none */
    const trace_memory_info *sizes; /* of the blocks that were allocated; NULL: not known */
    const heap_time *heap;          /* live bytes over time; NULL: not known */
    uint64_t max_spans;             /* of it to keep one by one; 0: VIEWER_MAX_SPANS */
    const profile *before;          /* to compare with, of the same unit; NULL: nothing */
    const char *before_title;
} viewer_opts;

/**
 * Write the page. With `before` or `recorded`, paths that only these have are added to p, with zero metrics: the
 * spans of those that were left out are in the timeline, pale, and count for nothing. Fails with
 * THAG_ERR_MEMORY, THAG_ERR_UNIT, THAG_ERR_WRITE. Neither closes nor flushes the stream.
 */
thag_err viewer_write(FILE *to, profile *p, const viewer_opts *opts, fault *why);

#endif
