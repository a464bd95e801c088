/* The SVG as text: well-formed whatever the names are, deterministic, small, legible. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "output/markup.h"
#include "output/name_fit.h"
#include "output/palette.h"
#include "output/picture/axis_marks.h"
#include "output/picture/svg_writer.h"
#include "output/quantity.h"
#include "profile/load/profile_folded.h"

static uint32_t add(profile *p, uint32_t parent, const char *name, size_t len, int64_t self)
{
    uint32_t f, n;

    assert_int_equal(profile_intern(p, name, len, NULL, 0, &f), THAG_OK);
    assert_int_equal(profile_child(p, parent, f, &n), THAG_OK);
    p->self[n] += self;
    return n;
}

static profile *load(const char *text)
{
    folded_source src = {.path = "t", .head = text, .head_len = strlen(text), .fd = -1};
    profile *p = NULL;

    assert_int_equal(folded_load(&p, &src, NULL, NULL), THAG_OK);
    return p;
}

static char *drawn(const profile *p, const svg_opts *opts, size_t *len)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_int_equal(svg_write(to, p, opts, NULL), THAG_OK);
    fclose(to);
    if (len) *len = size;
    return text;
}

/*
 * Well-formedness of what svg_writer.c makes use of: balanced elements, quoted attributes without '<'
 * or bare '&', CDATA sections, no control bytes. The browser tests parse it with a real parser.
 */
typedef struct xml {
    const char *at;
    char open[16][16];
    int depth;
    int elements;
} xml;

static void xml_text(xml *x, char end)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (; *x->at && *x->at != end && *x->at != '<'; x->at++) {
        int known = *x->at != '&';
        assert_true((unsigned char)*x->at >= ' ' || *x->at == '\n');
        assert_true(end == '"' || *x->at != '>');
        for (size_t i = 0; i < 5; i++)
            known |= strncmp(x->at, entities[i], strlen(entities[i])) == 0;
        if (!known) fail_msg("bare & at %.40s", x->at);
    }
    if (end == '"') assert_int_equal(*x->at, '"');
}

