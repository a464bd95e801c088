#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/trace_reader.h"
#include "trace_builder.h"

/* ---- helpers ---- */

static thag_err open_bytes(trace **out, const void *bytes, size_t len, fault *f)
{
    trace_source source;

    assert_int_equal(trace_source_bytes(&source, bytes, len), THAG_OK);
    return trace_open_source(out, &source, f);
}

static trace *open_built(const trace_builder *b)
{
    fault f = {0};
    trace *t;

    if (open_bytes(&t, b->bytes, builder_size(b), &f)) fail_msg("%s", f.what);
    return t;
}

static uint64_t damage_count(const trace *t)
{
    size_t listed;
    uint64_t total;
    const trace_damage *d = trace_damages(t, &listed, &total);

    for (size_t i = 0; i < listed; i++) assert_true(strlen(d[i].what) > 0);
    return total;
}

static void assert_sound(const trace *t)
{
    size_t listed;
    uint64_t total;
    const trace_damage *d = trace_damages(t, &listed, &total);

    if (total) fail_msg("byte %llu: %s", (unsigned long long)d[0].offset, d[0].what);
}

static const trace_path *path_of(const trace *t, uint32_t node)
{
    size_t count;
    const trace_path *paths = trace_paths(t, &count);

    for (size_t i = 0; i < count; i++) {
        if (paths[i].node == node) return &paths[i];
    }
    fail_msg("no path of node %u", node);
    return NULL;
}

static uint64_t bucket_sum(const trace *t, uint32_t node, uint64_t duration)
{
    size_t count, path_count;
    const trace_bucket *b = trace_buckets(t, &count);
    const trace_path *paths = trace_paths(t, &path_count);
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (paths[b[i].path].node == node && b[i].bucket == trace_bucket_of(duration))
            sum += b[i].count;
    }
    return sum;
}

/* Goes through everything that can be asked of a trace. */
static size_t read_everything(trace *t)
{
    size_t threads, count, spans = 0;
    uint32_t nodes;

    for (uint32_t i = 0; i < trace_site_count(t); i++) {
        trace_site_info site;

        if (trace_site_get(t, i, &site)) assert_int_equal(strlen(site.name), site.name_len);
    }
    for (uint32_t i = 1; trace_nodes(t, &nodes) && i < nodes; i++) {
        const trace_node *n = &trace_nodes(t, &nodes)[i];

        assert_true(n->parent == TRACE_NONE || n->parent < i);
        assert_true(n->site == TRACE_NONE || n->site < trace_site_count(t));
    }
    for (size_t i = 0; trace_threads(t, &threads) && i < threads; i++) {
        const trace_thread_info *th = &trace_threads(t, &threads)[i];
        trace_cursor *c;
        trace_span span;

        trace_paths(t, &count);
        assert_true(th->first_path + th->path_count <= count);
        assert_true(th->start_ticks <= th->end_ticks);
        assert_int_equal(trace_cursor_new(&c, t, i), THAG_OK);
        while (trace_cursor_next(c, &span)) {
            assert_true(span.node < nodes && span.start_ticks <= span.end_ticks);
            spans++;
        }
        trace_cursor_free(c);
    }
    damage_count(t);
    return spans;
}

/* ---- what is written is read ---- */

static void test_sample(void **state)
{
    trace_builder b;
    trace *t;
    trace_site_info site;
    size_t count;
    uint32_t nodes;

    (void)state;
    builder_sample(&b);
    t = open_built(&b);
    assert_sound(t);
    assert_string_equal(trace_head(t)->program, "sample");
    assert_true(trace_ended(t));
    assert_int_equal(trace_site_count(t), 3);
    assert_true(trace_site_get(t, 1, &site));
    assert_string_equal(site.name, "work");
    assert_string_equal(site.file, "src/work.c");
    assert_int_equal(site.line, 20);
    assert_false(trace_site_get(t, 3, &site));
    trace_nodes(t, &nodes);
    assert_int_equal(nodes, 4);
    assert_int_equal(path_of(t, 2)->calls, 5);
    assert_int_equal(path_of(t, 2)->timed, 5);
    assert_int_equal(path_of(t, 2)->ticks, 820);
    assert_int_equal(path_of(t, 2)->min_ticks, 90);
    assert_int_equal(path_of(t, 2)->max_ticks, 400);
    assert_int_equal(path_of(t, 3)->timed, 2);
    assert_int_equal(bucket_sum(t, 3, 40), 1);
    assert_string_equal(trace_threads(t, &count)[0].name, "sample");
    assert_int_equal(count, 1);
    assert_int_equal(trace_threads(t, &count)[0].spans, 8);
    assert_int_equal(trace_statistics(t)->timeline_spans, 8);
    assert_int_equal(read_everything(t), 8);
    assert_sound(t);
    trace_free(t);
    builder_free(&b);
}

