/* Records of tasks: what a reader completes, and what it makes of damaged ones. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_trace.h"
#include "trace/trace_reader.h"
#include "trace_builder.h"

enum { MAIN = 1, JOB = 2, WORK = 3 };

/* main, which began tasks "job", and "work" in those; main has been open since the start of the session. */
static void begin_trace(trace_builder *b)
{
    uint32_t site;

    builder_init(b);
    site = builder_site(b, "main", "m.c", 1, 0);
    builder_node(b, 0, site);
    site = builder_site_of(b, "job", "m.c", 2, TRACE_SITE_ASYNC, TRACE_SITE_TASK);
    builder_node(b, MAIN, site);
    site = builder_site(b, "work", "m.c", 3, 0);
    builder_node(b, JOB, site);
    builder_thread(b, 0, 7, "main")->start_ticks = BUILDER_START;
    builder_frames(b, 0)[1] = (trace_frame){.start_ticks = BUILDER_START, .node = MAIN};
}

static uint64_t damage_count(const trace *t)
{
    size_t listed;
    uint64_t total;

    trace_damages(t, &listed, &total);
    return total;
}

static uint64_t open_ticks(const trace *t, uint32_t node)
{
    size_t count;
    const trace_path *paths = trace_paths(t, &count);
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        if (paths[i].node == node) sum += paths[i].open_ticks;
    return sum;
}

static const trace_task_info *tasks_of(trace *t, size_t expected)
{
    const trace_task_info *tasks;
    size_t count;

    assert_int_equal(trace_tasks(t, &tasks, &count), THAG_OK);
    assert_int_equal(count, expected);
    return tasks;
}

/* ---- half a switch ---- */

/* What of the session's 1000 ticks is whose; all of it is somebody's, and nothing is two's. */
static void assert_shared(trace_builder *b, uint64_t of_main, uint64_t of_job)
{
    size_t count;
    trace *t;

    builder_end(b, BUILDER_START + 1000);
    t = builder_open(b);
    assert_int_equal(damage_count(t), 0);
    assert_int_equal(open_ticks(t, MAIN), of_main);
    assert_int_equal(open_ticks(t, JOB), of_job);
    assert_int_equal(trace_threads(t, &count)->task_ticks, 1000 - of_main);
    trace_free(t);
    builder_free(b);
}

/* The thread itself was suspended at 100, and nobody runs: so it does. */
static void test_thread_left(void **state)
{
    trace_builder b;
    trace_task *task;

    (void)state;
    begin_trace(&b);
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 100;
    task = builder_task(&b, 1, JOB, TRACE_NONE); /* never ran */
    task->turn.since_ticks = BUILDER_START + 40;
    task->begin_ticks = BUILDER_START + 40;
    assert_shared(&b, 1000, 0);
}

/* It ran a task from 100 on, which was suspended at 300. */
static void test_task_left(void **state)
{
    trace_builder b;
    trace_task *task;

    (void)state;
    begin_trace(&b);
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 100;
    task = builder_task(&b, 1, JOB, 0);
    task->begin_ticks = BUILDER_START + 100;
    task->turn.since_ticks = BUILDER_START + 300;
    assert_shared(&b, 800, 200);
}

/* Of two, the second was suspended last. Another slot's says nothing of this one. */
static void test_last_of_tasks_left(void **state)
{
    trace_builder b;
    static const uint64_t since[] = {200, 350, 900};

    (void)state;
    begin_trace(&b);
    builder_thread(&b, 1, 8, "other")->start_ticks = BUILDER_START;
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 100;
    for (uint32_t i = 0; i < 3; i++) {
        trace_task *task = builder_task(&b, i + 1, JOB, i / 2);
        task->begin_ticks = BUILDER_START + since[i] - 50;
        task->turn.since_ticks = BUILDER_START + since[i];
    }
    assert_shared(&b, 750, 150);
}

