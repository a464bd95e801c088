/*
 * profile_pairs.h - who freed what who had allocated, as a profile: so it can be merged and transformed
 * as any other.
 *
 * A path of it is that of an allocation, the frame "[freed in]", and that of the free:
 *
 *     main > parse > malloc > [freed in] > main > reset > free
 *
 * Its memory, at the last node, is what was allocated in the one and freed in the other.
 */
#ifndef THAG_PROFILE_PAIRS_H
#define THAG_PROFILE_PAIRS_H

#include "profile/load/profile_load.h"

/** l->trace is not NULL. *out is the caller's; it has no nodes but the root where no free was paired. */
thag_err profile_pairs(profile **out, const loaded *l, fault *fault);

/** The node "[freed in]" above that one; the node itself if that has been hidden. */
uint32_t profile_pair_middle(const profile *p, uint32_t node);

#endif
