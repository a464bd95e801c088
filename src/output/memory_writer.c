#include "output/memory_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/json_writer.h"
#include "output/quantity.h"
#include "output/utf8.h"

static thag_err finish(FILE *to, fault *why)
{
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing statistics of memory");
}

static size_t shown(size_t count, const stats_write_opts *opts)
{
    return opts && opts->limit && opts->limit < count ? opts->limit : count;
}

/* ---- columns ---- */

/* Key in CSV and JSON, heading of the text table, value, whether only live mode knows it, unit. */
#define MEMORY_COLUMNS(X) \
    X("blocks", "blocks", r->self.blocks, 0, 0) \
    X("bytes", "bytes", r->self.bytes, 0, 1) \
    X("inclusive_bytes", "incl", (uint64_t)r->inclusive_bytes, 0, 1) \
    X("freed_blocks", NULL, r->self.freed_blocks, 1, 0) \
    X("freed_bytes", "freed", r->self.freed_bytes, 1, 1) \
    X("live_blocks", "live", r->self.live_blocks, 1, 0) \
    X("live_bytes", "live bytes", r->self.live_bytes, 1, 1) \
    X("peak_bytes", "at peak", r->self.peak_bytes, 1, 1) \
    X("temporary_blocks", "temp", r->self.temporary, 1, 0) \
    X("reallocs", NULL, r->self.reallocs, 0, 0) \
    X("realloc_bytes", NULL, r->self.realloc_bytes, 1, 1)

enum {
#define COLUMN_ONE(key, heading, value, live, bytes) +1
    COLUMNS = 0 MEMORY_COLUMNS(COLUMN_ONE)
#undef COLUMN_ONE
};

typedef struct column_value {
    const char *key, *heading;
    uint64_t value;
    int needs_live, is_bytes;
} column_value;

static void columns_of(const memory_row *r, column_value out[COLUMNS])
{
    const column_value all[COLUMNS] = {
#define COLUMN_VALUE(key, heading, value, live, bytes) {key, heading, value, live, bytes},
        MEMORY_COLUMNS(COLUMN_VALUE)
#undef COLUMN_VALUE
    };

    memcpy(out, all, sizeof all);
}

/* ---- text ---- */

static void amount(char *text, const column_value *c)
{
    if (c->is_bytes)
        quantity_text(text, PROFILE_BYTES, c->value < INT64_MAX ? (int64_t)c->value : INT64_MAX,
                      NULL);
    else
        quantity_count(text, c->value);
}

static size_t text_width(const char *text)
{
    return utf8_put_plain(NULL, text, strlen(text), SIZE_MAX);
}

static void put_right(FILE *to, const char *text, size_t width)
{
    for (size_t have = text_width(text); have < width; have++) fputc(' ', to);
    fputs(text, to);
}

static void put_name(FILE *to, const char *name, size_t width)
{
    size_t have = utf8_put_plain(to, name, strlen(name), width);

    for (; have < width; have++) fputc(' ', to);
}

typedef struct table {
    const memory_stats *s;
    size_t rows, name_width;
    size_t widths[COLUMNS]; /* 0: not shown */
} table;

static int is_shown(const table *t, const column_value *c)
{
    return c->heading && (t->s->is_live || !c->needs_live);
}

static void measure(table *t, size_t total_width)
{
    static const memory_row none;
    column_value c[COLUMNS];
    size_t used = 0;

    t->name_width = text_width("function");
    columns_of(&none, c);
    for (int k = 0; k < COLUMNS; k++) t->widths[k] = is_shown(t, &c[k]) ? strlen(c[k].heading) : 0;
    for (size_t i = 0; i < t->rows; i++) {
        size_t name = text_width(t->s->rows[i].row.name);

        if (name > t->name_width) t->name_width = name;
        columns_of(&t->s->rows[i], c);
        for (int k = 0; k < COLUMNS; k++) {
            char text[QUANTITY_ROOM];

            amount(text, &c[k]);
            if (t->widths[k] && text_width(text) > t->widths[k]) t->widths[k] = text_width(text);
        }
    }
    for (int k = 0; k < COLUMNS; k++) used += t->widths[k] ? t->widths[k] + 2 : 0;
    if (used + t->name_width > total_width) {
        size_t least = t->name_width < 24 ? t->name_width : 24;

        t->name_width = total_width > used + least ? total_width - used : least;
    }
}

