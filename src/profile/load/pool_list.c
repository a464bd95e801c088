#include "profile/load/pool_list.h"

#include <stdlib.h>
#include <string.h>

/* NULL: out of memory. */
static pool_sum *find(pool_list *list, const char *name)
{
    pool_sum *bigger;
    char *copy;

    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) return &list->items[i];
    }
    bigger = realloc(list->items, (list->count + 1) * sizeof *bigger);
    if (!bigger) return NULL;
    list->items = bigger;
    copy = strdup(name);
    if (!copy) return NULL;
    bigger[list->count] = (pool_sum){.name = copy, .is_live = 1};
    return &bigger[list->count++];
}

void pool_list_release(pool_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i].name);
    free(list->items);
}

thag_err pool_list_add(pool_list *list, const trace *t)
{
    size_t path_count;
    const trace_pool_path *paths = trace_pool_paths(t, &path_count);

    for (uint32_t id = 0; id < trace_pool_count(t); id++) {
        trace_pool_info info = trace_pool_get(t, id);
        pool_sum *sum = find(list, info.name);

        if (!sum) return THAG_ERR_MEMORY;
        if (info.peak > sum->peak_bytes) sum->peak_bytes = info.peak;
        sum->resets += info.resets;
        if (trace_memory_of(t)->mode != TRACE_HEAP_LIVE) sum->is_live = 0;
    }
    for (size_t i = 0; i < path_count; i++) {
        const trace_memory *m = &paths[i].memory;
        pool_sum *sum = find(list, trace_pool_get(t, paths[i].pool).name);

        if (!sum) return THAG_ERR_MEMORY;
        sum->blocks += m->blocks;
        sum->bytes += m->bytes;
        sum->live_blocks += m->blocks - m->freed_blocks;
        sum->live_bytes += m->bytes - m->freed_bytes;
    }
    return THAG_OK;
}

static int by_bytes(const void *left, const void *right)
{
    const pool_sum *a = left, *b = right;

    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

void pool_list_sort(pool_list *list)
{
    if (list->count) qsort(list->items, list->count, sizeof *list->items, by_bytes);
}
