#include "output/export/text_out.h"

#include <string.h>

void text_flush(text_out *o)
{
    fwrite(o->buf, 1, o->len, o->to);
    o->len = 0;
}

void text_put(text_out *o, const char *text, size_t len)
{
    if (sizeof o->buf - o->len < len) text_flush(o);
    if (sizeof o->buf < len) {
        fwrite(text, 1, len, o->to);
        return;
    }
    memcpy(o->buf + o->len, text, len);
    o->len += len;
}

void text_puts(text_out *o, const char *text)
{
    text_put(o, text, strlen(text));
}

void text_uint(text_out *o, uint64_t value)
{
    char digits[20], *at = digits + sizeof digits;

    do *--at = (char)('0' + value % 10);
    while (value /= 10);
    text_put(o, at, (size_t)(digits + sizeof digits - at));
}

void text_scaled(text_out *o, uint64_t value, unsigned digits)
{
    char fraction[9];
    uint64_t rest = value;

    for (unsigned i = digits; i-- > 0; rest /= 10) fraction[i] = (char)('0' + rest % 10);
    text_uint(o, rest);
    text_put(o, ".", 1);
    text_put(o, fraction, digits);
}
