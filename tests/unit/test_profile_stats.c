#include "cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/table/stats_writer.h"
#include "profile/profile_stats.h"
#include "trace/trace_reader.h"

static uint32_t add(profile *p, uint32_t parent, const char *name, int64_t self)
{
    uint32_t frame, node;

    assert_int_equal(profile_intern(p, name, strlen(name), NULL, 0, &frame), THAG_OK);
    assert_int_equal(profile_child(p, parent, frame, &node), THAG_OK);
    p->self[node] += self;
    return node;
}

static void count(profile *p, uint32_t node, const uint64_t *durations, size_t n)
{
    profile_calls *c = &p->calls[node];
    uint32_t first = UINT32_MAX, last = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t bucket = trace_bucket_of(durations[i]);

        if (bucket < first) first = bucket;
        if (bucket > last) last = bucket;
        if (durations[i] < c->min_ns) c->min_ns = durations[i];
        if (durations[i] > c->max_ns) c->max_ns = durations[i];
    }
    c->calls += n;
    c->timed += n;
    c->hist = (profile_hist){first, last - first + 1, calloc(last - first + 1, sizeof(uint64_t))};
    for (size_t i = 0; i < n; i++) c->hist.counts[trace_bucket_of(durations[i]) - first]++;
}

static const stats_row *row_of(const stats *s, const char *name)
{
    for (size_t i = 0; i < s->row_count; i++) {
        if (strcmp(s->rows[i].name, name) == 0) return &s->rows[i];
    }
    fail_msg("no row %s", name);
    return NULL;
}

static stats *stats_of(const profile *p)
{
    fault f = {0};
    stats *s;

    assert_int_equal(stats_new(&s, p, &f), THAG_OK);
    return s;
}

/* main > f > f > g > f: inclusive time of f counts once. */
static void test_recursion(void **state)
{
    profile *p;
    stats *s;
    uint32_t n;

    (void)state;
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    n = add(p, PROFILE_ROOT, "main", 1);
    n = add(p, n, "f", 10);
    n = add(p, n, "f", 100);
    n = add(p, n, "g", 1000);
    add(p, n, "f", 10000);
    add(p, add(p, PROFILE_ROOT, "g", 7), "f", 3);
    s = stats_of(p);
    assert_int_equal(s->total, 11121);
    assert_int_equal(row_of(s, "f")->value[STATS_INCLUSIVE], 11110 + 3);
    assert_int_equal(row_of(s, "f")->value[STATS_SELF], 10113);
    assert_int_equal(row_of(s, "g")->value[STATS_INCLUSIVE], 11000 + 10);
    assert_int_equal(row_of(s, "main")->value[STATS_INCLUSIVE], 11111);
    assert_int_equal(row_of(s, "f")->value[STATS_CALLS], -1);
    assert_string_equal(s->rows[0].name, "f");
    stats_sort(s, STATS_NAME);
    assert_string_equal(s->rows[2].name, "main");
    stats_sort(s, STATS_INCLUSIVE);
    assert_string_equal(s->rows[0].name, "f");
    stats_free(s);
    profile_free(p);
}

