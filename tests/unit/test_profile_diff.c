/* Comparing profiles: by function, by path, of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "profile/load/profile_folded.h"
#include "profile/profile_diff.h"

static profile *from_text(const char *text)
{
    folded_source src = {.path = "x.folded", .head = text, .head_len = strlen(text), .fd = -1};
    profile *p = NULL;

    assert_int_equal(folded_load(&p, &src, NULL, NULL), THAG_OK);
    return p;
}

static diff *compare(const char *before, const char *after, int normalised)
{
    profile *a = from_text(before), *b = from_text(after);
    diff *d = NULL;

    assert_int_equal(diff_new(&d, &a, 1, &b, 1, normalised, NULL), THAG_OK);
    profile_free(a);
    profile_free(b);
    return d;
}

static const diff_row *row_of(const diff *d, const char *name)
{
    for (size_t i = 0; i < d->row_count; i++) {
        if (strcmp(d->rows[i].name, name) == 0) return &d->rows[i];
    }
    fail_msg("no row %s", name);
    return NULL;
}

static void with_itself_it_is_empty(void **state)
{
    static const char text[] = "m 1\nm;f 2\nm;f;m 4\ng 8\n";
    profile *p = from_text(text);
    diff_tree t;
    int64_t *delta;
    diff *d = compare(text, text, 0);
    (void)state;

    assert_int_equal(d->row_count, 0);
    assert_int_equal(d->function_count, 3);
    assert_int_equal(d->total.delta, 0);
    diff_free(d);
    d = compare(text, text, 1);
    assert_int_equal(d->row_count, 0);
    diff_free(d);
    assert_int_equal(diff_tree_init(&t, &p, 1, &p, 1, 0, NULL), THAG_OK);
    delta = diff_tree_delta(&t);
    assert_int_equal(t.tree->node_count, p->node_count);
    for (uint32_t n = 0; n < t.tree->node_count; n++) assert_int_equal(delta[n], 0);
    free(delta);
    diff_tree_release(&t);
    profile_free(p);
}

/* Both ways the same, with the other sign. */
static void it_has_a_direction(void **state)
{
    static const char one[] = "m 10\nm;f 20\nm;f;m 40\n", other[] = "m 15\nm;g 5\nm;f;m 40\n";
    diff *there = compare(one, other, 0), *back = compare(other, one, 0);
    (void)state;

    assert_int_equal(there->row_count, 3);
    for (size_t i = 0; i < there->row_count; i++) {
        const diff_row *r = row_of(back, there->rows[i].name);

        for (int m = 0; m < DIFF_MEASURES; m++) {
            assert_int_equal(there->rows[i].value[m].delta, -r->value[m].delta);
        }
    }
    assert_string_equal(there->rows[0].name, "f");
    assert_int_equal(row_of(there, "f")->value[DIFF_SELF].delta, -20);
    assert_int_equal(row_of(there, "f")->value[DIFF_INCLUSIVE].delta, -20);
    assert_int_equal(row_of(there, "m")->value[DIFF_SELF].delta, 5);
    /* Recursion counts once: 70 before, 60 after. */
    assert_int_equal(row_of(there, "m")->value[DIFF_INCLUSIVE].delta, -10);
    assert_int_equal(row_of(there, "g")->value[DIFF_SELF].before, 0);
    assert_int_equal(row_of(there, "m")->value[DIFF_CALLS].before, -1);
    assert_int_equal(row_of(there, "m")->value[DIFF_SELF].verdict, DIFF_UNKNOWN);
    diff_free(there);
    diff_free(back);
}

static void normalised_it_compares_shares(void **state)
{
    diff *d = compare("m 100\nm;f 100\n", "m 300\nm;f 100\n", 1);
    (void)state;

    assert_true(d->scale == 0.5);
    assert_int_equal(d->total.after, 400);
    assert_int_equal(row_of(d, "m")->value[DIFF_SELF].delta, 50);
    assert_int_equal(row_of(d, "f")->value[DIFF_SELF].delta, -50);
    diff_free(d);
    d = compare("m 100\nm;f 100\n", "m 300\nm;f 300\n", 1);
    assert_int_equal(d->row_count, 0);
    diff_free(d);
}

static diff *compare_runs(const char *const *before, size_t before_count, const char *const *after,
                          size_t after_count)
{
    profile *a[8], *b[8];
    diff *d = NULL;

    for (size_t i = 0; i < before_count; i++) a[i] = from_text(before[i]);
    for (size_t i = 0; i < after_count; i++) b[i] = from_text(after[i]);
    assert_int_equal(diff_new(&d, a, before_count, b, after_count, 0, NULL), THAG_OK);
    for (size_t i = 0; i < before_count; i++) profile_free(a[i]);
    for (size_t i = 0; i < after_count; i++) profile_free(b[i]);
    return d;
}

