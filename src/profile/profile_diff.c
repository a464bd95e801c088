#include "profile/profile_diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_rebuild.h"
#include "profile/profile_stats.h"

#define MAD_TO_SIGMA 1.4826 /* for a normal distribution */
#define SIGMAS       3.0

/* ---- series of numbers ---- */

static int by_value(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* Sorts the values. Of an even number the mean of the two in the middle. */
static int64_t median(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    if (count % 2) return values[count / 2];
    return values[count / 2 - 1] + (values[count / 2] - values[count / 2 - 1]) / 2;
}

/* Replaces the values by their distances from the median. */
static int64_t median_deviation(int64_t *values, size_t count, int64_t middle)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] > middle ? values[i] - middle : middle - values[i];
    }
    return median(values, count);
}

static diff_verdict judge(const diff_value *v, size_t before_count, size_t after_count)
{
    double noise;

    if (before_count < DIFF_RUNS_MIN || after_count < DIFF_RUNS_MIN) return DIFF_UNKNOWN;
    noise = MAD_TO_SIGMA * hypot((double)v->before_mad, (double)v->after_mad);
    return fabs((double)v->delta) > SIGMAS * noise ? DIFF_CHANGED : DIFF_NOISE;
}

/* before and after are used up. */
static diff_value compare(int64_t *before, size_t before_count, int64_t *after, size_t after_count)
{
    diff_value v = {.before = median(before, before_count), .after = median(after, after_count)};

    v.before_mad = median_deviation(before, before_count, v.before);
    v.after_mad = median_deviation(after, after_count, v.after);
    v.delta = v.after - v.before;
    v.verdict = judge(&v, before_count, after_count);
    return v;
}

static int64_t scaled(int64_t value, double scale)
{
    return scale == 1 ? value : (int64_t)llround((double)value * scale);
}

/* ---- by function ---- */

/* One function in one run. */
typedef struct sample {
    const char *name, *label, *file;
    uint32_t line;
    size_t run; /* those before come first */
    int64_t value[DIFF_MEASURES];
} sample;

typedef struct series {
    diff *d;
    sample *samples; /* by function, then run */
    size_t sample_count, room;
    size_t run_count;
    int64_t *totals;    /* by run */
    int64_t *values[2]; /* room for those of one function, before and after */
    profile *const *runs[2];
} series;

/* Both builds may lie in folders of their own. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int compare_files(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(base_name(a), base_name(b));
}

static int by_function(const void *left, const void *right)
{
    const sample *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    if (!order) order = compare_files(a->file, b->file);
    if (order) return order;
    return a->run < b->run ? -1 : a->run > b->run;
}

static int same_function(const sample *a, const sample *b)
{
    return strcmp(a->name, b->name) == 0 && compare_files(a->file, b->file) == 0;
}

static thag_err add_run(series *s, const profile *p, size_t run, fault *f)
{
    stats *table;
    thag_err err = stats_new(&table, p, f);

    if (err) return err;
    if (s->sample_count + table->row_count > s->room) {
        size_t room = (s->sample_count + table->row_count) * 2;
        sample *samples = realloc(s->samples, room * sizeof *samples);

        if (!samples) {
            stats_free(table);
            return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "comparing");
        }
        s->samples = samples;
        s->room = room;
    }
    for (size_t i = 0; i < table->row_count; i++) {
        const stats_row *r = &table->rows[i];

        s->samples[s->sample_count++] =
            (sample){.name = r->name,
                     .label = r->label,
                     .file = r->file,
                     .line = r->line,
                     .run = run,
                     .value = {r->value[STATS_INCLUSIVE], r->value[STATS_SELF],
                               table->has_calls ? r->value[STATS_CALLS] : -1}};
    }
    s->totals[run] = table->total;
    stats_free(table);
    return THAG_OK;
}

/* The values of one function and measure in all runs; where it does not occur, 0. */
static diff_value compare_function(series *s, const sample *first, size_t count, diff_measure m)
{
    const diff *d = s->d;
    double scale = m == DIFF_CALLS ? 1 : d->scale;

    memset(s->values[0], 0, d->before_count * sizeof(int64_t));
    memset(s->values[1], 0, d->after_count * sizeof(int64_t));
    for (size_t i = 0; i < count; i++) {
        size_t run = first[i].run;

        if (first[i].value[m] < 0) return (diff_value){-1, -1, 0, 0, 0, DIFF_UNKNOWN};
        if (run < d->before_count)
            s->values[0][run] = first[i].value[m];
        else
            s->values[1][run - d->before_count] = scaled(first[i].value[m], scale);
    }
    return compare(s->values[0], d->before_count, s->values[1], d->after_count);
}

