#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/picture/svg_writer.h"
#include "output/table/diff_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    size_t by; /* into measures */
    size_t limit;
    const char *fail_over;
    int normalised, each, flamegraph, inverted;
    size_t widths; /* 0: after, 1: before */
} settings;

static const struct {
    const char *name;
    diff_measure measure;
} measures[] = {{"self", DIFF_SELF}, {"inclusive", DIFF_INCLUSIVE}, {"calls", DIFF_CALLS}};

static const char *measure_name(size_t n)
{
    return n < sizeof measures / sizeof *measures ? measures[n].name : NULL;
}

static const char *width_name(size_t n)
{
    static const char *const names[] = {"after", "before", NULL};

    return names[n];
}

static const option_fact facts[] = {
    OPTION_CHOICE(settings, by, "by", "MEASURE", measure_name,
                  "what is shown and sorted by, the first unless told otherwise"),
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N functions only"),
    OPTION_FLAG(settings, normalised, "normalised",
                "compare shares: scale what is after to the total before"),
    OPTION_TEXT(settings, fail_over, "fail-over", "PERCENT",
                "exit with 1 if the total grew by more, and not by noise"),
    OPTION_FLAG(settings, each, "each",
                "--fail-over also for each function that has 1 % of the total or more"),
    OPTION_FLAG(settings, flamegraph, "flamegraph",
                "draw a differential flamegraph (SVG) instead; its name ends in -diff.svg"),
    OPTION_CHOICE(settings, widths, "widths", "SIDE", width_name,
                  "whose values are the widths of the flamegraph: what is gone shows before"),
    OPTION_FLAG(settings, inverted, "inverted", "the flamegraph's root at the top"),
    OPTION_LAST};

/* ---- the two series ---- */

typedef struct series {
    input *inputs;
    profile **profiles; /* of the inputs */
    size_t count;
} series;

static void close_series(series *s)
{
    for (size_t i = 0; i < s->count; i++) input_close(&s->inputs[i]);
    free(s->inputs);
    free(s->profiles);
    *s = (series){0};
}

static int open_series(series *s, const job *j, char **paths, int count)
{
    int status = EXIT_FINE;

    *s = (series){.inputs = calloc((size_t)count, sizeof *s->inputs),
                  .profiles = calloc((size_t)count, sizeof *s->profiles)};
    if (!s->inputs || !s->profiles) return complain(EXIT_SYSTEM, NULL, "out of memory");
    for (int i = 0; i < count && status == EXIT_FINE; i++) {
        status = job_open(j, &s->inputs[i], &paths[i], 1);
        s->profiles[i] = s->inputs[i].profile;
        s->count += status == EXIT_FINE;
    }
    return status;
}

/* "a b vs c d", or two files. *split: how many are before. 0: neither. */
static int split_paths(const job *j, int *before, int *after)
{
    for (int i = 1; i + 1 < j->path_count; i++) {
        if (strcmp(j->paths[i], "vs") != 0) continue;
        *before = i;
        *after = i + 1;
        return 1;
    }
    *before = *after = 1;
    return j->path_count == 2;
}

/* ---- the limit ---- */

/* "5" or "5%". 0: no number. */
static int parse_percent(const char *text, double *percent)
{
    char *end;

    *percent = strtod(text, &end);
    if (end == text || !(*percent >= 0) || isinf(*percent)) return 0;
    return strcmp(end, "") == 0 || strcmp(end, "%") == 0;
}

static int grew(const diff_value *v, double percent)
{
    return v->delta > 0 && diff_percent(v) > percent && v->verdict != DIFF_NOISE;
}

static int complain_growth(const char *subject, const char *what, const diff_value *v,
                           double percent)
{
    char text[QUANTITY_ROOM];

    diff_percent_text(text, v);
    return complain(EXIT_NOTHING, subject, "%s: %s, more than %g%%", what, text, percent);
}

static int check_limit(const settings *set, const diff *d, double percent)
{
    diff_measure by = measures[set->by].measure;
    int status = EXIT_FINE;

    if (grew(&d->total, percent)) status = complain_growth(NULL, "total", &d->total, percent);
    for (size_t i = 0; set->each && i < d->row_count; i++) {
        const diff_row *r = &d->rows[i];

        if (r->value[DIFF_INCLUSIVE].after < d->total.after / 100) continue;
        if (!grew(&r->value[by], percent)) continue;
        status = complain_growth(r->name, measures[set->by].name, &r->value[by], percent);
    }
    return status;
}

