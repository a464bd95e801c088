/*
 * Callgrind: cost by function, and by pair of caller and callee, as callgrind_annotate and
 * KCachegrind read it.
 *
 * The format has no call paths, so the tree is folded into a graph. The cost of an edge counts only
 * its topmost occurrence on each path: recursion is not counted twice within an edge. (A reader that
 * adds the edges of a recursive function to its self cost still does; the self costs are exact.)
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/frame_order.h"
#include "output/node_metric.h"
#include "output/utf8.h"

typedef struct call_edge {
    uint32_t caller, callee; /* frames */
    uint32_t on_path;        /* occurrences between the root and here */
    uint64_t calls;
} call_edge;

typedef struct writer {
    FILE *to;
    const export_source *from;
    const profile *p;
    node_metric costs[NODE_METRIC_MAX];
    size_t cost_count;
    int64_t *self;     /* [frame][cost] */
    uint32_t *file_id; /* by frame; 0: unknown */
    call_edge *edges;  /* by caller, then callee */
    size_t edge_count;
    uint32_t *edge_of;  /* by node; PROFILE_NONE for what hangs from the root */
    int64_t *edge_cost; /* [edge][cost] */
    size_t *first_edge; /* by frame, and one past the last */
    uint32_t *order;    /* frames, by name */
} writer;

/* ---- costs ---- */

/* All metrics but calls, for which the format has a place of its own. */
static void choose_costs(writer *w)
{
    node_metric all[NODE_METRIC_MAX];
    size_t count = node_metrics(w->p, all);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].key, "calls") != 0) w->costs[w->cost_count++] = all[i];
    }
}

static thag_err sum_self(writer *w)
{
    w->self = calloc((size_t)w->p->frame_count * w->cost_count + 1, sizeof *w->self);
    if (!w->self) return THAG_ERR_MEMORY;
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        for (size_t c = 0; c < w->cost_count; c++) {
            int64_t *sum = &w->self[w->p->frame[n] * w->cost_count + c];

            *sum = node_metric_add(*sum, w->costs[c].value(w->p, n));
        }
    }
    return THAG_OK;
}

/* ---- edges ---- */

typedef struct edge_node {
    uint64_t edge; /* caller, callee */
    uint32_t node;
} edge_node;

static int by_edge(const void *left, const void *right)
{
    const edge_node *a = left, *b = right;

    if (a->edge != b->edge) return a->edge < b->edge ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static void list_edges(writer *w, const edge_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t n = nodes[i].node;

        if (!i || nodes[i].edge != nodes[i - 1].edge) {
            w->edges[w->edge_count++] =
                (call_edge){.caller = w->p->frame[w->p->parent[n]], .callee = w->p->frame[n]};
        }
        w->edge_of[n] = (uint32_t)w->edge_count - 1;
        if (w->p->calls) w->edges[w->edge_count - 1].calls += w->p->calls[n].calls;
    }
}

static void index_edges(writer *w)
{
    size_t e = 0;

    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        w->first_edge[f] = e;
        while (e < w->edge_count && w->edges[e].caller == f) e++;
    }
    w->first_edge[w->p->frame_count] = e;
}

static thag_err make_edges(writer *w)
{
    const profile *p = w->p;
    edge_node *nodes = malloc(p->node_count * sizeof *nodes);
    size_t count = 0;

    w->edges = malloc(p->node_count * sizeof *w->edges);
    w->edge_of = malloc(p->node_count * sizeof *w->edge_of);
    w->first_edge = malloc(((size_t)p->frame_count + 1) * sizeof *w->first_edge);
    if (!nodes || !w->edges || !w->edge_of || !w->first_edge) {
        free(nodes);
        return THAG_ERR_MEMORY;
    }
    for (uint32_t n = 1; n < p->node_count; n++) {
        uint32_t parent = p->parent[n];

        w->edge_of[n] = PROFILE_NONE;
        if (parent == PROFILE_ROOT) continue;
        nodes[count++] = (edge_node){(uint64_t)p->frame[parent] << 32 | p->frame[n], n};
    }
    qsort(nodes, count, sizeof *nodes, by_edge);
    list_edges(w, nodes, count);
    index_edges(w);
    free(nodes);
    return THAG_OK;
}

static void enter(writer *w, uint32_t n, size_t cost, const int64_t *inclusive)
{
    uint32_t e = w->edge_of[n];
    int64_t *sum;

    if (e == PROFILE_NONE || w->edges[e].on_path++) return;
    sum = &w->edge_cost[e * w->cost_count + cost];
    *sum = node_metric_add(*sum, inclusive[n]);
}

static void leave(writer *w, uint32_t n)
{
    if (w->edge_of[n] != PROFILE_NONE) w->edges[w->edge_of[n]].on_path--;
}

/* Down the tree without recursion: the parents are the stack. */
static void walk(writer *w, const uint32_t *nodes, uint32_t count, size_t cost,
                 const int64_t *inclusive)
{
    uint32_t top = PROFILE_ROOT;

    for (uint32_t i = 0; i < count; i++) {
        for (; top != w->p->parent[nodes[i]]; top = w->p->parent[top]) leave(w, top);
        top = nodes[i];
        enter(w, top, cost, inclusive);
    }
    for (; top != PROFILE_ROOT; top = w->p->parent[top]) leave(w, top);
}

