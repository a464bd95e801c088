/* Reading collapsed stacks, hostile ones too, and writing them. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "output/export/folded_writer.h"
#include "profile/load/profile_folded.h"

static const folded_opts samples = {PROFILE_SAMPLES, 1};

static thag_err load_bytes(profile **p, const char *text, size_t len, const folded_opts *opts,
                           fault *why)
{
    folded_source src = {.path = "test.folded", .head = text, .head_len = len, .fd = -1};

    return folded_load(p, &src, opts ? opts : &samples, why);
}

static profile *load(const char *text)
{
    profile *p = NULL;
    fault why = {0};

    if (load_bytes(&p, text, strlen(text), NULL, &why)) fail_msg("%s", why.what);
    return p;
}

/* The profile written back: what was read, as text. */
static char *written(const profile *p, const folded_write_opts *opts)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    assert_non_null(to);
    assert_int_equal(folded_write(to, p, opts, NULL), THAG_OK);
    fclose(to);
    return text;
}

static void check(const char *in, const char *out)
{
    profile *p = load(in);
    char *text = written(p, NULL);

    assert_string_equal(text, out);
    free(text);
    profile_free(p);
}

static void check_fault(const char *text, size_t len, thag_err err, uint64_t line, uint64_t offset)
{
    profile *p = NULL;
    fault why = {0};

    assert_int_equal(load_bytes(&p, text, len, NULL, &why), err);
    assert_null(p);
    assert_int_equal(why.err, err);
    assert_int_equal(why.line, line);
    assert_int_equal(why.offset, offset);
    assert_string_equal(why.path, "test.folded");
    assert_true(strlen(why.what) > 0);
}

static void reads_and_writes_sorted_sums(void **state)
{
    (void)state;
    check("b;c 2\na 1\nb;c 3\nb 4\n", "a 1\nb 4\nb;c 5\n");
    check("a;b;c 1\na;b 1\na 1\na;bb;c 1\na;b;cc 7", "a 1\na;b 1\na;b;c 1\na;b;cc 7\na;bb;c 1\n");
}

static void accepts_what_tools_write(void **state)
{
    (void)state;
    check("a;b 1\r\n\r\na;b 2\r\n", "a;b 3\n");
    check("# Time Profile\n# Started: 5\n\na 1", "a 1\n");
    check("\xEF\xBB\xBF"
          "a 1\n",
          "a 1\n");
    check("operator new(int, long);a b 7\n", "operator new(int, long);a b 7\n");
    check("a +5\na 2.000\nb\t4\n", "a 7\nb 4\n");
    check("a;;b 1\n;x 2\n", ";x 2\na;;b 1\n");
    check("a 0\n", "a 0\n");
    check("a 12   \n", "a 12\n");
}

