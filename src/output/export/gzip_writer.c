#include "output/export/gzip_writer.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW 31 /* 15 bits, and 16 for the gzip header */
#define GZIP_MEMORY 8

struct gzip_writer {
    FILE *to;
    z_stream z;
    unsigned char out[1 << 16];
};

thag_err gzip_writer_new(gzip_writer **out, FILE *to)
{
    gzip_writer *gz = calloc(1, sizeof *gz);

    *out = NULL;
    if (!gz) return THAG_ERR_MEMORY;
    if (deflateInit2(&gz->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gz);
        return THAG_ERR_MEMORY;
    }
    gz->to = to;
    *out = gz;
    return THAG_OK;
}

void gzip_writer_free(gzip_writer *gz)
{
    if (!gz) return;
    deflateEnd(&gz->z);
    free(gz);
}

static void run(gzip_writer *gz, int flush)
{
    do {
        gz->z.next_out = gz->out;
        gz->z.avail_out = sizeof gz->out;
        deflate(&gz->z, flush); /* cannot fail: the state is sound and there is room */
        fwrite(gz->out, 1, sizeof gz->out - gz->z.avail_out, gz->to);
    } while (gz->z.avail_out == 0);
}

void gzip_write(gzip_writer *gz, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    while (len) {
        size_t part = len < UINT_MAX ? len : UINT_MAX;

        gz->z.next_in = (z_const Bytef *)(uintptr_t)at;
        gz->z.avail_in = (uInt)part;
        run(gz, Z_NO_FLUSH);
        at += part;
        len -= part;
    }
}

thag_err gzip_finish(gzip_writer *gz)
{
    run(gz, Z_FINISH);
    return ferror(gz->to) ? THAG_ERR_WRITE : THAG_OK;
}
