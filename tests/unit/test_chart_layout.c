#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "output/picture/chart_layout.h"
#include "trace_builder.h"

#define SPANS 3000

/* Sums over all blocks, and what must hold of each row. */
static void sum_blocks(const chart *c, uint64_t *spans, uint64_t *busy)
{
    size_t blocks = 0;

    *spans = *busy = 0;
    for (uint32_t i = 0; i < c->lane_count; i++) {
        for (uint32_t r = 0; r < c->lanes[i].row_count; r++) {
            const chart_row *row = &c->lanes[i].rows[r];

            for (size_t k = 0; k < row->count; k++) {
                const chart_block *b = &row->blocks[k];

                assert_true(b->start_ns <= b->end_ns);
                assert_true(b->start_ns >= c->from_ns && b->end_ns <= c->to_ns);
                if (k) assert_true(b->start_ns >= b[-1].end_ns);
                *spans += b->count;
                *busy += b->busy_ns;
            }
            blocks += row->count;
        }
    }
    assert_int_equal(blocks, c->block_count);
}

static void open_built(loaded *l, const trace_builder *b)
{
    fault why = {0};

    memset(l, 0, sizeof *l);
    l->trace = builder_open(b);
    assert_int_equal(profile_from_trace_nodes(&l->profile, l->trace, &l->info, &l->node_of, &why),
                     THAG_OK);
}

/* f with SPANS short calls of g, of 1 to 7 ns, and one call of h that is long. */
static void build(trace_builder *b, loaded *l)
{
    uint64_t durations[SPANS];
    uint32_t f, g, h, chunk;

    builder_init(b);
    f = builder_node(b, 0, builder_site(b, "f", "a.c", 1, 0));
    g = builder_node(b, f, builder_site(b, "g", "a.c", 2, 0));
    h = builder_node(b, f, builder_site(b, "h", "a.c", 3, 0));
    builder_thread(b, 0, 7, "worker");
    for (unsigned i = 0; i < SPANS; i++) durations[i] = 1 + i % 7;
    builder_cell(b, 0, f, (uint64_t[]){50000}, 1);
    builder_cell(b, 0, g, durations, SPANS);
    builder_cell(b, 0, h, (uint64_t[]){10000}, 1);
    chunk = builder_timeline(b, 0, 0, BUILDER_START);
    for (unsigned i = 0; i < SPANS; i++)
        builder_short(b, chunk, (uint16_t)g, 10, (uint16_t)durations[i]);
    builder_short(b, chunk, (uint16_t)h, 15000, 10000);
    builder_short(b, chunk, (uint16_t)f, 5000, 50000);
    builder_end(b, BUILDER_START + 60000);
    open_built(l, b);
}

