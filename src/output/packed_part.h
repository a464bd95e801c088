/*
 * packed_part.h - bytes as a browser can unpack them by itself: compressed by deflate (zlib's form),
 * in base64, in elements of an HTML page that it takes for data:
 *
 *     <script type="application/octet-stream" data-part="NAME">...</script>
 *
 * A part is one stream over as many elements as it takes, each of at most PACKED_ELEMENT_BYTES before
 * base64, for browsers hold a text at twice its length while they unpack it. Base64 has no character
 * that could end an element.
 *
 * Errors are kept and returned by packed_close(); in between, nothing needs to be checked.
 */
#ifndef THAG_PACKED_PART_H
#define THAG_PACKED_PART_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault/fault.h"

#define PACKED_ELEMENT_BYTES (3u << 20) /* a multiple of 3 */

typedef struct packed_part packed_part;

/** name is letters only. *out is the caller's, for packed_close(). Fails with THAG_ERR_MEMORY. */
thag_err packed_open(packed_part **out, FILE *to, const char *name);

void packed_put(packed_part *part, const void *bytes, size_t len);

/** 7 bits a byte, the lowest first; the last byte has its upper bit clear. */
void packed_varint(packed_part *part, uint64_t value);
/** For small numbers of either sign: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
void packed_signed(packed_part *part, int64_t value);

/** End the stream, and free. NULL is accepted. Write errors stay in the stream's own indicator. */
thag_err packed_close(packed_part *part);

/** Base64 of bytes, with its padding. */
void base64_put(FILE *to, const unsigned char *bytes, size_t len);

#endif
