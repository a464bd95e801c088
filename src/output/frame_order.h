/*
 * frame_order.h - the alphabetical order that every output shares, so that output is deterministic.
 */
#ifndef THAG_FRAME_ORDER_H
#define THAG_FRAME_ORDER_H

#include "profile/profile.h"

/**
 * rank[frame]: its place when all frames are sorted by name (as bytes), then file, then line.
 * malloc'ed, frame_count long (never of length 0); NULL if out of memory.
 */
uint32_t *frame_ranks(const profile *p);

/* All children of all nodes: those of n are child[first[n]] .. child[first[n + 1]]. */
typedef struct frame_children {
    uint32_t *first; /* node_count + 1 */
    uint32_t *child; /* node_count - 1, each node's in the order of their ranks */
} frame_children;

/** Fails with THAG_ERR_MEMORY. What it fills is for frame_children_release(). */
thag_err frame_children_init(frame_children *c, const profile *p);
void frame_children_release(frame_children *c);

/**
 * All nodes but the root, as a walk down the tree in that order meets them: a node's parent is the
 * node before it, or an ancestor of that. malloc'ed; NULL if out of memory.
 */
uint32_t *frame_tree_order(const profile *p, uint32_t *count);

#endif