static void assert_totals(const chart_opts *opts, uint64_t spans, uint64_t busy, size_t most)
{
    trace_builder b;
    timeline *tl;
    loaded l;
    chart *c;
    uint64_t found_spans, found_busy;

    build(&b, &l);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    assert_int_equal(chart_build(&c, tl, l.profile, opts, NULL), THAG_OK);
    sum_blocks(c, &found_spans, &found_busy);
    assert_int_equal(found_spans, spans);
    assert_int_equal(c->spans, spans);
    assert_int_equal(found_busy, busy);
    assert_true(c->block_count <= most);
    chart_free(c);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

static uint64_t short_calls(unsigned from, unsigned to)
{
    uint64_t sum = 0;

    for (unsigned i = from; i < to; i++) sum += 1 + i % 7;
    return sum;
}

/* However coarse it is drawn, numbers and times stay true. */
static void test_totals_stay(void **state)
{
    uint64_t all = short_calls(0, SPANS) + 10000 + 50000;

    (void)state;
    assert_totals(NULL, SPANS + 2, all, 1500);
    assert_totals(&(chart_opts){.min_width_px = 0.001}, SPANS + 2, all, SPANS + 2);
    assert_totals(&(chart_opts){.min_width_px = 0.001, .max_blocks = 100}, SPANS + 2, all, 100);
    assert_totals(&(chart_opts){.max_blocks = 3}, SPANS + 2, all, 4);
}

/* What lies across an end of the range counts with its part. */
static void test_range(void **state)
{
    (void)state;
    /* g's end at 10, 20, 30...; f runs from 0, h from 35000. */
    assert_totals(&(chart_opts){.from_ns = 30000, .to_ns = 40000}, 3, 1 + 5000 + 10000 - 1, 10);
    assert_totals(&(chart_opts){.from_ns = 101, .to_ns = 120}, 3, 4 + 5 + 19, 10);
}

static int only_nine(const void *context, uint32_t tid, const char *name)
{
    (void)context;
    (void)name;
    return tid == 9;
}

static void test_threads(void **state)
{
    (void)state;
    assert_totals(&(chart_opts){.wants = only_nine}, 0, 0, 0);
}

/* Task 1 runs f: from 100 to 110 on thread 7, from 150 to 180 on thread 9, where f ends; in f, on thread 9, g
   from 155 to 165. Task 2 runs g from 110 to 115 on thread 7. */
static void build_tasks(trace_builder *b, loaded *l)
{
    uint32_t f, g, g2, chunk;

    builder_init(b);
    f = builder_node(b, 0, builder_site_of(b, "f", "a.c", 1, TRACE_SITE_ASYNC, TRACE_SITE_TASK));
    g = builder_node(b, f, builder_site(b, "g", "a.c", 2, 0));
    g2 = builder_node(b, 0, builder_site_of(b, "h", "a.c", 3, TRACE_SITE_ASYNC, TRACE_SITE_TASK));
    builder_thread(b, 0, 7, "first")->turn.task_ticks = 15;
    builder_thread(b, 1, 9, "second")->turn.task_ticks = 30;
    builder_cell(b, 1, f, (uint64_t[]){40}, 1);
    builder_cell(b, 1, g, (uint64_t[]){10}, 1);
    builder_cell(b, 0, g2, (uint64_t[]){5}, 1);
    chunk = builder_timeline(b, 0, 0, BUILDER_START);
    builder_switch(b, chunk, 100, 1);
    builder_switch(b, chunk, 10, 2);
    builder_short(b, chunk, (uint16_t)g2, 5, 5);
    builder_task_end(b, chunk, 0,
                     &(trace_task_end){.id = 2,
                                       .begin_ticks = BUILDER_START + 110,
                                       .end_ticks = BUILDER_START + 115,
                                       .node = g2});
    builder_switch(b, chunk, 0, 0);
    chunk = builder_timeline(b, 1, 0, BUILDER_START);
    builder_switch(b, chunk, 150, 1);
    builder_short(b, chunk, (uint16_t)g, 15, 10);
    builder_short(b, chunk, (uint16_t)f, 15, 40);
    builder_task_end(b, chunk, 0,
                     &(trace_task_end){.id = 1,
                                       .begin_ticks = BUILDER_START + 90,
                                       .end_ticks = BUILDER_START + 180,
                                       .shift_ticks = 50,
                                       .node = f});
    builder_switch(b, chunk, 0, 0);
    builder_end(b, BUILDER_START + 1000);
    open_built(l, b);
}

static void assert_block(const chart_row *row, uint64_t start, uint64_t end, uint64_t busy)
{
    assert_int_equal(row->count, 1);
    assert_int_equal(row->blocks[0].start_ns, start);
    assert_int_equal(row->blocks[0].end_ns, end);
    assert_int_equal(row->blocks[0].busy_ns, busy);
}

/* The task that ran longest has a lane of its own, on which its spans are from their begin, wherever that was;
   the other stays in that of its thread. */
static void test_single_tasks(void **state)
{
    trace_builder b;
    task_turns *turns;
    timeline *tl;
    loaded l;
    chart *c;
    uint64_t spans, busy;

    (void)state;
    build_tasks(&b, &l);
    assert_int_equal(timeline_new(&tl, &l, NULL), THAG_OK);
    assert_int_equal(task_turns_new(&turns, tl), THAG_OK);
    assert_int_equal(task_turns_ran_ns(turns, 0, 0, 1000), 40);
    assert_int_equal(task_turns_ran_ns(turns, 0, 105, 160), 5 + 10);
    assert_int_equal(task_turns_begun_ns(turns, 0, 180, 35), 105);
    assert_int_equal(task_turns_begun_ns(turns, 0, 180, 5000), 100);
    assert_int_equal(
        chart_build(&c, tl, l.profile,
                    &(chart_opts){.min_width_px = 0.01, .turns = turns, .max_tasks = 1}, NULL),
        THAG_OK);
    sum_blocks(c, &spans, &busy);
    assert_int_equal(spans, 3);
    assert_int_equal(busy, 55);
    assert_int_equal(c->lane_count, 2);
    assert_int_equal(c->task_count, 1);
    assert_int_equal(c->more_tasks, 1);
    assert_int_equal(c->first_task, 0);
    assert_int_equal(c->lanes[0].task, 0);
    assert_int_equal(c->lanes[0].row_count, 2);
    assert_block(&c->lanes[0].rows[0], 100, 180, 40);
    assert_block(&c->lanes[0].rows[1], 155, 165, 10);
    assert_int_equal(c->lanes[1].group, 2);
    assert_block(&c->lanes[1].rows[0], 110, 115, 5);
    chart_free(c);
    task_turns_free(turns);
    timeline_free(tl);
    loaded_close(&l);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals_stay),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_single_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
