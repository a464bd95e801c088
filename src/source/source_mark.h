/*
 * source_mark.h - the text that is put into a source, and how it is known again.
 */
#ifndef THAG_SOURCE_MARK_H
#define THAG_SOURCE_MARK_H

#include <stddef.h>

#define MARK_FUNCTION  " THAG_PROFILED("
#define MARK_MAIN      " THAG_ENABLE_PROFILING("
#define MARK_INCLUDE   "#include "
#define MARK_LINE      "#line "
#define MARK_ARGUMENTS 64 /* no more characters stand in the parentheses */

/** The length of what was put in behind a brace, if it stands at `at`; otherwise 0. */
size_t mark_put_len(const char *text, size_t len, size_t at);

/** The same of the #include, which begins a line at `at`, with its #line if it has one. */
size_t mark_include_len(const char *text, size_t len, size_t at);

#endif
