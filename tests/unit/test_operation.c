/* Transformations of profiles: tables of folded stacks in and out, and laws on random trees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "output/export/folded_writer.h"
#include "profile/load/profile_folded.h"
#include "profile/operation.h"
#include "profile/profile_rebuild.h"
#include "profile/profile_stats.h"

static profile *from_text(const char *text)
{
    folded_source src = {.path = "x.folded", .head = text, .head_len = strlen(text), .fd = -1};
    fault f = {0};
    profile *p = NULL;

    if (folded_load(&p, &src, NULL, &f)) fail_msg("%s: %s", text, f.what);
    return p;
}

static char *to_text(const profile *p)
{
    char *text;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    assert_int_equal(folded_write(to, p, NULL, NULL), THAG_OK);
    fclose(to);
    return text;
}

/* ---- tables ---- */

#define TREE "m 1\nm;f 2\nm;f;g 4\nm;f;g;f 8\nm;h 16\nm;h;g 32\nx;g 64\n"

static const struct {
    operation_kind kind;
    const char *regex, *before, *after;
} table[] = {
    /* Focus keeps whole stacks below a match, and the callers without their own time. */
    {OPERATION_FOCUS, "^g$", TREE, "m;f;g 4\nm;f;g;f 8\nm;h;g 32\nx;g 64\n"},
    {OPERATION_FOCUS, "^m$", TREE, "m 1\nm;f 2\nm;f;g 4\nm;f;g;f 8\nm;h 16\nm;h;g 32\n"},
    {OPERATION_FOCUS, "none", TREE, ""},
    {OPERATION_FOCUS, "", TREE, TREE},
    /* Recursive: with everything below. The reference kept only stacks of nothing but matches. */
    {OPERATION_IGNORE, "^g$", TREE, "m 1\nm;f 2\nm;h 16\nx 0\n"},
    {OPERATION_IGNORE, "^(f|x)$", TREE, "m 1\nm;h 16\nm;h;g 32\n"},
    {OPERATION_IGNORE, "^m$", TREE, "x;g 64\n"},
    {OPERATION_IGNORE, "none", TREE, TREE},
    {OPERATION_IGNORE, "", TREE, ""},
    /* Exact: its own time only; it stays where it calls something. The reference dropped, with the
       stacks that end in it, all that have no match at all. */
    {OPERATION_IGNORE_SELF, "^g$", TREE, "m 1\nm;f 2\nm;f;g;f 8\nm;h 16\nx 0\n"},
    {OPERATION_IGNORE_SELF, "^f$", TREE, "m 1\nm;f;g 4\nm;h 16\nm;h;g 32\nx;g 64\n"},
    {OPERATION_IGNORE_SELF, "none", TREE, TREE},
    {OPERATION_IGNORE_SELF, "", TREE, ""},
    /* Hiding moves time to the caller, and joins what becomes alike. */
    {OPERATION_HIDE, "^g$", TREE, "m 1\nm;f 6\nm;f;f 8\nm;h 48\nx 64\n"},
    {OPERATION_HIDE, "^m$", TREE, "[hidden] 1\nf 2\nf;g 4\nf;g;f 8\nh 16\nh;g 32\nx;g 64\n"},
    {OPERATION_HIDE, "^(f|h)$", TREE, "m 19\nm;g 44\nx;g 64\n"},
    {OPERATION_HIDE, "none", TREE, TREE},
    /* Recursion: direct, through others, and what the inner call called. */
    {OPERATION_COLLAPSE_RECURSION, NULL, "f 1\nf;f 2\nf;f;f 4\nf;f;g 8\n", "f 7\nf;g 8\n"},
    {OPERATION_COLLAPSE_RECURSION, NULL, "f;g 1\nf;g;f 2\nf;g;f;h 4\nf;g;f;g 8\n",
     "f 2\nf;g 9\nf;h 4\n"},
    {OPERATION_COLLAPSE_RECURSION, NULL, "a;f 1\nb;f;f 2\nb;f 4\n", "a;f 1\nb;f 6\n"},
    /* Wrappers: one callee, 1 % of its own at most. */
    {OPERATION_COLLAPSE_WRAPPERS, NULL, "m;w;f 100\nm;g 5\n", "m;f 100\nm;g 5\n"},
    {OPERATION_COLLAPSE_WRAPPERS, NULL, "m;w 1\nm;w;f 99\n", "f 100\n"},
    {OPERATION_COLLAPSE_WRAPPERS, NULL, "m;w 2\nm;w;f 98\n", "w 2\nw;f 98\n"},
    {OPERATION_COLLAPSE_WRAPPERS, NULL, "a 5\n", "a 5\n"},
    /* Bottom up. */
    {OPERATION_INVERT, NULL, TREE, "f;g;f;m 8\nf;m 2\ng;f;m 4\ng;h;m 32\ng;x 64\nh;m 16\nm 1\n"},
    /* Callers of f: it has 2 + 4 + 8, its inner call is in that already. */
    {OPERATION_CALLERS, "^f$", TREE, "f;m 14\n"},
    {OPERATION_CALLERS, "^g$", TREE, "g;f;m 12\ng;h;m 32\ng;x 64\n"},
    {OPERATION_CALLERS, "^m$", TREE, "m 63\n"},
    {OPERATION_CALLERS, "none", TREE, ""},
    {OPERATION_CALLEES, "^g$", TREE, "g 100\ng;f 8\n"},
    {OPERATION_CALLEES, "^f$", TREE, "f 2\nf;g 4\nf;g;f 8\n"},
    {OPERATION_CALLEES, "^(f|g)$", TREE, "f 2\nf;g 4\nf;g;f 8\ng 96\n"},
};

