/* From a profile to rectangles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "output/picture/flame_layout.h"
#include "profile/load/profile_folded.h"

static profile *load(const char *text)
{
    folded_source src = {.path = "t", .head = text, .head_len = strlen(text), .fd = -1};
    profile *p = NULL;

    assert_int_equal(folded_load(&p, &src, NULL, NULL), THAG_OK);
    return p;
}

static flame *build(const profile *p, const flame_opts *opts)
{
    flame *f = NULL;

    assert_int_equal(flame_build(&f, p, opts, NULL), THAG_OK);
    return f;
}

static const char *name_of(const profile *p, const flame_rect *r)
{
    return r->node == PROFILE_ROOT ? "all" : p->frames[p->frame[r->node]].name;
}

/* `name@start+value ...`, rows divided by '|'. */
static char *drawn(const profile *p, const flame *f)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    for (uint32_t i = 0; i < f->rect_count; i++) {
        const flame_rect *r = &f->rects[i];
        if (i) fputs(r->row != r[-1].row ? " | " : " ", to);
        fprintf(to, "%s@%ld+%ld", name_of(p, r), (long)r->start, (long)r->value);
    }
    fclose(to);
    return text;
}

static void check(const char *in, const flame_opts *opts, const char *expected)
{
    profile *p = load(in);
    flame *f = build(p, opts);
    char *text = drawn(p, f);

    assert_string_equal(text, expected);
    free(text);
    flame_free(f);
    profile_free(p);
}

/* What flame_layout.h promises. */
static void check_invariants(const profile *p, const flame *f)
{
    assert_int_equal(f->rects[0].node, PROFILE_ROOT);
    assert_int_equal(f->rects[0].parent, PROFILE_NONE);
    for (uint32_t i = 1; i < f->rect_count; i++) {
        const flame_rect *r = &f->rects[i], *up = &f->rects[r->parent];
        assert_true(r->parent < i);
        assert_int_equal(up->node, p->parent[r->node]);
        assert_int_equal(r->row, up->row + 1);
        assert_true(r->start >= up->start && r->start + r->value <= up->start + up->value);
        assert_true(r->row > r[-1].row || r->start >= r[-1].start + r[-1].value);
    }
}

static void children_are_alphabetical_and_start_at_their_parent(void **state)
{
    (void)state;
    check("m;b 2\nm;a 3\nm;a;x 4\nm 1\nk 5\n", NULL,
          "all@0+15 | k@0+5 m@5+10 | a@5+7 b@12+2 | x@5+4");
}

static void order_of_input_does_not_matter(void **state)
{
    static const char expected[] = "all@0+10 | a@0+4 b@4+6 | c@0+4 c@4+5";
    (void)state;
    check("a;c 4\nb;c 5\nb 1\n", NULL, expected);
    check("b 1\nb;c 5\na;c 4\n", NULL, expected);
}

static void narrow_ones_are_left_out_with_true_totals(void **state)
{
    /* 1000 px for 10,000: a px is 10. */
    static const flame_opts one_px = {.width_px = 1000, .min_width_px = 1};
    static const flame_opts all = {.width_px = 1000, .min_width_px = -1};
    profile *p = load("a 9\nb;x 9\nb;y 1\nc 9981\nd 0\n");
    flame *f = build(p, &one_px);
    char *text = drawn(p, f);
    (void)state;

    /* b is wide enough, what is in it is not. c moves up to where the first one drawn begins. */
    assert_string_equal(text, "all@0+10000 | b@0+10 c@10+9981");
    assert_int_equal(f->narrow_count, 4);
    assert_int_equal(f->deep_count, 0);
    assert_int_equal(f->total, 10000);
    free(text);
    flame_free(f);

    f = build(p, &all);
    assert_int_equal(f->rect_count, p->node_count);
    assert_int_equal(f->narrow_count, 0);
    check_invariants(p, f);
    flame_free(f);
    profile_free(p);
}

static void nothing_at_all_is_a_root(void **state)
{
    (void)state;
    check("a;b 0\n", NULL, "all@0+0");
}

static void depth_is_capped_and_told(void **state)
{
    enum { DEPTH = 100000 };
    char *text = malloc(2 * DEPTH + 8);
    profile *p;
    flame *f;
    (void)state;

    assert_non_null(text);
    for (size_t i = 0; i < DEPTH; i++) memcpy(text + 2 * i, "f;", 2);
    strcpy(text + 2 * DEPTH - 1, " 9\n");
    p = load(text);
    f = build(p, NULL);
    assert_int_equal(f->row_count, FLAME_MAX_ROWS);
    assert_int_equal(f->rect_count, FLAME_MAX_ROWS);
    assert_int_equal(f->deep_count, DEPTH + 1 - FLAME_MAX_ROWS);
    assert_int_equal(f->deepest, DEPTH + 1);
    check_invariants(p, f);
    flame_free(f);

    f = build(p, &(flame_opts){.max_rows = 3});
    assert_int_equal(f->rect_count, 3);
    assert_int_equal(f->rects[2].value, 9);
    flame_free(f);
    profile_free(p);
    free(text);
}

static void random_trees_keep_the_invariants(void **state)
{
    (void)state;
    srand(11);
    for (int round = 0; round < 20; round++) {
        profile *p = NULL;
        flame *f;
        assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
        for (int i = 0; i < 500; i++) {
            uint32_t frame, node;
            char name[2] = {(char)('a' + rand() % 20), 0};
            assert_int_equal(profile_intern(p, name, 1, NULL, 0, &frame), THAG_OK);
            assert_int_equal(profile_child(p, (uint32_t)rand() % p->node_count, frame, &node),
                             THAG_OK);
            p->self[node] += rand() % 100;
        }
        f = build(p, &(flame_opts){.min_width_px = round % 2 ? 0.7 : -1, .max_rows = 9});
        check_invariants(p, f);
        flame_free(f);
        profile_free(p);
    }
    flame_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_alphabetical_and_start_at_their_parent),
        cmocka_unit_test(order_of_input_does_not_matter),
        cmocka_unit_test(narrow_ones_are_left_out_with_true_totals),
        cmocka_unit_test(nothing_at_all_is_a_root),
        cmocka_unit_test(depth_is_capped_and_told),
        cmocka_unit_test(random_trees_keep_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
