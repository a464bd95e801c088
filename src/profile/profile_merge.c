#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

static thag_err hist_cover(profile_hist *h, uint32_t first, uint32_t end)
{
    uint64_t *counts;

    if (h->len && h->first < first) first = h->first;
    if (h->len && h->first + h->len > end) end = h->first + h->len;
    if (h->len == end - first) return THAG_OK;
    counts = calloc(end - first, sizeof *counts);
    if (!counts) return THAG_ERR_MEMORY;
    if (h->len) memcpy(counts + (h->first - first), h->counts, h->len * sizeof *counts);
    free(h->counts);
    *h = (profile_hist){.first = first, .len = end - first, .counts = counts};
    return THAG_OK;
}

static thag_err hist_add(profile_hist *into, const profile_hist *from)
{
    thag_err err;

    if (from->len == 0) return THAG_OK;
    err = hist_cover(into, from->first, from->first + from->len);
    if (err) return err;
    for (uint32_t i = 0; i < from->len; i++)
        into->counts[from->first - into->first + i] += from->counts[i];
    return THAG_OK;
}

static thag_err calls_add(profile_calls *into, const profile_calls *from)
{
    thag_err err = hist_add(&into->hist, &from->hist);

    if (err) return err;
    into->calls += from->calls;
    into->open += from->open;
    into->timed += from->timed;
    if (from->min_ns < into->min_ns) into->min_ns = from->min_ns;
    if (from->max_ns > into->max_ns) into->max_ns = from->max_ns;
    return THAG_OK;
}

void profile_memory_sum(profile_memory *into, const profile_memory *from)
{
    into->blocks += from->blocks;
    into->bytes += from->bytes;
    into->freed_blocks += from->freed_blocks;
    into->freed_bytes += from->freed_bytes;
    into->temporary += from->temporary;
    into->reallocs += from->reallocs;
    into->realloc_bytes += from->realloc_bytes;
    into->live_blocks += from->live_blocks;
    into->live_bytes += from->live_bytes;
    into->peak_blocks += from->peak_blocks;
    into->peak_bytes += from->peak_bytes;
}

static int self_add(int64_t *into, int64_t from)
{
    if (from > 0 && *into > INT64_MAX - from) return 0;
    *into += from;
    return 1;
}

static thag_err node_copy(profile *into, const profile *from, uint32_t n, uint32_t *map)
{
    const profile_frame *f;
    uint32_t frame;
    thag_err err;

    if (n == PROFILE_ROOT) {
        map[n] = PROFILE_ROOT;
        return THAG_OK;
    }
    f = &from->frames[from->frame[n]];
    err = profile_intern(into, f->name, f->name_len, f->file, f->line, &frame);
    if (err) return err;
    return profile_child(into, map[from->parent[n]], frame, &map[n]);
}

static void settings_merge(profile *into, const profile *from)
{
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

thag_err profile_merge(profile *into, const profile *from)
{
    thag_err err = THAG_OK;
    uint32_t *map = NULL;

    if (into->unit != from->unit) return THAG_ERR_UNIT;
    map = malloc(from->node_count * sizeof *map);
    if (!map) return THAG_ERR_MEMORY;
    settings_merge(into, from);
    if (!from->calls) calls_drop(into);
    if (from->memory) err = profile_add_memory(into, from->memory_mode);
    if (err) goto done;
    for (uint32_t n = 0; n < from->node_count; n++) {
        err = node_copy(into, from, n, map);
        if (err) goto done;
        if (!self_add(&into->self[map[n]], from->self[n])) {
            err = THAG_ERR_TOO_LARGE;
            goto done;
        }
        if (into->calls) err = calls_add(&into->calls[map[n]], &from->calls[n]);
        if (err) goto done;
        if (from->memory) profile_memory_sum(&into->memory[map[n]], &from->memory[n]);
    }
done:
    free(map);
    return err;
}
