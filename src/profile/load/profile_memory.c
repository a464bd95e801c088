/*
 * profile_memory.c - the memory column of a profile.
 */
#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_memory.h"
#include "profile/profile_tables.h"

#define OUTSIDE_NAME "[outside]"

thag_err profile_add_memory(profile *p, profile_memory_mode mode)
{
    if (!p->memory) {
        /* As much as the other columns have: they grow together. */
        size_t room = p->tables->node_room > p->node_count ? p->tables->node_room : p->node_count;

        p->memory = calloc(room, sizeof *p->memory);
        if (!p->memory) return THAG_ERR_MEMORY;
        p->memory_mode = mode;
    }
    if (mode < p->memory_mode) p->memory_mode = mode; /* of several, what all of them have */
    return THAG_OK;
}

static uint64_t value_of(const profile_memory *m, profile_metric metric)
{
    switch (metric) {
    case PROFILE_BLOCKS_ALLOCATED: return m->blocks;
    case PROFILE_BYTES_FREED: return m->freed_bytes;
    case PROFILE_BYTES_RELEASED: return m->released_bytes;
    case PROFILE_BYTES_LIVE: return m->live_bytes;
    case PROFILE_BYTES_PEAK: return m->peak_bytes;
    default: return m->bytes;
    }
}

thag_err profile_use_memory(profile *p, profile_metric metric)
{
    uint64_t left = INT64_MAX;

    if (!p->memory) return THAG_ERR_EMPTY;
    if (metric > PROFILE_BLOCKS_ALLOCATED && p->memory_mode != PROFILE_LIVE) return THAG_ERR_EMPTY;
    for (uint32_t n = 0; n < p->node_count; n++) {
        uint64_t value = value_of(&p->memory[n], metric);

        /* The sum of all must fit: only a damaged counter can be so large. */
        if (value > left) value = left;
        left -= value;
        p->self[n] = (int64_t)value;
        if (p->calls) free(p->calls[n].hist.counts);
    }
    free(p->calls);
    p->calls = NULL;
    p->unit = metric == PROFILE_BLOCKS_ALLOCATED ? PROFILE_SAMPLES : PROFILE_BYTES;
    p->sample_period = 1;
    p->probe_inside_ns = p->probe_outside_ns = 0;
    return THAG_OK;
}

/* Slots add up to what is; a negative sum can only come of a damaged file, or of a process that died
   between two stores. */
static uint64_t not_negative(uint64_t value)
{
    return (int64_t)value < 0 ? 0 : value;
}

static uint32_t add_path(profile_memory *m, const trace_memory *from)
{
    m->blocks += from->blocks;
    m->bytes += from->bytes;
    m->freed_blocks += from->freed_blocks;
    m->freed_bytes += from->freed_bytes;
    m->temporary += from->temporary;
    m->reallocs += from->reallocs;
    m->realloc_bytes += from->realloc_bytes;
    m->released_blocks += from->released_blocks;
    m->released_bytes += from->released_bytes;
    m->peak_blocks += (uint64_t)from->peak_blocks;
    m->peak_bytes += (uint64_t)from->peak_bytes;
    return from->blocks || from->freed_blocks || from->released_blocks;
}

/* What was allocated outside of all spans has a frame of its own: the root has none. */
static thag_err move_outside(profile *p)
{
    uint32_t frame, node;
    thag_err err = profile_intern(p, OUTSIDE_NAME, sizeof OUTSIDE_NAME - 1, NULL, 0, &frame);

    if (!err) err = profile_child(p, PROFILE_ROOT, frame, &node);
    if (err) return err;
    p->memory[node] = p->memory[PROFILE_ROOT];
    p->memory[PROFILE_ROOT] = (profile_memory){0};
    return THAG_OK;
}

/* All paths have been added. */
static thag_err finish_memory(profile *p, uint32_t is_outside)
{
    for (uint32_t n = 0; n < p->node_count; n++) {
        profile_memory *m = &p->memory[n];

        m->live_blocks = not_negative(m->blocks - m->freed_blocks);
        m->live_bytes = not_negative(m->bytes - m->freed_bytes);
        m->peak_blocks = not_negative(m->peak_blocks);
        m->peak_bytes = not_negative(m->peak_bytes);
    }
    return is_outside ? move_outside(p) : THAG_OK;
}

thag_err profile_memory_from_trace(profile *p, const trace *t, const uint32_t *node_of)
{
    size_t count;
    const trace_path *paths = trace_paths(t, &count);
    uint32_t mode = trace_memory_of(t)->mode, is_outside = 0;
    thag_err err;

    if (!mode) return THAG_OK;
    p->heap_period = trace_memory_of(t)->sampling.period;
    p->heap_samples = trace_memory_of(t)->sampling.samples;
    err = profile_add_memory(p, mode == TRACE_HEAP_LIVE ? PROFILE_LIVE : PROFILE_ALLOCATED);
    if (err) return err;
    for (size_t i = 0; i < count; i++) {
        uint32_t n = node_of[paths[i].node];
        uint32_t any = add_path(&p->memory[n], &paths[i].memory);

        if (n == PROFILE_ROOT) is_outside |= any;
    }
    return finish_memory(p, is_outside);
}

thag_err profile_memory_from_pool(profile *p, const trace *t, const uint32_t *node_of,
                                  const char *name)
{
    size_t count;
    const trace_pool_path *paths = trace_pool_paths(t, &count);
    uint32_t is_outside = 0, found = 0;

    for (uint32_t id = 0; id < trace_pool_count(t) && !found; id++)
        found = strcmp(trace_pool_get(t, id).name, name) == 0;
    if (!found || !p->memory) return THAG_ERR_EMPTY;
    p->heap_period = p->heap_samples = 0; /* of pools all is recorded */
    memset(p->memory, 0, p->node_count * sizeof *p->memory);
    for (size_t i = 0; i < count; i++) {
        uint32_t n = node_of[paths[i].node];
        uint32_t any;

        if (strcmp(trace_pool_get(t, paths[i].pool).name, name) != 0) continue;
        any = add_path(&p->memory[n], &paths[i].memory);
        if (n == PROFILE_ROOT) is_outside |= any;
    }
    return finish_memory(p, is_outside);
}
