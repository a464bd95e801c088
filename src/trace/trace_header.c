/*
 * trace_header.c - the first chunk of a trace: what kind of file it is, and its clock.
 */
#include <errno.h>
#include <string.h>

#include "trace/trace_internal.h"

__extension__ typedef unsigned __int128 wide;

static thag_err header_fault(fault *f, thag_err err, uint64_t offset, const char *what)
{
    return fault_set(f, err, offset, what);
}

/* What makes the whole file unreadable, in the order in which it can be judged. */
static thag_err check_header(const trace_chunk *chunk, const trace_file *file, int64_t len,
                             fault *f)
{
    const uint64_t at = sizeof *chunk;
    const char *cut = "the file ends within its header";

    if (len < 8 || memcmp(chunk->magic, TRACE_FILE_MAGIC, 8) != 0) {
        return header_fault(f, THAG_ERR_FORMAT, 0, "the first bytes are not those of a trace");
    }
    if (len < (int64_t)(at + 16)) return header_fault(f, THAG_ERR_DAMAGED, (uint64_t)len, cut);
    if (file->endian != TRACE_ENDIAN) {
        return header_fault(f, THAG_ERR_FORMAT, at + offsetof(trace_file, endian),
                            "byte order of another kind of machine, or damaged");
    }
    if (file->version != TRACE_VERSION) {
        return header_fault(f, THAG_ERR_VERSION, at + offsetof(trace_file, version),
                            "this reader knows version 1 only");
    }
    if (chunk->kind != TRACE_FILE) {
        return header_fault(f, THAG_ERR_DAMAGED, offsetof(trace_chunk, kind),
                            "the first chunk is not a file header");
    }
    if (file->chunk_bytes != TRACE_CHUNK_BYTES) {
        return header_fault(f, THAG_ERR_DAMAGED, at + offsetof(trace_file, chunk_bytes),
                            "chunks of 65536 bytes were expected");
    }
    if (file->bytes < sizeof *file || file->bytes > TRACE_CHUNK_BYTES - at) {
        return header_fault(f, THAG_ERR_DAMAGED, at + offsetof(trace_file, bytes),
                            "length of the file header");
    }
    if (len < (int64_t)(at + sizeof *file)) {
        return header_fault(f, THAG_ERR_DAMAGED, (uint64_t)len, cut);
    }
    return THAG_OK;
}

#define HEAD_FIELD(field) (sizeof(trace_chunk) + offsetof(trace_file, field))

/* Fields that a reader can do without are put right and named. */
static void mend_header(trace *t)
{
    trace_file *h = &t->head;

    if (h->state > TRACE_ENDED) {
        trace_note(t, HEAD_FIELD(state), "unknown state %u of the session", h->state);
        h->state = TRACE_RUNNING;
    }
    if (h->state == TRACE_ENDED && h->end_ticks < h->start_ticks) {
        trace_note(t, HEAD_FIELD(end_ticks), "the session ends before it starts");
        h->state = TRACE_RUNNING;
    }
    if (h->sample_period == 0) {
        trace_note(t, HEAD_FIELD(sample_period), "sampling period of 0");
        h->sample_period = 1;
    }
    if (h->clock_last_idx > 1) {
        trace_note(t, HEAD_FIELD(clock_last_idx), "clock snapshot %u of 2", h->clock_last_idx);
        h->clock_last_idx = h->clock_last[1].ticks > h->clock_last[0].ticks;
    }
    if (!memchr(h->program, 0, sizeof h->program)) {
        trace_note(t, HEAD_FIELD(program), "program name without an end");
        h->program[sizeof h->program - 1] = 0;
    }
}

/* Rate of the clock from two snapshots. One that says less than 1 MHz or more than 1 THz lies. */
static void set_clock(trace *t)
{
    const trace_file *h = &t->head;
    const trace_snapshot *last = &h->clock_last[h->clock_last_idx];
    uint64_t ticks = last->ticks - h->clock_first.ticks;
    uint64_t ns = last->ns - h->clock_first.ns;

    t->rate_num = t->rate_den = 1;
    if (h->clock_kind == TRACE_CLOCK_MONOTONIC) return;
    if (h->clock_kind == 0 || h->clock_kind > TRACE_CLOCK_CNTVCT) {
        trace_note(t, HEAD_FIELD(clock_kind), "unknown clock %u", h->clock_kind);
    }
    if (last->ticks <= h->clock_first.ticks || last->ns <= h->clock_first.ns || ticks / 1000 > ns ||
        ns / 1000 > ticks) {
        trace_note(t, HEAD_FIELD(clock_last), "no clock rate: times are in ticks, not ns");
        t->rate_den = 0;
        return;
    }
    t->rate_num = ns;
    t->rate_den = ticks;
}

thag_err trace_load_header(trace *t, fault *f)
{
    struct {
        trace_chunk chunk;
        trace_file file;
    } first;
    thag_err err = THAG_OK;
    int64_t n;

    memset(&first, 0, sizeof first);
    n = t->source.read(t->source.context, 0, &first, sizeof first);
    if (n < 0) {
        int saved = errno;
        err = fault_set(f, THAG_ERR_READ, 0, "reading the file header");
        if (f) f->os_errno = saved;
        return err;
    }
    err = check_header(&first.chunk, &first.file, n, f);
    if (err) return err;
    t->head = first.file;
    mend_header(t);
    set_clock(t);
    t->census.file_bytes = t->source.size_bytes;
    t->census.chunks[TRACE_FILE] = 1;
    return THAG_OK;
}

uint64_t trace_ns(const trace *t, uint64_t ticks)
{
    wide ns;

    if (t->rate_den <= 1) return ticks;
    ns = ((wide)ticks * t->rate_num + t->rate_den / 2) / t->rate_den;
    return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

double trace_clock_hz(const trace *t)
{
    return t->rate_den ? 1e9 * (double)t->rate_den / (double)t->rate_num : 0;
}
