#include "cmocka_all.h"

#include <string.h>

#include "profile/timeline/profile_slice.h"
#include "trace_builder.h"

static void open_built(loaded *l, const trace_builder *b)
{
    fault f = {0};

    memset(l, 0, sizeof *l);
    l->trace = builder_open(b);
    assert_int_equal(profile_from_trace_nodes(&l->profile, l->trace, &l->info, &l->node_of, &f),
                     THAG_OK);
}

static size_t read_all(timeline *tl, uint32_t thread, timeline_span *spans, size_t room)
{
    size_t count = 0, n;
    thag_err err;

    assert_int_equal(timeline_begin(tl, thread), THAG_OK);
    /* Three at a time: the pieces must not matter. */
    while ((n = timeline_read(tl, spans + count, room - count < 3 ? room - count : 3, &err)) > 0) {
        count += n;
    }
    assert_int_equal(err, THAG_OK);
    return count;
}

static const char *name_of(const loaded *l, const timeline_span *s)
{
    return l->profile->frames[l->profile->frame[s->node]].name;
}

static void assert_span(const timeline_span *s, uint64_t start, uint64_t end, unsigned depth)
{
    assert_int_equal(s->start_ns, start);
    assert_int_equal(s->end_ns, end);
    assert_int_equal(s->depth, depth);
}

