/*
 * profile_instances.h - a profile in which the largest tasks stand one by one: async::download#12, and
 * the others of that name together.
 *
 * From the timeline, in which spans are single: what is not in that is not in here.
 */
#ifndef THAG_PROFILE_INSTANCES_H
#define THAG_PROFILE_INSTANCES_H

#include "profile/timeline/profile_timeline.h"

/**
 * l->trace and l->profile are not NULL; `count` tasks, those that ran longest. *out is the caller's.
 * Spans that were still open stay with the path of all tasks. There are no percentiles and no memory.
 */
thag_err profile_instances(profile **out, const loaded *l, uint32_t count, fault *fault);

#endif
