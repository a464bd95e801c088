/* The profile model: interning, paths, sums, merging, faults. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "profile/profile.h"

static profile *new_profile(profile_unit unit, int with_calls)
{
    profile *p = NULL;

    assert_int_equal(profile_new(&p, unit, with_calls), THAG_OK);
    return p;
}

static uint32_t frame(profile *p, const char *name, const char *file, uint32_t line)
{
    uint32_t f;

    assert_int_equal(profile_intern(p, name, strlen(name), file, line, &f), THAG_OK);
    return f;
}

static uint32_t child(profile *p, uint32_t parent, const char *name)
{
    uint32_t n;

    assert_int_equal(profile_child(p, parent, frame(p, name, NULL, 0), &n), THAG_OK);
    return n;
}

static void a_new_profile_has_a_root_and_nothing_else(void **state)
{
    profile *p = new_profile(PROFILE_NS, 1);
    (void)state;

    assert_int_equal(p->node_count, 1);
    assert_int_equal(p->frame_count, 0);
    assert_int_equal(p->parent[PROFILE_ROOT], PROFILE_NONE);
    assert_int_equal(p->frame[PROFILE_ROOT], PROFILE_NONE);
    assert_int_equal(p->self[PROFILE_ROOT], 0);
    assert_int_equal(p->sample_period, 1);
    assert_non_null(p->calls);
    assert_true(p->calls[PROFILE_ROOT].min_ns == UINT64_MAX);
    profile_free(p);
    profile_free(NULL);
}

static void frames_are_told_apart_by_name_file_and_line(void **state)
{
    profile *p = new_profile(PROFILE_NS, 0);
    uint32_t f = frame(p, "f", "a.c", 1);
    (void)state;

    assert_null(p->calls);
    assert_int_equal(frame(p, "f", "a.c", 1), f);
    assert_int_not_equal(frame(p, "f", "a.c", 2), f);
    assert_int_not_equal(frame(p, "f", "b.c", 1), f);
    assert_int_not_equal(frame(p, "f", NULL, 0), f);
    assert_int_not_equal(frame(p, "g", "a.c", 1), f);
    assert_int_equal(p->frame_count, 5);
    assert_string_equal(p->frames[f].name, "f");
    assert_string_equal(p->frames[f].file, "a.c");
    assert_int_equal(p->frames[f].line, 1);
    assert_int_equal(p->frames[f].name_len, 1);
    profile_free(p);
}

static void names_of_every_length_intern_to_themselves(void **state)
{
    static char text[70000];
    profile *p = new_profile(PROFILE_NS, 0);
    uint32_t first[40], again, large;
    (void)state;

    memset(text, 'x', sizeof text);
    for (uint32_t len = 0; len < 40; len++)
        assert_int_equal(profile_intern(p, text, len, NULL, 0, &first[len]), THAG_OK);
    assert_int_equal(profile_intern(p, text, sizeof text, NULL, 0, &large), THAG_OK);
    assert_int_equal(p->frame_count, 41);
    for (uint32_t len = 0; len < 40; len++) {
        assert_int_equal(profile_intern(p, text, len, NULL, 0, &again), THAG_OK);
        assert_int_equal(again, first[len]);
        assert_int_equal(strlen(p->frames[again].name), len);
    }
    assert_int_equal(strlen(p->frames[large].name), sizeof text);
    profile_free(p);
}

/* Enough to make both tables and all columns grow several times. */
static void many_paths_stay_findable(void **state)
{
    enum { COUNT = 200000 };
    profile *p = new_profile(PROFILE_SAMPLES, 1);
    uint32_t *nodes = malloc(COUNT * sizeof *nodes);
    char name[32];
    (void)state;

    assert_non_null(nodes);
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "f%u", i % 5000);
        nodes[i] = child(p, i < 10 ? PROFILE_ROOT : nodes[i / 10], name);
        p->self[nodes[i]] += i;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t parent = i < 10 ? PROFILE_ROOT : nodes[i / 10];
        snprintf(name, sizeof name, "f%u", i % 5000);
        assert_int_equal(child(p, parent, name), nodes[i]);
        assert_int_equal(p->parent[nodes[i]], parent);
        assert_true(parent < nodes[i]);
        assert_true(p->calls[nodes[i]].min_ns == UINT64_MAX);
    }
    assert_int_equal(p->frame_count, 5000);
    free(nodes);
    profile_free(p);
}

static void inclusive_is_self_and_all_below(void **state)
{
    profile *p = new_profile(PROFILE_NS, 0);
    uint32_t a = child(p, PROFILE_ROOT, "a"), b = child(p, a, "b"), c = child(p, a, "c");
    uint32_t again = child(p, b, "a"); /* recursion is a path of its own */
    int64_t *sum;
    (void)state;

    p->self[a] = 1;
    p->self[b] = 20;
    p->self[c] = 300;
    p->self[again] = 4000;
    sum = profile_inclusive(p);
    assert_non_null(sum);
    assert_int_equal(sum[PROFILE_ROOT], 4321);
    assert_int_equal(sum[a], 4321);
    assert_int_equal(sum[b], 4020);
    assert_int_equal(sum[c], 300);
    free(sum);
    profile_free(p);
}

