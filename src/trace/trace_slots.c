/*
 * trace_slots.c - the slots of a trace: threads, their counters, their open frames.
 *
 * A slot is worked off as a whole: its THREAD chunk, its ARENA chunks, then what its process may have
 * left half done, which needs all its counters. The rules are in docs/trace-format.md, "Recovery".
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

/* No program runs longer than this many seconds; a moment beyond it is a damaged number. */
#define LONGEST_SECONDS (100ull * 366 * 86400)

/* The program may be running on while its trace is read: counters read a moment later are ahead. */
#define LIVE_SLACK 65536u

/* Where things are in a THREAD chunk; blocks and frames start on cache lines. */
#define TRACE_BLOCK_STRIDE 64

/* A cell as read, kept until its slot is done. */
typedef struct cell_entry {
    uint64_t address;
    trace_cell cell;
    uint32_t path;
    uint32_t chunk_pos; /* in its chunk */
    uint32_t chunk;
} cell_entry;

typedef struct slot_work {
    trace *t;
    uint8_t *buffer;   /* one chunk */
    uint32_t *path_of; /* by node; path + 1, valid if it is of this slot */
    cell_entry *cells;
    size_t cell_count, cell_cap;
    uint32_t slot;
    size_t first_path, first_bucket;
    uint64_t *expected; /* per path of the slot: durations that its histogram should hold */
    uint64_t *held;     /* and those that it holds */
    size_t sum_cap;
    const chunk_ref *thread_ref; /* NULL: the slot has counters but no thread */
    trace_thread thread;
    uint32_t last_node; /* of the committed last span, TRACE_NONE if there is none */
    trace_frame *frames;
    size_t frame_count, frame_cap;
} slot_work;

/* ---- paths and buckets ---- */

/* The slot's path of a node, made on first use; SIZE_MAX when out of memory. */
static size_t slot_path(slot_work *w, uint32_t node)
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

static int add_bucket(trace *t, size_t path, uint32_t bucket, uint64_t count)
{
    if (!trace_grow((void **)&t->buckets, &t->bucket_cap, t->bucket_count, sizeof *t->buckets)) {
        return 0;
    }
    t->buckets[t->bucket_count++] = (trace_bucket){(uint32_t)path, bucket, count};
    return 1;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- blocks ---- */

static thag_err read_cell(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    trace *t = w->t;
    cell_entry e;
    size_t path;

    memcpy(&e.cell, w->buffer + pos, sizeof e.cell);
    e.address = ref->base + pos;
    e.chunk = ref->chunk;
    e.chunk_pos = pos;
    if (e.cell.node == TRACE_NONE) return THAG_OK;
    if (e.cell.node >= t->node_count) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "counters of node %u of %u", e.cell.node,
                   t->node_count);
        return THAG_OK;
    }
    path = slot_path(w, e.cell.node);
    if (path == SIZE_MAX ||
        !trace_grow((void **)&w->cells, &w->cell_cap, w->cell_count, sizeof *w->cells)) {
        return THAG_ERR_MEMORY;
    }
    e.path = (uint32_t)path;
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
    uint32_t len = kind == TRACE_CELL   ? sizeof(trace_cell)
                   : kind == TRACE_HIST ? sizeof(trace_hist)
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
static thag_err read_blocks(slot_work *w, const chunk_ref *ref, uint32_t pos)
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
        pos += len ? len : TRACE_BLOCK_STRIDE;
    }
    return err;
}

/* ---- the thread and its frames ---- */

/* Frames up to the first that is not open. 0 when out of memory, 1 to go on, 2 at the end. */
static int keep_frames(slot_work *w, const uint8_t *bytes, size_t len)
{
    for (size_t pos = 0; pos + sizeof(trace_frame) <= len; pos += sizeof(trace_frame)) {
        trace_frame frame;

        memcpy(&frame, bytes + pos, sizeof frame);
        /* The base has no start. */
        if (w->frame_count && frame.start_ticks == 0) return 2;
        if (!trace_grow((void **)&w->frames, &w->frame_cap, w->frame_count, sizeof frame)) return 0;
        w->frames[w->frame_count++] = frame;
    }
    return 1;
}

static const chunk_ref *frames_run(slot_work *w)
{
    const chunk_list *list = &w->t->chunks[TRACE_FRAMES];
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (list->items[mid].chunk < w->thread.frames_chunk)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == list->count || list->items[low].chunk != w->thread.frames_chunk) return NULL;
    return list->items[low].slot == w->slot ? &list->items[low] : NULL;
}