static void put_row(FILE *to, const table *t, const memory_row *row)
{
    static const memory_row none;
    column_value c[COLUMNS];

    columns_of(row ? row : &none, c);
    put_name(to, row ? row->row.name : "function", t->name_width);
    for (int k = 0; k < COLUMNS; k++) {
        char text[QUANTITY_ROOM];

        if (!t->widths[k]) continue;
        amount(text, &c[k]);
        fputs("  ", to);
        put_right(to, row ? text : c[k].heading, t->widths[k]);
    }
    fputc('\n', to);
}

static void put_totals(FILE *to, const memory_stats *s)
{
    const profile_memory *m = &s->total;
    char bytes[QUANTITY_ROOM], blocks[QUANTITY_ROOM];

    quantity_text(bytes, PROFILE_BYTES, (int64_t)m->bytes, NULL);
    quantity_count(blocks, m->blocks);
    fprintf(to, "allocated %s in %s blocks", bytes, blocks);
    if (s->is_live) {
        quantity_text(bytes, PROFILE_BYTES, (int64_t)m->peak_bytes, NULL);
        fprintf(to, ", at most %s at one time", bytes);
        quantity_text(bytes, PROFILE_BYTES, (int64_t)m->live_bytes, NULL);
        quantity_count(blocks, m->live_blocks);
        fprintf(to, "; %s in %s blocks live at the end", bytes, blocks);
    }
    fputc('\n', to);
}

thag_err memory_write_text(FILE *to, const memory_stats *s, const run_facts *meta,
                           const stats_write_opts *opts, fault *why)
{
    table t = {.s = s, .rows = shown(s->row_count, opts)};
    char text[QUANTITY_ROOM];

    measure(&t, opts && opts->width ? opts->width : 80);
    put_row(to, &t, NULL);
    for (size_t i = 0; i < t.rows; i++) put_row(to, &t, &s->rows[i]);
    put_totals(to, s);
    if (meta && meta->pool_count)
        fprintf(to, "apart from the heap: %" PRIu64 " pools (thag-analyze pools)\n",
                meta->pool_count);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (!meta->losses[loss]) continue;
        quantity_count(text, meta->losses[loss]);
        fprintf(to, "%s %s\n", text, trace_loss_text(loss));
    }
    return finish(to, why);
}

/* ---- CSV and JSON ---- */

thag_err memory_write_csv(FILE *to, const memory_stats *s, const stats_write_opts *opts, fault *why)
{
    static const memory_row none;
    column_value c[COLUMNS];

    columns_of(&none, c);
    fputs("name,calls", to);
    for (int k = 0; k < COLUMNS; k++) fprintf(to, ",%s", c[k].key);
    fputs(",file,line\r\n", to);
    for (size_t i = 0; i < shown(s->row_count, opts); i++) {
        const memory_row *row = &s->rows[i];

        columns_of(row, c);
        csv_text(to, row->row.name);
        fputc(',', to);
        if (row->row.value[STATS_CALLS] >= 0) fprintf(to, "%" PRId64, row->row.value[STATS_CALLS]);
        for (int k = 0; k < COLUMNS; k++) {
            fputc(',', to);
            if (s->is_live || !c[k].needs_live) fprintf(to, "%" PRIu64, c[k].value);
        }
        fputc(',', to);
        if (row->row.file) csv_text(to, row->row.file);
        fputc(',', to);
        if (row->row.line) fprintf(to, "%" PRIu32, row->row.line);
        fputs("\r\n", to);
    }
    return finish(to, why);
}