static void test_timeline_records(void **state)
{
    static const trace_span expected[] = {
        {7, 1, BUILDER_START + 3, BUILDER_START + 10, 0},
        {7, 1, BUILDER_START + 10, BUILDER_START + 70010, 0},
        {7, 1, BUILDER_START + 70010, BUILDER_START + 70265, 0},
        {8, 1, BUILDER_START + 70270, BUILDER_START + 70270 + 0x100000000, 0},
    };
    trace_builder b;
    trace_thread *thread;
    trace_cursor *c;
    trace_span span;
    uint32_t tail;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    thread = builder_thread(&b, 0, 7, "seven");
    thread->thread_count = 2;
    thread->tail_chunk = tail = builder_timeline(&b, 0, 0, BUILDER_START);
    builder_short(&b, tail, 1, 10, 7);
    builder_span32(&b, tail, 1, 70000, 70000);
    builder_tiny(&b, tail, 1, 255, 255);
    builder_owner(&b, tail, 8, 5, "eight");
    builder_span64(&b, tail, 1, 0x100000000, 0x100000000);
    t = open_built(&b);
    assert_int_equal(trace_cursor_new(&c, t, 0), THAG_OK);
    assert_string_equal(trace_cursor_name(c), "");
    for (int i = 0; i < 4; i++) {
        assert_true(trace_cursor_next(c, &span));
        assert_memory_equal(&span, &expected[i], sizeof span);
    }
    assert_string_equal(trace_cursor_name(c), "eight");
    assert_false(trace_cursor_next(c, &span));
    assert_false(trace_cursor_next(c, &span));
    assert_sound(t);
    trace_cursor_free(c);
    trace_free(t);
    builder_free(&b);
}

static void test_buckets(void **state)
{
    uint64_t low, high, end = 0;

    (void)state;
    for (uint32_t i = 1; i < TRACE_BUCKETS; i++) {
        trace_bucket_range(i, &low, &high);
        assert_true(low == end && high > low);
        assert_int_equal(trace_bucket_of(low), i);
        assert_int_equal(trace_bucket_of(high - 1), i);
        end = high;
    }
    assert_int_equal(end, UINT64_MAX);
    assert_int_equal(trace_bucket_of(UINT64_MAX), TRACE_BUCKETS - 1);
}

static void test_clock(void **state)
{
    trace_builder b;
    trace *t;

    (void)state;
    builder_sample(&b);
    b.file->clock_kind = TRACE_CLOCK_TSC;
    b.file->clock_last[0] =
        (trace_snapshot){BUILDER_START + 3000000000u, BUILDER_START + 1000000000u};
    t = open_built(&b);
    assert_sound(t);
    assert_true(trace_clock_hz(t) == 3e9);
    assert_int_equal(trace_ns(t, 3), 1);
    assert_int_equal(trace_ns(t, 3000000000000000000u), 1000000000000000000u);
    assert_int_equal(trace_ns(t, UINT64_MAX), UINT64_MAX / 3);
    trace_free(t);
    /* No second snapshot: no rate, said so. */
    b.file->clock_last[0] = b.file->clock_first;
    t = open_built(&b);
    assert_int_equal(damage_count(t), 1);
    assert_true(trace_clock_hz(t) == 0);
    assert_int_equal(trace_ns(t, 5), 5);
    trace_free(t);
    builder_free(&b);
}

/* ---- what a process leaves half done ---- */