static void refuses_with_line_and_byte(void **state)
{
    (void)state;
    check_fault("a 1\nb;c\n", 8, THAG_ERR_FORMAT, 2, 4);
    check_fault("a 1\nb -2\n", 9, THAG_ERR_FORMAT, 2, 6);
    check_fault("a 1\nb;c x2\n", 11, THAG_ERR_FORMAT, 2, 8);
    check_fault("a 1x\n", 5, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 1.5\n", 6, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 1.05\n", 7, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 1.\n", 5, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 9223372036854775808\n", 22, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 99999999999999999999999999\n", 29, THAG_ERR_FORMAT, 1, 2);
    check_fault("a 1\nb\0c 2\n", 10, THAG_ERR_FORMAT, 2, 5);
    check_fault(" 5\n", 3, THAG_ERR_FORMAT, 1, 0);
    check_fault("5\n", 2, THAG_ERR_FORMAT, 1, 0);
    check_fault("a 9223372036854775807\nb 1\n", 26, THAG_ERR_TOO_LARGE, 2, 24);
    check_fault("", 0, THAG_ERR_EMPTY, 0, 0);
    check_fault("# only\n\n", 8, THAG_ERR_EMPTY, 0, 0);
    check_fault("THAGTRC1\0\0\0", 11, THAG_ERR_FORMAT, 1, 8);
}

static void the_largest_sum_is_exact(void **state)
{
    (void)state;
    check("a 9223372036854775806\nb 1\n", "a 9223372036854775806\nb 1\n");
}

static void fractions_must_come_out_whole(void **state)
{
    static const folded_opts micro = {PROFILE_NS, 1000};
    profile *p = NULL;
    fault why;
    (void)state;

    assert_int_equal(load_bytes(&p, "a 1.5\nb 2.001\n", 14, &micro, NULL), THAG_OK);
    assert_int_equal(p->self[1], 1500);
    assert_int_equal(p->self[2], 2001);
    profile_free(p);
    assert_int_equal(load_bytes(&p, "a 1.0005\n", 9, &micro, &why), THAG_ERR_FORMAT);
    /* 9223372036854775 us fit as ns, one more does not */
    assert_int_equal(load_bytes(&p, "a 9223372036854775\n", 19, &micro, NULL), THAG_OK);
    profile_free(p);
    assert_int_equal(load_bytes(&p, "a 9223372036854776\n", 19, &micro, &why), THAG_ERR_FORMAT);
}

static void a_line_may_have_16_mib_and_no_more(void **state)
{
    char *text = malloc(FOLDED_LINE_MAX + 2);
    profile *p = NULL;
    fault why;
    (void)state;

    assert_non_null(text);
    memset(text, 'x', FOLDED_LINE_MAX + 2);
    memcpy(text, "a 1\n", 4);
    memcpy(text + FOLDED_LINE_MAX - 4, " 77\n", 4);
    assert_int_equal(load_bytes(&p, text, FOLDED_LINE_MAX, NULL, NULL), THAG_OK);
    assert_int_equal(p->self[2], 77);
    profile_free(p);
    p = NULL;

    free(text);

    text = malloc(2 * FOLDED_LINE_MAX);
    assert_non_null(text);
    memset(text, 'x', 2 * FOLDED_LINE_MAX);
    memcpy(text, "a 1\n", 4);
    assert_int_equal(load_bytes(&p, text, 2 * FOLDED_LINE_MAX, NULL, &why), THAG_ERR_TOO_LARGE);
    assert_int_equal(why.line, 2);
    assert_int_equal(why.offset, 4);
    free(text);
}

/* Deep enough that anything recursive would overflow its stack. */
static void a_million_frames_deep(void **state)
{
    enum { DEPTH = 1000000 };
    char *text = malloc(2 * DEPTH + 4), *out;
    profile *p = NULL;
    (void)state;

    assert_non_null(text);
    for (size_t i = 0; i < DEPTH; i++) memcpy(text + 2 * i, i % 3 ? "x;" : "y;", 2);
    memcpy(text + 2 * DEPTH - 1, " 9\n", 4);
    p = load(text);
    assert_int_equal(p->node_count, DEPTH + 1);
    out = written(p, NULL);
    assert_string_equal(out, text);
    free(out);
    free(text);
    profile_free(p);
}

typedef struct feed {
    int fd;
    const char *text;
    size_t step;
} feed;

static void *feed_run(void *arg)
{
    const feed *f = arg;
    size_t len = strlen(f->text);

    for (size_t at = 0; at < len; at += f->step) {
        size_t part = len - at < f->step ? len - at : f->step;
        if (write(f->fd, f->text + at, part) != (ssize_t)part) break;
    }
    close(f->fd);
    return NULL;
}

/* Lines cut anywhere by a pipe, the first bytes taken away by whoever looked for the kind. */
static void reads_from_pipes_in_pieces(void **state)
{
    static const char text[] = "main;one;two 5\nmain;one;three 6\nmain;one;two 7\nmain 1";
    (void)state;

    for (size_t step = 1; step < 20; step += 3) {
        int ends[2];
        pthread_t thread;
        profile *p = NULL;
        char *out;
        feed f = {.text = text + 8, .step = step};
        folded_source src = {.path = "-", .head = text, .head_len = 8};
        assert_int_equal(pipe(ends), 0);
        f.fd = ends[1];
        src.fd = ends[0];
        assert_int_equal(pthread_create(&thread, NULL, feed_run, &f), 0);
        assert_int_equal(folded_load(&p, &src, &samples, NULL), THAG_OK);
        pthread_join(thread, NULL);
        close(ends[0]);
        out = written(p, NULL);
        assert_string_equal(out, "main 1\nmain;one;three 6\nmain;one;two 12\n");
        free(out);
        profile_free(p);
    }
}

static void a_read_error_is_told(void **state)
{
    folded_source src = {.path = "/", .fd = open("/", O_RDONLY)};
    profile *p = NULL;
    fault why = {0};
    (void)state;

    assert_int_equal(folded_load(&p, &src, NULL, &why), THAG_ERR_READ);
    assert_int_not_equal(why.os_errno, 0);
    close(src.fd);
}

/*
 * Against a reader that has none of the tricks: random stacks, in random order and sorted, over more
 * than one buffer. Sorted input shares prefixes, random input fills batches.
 */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static profile *load_slowly(char **lines, size_t count)
{
    profile *p = NULL;

    assert_int_equal(profile_new(&p, PROFILE_SAMPLES, 0), THAG_OK);
    for (size_t i = 0; i < count; i++) {
        char *copy = strdup(lines[i]), *space = strrchr(copy, ' '), *save = NULL;
        uint32_t node = PROFILE_ROOT, frame;
        *space = '\0';
        for (char *f = strtok_r(copy, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
            assert_int_equal(profile_intern(p, f, strlen(f), NULL, 0, &frame), THAG_OK);
            assert_int_equal(profile_child(p, node, frame, &node), THAG_OK);
        }
        p->self[node] += atol(space + 1);
        free(copy);
    }
    return p;
}

static char *joined(char **lines, size_t count)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    for (size_t i = 0; i < count; i++) fprintf(to, "%s\n", lines[i]);
    fclose(to);
    return text;
}

static void check_like_slow_reader(char **lines, size_t count)
{
    char *text = joined(lines, count), *expected, *got;
    profile *slow = load_slowly(lines, count), *fast = load(text);

    expected = written(slow, NULL);
    got = written(fast, NULL);
    assert_int_equal(fast->node_count, slow->node_count);
    assert_string_equal(got, expected);
    free(text);
    free(expected);
    free(got);
    profile_free(slow);
    profile_free(fast);
}

static void agrees_with_a_simple_reader(void **state)
{
    enum { LINES = 12000 };
    char **lines = malloc(LINES * sizeof *lines);
    (void)state;

    assert_non_null(lines);
    srand(7);
    for (size_t i = 0; i < LINES; i++) {
        char line[800];
        int len = sprintf(line, "main"), depth = rand() % 25;
        for (int d = 0; d < depth; d++) {
            int n = rand() % (d < 5 ? 2 : 4);
            len += sprintf(line + len, ";%.*s", 1 + (n * 7 + d) % 24, "abcdefghijklmnopqrstuvwxyz");
        }
        sprintf(line + len, " %d", rand() % 1000);
        lines[i] = strdup(line);
    }
    check_like_slow_reader(lines, LINES);
    qsort(lines, LINES, sizeof *lines, compare_lines);
    check_like_slow_reader(lines, LINES);
    for (size_t i = 0; i < LINES; i++) free(lines[i]);
    free(lines);
}

static void check_opts(const char *path, profile_unit unit, int64_t scale)
{
    folded_opts o = folded_opts_for(path);

    assert_int_equal(o.unit, unit);
    assert_int_equal(o.scale, scale);
}

static void the_name_tells_the_unit(void **state)
{
    (void)state;
    check_opts("prog-20250131-235959.folded", PROFILE_NS, 1000);
    check_opts("/x/my-prog-20250131-235959-1234.folded", PROFILE_NS, 1000);
    check_opts("p-20250131-235959-1234-2.folded", PROFILE_NS, 1000);
    check_opts("p-20250131-235959-memory.folded", PROFILE_BYTES, 1);
    check_opts("p-20250131-235959-1234-memory.folded", PROFILE_BYTES, 1);
    check_opts("p-20250131-235959-memory_detail.folded", PROFILE_BYTES, 1);
    check_opts("p-20250131-235959-memory_detail_dealloc.folded", PROFILE_BYTES, 1);
    check_opts("perf.folded", PROFILE_SAMPLES, 1);
    check_opts("p-2025013-235959.folded", PROFILE_SAMPLES, 1);
    check_opts("p-20250131-235959-.folded", PROFILE_SAMPLES, 1);
    check_opts("/dir-20250131-235959/x.folded", PROFILE_SAMPLES, 1);
    check_opts("out.txt", PROFILE_SAMPLES, 1);
    check_opts("-", PROFILE_SAMPLES, 1);
    check_opts(NULL, PROFILE_SAMPLES, 1);
}

static uint32_t add(profile *p, uint32_t parent, const char *name, int64_t self, uint64_t calls)
{
    uint32_t f, n;

    assert_int_equal(profile_intern(p, name, strlen(name), NULL, 0, &f), THAG_OK);
    assert_int_equal(profile_child(p, parent, f, &n), THAG_OK);
    p->self[n] = self;
    if (p->calls) p->calls[n].calls = calls;
    return n;
}

static void no_call_is_lost_to_rounding(void **state)
{
    profile *p = NULL;
    char *text;
    uint32_t a;
    (void)state;

    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    a = add(p, PROFILE_ROOT, "a", 0, 0); /* a mere level */
    add(p, a, "called", 499, 3);
    add(p, a, "rounded", 1500, 1);
    add(p, add(p, a, "no time", 0, 1), "x", 2499, 1);
    text = written(p, NULL);
    assert_string_equal(text, "a;called 0\na;no time 0\na;no time;x 2\na;rounded 2\n");
    free(text);
    text = written(p, &(folded_write_opts){.divisor = 1});
    assert_string_equal(text, "a;called 499\na;no time 0\na;no time;x 2499\na;rounded 1500\n");
    free(text);
    profile_free(p);
}

static void names_cannot_break_the_format(void **state)
{
    profile *p = NULL;
    char *text;
    (void)state;

    assert_int_equal(profile_new(&p, PROFILE_SAMPLES, 0), THAG_OK);
    add(p, PROFILE_ROOT,
        "a;b\nc\rd\te\x7f"
        "f\xC3\xA9",
        1, 0);
    text = written(p, NULL);
    assert_string_equal(text, "a:b c d e f\xC3\xA9 1\n");
    free(text);
    profile_free(p);
}

static void a_full_disk_is_told(void **state)
{
    profile *p = load("a;b 1\n");
    FILE *full = fopen("/dev/full", "w");
    fault why = {0};
    (void)state;

    if (!full) skip();
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(folded_write(full, p, NULL, &why), THAG_ERR_WRITE);
    fclose(full);
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_sorted_sums),
        cmocka_unit_test(accepts_what_tools_write),
        cmocka_unit_test(refuses_with_line_and_byte),
        cmocka_unit_test(the_largest_sum_is_exact),
        cmocka_unit_test(fractions_must_come_out_whole),
        cmocka_unit_test(a_line_may_have_16_mib_and_no_more),
        cmocka_unit_test(a_million_frames_deep),
        cmocka_unit_test(reads_from_pipes_in_pieces),
        cmocka_unit_test(a_read_error_is_told),
        cmocka_unit_test(agrees_with_a_simple_reader),
        cmocka_unit_test(the_name_tells_the_unit),
        cmocka_unit_test(no_call_is_lost_to_rounding),
        cmocka_unit_test(names_cannot_break_the_format),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