/* The thread goes on since 300, which its task's time has taken in already, but not its shift. */
static void test_thread_half_resumed(void **state)
{
    trace_builder b;
    trace_task *task;
    trace_turn *turn;

    (void)state;
    begin_trace(&b);
    turn = builder_turn(&b, 0);
    turn->shift_ticks = 30; /* it ran one before */
    turn->since_ticks = BUILDER_START + 100;
    turn->task_ticks = 30 + 200;
    turn->task_shift = 30 + 200;
    task = builder_task(&b, 1, JOB, 0);
    task->begin_ticks = BUILDER_START + 100;
    task->turn.since_ticks = BUILDER_START + 300;
    assert_shared(&b, 770, 200);
}

/* While a task runs, the thread does not. */
static void test_task_runs(void **state)
{
    trace_builder b;

    (void)state;
    begin_trace(&b);
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 100;
    builder_task(&b, 1, JOB, 0)->begin_ticks = BUILDER_START + 100;
    assert_shared(&b, 100, 900);
}

/* The task was counted out at 250, but has its record still. */
static void test_task_counted_out(void **state)
{
    static const uint64_t durations[] = {150};
    trace_builder b;
    const trace_task_info *task;
    size_t count;
    trace *t;

    (void)state;
    begin_trace(&b);
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 100;
    builder_last(&b, 0, builder_cell(&b, 0, JOB, durations, 1), 150, 1, BUILDER_START + 250);
    builder_task(&b, 9, JOB, 0)->begin_ticks = BUILDER_START + 100;
    builder_end(&b, BUILDER_START + 1000);
    t = builder_open(&b);
    assert_int_equal(open_ticks(t, MAIN), 850);
    assert_int_equal(open_ticks(t, JOB), 0);
    assert_int_equal(trace_threads(t, &count)->task_ticks, 150);
    task = tasks_of(t, 1);
    assert_true(task->has_ended);
    assert_int_equal(task->end_ticks, BUILDER_START + 250);
    trace_free(t);
    builder_free(&b);
}

/* Killed: the moment at which the thread was suspended is the latest that is known. */
static void test_latest_moment(void **state)
{
    trace_builder b;
    size_t count;
    trace *t;

    (void)state;
    begin_trace(&b);
    builder_turn(&b, 0)->since_ticks = BUILDER_START + 700;
    t = builder_open(&b);
    assert_int_equal(trace_threads(t, &count)->end_ticks, BUILDER_START + 700);
    assert_int_equal(open_ticks(t, MAIN), 700);
    trace_free(t);
    builder_free(&b);
}

/* ---- damage ---- */

/* Whatever a record says, the rest can be read, and the profile is sound. */
static void assert_read(trace_builder *b, uint64_t damages, size_t tasks)
{
    profile *p = NULL;
    trace *t;

    builder_end(b, BUILDER_START + 1000);
    t = builder_open(b);
    tasks_of(t, tasks);
    assert_int_equal(damage_count(t), damages);
    assert_int_equal(profile_from_trace(&p, t, NULL, NULL), THAG_OK);
    for (uint32_t n = 1; n < p->node_count; n++) assert_true(p->self[n] >= 0);
    profile_free(p);
    trace_free(t);
    builder_free(b);
}

#define DAMAGED(damages, tasks, change) \
    do { \
        trace_builder b; \
        trace_task *task; \
        begin_trace(&b); \
        task = builder_task(&b, 1, JOB, 0); \
        (void)task; \
        change; \
        assert_read(&b, damages, tasks); \
    } while (0)

static void test_damaged_records(void **state)
{
    (void)state;
    DAMAGED(0, 1, (void)0);
    DAMAGED(0, 0, task->id = 0);
    DAMAGED(1, 0, task->node = 0);
    DAMAGED(1, 0, task->node = 4);
    DAMAGED(1, 0, task->node = UINT32_MAX);
    DAMAGED(1, 0, task->begin_ticks = 0);
    DAMAGED(1, 0, task->begin_ticks = UINT64_MAX);
    DAMAGED(1, 0, task->turn.since_ticks = UINT64_MAX);
    DAMAGED(0, 1, task->turn.shift_ticks = UINT64_MAX);
    DAMAGED(0, 1, task->slot = 1000);
    DAMAGED(0, 1, task->spawner = task->id); /* in a circle */
    DAMAGED(0, 2, task->spawner = 2; builder_task(&b, 2, JOB, 0)->spawner = 1);
    DAMAGED(0, 2, builder_task(&b, 1, JOB, 0)); /* two of one number */
    DAMAGED(1, 1, task->frames_chunk = 1000);
    DAMAGED(1, 1, (task->frames_chunk = 1, task->frames_pos = UINT16_MAX, task->frame_count = 4));
    DAMAGED(0, 0, builder_chunk_at(&b, b.task_chunk)->used = TRACE_TASKS_POS + 127);
    DAMAGED(0, 1, builder_chunk_at(&b, b.task_chunk)->used += 64);
}