/* A cell with `count` calls of which the last is not in min, max and histogram yet; `folded` counts
   of it made it, in the order of `three`. */
static void check_last(const uint64_t *durations, size_t count, const uint64_t *three,
                       size_t folded)
{
    trace_builder b;
    trace_cell *cell;
    trace *t;
    uint64_t total = 0, min = UINT64_MAX, max = 0;

    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    builder_thread(&b, 0, 7, "t");
    cell = builder_cell(&b, 0, 1, durations, count - 1);
    for (size_t i = 0; i < count; i++) total += durations[i];
    cell->calls = count;
    cell->ticks = total;
    for (size_t i = 0; i < folded; i++) builder_count(&b, 0, 1, three[i]);
    builder_last(&b, 0, cell, durations[count - 1], count, BUILDER_START + 1000);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 1)->calls, count);
    assert_int_equal(path_of(t, 1)->timed, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t same = 0;

        for (size_t k = 0; k < count; k++) {
            same += trace_bucket_of(durations[k]) == trace_bucket_of(durations[i]);
        }
        assert_int_equal(bucket_sum(t, 1, durations[i]), same);
        if (durations[i] < min) min = durations[i];
        if (durations[i] > max) max = durations[i];
    }
    assert_int_equal(path_of(t, 1)->min_ticks, min);
    assert_int_equal(path_of(t, 1)->max_ticks, max);
    trace_free(t);
    builder_free(&b);
}

static void test_last_span(void **state)
{
    static const uint64_t orders[][5] = {
        {100, 5000, 70, 200, 90}, {100, 200, 900, 50, 950}, {5, 5, 5, 5, 5}, {0, 1, 0, 1, 0}};

    (void)state;
    for (size_t o = 0; o < 4; o++) {
        const uint64_t *d = orders[o];
        uint64_t low = d[0] < d[1] ? d[0] : d[1], high = d[0] < d[1] ? d[1] : d[0];
        uint64_t three[] = {low, high, d[2]};

        check_last(d, 1, NULL, 0);
        check_last(d, 2, NULL, 0);
        for (size_t folded = 0; folded <= 3; folded++) check_last(d, 3, three, folded);
        check_last(d, 4, NULL, 0);
        check_last(d, 5, NULL, 0);
        check_last(d, 5, &d[4], 1);
    }
}

static void test_last_span_not_committed(void **state)
{
    static const uint64_t d[] = {10, 20, 30, 40};
    trace_builder b;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    builder_thread(&b, 0, 7, "t");
    builder_last(&b, 0, builder_cell(&b, 0, 1, d, 4), 999, 5, BUILDER_START + 5000);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 1)->calls, 4);
    assert_int_equal(path_of(t, 1)->max_ticks, 40);
    assert_int_equal(trace_end_ticks(t), BUILDER_START);
    trace_free(t);
    builder_free(&b);
}

static void test_last_span_in_timeline(void **state)
{
    static const uint64_t d[] = {10, 20, 30, 40};
    trace_builder b;
    trace_thread *thread;
    uint32_t tail;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    thread = builder_thread(&b, 0, 7, "t");
    builder_last(&b, 0, builder_cell(&b, 0, 1, d, 4), 40, 4, BUILDER_START + 400);
    thread->tail_chunk = tail = builder_timeline(&b, 0, 0, BUILDER_START);
    for (int i = 0; i < 3; i++) builder_short(&b, tail, 1, 100, (uint16_t)d[i]);
    t = open_built(&b);
    assert_int_equal(read_everything(t), 4);
    trace_free(t);
    /* Counted, but not yet committed. */
    ((trace_timeline *)(void *)(builder_chunk_at(&b, tail) + 1))->span_count++;
    t = open_built(&b);
    assert_int_equal(read_everything(t), 4);
    assert_sound(t);
    trace_free(t);
    ((trace_timeline *)(void *)(builder_chunk_at(&b, tail) + 1))->span_count--;
    builder_short(&b, tail, 1, 100, 40);
    t = open_built(&b);
    assert_int_equal(read_everything(t), 4);
    assert_sound(t);
    assert_int_equal(trace_end_ticks(t), BUILDER_START + 400);
    trace_free(t);
    builder_free(&b);
}

