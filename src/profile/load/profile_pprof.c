#include "profile/load/profile_pprof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/load/pprof_fields.h"
#include "profile/load/protobuf_reader.h"
#include "profile/memory_columns.h"

#define ENTRIES_MAX (16u << 20) /* of a table: far beyond what a real profile has */
#define TYPES_MAX   64u
#define NAME_MAX_   (64u << 10)
/* Frames to walk for each byte of the file. A sample names a location in a byte or more, and a location
   may stand for thousands of inlined frames: together they could take a small file for ever. */
#define WALK_PER_BYTE 64u
#define WALK_MIN      1000000u
#define NO_TYPE       UINT32_MAX
#define UNRESOLVED    UINT32_MAX

/* A mapping, a location or a function: where it is in the file. */
typedef struct entry {
    uint64_t id;
    protobuf_in bytes;
    uint32_t first, count; /* locations: their frames in loader.frames, once asked for */
} entry;

typedef struct table {
    entry *items;
    size_t count, room;
} table;

typedef struct numbers {
    uint64_t *items;
    size_t count, room;
} numbers;

typedef struct loader {
    fault *why;
    profile *p;
    unsigned char *bytes; /* the whole file, and a NUL */
    size_t len;
    protobuf_in *strings;
    size_t string_count, string_room;
    table mappings, locations, functions;
    protobuf_in types[TYPES_MAX];
    uint32_t type_count;
    uint64_t default_type; /* string; 0: none */
    int64_t scale;         /* of the main type */
    uint32_t main_type, calls_type;
    /* By type: where in profile_memory its values go, plus one; 0: nowhere. */
    size_t memory_offset[TYPES_MAX];
    numbers ids, values; /* of the sample at hand */
    uint32_t *frames;    /* of the resolved locations, the innermost first */
    size_t frame_count, frame_room;
    int64_t total;
    uint64_t walked; /* frames of all samples so far */
} loader;

/* ---- errors and growth ---- */

static thag_err fail(loader *l, thag_err err, const unsigned char *at, const char *what)
{
    return fault_set(l->why, err, at ? (uint64_t)(at - l->bytes) : UINT64_MAX, what);
}

static thag_err no_memory(loader *l)
{
    return fail(l, THAG_ERR_MEMORY, NULL, "no room for this profile");
}

/* Room for one more. 0: out of memory. */
static int grow(void *items, size_t size, size_t count, size_t *room)
{
    void *grown;

    if (count < *room) return 1;
    grown = realloc(*(void **)items, (*room ? *room * 2 : 64) * size);
    if (!grown) return 0;
    *(void **)items = grown;
    *room = *room ? *room * 2 : 64;
    return 1;
}

static thag_err push_number(loader *l, numbers *n, uint64_t value)
{
    if (!grow(&n->items, sizeof *n->items, n->count, &n->room)) return no_memory(l);
    n->items[n->count++] = value;
    return THAG_OK;
}

/* ---- fields ---- */

/* The value of a varint field of a small message; 0 if it is not there. The last one counts. */
static uint64_t number_in(protobuf_in in, uint32_t number)
{
    protobuf_field f;
    uint64_t value = 0;

    while (protobuf_next(&in, &f) == 1) {
        if (f.number == number && f.wire == PROTOBUF_VARINT) value = f.value;
    }
    return value;
}

static thag_err check_message(loader *l, protobuf_in in)
{
    protobuf_field f;
    int found;

    while ((found = protobuf_next(&in, &f)) == 1) continue;
    return found < 0 ? fail(l, THAG_ERR_FORMAT, in.at, "expected a field of protobuf") : THAG_OK;
}

/* Field values come one by one or packed. */
static thag_err push_field(loader *l, numbers *to, const protobuf_field *f)
{
    protobuf_in list = f->bytes;
    uint64_t value;
    thag_err err = THAG_OK;
    int found = 0;

    if (f->wire == PROTOBUF_VARINT) return push_number(l, to, f->value);
    if (f->wire != PROTOBUF_BYTES) return THAG_OK;
    while (!err && (found = protobuf_varint(&list, &value)) == 1) err = push_number(l, to, value);
    if (!err && found < 0) err = fail(l, THAG_ERR_FORMAT, list.at, "expected a number of protobuf");
    return err;
}

