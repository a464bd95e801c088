/*
 * markup.h - text of unknown origin on its way into SVG and JSON.
 *
 * Names come from files that anybody may have made. Whatever they hold, what comes out is
 * well-formed XML 1.0: broken UTF-8 and code points that XML has no room for (controls, surrogates,
 * U+FFFE and U+FFFF) become U+FFFD, one for each offending byte; tab, newline and carriage return
 * become a space.
 */
#ifndef THAG_MARKUP_H
#define THAG_MARKUP_H

#include <stdint.h>
#include <stdio.h>

/**
 * The next code point of text[0..len), len > 0, as XML may hold it. *used gets the bytes it took.
 */
uint32_t markup_decode(const char *text, size_t len, size_t *used);

/** Text or attribute content: & < > " ' are escaped. At most max_chars code points. */
void markup_put(FILE *to, const char *text, size_t len, size_t max_chars);

/** A JSON string with its quotes, in which no < > & occur: safe inside CDATA and inside HTML. */
void markup_put_json(FILE *to, const char *text, size_t len);

#endif