static void test_open_frames(void **state)
{
    trace_builder b;
    trace_frame *frames;
    trace *t;
    uint32_t f;

    (void)state;
    builder_init(&b);
    f = builder_site(&b, "f", "f.c", 1, 0);
    for (uint32_t i = 0; i < 4; i++) builder_node(&b, i, f);
    builder_thread(&b, 0, 7, "t");
    frames = builder_frames(&b, 0);
    frames[1] = (trace_frame){.start_ticks = BUILDER_START + 100, .node = 1};
    frames[2] = (trace_frame){.start_ticks = TRACE_CLOSED, .node = 2};
    frames[3] = (trace_frame){.start_ticks = TRACE_UNTIMED_BIT | 5, .node = 3};
    frames[4] = (trace_frame){.start_ticks = BUILDER_START + 400, .node = 4};
    builder_turn(&b, 0)->shift_ticks = 11;
    builder_end(&b, BUILDER_START + 1000);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 1)->open, 1);
    assert_int_equal(path_of(t, 1)->open_ticks, 900 - 11);
    assert_int_equal(path_of(t, 3)->open, 1);
    assert_int_equal(path_of(t, 3)->open_timed, 0);
    assert_int_equal(path_of(t, 4)->open_ticks, 600 - 11);
    trace_free(t);
    /* Killed: the latest moment known is the start of the innermost. */
    b.file->state = TRACE_RUNNING;
    t = open_built(&b);
    assert_int_equal(trace_end_ticks(t), BUILDER_START + 411);
    assert_int_equal(path_of(t, 1)->open_ticks, 300);
    assert_int_equal(path_of(t, 4)->open_ticks, 0);
    trace_free(t);
    builder_free(&b);
}

static void test_frame_of_last_span(void **state)
{
    trace_builder b;
    trace_frame *frames;
    trace_cell *cell;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    builder_thread(&b, 0, 7, "t");
    cell = builder_empty_cell(&b, 0, 1);
    cell->calls = 1;
    cell->ticks = 50;
    frames = builder_frames(&b, 0);
    frames[1] = (trace_frame){.start_ticks = BUILDER_START + 100, .node = 1};
    builder_turn(&b, 0)->shift_ticks = 5;
    builder_last(&b, 0, cell, 50, 1, BUILDER_START + 155);
    t = open_built(&b);
    assert_int_equal(path_of(t, 1)->open, 0);
    assert_int_equal(path_of(t, 1)->calls, 1);
    trace_free(t);
    /* The next call of the same path, open, is another one. */
    frames[1].start_ticks = BUILDER_START + 160;
    t = open_built(&b);
    assert_int_equal(path_of(t, 1)->open, 1);
    trace_free(t);
    builder_free(&b);
}

static void test_frames_in_their_own_chunks(void **state)
{
    trace_builder b;
    trace_thread *thread;
    trace_chunk *run;
    trace_frame *frames;
    uint32_t index, filler;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    thread = builder_thread(&b, 0, 7, "t");
    run = builder_chunk(&b, TRACE_FRAMES, 0, &index);
    run->base = 2;
    builder_chunk(&b, TRACE_FREE, 0, &filler);
    memset(builder_chunk_at(&b, filler), 0, sizeof(trace_chunk));
    thread->frames_chunk = index;
    thread->frame_count = (2 * TRACE_CHUNK_BYTES - 32) / 32;
    frames = (trace_frame *)(void *)(run + 1);
    for (uint32_t i = 1; i < 3000; i++)
        frames[i] = (trace_frame){.start_ticks = BUILDER_START + i, .node = 1};
    builder_end(&b, BUILDER_START + 5000);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 1)->open, 2999);
    assert_int_equal(trace_statistics(t)->chunks[TRACE_FRAMES], 2);
    trace_free(t);
    thread->frames_chunk = filler;
    t = open_built(&b);
    assert_int_equal(damage_count(t), 1);
    trace_free(t);
    builder_free(&b);
}

