/*
 * line_reader.h - a text input line by line, of any length in all, in memory bounded by one line.
 */
#ifndef THAG_LINE_READER_H
#define THAG_LINE_READER_H

#include "profile/load/byte_source.h"

#define LINE_READER_MAX (1u << 20) /* bytes of a line */

typedef struct line_reader {
    byte_source *src;
    char *buf;
    size_t room, start, end;
    uint64_t offset;  /* in the input, of buf[0] */
    uint64_t line_no; /* of the line at hand, from 1 */
    int at_eof;
} line_reader;

void line_reader_init(line_reader *r, byte_source *src);
void line_reader_release(line_reader *r);

/**
 * The next line in *line, *len bytes without its end (LF or CR LF); a NUL stands behind it. 1, 0 at the
 * end, -1: *why is set. A longer line is THAG_ERR_TOO_LARGE, a NUL within is THAG_ERR_FORMAT. The line is
 * good until the next call.
 */
int line_reader_next(line_reader *r, char **line, size_t *len, fault *why);

/** Set the fault of the line at hand; `at` points into it. Returns err. */
thag_err line_reader_fail(const line_reader *r, thag_err err, const char *at, const char *what,
                          fault *why);

#endif
