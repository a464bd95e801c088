#include "cmocka_all.h"

#include <string.h>

#include "profile/load/heap_time.h"
#include "trace_builder.h"

/* A heap over time with slices of 16 ticks. */
static trace_heap_slice *add_slices(trace_builder *b, trace_heap **heap)
{
    uint32_t index;
    trace_chunk *chunk = builder_chunk(b, TRACE_HEAP, TRACE_NONE, &index);

    *heap = (trace_heap *)(chunk + 1);
    (*heap)->mode = TRACE_HEAP_LIVE;
    (*heap)->since_ticks = BUILDER_START;
    (*heap)->length_log2 = 4;
    chunk->used = TRACE_HEAP_SLICES_POS + TRACE_HEAP_SLICES * sizeof(trace_heap_slice);
    return (trace_heap_slice *)(void *)((char *)chunk + TRACE_HEAP_SLICES_POS);
}

static const trace_heap_slice slice_a = {.last = 5, .min = 2, .max = 9, .moments = 3, .blocks = 2};
static const trace_heap_slice slice_b = {.last = 7, .min = 4, .max = 12, .moments = 1};

static void slices_are_read(void **state)
{
    trace_builder b;
    trace_heap *heap;
    (void)state;

    builder_sample(&b);
    trace_heap_slice *slices = add_slices(&b, &heap);
    heap->peak_ticks = BUILDER_START + 20;
    heap->skipped = 4;
    heap->step_max = 96;
    slices[0] = slice_a;
    slices[1] = slice_b;
    trace *t = builder_open(&b);
    const trace_heap_time *time = trace_heap_time_of(t);
    assert_int_equal(time->count, TRACE_HEAP_SLICES);
    assert_int_equal(time->length_log2, 4);
    assert_int_equal(time->since_ticks, BUILDER_START);
    assert_int_equal(time->peak_ticks, BUILDER_START + 20);
    assert_int_equal(time->skipped, 4);
    assert_int_equal(time->step_bytes, 96);
    assert_memory_equal(&time->slices[0], &slice_a, sizeof slice_a);
    assert_memory_equal(&time->slices[1], &slice_b, sizeof slice_b);
    trace_free(t);
    builder_free(&b);
}

/* A process that died while it joined its slices, after each of the steps that it may have got to. */
static void joining_is_completed(void **state)
{
    const uint32_t half = TRACE_HEAP_SLICES / 2;
    (void)state;

    for (uint32_t done = 0; done <= half; done += done < 3 || done > half - 3 ? 1 : 100) {
        trace_builder b;
        trace_heap *heap;

        builder_sample(&b);
        trace_heap_slice *slices = add_slices(&b, &heap);
        for (uint32_t i = 0; i < half; i++) {
            slices[2 * i] = i % 3 ? slice_a : (trace_heap_slice){0};
            slices[2 * i + 1] = i % 2 ? slice_b : (trace_heap_slice){0};
        }
        for (uint32_t i = 0; i < done; i++) {
            trace_heap_slice *to = &slices[i], first = slices[2 * i], second = slices[2 * i + 1];
            *to = first.moments ? first : second;
            if (first.moments && second.moments) *to = (trace_heap_slice){7, 2, 12, 4, 2};
        }
        heap->joined = done + 1;
        trace *t = builder_open(&b);
        const trace_heap_time *time = trace_heap_time_of(t);
        assert_int_equal(time->length_log2, 5);
        for (uint32_t i = 0; i < half; i++) {
            assert_int_equal(time->slices[i].moments, (i % 3 ? 3 : 0) + (i % 2 ? 1 : 0));
            if (i % 6 == 1 || i % 6 == 5) assert_int_equal(time->slices[i].max, 12);
            assert_int_equal(time->slices[half + i].moments, 0);
        }
        trace_free(t);
        builder_free(&b);
    }
}

