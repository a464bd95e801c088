#include "output/markup.h"

#define REPLACEMENT 0xFFFDu

static size_t sequence_len(unsigned char lead)
{
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

/* The code point, or REPLACEMENT with *used = 1. Overlong forms and surrogates are not UTF-8. */
static uint32_t decode_utf8(const unsigned char *at, size_t len, size_t *used)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = sequence_len(*at);
    uint32_t point;

    *used = 1;
    if (need == 1) return *at;
    if (need == 0 || need > len) return REPLACEMENT;
    point = *at & (0x7Fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((at[i] & 0xC0) != 0x80) return REPLACEMENT;
        point = point << 6 | (at[i] & 0x3Fu);
    }
    if (point < least[need] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return REPLACEMENT;
    *used = need;
    return point;
}

uint32_t markup_decode(const char *text, size_t len, size_t *used)
{
    uint32_t point = decode_utf8((const unsigned char *)text, len, used);

    if (point == '\t' || point == '\n' || point == '\r') return ' ';
    if (point < ' ' || (point >= 0x7F && point < 0xA0)) return REPLACEMENT;
    return point == 0xFFFE || point == 0xFFFF ? REPLACEMENT : point;
}

static void put_utf8(FILE *to, uint32_t point)
{
    if (point < 0x80) {
        putc((int)point, to);
        return;
    }
    if (point < 0x800) {
        putc((int)(0xC0 | point >> 6), to);
    } else {
        if (point < 0x10000) {
            putc((int)(0xE0 | point >> 12), to);
        } else {
            putc((int)(0xF0 | point >> 18), to);
            putc((int)(0x80 | (point >> 12 & 0x3F)), to);
        }
        putc((int)(0x80 | (point >> 6 & 0x3F)), to);
    }
    putc((int)(0x80 | (point & 0x3F)), to);
}

static const char *entity(uint32_t point)
{
    switch (point) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void markup_put(FILE *to, const char *text, size_t len, size_t max_chars)
{
    for (size_t at = 0, used; at < len && max_chars > 0; at += used, max_chars--) {
        uint32_t point = markup_decode(text + at, len - at, &used);
        const char *name = entity(point);
        if (name)
            fputs(name, to);
        else
            put_utf8(to, point);
    }
}

void markup_put_json(FILE *to, const char *text, size_t len)
{
    putc('"', to);
    for (size_t at = 0, used; at < len; at += used) {
        uint32_t point = markup_decode(text + at, len - at, &used);
        if (point == '"' || point == '\\')
            fprintf(to, "\\%c", (int)point);
        else if (point == '<' || point == '>' || point == '&')
            fprintf(to, "\\u%04x", (unsigned)point);
        else
            put_utf8(to, point);
    }
    putc('"', to);
}