static void add_row(series *s, const sample *first, size_t count)
{
    diff *d = s->d;
    diff_row row = {
        .name = first->name, .label = first->label, .file = first->file, .line = first->line};
    int differs = 0;

    for (diff_measure m = 0; m < DIFF_MEASURES; m++) {
        row.value[m] = compare_function(s, first, count, m);
        if (row.value[m].delta) differs = 1;
    }
    d->function_count++;
    if (differs) d->rows[d->row_count++] = row;
}

static thag_err make_rows(series *s)
{
    size_t functions = 0, end;

    if (s->sample_count) qsort(s->samples, s->sample_count, sizeof *s->samples, by_function);
    for (size_t i = 0; i < s->sample_count; i++) {
        if (!i || !same_function(&s->samples[i - 1], &s->samples[i])) functions++;
    }
    s->d->rows = calloc(functions + 1, sizeof *s->d->rows);
    if (!s->d->rows) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < s->sample_count; i = end) {
        for (end = i + 1; end < s->sample_count; end++) {
            if (!same_function(&s->samples[i], &s->samples[end])) break;
        }
        add_row(s, &s->samples[i], end - i);
    }
    return THAG_OK;
}

/* The rows' names belong to the profiles until here. */
static thag_err own_names(diff *d)
{
    size_t bytes = 1, at = 0;

    for (size_t i = 0; i < d->row_count; i++) {
        const diff_row *r = &d->rows[i];

        bytes += strlen(r->name) + strlen(r->label) + (r->file ? strlen(r->file) : 0) + 3;
    }
    d->owned = malloc(bytes);
    if (!d->owned) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < d->row_count; i++) {
        const char **text[] = {&d->rows[i].name, &d->rows[i].label, &d->rows[i].file};

        for (int k = 0; k < 3; k++) {
            if (!*text[k]) continue;
            strcpy(d->owned + at, *text[k]);
            *text[k] = d->owned + at;
            at += strlen(*text[k]) + 1;
        }
    }
    return THAG_OK;
}

static thag_err same_units(profile *const *a, size_t a_count, profile *const *b, size_t b_count,
                           fault *f)
{
    for (size_t i = 0; i < a_count + b_count; i++) {
        if ((i < a_count ? a[i] : b[i - a_count])->unit != a[0]->unit) {
            return fault_set(f, THAG_ERR_UNIT, UINT64_MAX, "comparing");
        }
    }
    return THAG_OK;
}

static thag_err start(series *s, fault *f)
{
    diff *d = s->d;
    size_t longest = d->before_count > d->after_count ? d->before_count : d->after_count;

    s->run_count = d->before_count + d->after_count;
    s->totals = calloc(s->run_count, sizeof *s->totals);
    s->values[0] = calloc(longest, sizeof(int64_t));
    s->values[1] = calloc(longest, sizeof(int64_t));
    if (s->totals && s->values[0] && s->values[1]) return THAG_OK;
    return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "comparing");
}

static thag_err fill(series *s, int normalised, fault *f)
{
    diff *d = s->d;
    thag_err err = start(s, f);

    for (size_t run = 0; run < s->run_count && !err; run++) {
        int is_after = run >= d->before_count;

        err = add_run(s, s->runs[is_after][is_after ? run - d->before_count : run], run, f);
    }
    if (err) return err;
    d->total = compare(s->totals, d->before_count, s->totals + d->before_count, d->after_count);
    d->scale = normalised && d->total.before > 0 && d->total.after > 0
                   ? (double)d->total.before / (double)d->total.after
                   : 1;
    err = make_rows(s);
    if (!err) err = own_names(d);
    if (err) return fault_set(f, err, UINT64_MAX, "comparing");
    diff_sort(d, DIFF_SELF);
    return THAG_OK;
}

