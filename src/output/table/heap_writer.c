#include "output/table/heap_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/json_writer.h"
#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/utf8.h"

#define CHART_ROWS    12u
#define CHART_LABEL   10u /* columns left of the chart */
#define CHART_COLUMNS 1000u
#define EIGHTHS       8u

static uint64_t end_of(const heap_view *view)
{
    return view->to_ns && view->to_ns < view->heap->end_ns ? view->to_ns : view->heap->end_ns;
}

uint64_t heap_most(const heap_time *h, uint64_t from_ns, uint64_t to_ns)
{
    heap_column all;

    heap_time_columns(h, from_ns, to_ns, &all, 1);
    return all.max;
}

/* ---- text ---- */

typedef struct text_chart {
    FILE *to;
    int is_utf8;
    const heap_column *columns;
    size_t count;
    uint64_t top_bytes; /* what the chart is as high as */
} text_chart;

/* In eighths of a row; what is there at all is an eighth at least. */
static unsigned level(const text_chart *c, uint64_t bytes)
{
    unsigned all = CHART_ROWS * EIGHTHS;
    unsigned l = (unsigned)((double)bytes / (double)c->top_bytes * all + 0.5);

    return bytes && !l ? 1 : l < all ? l : all;
}

/* What was live all the time is solid, what was at times is shaded. */
static void put_cell(const text_chart *c, const heap_column *column, unsigned base)
{
    static const char *const part[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    unsigned least = level(c, column->min), most = level(c, column->max);
    unsigned solid = least <= base ? 0 : least - base < EIGHTHS ? least - base : EIGHTHS;

    if (!c->is_utf8)
        putc(solid >= EIGHTHS / 2 ? '#' : most > base ? (base || solid ? ':' : '.') : ' ', c->to);
    else
        fputs(solid ? part[solid] : most > base ? "░" : " ", c->to);
}

static void put_label(FILE *to, const char *text)
{
    fprintf(to, "%*s ", (int)CHART_LABEL, text);
}

static void put_rows(const text_chart *c)
{
    char label[QUANTITY_ROOM];

    for (unsigned row = CHART_ROWS; row-- > 0;) {
        unsigned is_half = row + 1 == CHART_ROWS / 2;

        put_label(c->to, row + 1 == CHART_ROWS ? quantity_bytes(label, c->top_bytes)
                         : is_half             ? quantity_bytes(label, c->top_bytes / 2)
                                               : "");
        fputs(c->is_utf8 ? "│" : "|", c->to);
        for (size_t i = 0; i < c->count; i++) put_cell(c, &c->columns[i], row * EIGHTHS);
        putc('\n', c->to);
    }
    put_label(c->to, "0 B");
    fputs(c->is_utf8 ? "└" : "+", c->to);
    for (size_t i = 0; i < c->count; i++) fputs(c->is_utf8 ? "─" : "-", c->to);
    putc('\n', c->to);
}

/* Microseconds have a letter that is not ASCII. */
static size_t text_width(const char *text)
{
    return utf8_put_plain(NULL, text, strlen(text), SIZE_MAX);
}

static void put_times(const text_chart *c, uint64_t from_ns, uint64_t to_ns)
{
    char from[QUANTITY_ROOM], to[QUANTITY_ROOM];
    size_t have = text_width(quantity_time(from, from_ns)) + text_width(quantity_time(to, to_ns));

    put_label(c->to, "");
    fprintf(c->to, " %s", from);
    for (; have < c->count; have++) putc(' ', c->to);
    fprintf(c->to, "%s\n", to);
}

/* A mark above the column in which most was live. */
static void put_peak_mark(const text_chart *c, const heap_time *h, uint64_t from_ns, uint64_t to_ns)
{
    size_t at;

    if (h->peak_ns < from_ns || h->peak_ns > to_ns) return;
    at = (size_t)((double)(h->peak_ns - from_ns) / ((double)(to_ns - from_ns) + 1) *
                  (double)c->count);
    put_label(c->to, "");
    fprintf(c->to, " %*s%s\n", (int)at, "", c->is_utf8 ? "▼" : "v");
}

static void put_facts(FILE *to, const heap_view *view)
{
    const heap_time *h = view->heap;
    char a[QUANTITY_ROOM], b[QUANTITY_ROOM];

    if (view->program) {
        utf8_put_plain(to, view->program, strlen(view->program), SIZE_MAX);
        fputs(": ", to);
    }
    fprintf(to, "live heap over %s\n", quantity_time(a, h->end_ns));
    fprintf(to, "peak    %s at %s\n", quantity_bytes(a, h->peak_bytes),
            quantity_time(b, h->peak_ns));
    quantity_count(b, h->live_blocks);
    fprintf(to, "at end  %s in %s block%s\n\n", quantity_bytes(a, h->live_bytes), b,
            h->live_blocks == 1 ? "" : "s");
}

static void put_truth(FILE *to, const heap_time *h)
{
    char a[QUANTITY_ROOM], b[QUANTITY_ROOM];

    fprintf(to, "\nSlices of %s. Between two steps of the heap it was at most %s off.\n",
            quantity_time(a, h->slice_ns), quantity_bytes(b, h->step_bytes));
    sampling_put_line(to, h->sample_period, h->samples, h->peak_bytes);
    if (!h->skipped) return;
    quantity_count(a, h->skipped);
    fprintf(to, "%s step%s not recorded: another thread was recording.\n", a,
            h->skipped == 1 ? " was" : "s were");
}

static thag_err heap_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const heap_view *view = subject;
    const heap_time *h = view->heap;
    heap_column columns[CHART_COLUMNS];
    size_t width = opts->width ? opts->width : 80;
    uint64_t end = end_of(view);
    text_chart c = {.to = to, .is_utf8 = view->is_utf8, .columns = columns};

    c.count = width > CHART_LABEL + 22 ? width - CHART_LABEL - 3 : 20;
    if (c.count > CHART_COLUMNS) c.count = CHART_COLUMNS;
    heap_time_columns(h, view->from_ns, end, columns, c.count);
    c.top_bytes = heap_most(h, view->from_ns, end);
    if (!c.top_bytes) c.top_bytes = 1;
    put_facts(to, view);
    put_peak_mark(&c, h, view->from_ns, end);
    put_rows(&c);
    put_times(&c, view->from_ns, end);
    put_truth(to, h);
    return report_end(to, why);
}

