#include "profile/load/profile_trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_memory.h"

#define DAMAGED_NAME "[damaged]"

/* What is known of a profile node while paths of all slots are added to it; in ticks. */
typedef struct node_sum {
    uint64_t ticks; /* inclusive, open spans included */
    uint64_t min, max;
    uint64_t in_parent; /* of the ticks: what is part of the parent's; all, but for tasks */
    uint64_t children;  /* inclusive time of the children that is part of ours */
} node_sum;

/* A trace_bucket of a profile node. */
typedef struct node_bucket {
    uint32_t node;
    uint32_t bucket;
    uint64_t count;
} node_bucket;

typedef struct conversion {
    const trace *t;
    const code_namer *namer; /* NULL: none */
    profile *p;
    uint32_t *frame_of; /* by site */
    uint32_t *node_of;  /* by trace node */
    node_sum *sums;     /* by profile node */
    node_bucket *buckets;
} conversion;

/* ---- frames ---- */

typedef struct site_name {
    trace_site_info site;
    uint32_t id;
    int ambiguous; /* 1: same name in another file; 2: and that one has the same file name */
} site_name;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int by_name(const void *left, const void *right)
{
    const site_name *a = left, *b = right;
    int order = strcmp(a->site.name, b->site.name);

    if (!order) order = strcmp(a->site.file, b->site.file);
    if (order) return order;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Neighbours of one name, sorted by file: are there two files, and two of one base name? */
static void judge_names(site_name *s, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        int ambiguous = 0;

        for (end = i + 1; end < count && strcmp(s[i].site.name, s[end].site.name) == 0; end++) {
            const char *a = s[end - 1].site.file, *b = s[end].site.file;

            if (strcmp(a, b) == 0) continue;
            if (ambiguous < 1) ambiguous = 1;
            /* Equal base names need not be neighbours, but then the one between differs from both,
               and a folder is shown once too often at worst. */
            if (strcmp(base_name(a), base_name(b)) == 0) ambiguous = 2;
        }
        for (size_t k = i; k < end; k++) s[k].ambiguous = ambiguous;
    }
}

/* Same name, same file: one frame, at the line of the first site, so that a section that is begun in
   two places is one. */
static thag_err intern_site(conversion *c, const site_name *s, const site_name *previous)
{
    static const char async_prefix[] = "async::";
    const trace_site_info *site = &s->site;
    const char *file = s->ambiguous == 2 ? site->file : base_name(site->file);
    int is_async = (site->flags & TRACE_SITE_ASYNC) != 0;
    size_t room = sizeof async_prefix + site->name_len + strlen(file) + 4;
    uint32_t line = site->line;
    thag_err err;
    char *name;

    if (previous && strcmp(previous->site.name, site->name) == 0 &&
        strcmp(previous->site.file, site->file) == 0 &&
        ((previous->site.flags ^ site->flags) & TRACE_SITE_ASYNC) == 0) {
        c->frame_of[s->id] = c->frame_of[previous->id];
        return THAG_OK;
    }
    name = malloc(room);
    if (!name) return THAG_ERR_MEMORY;
    strcpy(name, is_async ? async_prefix : "");
    strcat(name, site->name);
    if (s->ambiguous) {
        strcat(name, " (");
        strcat(name, file);
        strcat(name, ")");
    }
    err = profile_intern(c->p, name, strlen(name), site->file_len ? site->file : NULL, line,
                         &c->frame_of[s->id]);
    free(name);
    return err;
}

static thag_err make_frames(conversion *c)
{
    uint32_t count = trace_site_count(c->t);
    size_t known = 0;
    thag_err err = THAG_OK;
    site_name *names = malloc(((size_t)count + 1) * sizeof *names);

    c->frame_of = malloc(((size_t)count + 1) * sizeof *c->frame_of);
    if (!names || !c->frame_of) {
        err = THAG_ERR_MEMORY;
        goto done;
    }
    for (uint32_t id = 0; id < count; id++) {
        c->frame_of[id] = PROFILE_NONE;
        if (!trace_site_get(c->t, id, &names[known].site)) continue;
        names[known].id = id;
        names[known++].ambiguous = 0;
    }
    qsort(names, known, sizeof *names, by_name);
    judge_names(names, known);
    for (size_t i = 0; !err && i < known; i++) {
        err = intern_site(c, &names[i], i ? &names[i - 1] : NULL);
    }
done:
    free(names);
    return err;
}