thag_err diff_new(diff **out, profile *const *before, size_t before_count, profile *const *after,
                  size_t after_count, int normalised, fault *f)
{
    series s = {.d = calloc(1, sizeof *s.d), .runs = {before, after}};
    thag_err err;

    *out = NULL;
    if (!s.d) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "comparing");
    s.d->before_count = before_count;
    s.d->after_count = after_count;
    s.d->unit = before[0]->unit;
    err = same_units(before, before_count, after, after_count, f);
    if (!err) err = fill(&s, normalised, f);
    free(s.samples);
    free(s.totals);
    free(s.values[0]);
    free(s.values[1]);
    if (err)
        diff_free(s.d);
    else
        *out = s.d;
    return err;
}

void diff_free(diff *d)
{
    if (!d) return;
    free(d->rows);
    free(d->owned);
    free(d);
}

/* ---- order ---- */

static int compare_rows(const diff_row *a, const diff_row *b, diff_measure m)
{
    int64_t one = a->value[m].delta, other = b->value[m].delta;

    if (one < 0) one = -one;
    if (other < 0) other = -other;
    if (one != other) return one > other ? -1 : 1;
    if (strcmp(a->name, b->name) != 0) return strcmp(a->name, b->name);
    return compare_files(a->file, b->file);
}

static int by_inclusive(const void *a, const void *b)
{
    return compare_rows(a, b, DIFF_INCLUSIVE);
}

static int by_self(const void *a, const void *b)
{
    return compare_rows(a, b, DIFF_SELF);
}

static int by_calls(const void *a, const void *b)
{
    return compare_rows(a, b, DIFF_CALLS);
}

void diff_sort(diff *d, diff_measure by)
{
    static int (*const orders[])(const void *, const void *) = {by_inclusive, by_self, by_calls};

    if (d->row_count) qsort(d->rows, d->row_count, sizeof *d->rows, orders[by]);
}

/* ---- by path ---- */

/*
 * Frames join by name alone: lines move when the source changes, folders when it is built elsewhere.
 * Names that several files have are told apart by profile_trace already.
 */
typedef struct name_table {
    profile *names;     /* interns the names */
    uint32_t *frame_of; /* by name: the frame in the tree */
    uint32_t count;     /* names that have one */
} name_table;

static thag_err join_frames(name_table *t, rebuild *r)
{
    const profile *from = r->from;
    thag_err err = THAG_OK;
    uint32_t *frame_of =
        realloc(t->frame_of, ((size_t)t->count + from->frame_count + 1) * sizeof *frame_of);

    if (!frame_of) return THAG_ERR_MEMORY;
    t->frame_of = frame_of;
    for (uint32_t i = 0; i < from->frame_count && !err; i++) {
        const profile_frame *f = &from->frames[i];
        uint32_t name;

        err = profile_intern(t->names, f->name, f->name_len, NULL, 0, &name);
        if (!err && name == t->count) {
            err = profile_intern_like(r->to, f, &frame_of[name]);
            t->count++;
        }
        if (!err) r->frames[i] = frame_of[name];
    }
    return err;
}

static thag_err add_run_to_tree(profile *tree, name_table *t, const profile *from)
{
    rebuild r;
    thag_err err = rebuild_into(&r, from, tree);

    if (!err) err = join_frames(t, &r);
    for (uint32_t n = 0; n < from->node_count && !err; n++) {
        if (n) err = rebuild_child(&r, r.map[from->parent[n]], from->frame[n], &r.map[n]);
        if (!err) err = rebuild_add_values(&r, r.map[n], n);
    }
    rebuild_release(&r);
    return err;
}

