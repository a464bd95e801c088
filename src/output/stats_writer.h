/*
 * stats_writer.h - the table of statistics as text, CSV and JSON.
 */
#ifndef THAG_STATS_WRITER_H
#define THAG_STATS_WRITER_H

#include <stdio.h>

#include "profile/profile_stats.h"
#include "profile/profile_trace.h"

/* What is known of the inputs beside the numbers; of several, summed. */
typedef struct stats_meta {
    const char *program;               /* NULL if unknown */
    uint64_t losses[TRACE_LOSS_KINDS]; /* by enum trace_loss */
    uint64_t damages;                  /* damaged places in the files, which were skipped */
    uint64_t clamped_ns;               /* time that children have beyond their parents */
    size_t file_count, killed_count;   /* files; of these, traces that did not end normally */
} stats_meta;

typedef struct stats_write_opts {
    size_t limit; /* rows at most; 0: all */
    size_t width; /* columns of text; 0: 80 */
    int show_raw; /* text: leave out the corrected columns */
} stats_write_opts;

/** A table for people. Names cannot disturb a terminal. opts and meta may be NULL in all three. */
thag_err stats_write_text(FILE *to, const stats *s, const stats_meta *meta,
                          const stats_write_opts *opts, fault *why);

/** RFC 4180, with a heading. A name that a spreadsheet would take for a formula gets a ' in front. */
thag_err stats_write_csv(FILE *to, const stats *s, const stats_write_opts *opts, fault *why);

/** One object; `functions` has one for each row. Unknown values are null. */
thag_err stats_write_json(FILE *to, const stats *s, const stats_meta *meta,
                          const stats_write_opts *opts, fault *why);

/** Names of the losses in JSON: "lost_memory" and so on; NULL for a reserved one. */
const char *stats_loss_key(unsigned loss);

#endif
