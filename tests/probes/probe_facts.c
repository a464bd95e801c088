#include "probe_facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_trace.h"

#define PRINTED_DEPTH 64 /* a recursion of n levels has n paths of up to n names */

static void *must_alloc(size_t bytes)
{
    void *mem = calloc(1, bytes ? bytes : 1);
    if (!mem) abort();
    return mem;
}

static uint64_t timeline_losses(const trace *t)
{
    const uint64_t *losses = trace_head(t)->losses;
    return losses[TRACE_TIMELINE_LIMIT] + losses[TRACE_TIMELINE_WRITE] +
           losses[TRACE_TIMELINE_SAMPLED];
}

static int is_sampled(const trace *t)
{
    return trace_head(t)->sample_period > 1;
}

/* ---- counters and histograms ---- */

static unsigned check_counters(const trace *t, FILE *out)
{
    size_t path_count, bucket_count;
    unsigned bad = 0;
    const trace_path *paths = trace_paths(t, &path_count);
    const trace_bucket *buckets = trace_buckets(t, &bucket_count);
    uint64_t *sums = must_alloc(path_count * sizeof *sums);
    uint64_t *low = must_alloc(path_count * sizeof *low),
             *high = must_alloc(path_count * sizeof *high);

    /* Not timed; or timed, but there was no space for a new octave in the histogram. */
    int may_lack = is_sampled(t) || trace_head(t)->write_errno;

    for (size_t i = 0; i < bucket_count; i++) {
        uint64_t from, to;
        trace_bucket_range(buckets[i].bucket, &from, &to);
        if (!buckets[i].count) continue;
        if (!sums[buckets[i].path] || from < low[buckets[i].path]) low[buckets[i].path] = from;
        if (to > high[buckets[i].path]) high[buckets[i].path] = to;
        sums[buckets[i].path] += buckets[i].count;
    }
    for (size_t i = 0; i < path_count; i++) {
        const trace_path *p = &paths[i];
        const char *why = NULL;
        if (sums[i] != p->timed)
            why = "histogram and number of timed calls differ";
        else if (p->timed > p->calls || (!may_lack && p->timed != p->calls))
            why = "number of timed calls and of calls differ";
        else if (!p->timed)
            why = NULL;
        else if (p->min_ticks > p->max_ticks)
            why = "minimum above maximum";
        else if (!may_lack &&
                 (p->ticks < p->timed * p->min_ticks || p->ticks > p->timed * p->max_ticks))
            why = "total outside of calls x minimum .. calls x maximum";
        else if (!may_lack && p->timed == 2 && p->ticks != p->min_ticks + p->max_ticks)
            why = "total of two calls is not minimum + maximum";
        else if (!trace_head(t)->write_errno && (low[i] > p->min_ticks || high[i] < p->max_ticks))
            why = "minimum or maximum outside of the histogram";
        if (!why) continue;
        bad++;
        fprintf(out,
                "node %" PRIu32 ": %s: calls %" PRIu64 " timed %" PRIu64 " in histogram %" PRIu64
                " ticks %" PRIu64 " min %" PRIu64 " max %" PRIu64 "\n",
                p->node, why, p->calls, p->timed, sums[i], p->ticks, p->min_ticks, p->max_ticks);
    }
    free(sums);
    free(low);
    free(high);
    return bad;
}

/* ---- timeline ---- */

/*
 * The ends of a slot are a walk through the call tree, children before parents: when a span of a node
 * ends, what is pending of its children is adopted, and nothing below it may be left.
 */
typedef struct walk {
    const trace *t;
    const trace_node *nodes;
    uint32_t node_count;
    uint64_t *spans; /* by node */
    uint32_t *pending;
    size_t pending_count, pending_room;
    int is_ordered; /* no section ended out of order, nothing is missing from the timeline */
    unsigned bad;
    FILE *out;
} walk;

static int is_below(const walk *w, uint32_t node, uint32_t above)
{
    while (node > above && node < w->node_count) node = w->nodes[node].parent;
    return node == above;
}

