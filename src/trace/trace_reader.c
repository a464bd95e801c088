#include "trace/trace_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

__extension__ typedef unsigned __int128 wide;

#define HEAD_READ  (sizeof(trace_chunk) + sizeof(trace_timeline))
#define CHUNKS_MAX (1u << 24) /* 1 TiB */

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

static int all_zero(const void *bytes, size_t len)
{
    const uint8_t *b = bytes;

    for (size_t i = 0; i < len; i++) {
        if (b[i]) return 0;
    }
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

/* ---- the header ---- */

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

static thag_err load_header(trace *t, fault *f)
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

/* ---- the heads of all chunks ---- */

static int magic_matches(const char *magic)
{
    int count = 0;

    for (int i = 0; i < 8; i++) count += magic[i] == TRACE_CHUNK_MAGIC[i];
    return count;
}

/* Whether the chunk is worth a place in the lists; what is wrong with it is named. */
static int check_chunk(trace *t, const trace_chunk *c, uint64_t offset, uint64_t avail,
                       uint32_t *used, int *is_cut)
{
    *used = c->used;
    *is_cut = 0;
    if (memcmp(c->magic, TRACE_CHUNK_MAGIC, 8) != 0) {
        trace_note(t, offset, "not the start of a chunk");
        if (magic_matches(c->magic) < 6) return 0; /* one byte or two: the rest may be well */
    }
    if (c->kind <= TRACE_FILE || c->kind > TRACE_FREE) {
        trace_note(t, offset + offsetof(trace_chunk, kind), "unknown kind %u of chunk", c->kind);
        return 0;
    }
    if (c->kind == TRACE_FREE || c->kind == TRACE_FRAMES) return 1;
    if (c->used < sizeof *c || c->used > TRACE_CHUNK_BYTES) {
        trace_note(t, offset + offsetof(trace_chunk, used), "chunk of %u bytes", c->used);
        *used = TRACE_CHUNK_BYTES;
        /* Of records that name their own kind the rest can be tried. */
        if (c->kind != TRACE_THREAD && c->kind != TRACE_SITES) return 0;
    }
    if (*used > avail) {
        /* Of a timeline chunk the tail may have a whole copy: judged when both are known. */
        if (c->kind != TRACE_TIMELINE) trace_note(t, offset + avail, CUT_CHUNK);
        *used = (uint32_t)avail;
        *is_cut = 1;
    }
    return 1;
}

/* Chunks that this one takes up. */
static uint64_t chunk_run(trace *t, const trace_chunk *c, uint64_t index, uint64_t total)
{
    if (c->kind != TRACE_FRAMES && c->kind != TRACE_FREE) return 1;
    if (c->base >= 1 && c->base <= total - index) return c->base;
    trace_note(t, CHUNK_OFFSET(index) + offsetof(trace_chunk, base), "a run of %llu chunks",
               (unsigned long long)c->base);
    return 1;
}

static uint32_t record_length(uint16_t first)
{
    if (first == TRACE_TAG_THREAD) return TRACE_THREAD_BYTES;
    if (first == TRACE_TAG_SPAN64) return TRACE_SPAN64_BYTES;
    return first == TRACE_TAG_SPAN32 ? TRACE_SPAN32_BYTES : TRACE_SHORT_BYTES;
}

/* A tail that is in use has no length: walk its records up to the 0 behind the last. Without a 0 the
   file ends in the midst of them, and the length is set to what is not there. */
static void measure_tail(trace *t, uint64_t offset, uint64_t avail, trace_chunk *c,
                         trace_timeline *tl)
{
    uint8_t buffer[TRACE_CHUNK_BYTES];
    uint32_t pos = sizeof *c + sizeof *tl;
    uint32_t want = avail < TRACE_CHUNK_BYTES ? (uint32_t)avail : TRACE_CHUNK_BYTES;
    int64_t n = t->source.read(t->source.context, offset, buffer, want);
    uint16_t first = 1;

    tl->span_count = 0;
    while (n > 0 && pos + sizeof first <= (uint64_t)n) {
        uint32_t len;

        memcpy(&first, buffer + pos, sizeof first);
        len = record_length(first);
        if (first == 0 || pos + len > (uint64_t)n) break;
        tl->span_count += first != TRACE_TAG_THREAD;
        pos += len;
    }
    c->used = first && want < TRACE_CHUNK_BYTES ? want + 1 : pos;
}

static thag_err list_chunk(trace *t, const uint8_t *bytes, uint64_t index, uint64_t total,
                           uint64_t avail, uint64_t *run)
{
    trace_chunk c;
    trace_timeline tl;
    chunk_list *list;
    uint32_t used;
    int is_cut;

    memcpy(&c, bytes, sizeof c);
    memcpy(&tl, bytes + sizeof c, sizeof tl);
    *run = 1;
    if (c.kind == TRACE_TIMELINE && c.used == TRACE_USED_OPEN) {
        measure_tail(t, CHUNK_OFFSET(index), avail, &c, &tl);
    } else if (c.used <= sizeof c + sizeof tl) {
        tl.span_count = 0; /* emptied, and died before the number was: that of the chunk before */
    }
    if (!check_chunk(t, &c, CHUNK_OFFSET(index), avail, &used, &is_cut)) {
        t->lost_chunks++;
        return THAG_OK;
    }
    *run = chunk_run(t, &c, index, total);
    t->census.chunks[c.kind] += *run;
    if (c.kind == TRACE_FREE) return THAG_OK;
    list = &t->chunks[c.kind];
    if (!trace_grow((void **)&list->items, &list->cap, list->count, sizeof *list->items)) {
        return THAG_ERR_MEMORY;
    }
    list->items[list->count++] = (chunk_ref){.base = c.kind == TRACE_FRAMES ? *run : c.base,
                                             .chunk = (uint32_t)index,
                                             .slot = c.slot,
                                             .seq = c.seq,
                                             .used = used,
                                             .is_cut = is_cut,
                                             .spans = tl.span_count};
    return THAG_OK;
}

static thag_err scan_chunks(trace *t, fault *f)
{
    uint64_t total = (t->source.size_bytes + TRACE_CHUNK_BYTES - 1) / TRACE_CHUNK_BYTES;
    uint64_t run = 1;

    if (total > CHUNKS_MAX) {
        return fault_set(f, THAG_ERR_TOO_LARGE, t->source.size_bytes, "more than 1 TiB");
    }
    for (uint64_t i = 1; i < total; i += run) {
        uint8_t bytes[HEAD_READ] = {0};
        uint64_t offset = CHUNK_OFFSET(i);
        uint64_t avail = t->source.size_bytes - offset;
        int64_t n = t->source.read(t->source.context, offset, bytes, sizeof bytes);

        run = 1;
        if (n < 0) {
            trace_note(t, offset, "cannot be read: %s", strerror(errno));
        } else if (all_zero(bytes, sizeof((trace_chunk *)0)->magic)) {
            /* Never written, or being made: the magic is written last. */
            t->census.chunks[0]++;
        } else if (n < (int64_t)sizeof(trace_chunk)) {
            trace_note(t, offset + (uint64_t)n, "the file ends within the head of a chunk");
        } else {
            if (list_chunk(t, bytes, i, total, avail, &run)) {
                return fault_set(f, THAG_ERR_MEMORY, offset, "listing chunks");
            }
        }
    }
    return THAG_OK;
}

static int by_base(const void *left, const void *right)
{
    const chunk_ref *a = left, *b = right;

    if (a->base != b->base) return a->base < b->base ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static int by_slot(const void *left, const void *right)
{
    const chunk_ref *a = left, *b = right;

    if (a->slot != b->slot) return a->slot < b->slot ? -1 : 1;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static void sort_chunks(trace *t)
{
    for (int kind = TRACE_SITES; kind < TRACE_FREE; kind++) {
        chunk_list *list = &t->chunks[kind];
        int by_id = kind == TRACE_SITES || kind == TRACE_TREE;

        /* Frames are looked up by their chunk, and the scan met them in that order. */
        if (!list->count || kind == TRACE_FRAMES) continue;
        qsort(list->items, list->count, sizeof *list->items, by_id ? by_base : by_slot);
    }
}

/* ---- sites ---- */

/* How many ids there can be: what the chunks of the kind hold, and those that may have been some. */
static uint64_t id_bound(const trace *t, int kind, size_t record_bytes)
{
    uint64_t unwritten = t->census.chunks[0] < 64 ? t->census.chunks[0] : 64;
    uint64_t chunks = t->chunks[kind].count + t->lost_chunks + unwritten;
    uint64_t bound = chunks * (TRACE_CHUNK_BYTES / record_bytes);

    return bound < TRACE_NONE ? bound : TRACE_NONE;
}

static size_t keep_string(trace *t, const uint8_t *bytes, size_t len)
{
    size_t at = t->strings_len;

    while (t->strings_cap - t->strings_len < len + 1) {
        if (!trace_grow((void **)&t->strings, &t->strings_cap, t->strings_cap, 1)) return SIZE_MAX;
    }
    for (size_t i = 0; i < len; i++) {
        t->strings[at + i] = bytes[i] ? (char)bytes[i] : '?';
    }
    t->strings[at + len] = 0;
    t->strings_len += len + 1;
    return at;
}

static thag_err keep_site(trace *t, const trace_site *s, const uint8_t *text)
{
    site_entry *e = &t->sites[s->id];

    e->name_off = keep_string(t, text, s->name_len);
    e->func_off = keep_string(t, text + s->name_len, s->func_len);
    e->file_off = keep_string(t, text + s->name_len + s->func_len, s->file_len);
    if (e->name_off == SIZE_MAX || e->func_off == SIZE_MAX || e->file_off == SIZE_MAX) {
        return THAG_ERR_MEMORY;
    }
    e->line = s->line;
    e->name_len = s->name_len;
    e->func_len = s->func_len;
    e->file_len = s->file_len;
    e->kind = s->kind;
    e->flags = s->flags;
    e->present = 1;
    if (s->id >= t->site_count) t->site_count = s->id + 1;
    return THAG_OK;
}

/* Length of the record if it can be believed, else 0. */
static uint32_t site_length(const trace_site *s, uint32_t left)
{
    uint32_t text = (uint32_t)s->name_len + s->func_len + s->file_len;

    if (s->bytes < sizeof *s + text || s->bytes > left || s->bytes % 8) return 0;
    if (s->name_len > TRACE_NAME_MAX || s->func_len > TRACE_NAME_MAX ||
        s->file_len > TRACE_NAME_MAX) {
        return 0;
    }
    return s->bytes;
}

static thag_err read_sites(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint64_t id = ref->base;
    uint32_t pos = sizeof(trace_chunk);

    for (; pos + sizeof(trace_site) <= ref->used; id++) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_site s;
        uint32_t len;

        memcpy(&s, bytes + pos, sizeof s);
        len = site_length(&s, ref->used - pos);
        if (!len) {
            trace_note(t, offset, "site record of %u bytes", s.bytes);
            return THAG_OK;
        }
        if (s.id != id || id >= bound || t->sites[id].present) {
            trace_note(t, offset, "site %u where %llu was expected", s.id, (unsigned long long)id);
        } else if (keep_site(t, &s, bytes + pos + sizeof s)) {
            return THAG_ERR_MEMORY;
        }
        pos += len;
    }
    if (pos != ref->used) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "%u bytes of a site", ref->used - pos);
    }
    return THAG_OK;
}

