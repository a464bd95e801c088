/*
 * SQLite: the whole profile as tables. docs/exports.md explains the schema; what changes it changes
 * SCHEMA_VERSION.
 *
 *   meta         what was profiled, and in which units
 *   functions    frames: name, file, line
 *   nodes        call paths: parent, function, depth, every metric, counts and extremes of the calls
 *   histogram    durations of the calls of a node, in buckets [low_ns, high_ns)
 *   statistics   the table of `thag-analyze stats`
 *
 * and, where the format is the one along time:
 *
 *   threads      whose spans these are
 *   spans        each call, as the trace has it
 *   percentiles  a view: exact ones of each function, from the spans
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/sqlite_store.h"
#include "output/frame_order.h"
#include "output/node_metric.h"
#include "profile/load/profile_trace.h"
#include "profile/profile_stats.h"

#define SCHEMA_VERSION 1
#define SQL_ROOM       2048

typedef struct writer {
    sqlite_store *db;
    const export_source *from;
    const profile *p;
    node_metric metrics[NODE_METRIC_MAX];
    size_t metric_count;
    int64_t *inclusive; /* of the first metric */
    uint32_t *depth;    /* by node */
} writer;

/* ---- small tables ---- */

static void put_meta(writer *w, const char *key, const char *text, int64_t number)
{
    sqlite_text(w->db, key);
    if (text)
        sqlite_text(w->db, text);
    else
        sqlite_int(w->db, number);
    sqlite_row(w->db);
}

static void put_metas(writer *w)
{
    sqlite_run(w->db, "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID");
    sqlite_into(w->db, "INSERT INTO meta VALUES (?, ?)");
    put_meta(w, "schema", NULL, SCHEMA_VERSION);
    put_meta(w, "program", w->from->program, 0);
    put_meta(w, "unit", node_unit_text(w->metrics[0].unit), 0);
    put_meta(w, "total", NULL, w->inclusive[PROFILE_ROOT]);
    put_meta(w, "sample_period", NULL, w->p->sample_period ? w->p->sample_period : 1);
    if (w->p->heap_period) {
        put_meta(w, "heap_sample_period", NULL, (int64_t)w->p->heap_period);
        put_meta(w, "heap_samples", NULL, (int64_t)w->p->heap_samples);
    }
    if (w->from->start_real_ns) put_meta(w, "start_real_ns", NULL, (int64_t)w->from->start_real_ns);
    if (w->from->duration_ns) put_meta(w, "duration_ns", NULL, (int64_t)w->from->duration_ns);
}

static void put_functions(writer *w)
{
    sqlite_run(w->db,
               "CREATE TABLE functions (id INTEGER PRIMARY KEY, name TEXT NOT NULL, file TEXT,"
               " line INTEGER)");
    sqlite_into(w->db, "INSERT INTO functions VALUES (?, ?, ?, ?)");
    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        const profile_frame *frame = &w->p->frames[f];

        sqlite_int(w->db, f);
        sqlite_text(w->db, frame->name);
        sqlite_text(w->db, frame->file);
        if (frame->line)
            sqlite_int(w->db, frame->line);
        else
            sqlite_null(w->db);
        sqlite_row(w->db);
    }
}

/* ---- nodes ---- */

/* Room for all: a metric's name has at most 20 bytes. */
static void create_nodes(writer *w)
{
    char create[SQL_ROOM], insert[SQL_ROOM];
    const char *main_unit = w->metrics[0].key + strlen("self");
    size_t at, columns = 5 + w->metric_count + (w->p->calls ? 4 : 0);

    at = (size_t)snprintf(create, sizeof create,
                          "CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent INTEGER,"
                          " function INTEGER, depth INTEGER, inclusive%s INTEGER",
                          main_unit);
    for (size_t i = 0; i < w->metric_count; i++) {
        at += (size_t)snprintf(create + at, sizeof create - at, ", %s INTEGER", w->metrics[i].key);
    }
    snprintf(create + at, sizeof create - at, "%s)",
             w->p->calls ? ", open INTEGER, timed INTEGER, min_ns INTEGER, max_ns INTEGER" : "");
    sqlite_run(w->db, create);
    at = (size_t)snprintf(insert, sizeof insert, "INSERT INTO nodes VALUES (?");
    for (size_t i = 1; i < columns; i++) {
        at += (size_t)snprintf(insert + at, sizeof insert - at, ", ?");
    }
    snprintf(insert + at, sizeof insert - at, ")");
    sqlite_into(w->db, insert);
}

