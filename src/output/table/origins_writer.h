/*
 * origins_writer.h - which thread, task and span began the threads of a trace: a part of what
 * info_writer.h writes.
 */
#ifndef THAG_ORIGINS_WRITER_H
#define THAG_ORIGINS_WRITER_H

#include <stdio.h>

#include "output/json_writer.h"
#include "profile/load/profile_trace.h"

/** A table with a heading, of the first `limit` threads; nothing if none is known. */
void origins_write_text(FILE *to, const trace *t, size_t limit);

/** An array "begins" of all; none if none is known. */
void origins_write_json(json *j, const trace *t);

#endif
