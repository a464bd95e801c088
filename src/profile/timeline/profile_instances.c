#include "profile/timeline/profile_instances.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_rebuild.h"

enum { REMEMBERED = 1024, DEEP = 4096 };

/* A task, or what no task did. */
typedef struct instance {
    uint64_t id;
    uint64_t active_ticks;
    uint32_t base; /* its node in the old profile; PROFILE_NONE: no task */
    int is_single; /* one of those that stand by themselves */
} instance;

/* The tasks of a node that do not. */
typedef struct others {
    instance all;
    uint64_t count;
} others;

/* Of a new node, in ticks. */
typedef struct part {
    uint64_t inclusive, in_parent, children, calls, open, min, max;
} part;

typedef struct splitting {
    const loaded *l;
    rebuild r;
    instance *tasks; /* by id */
    size_t task_count;
    others *others;     /* by old node */
    uint8_t *site_kind; /* by old node: TRACE_SITE_TASK, _CONTINUED, or 0 */
    part *parts;        /* by new node */
    uint32_t part_room;
    struct {
        const instance *of;
        uint32_t from, to;
    } placed[REMEMBERED];
} splitting;

static const instance no_task = {.base = PROFILE_NONE};

/* ---- the tasks ---- */

static int by_active(const void *left, const void *right)
{
    const instance *a = left, *b = right;

    if (a->active_ticks != b->active_ticks) return a->active_ticks > b->active_ticks ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_id(const void *left, const void *right)
{
    const instance *a = left, *b = right;

    return a->id < b->id ? -1 : a->id > b->id;
}

static thag_err choose(splitting *s, uint32_t wanted)
{
    const trace_task_info *tasks;
    thag_err err = trace_tasks(s->l->trace, &tasks, &s->task_count);

    if (err) return err;
    s->tasks = calloc(s->task_count + 1, sizeof *s->tasks);
    if (!s->tasks) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < s->task_count; i++) {
        uint64_t wall = tasks[i].end_ticks - tasks[i].begin_ticks;
        uint64_t waited = tasks[i].waited_ticks < wall ? tasks[i].waited_ticks : wall;

        s->tasks[i] = (instance){
            .id = tasks[i].id, .active_ticks = wall - waited, .base = s->l->node_of[tasks[i].node]};
    }
    if (s->task_count) qsort(s->tasks, s->task_count, sizeof *s->tasks, by_active);
    for (size_t i = 0; i < s->task_count; i++) {
        s->tasks[i].is_single = i < wanted;
        if (i < wanted) continue;
        s->others[s->tasks[i].base].all.base = s->tasks[i].base;
        s->others[s->tasks[i].base].count++;
    }
    if (s->task_count) qsort(s->tasks, s->task_count, sizeof *s->tasks, by_id);
    return THAG_OK;
}

static const instance *find_task(const splitting *s, uint64_t id)
{
    instance key = {.id = id};
    const instance *found =
        id ? bsearch(&key, s->tasks, s->task_count, sizeof *s->tasks, by_id) : NULL;

    if (!found) return &no_task;
    return found->is_single ? found : &s->others[found->base].all;
}

/* ---- where what it did belongs ---- */

static thag_err make_room(splitting *s)
{
    uint32_t room = s->part_room ? s->part_room : 256;
    part *grown;

    if (s->r.to->node_count <= s->part_room) return THAG_OK;
    while (room < s->r.to->node_count) room *= 2;
    grown = realloc(s->parts, room * sizeof *grown);
    if (!grown) return THAG_ERR_MEMORY;
    for (uint32_t n = s->part_room; n < room; n++) grown[n] = (part){.min = UINT64_MAX};
    s->parts = grown;
    s->part_room = room;
    return THAG_OK;
}

/* The frame at the top of a task: with its number, or with that of the others. */
static thag_err base_child(splitting *s, const instance *of, uint32_t above, uint32_t *node)
{
    const profile_frame *f = &s->r.from->frames[s->r.from->frame[of->base]];
    size_t room = f->name_len + 40;
    char *name = malloc(room);
    uint32_t frame;
    thag_err err;

    if (!name) return THAG_ERR_MEMORY;
    if (of->is_single)
        snprintf(name, room, "%s#%" PRIu64, f->name, of->id);
    else
        snprintf(name, room, "%s (others: %" PRIu64 ")", f->name, s->others[of->base].count);
    err = profile_intern(s->r.to, name, strlen(name), f->file, f->line, &frame);
    free(name);
    return err ? err : profile_child(s->r.to, above, frame, node);
}

/* The new node of an old one for a task: its own where that is below the task's, or it. */
static thag_err place(splitting *s, const instance *of, uint32_t from, uint32_t *to)
{
    uint32_t path[DEEP], depth = 0, node = PROFILE_ROOT;
    size_t at = ((uintptr_t)of / sizeof *of * 31 + from) % REMEMBERED;
    thag_err err = THAG_OK;

    if (s->placed[at].of == of && s->placed[at].from == from) {
        *to = s->placed[at].to;
        return THAG_OK;
    }
    for (uint32_t n = from; n != PROFILE_ROOT && depth < DEEP; n = s->r.from->parent[n])
        path[depth++] = n;
    while (!err && depth) {
        uint32_t n = path[--depth];

        if (n == of->base)
            err = base_child(s, of, node, &node);
        else
            err = rebuild_child(&s->r, node, s->r.from->frame[n], &node);
        if (!err) err = make_room(s);
    }
    if (err) return err;
    s->placed[at].of = of;
    s->placed[at].from = from;
    s->placed[at].to = *to = node;
    return THAG_OK;
}