static void test_order_and_depth(void **state)
{
    trace_builder b;
    timeline_span s[8];
    timeline *tl;
    loaded l;
    uint32_t f, g, chunk, count;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    g = builder_node(&b, f, builder_site(&b, "g", "a.c", 2, 0));
    builder_thread(&b, 0, 7, "worker");
    builder_cell(&b, 0, f, (uint64_t[]){100}, 1);
    builder_cell(&b, 0, g, (uint64_t[]){20, 30}, 2);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    builder_short(&b, chunk, (uint16_t)g, 40, 20);
    builder_span32(&b, chunk, g, 50, 30);
    builder_short(&b, chunk, (uint16_t)f, 10, 100);
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    assert_int_equal(timeline_end_ns(tl), 500);
    assert_int_equal(timeline_threads(tl, &count)[0].depth_count, 2);
    assert_int_equal(read_all(tl, 0, s, 8), 3);
    assert_span(&s[0], 20, 40, 1);
    assert_span(&s[1], 60, 90, 1);
    assert_span(&s[2], 0, 100, 0);
    assert_string_equal(name_of(&l, &s[0]), "g");
    assert_string_equal(name_of(&l, &s[2]), "f");
    /* A second reading is the same, and meets the same owner. */
    assert_int_equal(read_all(tl, 0, s, 8), 3);
    assert_int_equal(s[0].owner, 0);
    assert_string_equal(timeline_owners(tl, &count)[0].name, "worker");
    assert_int_equal(count, 1);
    assert_int_equal(timeline_owners(tl, &count)[0].end_ns, 100);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

static void test_owners(void **state)
{
    trace_builder b;
    timeline_span s[8];
    const timeline_owner *owners;
    timeline *tl;
    loaded l;
    uint32_t f, chunk, count;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    builder_thread(&b, 0, 9, "last")->thread_count = 2;
    builder_cell(&b, 0, f, (uint64_t[]){5, 5}, 2);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    ((trace_timeline *)(void *)(builder_chunk_at(&b, chunk) + 1))->tid = 8;
    builder_short(&b, chunk, (uint16_t)f, 10, 5);
    builder_owner(&b, chunk, 9, 100, "last");
    builder_short(&b, chunk, (uint16_t)f, 10, 5);
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    assert_int_equal(read_all(tl, 0, s, 8), 2);
    owners = timeline_owners(tl, &count);
    assert_int_equal(count, 2);
    assert_int_equal(owners[s[0].owner].tid, 8);
    assert_int_equal(owners[s[1].owner].tid, 9);
    assert_string_equal(owners[1].name, "last");
    assert_int_equal(owners[1].start_ns, 115);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

/* Open when the trace ended: after all others, from the outermost inwards. */
static void test_open_spans(void **state)
{
    trace_builder b;
    timeline_span s[8];
    timeline *tl;
    loaded l;
    trace_frame *frames;
    uint32_t f, g, count;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    g = builder_node(&b, f, builder_site(&b, "g", "a.c", 2, 0));
    builder_thread(&b, 0, 7, "worker");
    frames = builder_frames(&b, 0);
    frames[1].start_ticks = BUILDER_START + 100;
    frames[1].node = f;
    frames[2].start_ticks = BUILDER_START + 300;
    frames[2].node = g;
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    assert_int_equal(timeline_threads(tl, &count)[0].open, 2);
    assert_int_equal(read_all(tl, 0, s, 8), 2);
    assert_span(&s[0], 100, 500, 0);
    assert_span(&s[1], 300, 500, 1);
    assert_true(s[0].is_open && s[1].is_open);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

/* Whatever a file says, a moment lies within the session and a span does not end before it starts. */
static void test_times_are_held(void **state)
{
    trace_builder b;
    timeline_span s[8];
    timeline *tl;
    loaded l;
    uint32_t f, chunk;
    size_t n;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    builder_thread(&b, 0, 7, "worker");
    builder_cell(&b, 0, f, (uint64_t[]){5, 5}, 2);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    builder_span64(&b, chunk, f, 10, BUILDER_START);
    builder_span64(&b, chunk, f, UINT64_C(1) << 60, 10);
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    n = read_all(tl, 0, s, 8);
    for (size_t i = 0; i < n; i++) {
        assert_true(s[i].start_ns <= s[i].end_ns);
        assert_true(s[i].end_ns <= 500);
    }
    assert_int_equal(n, 2);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

/* Two tasks take turns on a thread: each has a group of its own, and its span begins where it did, for
   all that it waited. */
static void test_tasks(void **state)
{
    trace_builder b;
    timeline_span s[8];
    timeline *tl;
    loaded l;
    uint32_t f, g, chunk;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    g = builder_node(&b, 0, builder_site(&b, "g", "a.c", 2, 0));
    builder_thread(&b, 0, 7, "worker")->turn.task_ticks = 70;
    builder_cell(&b, 0, f, (uint64_t[]){30}, 1);
    builder_cell(&b, 0, g, (uint64_t[]){40}, 1);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    builder_switch(&b, chunk, 100, 1); /* 1 runs from 100 to 110, 2 to 150, 1 again to 170 */
    builder_switch(&b, chunk, 10, 2);
    builder_short(&b, chunk, (uint16_t)g, 40, 40);
    builder_switch(&b, chunk, 0, 1);
    builder_short(&b, chunk, (uint16_t)f, 20, 30);
    builder_task_end(&b, chunk, 0,
                     &(trace_task_end){.id = 1,
                                       .begin_ticks = BUILDER_START + 100,
                                       .end_ticks = BUILDER_START + 170,
                                       .shift_ticks = 40,
                                       .node = f});
    builder_task_end(&b, chunk, 0,
                     &(trace_task_end){.id = 2,
                                       .begin_ticks = BUILDER_START + 110,
                                       .end_ticks = BUILDER_START + 150,
                                       .shift_ticks = 0,
                                       .node = g});
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(read_all(tl, 0, s, 8), 2);
        assert_span(&s[0], 110, 150, 0);
        assert_int_equal(s[0].begun_ns, 110);
        assert_span(&s[1], 140, 170, 0);
        assert_int_equal(s[1].begun_ns, 100);
        assert_int_equal(s[1].group, 1);
        assert_int_equal(s[0].group, 2);
    }
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

static int64_t self_of(const profile *p, const char *name)
{
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (strcmp(p->frames[p->frame[n]].name, name) == 0) return p->self[n];
    }
    fail_msg("no %s", name);
    return 0;
}

/* What a task ran is not taken off the span that began it, on the same thread or on another, and a part
   that is the whole run has what the counters have. */
static void test_part_with_a_task(void **state)
{
    trace_builder b;
    profile *part;
    loaded l;
    uint32_t f, task, chunk;

    (void)state;
    builder_init(&b);
    f = builder_node(&b, 0, builder_site(&b, "f", "a.c", 1, 0));
    task = builder_node(&b, f,
                        builder_site_of(&b, "task", "a.c", 2, TRACE_SITE_ASYNC, TRACE_SITE_TASK));
    builder_thread(&b, 0, 7, "worker")->turn.task_ticks = 30;
    builder_cell(&b, 0, f, (uint64_t[]){100}, 1);
    builder_cell(&b, 0, task, (uint64_t[]){30}, 1);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    builder_short(&b, chunk, (uint16_t)f, 100, 100);
    builder_switch(&b, chunk, 50, 1);
    builder_short(&b, chunk, (uint16_t)task, 30, 30);
    builder_task_end(&b, chunk, 0,
                     &(trace_task_end){.id = 1,
                                       .begin_ticks = BUILDER_START + 150,
                                       .end_ticks = BUILDER_START + 180,
                                       .node = task});
    builder_end(&b, BUILDER_START + 500);
    open_built(&l, &b);
    assert_int_equal(profile_slice(&part, &l, &(slice_opts){0}, NULL, NULL), THAG_OK);
    assert_int_equal(self_of(l.profile, "f"), 100);
    assert_int_equal(self_of(part, "f"), 100);
    assert_int_equal(self_of(part, "async::task"), 30);
    profile_free(part);
    loaded_close(&l);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_depth), cmocka_unit_test(test_owners),
        cmocka_unit_test(test_open_spans),      cmocka_unit_test(test_times_are_held),
        cmocka_unit_test(test_tasks),           cmocka_unit_test(test_part_with_a_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
