#include "profile/timeline/profile_slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_rebuild.h"

#define RUN 1024 /* spans at a time */

/* What a node of the new profile has. */
typedef struct tally {
    uint64_t inclusive_ns, calls, min_ns, max_ns;
    int is_detached; /* a task: its time is not part of what began it */
} tally;

typedef struct slice {
    const slice_opts *opts;
    const loaded *from;
    timeline *tl;
    uint64_t to_ns;
    rebuild r;
    /* The present owner's nodes, by node of the whole profile, are known where stamps[node] == stamp. */
    uint32_t owner; /* PROFILE_NONE: none yet */
    int is_wanted;
    uint32_t *stamps, stamp;
    uint32_t *chain;      /* room for a path of the whole profile */
    uint8_t *is_detached; /* by node of the whole profile */
    tally *tallies;       /* by node of the new one */
    uint32_t tally_room;
} slice;

/* ---- owners ---- */

static thag_err thread_frame(slice *s, const timeline_owner *o, uint32_t *top)
{
    char name[64];
    uint32_t frame;
    thag_err err;

    *top = PROFILE_ROOT;
    if (!s->opts->by_thread) return THAG_OK;
    snprintf(name, sizeof name, "thread %s%s(%u)", o->name, *o->name ? " " : "", (unsigned)o->tid);
    err = profile_intern(s->r.to, name, strlen(name), NULL, 0, &frame);
    return err ? err : profile_child(s->r.to, PROFILE_ROOT, frame, top);
}

static thag_err change_owner(slice *s, uint32_t owner)
{
    uint32_t count, top = PROFILE_ROOT;
    const timeline_owner *o = &timeline_owners(s->tl, &count)[owner];
    thag_err err = THAG_OK;

    s->owner = owner;
    s->is_wanted = !s->opts->wants || s->opts->wants(s->opts->context, o->tid, o->name);
    if (s->is_wanted) err = thread_frame(s, o, &top);
    s->stamp++; /* owners are fewer than its numbers */
    s->r.map[PROFILE_ROOT] = top;
    s->stamps[PROFILE_ROOT] = s->stamp;
    return err;
}

/* ---- spans ---- */

static thag_err reserve_tallies(slice *s)
{
    uint32_t room = s->tally_room;
    tally *grown;

    if (s->r.to->node_count <= room) return THAG_OK;
    while (room < s->r.to->node_count) room = room ? room * 2 : 1024;
    grown = realloc(s->tallies, room * sizeof *grown);
    if (!grown) return THAG_ERR_MEMORY;
    for (uint32_t n = s->tally_room; n < room; n++) grown[n] = (tally){.min_ns = UINT64_MAX};
    s->tallies = grown;
    s->tally_room = room;
    return THAG_OK;
}

/* The node of the present one for a node of the whole profile. */
static thag_err node_for(slice *s, uint32_t node, uint32_t *to)
{
    const profile *from = s->r.from;
    uint32_t depth = 0;
    thag_err err = THAG_OK;

    for (; s->stamps[node] != s->stamp; node = from->parent[node]) s->chain[depth++] = node;
    while (depth-- && !err) {
        uint32_t n = s->chain[depth];

        err = rebuild_child(&s->r, s->r.map[node], from->frame[n], &s->r.map[n]);
        if (!err) err = reserve_tallies(s);
        if (err) return err;
        s->tallies[s->r.map[n]].is_detached = s->is_detached[n];
        s->stamps[n] = s->stamp;
        node = n;
    }
    *to = s->r.map[node];
    return err;
}

static thag_err add_span(slice *s, const timeline_span *span)
{
    uint64_t start = span->start_ns > s->opts->from_ns ? span->start_ns : s->opts->from_ns;
    uint64_t end = span->end_ns < s->to_ns ? span->end_ns : s->to_ns, length;
    uint32_t node;
    tally *t;
    thag_err err;

    /* One without a length is in it where it lies within. */
    if (end < start || span->start_ns > s->to_ns || span->end_ns < s->opts->from_ns) {
        return THAG_OK;
    }
    err = node_for(s, span->node, &node);
    if (err) return err;
    t = &s->tallies[node];
    length = end - start;
    t->inclusive_ns += length;
    t->calls++;
    if (length < t->min_ns) t->min_ns = length;
    if (length > t->max_ns) t->max_ns = length;
    return THAG_OK;
}

static thag_err read_thread(slice *s, uint32_t thread, timeline_span *spans)
{
    thag_err err = timeline_begin(s->tl, thread);
    size_t count = 1;

    while (!err && count) {
        count = timeline_read(s->tl, spans, RUN, &err);
        for (size_t i = 0; i < count && !err; i++) {
            if (spans[i].owner != s->owner) err = change_owner(s, spans[i].owner);
            if (!err && s->is_wanted) err = add_span(s, &spans[i]);
        }
    }
    return err;
}

/* ---- the whole ---- */

/* Children have more than their parent where its span is lost. */
static void set_values(slice *s)
{
    profile *to = s->r.to;

    for (uint32_t n = to->node_count; n-- > 1;) {
        const tally *t = &s->tallies[n];
        profile_calls *calls = &to->calls[n];

        /* What its children have stands in self, negative, since they come first. */
        to->self[n] += (int64_t)t->inclusive_ns;
        if (to->self[n] < 0) to->self[n] = 0;
        if (!t->is_detached) to->self[to->parent[n]] -= (int64_t)t->inclusive_ns;
        calls->calls = calls->timed = t->calls;
        calls->min_ns = t->min_ns;
        calls->max_ns = t->max_ns;
    }
    to->self[PROFILE_ROOT] = 0;
}

static thag_err read_all(slice *s)
{
    uint32_t threads, nodes = s->r.from->node_count;
    timeline_span *spans = malloc(RUN * sizeof *spans);
    thag_err err = spans ? THAG_OK : THAG_ERR_MEMORY;

    s->stamps = calloc(nodes, sizeof *s->stamps);
    s->chain = malloc(nodes * sizeof *s->chain);
    s->is_detached = calloc(nodes, 1);
    if (!s->stamps || !s->chain || !s->is_detached) err = THAG_ERR_MEMORY;
    if (!err) timeline_find_tasks(s->tl, s->is_detached, NULL);
    timeline_threads(s->tl, &threads);
    for (uint32_t i = 0; i < threads && !err; i++) err = read_thread(s, i, spans);
    if (!err) err = reserve_tallies(s);
    if (!err) set_values(s);
    free(spans);
    free(s->stamps);
    free(s->chain);
    free(s->is_detached);
    return err;
}

thag_err profile_slice(profile **out, const loaded *l, const slice_opts *opts,
                       timeline_losses *lost, fault *f)
{
    slice s = {.opts = opts, .from = l, .owner = PROFILE_NONE};
    thag_err err;

    *out = NULL;
    err = timeline_new(&s.tl, l, f);
    if (err) return err;
    s.to_ns = opts->to_ns ? opts->to_ns : timeline_end_ns(s.tl);
    err = rebuild_begin(&s.r, l->profile, REBUILD_WITH_CALLS);
    if (!err) {
        free(s.r.to->memory); /* the timeline has none */
        s.r.to->memory = NULL;
        s.r.to->memory_mode = PROFILE_NO_MEMORY;
        err = read_all(&s);
    }
    if (lost) *lost = timeline_lost(s.tl);
    free(s.tallies);
    timeline_free(s.tl);
    return rebuild_end(&s.r, err, out, f);
}