/* ---- the tables ---- */

static thag_err add_entry(loader *l, table *t, protobuf_in bytes, uint32_t id_field)
{
    thag_err err = check_message(l, bytes);

    if (err) return err;
    if (t->count >= ENTRIES_MAX) {
        return fail(l, THAG_ERR_TOO_LARGE, bytes.at, "more than 16 million entries of a table");
    }
    if (!grow(&t->items, sizeof *t->items, t->count, &t->room)) return no_memory(l);
    t->items[t->count++] = (entry){number_in(bytes, id_field), bytes, 0, UNRESOLVED};
    return THAG_OK;
}

static int by_id(const void *left, const void *right)
{
    const entry *a = left, *b = right;

    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->bytes.at > b->bytes.at) - (a->bytes.at < b->bytes.at);
}

static void sort_table(table *t)
{
    if (t->count) qsort(t->items, t->count, sizeof *t->items, by_id);
}

/* Ids mostly count from 1. */
static entry *find_entry(const table *t, uint64_t id)
{
    size_t low = 0, high = t->count;

    if (id && id <= t->count && t->items[id - 1].id == id) return &t->items[id - 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->count && t->items[low].id == id && id ? &t->items[low] : NULL;
}

static thag_err add_string(loader *l, protobuf_in text)
{
    if (!grow(&l->strings, sizeof *l->strings, l->string_count, &l->string_room)) {
        return no_memory(l);
    }
    l->strings[l->string_count++] = text;
    return THAG_OK;
}

static protobuf_in string_at(const loader *l, uint64_t index)
{
    static const unsigned char none[1];

    return index < l->string_count ? l->strings[index] : (protobuf_in){none, none};
}

static int is_string(const loader *l, uint64_t index, const char *text)
{
    protobuf_in s = string_at(l, index);

    return (size_t)(s.end - s.at) == strlen(text) && memcmp(s.at, text, strlen(text)) == 0;
}

static thag_err take_field(loader *l, const protobuf_field *f)
{
    if (f->number == PPROF_DEFAULT_SAMPLE_TYPE && f->wire == PROTOBUF_VARINT)
        l->default_type = f->value;
    if (f->wire != PROTOBUF_BYTES) return THAG_OK;
    switch (f->number) {
    case PPROF_SAMPLE_TYPE:
        if (l->type_count == TYPES_MAX)
            return fail(l, THAG_ERR_TOO_LARGE, f->bytes.at, "more than 64 sample types");
        l->types[l->type_count++] = f->bytes;
        return check_message(l, f->bytes);
    case PPROF_MAPPING: return add_entry(l, &l->mappings, f->bytes, MAPPING_ID);
    case PPROF_LOCATION: return add_entry(l, &l->locations, f->bytes, LOCATION_ID);
    case PPROF_FUNCTION: return add_entry(l, &l->functions, f->bytes, FUNCTION_ID);
    case PPROF_STRING_TABLE: return add_string(l, f->bytes);
    default: return THAG_OK;
    }
}

static thag_err take_tables(loader *l)
{
    protobuf_in in = {l->bytes, l->bytes + l->len};
    protobuf_field f;
    thag_err err = THAG_OK;
    int found = 1;

    while (!err && (found = protobuf_next(&in, &f)) == 1) err = take_field(l, &f);
    if (err) return err;
    if (found < 0) return fail(l, THAG_ERR_FORMAT, in.at, "expected a field of pprof");
    sort_table(&l->mappings);
    sort_table(&l->locations);
    sort_table(&l->functions);
    return THAG_OK;
}

/* ---- sample types ---- */

static const struct {
    const char *name;
    profile_unit unit;
    int64_t scale;
} units[] = {
    {"nanoseconds", PROFILE_NS, 1},        {"microseconds", PROFILE_NS, 1000},
    {"milliseconds", PROFILE_NS, 1000000}, {"seconds", PROFILE_NS, 1000000000},
    {"bytes", PROFILE_BYTES, 1},
};

static profile_unit unit_of(loader *l, uint32_t type)
{
    uint64_t name = number_in(l->types[type], VALUE_TYPE_UNIT);

    l->scale = 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!is_string(l, name, units[i].name)) continue;
        l->scale = units[i].scale;
        return units[i].unit;
    }
    return PROFILE_SAMPLES;
}