static void each_does_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        operation_list list = {0};
        profile *p = from_text(table[i].before);
        fault f = {0};
        char *text;

        assert_int_equal(operation_add(&list, table[i].kind, table[i].regex, &f), THAG_OK);
        assert_int_equal(operation_apply(&list, &p, &f), THAG_OK);
        text = to_text(p);
        if (strcmp(text, table[i].after) != 0) {
            fail_msg("%zu: %s %s\n%s is not\n%s", i, operation_name(table[i].kind),
                     table[i].regex ? table[i].regex : "", text, table[i].after);
        }
        free(text);
        profile_free(p);
        operation_list_release(&list);
    }
}

static void they_are_done_in_the_order_given(void **state)
{
    static const char *const names[] = {"f", "h"};
    operation_list list = {0};
    profile *p = from_text(TREE);
    char *text;
    (void)state;

    assert_int_equal(operation_add(&list, OPERATION_FOCUS, "^g$", NULL), THAG_OK);
    assert_int_equal(operation_add_names(&list, OPERATION_HIDE, names, 2, NULL), THAG_OK);
    assert_int_equal(operation_add(&list, OPERATION_INVERT, NULL, NULL), THAG_OK);
    assert_int_equal(operation_apply(&list, &p, NULL), THAG_OK);
    text = to_text(p);
    assert_string_equal(text, "g;m 44\ng;x 64\n");
    free(text);
    profile_free(p);
    operation_list_release(&list);
}

static void names_are_no_patterns(void **state)
{
    static const char *const names[] = {"a.c"};
    operation_list list = {0};
    profile *p = from_text("a.c 1\naxc 2\na.cc 4\n");
    char *text;
    (void)state;

    assert_int_equal(operation_add_names(&list, OPERATION_FOCUS, names, 1, NULL), THAG_OK);
    assert_int_equal(operation_apply(&list, &p, NULL), THAG_OK);
    text = to_text(p);
    assert_string_equal(text, "a.c 1\n");
    free(text);
    profile_free(p);
    operation_list_release(&list);
}

static void bad_and_endless_patterns_are_errors(void **state)
{
    operation_list list = {0};
    fault f = {0};
    char text[128];
    profile *p, *was;
    (void)state;

    assert_int_equal(operation_add(&list, OPERATION_HIDE, "a(", &f), THAG_ERR_PATTERN);
    assert_int_equal(f.offset, 2);
    assert_int_equal(list.count, 0);
    snprintf(text, sizeof text, "ok 1\n%060d! 2\n", 0);
    was = p = from_text(text);
    assert_int_equal(operation_add(&list, OPERATION_COLLAPSE_RECURSION, NULL, &f), THAG_OK);
    assert_int_equal(operation_add(&list, OPERATION_HIDE, "^(0|00)+$", &f), THAG_OK);
    assert_int_equal(operation_apply(&list, &p, &f), THAG_ERR_PATTERN);
    assert_ptr_equal(p, was);
    profile_free(p);
    operation_list_release(&list);
}

/* ---- calls and memory ---- */

static uint32_t child(profile *p, uint32_t parent, const char *name, int64_t self, uint64_t calls)
{
    uint32_t frame, node;

    assert_int_equal(profile_intern(p, name, strlen(name), NULL, 0, &frame), THAG_OK);
    assert_int_equal(profile_child(p, parent, frame, &node), THAG_OK);
    p->self[node] = self;
    p->calls[node].calls = p->calls[node].timed = calls;
    p->calls[node].min_ns = 1;
    p->calls[node].max_ns = calls * 10;
    p->memory[node].blocks = calls * 2;
    p->memory[node].bytes = calls * 100;
    return node;
}