static thag_err load_sites(trace *t, uint8_t *buffer, fault *f)
{
    const chunk_list *list = &t->chunks[TRACE_SITES];
    uint64_t bound = id_bound(t, TRACE_SITES, sizeof(trace_site));

    if (!list->count) return THAG_OK;
    t->sites = calloc((size_t)bound, sizeof *t->sites);
    if (!t->sites) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "sites");
    for (size_t i = 0; i < list->count; i++) {
        trace_load_chunk(t, &list->items[i], buffer);
        if (read_sites(t, &list->items[i], buffer, bound)) {
            return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "names of sites");
        }
    }
    return THAG_OK;
}

/* ---- the call tree ---- */

static int node_is_sound(const trace *t, uint64_t id, const trace_node *n)
{
    if (id == 0) return n->parent == TRACE_NONE && n->site == TRACE_NONE;
    return n->parent < id && n->site < t->site_count && t->sites[n->site].present;
}

static void read_nodes(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint64_t id = ref->base;

    for (uint32_t pos = sizeof(trace_chunk); pos + sizeof(trace_node) <= ref->used;
         pos += sizeof(trace_node), id++) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_node n;

        memcpy(&n, bytes + pos, sizeof n);
        if (id >= bound) {
            trace_note(t, offset, "node %llu of a smaller tree", (unsigned long long)id);
            return;
        }
        if (id < t->node_count) {
            trace_note(t, offset, "node %llu twice", (unsigned long long)id);
            continue;
        }
        if (id > t->node_count) {
            trace_note(t, offset, "nodes %u to %llu are missing", t->node_count,
                       (unsigned long long)id - 1);
        }
        if (!node_is_sound(t, id, &n)) {
            trace_note(t, offset, "node %llu with parent %u and site %u", (unsigned long long)id,
                       n.parent, n.site);
            /* A sound parent is kept: what hangs below stays in its place. */
            n.site = TRACE_NONE;
            if (n.parent >= id) n.parent = TRACE_NONE;
        }
        t->nodes[id] = n;
        t->node_count = (uint32_t)id + 1;
    }
}