/* Frames in chunks of their own: one array right across the chunks of the run. */
static thag_err load_frames_run(slot_work *w, uint64_t thread_offset)
{
    const chunk_ref *ref = frames_run(w);
    uint64_t offset, left;
    int more = 1;

    if (!ref) {
        trace_note(w->t, thread_offset + sizeof(trace_chunk) + offsetof(trace_thread, frames_chunk),
                   "no frames of this slot in chunk %u", w->thread.frames_chunk);
        return THAG_OK;
    }
    offset = CHUNK_OFFSET(ref->chunk) + sizeof(trace_chunk);
    left = ref->base * TRACE_CHUNK_BYTES - sizeof(trace_chunk);
    if (left / sizeof(trace_frame) > w->thread.frame_count) {
        left = (uint64_t)w->thread.frame_count * sizeof(trace_frame);
    }
    while (left && more == 1) {
        size_t want = left < TRACE_CHUNK_BYTES ? (size_t)left : TRACE_CHUNK_BYTES;
        int64_t n = w->t->source.read(w->t->source.context, offset, w->buffer, want);

        if (n < (int64_t)want) {
            trace_note(w->t, offset, "frames could not be read to their end");
            left = want = n > 0 ? (size_t)n : 0;
        }
        more = keep_frames(w, w->buffer, want);
        offset += want;
        left -= want;
    }
    return more ? THAG_OK : THAG_ERR_MEMORY;
}

/* The frames in the chunk itself. When they have moved out, their number is that of the new place,
   perhaps a moment before frames_chunk says so. */
static thag_err keep_own_frames(slot_work *w, const chunk_ref *ref)
{
    uint32_t count = w->thread.frame_count;

    if (count > TRACE_THREAD_FRAMES) count = TRACE_THREAD_FRAMES;
    if (TRACE_THREAD_FRAMES_POS + count * sizeof(trace_frame) > ref->used) return THAG_OK;
    return keep_frames(w, w->buffer + TRACE_THREAD_FRAMES_POS, count * sizeof(trace_frame))
               ? THAG_OK
               : THAG_ERR_MEMORY;
}

/* What threads lose by the million they count for themselves. */
static void count_losses(slot_work *w)
{
    uint64_t *losses = w->t->head.losses;
    uint32_t cause = w->thread.timeline_cause;

    losses[TRACE_TIMELINE_SAMPLED] =
        add_capped(losses[TRACE_TIMELINE_SAMPLED], w->thread.untimed_calls);
    if (cause < TRACE_LOSS_ROOM) losses[cause] = add_capped(losses[cause], w->thread.timeline_lost);
}

static thag_err load_thread(slot_work *w, const chunk_ref *ref)
{
    thag_err err = THAG_OK;

    trace_load_chunk(w->t, ref, w->buffer);
    if (ref->used < sizeof(trace_chunk) + sizeof(trace_thread)) {
        trace_note(w->t, CHUNK_OFFSET(ref->chunk), "thread of %u bytes", ref->used);
        return THAG_OK;
    }
    memcpy(&w->thread, w->buffer + sizeof(trace_chunk), sizeof w->thread);
    w->thread_ref = ref;
    count_losses(w);
    if (w->thread.frames_chunk == TRACE_NONE) err = keep_own_frames(w, ref);
    if (!err) err = read_blocks(w, ref, TRACE_THREAD_BLOCKS_POS);
    if (!err && w->thread.frames_chunk != TRACE_NONE) {
        err = load_frames_run(w, CHUNK_OFFSET(ref->chunk));
    }
    return err;
}

/* ---- what the process left half done ---- */

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

static thag_err finish_cells(slot_work *w)
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

/* ---- moments ---- */

static int plausible(const trace *t, uint64_t ticks)
{
    return ticks >= t->head.start_ticks &&
           trace_ns(t, ticks - t->head.start_ticks) / 1000000000u < LONGEST_SECONDS;
}

/* The latest moment known so far, for a session that did not end. */
static void see_moment(slot_work *w, uint64_t ticks, const char *what)
{
    trace *t = w->t;

    if (!ticks || trace_ended(t)) return;
    if (!plausible(t, ticks)) {
        trace_note(t, CHUNK_OFFSET(w->thread_ref->chunk), "slot %u: %s out of range", w->slot,
                   what);
    } else if (ticks > t->end_ticks) {
        t->end_ticks = ticks;
    }
}

static int is_open(const trace_frame *f)
{
    return f->start_ticks != TRACE_CLOSED;
}
static int is_timed(const trace_frame *f)
{
    return !(f->start_ticks & TRACE_UNTIMED_BIT);
}

