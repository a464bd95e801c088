/* Where threads were begun: what a reader makes of the records, and of damaged ones. */
#include "cmocka_all.h"

#include <string.h>

#include "trace/trace_reader.h"
#include "trace_builder.h"

enum { MAIN = 1, AT = BUILDER_START };

/* Slot 0 is main's, which began a thread that has ended, and the one that has slot 1 still. */
static trace_chunk *build(trace_builder *b)
{
    uint32_t index;
    trace_chunk *chunk;
    trace_origin *r;

    builder_init(b);
    builder_node(b, 0, builder_site(b, "main", "m.c", 1, 0));
    builder_thread(b, 0, 7, "main");
    builder_thread(b, 1, 9, "second")->thread_count = 2;
    chunk = builder_chunk(b, TRACE_ORIGINS, TRACE_NONE, &index);
    r = (trace_origin *)(void *)(chunk + 1);
    r[0] = (trace_origin){.slot = 1,
                          .number = 1,
                          .tid = 8,
                          .node = MAIN,
                          .spawner_tid = 7,
                          .spawner_number = 1,
                          .spawner = 3,
                          .asked_ticks = AT + 10,
                          .start_ticks = AT + 20,
                          .end_ticks = AT + 30,
                          .name = "first of all 16."};
    r[1] = (trace_origin){.slot = 1,
                          .number = 2,
                          .tid = 9,
                          .spawner_tid = 7,
                          .spawner_slot = TRACE_NONE,
                          .asked_ticks = AT + 51,
                          .start_ticks = AT + 50,
                          .name = "as it began"};
    chunk->used = sizeof *chunk + 2 * sizeof *r;
    builder_end(b, AT + 100);
    return chunk;
}

static trace *open_built(const trace_builder *b, uint64_t damages)
{
    trace_source source;
    fault f = {0};
    trace *t = NULL;
    size_t listed;
    uint64_t total;

    assert_int_equal(trace_source_bytes(&source, b->bytes, builder_size(b)), THAG_OK);
    if (trace_open_source(&t, &source, &f)) fail_msg("%s", f.what);
    trace_damages(t, &listed, &total);
    assert_int_equal(total, damages);
    return t;
}

static void each_is_read(void **state)
{
    const trace_origin_info *o;
    trace_builder b;
    size_t count;
    trace *t;

    (void)state;
    build(&b);
    t = open_built(&b, 0);
    o = trace_origins(t, &count);
    assert_int_equal(count, 2);
    assert_int_equal(o[0].tid, 8);
    assert_int_equal(o[0].node, MAIN);
    assert_int_equal(o[0].spawner, 3);
    assert_int_equal(o[0].asked_ticks, AT + 10);
    assert_int_equal(o[0].end_ticks, AT + 30);
    assert_string_equal(o[0].name, "first of all 16.");
    /* Of the thread that has its slot still, the slot knows the end and the name. */
    assert_int_equal(o[1].spawner_slot, TRACE_NONE);
    assert_int_equal(o[1].asked_ticks, AT + 50);
    assert_int_equal(o[1].end_ticks, AT + 100);
    assert_string_equal(o[1].name, "second");
    trace_free(t);
    builder_free(&b);
}

static void damaged_ones_are_named_and_skipped(void **state)
{
    static const struct {
        size_t offset;
        uint64_t value;
        size_t bytes;
    } wrong[] = {{offsetof(trace_origin, node), 2, 4},
                 {offsetof(trace_origin, number), 0, 4},
                 {offsetof(trace_origin, spawner_tid), 0, 4},
                 {offsetof(trace_origin, asked_ticks), AT - 1, 8},
                 {offsetof(trace_origin, asked_ticks), UINT64_MAX, 8},
                 {offsetof(trace_origin, start_ticks), 0, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        trace_builder b;
        trace_chunk *chunk = build(&b);
        size_t count;
        trace *t;

        memcpy((char *)(chunk + 1) + wrong[i].offset, &wrong[i].value, wrong[i].bytes);
        t = open_built(&b, 1);
        assert_int_equal(trace_origins(t, &count)[0].tid, 9);
        assert_int_equal(count, 1);
        trace_free(t);
        builder_free(&b);
    }
}

/* A record that was being appended is none yet; times beyond the end are cut. */
static void what_was_cut_off(void **state)
{
    trace_builder b;
    trace_chunk *chunk = build(&b);
    trace_origin *r = (trace_origin *)(void *)(chunk + 1);
    size_t count;
    trace *t;

    (void)state;
    chunk->used -= 1;
    r[0].end_ticks = r[0].start_ticks = AT + 5000;
    t = open_built(&b, 0);
    assert_int_equal(trace_origins(t, &count)->end_ticks, AT + 100);
    assert_int_equal(trace_origins(t, &count)->start_ticks, AT + 100);
    assert_int_equal(count, 1);
    trace_free(t);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_read),
                                       cmocka_unit_test(damaged_ones_are_named_and_skipped),
                                       cmocka_unit_test(what_was_cut_off)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
