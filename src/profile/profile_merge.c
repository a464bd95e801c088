#include <stdlib.h>

#include "profile/profile_ops.h"
#include "profile/profile_rebuild.h"

void profile_memory_sum(profile_memory *into, const profile_memory *from)
{
    into->blocks += from->blocks;
    into->bytes += from->bytes;
    into->freed_blocks += from->freed_blocks;
    into->freed_bytes += from->freed_bytes;
    into->temporary += from->temporary;
    into->reallocs += from->reallocs;
    into->realloc_bytes += from->realloc_bytes;
    into->released_blocks += from->released_blocks;
    into->released_bytes += from->released_bytes;
    into->live_blocks += from->live_blocks;
    into->live_bytes += from->live_bytes;
    into->peak_blocks += from->peak_blocks;
    into->peak_bytes += from->peak_bytes;
}

static void settings_merge(profile *into, const profile *from)
{
    into->heap_samples += from->heap_samples;
    if (from->heap_period > into->heap_period) into->heap_period = from->heap_period;
    if (into->node_count == 1) {
        into->sample_period = from->sample_period;
        into->probe_inside_ns = from->probe_inside_ns;
        into->probe_outside_ns = from->probe_outside_ns;
        return;
    }
    /* Measured corrections cannot be averaged after the fact: the first that is known stays. */
    if (into->probe_inside_ns <= 0) into->probe_inside_ns = from->probe_inside_ns;
    if (into->probe_outside_ns <= 0) into->probe_outside_ns = from->probe_outside_ns;
    if (from->sample_period > into->sample_period) into->sample_period = from->sample_period;
}

static void calls_drop(profile *p)
{
    for (uint32_t n = 0; p->calls && n < p->node_count; n++) free(p->calls[n].hist.counts);
    free(p->calls);
    p->calls = NULL;
}

static thag_err add_nodes(rebuild *r)
{
    const profile *from = r->from;
    thag_err err = THAG_OK;

    for (uint32_t n = 0; n < from->node_count && !err; n++) {
        if (n) err = rebuild_child(r, r->map[from->parent[n]], from->frame[n], &r->map[n]);
        if (!err) err = rebuild_add(r, r->map[n], n);
    }
    return err;
}

thag_err profile_merge(profile *into, const profile *from)
{
    rebuild r;
    thag_err err;

    if (into->unit != from->unit) return THAG_ERR_UNIT;
    err = rebuild_into(&r, from, into);
    if (err) goto done;
    settings_merge(into, from);
    if (!from->calls) calls_drop(into);
    if (from->memory) err = profile_add_memory(into, from->memory_mode);
    if (!err) err = add_nodes(&r);
done:
    rebuild_release(&r);
    return err;
}

thag_err profile_add_paths(profile *p, const profile *from, uint32_t **map)
{
    rebuild r;
    thag_err err = rebuild_into(&r, from, p);

    *map = NULL;
    for (uint32_t n = 1; !err && n < from->node_count; n++)
        err = rebuild_child(&r, r.map[from->parent[n]], from->frame[n], &r.map[n]);
    if (!err) {
        *map = r.map;
        r.map = NULL;
    }
    rebuild_release(&r);
    return err;
}
