#include "output/packed_part.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_ROOM  (256u << 10)
#define OUT_ROOM (192u << 10) /* a multiple of 3, of which PACKED_ELEMENT_BYTES is one */

struct packed_part {
    FILE *to;
    z_stream z;
    thag_err err;
    const char *name;
    size_t in_len;
    size_t in_element; /* bytes, before base64, in the element that is open; 0: none is */
    unsigned char in[IN_ROOM];
    unsigned char out[OUT_ROOM];
};

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode(char *text, const unsigned char *bytes, size_t len)
{
    char *at = text;

    for (; len >= 3; bytes += 3, len -= 3) {
        uint32_t word = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];

        *at++ = digits[word >> 18];
        *at++ = digits[word >> 12 & 63];
        *at++ = digits[word >> 6 & 63];
        *at++ = digits[word & 63];
    }
    if (len) {
        uint32_t word = (uint32_t)bytes[0] << 16 | (len > 1 ? (uint32_t)bytes[1] << 8 : 0);

        *at++ = digits[word >> 18];
        *at++ = digits[word >> 12 & 63];
        *at++ = len > 1 ? digits[word >> 6 & 63] : '=';
        *at++ = '=';
    }
    return (size_t)(at - text);
}

void base64_put(FILE *to, const unsigned char *bytes, size_t len)
{
    char text[4096];

    while (len) {
        size_t part = len < 3072 ? len : 3072;

        fwrite(text, 1, encode(text, bytes, part), to);
        bytes += part;
        len -= part;
    }
}

/* ---- the stream ---- */

/* A full buffer, or the last. */
static void write_out(packed_part *part)
{
    size_t len = OUT_ROOM - part->z.avail_out;

    if (!len) return;
    if (!part->in_element) {
        fprintf(part->to, "<script type=\"application/octet-stream\" data-part=\"%s\">",
                part->name);
    }
    base64_put(part->to, part->out, len);
    part->in_element += len;
    if (part->in_element >= PACKED_ELEMENT_BYTES) {
        fputs("</script>\n", part->to);
        part->in_element = 0;
    }
    part->z.next_out = part->out;
    part->z.avail_out = OUT_ROOM;
}

static void compress_in(packed_part *part, int flush)
{
    int state = Z_OK;

    part->z.next_in = part->in;
    part->z.avail_in = (uInt)part->in_len;
    part->in_len = 0;
    do {
        state = deflate(&part->z, flush);
        if (part->z.avail_out == 0) write_out(part);
    } while (state != Z_STREAM_ERROR &&
             (flush == Z_FINISH ? state != Z_STREAM_END : part->z.avail_in));
    if (state == Z_STREAM_ERROR) part->err = THAG_ERR_MEMORY;
}

thag_err packed_open(packed_part **out, FILE *to, const char *name)
{
    packed_part *part = calloc(1, sizeof *part);

    *out = NULL;
    /* The fastest: what is slow is to wait for the page. */
    if (!part || deflateInit2(&part->z, 1, Z_DEFLATED, 15, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(part);
        return THAG_ERR_MEMORY;
    }
    part->to = to;
    part->name = name;
    part->z.next_out = part->out;
    part->z.avail_out = OUT_ROOM;
    *out = part;
    return THAG_OK;
}

void packed_put(packed_part *part, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;

    while (len) {
        size_t room = IN_ROOM - part->in_len, n = len < room ? len : room;

        memcpy(part->in + part->in_len, from, n);
        part->in_len += n;
        from += n;
        len -= n;
        if (part->in_len == IN_ROOM) compress_in(part, Z_NO_FLUSH);
    }
}

void packed_varint(packed_part *part, uint64_t value)
{
    unsigned char *at;

    if (IN_ROOM - part->in_len < 10) compress_in(part, Z_NO_FLUSH);
    at = part->in + part->in_len;
    for (; value >= 128; value >>= 7) *at++ = (unsigned char)(value | 128);
    *at++ = (unsigned char)value;
    part->in_len = (size_t)(at - part->in);
}

void packed_signed(packed_part *part, int64_t value)
{
    packed_varint(part, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

thag_err packed_close(packed_part *part)
{
    thag_err err;

    if (!part) return THAG_OK;
    compress_in(part, Z_FINISH);
    write_out(part);
    if (part->in_element) fputs("</script>\n", part->to);
    deflateEnd(&part->z);
    err = part->err;
    free(part);
    return err;
}