static void walk_span(walk *w, uint32_t slot, uint32_t node)
{
    while (w->pending_count && w->nodes[w->pending[w->pending_count - 1]].parent == node)
        w->pending_count--;
    if (w->is_ordered && w->pending_count && w->pending[w->pending_count - 1] != node &&
        is_below(w, w->pending[w->pending_count - 1], node)) {
        w->bad++;
        fprintf(w->out,
                "slot %" PRIu32 ": node %" PRIu32 " ended before node %" PRIu32 " below it\n", slot,
                node, w->pending[w->pending_count - 1]);
        w->pending_count = 0;
    }
    if (w->pending_count == w->pending_room) {
        w->pending_room = w->pending_room ? w->pending_room * 2 : 256;
        w->pending = realloc(w->pending, w->pending_room * sizeof *w->pending);
        if (!w->pending) abort();
    }
    w->pending[w->pending_count++] = node;
}

/* What was never adopted hangs from the root, or from a span that is still open. */
static void walk_end(walk *w, const trace_thread_info *thread)
{
    size_t path_count;
    const trace_path *paths = trace_paths(w->t, &path_count) + thread->first_path;
    unsigned char *open = must_alloc(w->node_count);

    open[0] = 1;
    for (uint32_t i = 0; i < thread->path_count; i++)
        if (paths[i].open) open[paths[i].node] = 1;
    for (size_t i = 0; i < w->pending_count && w->is_ordered && thread->level == 0; i++) {
        uint32_t parent = w->nodes[w->pending[i]].parent;
        if (parent < w->node_count && open[parent]) continue;
        w->bad++;
        fprintf(w->out, "slot %" PRIu32 ": a span of node %" PRIu32 " whose parent never ended\n",
                thread->slot, w->pending[i]);
    }
    w->pending_count = 0;
    free(open);
}

/* Returns the spans of the slot's timeline, which it walks. */
static uint64_t walk_slot(walk *w, trace *t, size_t index)
{
    size_t count;
    const trace_thread_info *thread = &trace_threads(t, &count)[index];
    trace_cursor *cursor = NULL;
    trace_span span;
    uint64_t spans = 0, last_end = 0;

    if (trace_cursor_new(&cursor, t, index)) {
        w->bad++;
        fprintf(w->out, "slot %" PRIu32 ": no cursor\n", thread->slot);
        return 0;
    }
    for (; trace_cursor_next(cursor, &span); last_end = span.end_ticks, spans++) {
        if (span.end_ticks < last_end || span.start_ticks > span.end_ticks) {
            w->bad++;
            fprintf(w->out, "slot %" PRIu32 ": span %" PRIu64 " is out of order\n", thread->slot,
                    spans);
        }
        if (span.node >= w->node_count || span.node == 0) {
            w->bad++;
            fprintf(w->out, "slot %" PRIu32 ": no node %" PRIu32 "\n", thread->slot, span.node);
            continue;
        }
        w->spans[span.node]++;
        walk_span(w, thread->slot, span.node);
    }
    walk_end(w, thread);
    trace_cursor_free(cursor);
    /* Records are promised. A thread that lived to the end may have had one promised but not written,
       or written none for its last span, which the reader completes. */
    uint64_t slack = thread->alive != 0;
    if (spans > thread->spans + slack || spans + slack < thread->spans) {
        w->bad++;
        fprintf(w->out, "slot %" PRIu32 ": %" PRIu64 " spans promised, %" PRIu64 " found\n",
                thread->slot, thread->spans, spans);
    }
    return spans;
}

static int has_tasks(const trace *t)
{
    trace_site_info site;

    for (uint32_t i = 0; i < trace_site_count(t); i++)
        if (trace_site_get(t, i, &site) && TRACE_SITE_IS_ASYNC(site.kind)) return 1;
    return 0;
}

static unsigned check_timeline(trace *t, FILE *out)
{
    size_t thread_count, path_count;
    const trace_thread_info *threads = trace_threads(t, &thread_count);
    walk w = {.t = t, .out = out};
    uint64_t found = 0, calls = 0, slack = 0;

    w.nodes = trace_nodes(t, &w.node_count);
    /* Spans of a task end in the slots of several threads. */
    w.is_ordered =
        !timeline_losses(t) && !trace_head(t)->losses[TRACE_CROSSED_END] && !has_tasks(t);
    for (size_t i = 0; i < thread_count; i++) {
        const trace_path *paths = trace_paths(t, &path_count) + threads[i].first_path;
        w.spans = must_alloc(w.node_count * sizeof *w.spans);
        found += walk_slot(&w, t, i);
        for (uint32_t p = 0; p < threads[i].path_count; p++) {
            calls += paths[p].calls;
            if (w.spans[paths[p].node] == paths[p].calls || timeline_losses(t)) continue;
            w.bad++;
            fprintf(out,
                    "slot %" PRIu32 ": node %" PRIu32 ": %" PRIu64 " calls, %" PRIu64
                    " in the timeline\n",
                    threads[i].slot, paths[p].node, paths[p].calls, w.spans[paths[p].node]);
        }
        free(w.spans);
    }
    /* A thread that lived to the end may have counted its last call, but not yet its loss. */
    for (size_t i = 0; i < thread_count && timeline_losses(t); i++) slack += threads[i].alive != 0;
    if (found + timeline_losses(t) > calls || found + timeline_losses(t) + slack < calls) {
        w.bad++;
        fprintf(out,
                "%" PRIu64 " calls, but %" PRIu64 " in the timeline and %" PRIu64
                " known to be lost\n",
                calls, found, timeline_losses(t));
    }
    free(w.pending);
    return w.bad;
}

