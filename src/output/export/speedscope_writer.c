/*
 * speedscope: its own file format, a "sampled" profile for each metric. Each call path that has a
 * value is one sample with that weight, in alphabetical order, so the time order view shows the tree.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/speedscope_frames.h"
#include "output/frame_order.h"
#include "output/node_metric.h"

typedef struct writer {
    json j;
    const export_source *from;
    const profile *p;
    uint32_t *nodes; /* as a walk down the tree meets them */
    uint32_t node_count;
    uint32_t *path; /* room for the deepest */
} writer;

static const char *unit_of(node_unit unit)
{
    switch (unit) {
    case NODE_NS: return "nanoseconds";
    case NODE_BYTES: return "bytes";
    default: return "none";
    }
}

static void put_frames(json *j, const profile *p)
{
    json_begin_object(j, "shared", 0);
    json_begin_array(j, "frames", 1);
    for (uint32_t f = 0; f < p->frame_count; f++) {
        const profile_frame *frame = &p->frames[f];

        json_begin_object(j, NULL, 0);
        json_text(j, "name", frame->name);
        if (frame->file) json_text(j, "file", frame->file);
        if (frame->line) json_uint(j, "line", frame->line);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

void speedscope_put_head(json *j, const export_source *from)
{
    json_text(j, "$schema", "https://www.speedscope.app/file-format-schema.json");
    json_text(j, "name", from->program);
    json_text(j, "exporter", "thag_profiler");
    json_int(j, "activeProfileIndex", 0);
    put_frames(j, from->profile);
}

static void put_stack(writer *w, uint32_t node)
{
    uint32_t depth = 0;

    for (uint32_t n = node; n != PROFILE_ROOT; n = w->p->parent[n]) {
        w->path[depth++] = w->p->frame[n];
    }
    json_begin_array(&w->j, NULL, 0);
    while (depth) json_uint(&w->j, NULL, w->path[--depth]);
    json_end(&w->j);
}

static void put_profile(writer *w, const node_metric *m)
{
    json_begin_object(&w->j, NULL, 0);
    json_text(&w->j, "type", "sampled");
    json_text(&w->j, "name", m->title);
    json_text(&w->j, "unit", unit_of(m->unit));
    json_begin_array(&w->j, "samples", 1);
    for (uint32_t i = 0; i < w->node_count; i++) {
        if (m->value(w->p, w->nodes[i])) put_stack(w, w->nodes[i]);
    }
    json_end(&w->j);
    json_begin_array(&w->j, "weights", 0);
    for (uint32_t i = 0; i < w->node_count; i++) {
        int64_t value = m->value(w->p, w->nodes[i]);

        if (value) json_int(&w->j, NULL, value);
    }
    json_end(&w->j);
    json_int(&w->j, "startValue", 0);
    json_int(&w->j, "endValue", node_metric_total(w->p, m));
    json_end(&w->j);
}

static void put_all(writer *w)
{
    node_metric metrics[NODE_METRIC_MAX];
    size_t count = node_metrics(w->p, metrics);

    json_begin_object(&w->j, NULL, 1);
    speedscope_put_head(&w->j, w->from);
    json_begin_array(&w->j, "profiles", 1);
    for (size_t i = 0; i < count; i++) put_profile(w, &metrics[i]);
    json_end(&w->j);
    json_end(&w->j);
    json_finish(&w->j);
}

thag_err speedscope_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.from = from, .p = from->profile};
    thag_err err = THAG_OK;

    json_init(&w.j, to);
    w.nodes = frame_tree_order(w.p, &w.node_count);
    w.path = malloc(w.p->node_count * sizeof *w.path);
    if (!w.nodes || !w.path) {
        err = THAG_ERR_MEMORY;
    } else {
        put_all(&w);
        if (ferror(to)) err = THAG_ERR_WRITE;
    }
    if (err) fault_set(why, err, UINT64_MAX, "writing speedscope");
    free(w.nodes);
    free(w.path);
    return err;
}