/* A pause belongs to the frame it happened in and to all below: it is passed down at the end of a
   span, so while frames are open it has to be summed. */
static void sum_pauses(slot_work *w)
{
    uint64_t sum = 0;

    for (size_t i = w->frame_count; i-- > 1;) {
        sum += w->frames[i].paused_ticks;
        w->frames[i].scratch[0] = sum;
    }
}

/* The last span is counted, but a process that died right then may show it as open still. */
static void drop_ended_frame(slot_work *w)
{
    const trace_thread *th = &w->thread;

    if (w->last_node == TRACE_NONE) return;
    for (size_t i = 1; i < w->frame_count; i++) {
        trace_frame *f = &w->frames[i];
        uint64_t end = f->start_ticks;

        if (f->node != w->last_node) continue;
        end += th->last_ticks + f->scratch[0];
        if (end == th->last_end) f->start_ticks = TRACE_CLOSED;
    }
}

static void see_moments(slot_work *w)
{
    const trace_thread *th = &w->thread;

    if (w->last_node != TRACE_NONE) {
        see_moment(w, th->last_end, "end of the last span");
    }
    see_moment(w, th->start_ticks, "start of the thread");
    see_moment(w, th->end_ticks, "end of the thread");
    for (size_t i = 1; i < w->frame_count; i++) {
        if (is_open(&w->frames[i]) && is_timed(&w->frames[i])) {
            see_moment(w, w->frames[i].start_ticks, "start of an open span");
        }
    }
}

/* Open frames are kept as paths now; their time is added when the end of the session is known. */
static thag_err keep_open(slot_work *w)
{
    trace *t = w->t;

    for (size_t i = 1; i < w->frame_count; i++) {
        const trace_frame *f = &w->frames[i];
        size_t path;

        if (!is_open(f)) continue;
        if (f->node >= t->node_count || f->node == 0 ||
            (is_timed(f) && !plausible(t, f->start_ticks))) {
            trace_note(t, CHUNK_OFFSET(w->thread_ref->chunk), "slot %u: open frame %zu of node %u",
                       w->slot, i, f->node);
            continue;
        }
        path = slot_path(w, f->node);
        if (path == SIZE_MAX) return THAG_ERR_MEMORY;
        t->paths[path].open++;
        /* Until the end is known: the negated start, modulo 2^64. */
        if (is_timed(f)) {
            t->paths[path].open_timed++;
            t->paths[path].open_ticks -= f->start_ticks + f->scratch[0];
        }
    }
    return THAG_OK;
}

/* ---- slots ---- */

/* Lifetimes that do not fit into the session were damaged. */
static void check_lifetime(slot_work *w)
{
    trace *t = w->t;
    trace_thread *th = &w->thread;
    uint64_t offset = CHUNK_OFFSET(w->thread_ref->chunk) + sizeof(trace_chunk);

    /* Made, but not yet taken by a thread. */
    if (!th->thread_count && !th->start_ticks) th->start_ticks = th->end_ticks = t->end_ticks;
    if (!plausible(t, th->start_ticks)) {
        trace_note(t, offset + offsetof(trace_thread, start_ticks), "slot %u: start out of range",
                   w->slot);
        th->start_ticks = t->head.start_ticks;
    }
    if (trace_ns(t, th->past_ticks) / 1000000000u >= LONGEST_SECONDS) {
        trace_note(t, offset + offsetof(trace_thread, past_ticks),
                   "slot %u: lifetimes out of range", w->slot);
        th->past_ticks = 0;
    }
}

static thag_err keep_thread(slot_work *w)
{
    trace *t = w->t;
    const trace_thread *th = &w->thread;
    trace_thread_info *info;
    slot_tail *tail;

    if (!trace_grow((void **)&t->threads, &t->thread_cap, t->thread_count, sizeof *t->threads) ||
        !trace_grow((void **)&t->tails, &t->tail_cap, t->thread_count, sizeof *t->tails)) {
        return THAG_ERR_MEMORY;
    }
    tail = &t->tails[t->thread_count];
    info = &t->threads[t->thread_count++];
    *tail =
        (slot_tail){.chunk = w->thread_ref ? th->tail_chunk : TRACE_NONE, .last_node = TRACE_NONE};
    *info = (trace_thread_info){.slot = w->slot,
                                .tid = th->tid,
                                .thread_count = th->thread_count,
                                .level = th->level,
                                .start_ticks = th->start_ticks,
                                .end_ticks = th->end_ticks,
                                .past_ticks = th->past_ticks,
                                .first_path = (uint32_t)w->first_path,
                                .path_count = (uint32_t)(t->path_count - w->first_path),
                                .alive = th->end_ticks == 0};
    if (!w->thread_ref) return THAG_OK;
    memcpy(info->name, th->name, sizeof th->name);
    if (w->last_node != TRACE_NONE) {
        tail->last_node = w->last_node;
        tail->last_ticks = th->last_ticks;
        tail->last_end = th->last_end;
    }
    return THAG_OK;
}

