/*
 * diff_writer.h - a comparison by function as text, CSV and JSON.
 */
#ifndef THAG_DIFF_WRITER_H
#define THAG_DIFF_WRITER_H

#include <stdio.h>

#include "output/quantity.h"
#include "profile/profile_diff.h"

typedef struct diff_write_opts {
    const char *before, *after; /* names of the two, for the head; not NULL */
    diff_measure by;            /* the measure whose percentage and verdict the text shows */
    size_t limit;               /* rows at most; 0: all */
} diff_write_opts;

/** For people. Names cannot disturb a terminal. */
thag_err diff_write_text(FILE *to, const diff *d, const diff_write_opts *opts, fault *why);

/** RFC 4180, with a heading; all measures. */
thag_err diff_write_csv(FILE *to, const diff *d, const diff_write_opts *opts, fault *why);

/** One object; `functions` has one for each row. Unknown values are null. */
thag_err diff_write_json(FILE *to, const diff *d, const diff_write_opts *opts, fault *why);

/** The change in percent of what was before; INFINITY of what is new. */
double diff_percent(const diff_value *v);

/** The same as `+12.3%`, `new`, `gone`. */
void diff_percent_text(char text[QUANTITY_ROOM], const diff_value *v);

#endif
