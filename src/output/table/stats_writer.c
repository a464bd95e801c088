#include "output/table/stats_writer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/table/figure.h"
#include "output/utf8.h"

static const char *const column_keys[] = {
#define STATS_COLUMN_KEY(id, option, key, heading) key,
    STATS_COLUMNS(STATS_COLUMN_KEY)
#undef STATS_COLUMN_KEY
};

static const char *const column_headings[] = {
#define STATS_COLUMN_HEADING(id, option, key, heading) heading,
    STATS_COLUMNS(STATS_COLUMN_HEADING)
#undef STATS_COLUMN_HEADING
};

const char *stats_loss_key(unsigned loss)
{
    static const char *const keys[] = {
#define LOSS_KEY(id, text) #id,
        TRACE_LOSSES(LOSS_KEY)
#undef LOSS_KEY
    };
    static char lower[TRACE_LOSS_KINDS][24];

    if (loss >= TRACE_LOSS_KINDS) return NULL;
    if (!lower[loss][0]) {
        for (size_t i = 0; keys[loss][i] && i + 1 < sizeof lower[loss]; i++) {
            lower[loss][i] = (char)tolower((unsigned char)keys[loss][i]);
        }
    }
    return lower[loss];
}

/* ---- text ---- */

/* A column of the text table. PERCENT is not one of the row's. */
typedef struct text_column {
    stats_column column;
    int is_percent;
    int priority; /* 0: always; else the larger, the sooner it is left out */
} text_column;

#define TEXT_COLUMNS 13
#define CELL_ROOM    (QUANTITY_ROOM + 1)

static const text_column text_columns[TEXT_COLUMNS] = {
    {STATS_CALLS, 0, 0},
    {STATS_OPEN, 0, 2},
    {STATS_CORRECTED_SELF, 0, 1},
    {STATS_CORRECTED_SELF, 1, 4},
    {STATS_SELF, 0, 3},
    {STATS_CORRECTED_INCLUSIVE, 0, 12},
    {STATS_INCLUSIVE, 0, 0},
    {STATS_MIN, 0, 11},
    {STATS_MEAN, 0, 5},
    {STATS_P50, 0, 7},
    {STATS_P95, 0, 10},
    {STATS_P99, 0, 6},
    {STATS_MAX, 0, 8},
};

typedef struct text_table {
    const stats *s;
    size_t rows, width, name_width;
    int is_raw, is_cut; /* no corrected columns; columns were left out for the width */
    int shown[TEXT_COLUMNS];
    size_t widths[TEXT_COLUMNS];
} text_table;

/* The estimated cost of profiling is more than half of what was measured. */
static int is_mostly_cost(const stats_row *row)
{
    return row->value[STATS_CORRECTED_SELF] < row->value[STATS_SELF] / 2.0;
}

/* text: CELL_ROOM bytes. */
static void cell_text(char *text, const text_table *t, const stats_row *row, const text_column *c)
{
    int64_t value = row->value[c->column];
    const stats *s = t->s;

    if (c->is_percent) {
        if (t->is_raw)
            quantity_percent(text, row->value[STATS_SELF], s->total);
        else
            quantity_percent(text, value, s->corrected_total);
    } else if (value < 0) {
        strcpy(text, "-");
    } else if (c->column == STATS_CALLS || c->column == STATS_OPEN) {
        quantity_count(text, (uint64_t)value);
    } else if (s->profile->unit == PROFILE_SAMPLES) {
        quantity_count(text, (uint64_t)value);
    } else {
        if (c->column == STATS_CORRECTED_SELF && is_mostly_cost(row)) *text++ = '~';
        quantity_text(text, s->profile->unit, value, NULL);
    }
}

static const char *heading(const text_column *c)
{
    return c->is_percent ? "%" : column_headings[c->column];
}

static int makes_sense(const text_table *t, const text_column *c)
{
    const stats *s = t->s;

    switch (c->column) {
    case STATS_CORRECTED_SELF: return c->is_percent || !t->is_raw;
    case STATS_CORRECTED_INCLUSIVE: return !t->is_raw;
    case STATS_SELF:
    case STATS_INCLUSIVE: return 1;
    case STATS_OPEN: return s->open > 0;
    default: return s->has_calls;
    }
}