static thag_err finish_slot(slot_work *w)
{
    thag_err err = finish_cells(w);

    if (err) return err;
    if (w->thread_ref) {
        check_lifetime(w);
        sum_pauses(w);
        drop_ended_frame(w);
        see_moments(w);
        err = keep_open(w);
    }
    return err ? err : keep_thread(w);
}

static void begin_slot(slot_work *w, uint32_t slot)
{
    w->slot = slot;
    w->cell_count = 0;
    w->frame_count = 0;
    w->first_path = w->t->path_count;
    w->first_bucket = w->t->bucket_count;
    w->thread_ref = NULL;
    w->last_node = TRACE_NONE;
    memset(&w->thread, 0, sizeof w->thread);
}

/* Both lists are sorted by slot: one walk along both. */
static thag_err load_slots(slot_work *w)
{
    const chunk_list *threads = &w->t->chunks[TRACE_THREAD];
    const chunk_list *arenas = &w->t->chunks[TRACE_ARENA];
    size_t i = 0, k = 0;
    thag_err err = THAG_OK;

    while (!err && (i < threads->count || k < arenas->count)) {
        uint32_t slot = i < threads->count ? threads->items[i].slot : arenas->items[k].slot;

        if (k < arenas->count && arenas->items[k].slot < slot) slot = arenas->items[k].slot;
        begin_slot(w, slot);
        for (; !err && i < threads->count && threads->items[i].slot == slot; i++) {
            if (w->thread_ref) {
                trace_note(w->t, CHUNK_OFFSET(threads->items[i].chunk), "slot %u twice", slot);
            } else {
                err = load_thread(w, &threads->items[i]);
            }
        }
        if (!w->thread_ref && k < arenas->count) {
            trace_note(w->t, CHUNK_OFFSET(arenas->items[k].chunk), "slot %u without a thread",
                       slot);
        }
        for (; !err && k < arenas->count && arenas->items[k].slot == slot; k++) {
            trace_load_chunk(w->t, &arenas->items[k], w->buffer);
            err = read_blocks(w, &arenas->items[k], TRACE_ARENA_BLOCKS_POS);
        }
        if (!err) err = finish_slot(w);
    }
    return err;
}

/* Now that the end of the session is known, so is the time of what was still open. */
static void set_ends(trace *t)
{
    for (size_t i = 0; i < t->thread_count; i++) {
        trace_thread_info *info = &t->threads[i];

        if (info->end_ticks == 0 || info->end_ticks > t->end_ticks) info->end_ticks = t->end_ticks;
        if (info->start_ticks > info->end_ticks) info->start_ticks = info->end_ticks;
        for (uint32_t p = info->first_path; p < info->first_path + info->path_count; p++) {
            trace_path *path = &t->paths[p];

            path->open_ticks += (uint64_t)path->open_timed * info->end_ticks;
            /* Paused for longer than open, or opened after the end: a damaged number. */
            if (path->open_ticks > UINT64_MAX / 2) path->open_ticks = 0;
        }
    }
}

static void begin_end(trace *t)
{
    const trace_file *h = &t->head;
    uint64_t last = h->clock_last[h->clock_last_idx].ticks;

    t->end_ticks = h->start_ticks;
    if (trace_ended(t)) {
        t->end_ticks = h->end_ticks;
    } else if (last > h->start_ticks && plausible(t, last)) {
        t->end_ticks = last;
    }
}

thag_err trace_load_threads(trace *t, fault *f)
{
    slot_work w = {.t = t};
    thag_err err = THAG_ERR_MEMORY;

    begin_end(t);
    w.buffer = malloc(TRACE_CHUNK_BYTES);
    w.path_of = calloc(t->node_count, sizeof *w.path_of);
    if (w.buffer && w.path_of) err = load_slots(&w);
    if (!err) err = trace_check_timeline(t);
    if (!err) set_ends(t);
    if (err) fault_set(f, err, UINT64_MAX, "threads and counters");
    free(w.buffer);
    free(w.path_of);
    free(w.cells);
    free(w.expected);
    free(w.held);
    free(w.frames);
    return err;
}