static void xml_name(xml *x, char *name, size_t room)
{
    size_t len = 0;

    while (*x->at &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:", *x->at))
        if (len + 1 < room) name[len++] = *x->at++;
    name[len] = '\0';
    assert_true(len > 0);
}

static void xml_tag(xml *x)
{
    char name[16];

    x->at++;
    if (*x->at == '/') {
        x->at++;
        xml_name(x, name, sizeof name);
        assert_true(x->depth > 0);
        assert_string_equal(name, x->open[--x->depth]);
        assert_int_equal(*x->at++, '>');
        return;
    }
    xml_name(x, name, sizeof name);
    x->elements++;
    while (*x->at == ' ') {
        char attribute[16];
        x->at++;
        xml_name(x, attribute, sizeof attribute);
        assert_int_equal(*x->at++, '=');
        assert_int_equal(*x->at++, '"');
        xml_text(x, '"');
        x->at++;
    }
    if (*x->at == '/') {
        x->at++;
    } else {
        assert_true(x->depth < 16);
        strcpy(x->open[x->depth++], name);
    }
    assert_int_equal(*x->at++, '>');
}

static int xml_check(const char *text)
{
    xml x = {.at = strstr(text, "?>") + 2};

    while (*x.at) {
        if (strncmp(x.at, "<![CDATA[", 9) == 0)
            x.at = strstr(x.at, "]]>") + 3;
        else if (*x.at == '<')
            xml_tag(&x);
        else
            xml_text(&x, '\0');
    }
    assert_int_equal(x.depth, 0);
    return x.elements;
}

static const char *const hostile[] = {"</script><img src=x onerror=alert(1)>",
                                      "]]><script>alert(1)</script>",
                                      "a & b < c > d",
                                      "\"'`",
                                      "\x01\x02\x1b[31m",
                                      "\xFF\xFE\x80 bad",
                                      "\xED\xA0\x80 surrogate",
                                      "\xEF\xBF\xBF",
                                      "\xC0\xAF overlong",
                                      "\xF0\x9F\x94\xA5 fire",
                                      "\xC2\x80 C1",
                                      "</title></g></svg>",
                                      "&lt;",
                                      "\\u003c\\",
                                      "<!--",
                                      "-->",
                                      "%s%n",
                                      "",
                                      "\xE2\x80",
                                      "__proto__"};

static void hostile_names_are_text(void **state)
{
    profile *p = NULL;
    char *text;
    (void)state;

    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        add(p, PROFILE_ROOT, hostile[i], strlen(hostile[i]), 1000);
    text = drawn(p, &(svg_opts){.title = hostile[0], .subtitle = hostile[1], .count_label = "<&"},
                 NULL);
    assert_true(xml_check(text) > 3 * 20);
    assert_null(strstr(text, "<img"));
    assert_null(strstr(text, "alert(1)</script>"));
    assert_non_null(strstr(text, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; ("));
    free(text);
    profile_free(p);
}

static void nothing_is_wanted_from_outside(void **state)
{
    profile *p = load("a;b 1\n");
    char *text = drawn(p, NULL, NULL);
    const char *at = text;
    (void)state;

    assert_null(strstr(text, "href"));
    assert_null(strstr(text, "@import"));
    assert_null(strstr(text, "url("));
    assert_null(strstr(text, "eval("));
    assert_null(strstr(text, "innerHTML"));
    /* The only addresses are the names of the two namespaces. */
    while ((at = strstr(at, "://"))) {
        assert_true(strncmp(at, "://www.w3.org/2000/svg", 22) == 0 ||
                    strncmp(at, "://www.w3.org/1999/xhtml", 24) == 0);
        at++;
    }
    free(text);
    profile_free(p);
}

static void the_same_profile_gives_the_same_bytes(void **state)
{
    profile *one = load("a;b 1\na;c 2\nd 3\n"), *two = load("d 3\na;c 2\na;b 1\n");
    char *first = drawn(one, NULL, NULL), *second = drawn(two, NULL, NULL);
    (void)state;

    assert_string_equal(first, second);
    free(first);
    free(second);
    profile_free(one);
    profile_free(two);
}

static void the_table_has_exact_numbers(void **state)
{
    profile *p = NULL;
    uint32_t a, b;
    char *text;
    (void)state;

    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    a = add(p, PROFILE_ROOT, "a", 1, 10);
    b = add(p, a, "b", 1, 36);
    add(p, PROFILE_ROOT, "c", 1, 1);
    p->calls[b].calls = 37;
    text = drawn(p, NULL, NULL);
    /* all: 47 = 1b, self 0. a: 46 = 1a, self 10 = a. c: 1, its self equal. b: 36 = 10, 37 calls. */
    assert_non_null(strstr(text, "\"names\":[\"a\",\"c\",\"b\"]"));
    assert_non_null(strstr(text, "\"rects\":\",,1b,0|0,,1a,a;1,,1|2,,10,,11\""));
    assert_non_null(strstr(text, "<title>b (36 ns, 76.60%)</title>"));
    free(text);
    profile_free(p);
}

static void what_is_left_out_is_told(void **state)
{
    profile *p = load("a;b;c;d 100000\ne 1\n");
    char *text = drawn(p, &(svg_opts){.max_rows = 3}, NULL);
    (void)state;

    assert_non_null(strstr(text, "Only the first 3 of 5 levels are drawn"));
    assert_non_null(strstr(text, "100,001 samples in all"));
    assert_non_null(strstr(text, ", 1 too narrow to draw"));
    assert_null(strstr(text, "Nothing to show"));
    free(text);
    profile_free(p);

    p = load("a;b 0\n");
    text = drawn(p, NULL, NULL);
    assert_non_null(strstr(text, "Nothing to show: all values are zero."));
    xml_check(text);
    free(text);
    profile_free(p);
}

static void inverting_turns_the_rows(void **state)
{
    profile *p = load("a;b 1\n");
    char *normal = drawn(p, NULL, NULL), *icicle = drawn(p, &(svg_opts){.inverted = 1}, NULL);
    (void)state;

    assert_non_null(strstr(normal, "<g transform=\"translate(0 34)\">\n<g><title>all ("));
    assert_non_null(strstr(icicle, "<g transform=\"translate(0 0)\">\n<g><title>all ("));
    free(normal);
    free(icicle);
    profile_free(p);
}

/* 10,000 rectangles, names of 12 bytes: at most 120 bytes each besides the name, all included. */
static void rectangles_are_small(void **state)
{
    profile *empty = load("x 1\n"), *p = NULL;
    uint32_t parent = PROFILE_ROOT;
    size_t base, len;
    char *text = drawn(empty, NULL, &base);
    (void)state;

    free(text);
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    for (uint32_t i = 0; i < 10000; i++) {
        char name[16];
        snprintf(name, sizeof name, "function%04u", i % 3000);
        parent = add(p, i % 4 ? parent : PROFILE_ROOT, name, 12, 123457 + i);
    }
    text = drawn(p, NULL, &len);
    assert_true((len - base) / 10000 < 120 + 12);
    free(text);
    profile_free(empty);
    profile_free(p);
}

static double channel(uint32_t colour, unsigned shift)
{
    double c = (colour >> shift & 255) / 255.0;

    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t c)
{
    return 0.2126 * channel(c, 16) + 0.7152 * channel(c, 8) + 0.0722 * channel(c, 0);
}

static double contrast(uint32_t a, uint32_t b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

    return x > y ? x / y : y / x;
}

static void text_is_legible_on_every_shade(void **state)
{
    (void)state;
    for (size_t n = 0; palette_at(n); n++) {
        const palette *p = palette_at(n);
        for (unsigned k = 0; k < p->family_count * PALETTE_SHADES; k++) {
            assert_true(contrast(palette_colour(p, k, 0), PALETTE_INK_LIGHT) >= 4.5);
            assert_true(contrast(palette_colour(p, k, 1), PALETTE_INK_DARK) >= 4.5);
        }
    }
}

static void palettes_have_the_names_of_the_reference(void **state)
{
    static const char *const names[] = {"aqua",   "blue",   "green", "hot",    "mem",
                                        "orange", "purple", "red",   "yellow", "rust"};
    char ink[16];
    profile *p = load("a 1\n");
    char *text = drawn(p, NULL, NULL);
    (void)state;

    for (size_t i = 0; i < 10; i++) assert_ptr_equal(palette_find(names[i]), palette_at(i));
    assert_null(palette_at(10));
    assert_non_null(palette_find("Aqua"));
    assert_null(palette_find("aqu"));
    assert_null(palette_find("aquaa"));
    /* The inks that the contrast was computed for are those of the style sheet. */
    snprintf(ink, sizeof ink, "#%06x", PALETTE_INK_LIGHT);
    assert_non_null(strstr(text, ink));
    snprintf(ink, sizeof ink, "#%06x", PALETTE_INK_DARK);
    assert_non_null(strstr(text, ink));
    free(text);
    profile_free(p);
}

static void shades_follow_the_name_alone(void **state)
{
    const palette *aqua = palette_find("aqua"), *rust = palette_find("rust");
    unsigned seen = 0;
    char name[8];
    (void)state;

    assert_int_equal(palette_shade(aqua, "main", 4), palette_shade(aqua, "mainly", 4));
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "f%d", i);
        seen |= 1u << palette_shade(aqua, name, strlen(name));
    }
    assert_int_equal(seen, 0xFFFF);
    assert_int_equal(palette_shade(rust, "work", 4) / PALETTE_SHADES, 0);
    assert_int_equal(palette_shade(rust, "_start", 6) / PALETTE_SHADES, 1);
    assert_int_equal(palette_shade(rust, "async::work", 11) / PALETTE_SHADES, 2);
}

static void check_quantity(profile_unit unit, int64_t value, const char *expected)
{
    char text[QUANTITY_ROOM];

    quantity_text(text, unit, value, NULL);
    assert_string_equal(text, expected);
}

static void quantities_read_well(void **state)
{
    char text[QUANTITY_ROOM];
    (void)state;

    check_quantity(PROFILE_NS, 0, "0 ns");
    check_quantity(PROFILE_NS, 999, "999 ns");
    check_quantity(PROFILE_NS, 1000, "1.00 \xC2\xB5s");
    check_quantity(PROFILE_NS, 12345, "12.3 \xC2\xB5s");
    check_quantity(PROFILE_NS, 123456789, "123 ms");
    check_quantity(PROFILE_NS, 61000000000, "61.0 s");
    check_quantity(PROFILE_BYTES, 1023, "1023 B");
    check_quantity(PROFILE_BYTES, 1536, "1.50 KiB");
    check_quantity(PROFILE_BYTES, INT64_MAX, "8388608 TiB");
    check_quantity(PROFILE_SAMPLES, 1234567, "1,234,567 samples");
    check_quantity(PROFILE_SAMPLES, INT64_MAX, "9,223,372,036,854,775,807 samples");
    quantity_percent(text, 1, 3);
    assert_string_equal(text, "33.33%");
    quantity_percent(text, 1, 0);
    assert_string_equal(text, "0.00%");
}

static void a_full_disk_is_told(void **state)
{
    profile *p = load("a;b 1\n");
    FILE *full = fopen("/dev/full", "w");
    fault why = {0};
    (void)state;

    if (!full) skip();
    assert_int_equal(svg_write(full, p, NULL, &why), THAG_ERR_WRITE);
    assert_int_equal(why.err, THAG_ERR_WRITE);
    fclose(full);
    profile_free(p);
}

static void a_comparison_has_signs_and_no_palette(void **state)
{
    profile *p = load("main 10\nmain;same 30\nmain;grown 40\nmain;shrunk 15\nmain;fresh 5\n");
    int64_t change[] = {0, 0, 0, 20, -5, 5};
    svg_opts opts = {.change = change};
    char *text;
    (void)state;

    assert_int_equal(p->node_count, 6);
    for (uint32_t n = 1; n < 6; n++) {
        const char *name = p->frames[p->frame[n]].name;

        change[n] = strcmp(name, "grown") == 0    ? 20
                    : strcmp(name, "shrunk") == 0 ? -5
                    : strcmp(name, "fresh") == 0  ? 5
                    : strcmp(name, "same") == 0   ? 0
                                                  : 20;
    }
    text = drawn(p, &opts, NULL);
    assert_non_null(
        strstr(text, "<title>grown (40 samples, 40.00%, +100%)</title><rect class=\"g4\""));
    assert_non_null(
        strstr(text, "<title>shrunk (15 samples, 15.00%, -25%)</title><rect class=\"s3\""));
    assert_non_null(strstr(text, "<title>fresh (5 samples, 5.00%, new)</title><rect class=\"g4\""));
    assert_non_null(strstr(text, "<title>same (30 samples, 30.00%)</title><rect class=\"c0\""));
    assert_non_null(strstr(text, ">+100% grown</text>"));
    assert_non_null(strstr(text, "Width: after. Orange (+) grew"));
    assert_null(strstr(text, "<rect class=\"k"));
    free(text);
    /* Before the change: what was 20 had a width of 20. */
    opts.shows_before = 1;
    text = drawn(p, &opts, NULL);
    assert_non_null(strstr(text, "<title>grown (40 samples, 40.00%, +50%)"));
    free(text);
    profile_free(p);
}

static void marks_of_axes_are_round(void **state)
{
    static const struct {
        uint64_t length, step;
        const char *text; /* of the second mark after 0 */
    } times[] = {{7, 1, "2 ns"},
                 {198000000, 20000000, "40 ms"},
                 {1100000, 200000, "400 \xC2\xB5s"},
                 {2680000000, 500000000, "1.0 s"},
                 {9000000000, 1000000000, "2 s"},
                 {0, 1, "2 ns"},
                 {UINT64_MAX, UINT64_C(2000000000000000000), "4000000000 s"}};
    char text[QUANTITY_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint64_t step = axis_step_ns(times[i].length, 10);

        assert_int_equal(step, times[i].step);
        assert_string_equal(axis_time(text, 2 * step, step), times[i].text);
        assert_true(times[i].length / step <= 10);
    }
    assert_string_equal(axis_time(text, 0, 5), "0 s");
    assert_string_equal(axis_time(text, 1500000000, 100000000), "1.5 s");
    assert_int_equal(axis_step_bytes(10076160, 6), 2097152);
    assert_int_equal(axis_step_bytes(0, 6), 1);
    assert_true(UINT64_MAX / axis_step_bytes(UINT64_MAX, 6) <= 6);
    assert_string_equal(axis_bytes(text, 2097152), "2 MiB");
    assert_string_equal(axis_bytes(text, 1572864), "1.5 MiB");
    assert_string_equal(axis_bytes(text, 0), "0 B");
    assert_string_equal(axis_bytes(text, 100 * 1024), "100 KiB");
}

static void of_a_long_name_the_end_is_kept(void **state)
{
    (void)state;
    assert_string_equal(name_fit("shop::cart::total", 17), "shop::cart::total");
    assert_string_equal(name_fit("shop::cart::total", 16), "cart::total");
    assert_string_equal(name_fit("shop::cart::total", 11), "total");
    assert_string_equal(name_fit("shop::cart::total", 6), "total");
    assert_string_equal(name_fit("shop::cart::total", 5), "shop::cart::total");
    assert_string_equal(name_fit("calculate_sentiment", 9), "calculate_sentiment");
    assert_string_equal(name_fit("f(std::string)", 8), "f(std::string)");
    assert_string_equal(name_fit("main::<lambda>", 9), "<lambda>");
    assert_string_equal(name_fit("", 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_names_are_text),
        cmocka_unit_test(nothing_is_wanted_from_outside),
        cmocka_unit_test(the_same_profile_gives_the_same_bytes),
        cmocka_unit_test(the_table_has_exact_numbers),
        cmocka_unit_test(what_is_left_out_is_told),
        cmocka_unit_test(inverting_turns_the_rows),
        cmocka_unit_test(rectangles_are_small),
        cmocka_unit_test(text_is_legible_on_every_shade),
        cmocka_unit_test(palettes_have_the_names_of_the_reference),
        cmocka_unit_test(shades_follow_the_name_alone),
        cmocka_unit_test(a_comparison_has_signs_and_no_palette),
        cmocka_unit_test(quantities_read_well),
        cmocka_unit_test(marks_of_axes_are_round),
        cmocka_unit_test(of_a_long_name_the_end_is_kept),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