static void measure(text_table *t)
{
    size_t longest = figure_text_width("function");

    for (int k = 0; k < TEXT_COLUMNS; k++)
        t->widths[k] = figure_text_width(heading(&text_columns[k]));
    for (size_t i = 0; i < t->rows; i++) {
        const stats_row *row = &t->s->rows[i];
        size_t name = figure_text_width(row->label);

        if (name > longest) longest = name;
        for (int k = 0; k < TEXT_COLUMNS; k++) {
            char text[CELL_ROOM];
            size_t width;

            cell_text(text, t, row, &text_columns[k]);
            width = figure_text_width(text);
            if (width > t->widths[k]) t->widths[k] = width;
        }
    }
    t->name_width = longest;
}

/* Columns are left out, the least important first, until a name has room enough to be told. */
static void fit(text_table *t)
{
    size_t wanted = t->name_width < 24 ? t->name_width : 24;
    size_t used = 0;

    for (int k = 0; k < TEXT_COLUMNS; k++) {
        t->shown[k] = makes_sense(t, &text_columns[k]);
        if (t->shown[k]) used += t->widths[k] + 2;
    }
    for (int priority = TEXT_COLUMNS; priority > 0 && used + wanted > t->width; priority--) {
        for (int k = 0; k < TEXT_COLUMNS; k++) {
            if (!t->shown[k] || text_columns[k].priority != priority) continue;
            t->shown[k] = 0;
            t->is_cut = 1;
            used -= t->widths[k] + 2;
        }
    }
    if (used + t->name_width > t->width) {
        t->name_width = t->width > used + wanted ? t->width - used : wanted;
    }
}

static void put_row(FILE *to, const text_table *t, const stats_row *row)
{
    figure_put_left(to, row ? row->label : "function", t->name_width);
    for (int k = 0; k < TEXT_COLUMNS; k++) {
        char text[CELL_ROOM];

        if (!t->shown[k]) continue;
        if (row) cell_text(text, t, row, &text_columns[k]);
        fputs("  ", to);
        figure_put_right(to, row ? text : heading(&text_columns[k]), t->widths[k]);
    }
    fputc('\n', to);
}

/* One digit after the point, without printf's floating point, whose point is the locale's. */
static void put_tenths(FILE *to, double value)
{
    uint64_t scaled = value > 0 && value < 0x1p53 ? (uint64_t)(value * 10 + 0.5) : 0;

    fprintf(to, "%" PRIu64 ".%d ns", scaled / 10, (int)(scaled % 10));
}

static int is_shown(const text_table *t, stats_column column, int is_percent)
{
    for (int k = 0; k < TEXT_COLUMNS; k++) {
        if (text_columns[k].column == column && text_columns[k].is_percent == is_percent) {
            return t->shown[k];
        }
    }
    return 0;
}

/* What the correction did, and to which columns. */
static void put_probe(FILE *to, const text_table *t)
{
    int self = is_shown(t, STATS_CORRECTED_SELF, 0), percent = is_shown(t, STATS_CORRECTED_SELF, 1);
    size_t marked = 0;

    if (t->is_raw || !(self || percent)) return;
    fprintf(to, "%s%s%s%s: less the profiler's own cost, an estimate: ", self ? "self*" : "",
            is_shown(t, STATS_CORRECTED_INCLUSIVE, 0) ? ", incl*" : "",
            self && percent ? " and " : "", percent ? "%" : "");
    put_tenths(to, t->s->profile->probe_inside_ns);
    fputs(" within a\ncall and ", to);
    put_tenths(to, t->s->profile->probe_outside_ns);
    fputs(" around it; the other columns are as measured\n", to);
    for (size_t i = 0; i < t->rows; i++) marked += is_mostly_cost(&t->s->rows[i]);
    if (!self || !marked) return;
    fputs("~ more than half of it is the estimated cost of profiling; raw time is in `self`. Fewer "
          "marks on\n  tiny functions, or THAG_SAMPLE=16, give a clearer picture\n",
          to);
}

static void put_count(FILE *to, uint64_t count, const char *one, const char *many)
{
    char number[QUANTITY_ROOM];

    if (!count) return;
    quantity_count(number, count);
    fprintf(to, "%s %s\n", number, count == 1 ? one : many);
}