static void put_json_row(json *j, const memory_stats *s, const memory_row *row)
{
    static const char *const time_keys[] = {
#define TIME_KEY(id, option, key, heading) key,
        STATS_COLUMNS(TIME_KEY)
#undef TIME_KEY
    };
    column_value c[COLUMNS];

    columns_of(row, c);
    json_begin_object(j, NULL, 0);
    json_text(j, "name", row->row.name);
    for (int k = STATS_CALLS; k < STATS_COLUMN_COUNT; k++) {
        if (row->row.value[k] < 0)
            json_null(j, time_keys[k]);
        else
            json_int(j, time_keys[k], row->row.value[k]);
    }
    for (int k = 0; k < COLUMNS; k++) {
        if (s->is_live || !c[k].needs_live)
            json_uint(j, c[k].key, c[k].value);
        else
            json_null(j, c[k].key);
    }
    json_text(j, "file", row->row.file);
    if (row->row.line)
        json_uint(j, "line", row->row.line);
    else
        json_null(j, "line");
    json_end(j);
}

static void put_json_head(json *j, const profile *p, const run_facts *meta)
{
    json_text(j, "program", meta && meta->program ? meta->program : p->title);
    json_text(j, "memory_mode", p->memory_mode == PROFILE_LIVE ? "live" : "summary");
    json_begin_object(j, "losses", 0);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (meta->losses[loss]) json_uint(j, stats_loss_key(loss), meta->losses[loss]);
    }
    json_end(j);
}

