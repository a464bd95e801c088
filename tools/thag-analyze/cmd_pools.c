/*
 * cmd_pools.c - pools: what a program's own allocators handed out, and what it mapped, by name.
 */
#include <stdlib.h>
#include <string.h>

#include "output/pool_writer.h"
#include "thag-analyze/analyze.h"

typedef struct pool_list {
    pool_sum *items;
    size_t count;
} pool_list;

/* NULL: out of memory. */
static pool_sum *list_find(pool_list *list, const char *name)
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

static void list_release(pool_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i].name);
    free(list->items);
}

static int add_trace(pool_list *list, const trace *t)
{
    size_t path_count;
    const trace_pool_path *paths = trace_pool_paths(t, &path_count);

    for (uint32_t id = 0; id < trace_pool_count(t); id++) {
        trace_pool_info info = trace_pool_get(t, id);
        pool_sum *sum = list_find(list, info.name);

        if (!sum) return complain(EXIT_SYSTEM, NULL, "out of memory");
        if (info.peak > sum->peak_bytes) sum->peak_bytes = info.peak;
        sum->resets += info.resets;
        if (trace_memory_of(t)->mode != TRACE_HEAP_LIVE) sum->is_live = 0;
    }
    for (size_t i = 0; i < path_count; i++) {
        const trace_memory *m = &paths[i].memory;
        pool_sum *sum = list_find(list, trace_pool_get(t, paths[i].pool).name);

        if (!sum) return complain(EXIT_SYSTEM, NULL, "out of memory");
        sum->blocks += m->blocks;
        sum->bytes += m->bytes;
        sum->live_blocks += m->blocks - m->freed_blocks;
        sum->live_bytes += m->bytes - m->freed_bytes;
    }
    return EXIT_FINE;
}

static int read_pools(pool_list *list, const job *j)
{
    int status = EXIT_FINE;

    if (!j->path_count) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    for (int i = 0; i < j->path_count && status == EXIT_FINE; i++) {
        loaded l;
        fault f = {0};

        if (loaded_open(&l, j->paths[i], &f)) return complain_fault(&f);
        if (l.trace) status = add_trace(list, l.trace);
        loaded_close(&l);
    }
    if (status == EXIT_FINE && !list->count)
        status = complain(EXIT_NOTHING, j->paths[0], "no pools, arenas or mappings");
    return status;
}

static int by_bytes(const void *left, const void *right)
{
    const pool_sum *a = left, *b = right;

    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

static int run_pools(const job *j)
{
    pool_list list = {0};
    result_file out;
    fault f = {0};
    int status = read_pools(&list, j);

    if (status == EXIT_FINE) status = result_open(&out, j->output, j->force);
    if (status == EXIT_FINE) {
        qsort(list.items, list.count, sizeof *list.items, by_bytes);
        switch (j->format) {
        case FORMAT_JSON: pool_write_json(out.to, list.items, list.count, &f); break;
        case FORMAT_CSV: pool_write_csv(out.to, list.items, list.count, &f); break;
        case FORMAT_TEXT: pool_write_text(out.to, list.items, list.count, &f); break;
        }
        status = result_close(&out, status);
    }
    list_release(&list);
    return status;
}

const command cmd_pools = {
    .name = "pools",
    .summary = "what the program's own allocators handed out, and what it mapped",
    .usage = "[OPTION]... FILE.thag...",
    .about =
        "List the pools and arenas that the program announced (thag_profiler/pool.h), and what\n"
        "it mapped if that was recorded: memory apart from the heap's. Other commands show one\n"
        "of them with --pool NAME.",
    .takes = TAKES_JSON | TAKES_CSV,
    .run = run_pools};