static void damaged_slices_are_left_out(void **state)
{
    static const trace_heap_slice damaged[] = {{.last = 1, .min = 2, .max = 3, .moments = 1},
                                               {.last = 4, .min = 2, .max = 3, .moments = 1},
                                               {.last = 2, .min = 3, .max = 2, .moments = 1},
                                               {.max = UINT64_MAX, .moments = 1},
                                               {.moments = 1, .blocks = UINT64_MAX}};
    trace_builder b;
    trace_heap *heap;
    size_t listed;
    uint64_t total;
    (void)state;

    builder_sample(&b);
    trace_heap_slice *slices = add_slices(&b, &heap);
    for (size_t i = 0; i < 5; i++) slices[i] = damaged[i];
    slices[5] = slice_a;
    trace *t = builder_open(&b);
    const trace_heap_time *time = trace_heap_time_of(t);
    assert_string_equal(trace_damages(t, &listed, &total)[1].what,
                        "heap over time: slice 1 not between its bounds");
    assert_int_equal(total, 5);
    for (size_t i = 0; i < 5; i++) assert_int_equal(time->slices[i].moments, 0);
    assert_int_equal(time->slices[5].moments, 3);
    trace_free(t);

    heap->length_log2 = 60;
    t = builder_open(&b);
    assert_int_equal(trace_heap_time_of(t)->count, 0);
    trace_damages(t, &listed, &total);
    assert_int_equal(total, 1);
    trace_free(t);
    builder_free(&b);
}

/* ---- as points ---- */

static heap_time *points_of(const trace_builder *b)
{
    trace *t = builder_open(b);
    heap_time *h;

    assert_int_equal(heap_time_new(&h, t, NULL), THAG_OK);
    trace_free(t);
    return h;
}

/* Two slices, of which the second is where the peak was, and nothing live at the end. */
static heap_time *example(trace_builder *b)
{
    trace_heap *heap;
    heap_time *h;

    builder_sample(b);
    trace_heap_slice *slices = add_slices(b, &heap);
    heap->peak = 20;
    heap->peak_ticks = BUILDER_START + 40;
    slices[0] = slice_a;
    slices[2] = slice_b;
    h = points_of(b);
    builder_free(b);
    return h;
}

static void points_have_start_peak_and_end(void **state)
{
    trace_builder b;
    heap_time *h = example(&b);
    (void)state;

    assert_int_equal(h->count, 4);
    assert_int_equal(h->points[0].last, 0);
    assert_int_equal(h->points[1].start_ns, 0);
    assert_int_equal(h->points[1].end_ns, 16);
    assert_int_equal(h->points[1].last, 5);
    assert_true(h->points[1].has_blocks);
    assert_int_equal(h->points[1].blocks, 1);
    assert_false(h->points[2].has_blocks);
    assert_int_equal(h->peak_ns, 40);
    assert_int_equal(h->points[2].max, 20);
    assert_int_equal(h->points[3].start_ns, h->end_ns);
    assert_int_equal(h->points[3].last, 0);
    heap_time_free(h);
}

static void columns_carry_on(void **state)
{
    static const heap_column expected[] = {{0, 9, 5}, {4, 20, 7}, {4, 20, 7}, {7, 7, 7}};
    trace_builder b;
    heap_time *h = example(&b);
    heap_column columns[4];
    (void)state;

    heap_time_columns(h, 0, 80, columns, 4); /* of 20 ns; the slices are 0 to 16 and 32 to 48 */
    for (size_t i = 0; i < 4; i++) assert_memory_equal(&columns[i], &expected[i], sizeof *expected);
    heap_time_columns(h, 0, 80, columns, 1);
    assert_int_equal(columns[0].max, 20);
    heap_time_free(h);
}

static void without_slices_there_is_none(void **state)
{
    trace_builder b;
    heap_time *h;
    fault f = {0};
    (void)state;

    builder_sample(&b);
    trace *t = builder_open(&b);
    assert_int_equal(heap_time_new(&h, t, &f), THAG_ERR_EMPTY);
    assert_string_equal(f.what, "memory was not recorded");
    assert_null(h);
    trace_free(t);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_read),
        cmocka_unit_test(joining_is_completed),
        cmocka_unit_test(damaged_slices_are_left_out),
        cmocka_unit_test(points_have_start_peak_and_end),
        cmocka_unit_test(columns_carry_on),
        cmocka_unit_test(without_slices_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