static void test_tail_wins(void **state)
{
    trace_builder b;
    trace_thread *thread;
    uint32_t tail, copy;
    trace *t;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    thread = builder_thread(&b, 0, 7, "t");
    builder_timeline(&b, 0, 0, BUILDER_START);
    builder_short(&b, 4, 1, 10, 5);
    thread->tail_chunk = tail = builder_timeline(&b, 0, 1, BUILDER_START + 10);
    for (int i = 0; i < 3; i++) builder_short(&b, tail, 1, 10, 5);
    copy = builder_timeline(&b, 0, 1, BUILDER_START + 10);
    builder_short(&b, copy, 1, 10, 5);
    t = open_built(&b);
    assert_int_equal(read_everything(t), 4);
    assert_sound(t);
    trace_free(t);
    /* The same twice in the file is damage. */
    builder_timeline(&b, 0, 0, BUILDER_START);
    t = open_built(&b);
    assert_int_equal(damage_count(t), 1);
    trace_free(t);
    builder_free(&b);
}

/* A tail in use has no length, but a 0 behind its last record. */
static void test_open_tail(void **state)
{
    trace_builder b;
    trace_chunk *tail;
    trace *t;
    fault f = {0};
    uint32_t used;

    (void)state;
    builder_sample(&b);
    tail = builder_chunk_at(&b, 4);
    used = tail->used;
    tail->used = TRACE_USED_OPEN;
    ((trace_timeline *)(void *)(tail + 1))->span_count = 12345;
    b.file->state = TRACE_RUNNING;
    t = open_built(&b);
    assert_int_equal(read_everything(t), 8);
    assert_int_equal(trace_statistics(t)->timeline_spans, 8);
    assert_sound(t);
    trace_free(t);
    /* Cut within its records: noticed. Behind them, nothing is missing. */
    for (uint32_t len = 40; len < used + 2; len++) {
        assert_int_equal(open_bytes(&t, b.bytes, 4 * TRACE_CHUNK_BYTES + len, &f), THAG_OK);
        read_everything(t);
        if (!damage_count(t)) fail_msg("cut at %u and not noticed", len);
        trace_free(t);
    }
    assert_int_equal(open_bytes(&t, b.bytes, 4 * TRACE_CHUNK_BYTES + used + 2, &f), THAG_OK);
    assert_int_equal(read_everything(t), 8);
    assert_sound(t);
    trace_free(t);
    /* Up to the very end of the chunk. */
    while (tail->used == 0 && used + 6 <= TRACE_CHUNK_BYTES) {
        static const uint16_t record[3] = {2, 1, 1};

        memcpy((uint8_t *)tail + used, record, sizeof record);
        used += 6;
    }
    t = open_built(&b);
    assert_true(read_everything(t) > 10000);
    trace_free(t);
    builder_free(&b);
}

static void test_gap(void **state)
{
    trace_builder b;
    trace *t;

    (void)state;
    builder_sample(&b);
    builder_chunk_at(&b, 4)->seq = 3;
    t = open_built(&b);
    assert_int_equal(damage_count(t), 1);
    assert_int_equal(read_everything(t), 8);
    trace_free(t);
    builder_free(&b);
}

static void test_unwritten_chunk_is_no_damage(void **state)
{
    trace_builder b;
    uint32_t index;
    trace *t;

    (void)state;
    builder_sample(&b);
    memset(builder_chunk(&b, TRACE_ARENA, 0, &index), 0, TRACE_CHUNK_BYTES);
    memset(builder_chunk(&b, TRACE_ARENA, 0, &index)->magic, 0, 8);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(trace_statistics(t)->chunks[0], 2);
    trace_free(t);
    builder_free(&b);
}

static void test_arena(void **state)
{
    trace_builder b;
    trace_cell *cell;
    trace_hist *unfinished;
    uint32_t index;
    trace *t;

    (void)state;
    builder_sample(&b);
    builder_chunk(&b, TRACE_ARENA, 0, &index);
    cell = builder_block(&b, index, sizeof *cell);
    *cell = (trace_cell){
        .kind = TRACE_CELL, .node = 3, .calls = 2, .ticks = 30, .min_ticks = 10, .max_ticks = 20};
    unfinished = builder_block(&b, index, sizeof *unfinished);
    *unfinished = (trace_hist){.node = 3, .octave = 12, .scratch = 1};
    cell = builder_block(&b, index, sizeof *cell);
    *cell = (trace_cell){.kind = TRACE_CELL, .node = TRACE_NONE, .calls = 2};
    b.file->state = TRACE_RUNNING;
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 3)->calls, 4);
    assert_int_equal(path_of(t, 3)->min_ticks, 10);
    assert_int_equal(path_of(t, 3)->timed, 4);
    trace_free(t);
    builder_free(&b);
}