static thag_err load_tree(trace *t, uint8_t *buffer, fault *f)
{
    const chunk_list *list = &t->chunks[TRACE_TREE];
    uint64_t bound = id_bound(t, TRACE_TREE, sizeof(trace_node)) + 1;

    t->nodes = malloc((size_t)bound * sizeof *t->nodes);
    if (!t->nodes) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "call tree");
    memset(t->nodes, 0xff, (size_t)bound * sizeof *t->nodes);
    for (size_t i = 0; i < list->count; i++) {
        trace_load_chunk(t, &list->items[i], buffer);
        read_nodes(t, &list->items[i], buffer, bound);
    }
    if (!t->node_count) t->node_count = 1; /* the root needs no record */
    return THAG_OK;
}

/* ---- open and close ---- */

static thag_err load_all(trace *t, fault *f)
{
    uint8_t *buffer = NULL;
    thag_err err = load_header(t, f);

    if (err) goto done;
    err = scan_chunks(t, f);
    if (err) goto done;
    sort_chunks(t);
    buffer = malloc(TRACE_CHUNK_BYTES);
    if (!buffer) {
        err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "a chunk");
        goto done;
    }
    err = load_sites(t, buffer, f);
    if (err) goto done;
    err = load_tree(t, buffer, f);
    if (err) goto done;
    err = trace_load_threads(t, f);
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
    for (int kind = 0; kind <= TRACE_FREE; kind++) free(t->chunks[kind].items);
    free(t->sites);
    free(t->strings);
    free(t->nodes);
    free(t->threads);
    free(t->tails);
    free(t->paths);
    free(t->buckets);
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
const trace_census *trace_statistics(const trace *t)
{
    return &t->census;
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

int trace_site_get(const trace *t, uint32_t id, trace_site_info *out)
{
    const site_entry *e;

    if (id >= t->site_count || !t->sites[id].present) return 0;
    e = &t->sites[id];
    *out = (trace_site_info){.name = t->strings + e->name_off,
                             .func = t->strings + e->func_off,
                             .file = t->strings + e->file_off,
                             .name_len = e->name_len,
                             .func_len = e->func_len,
                             .file_len = e->file_len,
                             .line = e->line,
                             .kind = e->kind,
                             .flags = e->flags};
    return 1;
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
