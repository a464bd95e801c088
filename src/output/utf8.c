#include "output/utf8.h"

#include <string.h>

/* Bytes that a code point of this first byte has, and the least that needs them; 0: not a first byte. */
static size_t sequence(unsigned char first, uint32_t *code, uint32_t *least)
{
    if (first < 0x80) return *code = first, *least = 0, 1;
    if ((first & 0xE0) == 0xC0) return *code = first & 0x1F, *least = 0x80, 2;
    if ((first & 0xF0) == 0xE0) return *code = first & 0x0F, *least = 0x800, 3;
    if ((first & 0xF8) == 0xF0) return *code = first & 0x07, *least = 0x10000, 4;
    return 0;
}

uint32_t utf8_next(const char *text, size_t len, size_t *used)
{
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t code = 0, least = 0;
    size_t count = sequence(bytes[0], &code, &least);

    *used = 1;
    if (count == 0 || count > len) return UTF8_BROKEN;
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return UTF8_BROKEN;
        code = code << 6 | (bytes[i] & 0x3F);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return UTF8_BROKEN;
    *used = count;
    return code;
}

size_t utf8_encode(char out[UTF8_BYTES_MAX], uint32_t code)
{
    if (code < 0x80) return out[0] = (char)code, 1;
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

void utf8_put(FILE *to, uint32_t code)
{
    char bytes[UTF8_BYTES_MAX];

    fwrite(bytes, 1, utf8_encode(bytes, code), to);
}

size_t utf8_repair(char *out, const char *text, size_t len)
{
    size_t put = 0;

    for (size_t used; len; text += used, len -= used) {
        uint32_t code = utf8_next(text, len, &used);

        if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) code = ' ';
        put += utf8_encode(out + put, code);
    }
    return put;
}

typedef struct code_range {
    uint32_t from, to;
} code_range;

static int in_ranges(uint32_t code, const code_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].from && code <= ranges[i].to) return 1;
    }
    return 0;
}

#define IN(code, ranges) in_ranges(code, ranges, sizeof(ranges) / sizeof(ranges)[0])

/* Controls, marks of direction, invisible and private-use tags. */
static int is_unsafe(uint32_t code)
{
    static const code_range unsafe[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
        {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
        {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE000, 0xF8FF}, {0xE0000, 0x10FFFF},
    };

    return IN(code, unsafe);
}

/* The blocks that matter in names; not all of Unicode's table. */
static size_t columns_of(uint32_t code)
{
    static const code_range none[] = {
        {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
        {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const code_range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};

    if (IN(code, none)) return 0;
    return IN(code, wide) ? 2 : 1;
}

/* One code point as it is shown: bytes, and columns. */
static size_t plain_form(char out[16], uint32_t code, size_t *columns)
{
    if (is_unsafe(code)) {
        size_t len = (size_t)snprintf(out, 16, code < 0x100 ? "\\x%02x" : "\\u{%x}", code);

        *columns = len;
        return len;
    }
    *columns = columns_of(code);
    return utf8_encode(out, code);
}

static size_t plain_columns(const char *text, size_t len)
{
    size_t sum = 0;

    for (size_t used, columns; len; text += used, len -= used) {
        char form[16];

        plain_form(form, utf8_next(text, len, &used), &columns);
        sum += columns;
    }
    return sum;
}

size_t utf8_put_plain(FILE *to, const char *text, size_t len, size_t max_columns)
{
    size_t all = plain_columns(text, len), shown = 0;

    if (!to) return all < max_columns ? all : max_columns;
    while (len) {
        char form[16];
        size_t used, columns, bytes;

        bytes = plain_form(form, utf8_next(text, len, &used), &columns);
        if (all > max_columns && shown + columns + 1 > max_columns) {
            if (max_columns == 0) return 0;
            utf8_put(to, 0x2026);
            return shown + 1;
        }
        fwrite(form, 1, bytes, to);
        shown += columns;
        text += used;
        len -= used;
    }
    return shown;
}
