/*
 * profile_slice.h - a part of a run as a profile: some time, some threads, or thread by thread. From
 * the timeline, so what is not in that is not in here (timeline_lost()).
 *
 * A span counts as far as it lies in the time that is wanted. Calls are those of the spans that have a
 * part in it; minimum and maximum are of these parts. There are no percentiles and no memory.
 */
#ifndef THAG_PROFILE_SLICE_H
#define THAG_PROFILE_SLICE_H

#include "profile/timeline/profile_timeline.h"

typedef struct slice_opts {
    uint64_t from_ns, to_ns; /* since the session began; to_ns 0: to the end */
    /* Is a thread wanted? NULL: all are. */
    int (*wants)(const void *context, uint32_t tid, const char *name);
    const void *context;
    int by_thread; /* a frame "thread NAME (TID)" above what each of them did */
} slice_opts;

/** l->trace and l->profile are not NULL. *out is the caller's. lost may be NULL. */
thag_err profile_slice(profile **out, const loaded *l, const slice_opts *opts,
                       timeline_losses *lost, fault *fault);

#endif
