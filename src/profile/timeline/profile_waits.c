#include "profile/timeline/profile_waits.h"

#include <stdlib.h>
#include <string.h>

#include "profile/profile_rebuild.h"

/* Of a profile node, in ticks. */
typedef struct waited {
    uint64_t count, ticks, ready, max;
    int is_on_path; /* it, or one below it, waited */
} waited;

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void add_wait(waited *w, uint64_t count, uint64_t ticks, uint64_t ready, uint64_t max)
{
    w->count = add_capped(w->count, count);
    w->ticks = add_capped(w->ticks, ticks);
    w->ready = add_capped(w->ready, ready < ticks ? ready : ticks);
    if (max > w->max) w->max = max;
}

/* What had ended is in the counters; a task that is suspended still has waited up to the end. */
static thag_err sum_waits(waited *sums, const loaded *l)
{
    size_t count;
    const trace_path *paths = trace_paths(l->trace, &count);
    const trace_task_info *tasks;
    thag_err err;

    for (size_t i = 0; i < count; i++) {
        if (!paths[i].waits) continue;
        add_wait(&sums[l->node_of[paths[i].node]], paths[i].waits, paths[i].wait_ticks,
                 paths[i].wait_ready_ticks, paths[i].wait_max_ticks);
    }
    err = trace_tasks(l->trace, &tasks, &count);
    for (size_t i = 0; !err && i < count; i++) {
        uint64_t ticks = tasks[i].open_wait_ticks;

        if (ticks) add_wait(&sums[l->node_of[tasks[i].wait_node]], 1, ticks, 0, ticks);
    }
    return err;
}

static void mark_paths(waited *sums, const profile *p)
{
    for (uint32_t n = p->node_count; n-- > 1;) {
        sums[n].is_on_path |= sums[n].count != 0;
        sums[p->parent[n]].is_on_path |= sums[n].is_on_path;
    }
}

/* The child of a node by a name that is no function's. */
static thag_err named_child(profile *p, uint32_t parent, const char *name, uint32_t *node)
{
    uint32_t frame;
    thag_err err = profile_intern(p, name, strlen(name), NULL, 0, &frame);

    return err ? err : profile_child(p, parent, frame, node);
}

static thag_err put_wait(profile *to, uint32_t node, const waited *w, const trace *t,
                         waits_view view, uint64_t *room)
{
    uint32_t ready;
    thag_err err = THAG_OK;

    if (view == WAITS_ONLY) {
        to->calls[node].calls = to->calls[node].timed = w->count;
        to->calls[node].max_ns = trace_ns(t, w->max);
        to->calls[node].min_ns = 0; /* is not known */
    } else {
        err = named_child(to, node, "[waiting]", &node);
    }
    if (err) return err;
    profile_add_fitting(to, node, trace_ns(t, w->ticks - w->ready), room);
    if (!w->ready) return THAG_OK;
    err = named_child(to, node, "[ready]", &ready);
    if (!err) profile_add_fitting(to, ready, trace_ns(t, w->ready), room);
    return err;
}

static void forget_memory(profile *p)
{
    free(p->memory);
    p->memory = NULL;
    p->memory_mode = PROFILE_NO_MEMORY;
}

thag_err profile_waits(profile **out, const loaded *l, waits_view view, fault *f)
{
    const profile *from = l->profile;
    uint64_t room = view == WAITS_ONLY ? INT64_MAX : profile_self_room(from);
    rebuild r;
    waited *sums = calloc(from->node_count, sizeof *sums);
    thag_err err = rebuild_begin(&r, from, REBUILD_WITH_CALLS);

    *out = NULL;
    if (!err && !sums) err = THAG_ERR_MEMORY;
    if (!err) err = sum_waits(sums, l);
    if (err) goto done;
    mark_paths(sums, from);
    forget_memory(r.to);
    if (view == WAITS_ONLY) r.to->probe_inside_ns = r.to->probe_outside_ns = 0;
    for (uint32_t n = 1; n < from->node_count && !err; n++) {
        if (view == WAITS_ONLY && !sums[n].is_on_path) continue;
        err = rebuild_child(&r, r.map[from->parent[n]], from->frame[n], &r.map[n]);
        if (!err && view == WAITS_TOO) err = rebuild_add(&r, r.map[n], n);
        if (!err && sums[n].count) err = put_wait(r.to, r.map[n], &sums[n], l->trace, view, &room);
    }
done:
    free(sums);
    return rebuild_end(&r, err, out, f);
}