static void inclusive_saturates(void **state)
{
    profile *p = new_profile(PROFILE_NS, 0);
    int64_t *sum;
    (void)state;

    p->self[child(p, PROFILE_ROOT, "a")] = INT64_MAX;
    p->self[child(p, PROFILE_ROOT, "b")] = INT64_MAX;
    sum = profile_inclusive(p);
    assert_non_null(sum);
    assert_true(sum[PROFILE_ROOT] == INT64_MAX);
    free(sum);
    profile_free(p);
}

static void set_calls(profile *p, uint32_t n, uint64_t calls, uint64_t min, uint64_t max,
                      uint32_t first_bucket, uint32_t buckets)
{
    uint64_t *counts = malloc(buckets * sizeof *counts);

    assert_non_null(counts);
    for (uint32_t i = 0; i < buckets; i++) counts[i] = i + 1;
    p->calls[n] = (profile_calls){.calls = calls,
                                  .timed = calls,
                                  .min_ns = min,
                                  .max_ns = max,
                                  .hist = {first_bucket, buckets, counts}};
}

static void merging_adds_paths_and_metrics(void **state)
{
    profile *into = new_profile(PROFILE_NS, 1), *from = new_profile(PROFILE_NS, 1);
    uint32_t a = child(into, PROFILE_ROOT, "a"), b, from_a;
    const profile_calls *sum;
    (void)state;

    frame(from, "shifts the numbers of frames", NULL, 0);
    from_a = child(from, PROFILE_ROOT, "a");
    b = child(from, from_a, "b");
    into->self[a] = 5;
    from->self[from_a] = 7;
    from->self[b] = 11;
    set_calls(into, a, 2, 10, 20, 40, 3);
    set_calls(from, from_a, 3, 5, 15, 38, 3);

    assert_int_equal(profile_merge(into, from), THAG_OK);
    assert_int_equal(into->node_count, 3);
    assert_int_equal(into->self[a], 12);
    assert_int_equal(into->self[child(into, a, "b")], 11);
    sum = &into->calls[a];
    assert_int_equal(sum->calls, 5);
    assert_int_equal(sum->min_ns, 5);
    assert_int_equal(sum->max_ns, 20);
    assert_int_equal(sum->hist.first, 38);
    assert_int_equal(sum->hist.len, 5);
    /* 38: 1, 39: 2, 40: 3 + 1, 41: 2, 42: 3 */
    assert_int_equal(sum->hist.counts[0], 1);
    assert_int_equal(sum->hist.counts[2], 4);
    assert_int_equal(sum->hist.counts[4], 3);
    profile_free(into);
    profile_free(from);
}

static void merging_keeps_calls_only_if_both_have_them(void **state)
{
    profile *into = new_profile(PROFILE_NS, 1), *from = new_profile(PROFILE_NS, 0);
    (void)state;

    set_calls(into, child(into, PROFILE_ROOT, "a"), 2, 10, 20, 40, 3);
    assert_int_equal(profile_merge(into, from), THAG_OK);
    assert_null(into->calls);
    profile_free(into);
    profile_free(from);
}

static void merging_refuses_what_does_not_add_up(void **state)
{
    profile *ns = new_profile(PROFILE_NS, 0), *bytes = new_profile(PROFILE_BYTES, 0);
    profile *more = new_profile(PROFILE_NS, 0);
    (void)state;

    assert_int_equal(profile_merge(ns, bytes), THAG_ERR_UNIT);
    ns->self[child(ns, PROFILE_ROOT, "a")] = INT64_MAX;
    more->self[child(more, PROFILE_ROOT, "a")] = 1;
    assert_int_equal(profile_merge(ns, more), THAG_ERR_TOO_LARGE);
    profile_free(ns);
    profile_free(bytes);
    profile_free(more);
}

static void faults_tell_where(void **state)
{
    fault f;
    char longest[600];
    (void)state;

    errno = ENOENT;
    assert_int_equal(fault_set(&f, THAG_ERR_OPEN, 12, "a file"), THAG_ERR_OPEN);
    assert_int_equal(f.os_errno, ENOENT);
    assert_int_equal(f.offset, 12);
    assert_int_equal(f.line, 0);
    assert_string_equal(f.what, "a file");
    fault_set_path(&f, "first");
    fault_set_path(&f, "second");
    assert_string_equal(f.path, "first");

    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    fault_set(&f, THAG_ERR_FORMAT, 0, longest);
    fault_set_path(&f, longest);
    assert_int_equal(f.os_errno, 0);
    assert_int_equal(strlen(f.what), sizeof f.what - 1);
    assert_int_equal(strlen(f.path), sizeof f.path - 1);
    assert_int_equal(fault_set(NULL, THAG_ERR_READ, 0, NULL), THAG_ERR_READ);
    fault_set_path(NULL, "x");
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    for (int code = 0; code >= -11; code--)
        assert_string_not_equal(thag_err_text((thag_err)code), "unknown error");
    assert_string_equal(thag_err_text((thag_err)-9999), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_profile_has_a_root_and_nothing_else),
        cmocka_unit_test(frames_are_told_apart_by_name_file_and_line),
        cmocka_unit_test(names_of_every_length_intern_to_themselves),
        cmocka_unit_test(many_paths_stay_findable),
        cmocka_unit_test(inclusive_is_self_and_all_below),
        cmocka_unit_test(inclusive_saturates),
        cmocka_unit_test(merging_adds_paths_and_metrics),
        cmocka_unit_test(merging_keeps_calls_only_if_both_have_them),
        cmocka_unit_test(merging_refuses_what_does_not_add_up),
        cmocka_unit_test(faults_tell_where),
        cmocka_unit_test(every_error_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
