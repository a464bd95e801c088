#include "profile/memory_stats.h"

#include <stdlib.h>
#include <string.h>

/* ---- by function ---- */

static int order_of(const char *name_a, const char *file_a, const char *name_b, const char *file_b)
{
    int order = strcmp(name_a, name_b);

    if (order) return order;
    if (!file_a || !file_b) return (file_a != NULL) - (file_b != NULL);
    return strcmp(file_a, file_b);
}

static int by_name(const void *left, const void *right)
{
    const memory_row *a = left, *b = right;

    return order_of(a->row.name, a->row.file, b->row.name, b->row.file);
}

static int by_bytes(const void *left, const void *right)
{
    const memory_row *a = left, *b = right;

    if (a->self.bytes != b->self.bytes) return a->self.bytes > b->self.bytes ? -1 : 1;
    if (a->inclusive_bytes != b->inclusive_bytes) {
        return a->inclusive_bytes > b->inclusive_bytes ? -1 : 1;
    }
    return by_name(left, right);
}

uint64_t memory_row_value(const memory_row *row, memory_column column)
{
    const profile_memory *m = &row->self;

    switch (column) {
    case MEMORY_BY_BLOCKS: return m->blocks;
    case MEMORY_BY_BYTES: return m->bytes;
    case MEMORY_BY_INCLUSIVE: return (uint64_t)row->inclusive_bytes;
    case MEMORY_BY_FREED_BLOCKS: return m->freed_blocks;
    case MEMORY_BY_FREED_BYTES: return m->freed_bytes;
    case MEMORY_BY_LIVE_BLOCKS: return m->live_blocks;
    case MEMORY_BY_LIVE_BYTES: return m->live_bytes;
    case MEMORY_BY_PEAK_BYTES: return m->peak_bytes;
    case MEMORY_BY_TEMPORARY: return m->temporary;
    case MEMORY_BY_REALLOCS: return m->reallocs;
    case MEMORY_BY_REALLOC_BYTES: return m->realloc_bytes;
    case MEMORY_COLUMN_COUNT: break;
    }
    return 0;
}

memory_column memory_column_named(const char *option)
{
#define COLUMN_OPTION(id, name, key, heading, in_bytes, live) name,
    static const char *const options[] = {MEMORY_ROW_COLUMNS(COLUMN_OPTION)};
#undef COLUMN_OPTION
    int column = 0;

    while (column < MEMORY_COLUMN_COUNT && strcmp(options[column], option) != 0) column++;
    return (memory_column)column;
}