static void test_deep(void **state)
{
    profile *p;
    stats *s;
    uint32_t n = PROFILE_ROOT;

    (void)state;
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    for (int i = 0; i < 300000; i++) n = add(p, n, i & 1 ? "a" : "b", 1);
    s = stats_of(p);
    assert_int_equal(row_of(s, "b")->value[STATS_INCLUSIVE], 300000);
    assert_int_equal(row_of(s, "a")->value[STATS_INCLUSIVE], 299999);
    stats_free(s);
    profile_free(p);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static double next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* Within 3 % of the exact value, whatever the distribution; and the mean is exact. */
static void test_percentiles(void **state)
{
    static const double shares[] = {0.5, 0.95, 0.99};
    static const stats_column columns[] = {STATS_P50, STATS_P95, STATS_P99};
    static const size_t sizes[] = {1, 2, 3, 10, 100, 10000};
    uint64_t seed = 42;

    (void)state;
    for (int shape = 0; shape < 5; shape++) {
        for (size_t z = 0; z < 6; z++) {
            size_t n = sizes[z];
            uint64_t *d = malloc(n * sizeof *d), sum = 0;
            profile *p;
            stats *s;
            uint32_t node;

            for (size_t i = 0; i < n; i++) {
                double u = next_random(&seed);

                d[i] = shape == 0   ? 1234567
                       : shape == 1 ? 100 + (uint64_t)(u * 1000)
                       : shape == 2 ? (uint64_t)(50 / (1 - u))
                       : shape == 3 ? (u < 0.9 ? 40 : 1000000)
                                    : (uint64_t)exp(5 + 10 * u);
                sum += d[i];
            }
            assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
            node = add(p, PROFILE_ROOT, "f", (int64_t)sum);
            count(p, node, d, n);
            s = stats_of(p);
            qsort(d, n, sizeof *d, by_value);
            for (int k = 0; k < 3; k++) {
                double exact = (double)d[(size_t)ceil(shares[k] * (double)n) - 1];
                double found = (double)s->rows[0].value[columns[k]];

                if (fabs(found - exact) > 0.03 * exact + 0.5) {
                    fail_msg("shape %d, %zu values, p%g: %g, not %g", shape, n, shares[k] * 100,
                             found, exact);
                }
            }
            assert_true(llabs(s->rows[0].value[STATS_MEAN] -
                              (int64_t)((double)sum / (double)n + 0.5)) <= 1);
            assert_int_equal(s->rows[0].value[STATS_MIN], d[0]);
            assert_int_equal(s->rows[0].value[STATS_MAX], d[n - 1]);
            stats_free(s);
            profile_free(p);
            free(d);
        }
    }
}

static void test_correction(void **state)
{
    uint64_t d[1000], whole = 60000;
    profile *p;
    stats *s;
    uint32_t parent, child;

    (void)state;
    /* A parent with 10 us of its own, and 1,000 empty children at 20 ns within and 30 around. */
    for (int i = 0; i < 1000; i++) d[i] = 20;
    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    parent = add(p, PROFILE_ROOT, "parent", 10000 + 30000 + 20);
    child = add(p, parent, "child", 20000);
    count(p, parent, &whole, 1);
    count(p, child, d, 1000);
    p->probe_inside_ns = 20;
    p->probe_outside_ns = 30;
    s = stats_of(p);
    assert_true(s->is_corrected);
    assert_int_equal(row_of(s, "parent")->value[STATS_CORRECTED_SELF], 10000);
    assert_int_equal(row_of(s, "parent")->value[STATS_CORRECTED_INCLUSIVE], 10000);
    assert_int_equal(row_of(s, "child")->value[STATS_CORRECTED_SELF], 0);
    assert_int_equal(row_of(s, "parent")->value[STATS_SELF], 40020);
    assert_int_equal(row_of(s, "parent")->value[STATS_INCLUSIVE], 60020);
    stats_free(s);
    assert_int_equal(stats_correct(p, NULL), THAG_OK);
    assert_int_equal(p->self[parent], 10000);
    profile_free(p);
}

/* What is mostly the cost of profiling is marked; what the timeline lacks is not the table's. */
static void test_notes(void **state)
{
    uint64_t d[100];
    run_facts meta = {.losses = {[TRACE_TIMELINE_LIMIT] = 7, [TRACE_LOST_DEPTH] = 1}};
    report_opts opts = {.meta = &meta, .width = 200};
    profile *p;
    stats *s;
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    (void)state;
    for (int i = 0; i < 100; i++) d[i] = 30;
    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    count(p, add(p, PROFILE_ROOT, "tiny", 3000), d, 100);
    count(p, add(p, PROFILE_ROOT, "half", 4000), d, 100);
    p->probe_inside_ns = 20;
    s = stats_of(p);
    stats_report.text(to, s, &opts, NULL);
    fclose(to);
    assert_non_null(strstr(text, "  ~1.00 "));
    assert_null(strstr(text, "~2.00 "));
    assert_non_null(strstr(text, "\n~ more than half"));
    assert_non_null(strstr(text, "self*, incl* and %: less"));
    assert_null(strstr(text, "timeline"));
    assert_null(strstr(text, "more columns"));
    assert_non_null(strstr(text, "1 calls lost"));
    free(text);
    stats_free(s);
    profile_free(p);
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(stats_column_named("p99"), STATS_P99);
    assert_int_equal(stats_column_named("corrected-self"), STATS_CORRECTED_SELF);
    assert_int_equal(stats_column_named("self*"), STATS_CORRECTED_SELF);
    assert_int_equal(stats_column_named("incl"), STATS_INCLUSIVE);
    assert_int_equal(stats_column_named("nothing"), STATS_COLUMN_COUNT);
}

/* ---- the writers ---- */

static char *written(const profile *p, const char *format, size_t width)
{
    run_facts meta = {.program = "prog", .losses = {[TRACE_LOST_DEPTH] = 3}, .damages = 2};
    report_opts opts = {.meta = &meta, .width = width};
    stats *s = stats_of(p);
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    if (strcmp(format, "csv") == 0)
        stats_report.csv(to, s, &opts, NULL);
    else if (strcmp(format, "json") == 0)
        stats_report.json(to, s, &opts, NULL);
    else
        stats_report.text(to, s, &opts, NULL);
    fclose(to);
    stats_free(s);
    return text;
}

static void test_hostile_names(void **state)
{
    static const char *const names[] = {"=cmd()",   "a\"b,c",    "</script>",
                                        "\x1b[31m", "new\nline", "bad\xff"};
    profile *p;
    char *text;

    (void)state;
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    for (int i = 0; i < 6; i++) add(p, PROFILE_ROOT, names[i], 10 - i);
    text = written(p, "csv", 0);
    assert_non_null(strstr(text, "\r\n\"'=cmd()\","));
    assert_non_null(strstr(text, "\"a\"\"b,c\","));
    assert_null(strchr(text, '\x1b'));
    free(text);
    text = written(p, "json", 0);
    assert_non_null(strstr(text, "\"\\u003c/script\\u003e\""));
    assert_non_null(strstr(text, "\"\\u001b[31m\""));
    assert_non_null(strstr(text, "\"new\\u000aline\""));
    assert_non_null(strstr(text, "\"bad\xEF\xBF\xBD\""));
    assert_non_null(strstr(text, "\"losses\": {\"lost_depth\": 3}"));
    free(text);
    text = written(p, "text", 0);
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "\\x1b[31m"));
    assert_non_null(strstr(text, "new\\x0aline"));
    assert_non_null(strstr(text, "3 calls lost: nested deeper than the limit"));
    assert_non_null(strstr(text, "2 damaged places"));
    free(text);
    profile_free(p);
}