/* ---- the tree ---- */

/* The calls that allocated: frames below their span, or just memory of it. */
static thag_err make_code_node(conversion *c, const trace_node *nodes, uint32_t i, uint32_t parent)
{
    trace_code_info code;
    trace_site_info site;
    uint32_t above = nodes[i].parent;
    int is_span = above && above < i && !trace_node_is_code(&nodes[above]) &&
                  trace_site_get(c->t, nodes[above].site, &site);

    c->node_of[i] = parent;
    if (!c->namer || !trace_code_get(c->t, &nodes[i], &code)) return THAG_OK;
    return profile_code_node(c->p, c->namer, &code, parent, is_span ? &site : NULL, &c->node_of[i]);
}

static thag_err make_nodes(conversion *c)
{
    uint32_t count, damaged = PROFILE_NONE;
    const trace_node *nodes = trace_nodes(c->t, &count);
    thag_err err = THAG_OK;

    c->node_of = malloc((size_t)count * sizeof *c->node_of);
    if (!c->node_of) return THAG_ERR_MEMORY;
    c->node_of[0] = PROFILE_ROOT;
    for (uint32_t i = 1; !err && i < count; i++) {
        uint32_t parent = nodes[i].parent < i ? c->node_of[nodes[i].parent] : PROFILE_ROOT;
        uint32_t frame = damaged;

        if (trace_node_is_code(&nodes[i])) {
            err = make_code_node(c, nodes, i, parent);
            continue;
        }
        if (nodes[i].site != TRACE_NONE) frame = c->frame_of[nodes[i].site];
        if (frame == PROFILE_NONE) {
            err = profile_intern(c->p, DAMAGED_NAME, strlen(DAMAGED_NAME), NULL, 0, &damaged);
            if (err) break;
            frame = damaged;
        }
        err = profile_child(c->p, parent, frame, &c->node_of[i]);
    }
    return err;
}

/* ---- counters ---- */

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int profile_is_task(const trace *t, uint32_t node)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);
    trace_site_info site;

    return node && trace_site_get(t, nodes[node].site, &site) && TRACE_SITE_IS_ASYNC(site.kind);
}

static thag_err sum_paths(conversion *c)
{
    size_t count;
    const trace_path *paths = trace_paths(c->t, &count);

    c->sums = calloc(c->p->node_count, sizeof *c->sums);
    if (!c->sums) return THAG_ERR_MEMORY;
    for (uint32_t n = 0; n < c->p->node_count; n++) c->sums[n].min = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        uint32_t n = c->node_of[paths[i].node];
        profile_calls *calls = &c->p->calls[n];
        node_sum *s = &c->sums[n];

        calls->calls = add_capped(calls->calls, paths[i].calls);
        calls->timed = add_capped(calls->timed, paths[i].timed);
        calls->open += paths[i].open;
        uint64_t ticks = add_capped(paths[i].ticks, paths[i].open_ticks);

        s->ticks = add_capped(s->ticks, ticks);
        if (!profile_is_task(c->t, paths[i].node)) s->in_parent = add_capped(s->in_parent, ticks);
        if (paths[i].min_ticks < s->min) s->min = paths[i].min_ticks;
        if (paths[i].min_ticks != UINT64_MAX && paths[i].max_ticks > s->max) {
            s->max = paths[i].max_ticks;
        }
    }
    return THAG_OK;
}

static void sum_children(conversion *c)
{
    const profile *p = c->p;

    for (uint32_t n = 0; n < p->node_count; n++) c->sums[n].children = 0;
    for (uint32_t n = p->node_count; n-- > 1;) {
        node_sum *parent = &c->sums[p->parent[n]];
        parent->children = add_capped(parent->children, c->sums[n].in_parent);
    }
}

