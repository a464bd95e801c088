#include "profile/profile_slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_rebuild.h"

#define RUN 1024 /* spans at a time */

/* What one thread has of a node. */
typedef struct part {
    int64_t inclusive_ns, children_ns;
    uint64_t calls, min_ns, max_ns;
    int is_used; /* it, or one below it */
} part;

typedef struct slice {
    const slice_opts *opts;
    timeline *tl;
    rebuild r;
    part *parts;    /* by node of the whole profile; of the present owner */
    uint32_t owner; /* PROFILE_NONE: none yet */
    int is_wanted;  /* the present owner is */
    uint64_t to_ns;
} slice;

/* ---- spans ---- */

static void add_span(slice *s, const timeline_span *span)
{
    uint64_t start = span->start_ns > s->opts->from_ns ? span->start_ns : s->opts->from_ns;
    uint64_t end = span->end_ns < s->to_ns ? span->end_ns : s->to_ns, length;
    part *p = &s->parts[span->node];

    /* One without a length is in it where it lies within. */
    if (end < start || span->start_ns > s->to_ns || span->end_ns < s->opts->from_ns) return;
    length = end - start;
    p->is_used = 1;
    p->inclusive_ns += (int64_t)length;
    p->calls++;
    if (length < p->min_ns) p->min_ns = length;
    if (length > p->max_ns) p->max_ns = length;
}

/* ---- what an owner did goes to the new profile ---- */

static thag_err thread_frame(slice *s, uint32_t *top)
{
    uint32_t count, frame;
    const timeline_owner *o = &timeline_owners(s->tl, &count)[s->owner];
    char name[64];
    thag_err err;

    *top = PROFILE_ROOT;
    if (!s->opts->by_thread) return THAG_OK;
    snprintf(name, sizeof name, "thread %s%s(%u)", o->name, *o->name ? " " : "", (unsigned)o->tid);
    err = profile_intern(s->r.to, name, strlen(name), NULL, 0, &frame);
    return err ? err : profile_child(s->r.to, PROFILE_ROOT, frame, top);
}

static void add_part(profile *to, uint32_t node, const part *p)
{
    profile_calls *calls = &to->calls[node];

    /* Children have more than their parent where its span is lost. */
    if (p->inclusive_ns > p->children_ns) to->self[node] += p->inclusive_ns - p->children_ns;
    calls->calls += p->calls;
    calls->timed += p->calls;
    if (p->min_ns < calls->min_ns) calls->min_ns = p->min_ns;
    if (p->max_ns > calls->max_ns) calls->max_ns = p->max_ns;
}

static thag_err flush_owner(slice *s)
{
    const profile *from = s->r.from;
    uint32_t top = PROFILE_ROOT;
    thag_err err = THAG_OK;

    for (uint32_t n = from->node_count; n-- > 1;) {
        part *parent = &s->parts[from->parent[n]];

        parent->children_ns += s->parts[n].inclusive_ns;
        parent->is_used |= s->parts[n].is_used;
    }
    if (s->owner != PROFILE_NONE && s->parts[PROFILE_ROOT].is_used) err = thread_frame(s, &top);
    s->r.map[PROFILE_ROOT] = top;
    for (uint32_t n = 1; n < from->node_count && !err; n++) {
        if (!s->parts[n].is_used) continue;
        err = rebuild_child(&s->r, s->r.map[from->parent[n]], from->frame[n], &s->r.map[n]);
        if (!err) add_part(s->r.to, s->r.map[n], &s->parts[n]);
    }
    for (uint32_t n = 0; n < from->node_count; n++) s->parts[n] = (part){.min_ns = UINT64_MAX};
    return err;
}

static thag_err change_owner(slice *s, uint32_t owner)
{
    thag_err err = flush_owner(s);
    uint32_t count;
    const timeline_owner *o = &timeline_owners(s->tl, &count)[owner];

    s->owner = owner;
    s->is_wanted = !s->opts->wants || s->opts->wants(s->opts->context, o->tid, o->name);
    return err;
}

static thag_err read_thread(slice *s, uint32_t thread, timeline_span *spans)
{
    thag_err err = timeline_begin(s->tl, thread);
    size_t count = 1;

    while (!err && count) {
        count = timeline_read(s->tl, spans, RUN, &err);
        for (size_t i = 0; i < count && !err; i++) {
            if (spans[i].owner != s->owner) err = change_owner(s, spans[i].owner);
            if (s->is_wanted) add_span(s, &spans[i]);
        }
    }
    return err;
}

static thag_err read_all(slice *s)
{
    uint32_t threads;
    timeline_span *spans = malloc(RUN * sizeof *spans);
    thag_err err = THAG_OK;

    s->parts = calloc(s->r.from->node_count, sizeof *s->parts);
    if (!spans || !s->parts) {
        free(spans);
        return THAG_ERR_MEMORY;
    }
    timeline_threads(s->tl, &threads);
    err = flush_owner(s); /* of nobody: sets the parts up */
    for (uint32_t i = 0; i < threads && !err; i++) err = read_thread(s, i, spans);
    if (!err) err = flush_owner(s);
    free(spans);
    return err;
}

thag_err profile_slice(profile **out, const loaded *l, const slice_opts *opts,
                       timeline_losses *lost, fault *f)
{
    slice s = {.opts = opts, .owner = PROFILE_NONE};
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
    free(s.parts);
    timeline_free(s.tl);
    return rebuild_end(&s.r, err, out, f);
}