/* The self values of one run, by node as many as there were then. */
typedef struct run_values {
    int64_t *values;
    uint32_t count;
} run_values;

/* The tree gets the paths of a run, *run their values; the tree's are left zero. */
static thag_err take_run(run_values *run, profile *tree, name_table *t, const profile *from)
{
    thag_err err = add_run_to_tree(tree, t, from);

    if (err) return err;
    run->values = malloc(tree->node_count * sizeof *run->values);
    if (!run->values) return THAG_ERR_MEMORY;
    run->count = tree->node_count;
    memcpy(run->values, tree->self, run->count * sizeof *run->values);
    memset(tree->self, 0, run->count * sizeof *tree->self);
    return THAG_OK;
}

/* What a run has nothing of counts as 0. */
static thag_err take_medians(int64_t **medians, const run_values *runs, size_t count,
                             uint32_t nodes)
{
    int64_t *values = malloc(count * sizeof *values);

    *medians = malloc(nodes * sizeof **medians);
    if (!values || !*medians) {
        free(values);
        return THAG_ERR_MEMORY;
    }
    for (uint32_t n = 0; n < nodes; n++) {
        for (size_t i = 0; i < count; i++) values[i] = n < runs[i].count ? runs[i].values[n] : 0;
        (*medians)[n] = median(values, count);
    }
    free(values);
    return THAG_OK;
}

static int64_t sum_of(const int64_t *values, uint32_t count)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) sum += values[i];
    return sum;
}

static thag_err both_trees(diff_tree *t, name_table *names, profile *const *before,
                           size_t before_count, profile *const *after, size_t after_count)
{
    size_t count = before_count + after_count;
    run_values *runs = calloc(count, sizeof *runs);
    thag_err err = runs ? profile_new(&t->tree, before[0]->unit, 0) : THAG_ERR_MEMORY;

    for (size_t i = 0; i < count && !err; i++) {
        err = take_run(&runs[i], t->tree, names,
                       i < before_count ? before[i] : after[i - before_count]);
    }
    if (!err) err = take_medians(&t->before, runs, before_count, t->tree->node_count);
    if (!err) {
        err = take_medians(&t->after, runs + before_count, after_count, t->tree->node_count);
    }
    for (size_t i = 0; runs && i < count; i++) free(runs[i].values);
    free(runs);
    return err;
}

thag_err diff_tree_init(diff_tree *t, profile *const *before, size_t before_count,
                        profile *const *after, size_t after_count, int normalised, fault *f)
{
    int64_t total_before, total_after;
    name_table names = {0};
    thag_err err = same_units(before, before_count, after, after_count, f);

    *t = (diff_tree){.scale = 1};
    if (err) return err;
    err = profile_new(&names.names, PROFILE_SAMPLES, 0);
    if (!err) err = both_trees(t, &names, before, before_count, after, after_count);
    profile_free(names.names);
    free(names.frame_of);
    if (err) return fault_set(f, err, UINT64_MAX, "comparing");
    total_before = sum_of(t->before, t->tree->node_count);
    total_after = sum_of(t->after, t->tree->node_count);
    if (normalised && total_before > 0 && total_after > 0) {
        t->scale = (double)total_before / (double)total_after;
        for (uint32_t n = 0; n < t->tree->node_count; n++) {
            t->after[n] = scaled(t->after[n], t->scale);
        }
    }
    memcpy(t->tree->self, t->after, t->tree->node_count * sizeof *t->after);
    return THAG_OK;
}

void diff_tree_release(diff_tree *t)
{
    profile_free(t->tree);
    free(t->before);
    free(t->after);
    *t = (diff_tree){0};
}

int64_t *diff_tree_delta(const diff_tree *t)
{
    const profile *p = t->tree;
    int64_t *delta = malloc(p->node_count * sizeof *delta);

    if (!delta) return NULL;
    for (uint32_t n = 0; n < p->node_count; n++) delta[n] = t->after[n] - t->before[n];
    for (uint32_t n = p->node_count; n-- > 1;) delta[p->parent[n]] += delta[n];
    return delta;
}
