/*
 * A profile in our own format, gzipped: docs/saved-format.md. Written a frame and a node at a time, so
 * that it takes no memory of its own.
 */
#include <string.h>

#include "output/export/export.h"
#include "output/export/gzip_writer.h"
#include "output/export/protobuf_writer.h"
#include "profile/load/profile_saved.h"

typedef struct writer {
    gzip_writer *gz;
    protobuf pb;
    const profile *p;
} writer;

static void flush(writer *w)
{
    gzip_write(w->gz, w->pb.bytes, w->pb.len);
    protobuf_clear(&w->pb);
}

/* A zero is not written: it is what a reader takes for a field that is not there. */
static void put(writer *w, unsigned field, uint64_t value)
{
    if (value) protobuf_uint(&w->pb, field, value);
}

static void put_bytes(writer *w, unsigned field, const char *text)
{
    if (text) protobuf_bytes(&w->pb, field, text, strlen(text));
}

static void put_real(writer *w, unsigned field, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    protobuf_fixed64(&w->pb, field, bits);
}

/* Every so-many-th number from `from` on. */
static void put_list(writer *w, unsigned field, const uint64_t *from, size_t stride, size_t count)
{
    size_t list = protobuf_begin(&w->pb, field);

    for (size_t i = 0; i < count; i++) protobuf_packed(&w->pb, from[i * stride]);
    protobuf_end(&w->pb, list);
}

/* ---- head and runs ---- */

static void put_head(writer *w, const char *program)
{
    const profile *p = w->p;
    size_t at = protobuf_begin(&w->pb, SAVED_HEAD);

    put_bytes(w, HEAD_TITLE, program);
    put(w, HEAD_UNIT, p->unit);
    put(w, HEAD_HAS_CALLS, p->calls != NULL);
    put(w, HEAD_MEMORY_MODE, p->memory ? p->memory_mode : PROFILE_NO_MEMORY);
    put(w, HEAD_SAMPLE_PERIOD, p->sample_period);
    put_real(w, HEAD_PROBE_INSIDE_NS, p->probe_inside_ns);
    put_real(w, HEAD_PROBE_OUTSIDE_NS, p->probe_outside_ns);
    put(w, HEAD_HEAP_PERIOD, p->heap_period);
    put(w, HEAD_HEAP_SAMPLES, p->heap_samples);
    protobuf_end(&w->pb, at);
}

static void put_sizes(writer *w, const trace_memory_info *m)
{
    const size_t stride = sizeof *m->sizes / sizeof m->sizes->blocks;
    size_t at = protobuf_begin(&w->pb, RUNS_MEMORY);

    put_list(w, SIZES_BLOCKS, &m->sizes->blocks, stride, TRACE_SIZE_BUCKETS);
    put_list(w, SIZES_BYTES, &m->sizes->bytes, stride, TRACE_SIZE_BUCKETS);
    put(w, SIZES_MODE, m->mode);
#define PUT(number, member) put(w, number, m->member);
    SAVED_SIZES(PUT)
#undef PUT
    protobuf_end(&w->pb, at);
}

static void put_runs(writer *w, const run_facts *runs)
{
    size_t at = protobuf_begin(&w->pb, SAVED_RUNS);

    put_list(w, RUNS_LOSSES, runs->losses, 1, TRACE_LOSS_KINDS);
    if (runs->memory.mode) put_sizes(w, &runs->memory);
#define PUT(number, member) put(w, number, runs->member);
    SAVED_RUN_FACTS(PUT)
#undef PUT
    protobuf_end(&w->pb, at);
}

/* ---- frames and nodes ---- */

static void put_frame(writer *w, const profile_frame *f)
{
    size_t at = protobuf_begin(&w->pb, SAVED_FRAME);

    put_bytes(w, FRAME_NAME, f->name);
    put_bytes(w, FRAME_FILE, f->file);
    put(w, FRAME_LINE, f->line);
    protobuf_end(&w->pb, at);
}

static void put_calls(writer *w, const profile_calls *c)
{
    size_t at = protobuf_begin(&w->pb, NODE_CALLS);

#define PUT(number, member) put(w, number, c->member);
    SAVED_CALLS(PUT)
#undef PUT
    if (c->min_ns != UINT64_MAX) protobuf_uint(&w->pb, CALLS_MIN_NS, c->min_ns);
    if (c->hist.len) {
        put(w, CALLS_FIRST_BUCKET, c->hist.first);
        put_list(w, CALLS_COUNTS, c->hist.counts, 1, c->hist.len);
    }
    protobuf_end(&w->pb, at);
}

static void put_memory(writer *w, const profile_memory *m)
{
    size_t at = protobuf_begin(&w->pb, NODE_MEMORY);

#define PUT(number, member) put(w, number, m->member);
    SAVED_MEMORY(PUT)
#undef PUT
    protobuf_end(&w->pb, at);
}

static void put_node(writer *w, uint32_t n)
{
    const profile *p = w->p;
    size_t at = protobuf_begin(&w->pb, SAVED_NODE);

    if (n != PROFILE_ROOT) {
        put(w, NODE_PARENT, p->parent[n]);
        put(w, NODE_FRAME, p->frame[n]);
    }
    put(w, NODE_SELF, (uint64_t)p->self[n]);
    if (p->calls) put_calls(w, &p->calls[n]);
    if (p->memory) put_memory(w, &p->memory[n]);
    protobuf_end(&w->pb, at);
}

thag_err saved_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.p = from->profile};
    thag_err err = gzip_writer_new(&w.gz, to);

    if (err) goto done;
    protobuf_bytes(&w.pb, SAVED_MAGIC_TEXT, SAVED_TEXT, strlen(SAVED_TEXT));
    put_head(&w, from->program);
    if (from->runs) put_runs(&w, from->runs);
    for (uint32_t f = 0; f < w.p->frame_count; f++) {
        put_frame(&w, &w.p->frames[f]);
        flush(&w);
    }
    for (uint32_t n = 0; n < w.p->node_count; n++) {
        put_node(&w, n);
        flush(&w);
    }
    err = w.pb.failed ? THAG_ERR_MEMORY : gzip_finish(w.gz);
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing a profile");
    gzip_writer_free(w.gz);
    protobuf_release(&w.pb);
    return err;
}
