/*
 * text_out.h - text on its way into a stream, for writers of millions of lines: numbers without
 * printf, and the stream is called once for many of them.
 */
#ifndef THAG_TEXT_OUT_H
#define THAG_TEXT_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Begin as {.to = stream}. End with text_flush(); errors are the stream's. */
typedef struct text_out {
    FILE *to;
    size_t len;
    char buf[1 << 14];
} text_out;

void text_put(text_out *o, const char *text, size_t len);
/** A NUL-terminated one. */
void text_puts(text_out *o, const char *text);
void text_uint(text_out *o, uint64_t value);
/** value / 10^digits, exactly. digits: 1 to 9. */
void text_scaled(text_out *o, uint64_t value, unsigned digits);
void text_flush(text_out *o);

#endif
