#include "profile/load/line_reader.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM (64u << 10)

void line_reader_init(line_reader *r, byte_source *src)
{
    *r = (line_reader){.src = src};
}

void line_reader_release(line_reader *r)
{
    free(r->buf);
    *r = (line_reader){0};
}

thag_err line_reader_fail(const line_reader *r, thag_err err, const char *at, const char *what,
                          fault *why)
{
    fault_set(why, err, r->offset + (uint64_t)(at - r->buf), what);
    if (why) why->line = r->line_no;
    return err;
}

/* Move what is left to the front, and read behind it. Room for a NUL is kept. */
static int refill(line_reader *r, fault *why)
{
    ssize_t got;

    if (r->start) {
        memmove(r->buf, r->buf + r->start, r->end - r->start);
        r->offset += r->start;
        r->end -= r->start;
        r->start = 0;
    }
    if (r->room - r->end < 2) {
        size_t room = r->room ? r->room * 2 : FIRST_ROOM;
        char *grown = r->end < LINE_READER_MAX ? realloc(r->buf, room) : NULL;

        if (!grown) {
            int is_long = r->end >= LINE_READER_MAX;

            r->line_no++;
            line_reader_fail(r, is_long ? THAG_ERR_TOO_LARGE : THAG_ERR_MEMORY, r->buf,
                             is_long ? "expected lines of at most 1 MiB" : "no room for this line",
                             why);
            return -1;
        }
        r->buf = grown;
        r->room = room;
    }
    got = byte_source_read(r->src, r->buf + r->end, r->room - r->end - 1, why);
    if (got < 0) return -1;
    r->at_eof = got == 0;
    r->end += (size_t)got;
    return 1;
}

static int take_line(line_reader *r, char *newline, char **line, size_t *len, fault *why)
{
    char *end = newline ? newline : r->buf + r->end, *nul;

    *line = r->buf + r->start;
    *len = (size_t)(end - *line);
    r->line_no++;
    r->start = newline ? (size_t)(newline + 1 - r->buf) : r->end;
    nul = memchr(*line, '\0', *len);
    if (nul) {
        line_reader_fail(r, THAG_ERR_FORMAT, nul, "expected text, found a NUL byte", why);
        return -1;
    }
    if (*len && (*line)[*len - 1] == '\r') --*len;
    (*line)[*len] = 0;
    return 1;
}

int line_reader_next(line_reader *r, char **line, size_t *len, fault *why)
{
    size_t searched = 0;

    for (;;) {
        size_t have = r->end - r->start;
        char *newline = have ? memchr(r->buf + r->start + searched, '\n', have - searched) : NULL;

        if (newline || (r->at_eof && have)) return take_line(r, newline, line, len, why);
        if (r->at_eof) return 0;
        searched = have;
        if (refill(r, why) < 0) return -1;
    }
}
