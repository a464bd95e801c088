/*
 * trace_counters.c - the counters of a slot: cells and histograms, and the paths they add up to.
 *
 * The rules for what a killed process left half done are in docs/trace-format.md, "Recovery".
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* The program may be running on while its trace is read: counters read a moment later are ahead. */
#define LIVE_SLACK 65536u

/* Blocks start on cache lines. */
#define TRACE_BLOCK_STRIDE 64

/* ---- paths and buckets ---- */

size_t slot_path(slot_work *w, uint32_t node)
{
    trace *t = w->t;
    uint32_t known = w->path_of[node];

    if (known > w->first_path) return known - 1;
    if (t->path_count >= TRACE_NONE - 1 ||
        !trace_grow((void **)&t->paths, &t->path_cap, t->path_count, sizeof *t->paths)) {
        return SIZE_MAX;
    }
    t->paths[t->path_count] = (trace_path){.node = node, .min_ticks = UINT64_MAX};
    w->path_of[node] = (uint32_t)t->path_count + 1;
    return t->path_count++;
}

thag_err slot_path_of_block(slot_work *w, const chunk_ref *ref, uint32_t pos, uint32_t node,
                            const char *what, trace_path **path)
{
    trace *t = w->t;
    size_t at;

    *path = NULL;
    if (node >= t->node_count) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "%s of node %u of %u", what, node,
                   t->node_count);
        return THAG_OK;
    }
    at = slot_path(w, node);
    if (at == SIZE_MAX) return THAG_ERR_MEMORY;
    *path = &t->paths[at];
    return THAG_OK;
}

static int add_bucket(trace *t, size_t path, uint32_t bucket, uint64_t count)
{
    if (!trace_grow((void **)&t->buckets, &t->bucket_cap, t->bucket_count, sizeof *t->buckets)) {
        return 0;
    }
    t->buckets[t->bucket_count++] = (trace_bucket){(uint32_t)path, bucket, count};
    return 1;
}

/* ---- blocks ---- */

static thag_err read_cell(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    cell_entry e;
    trace_path *path;
    thag_err err;

    memcpy(&e.cell, w->buffer + pos, sizeof e.cell);
    e.address = ref->base + pos;
    e.chunk = ref->chunk;
    e.chunk_pos = pos;
    if (e.cell.node == TRACE_NONE) return THAG_OK;
    err = slot_path_of_block(w, ref, pos, e.cell.node, "counters", &path);
    if (err || !path) return err;
    if (!trace_grow((void **)&w->cells, &w->cell_cap, w->cell_count, sizeof *w->cells)) {
        return THAG_ERR_MEMORY;
    }
    e.path = (uint32_t)(path - w->t->paths);
    w->cells[w->cell_count++] = e;
    return THAG_OK;
}

/* Below 32 a bucket of an octave is a single duration: 2^octave * (1 + i/32), as it would be if
   durations had fractions. */
static uint32_t hist_bucket(uint32_t octave, uint32_t i)
{
    if (octave >= 5) return (octave - 4) * 32 + i;
    return (32 + i) >> (5 - octave);
}

static thag_err read_hist(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    trace *t = w->t;
    trace_hist h;
    size_t path;

    memcpy(&h, w->buffer + pos, sizeof h);
    if (h.node == TRACE_NONE) return THAG_OK;
    if (h.node >= t->node_count || h.octave > 63 || h.weight_log2 > 32) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "histogram of node %u, octave %u, weight %u",
                   h.node, h.octave, h.weight_log2);
        return THAG_OK;
    }
    path = slot_path(w, h.node);
    if (path == SIZE_MAX) return THAG_ERR_MEMORY;
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t bucket = hist_bucket(h.octave, i);

        if (h.count[i] && !add_bucket(t, path, bucket, (uint64_t)h.count[i] << h.weight_log2)) {
            return THAG_ERR_MEMORY;
        }
    }
    return THAG_OK;
}