/* ---- CSV and JSON ---- */

static int is_within(const heap_point *p, const heap_view *view)
{
    return p->end_ns >= view->from_ns && p->start_ns <= end_of(view);
}

static thag_err heap_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const heap_view *view = subject;
    const heap_time *h = view->heap;

    (void)opts;
    fputs("start_ns,end_ns,bytes,min_bytes,max_bytes,blocks", to);
    sampling_put_csv_keys(to, h->sample_period, 1);
    fputs("\r\n", to);
    for (size_t i = 0; i < h->count; i++) {
        const heap_point *p = &h->points[i];

        if (!is_within(p, view)) continue;
        fprintf(to, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", p->start_ns,
                p->end_ns, p->last, p->min, p->max);
        if (p->has_blocks) fprintf(to, "%" PRIu64, p->blocks);
        sampling_put_csv(to, h->sample_period, 1, p->last);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static thag_err heap_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const heap_view *view = subject;
    const heap_time *h = view->heap;
    json j;

    (void)opts;
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "program", view->program);
    json_uint(&j, "end_ns", h->end_ns);
    json_uint(&j, "peak_bytes", h->peak_bytes);
    json_uint(&j, "peak_ns", h->peak_ns);
    json_uint(&j, "live_bytes", h->live_bytes);
    json_uint(&j, "live_blocks", h->live_blocks);
    json_uint(&j, "slice_ns", h->slice_ns);
    json_uint(&j, "step_bytes", h->step_bytes);
    json_uint(&j, "skipped", h->skipped);
    sampling_put_json(&j, h->sample_period, h->samples, h->peak_bytes);
    json_begin_array(&j, "points", 1);
    for (size_t i = 0; i < h->count; i++) {
        const heap_point *p = &h->points[i];

        if (!is_within(p, view)) continue;
        json_begin_object(&j, NULL, 0);
        json_uint(&j, "start_ns", p->start_ns);
        json_uint(&j, "end_ns", p->end_ns);
        json_uint(&j, "bytes", p->last);
        json_uint(&j, "min_bytes", p->min);
        json_uint(&j, "max_bytes", p->max);
        if (p->has_blocks)
            json_uint(&j, "blocks", p->blocks);
        else
            json_null(&j, "blocks");
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report heap_report = {heap_text, heap_csv, heap_json};