/* ---- times ---- */

static unsigned check_times(const trace *t, FILE *out)
{
    profile *p = NULL;
    profile_trace_info info;
    size_t count;
    unsigned bad = 0;
    const trace_thread_info *threads = trace_threads(t, &count);
    thread_time *times = profile_thread_times(t);
    uint64_t inside = 0, self = 0, slack = 1000;

    if (!times || profile_from_trace(&p, t, &info, NULL)) abort();
    for (size_t i = 0; i < count; i++) {
        inside += times[i].inside_ns;
        if (times[i].inside_ns <= times[i].wall_ns) continue;
        bad++;
        fprintf(out, "slot %" PRIu32 ": %" PRIu64 " ns in spans, but it lived %" PRIu64 " ns\n",
                threads[i].slot, times[i].inside_ns, times[i].wall_ns);
    }
    for (uint32_t n = 1; n < p->node_count; n++) self += (uint64_t)p->self[n];
    slack += inside / 1000 + p->node_count; /* each self time is rounded */
    /* A handler's spans are below the span that they interrupted, and also inside of their slot. */
    for (size_t i = 0; i < count; i++)
        if (threads[i].level) slack += times[i].inside_ns;
    if (!is_sampled(t) && !trace_head(t)->parent_traced &&
        (self > inside + info.clamped_ns + slack || self + slack < inside)) {
        bad++;
        fprintf(out, "self times add up to %" PRIu64 " ns, spans to %" PRIu64 " ns\n", self,
                inside);
    }
    profile_free(p);
    free(times);
    return bad;
}

unsigned facts_check(trace *t, FILE *out)
{
    size_t listed;
    uint64_t total;
    unsigned bad = check_counters(t, out) + check_timeline(t, out) + check_times(t, out);
    const trace_damage *damages = trace_damages(t, &listed, &total);

    for (size_t i = 0; i < listed; i++)
        fprintf(out, "damage at byte %" PRIu64 ": %s\n", damages[i].offset, damages[i].what);
    return bad + (unsigned)total;
}

/* ---- printing ---- */

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy) abort();
    return copy;
}

static const char *site_name(const trace *t, uint32_t site)
{
    trace_site_info info;
    return trace_site_get(t, site, &info) ? info.name : "?";
}

static char *path_text(const trace *t, uint32_t node)
{
    uint32_t count, depth = 0;
    const trace_node *nodes = trace_nodes(t, &count);
    const char *names[PRINTED_DEPTH];
    size_t bytes = 1;

    for (uint32_t at = node; at && at < count; at = nodes[at].parent) {
        if (depth == PRINTED_DEPTH) return copy_of("(deep)");
        names[depth] = site_name(t, nodes[at].site);
        bytes += strlen(names[depth++]) + 1;
    }
    char *text = must_alloc(bytes), *to = text;
    for (uint32_t i = depth; i-- > 0;) to += sprintf(to, "%s%s", names[i], i ? ";" : "");
    return text;
}

/* By node; parents come before children. */
static uint32_t *node_depths(const trace *t)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);
    uint32_t *depths = must_alloc(count * sizeof *depths);

    for (uint32_t i = 1; i < count; i++)
        if (nodes[i].parent < i) depths[i] = depths[nodes[i].parent] + 1;
    return depths;
}

typedef struct line {
    char *text;
    uint64_t calls, open;
} line;

static int by_text(const void *a, const void *b)
{
    return strcmp(((const line *)a)->text, ((const line *)b)->text);
}

