/*
 * Spans in order of start: compared with sorting all of them at once. The windows are made so small
 * here that most spans last across several.
 */
#define TIMELINE_ORDER_WINDOW 5
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "profile/timeline/timeline_order.c"

#define SPANS_MAX 4096

typedef struct opened {
    loaded l;
    timeline *tl;
    uint32_t threads;
} opened;

static void open_trace_file(opened *o, const char *name)
{
    char path[600];
    fault why = {0};

    snprintf(path, sizeof path, "%s/%s.thag", THAG_GOLDEN, name);
    if (loaded_open(&o->l, path, &why)) fail_msg("%s: %s", path, why.what);
    assert_int_equal(timeline_new(&o->tl, &o->l, NULL), THAG_OK);
    timeline_threads(o->tl, &o->threads);
}

static void close_trace_file(opened *o)
{
    timeline_free(o->tl);
    loaded_close(&o->l);
}

static int by_start_whole(const void *left, const void *right)
{
    const timeline_span *a = left, *b = right;

    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return (a->depth > b->depth) - (a->depth < b->depth);
}

/* A span seems no shorter than what was called in it: what is deeper, since one that is not. */
static void stretch_over_calls(timeline_span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i; k-- > 0 && spans[k].depth > spans[i].depth;) {
            if (spans[k].start_ns < spans[i].start_ns) spans[i].start_ns = spans[k].start_ns;
        }
    }
}

/* All spans of a thread, sorted at once. */
static size_t read_all_spans(opened *o, uint32_t thread, timeline_span *spans)
{
    thag_err err = timeline_begin(o->tl, thread);
    size_t count = 0, n;

    while (!err && (n = timeline_read(o->tl, spans + count, SPANS_MAX - count, &err)) > 0)
        count += n;
    assert_int_equal(err, THAG_OK);
    stretch_over_calls(spans, count);
    qsort(spans, count, sizeof *spans, by_start_whole);
    return count;
}

/* Events are in order, nested, and each span's begin is that of the sorted list. */
static void check_thread(opened *o, uint32_t thread)
{
    static timeline_span expected[SPANS_MAX];
    uint32_t stack[256];
    size_t count = read_all_spans(o, thread, expected), begun = 0, depth = 0;
    uint64_t now = 0;
    timeline_order *order;
    timeline_event event;

    assert_int_equal(timeline_order_new(&order, o->tl, o->l.profile, thread, 0, NULL), THAG_OK);
    while (timeline_order_next(order, &event, NULL) == 1) {
        assert_true(event.at_ns >= now);
        now = event.at_ns;
        if (event.kind == TIMELINE_END) {
            assert_true(depth > 0);
            assert_int_equal(stack[--depth], event.span.node);
            continue;
        }
        assert_true(begun < count);
        assert_int_equal(event.span.node, expected[begun].node);
        assert_int_equal(event.span.end_ns, expected[begun].end_ns);
        assert_int_equal(event.span.start_ns, expected[begun].start_ns);
        assert_int_equal(depth, event.span.depth);
        stack[depth++] = event.span.node;
        begun++;
    }
    assert_int_equal(begun, count);
    assert_int_equal(depth, 0);
    timeline_order_free(order);
}

static void as_if_sorted(void **state)
{
    static const char *const names[] = {"sample", "v1_ended", "v1_killed"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        opened o;

        open_trace_file(&o, names[i]);
        assert_true(o.threads > 0);
        for (uint32_t t = 0; t < o.threads; t++) check_thread(&o, t);
        close_trace_file(&o);
    }
}

/* ---- spans that no runtime writes, straight into the sorter ---- */

/* Events of spans in trace order, as `begin@time end@time`. */
static char *events_of(const profile *p, timeline *tl, const timeline_span *spans, size_t count)
{
    timeline_order o = {.tl = tl, .parent = p->parent};
    timeline_event event;
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    o.sorted = calloc(count, sizeof *o.sorted);
    o.depths = calloc(TIMELINE_DEPTHS + 1, sizeof *o.depths);
    o.sorted_count = count;
    for (size_t i = 0; i < count; i++) {
        timeline_span s = spans[i];

        cover(&o, &s);
        o.sorted[i] = number_span(&o, &s, i);
    }
    qsort(o.sorted, count, sizeof *o.sorted, by_start);
    while (timeline_order_next(&o, &event, NULL) == 1) {
        fprintf(to, "%c%u@%u ", event.kind == TIMELINE_BEGIN ? '+' : '-', event.span.node,
                (unsigned)event.at_ns);
    }
    fclose(to);
    free(o.sorted);
    free(o.depths);
    free(o.open);
    return text;
}

static void check_events(opened *o, const timeline_span *spans, size_t count, const char *expected)
{
    char *text = events_of(o->l.profile, o->tl, spans, count);

    assert_string_equal(text, expected);
    free(text);
}

/* In the sample 1 is main, 2 work below it, 3 a section below that. */
static void what_does_not_nest_is_cut(void **state)
{
    static const timeline_span pause[] = {{10, 20, 2, 0, 1, 0, 0, 0, 0},
                                          {15, 30, 1, 0, 0, 0, 0, 0, 0}};
    static const timeline_span overlap[] = {{10, 20, 2, 0, 1, 0, 0, 0, 0},
                                            {15, 30, 2, 0, 1, 0, 0, 0, 0}};
    static const timeline_span outlasts[] = {{12, 40, 2, 0, 1, 0, 0, 0, 0},
                                             {10, 30, 1, 0, 0, 0, 0, 0, 0}};
    static const timeline_span empty[] = {{5, 5, 3, 0, 2, 0, 0, 0, 0},
                                          {5, 5, 2, 0, 1, 0, 0, 0, 0},
                                          {5, 9, 2, 0, 1, 0, 0, 0, 0},
                                          {5, 9, 1, 0, 0, 0, 0, 0, 0}};
    static const timeline_span threads[] = {{10, 20, 1, 0, 0, 0, 0, 0, 0},
                                            {15, 30, 2, 1, 1, 0, 0, 0, 0}};
    opened o;

    (void)state;
    open_trace_file(&o, "sample");
    check_events(&o, pause, 2, "+1@10 +2@10 -2@20 -1@30 ");
    check_events(&o, overlap, 2, "+2@10 -2@20 +2@20 -2@30 ");
    check_events(&o, outlasts, 2, "+1@10 +2@12 -2@30 -1@30 ");
    check_events(&o, empty, 4, "+1@5 +2@5 -2@5 +2@5 +3@5 -3@5 -2@9 -1@9 ");
    check_events(&o, threads, 2, "+1@10 -1@20 +2@20 -2@30 ");
    close_trace_file(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_if_sorted),
        cmocka_unit_test(what_does_not_nest_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
