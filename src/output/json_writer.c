#include "output/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "output/packed_part.h"
#include "output/utf8.h"

static void put_string(FILE *to, const char *text, size_t len)
{
    fputc('"', to);
    for (size_t used; len; text += used, len -= used) {
        uint32_t code = utf8_next(text, len, &used);

        if (code == '"' || code == '\\') {
            fprintf(to, "\\%c", (int)code);
        } else if (code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == '<' || code == '>' ||
                   code == '&' || code == 0x2028 || code == 0x2029) {
            fprintf(to, "\\u%04x", code);
        } else {
            utf8_put(to, code);
        }
    }
    fputc('"', to);
}

static void put_indent(const json *j)
{
    fputc('\n', j->to);
    for (unsigned i = 0; i < j->depth; i++) fputs("  ", j->to);
}

/* What stands before a value: comma, place, key. */
static void begin_value(json *j, const char *key)
{
    if (j->depth) {
        unsigned at = j->depth - 1;

        if (j->level[at].has_items) fputs(j->level[at].on_lines ? "," : ", ", j->to);
        if (j->level[at].on_lines) put_indent(j);
        j->level[at].has_items = 1;
    }
    if (!key) return;
    put_string(j->to, key, strlen(key));
    fputs(": ", j->to);
}

static void begin_level(json *j, const char *key, int on_lines, char open, char close)
{
    begin_value(j, key);
    assert(j->depth < JSON_DEPTH);
    fputc(open, j->to);
    j->level[j->depth].close = close;
    j->level[j->depth].on_lines = (char)(on_lines != 0);
    j->level[j->depth++].has_items = 0;
}

void json_init(json *j, FILE *to)
{
    memset(j, 0, sizeof *j);
    j->to = to;
}

void json_finish(json *j)
{
    assert(j->depth == 0);
    fputc('\n', j->to);
}

void json_begin_object(json *j, const char *key, int on_lines)
{
    begin_level(j, key, on_lines, '{', '}');
}

void json_begin_array(json *j, const char *key, int on_lines)
{
    begin_level(j, key, on_lines, '[', ']');
}

void json_end(json *j)
{
    assert(j->depth > 0);
    j->depth--;
    if (j->level[j->depth].on_lines && j->level[j->depth].has_items) put_indent(j);
    fputc(j->level[j->depth].close, j->to);
}

void json_text(json *j, const char *key, const char *text)
{
    begin_value(j, key);
    if (text)
        put_string(j->to, text, strlen(text));
    else
        fputs("null", j->to);
}

void json_int(json *j, const char *key, int64_t value)
{
    begin_value(j, key);
    fprintf(j->to, "%" PRId64, value);
}

void json_uint(json *j, const char *key, uint64_t value)
{
    begin_value(j, key);
    fprintf(j->to, "%" PRIu64, value);
}

void json_real(json *j, const char *key, double value)
{
    begin_value(j, key);
    /* Not by %f, whose decimal point is the locale's. */
    if (!isfinite(value) || fabs(value) >= 9e15) {
        fputs("null", j->to);
    } else {
        int64_t scaled = (int64_t)llround(fabs(value) * 1000);

        fprintf(j->to, "%s%" PRId64 ".%03d", value < 0 && scaled ? "-" : "", scaled / 1000,
                (int)(scaled % 1000));
    }
}

void json_scaled(json *j, const char *key, int64_t value, unsigned digits)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;

    for (unsigned i = 0; i < digits; i++) unit *= 10;
    begin_value(j, key);
    fprintf(j->to, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", size / unit, (int)digits,
            size % unit);
}

void json_bool(json *j, const char *key, int value)
{
    begin_value(j, key);
    fputs(value ? "true" : "false", j->to);
}

void json_base64(json *j, const char *key, const unsigned char *bytes, size_t len)
{
    begin_value(j, key);
    fputc('"', j->to);
    base64_put(j->to, bytes, len);
    fputc('"', j->to);
}

void json_null(json *j, const char *key)
{
    begin_value(j, key);
    fputs("null", j->to);
}
