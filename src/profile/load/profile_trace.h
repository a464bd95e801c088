/*
 * profile_trace.h - from a trace to a profile.
 *
 * Frames come from sites: a function or section by its name; "async::NAME" where the site says so;
 * "NAME (file.c)" where the trace has the name in several files, so that two static functions of one
 * name stay two. Call paths that are equal in these terms join. Times become nanoseconds.
 *
 * Self time is inclusive time less that of the children, over all threads. Spans of a signal handler
 * hang from the span that they interrupted and are subtracted from it. Where the children have more
 * than their parent (a forked child goes on below spans that its parent process began) self time is 0,
 * and profile_trace_info tells how much was cut. If calls were sampled, times of hot paths are
 * estimates: where those of the children exceed their parent's, they are scaled down to it.
 *
 * Spans that were still open count what they had run when the trace ended.
 */
#ifndef THAG_PROFILE_TRACE_H
#define THAG_PROFILE_TRACE_H

#include "profile/load/profile_code.h"
#include "trace/trace_reader.h"

typedef struct profile_trace_info {
    uint64_t clamped_ns; /* self times that would have been negative, summed */
    uint64_t open;       /* spans still open at the end */
    uint64_t damages;    /* of the trace */
    uint64_t losses;     /* calls that are not in the counters */
    int ended;           /* 0: killed, or still running */
} profile_trace_info;

/** Make a profile. info may be NULL. *out is the caller's, for profile_free(). */
thag_err profile_from_trace(profile **out, const trace *t, profile_trace_info *info, fault *fault);

/** The same, and which node of the profile each node of the trace became: malloc'ed, the caller's. */
thag_err profile_from_trace_nodes(profile **out, const trace *t, profile_trace_info *info,
                                  uint32_t **node_of, fault *fault);

/** The same, with the calls that allocated as frames. namer NULL: as memory of their spans. */
thag_err profile_from_trace_named(profile **out, const trace *t, const code_namer *namer,
                                  profile_trace_info *info, uint32_t **node_of, fault *fault);

/** Is a node of a trace a task? It runs on its own, not within the span that began it. */
int profile_is_task(const trace *t, uint32_t node);

/* Where the time of a slot went: wall = inside + outside. */
typedef struct thread_time {
    uint64_t wall_ns;    /* lifetimes of all its owners */
    uint64_t inside_ns;  /* within outermost spans: the sum of the self times of its spans */
    uint64_t outside_ns; /* the rest: waiting for work, or code without spans */
    uint64_t calls;      /* ended spans */
    uint64_t open;
} thread_time;

/** One thread_time for each of trace_threads(), in its order. malloc'ed; NULL when out of memory. */
thread_time *profile_thread_times(const trace *t);

#endif