static thag_err sum_edges(writer *w)
{
    uint32_t count;
    uint32_t *nodes = frame_tree_order(w->p, &count);
    thag_err err = THAG_OK;

    w->edge_cost = calloc(w->edge_count * w->cost_count + 1, sizeof *w->edge_cost);
    if (!nodes || !w->edge_cost) err = THAG_ERR_MEMORY;
    for (size_t c = 0; !err && c < w->cost_count; c++) {
        int64_t *inclusive = node_metric_inclusive(w->p, &w->costs[c]);

        if (!inclusive) err = THAG_ERR_MEMORY;
        if (inclusive) walk(w, nodes, count, c, inclusive);
        free(inclusive);
    }
    free(nodes);
    return err;
}

/* ---- names ---- */

static int by_file(const void *left, const void *right, void *context)
{
    const profile_frame *frames = context;
    const char *a = frames[*(const uint32_t *)left].file,
               *b = frames[*(const uint32_t *)right].file;

    return strcmp(a ? a : "", b ? b : "");
}

/* Equal files get equal numbers, from 1. */
static void number_files(writer *w, uint32_t *frames)
{
    uint32_t id = 0;

    qsort_r(frames, w->p->frame_count, sizeof *frames, by_file, w->p->frames);
    for (uint32_t i = 0; i < w->p->frame_count; i++) {
        if (!i || by_file(&frames[i - 1], &frames[i], w->p->frames)) id++;
        w->file_id[frames[i]] = id;
    }
}

static thag_err order_frames(writer *w)
{
    uint32_t count = w->p->frame_count;
    uint32_t *rank = frame_ranks(w->p);

    w->file_id = calloc((size_t)count + 1, sizeof *w->file_id);
    w->order = malloc(((size_t)count + 1) * sizeof *w->order);
    if (!rank || !w->file_id || !w->order) {
        free(rank);
        return THAG_ERR_MEMORY;
    }
    for (uint32_t f = 0; f < count; f++) w->order[f] = f;
    number_files(w, w->order);
    for (uint32_t f = 0; f < count; f++) w->order[rank[f]] = f;
    free(rank);
    return THAG_OK;
}

/* A line ends at a newline, and some readers take other controls for one. */
static void put_clean(FILE *to, const char *text)
{
    size_t len = strlen(text);

    for (size_t used; len; text += used, len -= used) {
        char clean[UTF8_REPAIRED_MAX(UTF8_BYTES_MAX)];

        utf8_next(text, len, &used);
        fwrite(clean, 1, utf8_repair(clean, text, used), to);
    }
}

/* Names are numbered ("compressed") each time, so that one that looks like a number is none. */
static void put_name(writer *w, const char *key, uint32_t id, const char *name)
{
    fprintf(w->to, "%s=(%" PRIu32 ") ", key, id);
    put_clean(w->to, name && *name ? name : "???");
    fputc('\n', w->to);
}

static void put_function(writer *w, const char *file_key, const char *key, uint32_t frame)
{
    const profile_frame *f = &w->p->frames[frame];

    put_name(w, file_key, w->file_id[frame], f->file);
    put_name(w, key, frame + 1, f->name);
}

/* ---- lines ---- */

static void put_costs(writer *w, uint32_t line, const int64_t *cost)
{
    fprintf(w->to, "%" PRIu32, line);
    for (size_t c = 0; c < w->cost_count; c++) fprintf(w->to, " %" PRId64, cost[c]);
    fputc('\n', w->to);
}

static void put_head(writer *w)
{
    fputs("# callgrind format\nversion: 1\ncreator: thag_profiler\ncmd: ", w->to);
    put_clean(w->to, w->from->program);
    fputs("\npositions: line\nevents:", w->to);
    for (size_t c = 0; c < w->cost_count; c++) fprintf(w->to, " %s", w->costs[c].key);
    fputs("\nsummary:", w->to);
    for (size_t c = 0; c < w->cost_count; c++) {
        fprintf(w->to, " %" PRId64, node_metric_total(w->p, &w->costs[c]));
    }
    fputs("\n", w->to);
}

static void put_frame(writer *w, uint32_t f)
{
    uint32_t line = w->p->frames[f].line;

    fputc('\n', w->to);
    put_function(w, "fl", "fn", f);
    put_costs(w, line, &w->self[f * w->cost_count]);
    for (size_t e = w->first_edge[f]; e < w->first_edge[f + 1]; e++) {
        uint32_t callee = w->edges[e].callee;
        uint64_t calls = w->edges[e].calls;

        put_function(w, "cfi", "cfn", callee);
        /* No calls would make readers take the next line for self cost. */
        fprintf(w->to, "calls=%" PRIu64 " %" PRIu32 "\n", calls ? calls : 1,
                w->p->frames[callee].line);
        put_costs(w, line, &w->edge_cost[e * w->cost_count]);
    }
}

/* ---- the whole ---- */

static thag_err prepare(writer *w)
{
    thag_err err = sum_self(w);

    if (!err) err = make_edges(w);
    if (!err) err = sum_edges(w);
    return err ? err : order_frames(w);
}

thag_err callgrind_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.to = to, .from = from, .p = from->profile};
    thag_err err;

    choose_costs(&w);
    err = prepare(&w);
    if (err) goto done;
    put_head(&w);
    for (uint32_t i = 0; i < w.p->frame_count; i++) put_frame(&w, w.order[i]);
    if (ferror(to)) err = THAG_ERR_WRITE;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing callgrind");
    free(w.self);
    free(w.file_id);
    free(w.edges);
    free(w.edge_of);
    free(w.edge_cost);
    free(w.first_edge);
    free(w.order);
    return err;
}
