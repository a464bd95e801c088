#include <stdlib.h>
#include <string.h>

#include "profile/profile_ops.h"
#include "profile/profile_rebuild.h"
#include "profile/profile_walk.h"

/* ---- recursion ---- */

/* outermost[frame]: the node of `to` for it on the path to the present node. */
static void leave(const profile *p, uint32_t *outermost, const unsigned char *is_outermost,
                  uint32_t from, uint32_t up_to)
{
    for (uint32_t n = from;; n = p->parent[n]) {
        if (is_outermost[n]) outermost[p->frame[n]] = PROFILE_NONE;
        if (n == up_to) return;
    }
}

static thag_err collapse_paths(rebuild *r, const profile_walk *w, uint32_t *outermost,
                               unsigned char *is_outermost)
{
    const profile *p = r->from;
    uint32_t left, next;
    thag_err err = THAG_OK;

    for (uint32_t n = PROFILE_ROOT; n != PROFILE_NONE && !err; n = next) {
        if (n != PROFILE_ROOT) {
            uint32_t *known = &outermost[p->frame[n]];

            if (*known == PROFILE_NONE) {
                is_outermost[n] = 1;
                err = rebuild_child(r, r->map[p->parent[n]], p->frame[n], known);
            }
            r->map[n] = *known;
        }
        if (!err) err = rebuild_add(r, r->map[n], n);
        next = profile_walk_next(w, p, n, &left);
        if (left != PROFILE_NONE) leave(p, outermost, is_outermost, n, left);
    }
    return err;
}

thag_err profile_collapse_recursion(profile **out, const profile *p, fault *f)
{
    rebuild r;
    profile_walk w = {0};
    uint32_t *outermost = malloc(((size_t)p->frame_count + 1) * sizeof *outermost);
    unsigned char *is_outermost = calloc(p->node_count, 1);
    thag_err err = rebuild_begin(&r, p, REBUILD_WITH_CALLS);

    if (!err && (!outermost || !is_outermost)) err = THAG_ERR_MEMORY;
    if (!err) err = profile_walk_init(&w, p);
    if (!err) {
        memset(outermost, 0xFF, p->frame_count * sizeof *outermost);
        err = collapse_paths(&r, &w, outermost, is_outermost);
    }
    profile_walk_release(&w);
    free(outermost);
    free(is_outermost);
    return rebuild_end(&r, err, out, f);
}

/* ---- wrappers ---- */

#define WRAPPER_SHARE 100 /* at most one part in so many is its own */

/* stays[n]: the node itself, or for a wrapper the first below it that is none. */
static thag_err find_wrappers(const profile *p, uint32_t **stays)
{
    uint32_t *s = malloc(p->node_count * sizeof *s);
    uint32_t *only_child = calloc(p->node_count, sizeof *only_child); /* 0: none, NONE: several */
    int64_t *inclusive = profile_inclusive(p);
    thag_err err = s && only_child && inclusive ? THAG_OK : THAG_ERR_MEMORY;

    *stays = s;
    for (uint32_t n = p->node_count; n-- > 0 && !err;) {
        uint32_t child = only_child[n];
        int is_wrapper = n != PROFILE_ROOT && child && child != PROFILE_NONE &&
                         p->self[n] <= inclusive[n] / WRAPPER_SHARE;

        s[n] = is_wrapper ? s[child] : n;
        if (n == PROFILE_ROOT) break;
        only_child[p->parent[n]] = only_child[p->parent[n]] ? PROFILE_NONE : n;
    }
    free(only_child);
    free(inclusive);
    return err;
}

thag_err profile_collapse_wrappers(profile **out, const profile *p, fault *f)
{
    rebuild r;
    uint32_t *stays = NULL;
    thag_err err = rebuild_begin(&r, p, REBUILD_WITH_CALLS);

    if (!err) err = find_wrappers(p, &stays);
    for (uint32_t n = 1; n < p->node_count && !err; n++) {
        if (stays[n] != n) {
            r.map[n] = r.map[p->parent[n]];
            continue;
        }
        err = rebuild_child(&r, r.map[p->parent[n]], p->frame[n], &r.map[n]);
        if (!err) err = rebuild_add_calls(&r, r.map[n], n);
    }
    for (uint32_t n = 0; n < p->node_count && !err; n++) {
        err = rebuild_add_values(&r, r.map[stays[n]], n);
    }
    free(stays);
    return rebuild_end(&r, err, out, f);
}
