#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile/load/profile_load.h"
#include "trace_builder.h"

static profile *profile_of(const trace_builder *b, profile_trace_info *info)
{
    trace *t = builder_open(b);
    fault f = {0};
    profile *p;

    assert_int_equal(profile_from_trace(&p, t, info, &f), THAG_OK);
    trace_free(t);
    return p;
}

/* The node of a path "a;b;c". */
static uint32_t find(const profile *p, const char *path)
{
    char text[256], *name, *rest = text;
    uint32_t node = PROFILE_ROOT;

    snprintf(text, sizeof text, "%s", path);
    while ((name = strsep(&rest, "|")) != NULL) {
        uint32_t n = node + 1;

        while (n < p->node_count &&
               (p->parent[n] != node || strcmp(p->frames[p->frame[n]].name, name) != 0)) {
            n++;
        }
        if (n == p->node_count) fail_msg("no path %s", path);
        node = n;
    }
    return node;
}

static uint64_t hist_sum(const profile_hist *h)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < h->len; i++) sum += h->counts[i];
    return sum;
}

static void test_sample(void **state)
{
    trace_builder b;
    profile_trace_info info;
    profile *p;
    uint32_t work, section;
    int64_t *inclusive;

    (void)state;
    builder_sample(&b);
    p = profile_of(&b, &info);
    assert_string_equal(p->title, "sample");
    assert_int_equal(p->unit, PROFILE_NS);
    assert_int_equal(p->node_count, 4);
    work = find(p, "main|work");
    section = find(p, "main|work|a section; \"<b>\"");
    assert_int_equal(p->self[find(p, "main")], 2000 - 820);
    assert_int_equal(p->self[work], 820 - 90);
    assert_int_equal(p->self[section], 90);
    assert_int_equal(p->calls[work].calls, 5);
    assert_int_equal(p->calls[work].timed, 5);
    assert_int_equal(p->calls[work].min_ns, 90);
    assert_int_equal(p->calls[work].max_ns, 400);
    assert_int_equal(hist_sum(&p->calls[work].hist), 5);
    assert_int_equal(hist_sum(&p->calls[section].hist), 2);
    assert_string_equal(p->frames[p->frame[work]].file, "src/work.c");
    inclusive = profile_inclusive(p);
    assert_int_equal(inclusive[PROFILE_ROOT], 2000);
    free(inclusive);
    assert_int_equal(info.damages, 0);
    assert_true(info.ended);
    profile_free(p);
    builder_free(&b);
}

static void test_names(void **state)
{
    trace_builder b;
    profile *p;

    (void)state;
    builder_init(&b);
    builder_node(&b, 0, builder_site(&b, "f", "src/a.c", 1, 0));
    builder_node(&b, 0, builder_site(&b, "f", "src/b.c", 2, 0));
    builder_node(&b, 0, builder_site(&b, "g", "x/util.c", 1, 0));
    builder_node(&b, 0, builder_site(&b, "g", "y/util.c", 2, TRACE_SITE_ASYNC));
    builder_node(&b, 0, builder_site(&b, "h", "src/a.c", 1, TRACE_SITE_ASYNC));
    /* One section begun in two places is one. */
    builder_node(&b, 0, builder_site(&b, "part", "src/a.c", 10, 0));
    builder_node(&b, 0, builder_site(&b, "part", "src/a.c", 20, 0));
    p = profile_of(&b, NULL);
    find(p, "f (a.c)");
    find(p, "f (b.c)");
    find(p, "g (x/util.c)");
    find(p, "async::g (y/util.c)");
    find(p, "async::h");
    assert_int_equal(p->frames[p->frame[find(p, "part")]].line, 10);
    assert_int_equal(p->node_count, 7);
    profile_free(p);
    builder_free(&b);
}

static void test_damaged_nodes(void **state)
{
    static const uint64_t d[] = {100};
    trace_builder b;
    profile *p;
    uint32_t f;

    (void)state;
    builder_init(&b);
    f = builder_site(&b, "f", "f.c", 1, 0);
    builder_node(&b, 0, f);
    builder_node(&b, 1, 77);
    builder_node(&b, 2, f);
    builder_thread(&b, 0, 1, "t");
    builder_cell(&b, 0, 3, d, 1);
    p = profile_of(&b, NULL);
    assert_int_equal(p->self[find(p, "f|[damaged]|f")], 100);
    profile_free(p);
    builder_free(&b);
}

static void test_threads(void **state)
{
    static const uint64_t outer[] = {1000}, inner[] = {300, 200};
    trace_builder b;
    profile_trace_info info;
    trace_thread *thread;
    thread_time *times;
    profile *p;
    trace *t;
    uint32_t f, node;

    (void)state;
    builder_init(&b);
    f = builder_site(&b, "f", "f.c", 1, 0);
    node = builder_node(&b, 0, f);
    node = builder_node(&b, node, builder_site(&b, "g", "f.c", 9, 0));
    thread = builder_thread(&b, 0, 1, "one");
    thread->end_ticks = BUILDER_START + 1500;
    thread->past_ticks = 500;
    builder_empty_cell(&b, 0, 0);
    builder_cell(&b, 0, 1, outer, 1);
    builder_cell(&b, 0, node, inner, 2);
    builder_thread(&b, 1, 2, "two");
    builder_cell(&b, 1, 1, outer, 1);
    builder_frames(&b, 1)[1] = (trace_frame){.start_ticks = BUILDER_START + 1600, .node = 1};
    builder_end(&b, BUILDER_START + 2000);
    t = builder_open(&b);
    times = profile_thread_times(t);
    assert_int_equal(times[0].wall_ns, 2000);
    assert_int_equal(times[0].inside_ns, 1000);
    assert_int_equal(times[0].outside_ns, 1000);
    assert_int_equal(times[0].calls, 3);
    assert_int_equal(times[1].wall_ns, 2000);
    assert_int_equal(times[1].inside_ns, 1400);
    assert_int_equal(times[1].outside_ns, 600);
    assert_int_equal(times[1].open, 1);
    free(times);
    trace_free(t);
    /* Self times of both threads add up, and with what is outside to the walls. */
    p = profile_of(&b, &info);
    assert_int_equal(p->self[1] + p->self[2], 2400);
    assert_int_equal(p->calls[1].calls, 2);
    assert_int_equal(p->calls[1].open, 1);
    assert_int_equal(info.open, 1);
    assert_int_equal(info.clamped_ns, 0);
    profile_free(p);
    builder_free(&b);
}

