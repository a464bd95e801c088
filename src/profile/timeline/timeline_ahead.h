/*
 * timeline_ahead.h - all spans of a timeline, read by a thread of its own while the caller works on those
 * that it has: two cores for one stream, in the same order as with one.
 *
 * The timeline is the reader's until timeline_ahead_free(), but for what never changes while it is read:
 * timeline_threads(), timeline_depth(), timeline_node(), timeline_trace().
 */
#ifndef THAG_TIMELINE_AHEAD_H
#define THAG_TIMELINE_AHEAD_H

#include "profile/timeline/profile_timeline.h"

#define TIMELINE_BATCH 1024u

/* Spans of one thread and of one of its owners. */
typedef struct timeline_batch {
    uint32_t thread; /* index into timeline_threads() */
    timeline_owner owner;
    size_t count;
    timeline_span spans[TIMELINE_BATCH];
} timeline_batch;

typedef struct timeline_ahead timeline_ahead;

/** Begin to read all threads that have counters, one after the other. Where no thread can be had, spans are read when
    they are asked for. Fails with THAG_ERR_MEMORY. */
thag_err timeline_ahead_new(timeline_ahead **out, timeline *tl);

/** The next ones, good until the next call. NULL: there are no more, or *err says what failed. */
const timeline_batch *timeline_ahead_next(timeline_ahead *a, thag_err *err);

/** Also before the end. NULL is accepted. */
void timeline_ahead_free(timeline_ahead *a);

#endif
