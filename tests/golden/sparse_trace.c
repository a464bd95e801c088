/*
 * sparse_trace.c - stored traces without their zeros: a trace of 2 MB is a few KB so (sparse.h).
 * usage: sparse_trace pack FILE.thag FILE.sparse
 *        sparse_trace unpack FILE.sparse FILE.thag
 */
#include <stdio.h>

#include "sparse.h"

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *from = fopen(path, "rb");
    uint8_t *bytes = malloc(SPARSE_CHUNKS * TRACE_CHUNK_BYTES + 1);

    if (!from || !bytes) {
        perror(path);
        exit(4);
    }
    *len = fread(bytes, 1, SPARSE_CHUNKS * TRACE_CHUNK_BYTES + 1, from);
    fclose(from);
    return bytes;
}

int main(int argc, char **argv)
{
    uint8_t *in, *out = NULL;
    size_t len = 0, out_len = 0;
    FILE *to;

    if (argc != 4) return 2;
    in = read_file(argv[2], &len);
    to = fopen(argv[3], "wb");
    if (!to) {
        perror(argv[3]);
        return 4;
    }
    if (strcmp(argv[1], "pack") == 0) {
        if (len > SPARSE_CHUNKS * TRACE_CHUNK_BYTES || len % 16) return 3;
        sparse_put(to, in, len);
    } else {
        out = sparse_expand(in, len, &out_len);
        if (!out || fwrite(out, 1, out_len, to) != out_len) return 3;
    }
    free(in);
    free(out);
    return fclose(to) ? 4 : 0;
}