static profile *with_calls(void)
{
    profile *p;
    uint32_t m, f;

    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    assert_int_equal(profile_add_memory(p, PROFILE_LIVE), THAG_OK);
    p->title = strdup("prog");
    p->probe_inside_ns = 3;
    m = child(p, PROFILE_ROOT, "m", 10, 1);
    f = child(p, m, "f", 20, 2);
    child(p, f, "g", 40, 3);
    child(p, f, "f", 80, 4);
    return p;
}

static const profile_calls *calls_of(const profile *p, const char *name, uint64_t *bytes)
{
    for (uint32_t n = 1; n < p->node_count; n++) {
        if (strcmp(p->frames[p->frame[n]].name, name) != 0) continue;
        *bytes = p->memory[n].bytes;
        return p->calls ? &p->calls[n] : NULL;
    }
    fail_msg("no %s", name);
    return NULL;
}

static void calls_stay_with_their_function(void **state)
{
    operation_list list = {0};
    profile *p = with_calls();
    uint64_t bytes;
    (void)state;

    operation_add(&list, OPERATION_HIDE, "g", NULL);
    operation_add(&list, OPERATION_COLLAPSE_RECURSION, NULL, NULL);
    assert_int_equal(operation_apply(&list, &p, NULL), THAG_OK);
    assert_string_equal(p->title, "prog");
    assert_true(p->probe_inside_ns == 3);
    assert_int_equal(p->node_count, 3);
    assert_int_equal(calls_of(p, "f", &bytes)->calls, 6);
    assert_int_equal(calls_of(p, "f", &bytes)->max_ns, 40);
    assert_int_equal(bytes, 900);
    assert_int_equal(calls_of(p, "m", &bytes)->calls, 1);
    operation_list_release(&list);
    operation_add(&list, OPERATION_INVERT, NULL, NULL);
    assert_int_equal(operation_apply(&list, &p, NULL), THAG_OK);
    assert_null(p->calls);
    assert_int_equal(p->memory[p->node_count - 1].bytes, 900);
    operation_list_release(&list);
    profile_free(p);
}

static void kinds_of_allocation_are_facts(void **state)
{
    static const struct {
        operation_kind kind;
        const char *dropped;
    } kinds[] = {{OPERATION_IGNORE_LARGE, "large"},
                 {OPERATION_IGNORE_TEMPORARY, "temporary"},
                 {OPERATION_IGNORE_LEAKED, "leaked"},
                 {OPERATION_IGNORE_FREQUENT, "frequent"}};
    profile *p;
    uint32_t n;
    (void)state;

    assert_int_equal(profile_new(&p, PROFILE_BYTES, 1), THAG_OK);
    assert_int_equal(profile_add_memory(p, PROFILE_LIVE), THAG_OK);
    n = child(p, PROFILE_ROOT, "large", 1, 0);
    p->memory[n] = (profile_memory){.blocks = 2, .bytes = 2000002};
    n = child(p, PROFILE_ROOT, "small", 1, 0);
    p->memory[n] = (profile_memory){.blocks = 2, .bytes = 2000001};
    n = child(p, PROFILE_ROOT, "temporary", 1, 0);
    p->memory[n] = (profile_memory){.blocks = 3, .bytes = 3, .temporary = 2};
    n = child(p, PROFILE_ROOT, "leaked", 1, 0);
    p->memory[n] = (profile_memory){.blocks = 3, .bytes = 3, .temporary = 1, .live_blocks = 1};
    n = child(p, PROFILE_ROOT, "frequent", 1, 0);
    p->memory[n] = (profile_memory){.blocks = 1000, .bytes = 3};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        operation_list list = {0};
        profile *q = NULL;
        uint64_t bytes;

        assert_int_equal(profile_ignore(&q, p, (unsigned char[8]){0}, NULL), THAG_OK);
        assert_int_equal(operation_add(&list, kinds[i].kind, NULL, NULL), THAG_OK);
        assert_int_equal(operation_apply(&list, &q, NULL), THAG_OK);
        assert_int_equal(q->node_count, 5);
        calls_of(q, "small", &bytes);
        for (uint32_t k = 1; k < q->node_count; k++) {
            assert_string_not_equal(q->frames[q->frame[k]].name, kinds[i].dropped);
        }
        operation_list_release(&list);
        profile_free(q);
    }
    profile_free(p);
}

/* ---- laws ---- */

static int64_t total(const profile *p)
{
    int64_t sum = 0;

    for (uint32_t n = 0; n < p->node_count; n++) sum += p->self[n];
    return sum;
}

static uint64_t random_state = 88172645463325252u;
static unsigned random_below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % n);
}

/* Stacks of up to 7 of 5 functions, so that recursion of every kind occurs. */
static char *random_stacks(void)
{
    char *text;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    for (unsigned line = 0; line < 40; line++) {
        unsigned depth = 1 + random_below(7);

        for (unsigned d = 0; d < depth; d++)
            fprintf(to, "%s%c", d ? ";" : "", 'a' + random_below(5));
        fprintf(to, " %u\n", random_below(1000));
    }
    fclose(to);
    return text;
}