/* The last timed call is completed, whatever was counted without a time behind it. */
static void test_sampled(void **state)
{
    static const uint64_t d[] = {100, 120, 110};
    trace_builder b;
    trace_cell *cell;
    trace *t;

    (void)state;
    builder_init(&b);
    b.file->sample_period = 16;
    b.file->losses[TRACE_TIMELINE_SAMPLED] = 5;
    builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
    builder_thread(&b, 0, 7, "t")->untimed_calls = 900;
    cell = builder_cell(&b, 0, 1, d, 3);
    cell->calls = 1000;
    cell->ticks = 110000;
    builder_last(&b, 0, cell, 500, 990, BUILDER_START + 700);
    t = open_built(&b);
    assert_sound(t);
    assert_int_equal(path_of(t, 1)->calls, 1000);
    assert_int_equal(path_of(t, 1)->timed, 4);
    assert_int_equal(path_of(t, 1)->max_ticks, 500);
    assert_int_equal(bucket_sum(t, 1, 500), 1);
    assert_int_equal(trace_end_ticks(t), BUILDER_START + 700);
    assert_int_equal(trace_head(t)->losses[TRACE_TIMELINE_SAMPLED], 905);
    trace_free(t);
    builder_free(&b);
}

/* ---- errors ---- */

static void expect_error(const trace_builder *b, thag_err expected, uint64_t offset)
{
    fault f = {0};
    trace *t;

    assert_int_equal(open_bytes(&t, b->bytes, builder_size(b), &f), expected);
    assert_null(t);
    assert_int_equal(f.err, expected);
    assert_int_equal(f.offset, offset);
    assert_true(strlen(f.what) > 0);
    assert_int_equal(open_bytes(&t, b->bytes, builder_size(b), NULL), expected);
}

#define AT(field) (sizeof(trace_chunk) + offsetof(trace_file, field))

static void test_header_errors(void **state)
{
    trace_builder b;

    (void)state;
    builder_sample(&b);
    b.file->version = 2;
    expect_error(&b, THAG_ERR_VERSION, AT(version));
    b.file->version = 1;
    b.file->endian = 0x04030201;
    expect_error(&b, THAG_ERR_FORMAT, AT(endian));
    b.file->endian = TRACE_ENDIAN;
    b.file->chunk_bytes = 4096;
    expect_error(&b, THAG_ERR_DAMAGED, AT(chunk_bytes));
    b.file->chunk_bytes = TRACE_CHUNK_BYTES;
    b.file->bytes = 8;
    expect_error(&b, THAG_ERR_DAMAGED, AT(bytes));
    b.file->bytes = sizeof(trace_file);
    builder_chunk_at(&b, 0)->kind = TRACE_SITES;
    expect_error(&b, THAG_ERR_DAMAGED, offsetof(trace_chunk, kind));
    b.bytes[0] = 'X';
    expect_error(&b, THAG_ERR_FORMAT, 0);
    builder_free(&b);
}

static int64_t failing_read(void *context, uint64_t offset, void *buffer, size_t len)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)len;
    return -1;
}

static void test_source_errors(void **state)
{
    trace_source source = {.size_bytes = 100, .read = failing_read};
    fault f = {0};
    trace *t;

    (void)state;
    assert_int_equal(trace_open_source(&t, &source, &f), THAG_ERR_READ);
    assert_int_equal(trace_open(&t, "/nonexistent/trace", &f), THAG_ERR_OPEN);
    assert_string_equal(f.path, "/nonexistent/trace");
    assert_int_not_equal(f.os_errno, 0);
    assert_int_equal(trace_open(&t, "/", &f), THAG_ERR_READ);
    trace_free(NULL);
    trace_cursor_free(NULL);
}

