#include "output/table/diff_writer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/json_writer.h"
#include "output/utf8.h"

static const char *const measure_keys[DIFF_MEASURES] = {"inclusive", "self", "calls"};
static const char *const verdict_names[] = {NULL, "noise", "changed"};

double diff_percent(const diff_value *v)
{
    if (v->before > 0) return 100.0 * (double)v->delta / (double)v->before;
    return v->delta > 0 ? INFINITY : v->delta < 0 ? -INFINITY : 0;
}

static const char *unit_name(profile_unit unit)
{
    return unit == PROFILE_NS ? "ns" : unit == PROFILE_BYTES ? "bytes" : "samples";
}

/* ---- text ---- */

static void value_text(char text[QUANTITY_ROOM], profile_unit unit, int64_t value)
{
    if (unit == PROFILE_SAMPLES)
        quantity_count(text, (uint64_t)value);
    else
        quantity_text(text, unit, value, NULL);
}

/* A sign always: it is the change that counts. */
static void change_text(char text[QUANTITY_ROOM + 1], profile_unit unit, int64_t delta)
{
    text[0] = delta < 0 ? '-' : delta > 0 ? '+' : ' ';
    value_text(text + 1, unit, delta < 0 ? -delta : delta);
}

void diff_percent_text(char text[QUANTITY_ROOM], const diff_value *v)
{
    double percent = diff_percent(v);

    if (isinf(percent))
        strcpy(text, "new");
    else if (v->after == 0 && v->before > 0)
        strcpy(text, "gone");
    else
        snprintf(text, QUANTITY_ROOM, "%+.1f%%", percent);
}

static void put_runs(FILE *to, const char *heading, const char *name, size_t runs)
{
    fprintf(to, "%s", heading);
    utf8_put_plain(to, name, strlen(name), SIZE_MAX);
    if (runs > 1) fprintf(to, " (median of %zu runs)", runs);
    fputc('\n', to);
}

static void put_total(FILE *to, const diff *d)
{
    char before[QUANTITY_ROOM], after[QUANTITY_ROOM], change[QUANTITY_ROOM + 1];
    char percent[QUANTITY_ROOM];

    quantity_text(before, d->unit, d->total.before, NULL);
    quantity_text(after, d->unit, d->total.after, NULL);
    change_text(change, d->unit, d->total.delta);
    diff_percent_text(percent, &d->total);
    fprintf(to, "total:  %s -> %s (%s, %s)", before, after, change[0] == ' ' ? change + 1 : change,
            percent);
    if (d->total.verdict) {
        fputs(d->total.verdict == DIFF_NOISE ? ", within the noise" : ", significant", to);
    }
    fputc('\n', to);
    if (d->scale != 1) {
        fprintf(to, "normalised: all that is after is multiplied by %.4f\n", d->scale);
    }
}

/* Of one row, the widths shared by all: quantities are short. */
static void put_row(FILE *to, const diff_view *view, const diff_row *r)
{
    const diff_value *v = &r->value[view->by];
    profile_unit unit = view->by == DIFF_CALLS ? PROFILE_SAMPLES : view->diff->unit;
    char before[QUANTITY_ROOM], after[QUANTITY_ROOM], change[QUANTITY_ROOM + 1];
    char percent[QUANTITY_ROOM];

    value_text(before, unit, v->before);
    value_text(after, unit, v->after);
    change_text(change, unit, v->delta);
    diff_percent_text(percent, v);
    fprintf(to, "%12s %12s %12s %10s %c ", before, after, change, percent,
            v->verdict == DIFF_NOISE     ? '~'
            : v->verdict == DIFF_CHANGED ? '*'
                                         : ' ');
    if (view->by != DIFF_CALLS && r->value[DIFF_CALLS].delta) {
        fprintf(to, "%+10" PRId64 "  ", r->value[DIFF_CALLS].delta);
    } else {
        fprintf(to, "%10s  ", "");
    }
    utf8_put_plain(to, r->label, strlen(r->label), SIZE_MAX);
    fputc('\n', to);
}

