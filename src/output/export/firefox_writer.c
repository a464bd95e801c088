/*
 * Firefox Profiler: a processed profile of the version below, which later ones upgrade.
 *
 * The tree becomes one thread, whose samples are the call paths in alphabetical order, each weighted
 * with its self time ("tracing-ms") or bytes. Allocations, if known, are the native allocations of
 * that thread.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/firefox_tables.h"
#include "output/frame_order.h"
#include "output/node_metric.h"

typedef struct writer {
    json j;
    const export_source *from;
    const profile *p;
    const uint32_t *nodes; /* as a walk down the tree meets them */
    uint32_t node_count;
    node_metric metric;
} writer;

static int is_time(const writer *w)
{
    return w->metric.unit == NODE_NS;
}

static const char *weight_type(const writer *w)
{
    if (is_time(w)) return "tracing-ms";
    return w->metric.unit == NODE_BYTES ? "bytes" : "samples";
}

static void put_weight(writer *w, int64_t value)
{
    if (is_time(w))
        json_scaled(&w->j, NULL, value, FIREFOX_MS_DIGITS);
    else
        json_int(&w->j, NULL, value);
}

/* Only what has a value, which is what a sample is. */
static int64_t value_at(const writer *w, uint32_t i)
{
    return w->metric.value(w->p, w->nodes[i]);
}

static uint32_t put_stacks(writer *w)
{
    uint32_t count = 0;

    json_begin_array(&w->j, "stack", 0);
    for (uint32_t i = 0; i < w->node_count; i++) {
        if (!value_at(w, i)) continue;
        json_uint(&w->j, NULL, firefox_stack(w->nodes[i]));
        count++;
    }
    json_end(&w->j);
    return count;
}

static void put_weights(writer *w)
{
    json_begin_array(&w->j, "weight", 0);
    for (uint32_t i = 0; i < w->node_count; i++) {
        if (value_at(w, i)) put_weight(w, value_at(w, i));
    }
    json_end(&w->j);
}

/* Time goes on by the weights; where these are no times, by a millisecond each. */
static void put_times(writer *w, int64_t step)
{
    int64_t now = 0;

    json_begin_array(&w->j, "time", 0);
    for (uint32_t i = 0; i < w->node_count; i++) {
        int64_t value = value_at(w, i);

        if (!value) continue;
        json_scaled(&w->j, NULL, now, FIREFOX_MS_DIGITS);
        now = node_metric_add(now, step ? step : value);
    }
    json_end(&w->j);
}

static void put_samples(writer *w, const char *key)
{
    json_begin_object(&w->j, key, 1);
    json_text(&w->j, "weightType", weight_type(w));
    put_weights(w);
    put_times(w, is_time(w) ? 0 : FIREFOX_MS);
    json_uint(&w->j, "length", put_stacks(w));
    json_end(&w->j);
}

static void put_thread(writer *w)
{
    node_metric all[NODE_METRIC_MAX];
    size_t count = node_metrics(w->p, all);

    json_begin_object(&w->j, NULL, 1);
    firefox_put_thread(&w->j, w->from, "all threads", 0, 1);
    w->metric = all[0];
    put_samples(w, "samples");
    for (size_t i = 1; i < count; i++) {
        if (strcmp(all[i].key, "allocated_bytes") != 0) continue;
        w->metric = all[i];
        put_samples(w, "nativeAllocations");
    }
    json_end(&w->j);
}

thag_err firefox_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.from = from, .p = from->profile};
    uint32_t *nodes = frame_tree_order(w.p, &w.node_count);
    thag_err err = THAG_ERR_MEMORY;

    if (!nodes) goto done;
    w.nodes = nodes;
    json_init(&w.j, to);
    json_begin_object(&w.j, NULL, 1);
    firefox_put_head(&w.j, from);
    firefox_put_shared(&w.j, w.p);
    json_begin_array(&w.j, "threads", 1);
    put_thread(&w);
    json_end(&w.j);
    json_end(&w.j);
    json_finish(&w.j);
    err = ferror(to) ? THAG_ERR_WRITE : THAG_OK;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing for the Firefox Profiler");
    free(nodes);
    return err;
}