/* ---- the command ---- */

static int show(const job *j, const diff *d, const char *before, const char *after)
{
    const settings *set = j->settings;
    const diff_view view = {
        .diff = d, .before = before, .after = after, .by = measures[set->by].measure};

    return write_report(j, &diff_report, &view, &(report_opts){.limit = set->limit});
}

static int compare(const job *j, const series *before, const series *after, double percent)
{
    const settings *set = j->settings;
    diff *d = NULL;
    fault f = {0};
    int status;

    if (diff_new(&d, before->profiles, before->count, after->profiles, after->count,
                 set->normalised, &f)) {
        return complain_fault(&f);
    }
    diff_sort(d, measures[set->by].measure);
    status = show(j, d, before->inputs[0].stem, after->inputs[0].stem);
    if (status == EXIT_FINE && set->fail_over) status = check_limit(set, d, percent);
    diff_free(d);
    return status;
}

static int draw(const job *j, const diff_tree *t, const series *before, const series *after)
{
    const settings *set = j->settings;
    int64_t *change = diff_tree_delta(t);
    char title[600], text[700];
    svg_opts svg = {.title = "Differential Flamegraph",
                    .change = change,
                    .shows_before = set->widths == 1,
                    .inverted = set->inverted};
    named_result out;
    fault f = {0};
    int status;

    if (!change) return complain(EXIT_SYSTEM, NULL, "out of memory");
    memcpy(t->tree->self, set->widths == 1 ? t->before : t->after,
           t->tree->node_count * sizeof *t->before);
    snprintf(title, sizeof title, "Comparing %s \xE2\x86\x92 %s%s", before->inputs[0].stem,
             after->inputs[0].stem, t->scale == 1 ? "" : ", normalised");
    svg.subtitle = job_view_text(j, title, text, sizeof text);
    if (!svg.subtitle) svg.subtitle = title;
    status = named_result_open(&out, j, &after->inputs[0], "-diff.svg");
    if (status == EXIT_FINE) {
        thag_err err = svg_write(out.file.to, t->tree, &svg, &f);

        if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
        status = named_result_close(&out, status);
    }
    free(change);
    return status;
}

static int draw_difference(const job *j, const series *before, const series *after)
{
    const settings *set = j->settings;
    diff_tree t;
    fault f = {0};
    int status;

    if (diff_tree_init(&t, before->profiles, before->count, after->profiles, after->count,
                       set->normalised, &f))
        status = complain_fault(&f);
    else
        status = draw(j, &t, before, after);
    diff_tree_release(&t);
    return status;
}

static int run(const job *j)
{
    const settings *set = j->settings;
    series before = {0}, after = {0};
    int first_before, first_after, status;
    double percent = 0;

    if (set->fail_over && !parse_percent(set->fail_over, &percent)) {
        return complain(EXIT_USAGE, NULL, "--fail-over: %s is not a percentage", set->fail_over);
    }
    if (!split_paths(j, &first_before, &first_after)) {
        return complain(EXIT_USAGE, NULL, "give two files, or several with \"vs\" between them");
    }
    status = open_series(&before, j, j->paths, first_before);
    if (status == EXIT_FINE) {
        status = open_series(&after, j, j->paths + first_after, j->path_count - first_after);
    }
    if (status == EXIT_FINE) {
        status = set->flamegraph ? draw_difference(j, &before, &after)
                                 : compare(j, &before, &after, percent);
    }
    close_series(&before);
    close_series(&after);
    return status;
}

const command cmd_diff = {
    .name = "diff",
    .summary = "what changed from one profile to another, by function",
    .usage = "[OPTION]... BEFORE AFTER, or BEFORE... vs AFTER...",
    .about =
        "Compare two profiles by function. With several runs on each side, three at least, "
        "medians\n"
        "are compared, and a change counts as significant if it is larger than the runs scatter.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_JSON | TAKES_CSV | TAKES_OPEN | TAKES_MEMORY | TAKES_PART |
             TAKES_TASKS | TAKES_OPERATIONS,
    .run = run};