/* Length of a block by its kind, 0 if it is none that fits. */
static uint32_t block_length(uint32_t kind, uint32_t left)
{
    uint32_t len = kind == TRACE_CELL          ? sizeof(trace_cell)
                   : kind == TRACE_HIST        ? sizeof(trace_hist)
                   : kind == TRACE_MEM         ? sizeof(trace_mem)
                   : kind == TRACE_MEM_USUAL   ? sizeof(trace_mem_usual)
                   : kind == TRACE_MEM_OTHER   ? sizeof(trace_mem_other)
                   : kind == TRACE_MEM_RESIZED ? sizeof(trace_mem_resized)
                   : kind == TRACE_SIZES       ? sizeof(trace_sizes)
                   : kind == TRACE_RELEASE     ? sizeof(trace_release)
                   : kind == TRACE_WAIT        ? sizeof(trace_wait)
                   : kind == TRACE_SAMPLES     ? sizeof(trace_samples)
                   : kind == TRACE_PAIR        ? sizeof(trace_pair)
                                               : 0;

    return len <= left ? len : 0;
}

/* A block that was being made has no kind yet. Whoever was, went away: died, or left a signal handler
   by longjmp. Of a thread that had ended before its process, it is more likely a damaged one. */
static void note_block(slot_work *w, uint64_t offset, const uint8_t *block, uint32_t kind)
{
    uint8_t any = 0;

    for (int i = 0; i < TRACE_BLOCK_STRIDE; i++) any |= block[i];
    if (!any || (!kind && (!trace_ended(w->t) || w->thread.end_ticks == 0))) return;
    trace_note(w->t, offset, kind ? "block of unknown kind %u" : "block without a kind", kind);
}

/* Blocks from pos on. All lengths are multiples of a stride, so that the next one can be found
   behind what is not a block. */
thag_err slot_read_blocks(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    int lost = 0; /* within something that is not a block, and was noted */
    thag_err err = THAG_OK;

    while (!err && pos + TRACE_BLOCK_STRIDE <= ref->used) {
        uint32_t kind, len;

        memcpy(&kind, w->buffer + pos, sizeof kind);
        len = block_length(kind, ref->used - pos);
        if (!len && !lost) note_block(w, CHUNK_OFFSET(ref->chunk) + pos, w->buffer + pos, kind);
        lost = !len;
        if (len && kind == TRACE_CELL) err = read_cell(w, ref, pos);
        if (len && kind == TRACE_HIST) err = read_hist(w, ref, pos);
        if (len && kind == TRACE_WAIT) err = slot_read_wait(w, ref, pos);
        if (len && !err) err = slot_read_mem(w, ref, pos, kind);
        if (len && kind == TRACE_SIZES) slot_read_sizes(w, pos);
        if (len && kind == TRACE_PAIR) err = slot_read_pair(w, ref, pos);
        if (len && kind == TRACE_SAMPLES) slot_read_samples(w, pos);
        if (len && kind == TRACE_RELEASE) err = slot_read_release(w, ref, pos);
        pos += len ? len : TRACE_BLOCK_STRIDE;
    }
    return err;
}

/* ---- the last span ---- */

static cell_entry *last_cell(slot_work *w)
{
    const trace_thread *th = &w->thread;

    if (!w->thread_ref || !th->last_cell || !th->last_calls) return NULL;
    for (size_t i = 0; i < w->cell_count; i++) {
        if (w->cells[i].address != th->last_cell) continue;
        /* Untimed calls go on counting behind a timed one. */
        if (w->t->head.sample_period > 1 && w->cells[i].cell.calls > th->last_calls)
            return &w->cells[i];
        return w->cells[i].cell.calls == th->last_calls ? &w->cells[i] : NULL;
    }
    return NULL;
}

/* The durations of a cell that had three timed calls, the last of which was d: a store of the new
   minimum or maximum may or may not have been made, but the total is certain. */
static void three_durations(const trace_cell *c, uint64_t d, uint64_t out[3])
{
    uint64_t low = c->min_ticks, high = c->max_ticks;

    out[0] = d;
    if (low + high + d == c->ticks) {
        out[1] = low;
        out[2] = high;
    } else if (low == d) {
        out[1] = high;
        out[2] = c->ticks - d - high;
    } else {
        out[1] = low;
        out[2] = c->ticks - d - low;
    }
}