typedef struct huge_source {
    const trace_builder *b;
} huge_source;

static int64_t huge_read(void *context, uint64_t offset, void *buffer, size_t len)
{
    const trace_builder *b = ((const huge_source *)context)->b;

    if (offset + len > builder_size(b)) return 0;
    memcpy(buffer, b->bytes + offset, len);
    return (int64_t)len;
}

static void test_too_large(void **state)
{
    trace_builder b;
    huge_source context = {&b};
    trace_source source = {&context, (UINT64_C(1) << 40) + 70000, huge_read, NULL};
    fault f = {0};
    trace *t;

    (void)state;
    builder_sample(&b);
    assert_int_equal(trace_open_source(&t, &source, &f), THAG_ERR_TOO_LARGE);
    /* A file that shrank while it was read: what is gone is named. */
    source = (trace_source){&context, builder_size(&b) + 10 * TRACE_CHUNK_BYTES, huge_read, NULL};
    assert_int_equal(trace_open_source(&t, &source, &f), THAG_OK);
    read_everything(t);
    trace_free(t);
    builder_free(&b);
}

/* ---- damage ---- */

/* Cut anywhere: an error with the place, or a trace that names what is missing. */
static void test_cut(void **state)
{
    trace_builder b;
    size_t whole;

    (void)state;
    builder_sample(&b);
    whole = (size_t)(builder_chunk_at(&b, 4)->used) + 4 * TRACE_CHUNK_BYTES;
    for (size_t len = 0; len < whole; len += len < 4096 || len > whole - 1024 ? 1 : 64) {
        fault f = {0};
        trace *t = NULL;
        thag_err err = open_bytes(&t, b.bytes, len, &f);

        if (err) {
            assert_true(f.offset <= len);
            assert_true(len < sizeof(trace_chunk) + sizeof(trace_file));
        } else {
            read_everything(t);
            if (!damage_count(t)) fail_msg("cut at %zu and not noticed", len);
        }
        trace_free(t);
    }
    builder_free(&b);
}

static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    return *seed ^= *seed << 5;
}

/* Flipped anywhere: never more than an error or a wrong number, never a crash or a hang. */
static void test_flips(void **state)
{
    trace_builder b;
    uint32_t seed = 12345;
    size_t used[16], chunks;
    unsigned noticed = 0, errors = 0;

    (void)state;
    builder_sample(&b);
    chunks = b.chunk_count;
    for (size_t i = 0; i < chunks; i++) used[i] = builder_chunk_at(&b, (uint32_t)i)->used;
    for (int round = 0; round < 20000; round++) {
        size_t at[3];
        uint8_t old[3];
        int count = 1 + (int)(random_next(&seed) % 3);
        fault f = {0};
        trace *t = NULL;

        for (int i = 0; i < count; i++) {
            size_t chunk = random_next(&seed) % chunks;

            at[i] = chunk * TRACE_CHUNK_BYTES + random_next(&seed) % used[chunk];
            old[i] = b.bytes[at[i]];
            b.bytes[at[i]] ^= (uint8_t)(1u << random_next(&seed) % 8);
        }
        if (open_bytes(&t, b.bytes, builder_size(&b), &f)) {
            errors++;
        } else {
            read_everything(t);
            noticed += damage_count(t) > 0;
        }
        trace_free(t);
        for (int i = count; i-- > 0;) b.bytes[at[i]] = old[i];
    }
    assert_true(errors > 100 && noticed > 1000);
    builder_free(&b);
}

