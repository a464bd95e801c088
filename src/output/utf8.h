/*
 * utf8.h - text of unknown origin, a code point at a time, and how wide a terminal shows it.
 */
#ifndef THAG_UTF8_H
#define THAG_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UTF8_BROKEN    0xFFFDu
#define UTF8_BYTES_MAX 4

/** The next code point of text[0..len), len > 0; *used gets its bytes. U+FFFD, of one byte, for what
    is not UTF-8: stray and missing bytes, overlong forms, surrogates, beyond U+10FFFF. */
uint32_t utf8_next(const char *text, size_t len, size_t *used);

/** The bytes of one code point. Returns how many. */
size_t utf8_encode(char out[UTF8_BYTES_MAX], uint32_t code);

/** Put one code point. */
void utf8_put(FILE *to, uint32_t code);

/**
 * Text as any other program may take it: what is not UTF-8 becomes U+FFFD, a control a space. out has
 * room for UTF8_REPAIRED_MAX(len) bytes; returns how many were used. There is no NUL at the end.
 */
size_t utf8_repair(char *out, const char *text, size_t len);
#define UTF8_REPAIRED_MAX(len) ((len)*3)

/**
 * Put text for a terminal or a table: nothing in it can move the cursor, change colours or the
 * direction of writing. Such code points are shown as \xNN or \u{NNNN}, what is not UTF-8 as U+FFFD.
 * At most max_columns wide; a longer text ends in "…". Returns the columns used. NULL: only measure.
 */
size_t utf8_put_plain(FILE *to, const char *text, size_t len, size_t max_columns);

#endif
