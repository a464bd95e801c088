#include "profile/load/profile_saved.h"

#include <stdlib.h>
#include <string.h>

#include "profile/load/protobuf_reader.h"

_Static_assert(sizeof SAVED_TEXT - 1 == 0x1D, "the length in SAVED_MAGIC");

/* A message as its fields, by number: the last of each that is there, number 0 for one that is not. */
typedef protobuf_field fields[18];

typedef struct loader {
    fault *why;
    unsigned char *bytes; /* the whole file */
    size_t len;
    profile *p;       /* NULL until the head was read */
    uint32_t *frames; /* by number in the file */
    uint32_t frame_count, frame_room;
    /* Sums over all nodes: what is read may be added up without a look at its size. */
    uint64_t self_sum, call_sum;
    profile_memory memory_sum;
} loader;

static thag_err fail(const loader *l, thag_err err, const unsigned char *at, const char *what)
{
    return fault_set(l->why, err, (uint64_t)(at - l->bytes), what);
}

static thag_err wrong(const loader *l, protobuf_in at, const char *what)
{
    return fail(l, THAG_ERR_FORMAT, at.at, what);
}

static thag_err no_memory(const loader *l)
{
    return fault_set(l->why, THAG_ERR_MEMORY, UINT64_MAX, "no room for this profile");
}

/* Fields that are not known are passed over: later versions may have more. */
static thag_err read_fields(const loader *l, protobuf_in in, fields to, uint32_t count)
{
    protobuf_field f;
    int found;

    memset(to, 0, count * sizeof *to);
    while ((found = protobuf_next(&in, &f)) == 1) {
        if (f.number < count) to[f.number] = f;
    }
    return found < 0 ? wrong(l, in, "expected a field of protobuf") : THAG_OK;
}

/* Add to a sum that has to stay a number with a sign. */
static thag_err add(const loader *l, protobuf_in at, uint64_t *sum, uint64_t value)
{
    if (value > (uint64_t)INT64_MAX - *sum) {
        return fail(l, THAG_ERR_TOO_LARGE, at.at, "the sum over all call paths");
    }
    *sum += value;
    return THAG_OK;
}

/* ---- head and runs ---- */

static double real_of(const protobuf_field *f)
{
    double value;

    if (f->wire != PROTOBUF_FIXED64) return 0;
    memcpy(&value, &f->value, sizeof value);
    return value >= 0 && value < 1e9 ? value : 0;
}

static char *text_of(const protobuf_field *f)
{
    return strndup(f->bytes.at ? (const char *)f->bytes.at : "",
                   (size_t)(f->bytes.end - f->bytes.at));
}

static thag_err read_head(loader *l, protobuf_in in)
{
    fields f;
    thag_err err = read_fields(l, in, f, HEAD_FIELDS);

    if (err) return err;
    if (l->p) return wrong(l, in, "expected one head");
    if (f[HEAD_UNIT].value > PROFILE_SAMPLES || f[HEAD_MEMORY_MODE].value > PROFILE_LIVE ||
        f[HEAD_SAMPLE_PERIOD].value > UINT32_MAX)
        return wrong(l, in, "expected unit, mode and period of a profile");
    err = profile_new(&l->p, (profile_unit)f[HEAD_UNIT].value, f[HEAD_HAS_CALLS].value != 0);
    if (err) return no_memory(l);
    if (f[HEAD_MEMORY_MODE].value &&
        profile_add_memory(l->p, (profile_memory_mode)f[HEAD_MEMORY_MODE].value))
        return no_memory(l);
    if (f[HEAD_SAMPLE_PERIOD].value) l->p->sample_period = (uint32_t)f[HEAD_SAMPLE_PERIOD].value;
    l->p->heap_period = f[HEAD_HEAP_PERIOD].value;
    l->p->heap_samples = f[HEAD_HEAP_SAMPLES].value;
    l->p->probe_inside_ns = real_of(&f[HEAD_PROBE_INSIDE_NS]);
    l->p->probe_outside_ns = real_of(&f[HEAD_PROBE_OUTSIDE_NS]);
    l->p->title = text_of(&f[HEAD_TITLE]);
    return l->p->title ? THAG_OK : no_memory(l);
}

