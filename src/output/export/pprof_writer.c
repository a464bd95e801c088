/*
 * pprof: perftools.profiles.Profile, gzipped. One sample for each call path that has a value, one
 * function and one location for each frame; so it is as exact as the profile.
 *
 * The strings that we need come first, then two for each frame: name and file.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/gzip_writer.h"
#include "output/export/protobuf_writer.h"
#include "output/node_metric.h"
#include "profile/load/pprof_fields.h"

#define THE_MAPPING 1

typedef struct writer {
    gzip_writer *gz;
    protobuf pb;
    const export_source *from;
    const profile *p;
    node_metric metrics[NODE_METRIC_MAX];
    size_t metric_count;
} writer;

/* String 0 is empty, 1 the program, 2 its build id; then title and unit of each metric. */
enum { STRING_EMPTY, STRING_PROGRAM, STRING_BUILD_ID, STRING_METRICS };

static uint64_t string_of_metric(size_t metric)
{
    return STRING_METRICS + 2 * metric;
}

static uint64_t string_of_frame(const writer *w, uint32_t frame)
{
    return string_of_metric(w->metric_count) + 2 * (uint64_t)frame;
}

static uint64_t id_of_frame(uint32_t frame)
{
    return (uint64_t)frame + 1; /* 0 is no id */
}

static void flush(writer *w)
{
    gzip_write(w->gz, w->pb.bytes, w->pb.len);
    protobuf_clear(&w->pb);
}

static void put_value_type(writer *w, unsigned field, size_t metric)
{
    size_t at = protobuf_begin(&w->pb, field);

    protobuf_uint(&w->pb, VALUE_TYPE_TYPE, string_of_metric(metric));
    protobuf_uint(&w->pb, VALUE_TYPE_UNIT, string_of_metric(metric) + 1);
    protobuf_end(&w->pb, at);
}

/* There is no period, for nothing is left out: each unit of the main metric is an event. Servers tell
   kinds of profiles by the period's type. */
static void put_types(writer *w)
{
    for (size_t i = 0; i < w->metric_count; i++) put_value_type(w, PPROF_SAMPLE_TYPE, i);
    put_value_type(w, PPROF_PERIOD_TYPE, 0);
    protobuf_uint(&w->pb, PPROF_PERIOD, 1);
    protobuf_uint(&w->pb, PPROF_DEFAULT_SAMPLE_TYPE, string_of_metric(0));
}

static void put_sample(writer *w, uint32_t node)
{
    size_t sample = protobuf_begin(&w->pb, PPROF_SAMPLE), list;

    list = protobuf_begin(&w->pb, SAMPLE_LOCATION_ID); /* the leaf first */
    for (uint32_t n = node; n != PROFILE_ROOT; n = w->p->parent[n]) {
        protobuf_packed(&w->pb, id_of_frame(w->p->frame[n]));
    }
    protobuf_end(&w->pb, list);
    list = protobuf_begin(&w->pb, SAMPLE_VALUE);
    for (size_t i = 0; i < w->metric_count; i++) {
        protobuf_packed(&w->pb, (uint64_t)w->metrics[i].value(w->p, node));
    }
    protobuf_end(&w->pb, list);
    protobuf_end(&w->pb, sample);
}

static void put_mapping(writer *w)
{
    size_t at = protobuf_begin(&w->pb, PPROF_MAPPING);

    protobuf_uint(&w->pb, MAPPING_ID, THE_MAPPING);
    protobuf_uint(&w->pb, MAPPING_FILENAME, STRING_PROGRAM);
    protobuf_uint(&w->pb, MAPPING_BUILD_ID, STRING_BUILD_ID);
    protobuf_uint(&w->pb, MAPPING_HAS_FUNCTIONS, 1);
    protobuf_end(&w->pb, at);
}

static void put_location(writer *w, uint32_t frame)
{
    size_t at = protobuf_begin(&w->pb, PPROF_LOCATION), line;

    protobuf_uint(&w->pb, LOCATION_ID, id_of_frame(frame));
    protobuf_uint(&w->pb, LOCATION_MAPPING_ID, THE_MAPPING);
    line = protobuf_begin(&w->pb, LOCATION_LINE);
    protobuf_uint(&w->pb, LINE_FUNCTION_ID, id_of_frame(frame));
    protobuf_uint(&w->pb, LINE_LINE, w->p->frames[frame].line);
    protobuf_end(&w->pb, line);
    protobuf_end(&w->pb, at);
}

/* Without a system name: readers take one that equals the name for mangled, and shorten it. */
static void put_function(writer *w, uint32_t frame)
{
    size_t at = protobuf_begin(&w->pb, PPROF_FUNCTION);

    protobuf_uint(&w->pb, FUNCTION_ID, id_of_frame(frame));
    protobuf_uint(&w->pb, FUNCTION_NAME, string_of_frame(w, frame));
    protobuf_uint(&w->pb, FUNCTION_FILENAME, string_of_frame(w, frame) + 1);
    protobuf_uint(&w->pb, FUNCTION_START_LINE, w->p->frames[frame].line);
    protobuf_end(&w->pb, at);
}

static void put_string(writer *w, const char *text)
{
    protobuf_text(&w->pb, PPROF_STRING_TABLE, text, strlen(text));
}

static void put_strings(writer *w)
{
    put_string(w, "");
    put_string(w, w->from->program);
    put_string(w, w->from->build_id ? w->from->build_id : "");
    for (size_t i = 0; i < w->metric_count; i++) {
        put_string(w, w->metrics[i].title);
        put_string(w, node_unit_text(w->metrics[i].unit));
    }
    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        put_string(w, w->p->frames[f].name);
        put_string(w, w->p->frames[f].file ? w->p->frames[f].file : "");
        flush(w);
    }
}

static void put_all(writer *w)
{
    put_types(w);
    if (w->from->start_real_ns) {
        protobuf_uint(&w->pb, PPROF_TIME_NANOS, w->from->start_real_ns);
    }
    protobuf_uint(&w->pb, PPROF_DURATION_NANOS, w->from->duration_ns);
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        if (node_has_value(w->p, n)) put_sample(w, n);
        flush(w);
    }
    put_mapping(w);
    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        put_location(w, f);
        put_function(w, f);
        flush(w);
    }
    put_strings(w);
    flush(w);
}

thag_err pprof_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.from = from, .p = from->profile};
    thag_err err = gzip_writer_new(&w.gz, to);

    if (err) goto done;
    w.metric_count = node_metrics(w.p, w.metrics);
    put_all(&w);
    err = w.pb.failed ? THAG_ERR_MEMORY : gzip_finish(w.gz);
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing pprof");
    gzip_writer_free(w.gz);
    protobuf_release(&w.pb);
    return err;
}
