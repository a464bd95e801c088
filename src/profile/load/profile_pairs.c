#include "profile/load/profile_pairs.h"

#include <stdlib.h>
#include <string.h>

static const char middle_name[] = "[freed in]";

/* ---- the profile ---- */

typedef struct builder {
    const profile *from;
    profile *to;
    uint32_t middle;  /* its frame */
    uint32_t *nodes;  /* of a path, from its end to the root */
    uint32_t *copies; /* of nodes of allocations; 0: none yet */
} builder;

/* The path of `node` below `parent`. */
static thag_err copy_path(builder *b, uint32_t parent, uint32_t node, uint32_t *copy)
{
    const profile *from = b->from;
    size_t depth = 0;
    thag_err err = THAG_OK;

    for (; node != PROFILE_ROOT; node = from->parent[node]) b->nodes[depth++] = node;
    for (*copy = parent; depth > 0 && !err;) {
        uint32_t frame;

        err = profile_intern_like(b->to, &from->frames[from->frame[b->nodes[--depth]]], &frame);
        if (!err) err = profile_child(b->to, *copy, frame, copy);
    }
    return err;
}

static thag_err add_pair(builder *b, const uint32_t *node_of, const trace_pair_info *pair)
{
    uint32_t allocated = node_of[pair->node], node = b->copies[allocated];
    thag_err err = THAG_OK;

    if (!node) {
        err = copy_path(b, PROFILE_ROOT, allocated, &node);
        if (!err) err = profile_child(b->to, node, b->middle, &node);
        b->copies[allocated] = node;
    }
    if (!err) err = copy_path(b, node, node_of[pair->releaser], &node);
    if (err) return err;
    profile_memory_sum(&b->to->memory[node], &(profile_memory){.blocks = pair->blocks,
                                                               .bytes = pair->bytes,
                                                               .freed_blocks = pair->blocks,
                                                               .freed_bytes = pair->bytes});
    return THAG_OK;
}

static thag_err builder_begin(builder *b, const profile *from)
{
    thag_err err = profile_new(&b->to, from->unit, 0);

    b->from = from;
    b->nodes = malloc(from->node_count * sizeof *b->nodes);
    b->copies = calloc(from->node_count, sizeof *b->copies);
    if (!err && (!b->nodes || !b->copies)) err = THAG_ERR_MEMORY;
    if (!err) err = profile_add_memory(b->to, PROFILE_LIVE);
    if (!err) err = profile_intern(b->to, middle_name, sizeof middle_name - 1, NULL, 0, &b->middle);
    if (!err && from->title && !(b->to->title = strdup(from->title))) err = THAG_ERR_MEMORY;
    if (err) return err;
    b->to->heap_period = from->heap_period;
    b->to->heap_samples = from->heap_samples;
    return THAG_OK;
}

thag_err profile_pairs(profile **out, const loaded *l, fault *f)
{
    size_t count;
    const trace_pair_info *pairs = trace_pairs(l->trace, &count);
    builder b = {0};
    thag_err err = builder_begin(&b, l->profile);

    for (size_t i = 0; i < count && !err; i++) err = add_pair(&b, l->node_of, &pairs[i]);
    free(b.nodes);
    free(b.copies);
    *out = err ? NULL : b.to;
    if (err) profile_free(b.to);
    return err ? fault_set(f, err, UINT64_MAX, "who freed what") : THAG_OK;
}

/* ---- what it is asked ---- */

uint32_t profile_pair_middle(const profile *p, uint32_t node)
{
    for (uint32_t n = node; n != PROFILE_ROOT; n = p->parent[n]) {
        if (strcmp(p->frames[p->frame[n]].name, middle_name) == 0) return n;
    }
    return node;
}
