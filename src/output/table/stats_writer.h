/*
 * stats_writer.h - the table of statistics as text, CSV and JSON.
 */
#ifndef THAG_STATS_WRITER_H
#define THAG_STATS_WRITER_H

#include <stdio.h>

#include "profile/load/run_facts.h"
#include "profile/profile_stats.h"

typedef struct stats_write_opts {
    size_t limit; /* rows at most; 0: all */
    size_t width; /* columns of text; 0: 80 */
    int show_raw; /* text: leave out the corrected columns */
} stats_write_opts;

/** A table for people. Names cannot disturb a terminal. opts and meta may be NULL in all three. */
thag_err stats_write_text(FILE *to, const stats *s, const run_facts *meta,
                          const stats_write_opts *opts, fault *why);

/** RFC 4180, with a heading. A name that a spreadsheet would take for a formula gets a ' in front. */
thag_err stats_write_csv(FILE *to, const stats *s, const stats_write_opts *opts, fault *why);

/** One object; `functions` has one for each row. Unknown values are null. */
thag_err stats_write_json(FILE *to, const stats *s, const run_facts *meta,
                          const stats_write_opts *opts, fault *why);

/** Names of the losses in JSON: "lost_memory" and so on; NULL for a reserved one. */
const char *stats_loss_key(unsigned loss);

#endif
