#include "output/export/firefox_tables.h"

#include <stddef.h>

#define FIREFOX_VERSION           31
#define FIREFOX_PROCESSED_VERSION 60

/* ---- columns that are the same all along ---- */

static void put_constant(json *j, const char *key, uint32_t count, int64_t value)
{
    json_begin_array(j, key, 0);
    for (uint32_t i = 0; i < count; i++) json_int(j, NULL, value);
    json_end(j);
}

static void put_nulls(json *j, const char *key, uint32_t count)
{
    json_begin_array(j, key, 0);
    for (uint32_t i = 0; i < count; i++) json_null(j, NULL);
    json_end(j);
}

static void put_false(json *j, const char *key, uint32_t count)
{
    json_begin_array(j, key, 0);
    for (uint32_t i = 0; i < count; i++) json_bool(j, NULL, 0);
    json_end(j);
}

static void put_numbers(json *j, const char *key, uint32_t count)
{
    json_begin_array(j, key, 0);
    for (uint32_t i = 0; i < count; i++) json_uint(j, NULL, i);
    json_end(j);
}

static void put_empty(json *j, const char *key, const char *const *columns)
{
    json_begin_object(j, key, 0);
    for (; *columns; columns++) put_nulls(j, *columns, 0);
    json_int(j, "length", 0);
    json_end(j);
}

static void put_lines(json *j, const char *key, const profile *p)
{
    json_begin_array(j, key, 0);
    for (uint32_t f = 0; f < p->frame_count; f++) {
        if (p->frames[f].line)
            json_uint(j, NULL, p->frames[f].line);
        else
            json_null(j, NULL);
    }
    json_end(j);
}

/* ---- tables ---- */

static void put_stack_table(json *j, const profile *p)
{
    json_begin_object(j, "stackTable", 1);
    json_begin_array(j, "frame", 0);
    for (uint32_t n = 1; n < p->node_count; n++) json_uint(j, NULL, p->frame[n]);
    json_end(j);
    json_begin_array(j, "prefix", 0);
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (p->parent[n] == PROFILE_ROOT)
            json_null(j, NULL);
        else
            json_uint(j, NULL, firefox_stack(p->parent[n]));
    }
    json_end(j);
    json_uint(j, "length", p->node_count - 1);
    json_end(j);
}

static void put_frame_table(json *j, const profile *p)
{
    uint32_t count = p->frame_count;

    json_begin_object(j, "frameTable", 1);
    put_constant(j, "address", count, -1);
    put_constant(j, "inlineDepth", count, 0);
    put_constant(j, "category", count, 0);
    put_constant(j, "subcategory", count, 0);
    put_numbers(j, "func", count);
    put_nulls(j, "nativeSymbol", count);
    put_nulls(j, "innerWindowID", count);
    put_lines(j, "line", p);
    put_nulls(j, "column", count);
    json_uint(j, "length", count);
    json_end(j);
}

/* Strings are the names of the frames, then the files; so file i is source i and string count + i. */
static void put_func_table(json *j, const profile *p)
{
    uint32_t count = p->frame_count;

    json_begin_object(j, "funcTable", 1);
    put_numbers(j, "name", count);
    put_false(j, "isJS", count);
    put_false(j, "relevantForJS", count);
    put_constant(j, "resource", count, -1);
    json_begin_array(j, "source", 0);
    for (uint32_t f = 0; f < count; f++) {
        if (p->frames[f].file)
            json_uint(j, NULL, f);
        else
            json_null(j, NULL);
    }
    json_end(j);
    put_lines(j, "lineNumber", p);
    put_nulls(j, "columnNumber", count);
    json_uint(j, "length", count);
    json_end(j);
}

static void put_sources(json *j, uint32_t count)
{
    json_begin_object(j, "sources", 1);
    put_nulls(j, "uuid", count);
    json_begin_array(j, "filename", 0);
    for (uint32_t f = 0; f < count; f++) json_uint(j, NULL, (uint64_t)count + f);
    json_end(j);
    json_uint(j, "length", count);
    json_end(j);
}

static void put_strings(json *j, const profile *p)
{
    json_begin_array(j, "stringArray", 1);
    for (uint32_t f = 0; f < p->frame_count; f++) json_text(j, NULL, p->frames[f].name);
    for (uint32_t f = 0; f < p->frame_count; f++) {
        json_text(j, NULL, p->frames[f].file ? p->frames[f].file : "");
    }
    json_end(j);
}

void firefox_put_shared(json *j, const profile *p)
{
    static const char *const resources[] = {"lib", "name", "host", "type", NULL};
    static const char *const symbols[] = {"libIndex", "address", "name", "functionSize", NULL};

    json_begin_object(j, "shared", 1);
    put_stack_table(j, p);
    put_frame_table(j, p);
    put_func_table(j, p);
    put_empty(j, "resourceTable", resources);
    put_empty(j, "nativeSymbols", symbols);
    put_sources(j, p->frame_count);
    put_strings(j, p);
    json_end(j);
}

/* ---- head ---- */

static void put_categories(json *j)
{
    json_begin_array(j, "categories", 0);
    json_begin_object(j, NULL, 0);
    json_text(j, "name", "Other");
    json_text(j, "color", "grey");
    json_begin_array(j, "subcategories", 0);
    json_text(j, NULL, "Other");
    json_end(j);
    json_end(j);
    json_end(j);
}

void firefox_put_head(json *j, const export_source *from)
{
    json_begin_object(j, "meta", 1);
    json_int(j, "version", FIREFOX_VERSION);
    json_int(j, "preprocessedProfileVersion", FIREFOX_PROCESSED_VERSION);
    json_int(j, "interval", 1);
    json_scaled(j, "startTime", (int64_t)(from->start_real_ns & INT64_MAX), FIREFOX_MS_DIGITS);
    json_int(j, "processType", 0);
    json_int(j, "stackwalk", 0);
    json_text(j, "product", from->program);
    json_text(j, "importedFrom", "thag_profiler");
    json_bool(j, "symbolicated", 1);
    json_bool(j, "symbolicationNotSupported", 1);
    json_bool(j, "usesOnlyOneStackType", 1);
    json_bool(j, "sourceCodeIsNotOnSearchfox", 1);
    put_categories(j);
    put_nulls(j, "markerSchema", 0);
    json_end(j);
    put_nulls(j, "libs", 0);
}

void firefox_put_thread(json *j, const export_source *from, const char *name, uint32_t tid,
                        int is_main)
{
    char pid[16];

    static const char *const markers[] = {"data",  "name",     "startTime", "endTime",
                                          "phase", "category", NULL};

    json_text(j, "processType", "default");
    json_text(j, "processName", from->program);
    json_int(j, "processStartupTime", 0);
    json_null(j, "processShutdownTime");
    json_int(j, "registerTime", 0);
    json_null(j, "unregisterTime");
    put_nulls(j, "pausedRanges", 0);
    json_text(j, "name", name);
    json_bool(j, "isMainThread", is_main);
    snprintf(pid, sizeof pid, "%u", from->pid);
    json_text(j, "pid", pid);
    json_uint(j, "tid", tid);
    put_empty(j, "markers", markers);
}
