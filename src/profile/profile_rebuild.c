#include "profile/profile_rebuild.h"

#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

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

thag_err profile_add_calls(profile_calls *into, const profile_calls *from)
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

thag_err profile_add_self(profile *p, uint32_t node, int64_t value)
{
    if (value > 0 && p->self[node] > INT64_MAX - value) return THAG_ERR_TOO_LARGE;
    p->self[node] += value;
    return THAG_OK;
}

uint64_t profile_self_room(const profile *p)
{
    uint64_t room = INT64_MAX;

    for (uint32_t n = 0; n < p->node_count; n++)
        room -= (uint64_t)p->self[n] < room ? (uint64_t)p->self[n] : room;
    return room;
}

void profile_add_fitting(profile *p, uint32_t node, uint64_t value, uint64_t *room)
{
    if (value > *room) value = *room;
    *room -= value;
    p->self[node] += (int64_t)value;
}

/* ---- rebuilding ---- */

static uint32_t *all_none(uint32_t count)
{
    uint32_t *array = malloc(((size_t)count + 1) * sizeof *array);

    if (array) memset(array, 0xFF, ((size_t)count + 1) * sizeof *array);
    return array;
}

static thag_err copy_settings(profile *to, const profile *from)
{
    to->sample_period = from->sample_period;
    to->heap_period = from->heap_period;
    to->heap_samples = from->heap_samples;
    to->probe_inside_ns = from->probe_inside_ns;
    to->probe_outside_ns = from->probe_outside_ns;
    if (!from->title) return THAG_OK;
    to->title = strdup(from->title);
    return to->title ? THAG_OK : THAG_ERR_MEMORY;
}

thag_err rebuild_into(rebuild *r, const profile *from, profile *to)
{
    *r = (rebuild){.from = from, .to = to, .map = all_none(from->node_count)};
    r->frames = all_none(from->frame_count);
    if (!r->map || !r->frames) return THAG_ERR_MEMORY;
    r->map[PROFILE_ROOT] = PROFILE_ROOT;
    return THAG_OK;
}

void rebuild_release(rebuild *r)
{
    free(r->map);
    free(r->frames);
}

thag_err rebuild_begin(rebuild *r, const profile *from, enum rebuild_calls calls)
{
    thag_err err = rebuild_into(r, from, NULL);

    if (!err) err = profile_new(&r->to, from->unit, calls == REBUILD_WITH_CALLS && from->calls);
    if (!err) err = copy_settings(r->to, from);
    if (!err && from->memory) err = profile_add_memory(r->to, from->memory_mode);
    return err;
}

thag_err rebuild_child(rebuild *r, uint32_t to_parent, uint32_t from_frame, uint32_t *to_node)
{
    thag_err err = THAG_OK;

    if (r->frames[from_frame] == PROFILE_NONE)
        err = profile_intern_like(r->to, &r->from->frames[from_frame], &r->frames[from_frame]);
    return err ? err : profile_child(r->to, to_parent, r->frames[from_frame], to_node);
}

thag_err rebuild_add_values(rebuild *r, uint32_t to_node, uint32_t from_node)
{
    if (r->to->memory && r->from->memory) {
        profile_memory_sum(&r->to->memory[to_node], &r->from->memory[from_node]);
    }
    return profile_add_self(r->to, to_node, r->from->self[from_node]);
}

thag_err rebuild_add_calls(rebuild *r, uint32_t to_node, uint32_t from_node)
{
    if (!r->to->calls) return THAG_OK;
    return profile_add_calls(&r->to->calls[to_node], &r->from->calls[from_node]);
}

thag_err rebuild_add(rebuild *r, uint32_t to_node, uint32_t from_node)
{
    thag_err err = rebuild_add_values(r, to_node, from_node);

    return err ? err : rebuild_add_calls(r, to_node, from_node);
}

int rebuild_has_values(const profile *p, uint32_t node)
{
    const profile_memory *m = p->memory ? &p->memory[node] : NULL;

    return p->self[node] != 0 || (m && (m->blocks || m->freed_blocks));
}

thag_err rebuild_end(rebuild *r, thag_err err, profile **out, fault *f)
{
    rebuild_release(r);
    *out = NULL;
    if (err) {
        profile_free(r->to);
        return fault_set(f, err, UINT64_MAX, "a new profile from another");
    }
    *out = r->to;
    return THAG_OK;
}
