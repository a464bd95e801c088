/*
 * profile_waits.h - what tasks waited, as a profile: on its own, or beside what ran.
 *
 * A wait counts at the span that was innermost when the task was suspended: which of its awaits cost the
 * time. Of a callback it is the time from where it was asked for to where it ran.
 */
#ifndef THAG_PROFILE_WAITS_H
#define THAG_PROFILE_WAITS_H

#include "profile/load/profile_load.h"

typedef enum waits_view {
    WAITS_HIDDEN, /* the profile as it is: running time */
    WAITS_ONLY,   /* self is what was waited in the span; calls are the waits */
    WAITS_TOO /* a child [waiting] beside what the span called: all adds up to tasks' lifetimes */
} waits_view;

/**
 * l->trace and l->profile are not NULL. *out is the caller's; it has no nodes but the root if nothing
 * waited. What could have run, but had no thread, is a child [ready]; it is known where the program says so.
 */
thag_err profile_waits(profile **out, const loaded *l, waits_view view, fault *fault);

#endif