static void runs_give_median_deviation_and_verdict(void **state)
{
    static const char *const before[] = {"f 100\ng 50\nh 7\n", "f 104\ng 55\nh 7\n",
                                         "f 90\ng 45\nh 7\n", "f 102\ng 1000\nh 7\n",
                                         "f 101\ng 52\nh 7\n"};
    static const char *const after[] = {"f 200\ng 54\nh 8\n", "f 201\ng 47\nh 8\n",
                                        "f 900\ng 56\nh 8\n", "f 199\nh 8\n"};
    diff *d = compare_runs(before, 5, after, 4);
    const diff_value *f = &row_of(d, "f")->value[DIFF_SELF];
    const diff_value *g = &row_of(d, "g")->value[DIFF_SELF];
    (void)state;

    /* Sorted 90 100 101 102 104; deviations 0 1 1 3 11. 199 200 201 900; from 200: 0 1 1 700. */
    assert_int_equal(f->before, 101);
    assert_int_equal(f->before_mad, 1);
    assert_int_equal(f->after, 200);
    assert_int_equal(f->after_mad, 1);
    assert_int_equal(f->verdict, DIFF_CHANGED);
    /* 45 50 52 55 1000: 52, deviations 0 2 3 7 948. 0 47 54 56: 50, deviations 3 4 6 50. */
    assert_int_equal(g->before, 52);
    assert_int_equal(g->before_mad, 3);
    assert_int_equal(g->after, 50);
    assert_int_equal(g->after_mad, 5);
    assert_int_equal(g->verdict, DIFF_NOISE);
    assert_int_equal(row_of(d, "h")->value[DIFF_SELF].verdict, DIFF_CHANGED);
    diff_free(d);
    d = compare_runs(before, 2, after, 4);
    assert_int_equal(row_of(d, "f")->value[DIFF_SELF].verdict, DIFF_UNKNOWN);
    diff_free(d);
}

static profile *built(const char *folder, uint32_t line, int64_t self)
{
    profile *p;
    char file[64];
    uint32_t frame, node;

    snprintf(file, sizeof file, "%s/a.c", folder);
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    assert_int_equal(profile_intern(p, "f", 1, file, line, &frame), THAG_OK);
    assert_int_equal(profile_child(p, PROFILE_ROOT, frame, &node), THAG_OK);
    p->self[node] = self;
    return p;
}

/* Another folder, another line: still the same function. */
static void builds_may_differ_in_folder_and_line(void **state)
{
    profile *a = built("/old", 10, 5), *b = built("/new", 12, 9);
    diff *d;
    diff_tree t;
    (void)state;

    assert_int_equal(diff_new(&d, &a, 1, &b, 1, 0, NULL), THAG_OK);
    assert_int_equal(d->row_count, 1);
    assert_int_equal(d->rows[0].value[DIFF_SELF].delta, 4);
    assert_int_equal(diff_tree_init(&t, &a, 1, &b, 1, 0, NULL), THAG_OK);
    assert_int_equal(t.tree->node_count, 2);
    assert_int_equal(t.before[1], 5);
    assert_int_equal(t.after[1], 9);
    diff_tree_release(&t);
    diff_free(d);
    profile_free(a);
    profile_free(b);
}

static void paths_of_both_are_in_the_tree(void **state)
{
    profile *a = from_text("m 10\nm;f 20\n"), *b = from_text("m 10\nm;g 20\nm;f 5\n");
    diff_tree t;
    int64_t *delta;
    (void)state;

    assert_int_equal(diff_tree_init(&t, &a, 1, &b, 1, 0, NULL), THAG_OK);
    delta = diff_tree_delta(&t);
    assert_int_equal(t.tree->node_count, 4);
    assert_int_equal(delta[PROFILE_ROOT], 5);
    assert_int_equal(delta[1], 5);
    assert_int_equal(delta[2], -15);
    assert_int_equal(delta[3], 20);
    assert_int_equal(t.tree->self[3], 20);
    free(delta);
    diff_tree_release(&t);
    profile_free(a);
    profile_free(b);
}

/* As in the table: a run that something disturbed does not move the picture. */
static void of_several_runs_the_tree_has_medians(void **state)
{
    profile *runs[] = {from_text("m;f 20\n"), from_text("m;f 24\nm;g 900\n"),
                       from_text("m;f 9000\nm;h 3\n")};
    diff_tree t;
    diff *d;
    (void)state;

    assert_int_equal(diff_tree_init(&t, runs, 3, runs, 1, 0, NULL), THAG_OK);
    assert_int_equal(diff_new(&d, runs, 3, runs, 1, 0, NULL), THAG_OK);
    assert_int_equal(t.tree->node_count, 5);
    assert_int_equal(t.before[2], 24);
    assert_int_equal(row_of(d, "f")->value[DIFF_SELF].before, 24);
    assert_int_equal(t.before[3], 0);
    assert_int_equal(t.before[4], 0);
    assert_int_equal(t.after[2], 20);
    assert_int_equal(t.after[3], 0);
    diff_tree_release(&t);
    diff_free(d);
    for (int i = 0; i < 3; i++) profile_free(runs[i]);
}

static void units_must_agree(void **state)
{
    profile *a = from_text("m 10\n"), *b = built("/", 1, 1);
    diff *d;
    diff_tree t;
    fault f;
    (void)state;

    assert_int_equal(diff_new(&d, &a, 1, &b, 1, 0, &f), THAG_ERR_UNIT);
    assert_null(d);
    assert_int_equal(diff_tree_init(&t, &a, 1, &b, 1, 0, &f), THAG_ERR_UNIT);
    diff_tree_release(&t);
    profile_free(a);
    profile_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_itself_it_is_empty),
        cmocka_unit_test(it_has_a_direction),
        cmocka_unit_test(normalised_it_compares_shares),
        cmocka_unit_test(runs_give_median_deviation_and_verdict),
        cmocka_unit_test(builds_may_differ_in_folder_and_line),
        cmocka_unit_test(paths_of_both_are_in_the_tree),
        cmocka_unit_test(of_several_runs_the_tree_has_medians),
        cmocka_unit_test(units_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