static int64_t whole(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void put_calls(writer *w, const profile_calls *c)
{
    sqlite_int(w->db, whole(c->open));
    sqlite_int(w->db, whole(c->timed));
    if (c->timed && c->min_ns != UINT64_MAX) {
        sqlite_int(w->db, whole(c->min_ns));
        sqlite_int(w->db, whole(c->max_ns));
    } else {
        sqlite_null(w->db);
        sqlite_null(w->db);
    }
}

static void put_nodes(writer *w)
{
    create_nodes(w);
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        uint32_t parent = w->p->parent[n];

        w->depth[n] = w->depth[parent] + 1;
        sqlite_int(w->db, n);
        if (parent == PROFILE_ROOT)
            sqlite_null(w->db);
        else
            sqlite_int(w->db, parent);
        sqlite_int(w->db, w->p->frame[n]);
        sqlite_int(w->db, w->depth[n]);
        sqlite_int(w->db, w->inclusive[n]);
        for (size_t i = 0; i < w->metric_count; i++) {
            sqlite_int(w->db, w->metrics[i].value(w->p, n));
        }
        if (w->p->calls) put_calls(w, &w->p->calls[n]);
        sqlite_row(w->db);
    }
}

static void put_histogram(writer *w)
{
    uint64_t low, high;

    sqlite_run(w->db, "CREATE TABLE histogram (node INTEGER, low_ns INTEGER, high_ns INTEGER,"
                      " count INTEGER)");
    sqlite_into(w->db, "INSERT INTO histogram VALUES (?, ?, ?, ?)");
    for (uint32_t n = 1; w->p->calls && n < w->p->node_count; n++) {
        const profile_hist *h = &w->p->calls[n].hist;

        for (uint32_t i = 0; i < h->len; i++) {
            if (!h->counts[i]) continue;
            trace_bucket_range(h->first + i, &low, &high);
            sqlite_int(w->db, n);
            sqlite_int(w->db, whole(low));
            sqlite_int(w->db, whole(high));
            sqlite_int(w->db, whole(h->counts[i]));
            sqlite_row(w->db);
        }
    }
}

/* ---- statistics ---- */

/* Without types: a name that looks like a number stays a name. */
#define COLUMN_SQL(id, option, key, heading)  ", " key
#define COLUMN_MARK(id, option, key, heading) ", ?"

static void put_statistics(writer *w, const stats *s)
{
    sqlite_run(w->db, "CREATE TABLE statistics (function INTEGER" STATS_COLUMNS(COLUMN_SQL) ")");
    sqlite_into(w->db, "INSERT INTO statistics VALUES (?" STATS_COLUMNS(COLUMN_MARK) ")");
    for (size_t i = 0; i < s->row_count; i++) {
        const stats_row *row = &s->rows[i];

        sqlite_int(w->db, row->frame);
        sqlite_text(w->db, row->name);
        for (int c = STATS_NAME + 1; c < STATS_COLUMN_COUNT; c++) {
            if (row->value[c] < 0)
                sqlite_null(w->db);
            else
                sqlite_int(w->db, row->value[c]);
        }
        sqlite_row(w->db);
    }
}

/* ---- along time ---- */

#define BATCH 1024

