#include "trace/trace_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

/* ---- helpers ---- */

void trace_note(trace *t, uint64_t offset, const char *format, ...)
{
    if (t->damage_total < TRACE_DAMAGE_ROOM) {
        trace_damage *d = &t->damages[t->damage_total];
        va_list args;

        d->offset = offset;
        va_start(args, format);
        vsnprintf(d->what, sizeof d->what, format, args);
        va_end(args);
    }
    t->damage_total++;
}

int trace_grow(void **items, size_t *cap, size_t count, size_t item_bytes)
{
    size_t wanted = *cap ? *cap * 2 : 64;
    void *grown;

    if (count < *cap) return 1;
    if (wanted > SIZE_MAX / item_bytes) return 0;
    grown = realloc(*items, wanted * item_bytes);
    if (!grown) return 0;
    *items = grown;
    *cap = wanted;
    return 1;
}

int trace_load_chunk(trace *t, const chunk_ref *ref, uint8_t *buffer)
{
    int64_t n = t->source.read(t->source.context, CHUNK_OFFSET(ref->chunk), buffer, ref->used);

    if (n < 0) n = 0;
    memset(buffer + n, 0, TRACE_CHUNK_BYTES - (size_t)n);
    if ((size_t)n == ref->used) return 1;
    trace_note(t, CHUNK_OFFSET(ref->chunk) + (uint64_t)n, "chunk could not be read to its end");
    return 0;
}

/* ---- open and close ---- */

static thag_err load_all(trace *t, fault *f)
{
    uint8_t *buffer = NULL;
    thag_err err = trace_load_header(t, f);

    if (err) goto done;
    err = trace_list_chunks(t, f);
    if (err) goto done;
    buffer = malloc(TRACE_CHUNK_BYTES);
    if (!buffer) {
        err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "a chunk");
        goto done;
    }
    err = trace_load_tree(t, buffer, f);
    if (err) goto done;
    err = trace_load_pools(t, buffer);
    if (err) {
        fault_set(f, err, UINT64_MAX, "pools");
        goto done;
    }
    err = trace_load_threads(t, f);
    if (err) goto done;
    err = trace_load_origins(t, buffer);
    if (err) fault_set(f, err, UINT64_MAX, "where threads were begun");
done:
    free(buffer);
    return err;
}

thag_err trace_open_source(trace **out, trace_source *source, fault *f)
{
    thag_err err = THAG_OK;
    trace *t = calloc(1, sizeof *t);

    *out = NULL;
    if (!t) {
        trace_source_close(source);
        return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "trace");
    }
    t->source = *source;
    memset(source, 0, sizeof *source);
    err = load_all(t, f);
    if (err) goto done;
    *out = t;
    t = NULL;
done:
    trace_free(t);
    return err;
}

thag_err trace_open(trace **out, const char *path, fault *f)
{
    trace_source source;
    thag_err err = trace_source_path(&source, path, f);

    *out = NULL;
    if (!err) err = trace_open_source(out, &source, f);
    if (err && f) snprintf(f->path, sizeof f->path, "%s", path);
    return err;
}

void trace_free(trace *t)
{
    if (!t) return;
    trace_source_close(&t->source);
    for (int kind = 0; kind < TRACE_CHUNK_KINDS; kind++) free(t->chunks[kind].items);
    free(t->sites);
    free(t->strings);
    free(t->modules);
    free(t->codes);
    free(t->nodes);
    free(t->threads);
    free(t->tails);
    free(t->paths);
    free(t->buckets);
    free(t->heap_time.slices);
    free(t->tasks);
    free(t->pairs);
    trace_free_pools(t);
    free(t->origins);
    for (size_t i = 0; i < t->note_count; i++) free(t->notes[i].text);
    free(t->notes);
    free(t);
}

/* ---- accessors ---- */

const trace_file *trace_head(const trace *t)
{
    return &t->head;
}
int trace_ended(const trace *t)
{
    return t->head.state == TRACE_ENDED;
}
uint64_t trace_end_ticks(const trace *t)
{
    return t->end_ticks;
}
uint32_t trace_site_count(const trace *t)
{
    return t->site_count;
}
const trace_note_info *trace_notes(const trace *t, size_t *count)
{
    *count = t->note_count;
    return t->notes;
}
const trace_census *trace_statistics(const trace *t)
{
    return &t->census;
}

const trace_node *trace_nodes(const trace *t, uint32_t *count)
{
    *count = t->node_count;
    return t->nodes;
}

const trace_thread_info *trace_threads(const trace *t, size_t *count)
{
    *count = t->thread_count;
    return t->threads;
}

const trace_path *trace_paths(const trace *t, size_t *count)
{
    *count = t->path_count;
    return t->paths;
}

const trace_bucket *trace_buckets(const trace *t, size_t *count)
{
    *count = t->bucket_count;
    return t->buckets;
}

const trace_damage *trace_damages(const trace *t, size_t *listed, uint64_t *total)
{
    *total = t->damage_total;
    *listed = t->damage_total < TRACE_DAMAGE_ROOM ? (size_t)t->damage_total : TRACE_DAMAGE_ROOM;
    return t->damages;
}

const char *trace_loss_text(unsigned loss)
{
    static const char *const texts[] = {
#define LOSS_TEXT(id, text) text,
        TRACE_LOSSES(LOSS_TEXT)
#undef LOSS_TEXT
    };

    return loss < TRACE_LOSS_KINDS ? texts[loss] : NULL;
}

uint32_t trace_bucket_of(uint64_t duration)
{
    uint32_t octave;

    if (duration < 32) return duration ? (uint32_t)duration : 1;
    octave = 63u - (uint32_t)__builtin_clzll(duration);
    return (octave - 4) * 32 + (uint32_t)((duration >> (octave - 5)) & 31);
}

void trace_bucket_range(uint32_t bucket, uint64_t *low, uint64_t *high)
{
    uint32_t octave = bucket / 32 + 4;

    *low = bucket;
    *high = *low + 1;
    if (bucket == 1) *low = 0;
    if (bucket < 32) return;
    *low = (32 + (uint64_t)(bucket & 31)) << (octave - 5);
    *high = *low + (1ull << (octave - 5));
    if (*high == 0) *high = UINT64_MAX;
}