/* Each of these numbers, flipped alone, is noticed. */
static void test_damage_is_named(void **state)
{
    trace_builder b;
    trace_thread *thread;
    trace_cell *cells;
    trace_chunk *sites, *tree;
    trace *t;

    (void)state;
    builder_sample(&b);
    sites = builder_chunk_at(&b, b.site_chunk);
    tree = builder_chunk_at(&b, b.tree_chunk);
    thread = (trace_thread *)(void *)(builder_chunk_at(&b, 3) + 1);
    cells = (trace_cell *)(void *)((uint8_t *)builder_chunk_at(&b, 3) + TRACE_THREAD_BLOCKS_POS);
#define NAMED(change, undo) \
    do { \
        change; \
        t = open_built(&b); \
        read_everything(t); \
        if (!damage_count(t)) fail_msg("%s: not noticed", #change); \
        trace_free(t); \
        undo; \
    } while (0)
    NAMED(cells[1].node = 99, cells[1].node = 1);
    NAMED(cells[1].kind = 7, cells[1].kind = TRACE_CELL);
    NAMED(cells[1].kind = 0, cells[1].kind = TRACE_CELL);
    NAMED(cells[2].calls ^= 2, cells[2].calls ^= 2);
    NAMED(cells[2].ticks ^= 4096, cells[2].ticks ^= 4096);
    NAMED(cells[2].min_ticks ^= 64, cells[2].min_ticks ^= 64);
    NAMED(cells[2].max_ticks ^= 64, cells[2].max_ticks ^= 64);
    NAMED(sites->base = 1, sites->base = 0);
    NAMED(tree->base = 1, tree->base = 0);
    NAMED(tree->used = 70000, tree->used = 32 + 4 * 8);
    NAMED(tree->used -= 8, tree->used += 8);
    NAMED(sites->used -= 8, sites->used += 8);
    NAMED(builder_chunk_at(&b, 4)->slot = 5, builder_chunk_at(&b, 4)->slot = 0);
    NAMED(builder_chunk_at(&b, 4)->kind = 77, builder_chunk_at(&b, 4)->kind = TRACE_TIMELINE);
    NAMED(builder_chunk_at(&b, 4)->used -= 6, builder_chunk_at(&b, 4)->used += 6);
    NAMED(builder_chunk_at(&b, 3)->magic[0] = 'X', builder_chunk_at(&b, 3)->magic[0] = 'T');
    NAMED(thread->tail_chunk = 2, thread->tail_chunk = 4);
    NAMED(thread->frames_chunk = 9, thread->frames_chunk = TRACE_NONE);
    NAMED(thread->start_ticks = 5, thread->start_ticks = BUILDER_START);
    NAMED(thread->past_ticks = UINT64_MAX / 2, thread->past_ticks = 0);
    NAMED(b.file->chunk_count = 9, b.file->chunk_count = 5);
    NAMED(b.file->state = 9, b.file->state = TRACE_ENDED);
    NAMED(b.file->end_ticks = 3, b.file->end_ticks = BUILDER_START + 2100);
    NAMED(b.file->sample_period = 0, b.file->sample_period = 1);
    NAMED(b.file->clock_last_idx = 2, b.file->clock_last_idx = 0);
    NAMED(b.file->clock_kind = 9, b.file->clock_kind = TRACE_CLOCK_MONOTONIC);
    NAMED(memset(b.file->program, 'x', 256), memset(b.file->program, 0, 256));
    t = open_built(&b);
    assert_sound(t);
    trace_free(t);
    builder_free(&b);
}

static void test_damages_are_bounded(void **state)
{
    trace_builder b;
    size_t listed;
    uint64_t total;
    uint32_t index;
    trace *t;

    (void)state;
    builder_sample(&b);
    builder_chunk(&b, TRACE_ARENA, 0, &index);
    for (int i = 0; i < 500; i++) {
        trace_cell *cell = builder_block(&b, index, sizeof *cell);
        *cell = (trace_cell){.kind = TRACE_CELL, .node = 1000};
    }
    t = open_built(&b);
    trace_damages(t, &listed, &total);
    assert_int_equal(listed, TRACE_DAMAGE_ROOM);
    assert_int_equal(total, 500);
    trace_free(t);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_timeline_records),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_last_span),
        cmocka_unit_test(test_last_span_not_committed),
        cmocka_unit_test(test_last_span_in_timeline),
        cmocka_unit_test(test_open_frames),
        cmocka_unit_test(test_frame_of_last_span),
        cmocka_unit_test(test_frames_in_their_own_chunks),
        cmocka_unit_test(test_tail_wins),
        cmocka_unit_test(test_open_tail),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_unwritten_chunk_is_no_damage),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_header_errors),
        cmocka_unit_test(test_source_errors),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_damages_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
