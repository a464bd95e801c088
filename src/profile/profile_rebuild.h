/*
 * profile_rebuild.h - how one profile is made from another: what all transformations share.
 *
 * A rebuild walks the nodes of `from`, finds or makes nodes in `to`, and adds metrics to them. Frames
 * are interned once each. Transformations are pure: `from` stays as it is, and `to` is a new profile
 * of the same title, unit and settings.
 *
 * Use: rebuild_begin(); rebuild_child() and rebuild_add...(); rebuild_end() in any case, with the
 * first error met.
 */
#ifndef THAG_PROFILE_REBUILD_H
#define THAG_PROFILE_REBUILD_H

#include "profile/profile.h"

typedef struct rebuild {
    const profile *from; /* borrowed */
    profile *to;
    uint32_t *map; /* by node of from: that of to. The caller's; all PROFILE_NONE but the root's */
    uint32_t *frames; /* by frame of from: that of to, PROFILE_NONE if not needed yet */
} rebuild;

enum rebuild_calls { REBUILD_NO_CALLS, REBUILD_WITH_CALLS /* if from has them */ };

thag_err rebuild_begin(rebuild *r, const profile *from, enum rebuild_calls calls);

/** The same into a profile that there is. For rebuild_release(). */
thag_err rebuild_into(rebuild *r, const profile *from, profile *to);
void rebuild_release(rebuild *r);

/** The child of a node of `to` for a frame of `from`. */
thag_err rebuild_child(rebuild *r, uint32_t to_parent, uint32_t from_frame, uint32_t *to_node);

/** Add self value and memory (if both have it) of a node of `from` to a node of `to`. */
thag_err rebuild_add_values(rebuild *r, uint32_t to_node, uint32_t from_node);

/** Add its calls, if `to` has calls. */
thag_err rebuild_add_calls(rebuild *r, uint32_t to_node, uint32_t from_node);

/** Both. */
thag_err rebuild_add(rebuild *r, uint32_t to_node, uint32_t from_node);

/** Has the node a value or memory of its own? */
int rebuild_has_values(const profile *p, uint32_t node);

/** Hand over, or clean up after err, which it says in *fault and returns. */
thag_err rebuild_end(rebuild *r, thag_err err, profile **out, fault *fault);

/* ---- columns ---- */

/** Add to a self value. THAG_ERR_TOO_LARGE if the sum does not fit. */
thag_err profile_add_self(profile *p, uint32_t node, int64_t value);

/** How much more self values may add up to: their sum has to fit. */
uint64_t profile_self_room(const profile *p);

/** Add to a self value what there is room for: only a damaged counter has more. */
void profile_add_fitting(profile *p, uint32_t node, uint64_t value, uint64_t *room);

/** Add calls and histogram of another node, maybe of another profile. */
thag_err profile_add_calls(profile_calls *into, const profile_calls *from);

#endif