static void test_damaged_turn(void **state)
{
    (void)state;
    DAMAGED(1, 1, builder_turn(&b, 0)->since_ticks = UINT64_MAX);
    DAMAGED(0, 1, builder_turn(&b, 0)->task_ticks = UINT64_MAX);
    DAMAGED(1, 1,
            *builder_turn(&b, 0) =
                ((trace_turn){.since_ticks = BUILDER_START + 1, .task_shift = UINT64_MAX}));
    DAMAGED(1, 1,
            *builder_turn(&b, 0) =
                ((trace_turn){.since_ticks = BUILDER_START + 1, .shift_ticks = UINT64_MAX}));
}

static trace_frame *frames_chunk(trace_builder *b, trace_task *task)
{
    trace_chunk *chunk = builder_chunk(b, TRACE_TASK_FRAMES, TRACE_NONE, &task->frames_chunk);

    chunk->used = TRACE_CHUNK_BYTES;
    task->frames_pos = 1;
    task->frame_count = 8;
    return (trace_frame *)(void *)((uint8_t *)chunk + 64);
}

static void test_open_spans(void **state)
{
    trace_builder b;
    trace_task *task;
    trace_frame *frames;
    const trace_task_info *info;
    trace *t;

    (void)state;
    begin_trace(&b);
    task = builder_task(&b, 1, JOB, 0);
    task->turn = (trace_turn){.shift_ticks = 100, .since_ticks = BUILDER_START + 500};
    frames = frames_chunk(&b, task);
    frames[1] = (trace_frame){.start_ticks = BUILDER_START + 20, .node = WORK};
    frames[2] = (trace_frame){.start_ticks = BUILDER_START + 50, .node = 4000};
    builder_end(&b, BUILDER_START + 1000);
    t = builder_open(&b);
    assert_int_equal(damage_count(t), 1); /* the node of the second */
    assert_int_equal(open_ticks(t, JOB), 400);
    assert_int_equal(open_ticks(t, WORK), 500 - 100 - 20);
    info = tasks_of(t, 1);
    assert_int_equal(info->wait_node, WORK);
    assert_int_equal(info->open_wait_ticks, 500);
    trace_free(t);
    builder_free(&b);
}

/* Ends in the timeline, of which none makes sense. */
static void test_damaged_ends(void **state)
{
    static const trace_task_end good = {.id = 3,
                                        .begin_ticks = BUILDER_START,
                                        .end_ticks = BUILDER_START + 90,
                                        .shift_ticks = 90,
                                        .node = JOB};
    trace_task_end end[5] = {good, good, good, good, good};
    trace_builder b;
    uint32_t chunk;

    (void)state;
    end[1].id = 0;
    end[2].node = 17;
    end[3].end_ticks = BUILDER_START - 1;
    end[4].shift_ticks = 91;
    begin_trace(&b);
    chunk = builder_timeline(&b, 0, 0, BUILDER_START);
    ((trace_thread *)(void *)(builder_chunk_at(&b, b.thread_chunk[0]) + 1))->tail_chunk = chunk;
    for (int i = 0; i < 5; i++) builder_task_end(&b, chunk, 10, &end[i]);
    assert_read(&b, 4, 1);
}

/* ---- half the end of a span that went on from elsewhere ---- */

enum { CALLBACK = 4 };