/* The smallest duration that is not below a share of them: what a sorted list would give. */
static const char percentiles[] =
    "CREATE VIEW percentiles AS WITH ranked AS ("
    "SELECT function, duration_ns,"
    " row_number() OVER (PARTITION BY function ORDER BY duration_ns) AS rank,"
    " count(*) OVER (PARTITION BY function) AS calls"
    " FROM spans JOIN nodes ON node = nodes.id WHERE NOT spans.open) "
    "SELECT name, max(ranked.calls) AS calls,"
    " min(CASE WHEN rank * 100 >= ranked.calls * 50 THEN duration_ns END) AS p50_ns,"
    " min(CASE WHEN rank * 100 >= ranked.calls * 90 THEN duration_ns END) AS p90_ns,"
    " min(CASE WHEN rank * 100 >= ranked.calls * 95 THEN duration_ns END) AS p95_ns,"
    " min(CASE WHEN rank * 100 >= ranked.calls * 99 THEN duration_ns END) AS p99_ns"
    " FROM ranked JOIN functions ON function = functions.id GROUP BY functions.id";

static thag_err put_thread_spans(writer *w, uint32_t thread)
{
    timeline_span spans[BATCH];
    thag_err err = timeline_begin(w->from->timeline, thread);
    size_t n;

    while (!err && (n = timeline_read(w->from->timeline, spans, BATCH, &err)) > 0) {
        for (size_t i = 0; i < n; i++) {
            sqlite_int(w->db, spans[i].owner);
            sqlite_int(w->db, spans[i].node);
            sqlite_int(w->db, whole(spans[i].start_ns));
            sqlite_int(w->db, whole(spans[i].end_ns - spans[i].start_ns));
            sqlite_int(w->db, spans[i].is_open);
            sqlite_row(w->db);
        }
    }
    return err;
}

/* After the spans, which tell whose they are. */
static void put_threads(writer *w)
{
    uint32_t count;
    const timeline_owner *owners = timeline_owners(w->from->timeline, &count);

    sqlite_run(w->db, "CREATE TABLE threads (id INTEGER PRIMARY KEY, tid INTEGER, name TEXT)");
    sqlite_into(w->db, "INSERT INTO threads VALUES (?, ?, ?)");
    for (uint32_t i = 0; i < count; i++) {
        sqlite_int(w->db, i);
        sqlite_int(w->db, owners[i].tid);
        sqlite_text(w->db, *owners[i].name ? owners[i].name : NULL);
        sqlite_row(w->db);
    }
}

static thag_err put_spans(writer *w, fault *why)
{
    uint32_t threads;
    thag_err err = THAG_OK;

    if (!w->from->timeline) return THAG_OK;
    sqlite_run(w->db, "CREATE TABLE spans (thread INTEGER, node INTEGER, start_ns INTEGER,"
                      " duration_ns INTEGER, open INTEGER)");
    sqlite_into(w->db, "INSERT INTO spans VALUES (?, ?, ?, ?, ?)");
    timeline_threads(w->from->timeline, &threads);
    for (uint32_t i = 0; i < threads && !err; i++) err = put_thread_spans(w, i);
    put_threads(w);
    sqlite_run(w->db, percentiles);
    return err ? fault_set(why, err, UINT64_MAX, "writing SQLite") : THAG_OK;
}

/* ---- the whole ---- */

static thag_err put_all(writer *w, fault *why)
{
    stats *s;
    thag_err err = stats_new(&s, w->p, why);

    if (err) return err;
    put_metas(w);
    put_functions(w);
    put_nodes(w);
    put_histogram(w);
    put_statistics(w, s);
    stats_free(s);
    return put_spans(w, why);
}

thag_err sqlite_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.from = from, .p = from->profile};
    thag_err err;

    w.metric_count = node_metrics(w.p, w.metrics);
    w.inclusive = node_metric_inclusive(w.p, &w.metrics[0]);
    w.depth = calloc(w.p->node_count, sizeof *w.depth);
    if (!w.inclusive || !w.depth) {
        err = fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "writing SQLite");
        goto done;
    }
    err = sqlite_store_new(&w.db, why);
    if (!err) err = put_all(&w, why);
    if (!err) err = sqlite_store_finish(w.db, to, why);
done:
    sqlite_store_free(w.db);
    free(w.inclusive);
    free(w.depth);
    return err;
}