static thag_err diff_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const diff_view *view = subject;
    const diff *d = view->diff;
    size_t shown = report_rows(opts, d->row_count);

    put_runs(to, "before: ", view->before, d->before_count);
    put_runs(to, "after:  ", view->after, d->after_count);
    put_total(to, d);
    if (!d->row_count) {
        fputs("no function differs\n", to);
        return report_end(to, why);
    }
    fprintf(to, "\n%12s %12s %12s %10s   %10s  function (%s)\n", "before", "after", "change", "%",
            "calls", measure_keys[view->by]);
    for (size_t i = 0; i < shown; i++) put_row(to, view, &d->rows[i]);
    if (shown < d->row_count) fprintf(to, "and %zu more\n", d->row_count - shown);
    if (d->rows[0].value[view->by].verdict) {
        fputs("\n* significant: more than the runs scatter; ~ within the noise\n", to);
    }
    return report_end(to, why);
}

/* ---- CSV ---- */

static void csv_number(FILE *to, int64_t value)
{
    if (value >= 0) fprintf(to, "%" PRId64, value);
}

static thag_err diff_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const diff_view *view = subject;
    const diff *d = view->diff;
    fputs("name,file", to);
    for (diff_measure m = 0; m < DIFF_MEASURES; m++) {
        const char *key = measure_keys[m];

        fprintf(to, ",%s_before,%s_after,%s_delta,%s_before_mad,%s_after_mad,%s_verdict", key, key,
                key, key, key, key);
    }
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, d->row_count); i++) {
        const diff_row *r = &d->rows[i];

        csv_text(to, r->name);
        fputc(',', to);
        if (r->file) csv_text(to, r->file);
        for (diff_measure m = 0; m < DIFF_MEASURES; m++) {
            const diff_value *v = &r->value[m];

            fputc(',', to);
            csv_number(to, v->before);
            fputc(',', to);
            csv_number(to, v->after);
            fputc(',', to);
            if (v->before >= 0) fprintf(to, "%" PRId64, v->delta);
            fprintf(to, ",%" PRId64 ",%" PRId64 ",%s", v->before_mad, v->after_mad,
                    v->verdict ? verdict_names[v->verdict] : "");
        }
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

/* ---- JSON ---- */

static void json_value(json *j, const char *key, const diff_value *v)
{
    json_begin_object(j, key, 0);
    if (v->before < 0) {
        json_null(j, "before");
        json_null(j, "after");
        json_null(j, "delta");
    } else {
        json_int(j, "before", v->before);
        json_int(j, "after", v->after);
        json_int(j, "delta", v->delta);
        json_real(j, "percent", diff_percent(v)); /* null of what is new */
        json_int(j, "before_mad", v->before_mad);
        json_int(j, "after_mad", v->after_mad);
        json_text(j, "verdict", verdict_names[v->verdict]);
    }
    json_end(j);
}

static thag_err diff_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const diff_view *view = subject;
    const diff *d = view->diff;
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "before", view->before);
    json_text(&j, "after", view->after);
    json_uint(&j, "before_runs", d->before_count);
    json_uint(&j, "after_runs", d->after_count);
    json_text(&j, "unit", unit_name(d->unit));
    json_real(&j, "scale", d->scale);
    json_value(&j, "total", &d->total);
    json_uint(&j, "functions_compared", d->function_count);
    json_uint(&j, "functions_changed", d->row_count);
    json_begin_array(&j, "functions", 1);
    for (size_t i = 0; i < report_rows(opts, d->row_count); i++) {
        const diff_row *r = &d->rows[i];

        json_begin_object(&j, NULL, 0);
        json_text(&j, "name", r->name);
        json_text(&j, "file", r->file);
        for (diff_measure m = 0; m < DIFF_MEASURES; m++)
            json_value(&j, measure_keys[m], &r->value[m]);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report diff_report = {diff_text, diff_csv, diff_json};