static void test_clamped(void **state)
{
    static const uint64_t small[] = {100}, large[] = {150};
    trace_builder b;
    profile_trace_info info;
    profile *p;

    (void)state;
    builder_init(&b);
    builder_node(&b, builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0)),
                 builder_site(&b, "g", "f.c", 2, 0));
    builder_thread(&b, 0, 1, "t");
    builder_cell(&b, 0, 1, small, 1);
    builder_cell(&b, 0, 2, large, 1);
    p = profile_of(&b, &info);
    assert_int_equal(p->self[1], 0);
    assert_int_equal(info.clamped_ns, 50);
    profile_free(p);
    /* Sampled, the child's 150 are an estimate, and the parent's 100 are the limit. */
    b.file->sample_period = 16;
    p = profile_of(&b, &info);
    assert_int_equal(p->self[1], 0);
    assert_int_equal(p->self[2], 100);
    assert_int_equal(info.clamped_ns, 0);
    profile_free(p);
    builder_free(&b);
}

/* Histograms keep their counts and their place when ticks become ns, at any rate. */
static void test_histogram_rates(void **state)
{
    static const double rates[] = {0.024, 1.0, 2.596, 3.0, 4.71};
    static const uint64_t durations[] = {1, 7, 31, 33, 100, 1000, 4095, 77777, 12345678};

    (void)state;
    for (size_t r = 0; r < 5; r++) {
        for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
            trace_builder b;
            profile *p;
            uint64_t d[50], low, high;
            double ns = (double)durations[i] / rates[r];

            for (int k = 0; k < 50; k++) d[k] = durations[i];
            builder_init(&b);
            b.file->clock_kind = TRACE_CLOCK_TSC;
            b.file->clock_last[0] = (trace_snapshot){BUILDER_START + (uint64_t)(1e9 * rates[r]),
                                                     BUILDER_START + 1000000000u};
            builder_node(&b, 0, builder_site(&b, "f", "f.c", 1, 0));
            builder_thread(&b, 0, 1, "t");
            builder_cell(&b, 0, 1, d, 50);
            p = profile_of(&b, NULL);
            assert_int_equal(hist_sum(&p->calls[1].hist), 50);
            trace_bucket_range(p->calls[1].hist.first, &low, &high);
            assert_true((double)low <= ns * 1.035 + 1);
            trace_bucket_range(p->calls[1].hist.first + p->calls[1].hist.len - 1, &low, &high);
            assert_true((double)high >= ns * 0.965 - 1 && (double)low <= ns * 1.035 + 1);
            profile_free(p);
            builder_free(&b);
        }
    }
}

/* ---- files ---- */

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *to = fopen(path, "wb");

    assert_non_null(to);
    assert_int_equal(fwrite(bytes, 1, len, to), len);
    assert_int_equal(fclose(to), 0);
}

static void test_load(void **state)
{
    char path[] = "/tmp/test_profile_trace.XXXXXX";
    int fd = mkstemp(path);
    trace_builder b;
    profile *p = NULL;
    fault f = {0};

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    builder_sample(&b);
    write_file(path, b.bytes, builder_size(&b));
    assert_int_equal(profile_load(&p, path, &f), THAG_OK);
    assert_int_equal(p->node_count, 4);
    profile_free(p);
    write_file(path, "main;work 12\n", 13);
    assert_int_equal(profile_load(&p, path, &f), THAG_OK);
    assert_int_equal(p->node_count, 3);
    assert_null(p->calls);
    profile_free(p);
    write_file(path, b.bytes, 50);
    assert_int_equal(profile_load(&p, path, &f), THAG_ERR_DAMAGED);
    assert_null(p);
    assert_string_equal(f.path, path);
    write_file(path, "", 0);
    assert_int_equal(profile_load(&p, path, &f), THAG_ERR_EMPTY);
    unlink(path);
    assert_int_equal(profile_load(&p, path, &f), THAG_ERR_OPEN);
    assert_int_equal(profile_load(&p, "/", &f), THAG_ERR_READ);
    builder_free(&b);
}

/* From a pipe, as `thag-analyze stats -` or `<(zcat x.thag.gz)` reads. */
static void test_load_pipe(void **state)
{
    int ends[2];
    char path[32];
    trace_builder b;
    profile *p = NULL;
    fault f = {0};

    (void)state;
    builder_sample(&b);
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        ssize_t n = write(ends[1], b.bytes, builder_size(&b));
        _exit(n < 0);
    }
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_int_equal(profile_load(&p, path, &f), THAG_OK);
    assert_int_equal(p->node_count, 4);
    profile_free(p);
    close(ends[0]);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_damaged_nodes), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_clamped),       cmocka_unit_test(test_histogram_rates),
        cmocka_unit_test(test_load),          cmocka_unit_test(test_load_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