/* At most count numbers of a packed list; more are passed over. */
static thag_err read_list(const loader *l, protobuf_in list, uint64_t *to, size_t stride,
                          size_t count)
{
    uint64_t value;
    int found;

    for (size_t i = 0; (found = protobuf_varint(&list, &value)) == 1; i++) {
        if (i < count) to[i * stride] = value;
    }
    return found < 0 ? wrong(l, list, "expected a number of protobuf") : THAG_OK;
}

static thag_err read_sizes(const loader *l, trace_memory_info *m, protobuf_in in)
{
    const size_t stride = sizeof *m->sizes / sizeof m->sizes->blocks;
    fields f;
    thag_err err = read_fields(l, in, f, SIZES_FIELDS);

    if (err) return err;
#define TAKE(number, member) m->member = f[number].value;
    SAVED_SIZES(TAKE)
#undef TAKE
    m->mode =
        f[SIZES_MODE].value < TRACE_HEAP_LIVE ? (uint32_t)f[SIZES_MODE].value : TRACE_HEAP_LIVE;
    err = read_list(l, f[SIZES_BLOCKS].bytes, &m->sizes->blocks, stride, TRACE_SIZE_BUCKETS);
    return err ? err
               : read_list(l, f[SIZES_BYTES].bytes, &m->sizes->bytes, stride, TRACE_SIZE_BUCKETS);
}

static thag_err read_runs(const loader *l, run_facts *facts, protobuf_in in)
{
    fields f;
    thag_err err = read_fields(l, in, f, RUNS_FIELDS);

    if (err) return err;
#define TAKE(number, member) facts->member = f[number].value;
    SAVED_RUN_FACTS(TAKE)
#undef TAKE
    err = read_list(l, f[RUNS_LOSSES].bytes, facts->losses, 1, TRACE_LOSS_KINDS);
    return err ? err : read_sizes(l, &facts->memory, f[RUNS_MEMORY].bytes);
}

/* ---- frames ---- */

static thag_err read_frame(loader *l, protobuf_in in)
{
    fields f;
    size_t len;
    char *file = NULL;
    thag_err err = read_fields(l, in, f, FRAME_FIELDS);

    if (err) return err;
    if (l->frame_count == l->frame_room) {
        uint32_t room = l->frame_room ? l->frame_room * 2 : 1024;
        uint32_t *grown = realloc(l->frames, room * sizeof *grown);

        if (!grown) return no_memory(l);
        l->frames = grown;
        l->frame_room = room;
    }
    len = (size_t)(f[FRAME_NAME].bytes.end - f[FRAME_NAME].bytes.at);
    if (len && memchr(f[FRAME_NAME].bytes.at, 0, len))
        return wrong(l, in, "expected no NUL in a name");
    if (f[FRAME_FILE].number && !(file = text_of(&f[FRAME_FILE]))) return no_memory(l);
    err = profile_intern(l->p, len ? (const char *)f[FRAME_NAME].bytes.at : "", len, file,
                         (uint32_t)f[FRAME_LINE].value, &l->frames[l->frame_count]);
    free(file);
    l->frame_count++;
    return err ? fail(l, err, in.at, "a name") : THAG_OK;
}

/* ---- nodes ---- */

static thag_err read_hist(const loader *l, profile_hist *h, const protobuf_field *list,
                          uint64_t first)
{
    protobuf_in in = list->bytes;
    uint64_t value, count = 0;

    while (protobuf_varint(&in, &value) == 1) count++;
    if (!count) return THAG_OK;
    if (first >= TRACE_BUCKETS || count > TRACE_BUCKETS - first) {
        return wrong(l, list->bytes, "expected buckets of durations");
    }
    h->counts = calloc(count, sizeof *h->counts);
    if (!h->counts) return no_memory(l);
    h->first = (uint32_t)first;
    h->len = (uint32_t)count;
    return read_list(l, list->bytes, h->counts, 1, count);
}

