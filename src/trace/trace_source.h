/*
 * trace_source.h - where the bytes of a trace come from.
 *
 * The reader knows no files: it asks a source for bytes at an offset. So it runs on a file, on a
 * buffer of a test, and on what a fuzzer makes up. A file is read, never mapped: a mapped file that
 * shrinks kills the reader, a read merely comes back short.
 */
#ifndef THAG_TRACE_SOURCE_H
#define THAG_TRACE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

typedef struct trace_source {
    void *context;       /* handed to both functions */
    uint64_t size_bytes; /* when it was opened; reads may come back shorter later */
    /* Read up to len bytes at offset. Fewer only at the end; -1 and errno if it failed. */
    int64_t (*read)(void *context, uint64_t offset, void *buffer, size_t len);
    void (*close)(void *context); /* NULL: nothing to close */
} trace_source;

/** Source over a file that can be sought in. Fails with THAG_ERR_OPEN; fault holds the errno. */
thag_err trace_source_path(trace_source *out, const char *path, fault *fault);

/** Source over an open descriptor of a regular file, which it takes over in any case. */
thag_err trace_source_fd(trace_source *out, int fd, fault *fault);

/** Source over bytes that stay the caller's and must outlive it. Fails when out of memory. */
thag_err trace_source_bytes(trace_source *out, const void *bytes, size_t len);

/** Close and clear. A cleared source may be closed again. */
void trace_source_close(trace_source *source);

#endif