/* One comparison for each column: qsort() passes nothing on. */
#define COMPARE(id, option, key, heading, in_bytes, live) \
    static int by_##id(const void *left, const void *right) \
    { \
        uint64_t a = memory_row_value(left, MEMORY_BY_##id); \
        uint64_t b = memory_row_value(right, MEMORY_BY_##id); \
\
        return a != b ? (a > b ? -1 : 1) : by_bytes(left, right); \
    }
MEMORY_ROW_COLUMNS(COMPARE)
#undef COMPARE

void memory_stats_sort(memory_stats *s, memory_column column)
{
#define COMPARISON(id, option, key, heading, in_bytes, live) by_##id,
    static int (*const orders[])(const void *, const void *) = {MEMORY_ROW_COLUMNS(COMPARISON)};
#undef COMPARISON

    if (s->row_count) qsort(s->rows, s->row_count, sizeof *s->rows, orders[column]);
}

static memory_row *row_named(memory_stats *s, const char *name, const char *file)
{
    memory_row key = {.row = {.name = name, .file = file}};

    if (!s->row_count) return NULL;
    return bsearch(&key, s->rows, s->row_count, sizeof *s->rows, by_name);
}

/* The rows of the bytes, by name; those of the times are joined to them. */
static void make_rows(memory_stats *s, const stats *bytes, const stats *times)
{
    for (size_t i = 0; i < bytes->row_count; i++) {
        memory_row *row = &s->rows[s->row_count++];

        row->row = bytes->rows[i];
        row->inclusive_bytes = row->row.value[STATS_INCLUSIVE];
        for (int c = 0; c < STATS_COLUMN_COUNT; c++) row->row.value[c] = -1;
    }
    qsort(s->rows, s->row_count, sizeof *s->rows, by_name);
    for (size_t i = 0; i < times->row_count; i++) {
        memory_row *row = row_named(s, times->rows[i].name, times->rows[i].file);

        if (row) memcpy(row->row.value, times->rows[i].value, sizeof row->row.value);
    }
}

static void sum_nodes(memory_stats *s)
{
    const profile *p = s->profile;
    size_t kept = 0;

    for (uint32_t n = 1; n < p->node_count; n++) {
        const profile_frame *f = &p->frames[p->frame[n]];
        memory_row *row = row_named(s, f->name, f->file);

        if (row) profile_memory_sum(&row->self, &p->memory[n]);
        profile_memory_sum(&s->total, &p->memory[n]);
    }
    for (size_t i = 0; i < s->row_count; i++) {
        const memory_row *row = &s->rows[i];

        if (row->self.blocks || row->self.freed_blocks || row->inclusive_bytes) {
            s->rows[kept++] = *row;
        }
    }
    s->row_count = kept;
    if (kept) qsort(s->rows, kept, sizeof *s->rows, by_bytes);
}

thag_err memory_stats_new(memory_stats **out, profile *p, fault *why)
{
    memory_stats *s = NULL;
    stats *times = NULL, *bytes = NULL;
    thag_err err = THAG_ERR_EMPTY;

    *out = NULL;
    if (!p->memory) return fault_set(why, err, UINT64_MAX, "memory was not recorded");
    err = stats_new(&times, p, why);
    if (err) goto done;
    err = profile_use_memory(p, PROFILE_BYTES_ALLOCATED);
    if (err) goto done;
    err = stats_new(&bytes, p, why);
    if (err) goto done;
    err = THAG_ERR_MEMORY;
    s = calloc(1, sizeof *s);
    if (!s) goto done;
    s->profile = p;
    s->is_live = p->memory_mode == PROFILE_LIVE;
    s->rows = calloc(bytes->row_count + 1, sizeof *s->rows);
    if (!s->rows) goto done;
    make_rows(s, bytes, times);
    sum_nodes(s);
    *out = s;
    s = NULL;
    err = THAG_OK;
done:
    if (err) fault_set(why, err, UINT64_MAX, "statistics of memory");
    stats_free(times);
    stats_free(bytes);
    memory_stats_free(s);
    return err;
}

void memory_stats_free(memory_stats *s)
{
    if (!s) return;
    free(s->rows);
    free(s);
}

/* ---- by call path ---- */

static int by_amount(const void *left, const void *right)
{
    const memory_path *a = left, *b = right;

    if (a->amount != b->amount) return a->amount > b->amount ? -1 : 1;
    if (a->blocks != b->blocks) return a->blocks > b->blocks ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static memory_path path_of(const profile_memory *m, memory_view view, uint32_t node)
{
    switch (view) {
    case VIEW_PEAK: return (memory_path){node, m->peak_bytes, m->peak_blocks};
    case VIEW_TEMPORARY: return (memory_path){node, m->temporary, m->temporary ? m->blocks : 0};
    default: return (memory_path){node, m->live_bytes, m->live_blocks};
    }
}

memory_path *memory_paths(const profile *p, memory_view view, size_t *count)
{
    memory_path *paths = malloc(p->node_count * sizeof *paths);

    *count = 0;
    for (uint32_t n = 0; paths && p->memory && n < p->node_count; n++) {
        memory_path path = path_of(&p->memory[n], view, n);

        if (path.amount || path.blocks) paths[(*count)++] = path;
    }
    if (*count) qsort(paths, *count, sizeof *paths, by_amount);
    return paths;
}