static thag_err read_calls(loader *l, profile_calls *c, protobuf_in in)
{
    fields f;
    thag_err err = read_fields(l, in, f, CALLS_FIELDS);

    if (err) return err;
#define TAKE(number, member) c->member = f[number].value;
    SAVED_CALLS(TAKE)
#undef TAKE
    if (f[CALLS_MIN_NS].number) c->min_ns = f[CALLS_MIN_NS].value;
    if (c->max_ns > INT64_MAX || (c->timed && c->min_ns > c->max_ns) || c->timed > c->calls) {
        return wrong(l, in, "expected durations of calls");
    }
    err = add(l, in, &l->call_sum, c->calls);
    if (!err) err = add(l, in, &l->call_sum, c->open);
    return err ? err : read_hist(l, &c->hist, &f[CALLS_COUNTS], f[CALLS_FIRST_BUCKET].value);
}

static thag_err read_memory(loader *l, profile_memory *m, protobuf_in in)
{
    fields f;
    thag_err err = read_fields(l, in, f, MEMORY_FIELDS);

#define TAKE(number, member) \
    if (!err) err = add(l, in, &l->memory_sum.member, m->member = f[number].value);
    SAVED_MEMORY(TAKE)
#undef TAKE
    return err;
}

static thag_err new_node(loader *l, protobuf_in in, const fields f, uint32_t number, uint32_t *node)
{
    thag_err err;

    *node = PROFILE_ROOT;
    if (number == PROFILE_ROOT) return THAG_OK;
    if (f[NODE_PARENT].value >= number || f[NODE_FRAME].value >= l->frame_count) {
        return wrong(l, in, "expected parent and frame of a node");
    }
    err = profile_child(l->p, (uint32_t)f[NODE_PARENT].value, l->frames[f[NODE_FRAME].value], node);
    if (err) return fail(l, err, in.at, "a node");
    return *node == number ? THAG_OK : wrong(l, in, "expected each call path once");
}

static thag_err read_node(loader *l, protobuf_in in, uint32_t number)
{
    profile *p = l->p;
    fields f;
    uint32_t n;
    thag_err err = read_fields(l, in, f, NODE_FIELDS);

    if (!err) err = new_node(l, in, f, number, &n);
    if (!err) err = add(l, in, &l->self_sum, f[NODE_SELF].value);
    if (err) return err;
    p->self[n] = (int64_t)f[NODE_SELF].value;
    if (p->calls) err = read_calls(l, &p->calls[n], f[NODE_CALLS].bytes);
    if (!err && p->memory) err = read_memory(l, &p->memory[n], f[NODE_MEMORY].bytes);
    return err;
}

/* ---- the whole ---- */

static thag_err read_all(loader *l, run_facts *facts)
{
    protobuf_in in = {l->bytes, l->bytes + l->len};
    protobuf_field f;
    uint32_t nodes = 0;
    thag_err err = THAG_OK;
    int found = 1;

    while (!err && (found = protobuf_next(&in, &f)) == 1) {
        if (f.number == SAVED_MAGIC_TEXT || f.number >= SAVED_FIELDS) continue;
        if (f.wire != PROTOBUF_BYTES) return wrong(l, in, "expected a message");
        if (f.number != SAVED_HEAD && !l->p) return wrong(l, f.bytes, "expected the head first");
        switch (f.number) {
        case SAVED_HEAD: err = read_head(l, f.bytes); break;
        case SAVED_RUNS: err = read_runs(l, facts, f.bytes); break;
        case SAVED_FRAME: err = read_frame(l, f.bytes); break;
        default: err = read_node(l, f.bytes, nodes++); break;
        }
    }
    if (err) return err;
    return found == 0 && l->p ? THAG_OK : wrong(l, in, "expected more of a saved profile");
}

thag_err saved_load(profile **out, run_facts *facts, byte_source *src, fault *why)
{
    fault own = {0};
    loader l = {.why = why ? why : &own};
    thag_err err = byte_source_all(src, SAVED_BYTES_MAX, &l.bytes, &l.len, l.why);

    *facts = (run_facts){0};
    if (!err) err = read_all(&l, facts);
    if (err) {
        fault_set_path(why, src->path);
    } else {
        facts->program = l.p->title;
        *out = l.p;
        l.p = NULL;
    }
    profile_free(l.p);
    free(l.frames);
    free(l.bytes);
    return err;
}