/*
 * Estimates of sampled paths scatter. Where those of the children exceed their parent's, which is
 * exact or comes from fewer levels of chance, they are scaled down to it; cutting off negative self
 * times instead would keep every excess and none of the shortfalls, and the sum would grow by it.
 */
static void fit_estimates(conversion *c)
{
    const profile *p = c->p;

    for (uint32_t n = 1; n < p->node_count; n++) {
        const node_sum *parent = &c->sums[p->parent[n]];

        double fitted;

        if (parent->ticks == 0 || parent->children <= parent->ticks) continue;
        if (c->sums[n].in_parent < c->sums[n].ticks) continue;
        fitted = (double)c->sums[n].ticks * ((double)parent->ticks / (double)parent->children);
        c->sums[n].ticks = fitted < 0x1p63 ? (uint64_t)fitted : parent->ticks;
        c->sums[n].in_parent = c->sums[n].ticks;
    }
    sum_children(c);
}

/* The root has no time of its own: what hangs from it is all there is. */
static uint64_t set_times(conversion *c)
{
    profile *p = c->p;
    uint64_t clamped = 0, total = 0;

    sum_children(c);
    if (p->sample_period > 1) fit_estimates(c);
    for (uint32_t n = 1; n < p->node_count; n++) {
        const node_sum *s = &c->sums[n];
        uint64_t self = s->ticks > s->children ? trace_ns(c->t, s->ticks - s->children) : 0;

        if (s->ticks < s->children) {
            clamped = add_capped(clamped, trace_ns(c->t, s->children - s->ticks));
        }
        /* The sum of all must fit: only a damaged counter can be so large. */
        if (self > (uint64_t)INT64_MAX - total) self = (uint64_t)INT64_MAX - total;
        total += self;
        p->self[n] = (int64_t)self;
        if (s->min == UINT64_MAX) continue;
        p->calls[n].min_ns = trace_ns(c->t, s->min);
        p->calls[n].max_ns = trace_ns(c->t, s->max);
    }
    return clamped;
}

/* ---- histograms ---- */

static int by_node_and_bucket(const void *left, const void *right)
{
    const node_bucket *a = left, *b = right;

    if (a->node != b->node) return a->node < b->node ? -1 : 1;
    return a->bucket < b->bucket ? -1 : a->bucket > b->bucket;
}

/* Durations are whole numbers: a bucket [low, high) is the stretch from low - 1/2 to high - 1/2. */
static void bucket_stretch(uint32_t bucket, double scale, double *from, double *to)
{
    uint64_t low, high;

    trace_bucket_range(bucket, &low, &high);
    *from = ((double)low - 0.5) * scale;
    *to = ((double)high - 0.5) * scale;
    if (*from < 0) *from = 0;
}

static uint32_t bucket_at(double ns)
{
    if (ns < 0.5) return 0;
    return trace_bucket_of(ns >= 0x1p63 ? UINT64_MAX : (uint64_t)(ns + 0.5));
}