static uint64_t bucket_count(const slot_work *w, uint32_t path, uint32_t bucket)
{
    const trace *t = w->t;
    uint64_t sum = 0;

    for (size_t i = w->first_bucket; i < t->bucket_count; i++) {
        if (t->buckets[i].path == path && t->buckets[i].bucket == bucket)
            sum += t->buckets[i].count;
    }
    return sum;
}

/*
 * The last span of a slot is counted, but it comes to min, max and histogram only with the next one.
 * Before three calls the histogram is not used; the third brings all three durations, in an order of
 * the writer's choice. A process that died between the two may have done part of it already: where
 * every call is timed, the number of calls tells.
 */
static thag_err complete_last(slot_work *w, cell_entry *e)
{
    uint64_t d = w->thread.last_ticks;
    uint64_t three[3];
    uint32_t i = e->path - (uint32_t)w->first_path;
    int all_timed = w->t->head.sample_period == 1 || e->cell.calls <= 3;
    int count = e->cell.calls == 3 ? 3 : 1;

    three_durations(&e->cell, d, three);
    if (d < e->cell.min_ticks || e->cell.min_ticks == UINT64_MAX) e->cell.min_ticks = d;
    if (d > e->cell.max_ticks) e->cell.max_ticks = d;
    if (e->cell.calls < 3) return THAG_OK;
    for (int k = 0; k < count; k++) {
        uint32_t bucket = trace_bucket_of(three[k]);

        if (all_timed && w->held[i] >= w->expected[i]) break;
        if (count == 3) {
            uint64_t same = 0;

            for (int j = 0; j <= k; j++) same += trace_bucket_of(three[j]) == bucket;
            if (bucket_count(w, e->path, bucket) >= same) continue;
        }
        if (!add_bucket(w->t, e->path, bucket, 1)) return THAG_ERR_MEMORY;
        w->held[i]++;
    }
    return THAG_OK;
}

/* ---- from cells to paths ---- */

/* Durations that are in min and max only, not in the histogram. */
static int small_samples(const cell_entry *e, uint64_t held)
{
    const trace_cell *c = &e->cell;

    if (c->min_ticks == UINT64_MAX || c->calls == 0) return 0;
    if (c->calls >= 3 && held) return 0;
    if (c->ticks == c->min_ticks && c->min_ticks == c->max_ticks) return 1;
    return c->calls == 1 ? 1 : 2;
}

static thag_err sum_slot(slot_work *w)
{
    trace *t = w->t;
    size_t count = t->path_count - w->first_path;

    if (count > w->sum_cap) {
        free(w->expected);
        free(w->held);
        w->expected = malloc(count * sizeof *w->expected);
        w->held = malloc(count * sizeof *w->held);
        w->sum_cap = w->expected && w->held ? count : 0;
        if (!w->sum_cap) return THAG_ERR_MEMORY;
    }
    if (!count) return THAG_OK;
    memset(w->expected, 0, count * sizeof *w->expected);
    memset(w->held, 0, count * sizeof *w->held);
    for (size_t i = w->first_bucket; i < t->bucket_count; i++) {
        uint64_t *held = &w->held[t->buckets[i].path - w->first_path];
        *held = add_capped(*held, t->buckets[i].count);
    }
    for (size_t i = 0; i < w->cell_count; i++) {
        uint64_t *expected = &w->expected[w->cells[i].path - w->first_path];
        if (w->cells[i].cell.calls >= 3) *expected = add_capped(*expected, w->cells[i].cell.calls);
    }
    return THAG_OK;
}

static void check_cell(slot_work *w, const cell_entry *e)
{
    const trace_cell *c = &e->cell;

    if (c->min_ticks == UINT64_MAX || (c->min_ticks <= c->max_ticks && c->min_ticks <= c->ticks)) {
        return;
    }
    trace_note(w->t, CHUNK_OFFSET(e->chunk) + e->chunk_pos,
               "counters of node %u disagree: minimum, maximum, total", c->node);
}

