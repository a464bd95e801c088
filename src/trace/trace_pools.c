/*
 * trace_pools.c - memory that pools, arenas and mappings handed out: POOLS chunks.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

uint32_t trace_pool_count(const trace *t)
{
    return (uint32_t)t->pool_count;
}

trace_pool_info trace_pool_get(const trace *t, uint32_t id)
{
    const pool_entry *e = &t->pools[id];

    return (trace_pool_info){
        .name = t->strings + e->name_off, .peak = e->peak, .resets = e->resets, .sizes = e->sizes};
}

const trace_pool_path *trace_pool_paths(const trace *t, size_t *count)
{
    *count = t->pool_path_count;
    return t->pool_paths;
}

static thag_err read_pool(trace *t, uint64_t offset, const uint8_t *at)
{
    trace_pool pool;
    pool_entry *e;

    memcpy(&pool, at, sizeof pool);
    if (pool.bytes < sizeof pool + pool.name_len || pool.name_len > TRACE_NAME_MAX ||
        pool.id != t->pool_count) {
        trace_note(t, offset, "pool %u where %zu was expected", pool.id, t->pool_count);
        return THAG_OK;
    }
    if (!trace_grow((void **)&t->pools, &t->pool_cap, t->pool_count, sizeof *t->pools)) {
        return THAG_ERR_MEMORY;
    }
    e = &t->pools[t->pool_count];
    *e = (pool_entry){.name_off = trace_keep_string(t, at + sizeof pool, pool.name_len),
                      .peak = pool.peak,
                      .resets = pool.resets};
    if (e->name_off == SIZE_MAX) return THAG_ERR_MEMORY;
    t->pool_count++;
    return THAG_OK;
}

/* Live is what was allocated less what was freed; what was live at the peak, see trace_memory.c. */
static trace_memory memory_of(const trace *t, const trace_pool_row *row)
{
    int is_then = row->peak_seen == t->pools[row->pool].peak;

    return (trace_memory){
        .blocks = row->blocks,
        .bytes = row->allocated,
        .freed_blocks = row->freed_blocks,
        .freed_bytes = row->freed,
        .temporary = row->temporary,
        .reallocs = row->resized_blocks,
        .realloc_bytes = row->resized,
        .peak_blocks = (int64_t)(is_then ? row->peak_blocks : row->blocks - row->freed_blocks),
        .peak_bytes = (int64_t)(is_then ? row->peak_bytes : row->allocated - row->freed)};
}

static thag_err read_row(trace *t, uint64_t offset, const uint8_t *at)
{
    trace_pool_row row;

    memcpy(&row, at, sizeof row);
    if (row.pool >= t->pool_count || row.node >= t->node_count) {
        trace_note(t, offset, "row of pool %u, node %u: there are %zu and %u", row.pool, row.node,
                   t->pool_count, t->node_count);
        return THAG_OK;
    }
    if (!trace_grow((void **)&t->pool_paths, &t->pool_path_cap, t->pool_path_count,
                    sizeof *t->pool_paths)) {
        return THAG_ERR_MEMORY;
    }
    t->pool_paths[t->pool_path_count++] =
        (trace_pool_path){.pool = row.pool, .node = row.node, .memory = memory_of(t, &row)};
    return THAG_OK;
}

static thag_err read_sizes(trace *t, uint64_t offset, const uint8_t *at)
{
    trace_pool_sizes sizes;
    pool_entry *e;

    memcpy(&sizes, at, sizeof sizes);
    e = sizes.pool < t->pool_count ? &t->pools[sizes.pool] : NULL;
    if (!e || e->sizes) {
        trace_note(t, offset, "sizes of pool %u: %s", sizes.pool,
                   e ? "a second time" : "there is no such pool");
        return THAG_OK;
    }
    e->sizes = malloc(sizeof sizes.bucket);
    if (!e->sizes) return THAG_ERR_MEMORY;
    memcpy(e->sizes, sizes.bucket, sizeof sizes.bucket);
    return THAG_OK;
}

void trace_free_pools(trace *t)
{
    for (size_t i = 0; i < t->pool_count; i++) free(t->pools[i].sizes);
    free(t->pools);
    free(t->pool_paths);
}

static thag_err read_chunk(trace *t, const chunk_ref *ref, const uint8_t *bytes)
{
    const uint32_t least = sizeof(trace_pool); /* the shorter of the two */
    uint32_t pos = sizeof(trace_chunk);
    thag_err err = THAG_OK;

    while (!err && pos + least <= ref->used) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        uint32_t len;
        uint16_t kind;

        memcpy(&len, bytes + pos, sizeof len);
        memcpy(&kind, bytes + pos + sizeof len, sizeof kind);
        if (len < least || len % 8 || len > ref->used - pos) {
            trace_note(t, offset, "pool record of %u bytes", len);
            return THAG_OK;
        }
        if (kind == TRACE_POOL) {
            err = read_pool(t, offset, bytes + pos);
        } else if (kind == TRACE_POOL_ROW && len >= sizeof(trace_pool_row)) {
            err = read_row(t, offset, bytes + pos);
        } else if (kind == TRACE_POOL_SIZES && len >= sizeof(trace_pool_sizes)) {
            err = read_sizes(t, offset, bytes + pos);
        } else {
            trace_note(t, offset, "pool record of kind %u, %u bytes", kind, len);
        }
        pos += len;
    }
    return err;
}

/* If more is live at the end than ever before, the peak is the end: as trace_settle_peak(). */
static thag_err settle(trace *t)
{
    uint64_t *live = calloc(2 * t->pool_count + 1, sizeof *live), *peak = live + t->pool_count;

    if (!live) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < t->pool_path_count; i++) {
        const trace_memory *m = &t->pool_paths[i].memory;

        live[t->pool_paths[i].pool] += m->bytes - m->freed_bytes;
        peak[t->pool_paths[i].pool] += (uint64_t)m->peak_bytes;
    }
    for (size_t i = 0; i < t->pool_path_count; i++) {
        trace_memory *m = &t->pool_paths[i].memory;
        uint32_t pool = t->pool_paths[i].pool;

        if ((int64_t)live[pool] < (int64_t)peak[pool]) continue;
        m->peak_blocks = (int64_t)(m->blocks - m->freed_blocks);
        m->peak_bytes = (int64_t)(m->bytes - m->freed_bytes);
    }
    for (size_t pool = 0; pool < t->pool_count; pool++) {
        if ((int64_t)live[pool] > (int64_t)peak[pool]) t->pools[pool].peak = live[pool];
    }
    free(live);
    return THAG_OK;
}

thag_err trace_load_pools(trace *t, uint8_t *buffer)
{
    const chunk_list *list = &t->chunks[TRACE_POOLS];
    thag_err err = THAG_OK;

    for (size_t i = 0; !err && i < list->count; i++) {
        trace_load_chunk(t, &list->items[i], buffer);
        err = read_chunk(t, &list->items[i], buffer);
    }
    return err ? err : settle(t);
}