static uint32_t min_bucket(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Counts of a bucket of ticks go to the buckets of ns that it overlaps, in proportion; those of one
   that is a single number of ticks go to where that number is. */
static void spread(uint64_t *counts, const node_bucket *b, double scale)
{
    double from, to, low, high;
    uint64_t given = 0;
    uint32_t at;

    bucket_stretch(b->bucket, scale, &from, &to);
    if (b->bucket < 64) {
        counts[bucket_at((double)b->bucket * scale)] += b->count;
        return;
    }
    for (at = bucket_at(from); given < b->count; at++) {
        uint64_t upto = b->count;

        bucket_stretch(at, 1.0, &low, &high);
        if (high < to && at + 1 < TRACE_BUCKETS) {
            upto = (uint64_t)((double)b->count * ((high - from) / (to - from)) + 0.5);
        }
        if (upto > b->count) upto = b->count;
        if (upto < given) upto = given;
        counts[at] += upto - given;
        given = upto;
    }
}

/* Buckets of one node, sorted. `counts` is room for all buckets, zero, and is left so. */
static thag_err set_hist(profile_hist *h, const node_bucket *b, size_t count, double scale,
                         uint64_t *counts)
{
    double from, to;
    uint32_t first, last;

    bucket_stretch(b[0].bucket, scale, &from, &to);
    first = bucket_at(from);
    bucket_stretch(b[count - 1].bucket, scale, &from, &to);
    last = min_bucket(bucket_at(to) + 1, TRACE_BUCKETS - 1);
    for (size_t i = 0; i < count; i++) spread(counts, &b[i], scale);
    while (first < last && !counts[first]) first++;
    while (last > first && !counts[last]) last--;
    h->counts = malloc((last - first + 1) * sizeof *h->counts);
    if (!h->counts) return THAG_ERR_MEMORY;
    h->first = first;
    h->len = last - first + 1;
    memcpy(h->counts, counts + first, h->len * sizeof *counts);
    memset(counts + first, 0, h->len * sizeof *counts);
    return THAG_OK;
}

static thag_err set_hists(conversion *c)
{
    size_t count;
    const trace_bucket *from = trace_buckets(c->t, &count);
    size_t path_count;
    const trace_path *paths = trace_paths(c->t, &path_count);
    double hz = trace_clock_hz(c->t);
    double scale = hz > 0 ? 1e9 / hz : 1;
    uint64_t *counts = calloc(TRACE_BUCKETS, sizeof *counts);
    thag_err err = THAG_OK;

    c->buckets = malloc((count + 1) * sizeof *c->buckets);
    if (!counts || !c->buckets) {
        err = THAG_ERR_MEMORY;
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        c->buckets[i] =
            (node_bucket){c->node_of[paths[from[i].path].node], from[i].bucket, from[i].count};
    }
    qsort(c->buckets, count, sizeof *c->buckets, by_node_and_bucket);
    for (size_t i = 0, end; !err && i < count; i = end) {
        for (end = i + 1; end < count && c->buckets[end].node == c->buckets[i].node; end++) {
        }
        err =
            set_hist(&c->p->calls[c->buckets[i].node].hist, &c->buckets[i], end - i, scale, counts);
    }
done:
    free(counts);
    return err;
}

/* ---- the whole ---- */

static thag_err set_title(conversion *c)
{
    const trace_file *head = trace_head(c->t);
    double hz = trace_clock_hz(c->t);
    double q8 = hz > 0 ? 1e9 / hz / 256 : 0;

    c->p->title = strdup(head->program);
    c->p->sample_period = head->sample_period;
    c->p->probe_inside_ns = head->probe_inside_q8 * q8;
    c->p->probe_outside_ns = head->probe_outside_q8 * q8;
    return c->p->title ? THAG_OK : THAG_ERR_MEMORY;
}

static void set_info(profile_trace_info *info, const conversion *c, uint64_t clamped)
{
    const trace_file *head = trace_head(c->t);
    size_t listed, count;
    const trace_path *paths = trace_paths(c->t, &count);

    *info = (profile_trace_info){.clamped_ns = clamped, .ended = trace_ended(c->t)};
    trace_damages(c->t, &listed, &info->damages);
    for (size_t i = 0; i < count; i++) info->open += paths[i].open;
    for (int loss = TRACE_LOST_MEMORY; loss <= TRACE_LOST_SITES; loss++) {
        info->losses = add_capped(info->losses, head->losses[loss]);
    }
}

thag_err profile_from_trace_named(profile **out, const trace *t, const code_namer *namer,
                                  profile_trace_info *info, uint32_t **node_of, fault *f)
{
    conversion c = {.t = t, .namer = namer};
    uint64_t clamped = 0;
    thag_err err = profile_new(&c.p, PROFILE_NS, 1);

    *out = NULL;
    if (node_of) *node_of = NULL;
    if (err) goto done;
    err = set_title(&c);
    if (err) goto done;
    err = make_frames(&c);
    if (err) goto done;
    err = make_nodes(&c);
    if (err) goto done;
    err = sum_paths(&c);
    if (err) goto done;
    clamped = set_times(&c);
    err = set_hists(&c);
    if (err) goto done;
    err = profile_memory_from_trace(c.p, t, c.node_of);
    if (err) goto done;
    if (info) set_info(info, &c, clamped);
    *out = c.p;
    c.p = NULL;
    if (node_of) {
        *node_of = c.node_of;
        c.node_of = NULL;
    }
done:
    if (err) fault_set(f, err, UINT64_MAX, "profile of a trace");
    profile_free(c.p);
    free(c.frame_of);
    free(c.node_of);
    free(c.sums);
    free(c.buckets);
    return err;
}

thag_err profile_from_trace_nodes(profile **out, const trace *t, profile_trace_info *info,
                                  uint32_t **node_of, fault *f)
{
    return profile_from_trace_named(out, t, NULL, info, node_of, f);
}

thag_err profile_from_trace(profile **out, const trace *t, profile_trace_info *info, fault *f)
{
    return profile_from_trace_named(out, t, NULL, info, NULL, f);
}

/* ---- threads ---- */

/* Outermost is a span whose parent this slot has nothing of. (It has counters for the root, and after
   a fork for what it inherited, that stay zero.) */
static uint64_t outermost_ticks(const trace_path *paths, uint32_t count, const trace_node *nodes,
                                const uint8_t *is_detached, uint32_t *mark, uint32_t stamp)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (paths[i].calls || paths[i].open) mark[paths[i].node] = stamp;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t parent = nodes[paths[i].node].parent;

        if (is_detached[paths[i].node]) continue;
        if (parent != TRACE_NONE && mark[parent] == stamp) continue;
        sum = add_capped(sum, add_capped(paths[i].ticks, paths[i].open_ticks));
    }
    return sum;
}

