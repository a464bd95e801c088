#include <stdlib.h>
#include <string.h>

#include "profile/profile_ops.h"
#include "profile/profile_rebuild.h"

/* Paths share their beginnings when read from the top, not from the bottom: a deep tree can grow by
   its depth. 1 GiB of nodes is more than any honest profile has. */
#define NODES_MAX 60000000u

/* The path of a node, itself first. *to is its end, or the root if the node is. */
static thag_err reversed_path(rebuild *r, uint32_t n, uint32_t *to)
{
    const profile *p = r->from;
    thag_err err = THAG_OK;

    *to = PROFILE_ROOT;
    for (; n != PROFILE_ROOT && !err; n = p->parent[n]) {
        err = rebuild_child(r, *to, p->frame[n], to);
        if (r->to->node_count > NODES_MAX) err = THAG_ERR_TOO_LARGE;
    }
    return err;
}

thag_err profile_invert(profile **out, const profile *p, fault *f)
{
    rebuild r;
    uint32_t to;
    thag_err err = rebuild_begin(&r, p, REBUILD_NO_CALLS);

    for (uint32_t n = 0; n < p->node_count && !err; n++) {
        if (!rebuild_has_values(p, n)) continue;
        err = reversed_path(&r, n, &to);
        if (!err) err = rebuild_add_values(&r, to, n);
    }
    return rebuild_end(&r, err, out, f);
}

/* ---- callers and callees ---- */

enum { OUTSIDE, OUTERMOST, BELOW };

/* By node: is it an outermost marked one, or below one? */
static unsigned char *find_outermost(const profile *p, const unsigned char *marks)
{
    unsigned char *state = calloc(p->node_count, 1);

    for (uint32_t n = 1; state && n < p->node_count; n++) {
        if (state[p->parent[n]] != OUTSIDE)
            state[n] = BELOW;
        else if (marks[p->frame[n]])
            state[n] = OUTERMOST;
    }
    return state;
}

thag_err profile_callers(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    rebuild r;
    unsigned char *state = find_outermost(p, marks);
    thag_err err = rebuild_begin(&r, p, REBUILD_NO_CALLS);

    if (!err && !state) err = THAG_ERR_MEMORY;
    /* What was spent below an outermost one goes where its own path ends. */
    for (uint32_t n = 1; n < p->node_count && !err; n++) {
        if (state[n] == OUTSIDE) continue;
        if (state[n] == OUTERMOST)
            err = reversed_path(&r, n, &r.map[n]);
        else
            r.map[n] = r.map[p->parent[n]];
        if (!err) err = rebuild_add_values(&r, r.map[n], n);
    }
    free(state);
    return rebuild_end(&r, err, out, f);
}

thag_err profile_callees(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    rebuild r;
    unsigned char *state = find_outermost(p, marks);
    thag_err err = rebuild_begin(&r, p, REBUILD_WITH_CALLS);

    if (!err && !state) err = THAG_ERR_MEMORY;
    for (uint32_t n = 1; n < p->node_count && !err; n++) {
        if (state[n] == OUTSIDE) continue;
        err = rebuild_child(&r, state[n] == BELOW ? r.map[p->parent[n]] : PROFILE_ROOT, p->frame[n],
                            &r.map[n]);
        if (!err) err = rebuild_add(&r, r.map[n], n);
    }
    free(state);
    return rebuild_end(&r, err, out, f);
}