/* No line of the table is wider than it may be, in columns as a terminal counts them. */
static void test_width(void **state)
{
    uint64_t d[] = {100, 2000, 123456789};
    profile *p;

    (void)state;
    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    for (int i = 0; i < 5; i++) {
        static const char *const names[] = {
            "a_function_with_a_name_that_is_longer_than_most_but_by_no_means_impossible",
            "\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD"
            "\xE6\x95\xB0"
            "\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD\xE6\x95\xB0\xE5\x87\xBD"
            "\xE6\x95\xB0",
            "f", "g", "e\xCC\x81t\xC3\xA9"};
        uint32_t n = add(p, PROFILE_ROOT, names[i], 123456789 + i);

        count(p, n, d, 3);
        p->calls[n].calls = 123456789012;
    }
    for (size_t width = 60; width <= 200; width += 20) {
        char *text = written(p, "text", width), *line, *rest = text;

        for (int i = 0; i < 6 && (line = strsep(&rest, "\n")) != NULL; i++) {
            size_t columns = 0;

            for (const char *c = line; *c; c++) columns += ((unsigned char)*c & 0xC0) != 0x80;
            if (i == 2) columns += 8; /* wide characters */
            if (columns > width + 8) fail_msg("width %zu: %s", width, line);
        }
        free(text);
    }
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recursion),   cmocka_unit_test(test_deep),
        cmocka_unit_test(test_percentiles), cmocka_unit_test(test_correction),
        cmocka_unit_test(test_columns),     cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_width),       cmocka_unit_test(test_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
