#include "cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/json_writer.h"
#include "output/utf8.h"

static void test_document(void **state)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    json j;

    (void)state;
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "a\"b", "x\\y</b>&\t");
    json_text(&j, "none", NULL);
    json_begin_array(&j, "list", 0);
    json_int(&j, NULL, INT64_MIN);
    json_uint(&j, NULL, UINT64_MAX);
    json_real(&j, NULL, -1.0625);
    json_real(&j, NULL, -0.0001);
    json_real(&j, NULL, NAN);
    json_bool(&j, NULL, 2);
    json_null(&j, NULL);
    json_end(&j);
    json_begin_object(&j, "empty", 1);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    fclose(to);
    assert_string_equal(text,
                        "{\n"
                        "  \"a\\\"b\": \"x\\\\y\\u003c/b\\u003e\\u0026\\u0009\",\n"
                        "  \"none\": null,\n"
                        "  \"list\": [-9223372036854775808, 18446744073709551615, -1.063, 0.000, "
                        "null, true, null],\n"
                        "  \"empty\": {}\n"
                        "}\n");
    free(text);
}

static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, used;
        uint32_t code;
    } cases[] = {
        {"A", 1, 1, 'A'},
        {"\xC3\xA9", 2, 2, 0xE9},
        {"\xE2\x82\xAC", 3, 3, 0x20AC},
        {"\xF0\x9F\x98\x80", 4, 4, 0x1F600},
        {"\xC3", 1, 1, UTF8_BROKEN},             /* cut */
        {"\xC0\x80", 2, 1, UTF8_BROKEN},         /* overlong NUL */
        {"\xE0\x80\xAF", 3, 1, UTF8_BROKEN},     /* overlong / */
        {"\xED\xA0\x80", 3, 1, UTF8_BROKEN},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, 1, UTF8_BROKEN}, /* beyond */
        {"\x80", 1, 1, UTF8_BROKEN},
        {"\xFF", 1, 1, UTF8_BROKEN},
        {"\xE2\x28\xA1", 3, 1, UTF8_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t used;

        assert_int_equal(utf8_next(cases[i].bytes, cases[i].len, &used), cases[i].code);
        assert_int_equal(used, cases[i].used);
    }
}

static char *plain(const char *in, size_t width, size_t *columns)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    *columns = utf8_put_plain(to, in, strlen(in), width);
    fclose(to);
    return text;
}

static void test_plain(void **state)
{
    static const struct {
        const char *in;
        size_t width;
        const char *out;
        size_t columns;
    } cases[] = {
        {"name", 10, "name", 4},
        {"long_name", 5, "long\xE2\x80\xA6", 5},
        {"a\x1b[2J", 20, "a\\x1b[2J", 8},
        {"\xE2\x80\xAEtxt", 20, "\\u{202e}txt", 11}, /* right-to-left override */
        {"\xC2\x9B", 20, "\\x9b", 4},                /* C1 control sequence introducer */
        {"\xE5\x87\xBD\xE6\x95\xB0", 4, "\xE5\x87\xBD\xE6\x95\xB0", 4},
        {"\xE5\x87\xBD\xE6\x95\xB0", 3, "\xE5\x87\xBD\xE2\x80\xA6", 3},
        {"e\xCC\x81", 1, "e\xCC\x81", 1},
        {"x\xFF", 5, "x\xEF\xBF\xBD", 2},
        {"", 5, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t columns;
        char *text = plain(cases[i].in, cases[i].width, &columns);

        assert_string_equal(text, cases[i].out);
        assert_int_equal(columns, cases[i].columns);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
