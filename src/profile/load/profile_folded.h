/*
 * profile_folded.h - reads collapsed stacks: one call path a line, `main;parse;read_token 1234`.
 *
 * What is accepted: frames are separated by ';' and may be any bytes but NUL, newline and ';', spaces
 * and nothing at all included. The count stands after the last space: decimal digits, perhaps with a
 * '+' before and a fraction behind. Blank lines and lines that begin with '#' are skipped; a line may
 * end in CR LF; the last one need not end at all. A UTF-8 byte order mark before the first is skipped.
 *
 * What is not: a missing, negative or broken count, a NUL, a line without a stack, are
 * THAG_ERR_FORMAT with the line and the byte. A fraction must come out whole after scaling (`1.5` is
 * 1500 ns where the file is in microseconds, and an error where it counts samples): nothing is ever
 * rounded behind the reader's back. Counts that do not sum up within 63 bits are THAG_ERR_TOO_LARGE,
 * and so is a line longer than FOLDED_LINE_MAX. A file without any stack is THAG_ERR_EMPTY.
 *
 * Memory is bounded by the distinct call paths (about 25 bytes each) and the longest line, never by
 * the length of the file.
 */
#ifndef THAG_PROFILE_FOLDED_H
#define THAG_PROFILE_FOLDED_H

#include "profile/load/byte_source.h"
#include "profile/profile.h"

#define FOLDED_LINE_MAX (16u << 20)

typedef struct folded_opts {
    profile_unit unit; /* what a count is, once multiplied */
    int64_t scale;     /* 1.. */
} folded_opts;

typedef byte_source folded_source;

/**
 * The unit of a folded file, told by its name, for that is all there is to tell it by:
 *   *-memory.folded, *-memory_detail.folded, *-memory_detail_dealloc.folded   bytes
 *   *-YYYYMMDD-HHMMSS.folded, also with -PID or -PID-N behind                  microseconds
 *   anything else                                                              samples
 * The first two are what thag_profiler writes itself. Microseconds are kept as nanoseconds.
 */
folded_opts folded_opts_for(const char *path);

/**
 * Read collapsed stacks into a new profile. opts NULL: folded_opts_for(src->path).
 *
 * *out is the caller's, for profile_free(); untouched on failure. The descriptor is read to its end
 * and not closed. Fails as told above, and with THAG_ERR_READ and THAG_ERR_MEMORY.
 */
thag_err folded_load(profile **out, const folded_source *src, const folded_opts *opts, fault *why);

#endif