static size_t memory_offset(loader *l, uint64_t name)
{
#define COLUMN_OFFSET(column, key, is_bytes, title, is_live) \
    if (is_string(l, name, title)) return offsetof(profile_memory, column) + 1;
    MEMORY_COLUMNS(COLUMN_OFFSET)
#undef COLUMN_OFFSET
    return 0;
}

static int has_column(const loader *l, size_t offset)
{
    for (uint32_t t = 0; t < l->type_count; t++) {
        if (l->memory_offset[t] == offset + 1) return 1;
    }
    return 0;
}

static thag_err add_columns(loader *l)
{
    int is_live = has_column(l, offsetof(profile_memory, peak_bytes));
    thag_err err = profile_new(&l->p, unit_of(l, l->main_type), l->calls_type != NO_TYPE);

    if (!err && has_column(l, offsetof(profile_memory, bytes))) {
        err = profile_add_memory(l->p, is_live ? PROFILE_LIVE : PROFILE_ALLOCATED);
    }
    return err ? no_memory(l) : THAG_OK;
}

static thag_err choose_types(loader *l)
{
    if (!l->type_count)
        return fail(l, THAG_ERR_FORMAT, l->bytes, "expected a sample type of pprof");
    l->main_type = l->type_count - 1;
    l->calls_type = NO_TYPE;
    for (uint32_t t = l->type_count; t-- > 0;) {
        uint64_t name = number_in(l->types[t], VALUE_TYPE_TYPE);
        protobuf_in chosen = string_at(l, l->default_type), own = string_at(l, name);
        size_t len = (size_t)(own.end - own.at);

        if (len && len == (size_t)(chosen.end - chosen.at) && !memcmp(own.at, chosen.at, len)) {
            l->main_type = t;
        }
        if (is_string(l, name, "calls")) l->calls_type = t;
        l->memory_offset[t] = memory_offset(l, name);
    }
    if (l->calls_type == l->main_type) l->calls_type = NO_TYPE;
    return add_columns(l);
}

/* ---- frames ---- */

/* Names end at a NUL in the model. */
static size_t name_len(protobuf_in s)
{
    size_t len = (size_t)(s.end - s.at);
    const unsigned char *nul = len ? memchr(s.at, 0, len) : NULL;

    if (nul) len = (size_t)(nul - s.at);
    return len < NAME_MAX_ ? len : NAME_MAX_;
}

/* The string as C has it, or NULL; *room is malloc'ed anew. */
static const char *text_of(protobuf_in s, char **room)
{
    *room = name_len(s) ? strndup((const char *)s.at, name_len(s)) : NULL;
    return *room;
}

static thag_err function_frame(loader *l, const entry *function, uint32_t *frame)
{
    protobuf_in name = string_at(l, number_in(function->bytes, FUNCTION_NAME));
    uint64_t line = number_in(function->bytes, FUNCTION_START_LINE);
    char *room;
    const char *file;
    thag_err err;

    if (name.at == name.end) name = string_at(l, number_in(function->bytes, FUNCTION_SYSTEM_NAME));
    file = text_of(string_at(l, number_in(function->bytes, FUNCTION_FILENAME)), &room);
    err = profile_intern(l->p, (const char *)name.at, name_len(name), file,
                         line <= UINT32_MAX ? (uint32_t)line : 0, frame);
    free(room);
    return err ? no_memory(l) : THAG_OK;
}

