#include "output/table/memory_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/sampling_text.h"
#include "output/table/figure.h"
#include "output/table/memory_json.h"
#include "output/table/stats_writer.h"

/* ---- columns ---- */

/* How many there are. */
static size_t columns_of(const memory_stats *s, const memory_row *r, figure out[FIGURES_MAX])
{
    const figure all[] = {
#define COLUMN(id, option, key, heading, in_bytes, live) \
    {key, heading, memory_row_value(r, MEMORY_BY_##id), \
     in_bytes ? PROFILE_BYTES : PROFILE_SAMPLES, s->is_live || !live},
        MEMORY_ROW_COLUMNS(COLUMN)
#undef COLUMN
    };

    _Static_assert(sizeof all / sizeof *all <= FIGURES_MAX, "room for all of them");
    memcpy(out, all, sizeof all);
    return sizeof all / sizeof *all;
}

/* ---- text ---- */

#define NAME_LEAST 24 /* columns; shorter names take less */

typedef struct table {
    const memory_stats *s;
    size_t rows, name_width;
    size_t widths[FIGURES_MAX];
    int is_cut; /* a column is missing, for want of width */
} table;

/* Leave out columns, the least needed first, until there is room for names. */
static void fit(table *t, const figure *c, size_t count, size_t total_width)
{
    static const char *const dispensable[] = {"freed_bytes", "inclusive_bytes", "live_blocks",
                                              "temporary_blocks", "peak_bytes"};
    size_t name = t->name_width < NAME_LEAST ? t->name_width : NAME_LEAST;

    for (size_t d = 0; d < sizeof dispensable / sizeof *dispensable; d++) {
        if (figures_width(t->widths, count) + name <= total_width) return;
        for (size_t i = 0; i < count; i++) {
            if (!t->widths[i] || strcmp(c[i].key, dispensable[d]) != 0) continue;
            t->widths[i] = 0;
            t->is_cut = 1;
        }
    }
}

static void measure(table *t, size_t total_width)
{
    static const memory_row none;
    figure c[FIGURES_MAX];
    size_t count = columns_of(t->s, &none, c), used;

    figures_start(t->widths, c, count);
    t->name_width = figure_text_width("function");
    for (size_t i = 0; i < t->rows; i++) {
        size_t name = figure_text_width(t->s->rows[i].row.label);

        if (name > t->name_width) t->name_width = name;
        columns_of(t->s, &t->s->rows[i], c);
        figures_measure(t->widths, c, count);
    }
    fit(t, c, count, total_width);
    used = figures_width(t->widths, count);
    if (used + t->name_width > total_width) {
        size_t least = t->name_width < NAME_LEAST ? t->name_width : NAME_LEAST;

        t->name_width = total_width > used + least ? total_width - used : least;
    }
}

static void put_heading(FILE *to, const table *t)
{
    static const memory_row none;
    figure c[FIGURES_MAX];
    size_t count = columns_of(t->s, &none, c);

    figure_put_left(to, "function", t->name_width);
    figures_put_headings(to, t->widths, c, count);
    fputc('\n', to);
}

static void put_row(FILE *to, const table *t, const memory_row *row)
{
    figure c[FIGURES_MAX];
    size_t count = columns_of(t->s, row, c);

    figure_put_left(to, row->row.label, t->name_width);
    figures_put_text(to, t->widths, c, count);
    fputc('\n', to);
}

static void put_totals(FILE *to, const memory_stats *s)
{
    const profile_memory *m = &s->total;
    char bytes[QUANTITY_ROOM], blocks[QUANTITY_ROOM];

    quantity_text(bytes, PROFILE_BYTES, (int64_t)m->bytes, NULL);
    quantity_count(blocks, m->blocks);
    fprintf(to, "allocated %s in %s block%s", bytes, blocks, m->blocks == 1 ? "" : "s");
    if (s->is_live) {
        quantity_text(bytes, PROFILE_BYTES, (int64_t)m->peak_bytes, NULL);
        fprintf(to, ", at most %s at one time", bytes);
        quantity_text(bytes, PROFILE_BYTES, (int64_t)m->live_bytes, NULL);
        quantity_count(blocks, m->live_blocks);
        fprintf(to, "\n%s in %s block%s live at the end", bytes, blocks,
                m->live_blocks == 1 ? "" : "s");
    }
    fputc('\n', to);
}

static thag_err memory_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_stats *s = subject;
    const run_facts *meta = opts->meta;
    table t = {.s = s, .rows = report_rows(opts, s->row_count)};
    char text[QUANTITY_ROOM];

    measure(&t, opts->width ? opts->width : 80);
    put_heading(to, &t);
    for (size_t i = 0; i < t.rows; i++) put_row(to, &t, &s->rows[i]);
    report_put_more(to, s->row_count - t.rows, "function");
    if (t.is_cut) fputs("more columns: --width=200 or --csv\n", to);
    put_totals(to, s);
    sampling_put_line(to, s->profile->heap_period, s->profile->heap_samples, s->total.bytes);
    if (meta && s->profile->heap_period) sampling_put_exact(to, &meta->memory.sampling);
    if (meta && meta->pool_count)
        fprintf(to, "apart from the heap: %" PRIu64 " pools (thag-analyze pools)\n",
                meta->pool_count);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (!meta->losses[loss]) continue;
        quantity_count(text, meta->losses[loss]);
        fprintf(to, "%s %s\n", text, trace_loss_text(loss));
    }
    return report_end(to, why);
}

