#include <stdlib.h>
#include <string.h>

#include "profile/profile_ops.h"
#include "profile/profile_rebuild.h"

#define HIDDEN_NAME "[hidden]"

thag_err profile_mark(unsigned char **marks, const profile *p, pattern *const *patterns,
                      size_t pattern_count, fault *f)
{
    unsigned char *m = calloc((size_t)p->frame_count + 1, 1);
    thag_err err = m ? THAG_OK : fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "marks");

    for (size_t k = 0; k < pattern_count && !err; k++) {
        for (uint32_t i = 0; i < p->frame_count && !err; i++) {
            int is_match = 0;

            err =
                pattern_match(patterns[k], p->frames[i].name, p->frames[i].name_len, &is_match, f);
            if (is_match) m[i] = 1;
        }
    }
    if (err) {
        free(m);
        m = NULL;
    }
    *marks = m;
    return err;
}

/* ---- keeping nodes ---- */

enum keep { DROPPED = 0, KEPT = 1 /* as a caller */, WHOLE = 2 /* with its own values */ };

/* Make the nodes that are kept. A kept node's parent is kept. */
static thag_err keep_nodes(profile **out, const profile *p, const unsigned char *keep, fault *f)
{
    rebuild r;
    thag_err err = rebuild_begin(&r, p, REBUILD_WITH_CALLS);

    if (!err && keep[PROFILE_ROOT] == WHOLE) err = rebuild_add(&r, PROFILE_ROOT, PROFILE_ROOT);
    for (uint32_t n = 1; n < p->node_count && !err; n++) {
        if (keep[n] == DROPPED) continue;
        err = rebuild_child(&r, r.map[p->parent[n]], p->frame[n], &r.map[n]);
        if (!err && keep[n] == WHOLE) err = rebuild_add_values(&r, r.map[n], n);
        if (!err) err = rebuild_add_calls(&r, r.map[n], n);
    }
    return rebuild_end(&r, err, out, f);
}

static thag_err no_room(fault *f)
{
    return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "filter");
}

static void keep_focus(unsigned char *keep, const profile *p, const unsigned char *marks)
{
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (marks[p->frame[n]] || keep[p->parent[n]] == WHOLE) keep[n] = WHOLE;
    }
    for (uint32_t n = p->node_count; n-- > 1;) {
        if (keep[n] && !keep[p->parent[n]]) keep[p->parent[n]] = KEPT;
    }
}

static void keep_ignore(unsigned char *keep, const profile *p, const unsigned char *marks)
{
    keep[PROFILE_ROOT] = WHOLE;
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (!marks[p->frame[n]]) keep[n] = keep[p->parent[n]];
    }
}

static void keep_ignore_self(unsigned char *keep, const profile *p, const unsigned char *marks)
{
    keep[PROFILE_ROOT] = WHOLE;
    for (uint32_t n = p->node_count; n-- > 1;) {
        if (!marks[p->frame[n]]) keep[n] = WHOLE;
        if (keep[n] && !keep[p->parent[n]]) keep[p->parent[n]] = KEPT;
    }
}

static void fill_keep(unsigned char *keep, const profile *p, const unsigned char *marks,
                      profile_filter filter)
{
    switch (filter) {
    case FILTER_FOCUS: keep_focus(keep, p, marks); break;
    case FILTER_IGNORE: keep_ignore(keep, p, marks); break;
    case FILTER_IGNORE_SELF: keep_ignore_self(keep, p, marks); break;
    }
}

static thag_err filter_profile(profile **out, const profile *p, const unsigned char *marks,
                               profile_filter filter, fault *f)
{
    unsigned char *keep = calloc(p->node_count, 1);
    thag_err err;

    *out = NULL;
    if (!keep) return no_room(f);
    fill_keep(keep, p, marks, filter);
    err = keep_nodes(out, p, keep, f);
    free(keep);
    return err;
}

thag_err profile_focus(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    return filter_profile(out, p, marks, FILTER_FOCUS, f);
}

thag_err profile_ignore(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    return filter_profile(out, p, marks, FILTER_IGNORE, f);
}

thag_err profile_ignore_self(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    return filter_profile(out, p, marks, FILTER_IGNORE_SELF, f);
}

thag_err profile_drop(unsigned char *dropped, const profile *p, const unsigned char *marks,
                      profile_filter filter, fault *f)
{
    unsigned char *keep = calloc(p->node_count, 1);

    if (!keep) return no_room(f);
    fill_keep(keep, p, marks, filter);
    for (uint32_t n = 0; n < p->node_count; n++) dropped[n] |= keep[n] == DROPPED;
    free(keep);
    return THAG_OK;
}

/* ---- kinds of allocation ---- */

#define LARGE_BYTES    1000000u
#define FREQUENT_SHARE 100 /* one in so many */

static int is_of_kind(const profile_memory *m, profile_memory_kind kind, uint64_t all_blocks)
{
    if (!m->blocks) return 0;
    switch (kind) {
    case MEMORY_LARGE: return m->bytes / m->blocks > LARGE_BYTES;
    case MEMORY_TEMPORARY: return m->temporary >= m->blocks - m->blocks / 2;
    case MEMORY_LEAKED: return m->live_blocks > 0;
    case MEMORY_FREQUENT: return m->blocks >= all_blocks / FREQUENT_SHARE;
    }
    return 0;
}

thag_err profile_ignore_memory(profile **out, const profile *p, profile_memory_kind kind, fault *f)
{
    unsigned char *keep;
    uint64_t blocks = 0;
    thag_err err;

    *out = NULL;
    if (!p->memory) return fault_set(f, THAG_ERR_EMPTY, UINT64_MAX, "memory was not recorded");
    keep = calloc(p->node_count, 1);
    if (!keep) return no_room(f);
    for (uint32_t n = 0; n < p->node_count; n++) blocks += p->memory[n].blocks;
    keep[PROFILE_ROOT] = WHOLE;
    for (uint32_t n = p->node_count; n-- > 1;) {
        if (!is_of_kind(&p->memory[n], kind, blocks)) keep[n] = WHOLE;
        if (keep[n] && !keep[p->parent[n]]) keep[p->parent[n]] = KEPT;
    }
    err = keep_nodes(out, p, keep, f);
    free(keep);
    return err;
}

/* ---- hiding ---- */

static thag_err hidden_node(rebuild *r, uint32_t *node)
{
    uint32_t frame;
    thag_err err = profile_intern(r->to, HIDDEN_NAME, sizeof HIDDEN_NAME - 1, NULL, 0, &frame);

    return err ? err : profile_child(r->to, PROFILE_ROOT, frame, node);
}

thag_err profile_hide(profile **out, const profile *p, const unsigned char *marks, fault *f)
{
    rebuild r;
    uint32_t to;
    thag_err err = rebuild_begin(&r, p, REBUILD_WITH_CALLS);

    if (!err) err = rebuild_add(&r, PROFILE_ROOT, PROFILE_ROOT);
    for (uint32_t n = 1; n < p->node_count && !err; n++) {
        uint32_t parent = r.map[p->parent[n]];

        if (!marks[p->frame[n]]) {
            err = rebuild_child(&r, parent, p->frame[n], &r.map[n]);
            if (!err) err = rebuild_add(&r, r.map[n], n);
            continue;
        }
        r.map[n] = to = parent;
        if (!rebuild_has_values(p, n)) continue;
        if (parent == PROFILE_ROOT) err = hidden_node(&r, &to);
        if (!err) err = rebuild_add_values(&r, to, n);
    }
    return rebuild_end(&r, err, out, f);
}
