/*
 * folded_writer.h - writes collapsed stacks: what flamegraph.pl, inferno and speedscope read.
 *
 * Lines are sorted by path: frame by frame, names as bytes. A path has a line if it has a value of
 * its own, or calls, or nothing below it; so that no call and no path is lost, the value may be 0.
 * Frames that differ in file or line only give lines that look alike: the format knows names only.
 *
 * Names: ';' becomes ':', and every control byte (newline, carriage return, tab, NUL's like, DEL)
 * a space. Spaces stay: readers split at the last one. An empty name stays empty.
 */
#ifndef THAG_FOLDED_WRITER_H
#define THAG_FOLDED_WRITER_H

#include <stdio.h>

#include "profile/profile.h"

typedef struct folded_write_opts {
    int64_t divisor; /* values are divided by this, rounded to nearest; 0: 1000 for ns, else 1 */
} folded_write_opts;

/** A byte of a name as the format may hold it. */
char folded_clean(char c);

/**
 * opts may be NULL. A value of the root itself belongs to no stack and is not written.
 * Fails with THAG_ERR_MEMORY and THAG_ERR_WRITE. Neither closes nor flushes the stream.
 */
thag_err folded_write(FILE *to, const profile *p, const folded_write_opts *opts, fault *why);

#endif
