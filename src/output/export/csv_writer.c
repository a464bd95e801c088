/*
 * CSV: RFC 4180 with a heading, one row for each call path, every column that the profile has.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/export/export.h"
#include "output/frame_order.h"
#include "output/node_metric.h"

typedef struct writer {
    FILE *to;
    const profile *p;
    node_metric metrics[NODE_METRIC_MAX];
    size_t metric_count;
    int64_t *inclusive; /* of the first metric */
    uint32_t *depth;    /* by node */
} writer;

static void put_heading(const writer *w)
{
    const char *first = w->metrics[0].key + strlen("self");

    fputs("node,parent,depth,function,file,line", w->to);
    for (size_t i = 0; i < w->metric_count; i++) fprintf(w->to, ",%s", w->metrics[i].key);
    fprintf(w->to, ",inclusive%s", first);
    if (w->p->calls) fputs(",open,timed,min_ns,max_ns", w->to);
    fputs("\r\n", w->to);
}

/* What was never timed has empty fields, not a minimum of nothing. */
static void put_calls(const writer *w, const profile_calls *c)
{
    fprintf(w->to, ",%" PRIu64 ",%" PRIu64, c->open, c->timed);
    if (c->timed && c->min_ns != UINT64_MAX)
        fprintf(w->to, ",%" PRIu64 ",%" PRIu64, c->min_ns, c->max_ns);
    else
        fputs(",,", w->to);
}

static void put_row(writer *w, uint32_t n)
{
    const profile_frame *f = &w->p->frames[w->p->frame[n]];
    uint32_t parent = w->p->parent[n];

    w->depth[n] = w->depth[parent] + 1;
    fprintf(w->to, "%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",", n, parent, w->depth[n]);
    csv_text(w->to, f->name);
    fputc(',', w->to);
    if (f->file) csv_text(w->to, f->file);
    fputc(',', w->to);
    if (f->line) fprintf(w->to, "%" PRIu32, f->line);
    for (size_t i = 0; i < w->metric_count; i++) {
        fprintf(w->to, ",%" PRId64, w->metrics[i].value(w->p, n));
    }
    fprintf(w->to, ",%" PRId64, w->inclusive[n]);
    if (w->p->calls) put_calls(w, &w->p->calls[n]);
    fputs("\r\n", w->to);
}

thag_err csv_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.to = to, .p = from->profile};
    uint32_t count;
    uint32_t *nodes = frame_tree_order(w.p, &count);
    thag_err err = THAG_ERR_MEMORY;

    w.metric_count = node_metrics(w.p, w.metrics);
    w.inclusive = profile_inclusive(w.p);
    w.depth = calloc(w.p->node_count, sizeof *w.depth);
    if (!nodes || !w.inclusive || !w.depth) goto done;
    put_heading(&w);
    for (uint32_t i = 0; i < count; i++) put_row(&w, nodes[i]);
    err = ferror(to) ? THAG_ERR_WRITE : THAG_OK;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing CSV");
    free(nodes);
    free(w.inclusive);
    free(w.depth);
    return err;
}