/* `ticks` of `calls` calls of an old node, by a task. */
static thag_err add(splitting *s, const instance *of, uint32_t from, uint64_t ticks, uint64_t calls)
{
    uint32_t node;
    thag_err err = place(s, of, from, &node);
    part *p;

    if (err || node == PROFILE_ROOT) return err;
    p = &s->parts[node];
    p->inclusive += ticks;
    if (!s->site_kind[from]) p->in_parent += ticks;
    p->calls += calls;
    p->open += !calls;
    if (calls && ticks < p->min) p->min = ticks;
    if (calls && ticks > p->max) p->max = ticks;
    return THAG_OK;
}

/* ---- what there is ---- */

static thag_err add_thread(splitting *s, size_t thread)
{
    const instance *of = &no_task;
    uint64_t task = 0; /* that it is for */
    trace_cursor *c;
    trace_span span;
    thag_err err = trace_cursor_new(&c, s->l->trace, thread);

    while (!err && trace_cursor_next(c, &span)) {
        if (span.task != task) of = find_task(s, task = span.task);
        err = add(s, of, s->l->node_of[span.node], span.end_ticks - span.start_ticks, 1);
    }
    trace_cursor_free(c);
    return err;
}

/* Tasks that go on, and spans that are open, of which no task is known. */
static thag_err add_rest(splitting *s)
{
    const trace_task_info *tasks;
    size_t count;
    const trace_path *paths = trace_paths(s->l->trace, &count);
    thag_err err = THAG_OK;

    for (size_t i = 0; i < count && !err; i++) {
        uint32_t n = s->l->node_of[paths[i].node];

        if (paths[i].open && s->site_kind[n] != TRACE_SITE_TASK)
            err = add(s, &no_task, n, paths[i].open_ticks, 0);
    }
    if (!err) err = trace_tasks(s->l->trace, &tasks, &count);
    for (size_t i = 0; i < count && !err; i++) {
        const instance *of = find_task(s, tasks[i].id);

        if (tasks[i].has_ended) continue; /* in its thread's timeline */
        err = add(s, of, of->base, s->tasks[i].active_ticks, 0);
    }
    return err;
}

static thag_err add_all(splitting *s)
{
    size_t threads;
    thag_err err = THAG_OK;

    trace_threads(s->l->trace, &threads);
    for (size_t i = 0; i < threads && !err; i++) err = add_thread(s, i);
    return err ? err : add_rest(s);
}

static thag_err set_times(splitting *s)
{
    profile *to = s->r.to;
    const trace *t = s->l->trace;
    uint64_t room = INT64_MAX;
    thag_err err = make_room(s);

    for (uint32_t n = to->node_count; !err && n-- > 1;)
        s->parts[to->parent[n]].children += s->parts[n].in_parent;
    for (uint32_t n = 1; n < to->node_count && !err; n++) {
        const part *p = &s->parts[n];
        profile_calls *calls = &to->calls[n];

        /* Children have more than their parent where its span is lost. */
        if (p->inclusive > p->children)
            profile_add_fitting(to, n, trace_ns(t, p->inclusive - p->children), &room);
        calls->calls = calls->timed = p->calls;
        calls->open = p->open;
        if (p->min != UINT64_MAX) calls->min_ns = trace_ns(t, p->min);
        calls->max_ns = trace_ns(t, p->max);
    }
    return err;
}

static void find_kinds(splitting *s)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(s->l->trace, &count);
    trace_site_info site;

    for (uint32_t n = 1; n < count; n++) {
        if (trace_node_is_code(&nodes[n]) || !trace_site_get(s->l->trace, nodes[n].site, &site))
            continue;
        if (TRACE_SITE_IS_ASYNC(site.kind)) s->site_kind[s->l->node_of[n]] = (uint8_t)site.kind;
    }
}

thag_err profile_instances(profile **out, const loaded *l, uint32_t count, fault *f)
{
    splitting *s = calloc(1, sizeof *s);
    thag_err err = THAG_ERR_MEMORY;

    *out = NULL;
    if (!s) return fault_set(f, err, UINT64_MAX, "tasks one by one");
    s->l = l;
    s->others = calloc(l->profile->node_count, sizeof *s->others);
    s->site_kind = calloc(l->profile->node_count, 1);
    err = rebuild_begin(&s->r, l->profile, REBUILD_WITH_CALLS);
    if (!s->others || !s->site_kind) err = THAG_ERR_MEMORY;
    if (!err) {
        free(s->r.to->memory); /* the timeline has none */
        s->r.to->memory = NULL;
        s->r.to->memory_mode = PROFILE_NO_MEMORY;
        find_kinds(s);
        err = choose(s, count);
    }
    if (!err) err = add_all(s);
    if (!err) err = set_times(s);
    err = rebuild_end(&s->r, err, out, f);
    free(s->tasks);
    free(s->others);
    free(s->site_kind);
    free(s->parts);
    free(s);
    return err;
}