static thag_err add_cell(slot_work *w, const cell_entry *e)
{
    trace_path *p = &w->t->paths[e->path];
    const trace_cell *c = &e->cell;
    int small = small_samples(e, w->held[e->path - w->first_path]);

    check_cell(w, e);
    p->calls = add_capped(p->calls, c->calls);
    p->ticks = add_capped(p->ticks, c->ticks);
    p->timed = add_capped(p->timed, (uint64_t)small);
    if (c->min_ticks < p->min_ticks) p->min_ticks = c->min_ticks;
    if (c->max_ticks > p->max_ticks) p->max_ticks = c->max_ticks;
    if (small >= 1 && !add_bucket(w->t, e->path, trace_bucket_of(c->min_ticks), 1)) {
        return THAG_ERR_MEMORY;
    }
    if (small == 2 && !add_bucket(w->t, e->path, trace_bucket_of(c->max_ticks), 1)) {
        return THAG_ERR_MEMORY;
    }
    return THAG_OK;
}

/* Of one path: what its buckets say about the other counters. */
typedef struct bucket_sums {
    double low, high; /* bounds of the total */
    uint32_t first, last;
} bucket_sums;

static int total_fits(const trace_path *p, const bucket_sums *b)
{
    double ticks = (double)p->ticks;

    return ticks >= b->low * (1 - 1e-9) && ticks <= b->high * (1 + 1e-9) &&
           trace_bucket_of(p->min_ticks) == b->first && trace_bucket_of(p->max_ticks) == b->last;
}

/* Without sampling every call of a path is in its histogram, and calls, total, minimum and maximum
   agree with it. Where they do not, a number was damaged; which one cannot be known. A handler that
   left by longjmp may have interrupted the profiler, which then counts a duration twice. */
static void check_path(slot_work *w, trace_path *p, const bucket_sums *b)
{
    const trace *t = w->t;
    uint64_t slack = trace_ended(t) ? t->head.losses[TRACE_ABANDONED] : LIVE_SLACK;
    uint64_t apart = p->timed > p->calls ? p->timed - p->calls : p->calls - p->timed;
    uint64_t offset = w->thread_ref ? CHUNK_OFFSET(w->thread_ref->chunk) : UINT64_MAX;
    int whole = t->head.sample_period == 1 && !t->head.write_errno;

    if ((p->timed > p->calls || whole) && apart > slack) {
        trace_note(w->t, offset, "slot %u, node %u: %llu durations of %llu calls", w->slot, p->node,
                   (unsigned long long)p->timed, (unsigned long long)p->calls);
    } else if (whole && apart == 0 && p->timed && !total_fits(p, b)) {
        trace_note(w->t, offset, "slot %u, node %u: durations disagree with their total", w->slot,
                   p->node);
    }
    if (p->timed > p->calls) p->timed = p->calls;
}

static thag_err check_paths(slot_work *w)
{
    trace *t = w->t;
    size_t count = t->path_count - w->first_path;
    bucket_sums *sums = calloc(count + 1, sizeof *sums);

    if (!sums) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) sums[i].first = UINT32_MAX;
    for (size_t i = w->first_bucket; i < t->bucket_count; i++) {
        const trace_bucket *b = &t->buckets[i];
        bucket_sums *s = &sums[b->path - w->first_path];
        uint64_t low, high;

        trace_bucket_range(b->bucket, &low, &high);
        s->low += (double)b->count * (double)low;
        s->high += (double)b->count * (double)(high - 1);
        if (b->bucket < s->first) s->first = b->bucket;
        if (b->bucket > s->last) s->last = b->bucket;
    }
    for (size_t i = 0; i < count; i++) {
        trace_path *p = &t->paths[w->first_path + i];

        p->timed = add_capped(p->timed, w->held[i]);
        check_path(w, p, &sums[i]);
    }
    free(sums);
    return THAG_OK;
}

thag_err slot_finish_cells(slot_work *w)
{
    cell_entry *last;
    thag_err err = sum_slot(w);

    if (err) return err;
    last = last_cell(w);
    if (last) {
        w->last_node = last->cell.node;
        err = complete_last(w, last);
    }
    for (size_t i = 0; !err && i < w->cell_count; i++) err = add_cell(w, &w->cells[i]);
    return err ? err : check_paths(w);
}
