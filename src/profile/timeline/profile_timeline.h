/*
 * profile_timeline.h - all spans of a trace, along time: what the flamechart, the viewer and the
 * exports of single spans read.
 *
 * Spans come thread after thread. Within a thread they come in the order of their end, which at one
 * depth is also that of their start: a reader that keeps a lane for each depth gets each lane in
 * order of time, with nothing to sort and nothing to keep. Spans that were still open when the trace
 * ended come last, from the outermost inwards. What came of one thread is read in pieces, so that
 * the memory needed does not depend on the length of the run.
 *
 * Times are nanoseconds since the session began. A span's pauses (the profiler's own work) are not in
 * its duration, so that it may seem to start later than it did, never earlier.
 *
 * Threads: one at a time. The trace must outlive the timeline; damage met on the way is added to the
 * trace's list.
 */
#ifndef THAG_PROFILE_TIMELINE_H
#define THAG_PROFILE_TIMELINE_H

#include "profile/load/profile_load.h"

typedef struct timeline timeline;

typedef struct timeline_span {
    uint64_t start_ns, end_ns; /* start_ns <= end_ns */
    uint32_t node;             /* in the profile */
    uint32_t owner;            /* index into timeline_owners() */
    uint16_t depth;            /* 0: outermost; TIMELINE_DEPTHS - 1: that or deeper */
    uint8_t is_open;           /* still running when its thread or the trace ended */
    uint8_t group;             /* 0: of the thread itself; else of a task, see below */
    uint32_t task;             /* 1 + its place in trace_tasks(); 0: of no task that is known */
    uint64_t begun_ns; /* when it began if its task waited since: before start_ns, else that */
} timeline_span;
#define TIMELINE_DEPTHS 4096u

/*
 * Tasks of the user's share threads. Those that live at the same time are in different groups, from 1
 * on, as few as it takes, so that a lane for each thread, group and depth has each span apart from the
 * others. Tasks beyond the last group are in it, and may overlap.
 *
 * From start_ns to end_ns is as long as a span ran, which of a task is less than from its begin to its
 * end. begun_ns is worked out from when its task ran on the thread on which the span ended; if it came
 * from another thread, or the thread had more than some million turns, that may be later than it was.
 */
#define TIMELINE_GROUPS 256u

/* What records into one slot: a thread, or several, one after the other, or signal handlers. */
typedef struct timeline_thread {
    uint32_t tid;         /* of the last owner */
    uint32_t owner_count; /* threads that had the slot */
    uint32_t level;       /* 0: a thread; else signal handlers that interrupted the profiler */
    uint32_t depth_count; /* deepest call path with counters, + 1; 0: none */
    uint64_t spans;       /* in the timeline */
    uint64_t open;        /* still running at the end, with a known start */
    uint64_t end_ns;
    char name[17];
} timeline_thread;

/* A thread that spans were met of. */
typedef struct timeline_owner {
    uint32_t thread; /* index into timeline_threads() */
    uint32_t tid;
    uint64_t start_ns, end_ns; /* of the first and the last span met */
    char name[17];             /* empty: unknown */
} timeline_owner;

/** On what was loaded from a trace (l->trace not NULL), which must outlive it. */
thag_err timeline_new(timeline **out, const loaded *l, fault *why);

/** NULL is accepted. */
void timeline_free(timeline *tl);

const timeline_thread *timeline_threads(const timeline *tl, uint32_t *count);

/** All owners met so far. The pointer is good until the next timeline_read(). */
const timeline_owner *timeline_owners(const timeline *tl, uint32_t *count);

/** End of the session. */
uint64_t timeline_end_ns(const timeline *tl);

/** Depth of a profile node: 0 for what hangs from the root. */
uint32_t timeline_depth(const timeline *tl, uint32_t node);

/** Go to the start of a thread, also a second time. Fails with THAG_ERR_MEMORY. */
thag_err timeline_begin(timeline *tl, uint32_t thread);

/** The next spans, at most room. 0: there are no more, or *err says what failed. */
size_t timeline_read(timeline *tl, timeline_span *spans, size_t room, thag_err *err);

/** What it was made on, for what else is read along time (task_turns.h). */
trace *timeline_trace(const timeline *tl);
uint32_t timeline_node(const timeline *tl, uint32_t node);
/** A moment of the trace, as spans have it. */
uint64_t timeline_moment_ns(const timeline *tl, uint64_t ticks);
int timeline_has_tasks(const timeline *tl);
/** Mark the nodes that are tasks: what ran below them is no part of the time of the span above. map: by node of the
    profile, that of marks; NULL: the same. */
void timeline_find_tasks(const timeline *tl, uint8_t *marks, const uint32_t *map);

/* Spans that are in the counters and not in the timeline, and why. */
typedef struct timeline_losses {
    uint64_t limit;     /* beyond THAG_TIMELINE_LIMIT */
    uint64_t unwritten; /* the disk was full */
    uint64_t sampled;   /* not timed */
    uint64_t unknown;   /* calls that no counter has either */
} timeline_losses;

timeline_losses timeline_lost(const timeline *tl);

#endif