/* Without a symbol, as flamegraphs show it: the binary, else the address. */
static thag_err address_frame(loader *l, const entry *location, uint32_t *frame)
{
    const entry *mapping =
        find_entry(&l->mappings, number_in(location->bytes, LOCATION_MAPPING_ID));
    protobuf_in file =
        string_at(l, mapping ? number_in(mapping->bytes, MAPPING_FILENAME) : UINT64_MAX);
    const unsigned char *base = file.at;
    char name[512];

    for (const unsigned char *at = file.at; at < file.end; at++) {
        if (*at == '/') base = at + 1;
    }
    file.at = base;
    if (name_len(file))
        snprintf(name, sizeof name, "[%.*s]", (int)name_len(file), (const char *)base);
    else
        snprintf(name, sizeof name, "0x%" PRIx64, number_in(location->bytes, LOCATION_ADDRESS));
    return profile_intern(l->p, name, strlen(name), NULL, 0, frame) ? no_memory(l) : THAG_OK;
}

static thag_err push_frame(loader *l, uint32_t frame)
{
    if (!grow(&l->frames, sizeof *l->frames, l->frame_count, &l->frame_room)) return no_memory(l);
    l->frames[l->frame_count++] = frame;
    return THAG_OK;
}

/* Frames of a location, the innermost inlined one first. */
static thag_err resolve(loader *l, entry *location)
{
    protobuf_in in = location->bytes;
    protobuf_field f;
    uint32_t frame;
    thag_err err = THAG_OK;

    if (l->frame_count > UINT32_MAX / 2) return no_memory(l);
    location->first = (uint32_t)l->frame_count;
    while (!err && protobuf_next(&in, &f) == 1) {
        const entry *function;

        if (f.number != LOCATION_LINE || f.wire != PROTOBUF_BYTES) continue;
        function = find_entry(&l->functions, number_in(f.bytes, LINE_FUNCTION_ID));
        if (!function) continue;
        err = function_frame(l, function, &frame);
        if (!err) err = push_frame(l, frame);
    }
    if (!err && l->frame_count == location->first) {
        err = address_frame(l, location, &frame);
        if (!err) err = push_frame(l, frame);
    }
    location->count = (uint32_t)l->frame_count - location->first;
    return err;
}

/* ---- samples ---- */

/* A sample without a stack hangs below a frame of its own: what the root has, no output shows. */
static thag_err unknown_node(loader *l, uint32_t *node)
{
    static const char name[] = "[unknown]";
    uint32_t frame;
    thag_err err = profile_intern(l->p, name, sizeof name - 1, NULL, 0, &frame);

    if (!err) err = profile_child(l->p, PROFILE_ROOT, frame, node);
    return err ? no_memory(l) : THAG_OK;
}

static thag_err sample_node(loader *l, const unsigned char *at, uint32_t *node)
{
    thag_err err;

    *node = PROFILE_ROOT;
    if (!l->ids.count) return unknown_node(l, node);
    for (size_t i = l->ids.count; i-- > 0;) { /* the leaf is first */
        entry *location = find_entry(&l->locations, l->ids.items[i]);

        if (!location)
            return fail(l, THAG_ERR_FORMAT, at, "expected a location that is in the file");
        if (location->count == UNRESOLVED) {
            err = resolve(l, location);
            if (err) return err;
        }
        l->walked += location->count;
        if (l->walked > WALK_MIN + (uint64_t)l->len * WALK_PER_BYTE) {
            return fail(l, THAG_ERR_TOO_LARGE, at,
                        "far more inlined frames than the file can mean");
        }
        for (uint32_t k = location->count; k-- > 0;) {
            err = profile_child(l->p, *node, l->frames[location->first + k], node);
            if (err) return no_memory(l);
        }
    }
    return THAG_OK;
}

static thag_err add_main(loader *l, const unsigned char *at, uint32_t node, int64_t value)
{
    if (value < 0) {
        return fail(l, THAG_ERR_FORMAT, at, "expected no negative value (is it a difference?)");
    }
    if (__builtin_mul_overflow(value, l->scale, &value) ||
        __builtin_add_overflow(l->total, value, &l->total)) {
        return fail(l, THAG_ERR_TOO_LARGE, at, "the values add up to more than 63 bits hold");
    }
    l->p->self[node] += value;
    return THAG_OK;
}

