/*
 * timeline_order.h - the spans of a thread in order of their start, properly nested: for formats that
 * need the caller before what it calls.
 *
 * The trace has them in order of their end. A first reading finds the spans that last across a window
 * of the others, which are few: at most the depth of the stack for each window. The second reading
 * takes window after window, with those that begin in it, and sorts them. So memory grows with depth
 * times the number of windows, not with the number of spans.
 *
 * What is given is always nested and in order, whatever the trace holds. A span that seems to start
 * after what it called, because the profiler's own pauses are not in its duration, is made longer by
 * them; spans that overlap without being nested, which only a damaged trace has, are cut.
 */
#ifndef THAG_TIMELINE_ORDER_H
#define THAG_TIMELINE_ORDER_H

#include "profile/timeline/profile_timeline.h"

typedef struct timeline_order timeline_order;

/**
 * On the spans of one group of a thread: 0 are those of the thread itself, others those of tasks, which
 * do not nest with them. The timeline and its profile p must outlive it, and it reads the timeline alone.
 */
thag_err timeline_order_new(timeline_order **out, timeline *tl, const profile *p, uint32_t thread,
                            uint32_t group, fault *why);

/** The highest group that the thread has. */
uint32_t timeline_order_last_group(const timeline_order *o);

/** NULL is accepted. */
void timeline_order_free(timeline_order *o);

typedef enum timeline_event_kind { TIMELINE_BEGIN, TIMELINE_END } timeline_event_kind;

/* The moment when a span begins or ends. Events come in order of time; each begin has its end. */
typedef struct timeline_event {
    timeline_event_kind kind;
    uint64_t at_ns;
    timeline_span span; /* as it is given: at_ns is one of its ends */
} timeline_event;

/** The next event. 1, 0 at the end, -1: *why is set. */
int timeline_order_next(timeline_order *o, timeline_event *event, fault *why);

#endif
