/*
 * gzip_writer.h - bytes on their way into a stream, compressed as gzip.
 *
 * The same bytes come out for the same bytes in: no time, no name, no system in the header.
 */
#ifndef THAG_GZIP_WRITER_H
#define THAG_GZIP_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include "fault/fault.h"

typedef struct gzip_writer gzip_writer;

/** New writer into `to`, which is borrowed. *out is the caller's, for gzip_writer_free(). */
thag_err gzip_writer_new(gzip_writer **out, FILE *to);

/** NULL is accepted. What was not finished is lost. */
void gzip_writer_free(gzip_writer *gz);

void gzip_write(gzip_writer *gz, const void *bytes, size_t len);

/** Write out the rest. THAG_ERR_WRITE if any of it failed. */
thag_err gzip_finish(gzip_writer *gz);

#endif
