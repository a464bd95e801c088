/*
 * trace_pairs.c - who freed what who had allocated: blocks of kind PAIR.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

const trace_pair_info *trace_pairs(const trace *t, size_t *count)
{
    *count = t->pair_count;
    return t->pairs;
}

thag_err slot_read_pair(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    trace *t = w->t;
    trace_pair from;

    memcpy(&from, w->buffer + pos, sizeof from);
    if (from.node >= t->node_count || from.releaser >= t->node_count) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "pair of nodes %u and %u of %u", from.node,
                   from.releaser, t->node_count);
        return THAG_OK;
    }
    if (!trace_grow((void **)&t->pairs, &t->pair_cap, t->pair_count, sizeof *t->pairs)) {
        return THAG_ERR_MEMORY;
    }
    t->pairs[t->pair_count++] =
        (trace_pair_info){from.node, from.releaser, from.blocks, from.bytes};
    return THAG_OK;
}

static int by_nodes(const void *left, const void *right)
{
    const trace_pair_info *a = left, *b = right;

    if (a->node != b->node) return a->node < b->node ? -1 : 1;
    return a->releaser < b->releaser ? -1 : a->releaser > b->releaser;
}

void trace_settle_pairs(trace *t)
{
    size_t kept = 0;

    if (t->pair_count) qsort(t->pairs, t->pair_count, sizeof *t->pairs, by_nodes);
    for (size_t i = 0; i < t->pair_count; i++) {
        if (kept && by_nodes(&t->pairs[kept - 1], &t->pairs[i]) == 0) {
            trace_pair_info *sum = &t->pairs[kept - 1];

            sum->blocks = add_capped(sum->blocks, t->pairs[i].blocks);
            sum->bytes = add_capped(sum->bytes, t->pairs[i].bytes);
        } else {
            t->pairs[kept++] = t->pairs[i];
        }
    }
    t->pair_count = kept;
}
