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
    const char *key;   /* an identifier; times and bytes end in their unit: "self_ns" */
    const char *title; /* for people: "time"; of memory, as pprof users know it: "inuse_space" */
    node_unit unit;
    int64_t (*value)(const profile *p, uint32_t node); /* never negative */
} node_metric;

/**
 * The columns of this profile: first the one that widths are drawn by, which it always has; then calls
 * and memory, if it has those. Returns how many.
 */
size_t node_metrics(const profile *p, node_metric found[NODE_METRIC_MAX]);

/** Has it anything of its own: a value of one of the metrics? */
int node_has_value(const profile *p, uint32_t node);

/** Sum of a metric over all nodes: of a damaged file too large for a number, the largest number. */
int64_t node_metric_total(const profile *p, const node_metric *m);

/** Inclusive values of a metric by node; saturating. malloc'ed; NULL if out of memory. */
int64_t *node_metric_inclusive(const profile *p, const node_metric *m);

/** Saturating, of two that are not negative. */
int64_t node_metric_add(int64_t a, int64_t b);

/** "nanoseconds", "bytes", "count": the words of pprof and OTLP. */
const char *node_unit_text(node_unit unit);

#endif