/* Time of the stacks of a text in which the one-letter function occurs: an independent count. */
static int64_t inclusive_in_text(const char *text, char name)
{
    int64_t sum = 0;

    while (*text) {
        const char *space = strchr(text, ' ');

        if (memchr(text, name, (size_t)(space - text))) sum += strtoll(space, NULL, 10);
        text = strchr(text, '\n') + 1;
    }
    return sum;
}

static int64_t total_after(const char *text, operation_kind kind, const char *regex)
{
    operation_list list = {0};
    profile *p = from_text(text);
    int64_t sum;

    assert_int_equal(operation_add(&list, kind, regex, NULL), THAG_OK);
    assert_int_equal(operation_apply(&list, &p, NULL), THAG_OK);
    sum = total(p);
    profile_free(p);
    operation_list_release(&list);
    return sum;
}

static int64_t row_inclusive(const profile *p, const char *name)
{
    stats *s;
    int64_t value = -1;

    assert_int_equal(stats_new(&s, p, NULL), THAG_OK);
    for (size_t i = 0; i < s->row_count; i++) {
        if (strcmp(s->rows[i].name, name) == 0) value = s->rows[i].value[STATS_INCLUSIVE];
    }
    stats_free(s);
    return value;
}

static void sums_obey_the_laws(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        char *text = random_stacks();
        profile *p = from_text(text);
        int64_t all = total(p), inclusive = inclusive_in_text(text, 'b');

        assert_int_equal(row_inclusive(p, "b"), inclusive);
        assert_int_equal(total_after(text, OPERATION_FOCUS, "b"), inclusive);
        assert_int_equal(total_after(text, OPERATION_IGNORE, "b"), all - inclusive);
        assert_int_equal(total_after(text, OPERATION_CALLERS, "b"), inclusive);
        assert_int_equal(total_after(text, OPERATION_CALLEES, "b"), inclusive);
        assert_int_equal(total_after(text, OPERATION_HIDE, "b|c"), all);
        assert_int_equal(total_after(text, OPERATION_COLLAPSE_RECURSION, NULL), all);
        assert_int_equal(total_after(text, OPERATION_COLLAPSE_WRAPPERS, NULL), all);
        assert_int_equal(total_after(text, OPERATION_INVERT, NULL), all);
        profile_free(p);
        free(text);
    }
}

/* Collapsing recursion leaves each function's inclusive time as it is, and no function twice. */
static void collapsed_recursion_keeps_the_outermost(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        char *text = random_stacks();
        profile *p = from_text(text), *q;
        int64_t outer = row_inclusive(p, "a");

        assert_int_equal(profile_collapse_recursion(&q, p, NULL), THAG_OK);
        assert_true(row_inclusive(q, "a") <= outer);
        for (uint32_t n = 1; n < q->node_count; n++) {
            for (uint32_t up = q->parent[n]; up != PROFILE_ROOT; up = q->parent[up]) {
                assert_int_not_equal(q->frame[up], q->frame[n]);
            }
        }
        profile_free(p);
        profile_free(q);
        free(text);
    }
}

/* A path of 150,000 frames: no recursion in C, no quadratic walk but where that is the result. */
static void deep_paths_are_no_problem(void **state)
{
    char *text;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    profile *p, *q;
    (void)state;

    for (int i = 0; i < 150000; i++) fprintf(to, "%sf%d", i ? ";" : "", i % 3);
    fputs(" 7\n", to);
    fclose(to);
    p = from_text(text);
    assert_int_equal(profile_collapse_recursion(&q, p, NULL), THAG_OK);
    assert_int_equal(q->node_count, 4);
    assert_int_equal(total(q), 7);
    profile_free(q);
    assert_int_equal(profile_collapse_wrappers(&q, p, NULL), THAG_OK);
    assert_int_equal(q->node_count, 2);
    profile_free(q);
    assert_int_equal(profile_invert(&q, p, NULL), THAG_OK);
    assert_int_equal(q->node_count, 150001);
    profile_free(q);
    profile_free(p);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_does_what_the_table_says),
        cmocka_unit_test(they_are_done_in_the_order_given),
        cmocka_unit_test(names_are_no_patterns),
        cmocka_unit_test(bad_and_endless_patterns_are_errors),
        cmocka_unit_test(calls_stay_with_their_function),
        cmocka_unit_test(kinds_of_allocation_are_facts),
        cmocka_unit_test(sums_obey_the_laws),
        cmocka_unit_test(collapsed_recursion_keeps_the_outermost),
        cmocka_unit_test(deep_paths_are_no_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
