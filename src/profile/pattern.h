/*
 * pattern.h - regular expressions on names, both of which may come from anybody.
 *
 * Perl-compatible (PCRE2), unanchored, in UTF-8; names that are not UTF-8 are matched as far as they
 * are. Work, depth and memory of a match are bounded: what takes longer is THAG_ERR_PATTERN, not a
 * hang.
 */
#ifndef THAG_PATTERN_H
#define THAG_PATTERN_H

#include <stddef.h>

#include "fault/fault.h"

typedef struct pattern pattern;

/** Compile. The fault of a bad one has the offset in text. *out is the caller's, for pattern_free(). */
thag_err pattern_new(pattern **out, const char *text, fault *fault);

/** One that matches exactly this name and nothing else. */
thag_err pattern_new_exact(pattern **out, const char *name, fault *fault);

/** NULL is accepted. */
void pattern_free(pattern *p);

/** *is_match: does it occur in name? Fails with THAG_ERR_PATTERN where that takes too long. */
thag_err pattern_match(pattern *p, const char *name, size_t name_len, int *is_match, fault *fault);

#endif