/* Sorts, sums equal ones, prints and frees. */
static void print_lines(line *lines, size_t count, const char *label, FILE *to)
{
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0, end; i < count; i = end) {
        uint64_t calls = 0, open = 0;
        for (end = i; end < count && !strcmp(lines[end].text, lines[i].text); end++) {
            calls += lines[end].calls;
            open += lines[end].open;
        }
        fprintf(to, "%s calls=%" PRIu64 " open=%" PRIu64 " %s\n", label, calls, open,
                lines[i].text);
    }
    for (size_t i = 0; i < count; i++) free(lines[i].text);
    free(lines);
}

static void print_calls(const trace *t, FILE *to)
{
    size_t count, used = 0;
    uint32_t node_count, deepest = 0, *depths = node_depths(t);
    const trace_path *paths = trace_paths(t, &count);
    const trace_node *nodes = trace_nodes(t, &node_count);
    line *by_path = must_alloc(count * sizeof *by_path),
         *by_name = must_alloc(count * sizeof *by_name);

    for (size_t i = 0; i < count; i++) {
        if (!paths[i].calls && !paths[i].open) continue;
        by_path[used] = (line){path_text(t, paths[i].node), paths[i].calls, paths[i].open};
        if (depths[paths[i].node] > deepest) deepest = depths[paths[i].node];
        by_name[used++] =
            (line){copy_of(site_name(t, nodes[paths[i].node].site)), paths[i].calls, paths[i].open};
    }
    fprintf(to, "depth %" PRIu32 "\n", deepest);
    free(depths);
    print_lines(by_name, used, "name", to);
    print_lines(by_path, used, "path", to);
}

void facts_print(const trace *t, FILE *to)
{
    static const char *const loss_names[] = {
#define LOSS_NAME(id, text) #id,
        TRACE_LOSSES(LOSS_NAME)
#undef LOSS_NAME
    };
    const trace_file *head = trace_head(t);
    size_t count;
    const trace_thread_info *threads = trace_threads(t, &count);
    uint64_t owners = 0, alive = 0;

    for (size_t i = 0; i < count; i++) {
        if (threads[i].level) continue;
        owners += threads[i].thread_count;
        alive += threads[i].alive != 0;
    }
    fprintf(to,
            "ended %d\nmode %" PRIu32 "\npid %" PRIu32 " parent %" PRIu32 " traced %" PRIu32 "\n",
            trace_ended(t), head->mode, head->pid, head->parent_pid, head->parent_traced);
    fprintf(to, "slots %zu\nthreads %" PRIu64 "\nalive %" PRIu64 "\n", count, owners, alive);
    for (int i = 0; i < TRACE_LOSS_KINDS; i++)
        if (head->losses[i]) fprintf(to, "loss %s %" PRIu64 "\n", loss_names[i], head->losses[i]);
    print_calls(t, to);
}

void facts_calls_of(const trace *t, const char *name, uint64_t *calls, uint64_t *open)
{
    size_t count;
    uint32_t node_count;
    const trace_path *paths = trace_paths(t, &count);
    const trace_node *nodes = trace_nodes(t, &node_count);

    *calls = *open = 0;
    for (size_t i = 0; i < count; i++) {
        if (!paths[i].node || strcmp(site_name(t, nodes[paths[i].node].site), name)) continue;
        *calls += paths[i].calls;
        *open += paths[i].open;
    }
}

void facts_print_durations(trace *t, const char *name, FILE *to)
{
    size_t count;
    uint32_t node_count;
    const trace_node *nodes = trace_nodes(t, &node_count);

    trace_threads(t, &count);
    for (size_t i = 0; i < count; i++) {
        trace_cursor *cursor = NULL;
        trace_span span;
        if (trace_cursor_new(&cursor, t, i)) abort();
        while (trace_cursor_next(cursor, &span))
            if (span.node < node_count && !strcmp(site_name(t, nodes[span.node].site), name))
                fprintf(to, "%" PRIu64 "\n", trace_ns(t, span.end_ticks - span.start_ticks));
        trace_cursor_free(cursor);
    }
}

void facts_print_threads(const trace *t, FILE *to)
{
    size_t count;
    const trace_thread_info *threads = trace_threads(t, &count);
    thread_time *times = profile_thread_times(t);

    if (!times) abort();
    for (size_t i = 0; i < count; i++)
        fprintf(to,
                "thread tid=%" PRIu32 " level=%" PRIu32 " wall=%" PRIu64 " inside=%" PRIu64
                " outside=%" PRIu64 " name=%s\n",
                threads[i].tid, threads[i].level, times[i].wall_ns, times[i].inside_ns,
                times[i].outside_ns, threads[i].name);
    free(times);
}
