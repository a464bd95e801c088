/*
 * OTLP profiles, ProfilesData of opentelemetry-proto v1development as of 1.10. The signal is alpha:
 * fields may yet be renamed. Each metric is a Profile of its own, as the format wants it; each node is
 * a Stack of the dictionary.
 *
 * Entry 0 of every table of the dictionary is empty and means "none".
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/protobuf_writer.h"
#include "output/node_metric.h"

enum data_field { DATA_RESOURCE_PROFILES = 1, DATA_DICTIONARY = 2 };
enum dictionary_field {
    DICTIONARY_MAPPING = 1,
    DICTIONARY_LOCATION = 2,
    DICTIONARY_FUNCTION = 3,
    DICTIONARY_LINK = 4,
    DICTIONARY_STRING = 5,
    DICTIONARY_ATTRIBUTE = 6,
    DICTIONARY_STACK = 7
};
enum resource_profiles_field { RESOURCE_PROFILES_RESOURCE = 1, RESOURCE_PROFILES_SCOPE = 2 };
enum resource_field { RESOURCE_ATTRIBUTES = 1 };
enum key_value_field { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum any_value_field { ANY_VALUE_STRING = 1 };
enum scope_profiles_field { SCOPE_PROFILES_SCOPE = 1, SCOPE_PROFILES_PROFILES = 2 };
enum scope_field { SCOPE_NAME = 1 };
enum otlp_profile_field {
    OTLP_SAMPLE_TYPE = 1,
    OTLP_SAMPLES = 2,
    OTLP_TIME_UNIX_NANO = 3,
    OTLP_DURATION_NANO = 4
};
enum value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum sample_field { SAMPLE_STACK_INDEX = 1, SAMPLE_VALUES = 4 };
enum stack_field { STACK_LOCATION_INDICES = 1 };
enum location_field { LOCATION_LINES = 3 };
enum line_field { LINE_FUNCTION_INDEX = 1, LINE_LINE = 2 };
enum function_field { FUNCTION_NAME = 1, FUNCTION_FILENAME = 3, FUNCTION_START_LINE = 4 };

typedef struct writer {
    protobuf pb;
    const export_source *from;
    const profile *p;
    node_metric metrics[NODE_METRIC_MAX];
    size_t metric_count;
    uint32_t *stack_of; /* by node: 0 for those without a value, which need none */
} writer;

/* ---- indices ---- */

/* String 0 is empty; then title and unit of each metric, then name and file of each frame. */
static uint64_t string_of_metric(size_t metric)
{
    return 1 + 2 * metric;
}

static uint64_t string_of_frame(const writer *w, uint32_t frame)
{
    return string_of_metric(w->metric_count) + 2 * (uint64_t)frame;
}

/* Of functions and locations. */
static uint64_t index_of_frame(uint32_t frame)
{
    return (uint64_t)frame + 1;
}

/* ---- the dictionary ---- */

static void put_empty(writer *w, unsigned field)
{
    protobuf_end(&w->pb, protobuf_begin(&w->pb, field));
}

static void put_function(writer *w, uint32_t f)
{
    size_t at = protobuf_begin(&w->pb, DICTIONARY_FUNCTION);

    protobuf_uint(&w->pb, FUNCTION_NAME, string_of_frame(w, f));
    protobuf_uint(&w->pb, FUNCTION_FILENAME, string_of_frame(w, f) + 1);
    protobuf_uint(&w->pb, FUNCTION_START_LINE, w->p->frames[f].line);
    protobuf_end(&w->pb, at);
}

static void put_location(writer *w, uint32_t f)
{
    size_t at = protobuf_begin(&w->pb, DICTIONARY_LOCATION);
    size_t line = protobuf_begin(&w->pb, LOCATION_LINES);

    protobuf_uint(&w->pb, LINE_FUNCTION_INDEX, index_of_frame(f));
    protobuf_uint(&w->pb, LINE_LINE, w->p->frames[f].line);
    protobuf_end(&w->pb, line);
    protobuf_end(&w->pb, at);
}

static void put_stack(writer *w, uint32_t node)
{
    size_t at = protobuf_begin(&w->pb, DICTIONARY_STACK);
    size_t list = protobuf_begin(&w->pb, STACK_LOCATION_INDICES); /* the leaf first */

    for (uint32_t n = node; n != PROFILE_ROOT; n = w->p->parent[n]) {
        protobuf_packed(&w->pb, index_of_frame(w->p->frame[n]));
    }
    protobuf_end(&w->pb, list);
    protobuf_end(&w->pb, at);
}

static void put_string(writer *w, const char *text)
{
    protobuf_text(&w->pb, DICTIONARY_STRING, text, strlen(text));
}