/* ---- CSV and JSON ---- */

static thag_err memory_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_stats *s = subject;
    static const memory_row none;
    figure c[FIGURES_MAX];
    size_t count = columns_of(s, &none, c);

    fputs("name,calls", to);
    figures_put_csv_keys(to, c, count);
    fputs(",file,line", to);
    sampling_put_csv_keys(to, s->profile->heap_period, 1);
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, s->row_count); i++) {
        const memory_row *row = &s->rows[i];

        csv_text(to, row->row.name);
        fputc(',', to);
        if (row->row.value[STATS_CALLS] >= 0) fprintf(to, "%" PRId64, row->row.value[STATS_CALLS]);
        columns_of(s, row, c);
        figures_put_csv(to, c, count);
        fputc(',', to);
        if (row->row.file) csv_text(to, row->row.file);
        fputc(',', to);
        if (row->row.line) fprintf(to, "%" PRIu32, row->row.line);
        sampling_put_csv(to, s->profile->heap_period, 1, row->self.bytes);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static void put_json_row(json *j, const memory_stats *s, const memory_row *row)
{
    static const char *const time_keys[] = {
#define TIME_KEY(id, option, key, heading) key,
        STATS_COLUMNS(TIME_KEY)
#undef TIME_KEY
    };
    figure c[FIGURES_MAX];
    size_t count = columns_of(s, row, c);

    json_begin_object(j, NULL, 0);
    json_text(j, "name", row->row.name);
    for (int k = STATS_CALLS; k < STATS_COLUMN_COUNT; k++) {
        if (row->row.value[k] < 0)
            json_null(j, time_keys[k]);
        else
            json_int(j, time_keys[k], row->row.value[k]);
    }
    figures_put_json(j, c, count);
    json_text(j, "file", row->row.file);
    if (row->row.line)
        json_uint(j, "line", row->row.line);
    else
        json_null(j, "line");
    json_end(j);
}

void memory_json_head(json *j, const profile *p, const run_facts *meta)
{
    json_text(j, "program", meta && meta->program ? meta->program : p->title);
    json_text(j, "memory_mode", p->memory_mode == PROFILE_LIVE ? "live" : "summary");
    json_begin_object(j, "losses", 0);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (meta->losses[loss]) json_uint(j, stats_loss_key(loss), meta->losses[loss]);
    }
    json_end(j);
}

static thag_err memory_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_stats *s = subject;
    const run_facts *meta = opts->meta;
    const memory_row total = {.self = s->total, .inclusive_bytes = (int64_t)s->total.bytes};
    figure c[FIGURES_MAX];
    size_t count = columns_of(s, &total, c);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    memory_json_head(&j, s->profile, meta);
    json_begin_object(&j, "total", 0);
    for (size_t k = 0; k < count; k++) {
        if (c[k].is_known) json_uint(&j, c[k].key, c[k].value);
    }
    json_end(&j);
    sampling_put_json(&j, s->profile->heap_period, s->profile->heap_samples, s->total.bytes);
    if (meta && s->profile->heap_period)
        json_uint(&j, "exact_allocated_bytes", meta->memory.sampling.allocated);
    json_begin_array(&j, "functions", 1);
    for (size_t i = 0; i < report_rows(opts, s->row_count); i++) put_json_row(&j, s, &s->rows[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report memory_report = {memory_text, memory_csv, memory_json};
