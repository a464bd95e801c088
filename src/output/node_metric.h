/*
 * node_metric.h - what a profile knows of each node, as columns: one table for all exports, so that
 * none of them leaves a column out.
 */
#ifndef THAG_NODE_METRIC_H
#define THAG_NODE_METRIC_H

#include <stddef.h>

#include "profile/profile.h"

#define NODE_METRIC_MAX 16

typedef enum node_unit { NODE_COUNT, NODE_NS, NODE_BYTES } node_unit;

/* A quantity that a node has for itself, beyond what its descendants have. It adds up over nodes. */
typedef struct node_metric {
    const char *key;   /* an identifier, with its unit: "self_ns" */
    const char *title; /* for people: "time" */
    node_unit unit;
    int64_t (*value)(const profile *p, uint32_t node); /* never negative */
} node_metric;

/** The columns of this profile: first the one that widths are drawn by, which it always has. */
size_t node_metrics(const profile *p, node_metric found[NODE_METRIC_MAX]);

/** "nanoseconds", "bytes", "count": the words of pprof and OTLP. */
const char *node_unit_text(node_unit unit);

#endif
