/*
 * sparse.h - traces for the fuzzer, without the zeros. A trace is 64 KiB a chunk and mostly empty; a
 * fuzzer that has to find the few bytes that matter finds nothing.
 *
 * Byte 0: 'R': the rest is the file. Else: byte 1 is the length of the file in chunks, bytes 2 and 3
 * what to take off its end (times 16); then patches, {u16 chunk, u16 position, u16 length, bytes}.
 */
#ifndef THAG_SPARSE_H
#define THAG_SPARSE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace_format.h"

#define SPARSE_CHUNKS 32

/** The file; malloc'ed. *len gets its length. NULL for what is no input. */
static inline uint8_t *sparse_expand(const uint8_t *data, size_t size, size_t *len)
{
    uint16_t cut, head[3];
    uint8_t *file;

    if (size < 4) return NULL;
    if (data[0] == 'R') {
        *len = size - 1;
        file = malloc(*len);
        if (file) memcpy(file, data + 1, *len);
        return file;
    }
    memcpy(&cut, data + 2, sizeof cut);
    *len = (size_t)(1 + data[1] % SPARSE_CHUNKS) * TRACE_CHUNK_BYTES;
    file = calloc(1, *len);
    if (!file) return NULL;
    for (size_t pos = 4; pos + sizeof head <= size;) {
        size_t at, n;

        memcpy(head, data + pos, sizeof head);
        pos += sizeof head;
        at = (size_t)head[0] * TRACE_CHUNK_BYTES + head[1];
        n = head[2] < size - pos ? head[2] : size - pos;
        if (at < *len) memcpy(file + at, data + pos, n < *len - at ? n : *len - at);
        pos += n;
    }
    *len -= (size_t)cut * 16 < *len ? (size_t)cut * 16 : 0;
    return file;
}

/** Write a file in that form: stretches that are not zero, 8 zeros apart at least. */
static inline void sparse_put(FILE *to, const uint8_t *bytes, size_t len)
{
    size_t chunks = (len + TRACE_CHUNK_BYTES - 1) / TRACE_CHUNK_BYTES;
    uint16_t cut = (uint16_t)((chunks * TRACE_CHUNK_BYTES - len) / 16), head[3];

    fprintf(to, "S%c", (int)chunks - 1);
    fwrite(&cut, sizeof cut, 1, to);
    for (size_t at = 0, end; at < len; at = end) {
        end = at + 1;
        if (!bytes[at]) continue;
        for (; end < len && end - at < 60000; end++) {
            size_t zeros = 0;

            while (end + zeros < len && zeros < 8 && !bytes[end + zeros]) zeros++;
            if (zeros == 8) break;
        }
        head[0] = (uint16_t)(at / TRACE_CHUNK_BYTES);
        head[1] = (uint16_t)(at % TRACE_CHUNK_BYTES);
        head[2] = (uint16_t)(end - at);
        fwrite(head, sizeof head, 1, to);
        fwrite(bytes + at, 1, end - at, to);
    }
}

#endif
