/*
 * profile_walk.h - the tree of a profile downwards. Profiles keep parents only; who needs children
 * makes these for a while.
 */
#ifndef THAG_PROFILE_WALK_H
#define THAG_PROFILE_WALK_H

#include "profile/profile.h"

/* By node; PROFILE_NONE: none. Siblings are in the order of their index. */
typedef struct profile_walk {
    uint32_t *first_child, *next_sibling;
} profile_walk;

/** Fails with THAG_ERR_MEMORY. For profile_walk_release() also then. */
thag_err profile_walk_init(profile_walk *w, const profile *p);
void profile_walk_release(profile_walk *w);

/**
 * The node after n, depth first, the root being first; PROFILE_NONE after the last. *left, if given,
 * gets the highest node that is left on the way, with all above it up to n; PROFILE_NONE if none.
 */
uint32_t profile_walk_next(const profile_walk *w, const profile *p, uint32_t n, uint32_t *left);

#endif
