/*
 * json_writer.h - JSON, value by value.
 *
 * Strings come out valid whatever goes in: what is not UTF-8 becomes U+FFFD; controls, quotes, and
 * < > & U+2028 U+2029 are escaped, so that the text may stand inside HTML. Numbers do not depend on
 * the locale. Errors of the stream are the caller's to look for, at the end, by ferror().
 *
 * Use: begin and end in pairs, at most JSON_DEPTH deep; a key within an object, NULL in an array.
 */
#ifndef THAG_JSON_WRITER_H
#define THAG_JSON_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

typedef struct json {
    FILE *to;
    unsigned depth;
    struct {
        char close;    /* } or ] */
        char on_lines; /* each item on a line of its own */
        char has_items;
    } level[JSON_DEPTH];
} json;

void json_init(json *j, FILE *to);
/** All is closed: end the last line. */
void json_finish(json *j);

/** on_lines: each item on a line of its own. */
void json_begin_object(json *j, const char *key, int on_lines);
void json_begin_array(json *j, const char *key, int on_lines);
void json_end(json *j);

/** text NULL: null. */
void json_text(json *j, const char *key, const char *text);
void json_int(json *j, const char *key, int64_t value);
void json_uint(json *j, const char *key, uint64_t value);
/** Three digits after the point; null if it is not finite. */
void json_real(json *j, const char *key, double value);
/** value / 10^digits, exactly. digits: 1 to 9. */
void json_scaled(json *j, const char *key, int64_t value, unsigned digits);
void json_bool(json *j, const char *key, int value);
/** A string of base64. */
void json_base64(json *j, const char *key, const unsigned char *bytes, size_t len);
void json_null(json *j, const char *key);

#endif