/* By node: is it, or something above it, a task? Its time is that of the tasks that the thread ran. */
static uint8_t *find_detached(const trace *t)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);
    uint8_t *is_detached = calloc(count, 1);

    for (uint32_t n = 1; is_detached && n < count; n++) {
        is_detached[n] =
            (nodes[n].parent < n && is_detached[nodes[n].parent]) || profile_is_task(t, n);
    }
    return is_detached;
}

thread_time *profile_thread_times(const trace *t)
{
    size_t count, path_count;
    uint32_t node_count;
    const trace_thread_info *threads = trace_threads(t, &count);
    const trace_path *paths = trace_paths(t, &path_count);
    const trace_node *nodes = trace_nodes(t, &node_count);
    thread_time *times = calloc(count + 1, sizeof *times);
    uint32_t *mark = calloc(node_count, sizeof *mark);
    uint8_t *is_detached = find_detached(t);

    for (size_t i = 0; times && mark && is_detached && i < count; i++) {
        const trace_thread_info *th = &threads[i];
        const trace_path *first = path_count ? paths + th->first_path : NULL;
        uint64_t wall = add_capped(th->past_ticks, th->end_ticks - th->start_ticks);
        uint64_t inside =
            outermost_ticks(first, th->path_count, nodes, is_detached, mark, (uint32_t)i + 1);

        inside = add_capped(inside, th->task_ticks);
        if (th->level) wall = inside; /* a handler lives while it runs */
        times[i].wall_ns = trace_ns(t, wall);
        times[i].inside_ns = trace_ns(t, inside);
        if (wall > inside) times[i].outside_ns = times[i].wall_ns - times[i].inside_ns;
        for (uint32_t p = 0; p < th->path_count; p++) {
            times[i].calls = add_capped(times[i].calls, first[p].calls);
            times[i].open += first[p].open;
        }
    }
    if (!mark || !is_detached) {
        free(times);
        times = NULL;
    }
    free(mark);
    free(is_detached);
    return times;
}