static void put_strings(writer *w)
{
    put_string(w, "");
    for (size_t i = 0; i < w->metric_count; i++) {
        put_string(w, w->metrics[i].title);
        put_string(w, node_unit_text(w->metrics[i].unit));
    }
    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        put_string(w, w->p->frames[f].name);
        put_string(w, w->p->frames[f].file ? w->p->frames[f].file : "");
    }
}

static void put_dictionary(writer *w)
{
    size_t at = protobuf_begin(&w->pb, DATA_DICTIONARY);

    put_empty(w, DICTIONARY_MAPPING);
    put_empty(w, DICTIONARY_LOCATION);
    for (uint32_t f = 0; f < w->p->frame_count; f++) put_location(w, f);
    put_empty(w, DICTIONARY_FUNCTION);
    for (uint32_t f = 0; f < w->p->frame_count; f++) put_function(w, f);
    put_empty(w, DICTIONARY_LINK);
    put_strings(w);
    put_empty(w, DICTIONARY_ATTRIBUTE);
    put_empty(w, DICTIONARY_STACK);
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        if (w->stack_of[n]) put_stack(w, n);
    }
    protobuf_end(&w->pb, at);
}

/* ---- the profiles ---- */

static void put_samples(writer *w, const node_metric *m)
{
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        int64_t value = m->value(w->p, n);
        size_t sample, list;

        if (!value) continue;
        sample = protobuf_begin(&w->pb, OTLP_SAMPLES);
        protobuf_uint(&w->pb, SAMPLE_STACK_INDEX, w->stack_of[n]);
        list = protobuf_begin(&w->pb, SAMPLE_VALUES);
        protobuf_packed(&w->pb, (uint64_t)value);
        protobuf_end(&w->pb, list);
        protobuf_end(&w->pb, sample);
    }
}

static void put_profile(writer *w, size_t metric)
{
    size_t at = protobuf_begin(&w->pb, SCOPE_PROFILES_PROFILES);
    size_t type = protobuf_begin(&w->pb, OTLP_SAMPLE_TYPE);

    protobuf_uint(&w->pb, VALUE_TYPE_TYPE, string_of_metric(metric));
    protobuf_uint(&w->pb, VALUE_TYPE_UNIT, string_of_metric(metric) + 1);
    protobuf_end(&w->pb, type);
    put_samples(w, &w->metrics[metric]);
    protobuf_fixed64(&w->pb, OTLP_TIME_UNIX_NANO, w->from->start_real_ns);
    protobuf_uint(&w->pb, OTLP_DURATION_NANO, w->from->duration_ns);
    protobuf_end(&w->pb, at);
}

static void put_scope(writer *w)
{
    size_t at = protobuf_begin(&w->pb, RESOURCE_PROFILES_SCOPE);
    size_t scope = protobuf_begin(&w->pb, SCOPE_PROFILES_SCOPE);

    protobuf_text(&w->pb, SCOPE_NAME, "thag_profiler", strlen("thag_profiler"));
    protobuf_end(&w->pb, scope);
    for (size_t i = 0; i < w->metric_count; i++) put_profile(w, i);
    protobuf_end(&w->pb, at);
}

static void put_resource(writer *w)
{
    static const char key[] = "service.name";
    size_t at = protobuf_begin(&w->pb, RESOURCE_PROFILES_RESOURCE);
    size_t pair = protobuf_begin(&w->pb, RESOURCE_ATTRIBUTES), value;

    protobuf_bytes(&w->pb, KEY_VALUE_KEY, key, sizeof key - 1);
    value = protobuf_begin(&w->pb, KEY_VALUE_VALUE);
    protobuf_text(&w->pb, ANY_VALUE_STRING, w->from->program, strlen(w->from->program));
    protobuf_end(&w->pb, value);
    protobuf_end(&w->pb, pair);
    protobuf_end(&w->pb, at);
}

static thag_err number_stacks(writer *w)
{
    uint32_t count = 0;

    w->metric_count = node_metrics(w->p, w->metrics);
    w->stack_of = calloc(w->p->node_count, sizeof *w->stack_of);
    if (!w->stack_of) return THAG_ERR_MEMORY;
    for (uint32_t n = 1; n < w->p->node_count; n++) {
        if (node_has_value(w->p, n)) w->stack_of[n] = ++count;
    }
    return THAG_OK;
}

thag_err otlp_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.from = from, .p = from->profile};
    thag_err err = number_stacks(&w);
    size_t at;

    if (err) goto done;
    at = protobuf_begin(&w.pb, DATA_RESOURCE_PROFILES);
    put_resource(&w);
    put_scope(&w);
    protobuf_end(&w.pb, at);
    put_dictionary(&w);
    if (w.pb.failed)
        err = THAG_ERR_MEMORY;
    else if (fwrite(w.pb.bytes, 1, w.pb.len, to) != w.pb.len)
        err = THAG_ERR_WRITE;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing OTLP");
    free(w.stack_of);
    protobuf_release(&w.pb);
    return err;
}
