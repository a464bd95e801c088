#include "profile/load/byte_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST_ROOM  (1u << 20)
#define GZIP_WINDOW 31 /* 15 bits, and 16 for the gzip header */

struct byte_inflate {
    byte_source *packed;
    z_stream z;
    int at_end; /* of a member, and nothing begun after it */
    unsigned char in[1 << 16];
};

static ssize_t read_plain(byte_source *s, void *to, size_t room, fault *why)
{
    ssize_t got;

    if (s->head_len) {
        size_t part = s->head_len < room ? s->head_len : room;

        memcpy(to, s->head, part);
        s->head = (const char *)s->head + part;
        s->head_len -= part;
        return (ssize_t)part;
    }
    if (s->fd < 0) return 0;
    do got = read(s->fd, to, room);
    while (got < 0 && errno == EINTR);
    if (got < 0) fault_set(why, THAG_ERR_READ, UINT64_MAX, "expected more input");
    return got;
}

/* 1: there are bytes to inflate. 0: the input ended. -1: *why is set. */
static int more_packed(struct byte_inflate *gz, fault *why)
{
    ssize_t got;

    if (gz->z.avail_in) return 1;
    got = byte_source_read(gz->packed, gz->in, sizeof gz->in, why);
    if (got <= 0) return (int)got;
    gz->z.next_in = gz->in;
    gz->z.avail_in = (uInt)got;
    return 1;
}

static ssize_t broken(fault *why, const char *what)
{
    fault_set(why, THAG_ERR_DAMAGED, UINT64_MAX, what);
    return -1;
}

static ssize_t read_inflated(struct byte_inflate *gz, void *to, size_t room, fault *why)
{
    gz->z.next_out = to;
    gz->z.avail_out = (uInt)(room < (1u << 30) ? room : 1u << 30);
    room = gz->z.avail_out;
    while (gz->z.avail_out == room) {
        int more = more_packed(gz, why), result;

        if (more < 0) return -1;
        if (!more) return gz->at_end ? 0 : broken(why, "expected more gzip data");
        if (gz->at_end) inflateReset(&gz->z); /* members may follow each other */
        gz->at_end = 0;
        result = inflate(&gz->z, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            gz->at_end = 1;
        else if (result == Z_MEM_ERROR)
            return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "gunzip"), -1;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return broken(why, "expected gzip data");
    }
    return (ssize_t)(room - gz->z.avail_out);
}

ssize_t byte_source_read(byte_source *s, void *to, size_t room, fault *why)
{
    if (s->head_len || !s->inflate) return read_plain(s, to, room, why);
    return read_inflated(s->inflate, to, room, why);
}

ssize_t byte_source_fill(byte_source *s, void *to, size_t room, fault *why)
{
    size_t done = 0;

    while (done < room) {
        ssize_t got = byte_source_read(s, (char *)to + done, room - done, why);

        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static thag_err too_large(fault *why, size_t most)
{
    char text[64];

    snprintf(text, sizeof text, "expected at most %zu MiB", most >> 20);
    return fault_set(why, THAG_ERR_TOO_LARGE, UINT64_MAX, text);
}

thag_err byte_source_all(byte_source *s, size_t most, unsigned char **bytes, size_t *len,
                         fault *why)
{
    unsigned char *all = NULL;
    size_t room = 0, done = 0;
    ssize_t got = 1;
    thag_err err = THAG_OK;

    while (got > 0 && !err) {
        if (done == room) {
            unsigned char *grown =
                room < most ? realloc(all, (room ? room * 2 : FIRST_ROOM) + 1) : NULL;

            if (!grown) {
                err = room < most ? fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "the whole file")
                                  : too_large(why, most);
                break;
            }
            all = grown;
            room = room ? room * 2 : FIRST_ROOM;
        }
        got = byte_source_fill(s, all + done, room - done, why);
        if (got < 0) err = why ? why->err : THAG_ERR_READ;
        if (got > 0) done += (size_t)got;
    }
    if (err) {
        free(all);
        return err;
    }
    all[done] = 0;
    *bytes = all;
    *len = done;
    return THAG_OK;
}

thag_err byte_source_inflate(byte_source *plain, byte_source *packed, fault *why)
{
    struct byte_inflate *gz = calloc(1, sizeof *gz);

    *plain = (byte_source){.path = packed->path, .fd = -1};
    if (!gz || inflateInit2(&gz->z, GZIP_WINDOW) != Z_OK) {
        free(gz);
        return fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "gunzip");
    }
    gz->packed = packed;
    plain->inflate = gz;
    return THAG_OK;
}

void byte_source_release(byte_source *s)
{
    if (s->inflate) {
        inflateEnd(&s->inflate->z);
        free(s->inflate);
    }
    *s = (byte_source){.fd = -1};
}