/* main is open since the start; a callback in it ran from 100 to 140, is counted, and shown as open still. */
static void begin_continued(trace_builder *b)
{
    static const uint64_t d[] = {40};
    uint32_t site;

    begin_trace(b);
    site = builder_site_of(b, "callback", "m.c", 4, TRACE_SITE_ASYNC, TRACE_SITE_CONTINUED);
    builder_node(b, 0, site);
    builder_last(b, 0, builder_cell(b, 0, CALLBACK, d, 1), 40, 1, BUILDER_START + 140);
    builder_frames(b, 0)[2] = (trace_frame){.start_ticks = BUILDER_START + 100, .node = CALLBACK};
}

/* However far it had come: 40 of the 1000 ticks are the callback's, and the rest main's. */
static void test_continued_not_taken_off(void **state)
{
    trace_builder b;

    (void)state;
    begin_continued(&b);
    assert_shared(&b, 960, 0);
}

static void test_continued_half_taken_off(void **state)
{
    trace_builder b;

    (void)state;
    begin_continued(&b);
    builder_turn(&b, 0)->task_ticks = 40;
    builder_turn(&b, 0)->task_shift = 40;
    assert_shared(&b, 960, 0);
}

static void test_continued_taken_off(void **state)
{
    trace_builder b;

    (void)state;
    begin_continued(&b);
    *builder_turn(&b, 0) = (trace_turn){.shift_ticks = 40, .task_ticks = 40, .task_shift = 40};
    assert_shared(&b, 960, 0);
}

/* The same within a task of the user's, of which the run is 200 ticks of the callback's time shorter. */
static void test_continued_in_task(void **state)
{
    for (int is_off = 0; is_off < 2; is_off++) {
        static const uint64_t d[] = {200};
        const trace_task_info *info;
        trace_builder b;
        trace_task *task;
        trace_frame *frames;
        trace_chunk *chunk;
        trace *t;

        (void)state;
        begin_trace(&b);
        builder_node(
            &b, 0,
            builder_site_of(&b, "callback", "m.c", 4, TRACE_SITE_ASYNC, TRACE_SITE_CONTINUED));
        task = builder_task(&b, 1, JOB, 0);
        *builder_turn(&b, 0) = (trace_turn){.since_ticks = BUILDER_START};
        chunk = builder_chunk(&b, TRACE_TASK_FRAMES, TRACE_NONE, &task->frames_chunk);
        chunk->used = TRACE_CHUNK_BYTES;
        task->frames_pos = 1;
        task->frame_count = 8;
        task->turn.shift_ticks = is_off ? 200 : 0;
        frames = (trace_frame *)(void *)((uint8_t *)chunk + 64);
        frames[1] = (trace_frame){.start_ticks = BUILDER_START + 100, .node = WORK};
        frames[2] = (trace_frame){.start_ticks = BUILDER_START + 300, .node = CALLBACK};
        builder_last(&b, 0, builder_cell(&b, 0, CALLBACK, d, 1), 200, 1, BUILDER_START + 500);
        builder_end(&b, BUILDER_START + 1000);
        t = builder_open(&b);
        assert_int_equal(damage_count(t), 0);
        info = tasks_of(t, 1);
        assert_int_equal(info->waited_ticks, 200);
        assert_int_equal(open_ticks(t, JOB), 800);
        assert_int_equal(open_ticks(t, WORK), 700);
        assert_int_equal(open_ticks(t, CALLBACK), 0);
        trace_free(t);
        builder_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_left),
        cmocka_unit_test(test_task_left),
        cmocka_unit_test(test_last_of_tasks_left),
        cmocka_unit_test(test_thread_half_resumed),
        cmocka_unit_test(test_task_runs),
        cmocka_unit_test(test_task_counted_out),
        cmocka_unit_test(test_latest_moment),
        cmocka_unit_test(test_damaged_records),
        cmocka_unit_test(test_damaged_turn),
        cmocka_unit_test(test_open_spans),
        cmocka_unit_test(test_damaged_ends),
        cmocka_unit_test(test_continued_not_taken_off),
        cmocka_unit_test(test_continued_half_taken_off),
        cmocka_unit_test(test_continued_taken_off),
        cmocka_unit_test(test_continued_in_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
