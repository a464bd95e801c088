/*
 * byte_source.h - where the bytes of an import come from: a buffer, then a descriptor, and perhaps
 * through gunzip. They come once, in order: a pipe will do.
 */
#ifndef THAG_BYTE_SOURCE_H
#define THAG_BYTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault/fault.h"

struct byte_inflate;

/* All borrowed, except inflate. */
typedef struct byte_source {
    const char *path; /* for faults and titles; may be NULL */
    const void *head; /* comes first: a whole buffer, or what was read to tell the kind */
    size_t head_len;
    int fd;                       /* -1: there is no more than the head */
    struct byte_inflate *inflate; /* NULL: bytes are as they are; see byte_source_inflate() */
} byte_source;

/** At most room bytes, 0 at the end. -1: *why is set, its offset is for the caller to say. */
ssize_t byte_source_read(byte_source *s, void *to, size_t room, fault *why);

/** As byte_source_read(), but less than room only at the end. */
ssize_t byte_source_fill(byte_source *s, void *to, size_t room, fault *why);

/**
 * All of it, in memory. *bytes is the caller's, for free(), and has a NUL behind its end. Of more than
 * `most` bytes, a power of two of at least 1 MiB, THAG_ERR_TOO_LARGE.
 */
thag_err byte_source_all(byte_source *s, size_t most, unsigned char **bytes, size_t *len,
                         fault *why);

/**
 * What *packed holds is gzip: make *plain give what is in it. *packed must outlive *plain, which is
 * for byte_source_release(). Reading it fails with THAG_ERR_DAMAGED where the data is broken or cut.
 */
thag_err byte_source_inflate(byte_source *plain, byte_source *packed, fault *why);

void byte_source_release(byte_source *s);

#endif