/* The tables do not come from the timeline. */
static int concerns_tables(unsigned loss)
{
    return loss != TRACE_TIMELINE_LIMIT && loss != TRACE_TIMELINE_WRITE &&
           loss != TRACE_TIMELINE_SAMPLED;
}

static void put_notes(FILE *to, const text_table *t, const run_facts *meta)
{
    const stats *s = t->s;

    report_put_more(to, s->row_count - t->rows, "function");
    if (t->is_cut) fputs("more columns: --width=200 or --csv\n", to);
    put_probe(to, t);
    if (s->profile->sample_period > 1) {
        fprintf(to, "sampled: about 1 call in %u timed, times are estimates, calls are exact\n",
                s->profile->sample_period);
    }
    put_count(to, s->open, "span was still open: unfinished, its time so far is included",
              "spans were still open: unfinished, their time so far is included");
    if (!meta) return;
    for (unsigned loss = 0; loss < TRACE_LOSS_KINDS; loss++) {
        const char *text = trace_loss_text(loss);

        if (concerns_tables(loss)) put_count(to, meta->losses[loss], text, text);
    }
    put_count(to, meta->damages, "damaged place in the input was skipped (see thag-analyze info)",
              "damaged places in the input were skipped (see thag-analyze info)");
}

static thag_err stats_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const stats *s = subject;
    text_table t = {.s = s, .rows = report_rows(opts, s->row_count), .width = 80};

    if (opts->width) t.width = opts->width;
    t.is_raw = !s->is_corrected || opts->show_raw;
    measure(&t);
    fit(&t);
    put_row(to, &t, NULL);
    for (size_t i = 0; i < t.rows; i++) put_row(to, &t, &s->rows[i]);
    put_notes(to, &t, opts->meta);
    return report_end(to, why);
}

/* ---- CSV ---- */

static thag_err stats_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const stats *s = subject;
    size_t rows = report_rows(opts, s->row_count);

    for (int c = 0; c < STATS_COLUMN_COUNT; c++) fprintf(to, "%s,", column_keys[c]);
    fputs("file,line\r\n", to);
    for (size_t i = 0; i < rows; i++) {
        const stats_row *row = &s->rows[i];

        csv_text(to, row->name);
        for (int c = STATS_CALLS; c < STATS_COLUMN_COUNT; c++) {
            if (row->value[c] < 0)
                fputc(',', to);
            else
                fprintf(to, ",%" PRId64, row->value[c]);
        }
        fputc(',', to);
        if (row->file) csv_text(to, row->file);
        fputc(',', to);
        if (row->line) fprintf(to, "%" PRIu32, row->line);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

/* ---- JSON ---- */

static void put_json_row(json *j, const stats_row *row)
{
    json_begin_object(j, NULL, 0);
    json_text(j, "name", row->name);
    for (int c = STATS_CALLS; c < STATS_COLUMN_COUNT; c++) {
        if (row->value[c] < 0)
            json_null(j, column_keys[c]);
        else
            json_int(j, column_keys[c], row->value[c]);
    }
    json_text(j, "file", row->file);
    if (row->line)
        json_uint(j, "line", row->line);
    else
        json_null(j, "line");
    json_end(j);
}

static void put_json_meta(json *j, const stats *s, const run_facts *meta)
{
    static const char *const units[] = {"ns", "bytes", "samples"};
    const profile *p = s->profile;

    json_text(j, "program", meta && meta->program ? meta->program : p->title);
    json_text(j, "unit", units[p->unit]);
    json_uint(j, "sample_period", p->sample_period ? p->sample_period : 1);
    json_real(j, "probe_inside_ns", p->probe_inside_ns);
    json_real(j, "probe_outside_ns", p->probe_outside_ns);
    json_int(j, "total", s->total);
    json_uint(j, "unfinished", s->open);
    json_uint(j, "damages", meta ? meta->damages : 0);
    json_begin_object(j, "losses", 0);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (meta->losses[loss]) json_uint(j, stats_loss_key(loss), meta->losses[loss]);
    }
    json_end(j);
}

static thag_err stats_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const stats *s = subject;
    size_t rows = report_rows(opts, s->row_count);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    put_json_meta(&j, s, opts->meta);
    json_begin_array(&j, "functions", 1);
    for (size_t i = 0; i < rows; i++) put_json_row(&j, &s->rows[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report stats_report = {stats_text, stats_csv, stats_json};