static void add_others(loader *l, uint32_t node)
{
    for (size_t t = 0; t < l->values.count && t < l->type_count; t++) {
        uint64_t value = l->values.items[t];

        if ((int64_t)value < 0) continue;
        if (t == l->calls_type) l->p->calls[node].calls += value;
        if (l->p->memory && l->memory_offset[t]) {
            char *column = (char *)&l->p->memory[node] + l->memory_offset[t] - 1;
            uint64_t sum;

            memcpy(&sum, column, sizeof sum);
            sum += value;
            memcpy(column, &sum, sizeof sum);
        }
    }
}

static thag_err take_sample(loader *l, protobuf_in in)
{
    const unsigned char *at = in.at;
    protobuf_field f;
    uint32_t node;
    thag_err err = THAG_OK;
    int found = 1;

    l->ids.count = l->values.count = 0;
    while (!err && (found = protobuf_next(&in, &f)) == 1) {
        if (f.number == SAMPLE_LOCATION_ID) err = push_field(l, &l->ids, &f);
        if (f.number == SAMPLE_VALUE) err = push_field(l, &l->values, &f);
    }
    if (err) return err;
    if (found < 0) return fail(l, THAG_ERR_FORMAT, in.at, "expected a field of a sample");
    if (l->values.count != l->type_count) {
        return fail(l, THAG_ERR_FORMAT, at, "expected a value for each sample type");
    }
    err = sample_node(l, at, &node);
    if (!err) err = add_main(l, at, node, (int64_t)l->values.items[l->main_type]);
    if (!err) add_others(l, node);
    return err;
}

static thag_err take_samples(loader *l)
{
    protobuf_in in = {l->bytes, l->bytes + l->len};
    protobuf_field f;
    thag_err err = THAG_OK;

    while (!err && protobuf_next(&in, &f) == 1) {
        if (f.number == PPROF_SAMPLE && f.wire == PROTOBUF_BYTES) err = take_sample(l, f.bytes);
    }
    if (!err && l->p->node_count == 1) err = fail(l, THAG_ERR_EMPTY, NULL, "expected samples");
    return err;
}

/* ---- the whole ---- */

static thag_err set_title(loader *l, const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    l->p->title = strdup(slash ? slash + 1 : path ? path : "");
    return l->p->title ? THAG_OK : no_memory(l);
}

static void loader_release(loader *l)
{
    profile_free(l->p);
    free(l->bytes);
    free(l->strings);
    free(l->mappings.items);
    free(l->locations.items);
    free(l->functions.items);
    free(l->ids.items);
    free(l->values.items);
    free(l->frames);
}

thag_err pprof_load(profile **out, byte_source *src, fault *why)
{
    fault own = {0};
    loader l = {.why = why ? why : &own};
    thag_err err = byte_source_all(src, PPROF_BYTES_MAX, &l.bytes, &l.len, l.why);

    if (!err) err = take_tables(&l);
    if (!err) err = choose_types(&l);
    if (!err) err = set_title(&l, src->path);
    if (!err) err = take_samples(&l);
    if (!err) {
        *out = l.p;
        l.p = NULL;
    }
    if (err) fault_set_path(why, src->path);
    loader_release(&l);
    return err;
}

/* ---- what it looks like ---- */

/* Fields 1 to 6, 11 and 13 hold messages, texts or lists, the others numbers. */
static int is_field(const protobuf_field *f)
{
    int is_bytes = f->number <= PPROF_STRING_TABLE || f->number == PPROF_PERIOD_TYPE;

    if (f->number >= PPROF_FIELDS) return 0;
    if (f->number == PPROF_COMMENT) return f->wire == PROTOBUF_BYTES || f->wire == PROTOBUF_VARINT;
    return f->wire == (is_bytes ? PROTOBUF_BYTES : PROTOBUF_VARINT);
}

static int is_binary(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < '\t' || (bytes[i] > '\r' && bytes[i] < 0x1B)) return 1;
    }
    return 0;
}

int pprof_looks_like(const unsigned char *head, size_t len)
{
    protobuf_in in = {head, head + len};
    protobuf_field f;
    int found = 0, fields = 0;

    if (!is_binary(head, len)) return 0;
    while ((found = protobuf_next(&in, &f)) == 1) {
        if (!is_field(&f)) return 0;
        fields++;
    }
    /* The last one goes on beyond the head. */
    return fields > 0;
}
