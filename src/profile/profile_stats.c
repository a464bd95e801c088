#include "profile/profile_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace_reader.h"

/* What is gathered for a row before its columns can be filled. */
typedef struct row_sum {
    int64_t inclusive, self, corrected_inclusive, corrected_self;
    uint64_t calls, open, timed, min, max;
    double call_ns; /* durations of the ended calls, summed; exact where nothing is open */
    profile_hist hist;
} row_sum;

typedef struct gather {
    const profile *p;
    stats *s;
    uint32_t *row_of;        /* by frame */
    row_sum *sums;           /* by row */
    int64_t *inclusive;      /* by node */
    int64_t *corrected_self; /* by node */
    int64_t *corrected;      /* by node: inclusive */
    uint32_t *first_child, *next_sibling;
    uint32_t *on_path; /* by row: occurrences between the root and here */
} gather;

/* ---- rows ---- */

typedef struct frame_key {
    const profile_frame *frame;
    uint32_t id;
} frame_key;

static int compare_text(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_name_and_file(const void *left, const void *right)
{
    const frame_key *a = left, *b = right;
    int order = strcmp(a->frame->name, b->frame->name);

    if (!order) order = compare_text(a->frame->file, b->frame->file);
    if (!order && a->frame->line != b->frame->line) {
        order = a->frame->line < b->frame->line ? -1 : 1;
    }
    if (order) return order;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int same_row(const profile_frame *a, const profile_frame *b)
{
    return strcmp(a->name, b->name) == 0 && compare_text(a->file, b->file) == 0;
}

static thag_err make_rows(gather *g)
{
    uint32_t count = g->p->frame_count;
    frame_key *keys = malloc(((size_t)count + 1) * sizeof *keys);
    stats *s = g->s;

    g->row_of = malloc(((size_t)count + 1) * sizeof *g->row_of);
    s->rows = calloc((size_t)count + 1, sizeof *s->rows);
    if (!keys || !g->row_of || !s->rows) {
        free(keys);
        return THAG_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) keys[i] = (frame_key){&g->p->frames[i], i};
    if (count) qsort(keys, count, sizeof *keys, by_name_and_file);
    for (uint32_t i = 0; i < count; i++) {
        const profile_frame *f = keys[i].frame;

        if (!i || !same_row(keys[i - 1].frame, f)) {
            s->rows[s->row_count++] = (stats_row){.name = f->name,
                                                  .label = f->label,
                                                  .file = f->file,
                                                  .line = f->line,
                                                  .frame = keys[i].id};
        }
        g->row_of[keys[i].id] = (uint32_t)s->row_count - 1;
    }
    free(keys);
    return THAG_OK;
}

/* ---- overhead ---- */

/* Corrected self of all nodes; malloc'ed. */
static int64_t *corrected_self(const profile *p)
{
    uint32_t count = p->node_count;
    double *child_calls = calloc(count, sizeof *child_calls);
    int64_t *self = malloc(count * sizeof *self);

    for (uint32_t n = 1; child_calls && p->calls && n < count; n++) {
        child_calls[p->parent[n]] += (double)p->calls[n].timed;
    }
    for (uint32_t n = 0; child_calls && self && n < count; n++) {
        double cost = child_calls[n] * p->probe_outside_ns;

        if (p->calls && n) cost += (double)p->calls[n].calls * p->probe_inside_ns;
        self[n] = cost < (double)p->self[n] ? p->self[n] - (int64_t)(cost + 0.5) : 0;
        if (self[n] < 0) self[n] = 0;
    }
    if (!child_calls) {
        free(self);
        self = NULL;
    }
    free(child_calls);
    return self;
}

thag_err stats_correct(profile *p, fault *f)
{
    int64_t *self = corrected_self(p);

    if (!self) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "correction");
    memcpy(p->self, self, p->node_count * sizeof *self);
    free(self);
    return THAG_OK;
}

static int64_t *inclusive_of(const profile *p, const int64_t *self)
{
    int64_t *sum = malloc(p->node_count * sizeof *sum);

    if (!sum) return NULL;
    memcpy(sum, self, p->node_count * sizeof *sum);
    /* What is corrected is no more than what was measured, which fits. */
    for (uint32_t n = p->node_count; n-- > 1;) sum[p->parent[n]] += sum[n];
    return sum;
}

/* ---- summing ---- */

static thag_err add_hist(profile_hist *to, const profile_hist *from)
{
    uint32_t first = from->first, end = from->first + from->len;
    uint64_t *counts;

    if (!from->len) return THAG_OK;
    if (to->len && to->first < first) first = to->first;
    if (to->len && to->first + to->len > end) end = to->first + to->len;
    if (to->len != end - first) {
        counts = calloc(end - first, sizeof *counts);
        if (!counts) return THAG_ERR_MEMORY;
        if (to->len) memcpy(counts + (to->first - first), to->counts, to->len * sizeof *counts);
        free(to->counts);
        *to = (profile_hist){.first = first, .len = end - first, .counts = counts};
    }
    for (uint32_t i = 0; i < from->len; i++) to->counts[from->first - first + i] += from->counts[i];
    return THAG_OK;
}

/* Durations are whole numbers: bucket [low, high) is the stretch from low - 1/2 to high - 1/2. */
static double bucket_value(uint32_t bucket, double share)
{
    uint64_t low, high;

    trace_bucket_range(bucket, &low, &high);
    return (double)low - 0.5 + share * ((double)high - (double)low);
}

static double hist_total(const profile_hist *h)
{
    double total = 0;

    for (uint32_t i = 0; i < h->len; i++) {
        total += (double)h->counts[i] * bucket_value(h->first + i, 0.5);
    }
    return total;
}

uint64_t stats_percentile(const profile_hist *h, double share, uint64_t min, uint64_t max)
{
    double total = 0, rank, before = 0, value = 0;

    for (uint32_t i = 0; i < h->len; i++) total += (double)h->counts[i];
    rank = ceil(share * total - 1e-9); /* the call that a sorted list would give, from 1 */
    if (rank < 1) rank = 1;
    for (uint32_t i = 0; i < h->len; i++) {
        double here = (double)h->counts[i];

        if (here > 0) {
            double within = (rank - 0.5 - before) / here; /* its middle */

            if (within < 0) within = 0;
            value = bucket_value(h->first + i, within < 1 ? within : 1);
            if (before + here >= rank) break;
        }
        before += here;
    }
    if (value < (double)min) return min;
    return value >= (double)max ? max : (uint64_t)(value + 0.5);
}

static thag_err add_calls(row_sum *r, const profile_calls *c, int64_t inclusive)
{
    r->calls += c->calls;
    r->open += c->open;
    r->timed += c->timed;
    if (c->min_ns < r->min) r->min = c->min_ns;
    if (c->max_ns > r->max) r->max = c->max_ns;
    /* The time of a node with open spans is not that of its calls; its histogram's is, nearly. */
    if (!c->open) {
        r->call_ns += (double)inclusive;
    } else if (c->timed) {
        r->call_ns += hist_total(&c->hist) * (double)c->calls / (double)c->timed;
    }
    return add_hist(&r->hist, &c->hist);
}

static thag_err enter(gather *g, uint32_t n)
{
    const profile *p = g->p;
    uint32_t row = g->row_of[p->frame[n]];
    row_sum *r = &g->sums[row];

    if (!g->on_path[row]++) {
        r->inclusive += g->inclusive[n];
        r->corrected_inclusive += g->corrected[n];
    }
    r->self += p->self[n];
    r->corrected_self += g->corrected_self[n];
    return p->calls ? add_calls(r, &p->calls[n], g->inclusive[n]) : THAG_OK;
}

static void link_children(gather *g)
{
    const profile *p = g->p;

    for (uint32_t n = 0; n < p->node_count; n++) g->first_child[n] = PROFILE_NONE;
    for (uint32_t n = p->node_count; n-- > 1;) {
        g->next_sibling[n] = g->first_child[p->parent[n]];
        g->first_child[p->parent[n]] = n;
    }
}

/* Along the tree without recursion, for it may be as deep as the input likes. */
static thag_err walk(gather *g)
{
    const profile *p = g->p;
    uint32_t n = g->first_child[PROFILE_ROOT];
    thag_err err = THAG_OK;

    while (!err && n != PROFILE_NONE) {
        err = enter(g, n);
        if (g->first_child[n] != PROFILE_NONE) {
            n = g->first_child[n];
            continue;
        }
        for (; n != PROFILE_ROOT; n = p->parent[n]) {
            g->on_path[g->row_of[p->frame[n]]]--;
            if (g->next_sibling[n] != PROFILE_NONE) break;
        }
        n = n == PROFILE_ROOT ? PROFILE_NONE : g->next_sibling[n];
    }
    return err;
}

/* Damaged counters may be of any size. */
static int64_t whole(uint64_t value)
{
    return value < INT64_MAX ? (int64_t)value : INT64_MAX;
}

static int64_t rounded(double value)
{
    return value < 0x1p62 ? (int64_t)(value + 0.5) : INT64_MAX;
}

static void fill_durations(stats_row *row, const row_sum *r)
{
    int64_t *v = row->value;

    v[STATS_CALLS] = whole(r->calls);
    v[STATS_OPEN] = whole(r->open);
    if (r->calls) v[STATS_MEAN] = rounded(r->call_ns / (double)r->calls);
    if (!r->timed || r->min == UINT64_MAX) return;
    v[STATS_MIN] = whole(r->min);
    v[STATS_MAX] = whole(r->max);
    if (v[STATS_MEAN] < v[STATS_MIN]) v[STATS_MEAN] = v[STATS_MIN];
    if (v[STATS_MEAN] > v[STATS_MAX]) v[STATS_MEAN] = v[STATS_MAX];
    if (!r->hist.len) return; /* a slice of time has none */
    v[STATS_P50] = whole(stats_percentile(&r->hist, 0.50, r->min, r->max));
    v[STATS_P95] = whole(stats_percentile(&r->hist, 0.95, r->min, r->max));
    v[STATS_P99] = whole(stats_percentile(&r->hist, 0.99, r->min, r->max));
}

/* Paths that were begun and never counted (the process died, or nothing hangs there) are no rows. */
static void fill_rows(gather *g)
{
    stats *s = g->s;
    size_t kept = 0;

    for (size_t i = 0; i < s->row_count; i++) {
        const row_sum *r = &g->sums[i];
        stats_row row = s->rows[i];

        if (s->has_calls && !r->calls && !r->open && !r->inclusive) continue;
        for (int c = 0; c < STATS_COLUMN_COUNT; c++) row.value[c] = -1;
        row.value[STATS_INCLUSIVE] = r->inclusive;
        row.value[STATS_SELF] = r->self;
        row.value[STATS_CORRECTED_INCLUSIVE] = r->corrected_inclusive;
        row.value[STATS_CORRECTED_SELF] = r->corrected_self;
        if (s->has_calls) fill_durations(&row, r);
        s->calls += r->calls;
        s->open += r->open;
        s->rows[kept++] = row;
    }
    s->row_count = kept;
}

/* ---- the whole ---- */

static thag_err gather_all(gather *g)
{
    const profile *p = g->p;
    size_t nodes = p->node_count, rows;
    thag_err err = make_rows(g);

    if (err) return err;
    rows = g->s->row_count + 1;
    g->sums = calloc(rows, sizeof *g->sums);
    g->on_path = calloc(rows, sizeof *g->on_path);
    g->inclusive = profile_inclusive(p);
    g->corrected_self = corrected_self(p);
    if (g->corrected_self) g->corrected = inclusive_of(p, g->corrected_self);
    g->first_child = malloc(nodes * sizeof *g->first_child);
    g->next_sibling = malloc(nodes * sizeof *g->next_sibling);
    if (!g->sums || !g->on_path || !g->inclusive || !g->corrected || !g->first_child ||
        !g->next_sibling) {
        return THAG_ERR_MEMORY;
    }
    for (size_t i = 0; i < rows; i++) g->sums[i].min = UINT64_MAX;
    link_children(g);
    err = walk(g);
    if (err) return err;
    g->s->total = g->inclusive[PROFILE_ROOT];
    g->s->corrected_total = g->corrected[PROFILE_ROOT];
    fill_rows(g);
    return THAG_OK;
}

static void gather_release(gather *g, size_t row_count)
{
    for (size_t i = 0; g->sums && i < row_count; i++) free(g->sums[i].hist.counts);
    free(g->row_of);
    free(g->sums);
    free(g->inclusive);
    free(g->corrected);
    free(g->corrected_self);
    free(g->first_child);
    free(g->next_sibling);
    free(g->on_path);
}

thag_err stats_new(stats **out, const profile *p, fault *f)
{
    stats *s = calloc(1, sizeof *s);
    gather g = {.p = p, .s = s};
    thag_err err = s ? THAG_OK : THAG_ERR_MEMORY;

    *out = NULL;
    if (!err) {
        s->profile = p;
        s->has_calls = p->calls != NULL;
        s->is_corrected = s->has_calls && (p->probe_inside_ns > 0 || p->probe_outside_ns > 0);
        err = gather_all(&g);
    }
    gather_release(&g, p->frame_count);
    if (err) {
        stats_free(s);
        return fault_set(f, err, UINT64_MAX, "statistics");
    }
    stats_sort(s, STATS_SELF);
    *out = s;
    return THAG_OK;
}

void stats_free(stats *s)
{
    if (!s) return;
    free(s->rows);
    free(s);
}

/* ---- order ---- */

static int by_row_name(const stats_row *a, const stats_row *b)
{
    int order = strcmp(a->name, b->name);

    return order ? order : compare_text(a->file, b->file);
}

static int by_column(const void *left, const void *right, void *context)
{
    const stats_row *a = left, *b = right;
    stats_column column = *(const stats_column *)context;

    if (column != STATS_NAME && a->value[column] != b->value[column]) {
        return a->value[column] > b->value[column] ? -1 : 1;
    }
    return by_row_name(a, b);
}

void stats_sort(stats *s, stats_column column)
{
    if (s->row_count) qsort_r(s->rows, s->row_count, sizeof *s->rows, by_column, &column);
}

stats_column stats_column_named(const char *option)
{
    static const char *const names[][2] = {
#define STATS_COLUMN_OPTION(id, option, key, heading) {option, heading},
        STATS_COLUMNS(STATS_COLUMN_OPTION)
#undef STATS_COLUMN_OPTION
    };

    for (int i = 0; i < STATS_COLUMN_COUNT; i++) {
        if (strcmp(option, names[i][0]) == 0 || strcmp(option, names[i][1]) == 0) {
            return (stats_column)i;
        }
    }
    return STATS_COLUMN_COUNT;
}