thag_err memory_write_json(FILE *to, const memory_stats *s, const run_facts *meta,
                           const stats_write_opts *opts, fault *why)
{
    const memory_row total = {.self = s->total, .inclusive_bytes = (int64_t)s->total.bytes};
    column_value c[COLUMNS];
    json j;

    columns_of(&total, c);
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    put_json_head(&j, s->profile, meta);
    json_begin_object(&j, "total", 0);
    for (int k = 0; k < COLUMNS; k++) {
        if (s->is_live || !c[k].needs_live) json_uint(&j, c[k].key, c[k].value);
    }
    json_end(&j);
    json_begin_array(&j, "functions", 1);
    for (size_t i = 0; i < shown(s->row_count, opts); i++) put_json_row(&j, s, &s->rows[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}

/* ---- call paths ---- */

/* From the root down; 0 if out of memory. */
static uint32_t *path_nodes(const profile *p, uint32_t node, size_t *depth)
{
    uint32_t *nodes;

    *depth = 0;
    for (uint32_t n = node; n != PROFILE_ROOT; n = p->parent[n]) ++*depth;
    nodes = malloc((*depth + 1) * sizeof *nodes);
    for (size_t i = *depth; nodes && i-- > 0; node = p->parent[node]) nodes[i] = node;
    return nodes;
}

/* Does its name tell the place already? That of a call does: "work (file.c:12)". */
static int names_place(const profile_frame *f)
{
    char line[16];
    size_t len = (size_t)snprintf(line, sizeof line, ":%" PRIu32 ")", f->line);

    return f->name_len > len && strcmp(f->name + f->name_len - len, line) == 0;
}

static void put_path_text(FILE *to, const profile *p, uint32_t node)
{
    size_t depth;
    uint32_t *nodes = path_nodes(p, node, &depth);

    for (size_t i = 0; nodes && i < depth; i++) {
        const char *name = p->frames[p->frame[nodes[i]]].name;

        if (i) fputs(" > ", to);
        utf8_put_plain(to, name, strlen(name), SIZE_MAX);
    }
    if (nodes && depth) {
        const profile_frame *f = &p->frames[p->frame[nodes[depth - 1]]];

        if (f->file && f->line && !names_place(f)) {
            fputs(" (", to);
            utf8_put_plain(to, f->file, strlen(f->file), SIZE_MAX);
            fprintf(to, ":%" PRIu32 ")", f->line);
        }
    }
    free(nodes);
}

static void list_sum(const memory_list *list, uint64_t *amount, uint64_t *blocks)
{
    *amount = *blocks = 0;
    for (size_t i = 0; i < list->count; i++) {
        *amount += list->paths[i].amount;
        *blocks += list->paths[i].blocks;
    }
}

static void put_amounts(FILE *to, uint64_t amount, uint64_t blocks)
{
    char text[2][QUANTITY_ROOM];

    quantity_count(text[0], amount);
    quantity_count(text[1], blocks);
    fprintf(to, "%12s  %12s  ", text[0], text[1]);
}

thag_err memory_list_text(FILE *to, const memory_list *list, const stats_write_opts *opts,
                          fault *why)
{
    uint64_t sum, count;

    fprintf(to, "%12s  %12s  allocated in\n", list->amount, "blocks");
    for (size_t i = 0; i < shown(list->count, opts); i++) {
        put_amounts(to, list->paths[i].amount, list->paths[i].blocks);
        put_path_text(to, list->profile, list->paths[i].node);
        fputc('\n', to);
    }
    list_sum(list, &sum, &count);
    put_amounts(to, sum, count);
    fprintf(to, "%s\n", list->what);
    return finish(to, why);
}

/* The path as one field, as collapsed stacks have it. */
static void put_csv_path(FILE *to, const profile *p, uint32_t node)
{
    size_t depth, room = 1;
    uint32_t *nodes = path_nodes(p, node, &depth);
    char *path;

    for (size_t i = 0; nodes && i < depth; i++) room += p->frames[p->frame[nodes[i]]].name_len + 1;
    path = malloc(room);
    if (path) *path = 0;
    for (size_t i = 0; nodes && path && i < depth; i++) {
        if (i) strcat(path, ";");
        strcat(path, p->frames[p->frame[nodes[i]]].name);
    }
    if (path) csv_text(to, path);
    free(path);
    free(nodes);
}

thag_err memory_list_csv(FILE *to, const memory_list *list, const stats_write_opts *opts,
                         fault *why)
{
    fprintf(to, "%s,blocks,path,file,line\r\n", list->amount);
    for (size_t i = 0; i < shown(list->count, opts); i++) {
        const memory_path *path = &list->paths[i];
        const profile_frame *f = &list->profile->frames[list->profile->frame[path->node]];

        fprintf(to, "%" PRIu64 ",%" PRIu64 ",", path->amount, path->blocks);
        put_csv_path(to, list->profile, path->node);
        fputc(',', to);
        if (f->file) csv_text(to, f->file);
        fputc(',', to);
        if (f->line) fprintf(to, "%" PRIu32, f->line);
        fputs("\r\n", to);
    }
    return finish(to, why);
}

static void put_json_path(json *j, const memory_list *list, const memory_path *path)
{
    const profile *p = list->profile;
    const profile_frame *f = &p->frames[p->frame[path->node]];
    size_t depth;
    uint32_t *nodes = path_nodes(p, path->node, &depth);

    json_begin_object(j, NULL, 0);
    json_begin_array(j, "path", 0);
    for (size_t i = 0; nodes && i < depth; i++)
        json_text(j, NULL, p->frames[p->frame[nodes[i]]].name);
    json_end(j);
    free(nodes);
    json_uint(j, list->amount, path->amount);
    json_uint(j, "blocks", path->blocks);
    json_text(j, "file", f->file);
    if (f->line)
        json_uint(j, "line", f->line);
    else
        json_null(j, "line");
    json_end(j);
}

thag_err memory_list_json(FILE *to, const memory_list *list, const run_facts *meta,
                          const stats_write_opts *opts, fault *why)
{
    uint64_t sum, count;
    json j;

    list_sum(list, &sum, &count);
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    put_json_head(&j, list->profile, meta);
    json_uint(&j, list->amount, sum);
    json_uint(&j, "blocks", count);
    json_begin_array(&j, "paths", 1);
    for (size_t i = 0; i < shown(list->count, opts); i++) put_json_path(&j, list, &list->paths[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}

/* ---- sizes ---- */

typedef struct size_class {
    const char *name;
    int end; /* buckets of the trace below this */
} size_class;

static const size_class classes[] = {{"0-64", 7},
                                     {"65-256", 9},
                                     {"257-1K", 11},
                                     {"1K-4K", 13},
                                     {"4K-16K", 15},
                                     {"16K-64K", 17},
                                     {">64K", TRACE_SIZE_BUCKETS}};
#define CLASSES (sizeof classes / sizeof *classes)

static struct trace_size_bucket class_sum(const trace_memory_info *m, size_t k)
{
    struct trace_size_bucket sum = {0, 0};

    for (int b = k ? classes[k - 1].end : 0; b < classes[k].end; b++) {
        sum.blocks += m->sizes[b].blocks;
        sum.bytes += m->sizes[b].bytes;
    }
    return sum;
}

static struct trace_size_bucket sum_of_all(const trace_memory_info *m)
{
    struct trace_size_bucket sum = {0, 0};

    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        sum.blocks += m->sizes[b].blocks;
        sum.bytes += m->sizes[b].bytes;
    }
    return sum;
}

static void put_size_row(FILE *to, const char *name, const struct trace_size_bucket *s,
                         const struct trace_size_bucket *all)
{
    char blocks[QUANTITY_ROOM], bytes[QUANTITY_ROOM], percent[QUANTITY_ROOM];
    int bar = all->blocks ? (int)((double)s->blocks / (double)all->blocks * 30 + 0.5) : 0;

    quantity_count(blocks, s->blocks);
    quantity_percent(percent, (int64_t)s->blocks, (int64_t)all->blocks);
    quantity_count(bytes, s->bytes);
    fprintf(to, "%-9s %15s %8s %19s", name, blocks, percent, bytes);
    quantity_percent(percent, (int64_t)s->bytes, (int64_t)all->bytes);
    fprintf(to, " %8s", percent);
    if (bar) fputs("  ", to);
    while (bar-- > 0) fputc('#', to);
    fputc('\n', to);
}

thag_err memory_sizes_text(FILE *to, const trace_memory_info *m, fault *why)
{
    struct trace_size_bucket all = sum_of_all(m);
    char text[QUANTITY_ROOM];

    fprintf(to, "%-9s %15s %8s %19s %8s\n", "size", "blocks", "%", "bytes", "%");
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        put_size_row(to, classes[k].name, &sum, &all);
    }
    put_size_row(to, "all", &all, &all);
    if (all.blocks) {
        quantity_count(text, (all.bytes + all.blocks / 2) / all.blocks);
        fprintf(to, "average %s bytes\n", text);
    }
    if (m->threshold) {
        quantity_count(text, m->skipped_blocks);
        fprintf(to,
                "%s blocks of %" PRIu64
                " bytes in all were not larger than the threshold of %" PRIu64
                " and not recorded\n",
                text, m->skipped_bytes, m->threshold);
    }
    return finish(to, why);
}

thag_err memory_sizes_csv(FILE *to, const trace_memory_info *m, fault *why)
{
    fputs("size,blocks,bytes\r\n", to);
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        fprintf(to, "%s,%" PRIu64 ",%" PRIu64 "\r\n", classes[k].name, sum.blocks, sum.bytes);
    }
    return finish(to, why);
}

thag_err memory_sizes_json(FILE *to, const trace_memory_info *m, fault *why)
{
    struct trace_size_bucket all = sum_of_all(m);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_uint(&j, "blocks", all.blocks);
    json_uint(&j, "bytes", all.bytes);
    json_uint(&j, "threshold", m->threshold);
    json_uint(&j, "skipped_blocks", m->skipped_blocks);
    json_uint(&j, "skipped_bytes", m->skipped_bytes);
    json_begin_array(&j, "sizes", 1);
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        json_begin_object(&j, NULL, 0);
        json_text(&j, "size", classes[k].name);
        json_uint(&j, "blocks", sum.blocks);
        json_uint(&j, "bytes", sum.bytes);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}
