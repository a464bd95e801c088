/*
 * profile_stats.h - statistics by function: what the table of thag-analyze shows.
 *
 * A row is a function or section, told by name and file; a name at several lines of a file is one.
 *
 * Inclusive time counts only the topmost occurrence on each path, so recursion is not counted twice.
 * Self time is summed over all occurrences. Durations (min, mean, percentiles, max) are of the single
 * calls, the recursive ones too, each with all that it called.
 *
 * Percentiles come from the histograms: interpolated within the bucket, held between minimum and
 * maximum, so within 3 % of the exact value.
 *
 * Correction. A span shows a constant part of the profiler's own cost as its own duration (inside),
 * and costs its parent the rest (outside); both are measured on an empty loop when profiling starts:
 *
 *     corrected self(node) = self - calls x inside - calls of direct children x outside, at least 0
 *     corrected inclusive(node) = sum of corrected self of the node and all below
 *
 * It is an estimate: in real code part of the cost hides behind other work, so the corrected figures
 * of tiny functions may be too small. Of sampled profiles only timed calls of children are corrected.
 * Without a measured probe cost (folded input) corrected equals raw.
 */
#ifndef THAG_PROFILE_STATS_H
#define THAG_PROFILE_STATS_H

#include "profile/profile.h"

/* Column, name on the command line, key in JSON and CSV, heading of the text table. */
#define STATS_COLUMNS(X) \
    X(NAME, "name", "name", "function") \
    X(CALLS, "calls", "calls", "calls") \
    X(INCLUSIVE, "inclusive", "inclusive_ns", "incl") \
    X(SELF, "self", "self_ns", "self") \
    X(MIN, "min", "min_ns", "min") \
    X(MEAN, "mean", "mean_ns", "mean") \
    X(P50, "p50", "p50_ns", "p50") \
    X(P95, "p95", "p95_ns", "p95") \
    X(P99, "p99", "p99_ns", "p99") \
    X(MAX, "max", "max_ns", "max") \
    X(OPEN, "open", "open", "open") \
    X(CORRECTED_INCLUSIVE, "corrected-inclusive", "corrected_inclusive_ns", "incl*") \
    X(CORRECTED_SELF, "corrected-self", "corrected_self_ns", "self*")

typedef enum stats_column {
#define STATS_COLUMN_ENUM(id, option, key, heading) STATS_##id,
    STATS_COLUMNS(STATS_COLUMN_ENUM)
#undef STATS_COLUMN_ENUM
        STATS_COLUMN_COUNT
} stats_column;

typedef struct stats_row {
    const char *name, *label, *file; /* the profile's; file NULL if unknown */
    uint32_t line;
    uint32_t frame; /* one of its frames in the profile */
    /* By column, in the profile's unit. NAME is unused. -1: not known. */
    int64_t value[STATS_COLUMN_COUNT];
} stats_row;

typedef struct stats {
    const profile *profile; /* borrowed */
    stats_row *rows;        /* as sorted last; at first by self, largest first */
    size_t row_count;
    int64_t total; /* of all self values */
    int64_t corrected_total;
    uint64_t calls, open; /* of all */
    int has_calls;        /* calls and durations are known */
    int is_corrected;     /* a probe cost is known */
} stats;

/** Make the table. The profile must outlive it. *out is the caller's, for stats_free(). */
thag_err stats_new(stats **out, const profile *p, fault *fault);

/** Replace the self values of a profile by the corrected ones. */
thag_err stats_correct(profile *p, fault *fault);

/** NULL is accepted. */
void stats_free(stats *s);

/** Sort by a column: numbers from the largest, names from A. Ties by name. */
void stats_sort(stats *s, stats_column column);

/** Column of a name on the command line or of a heading; STATS_COLUMN_COUNT if there is none. */
stats_column stats_column_named(const char *option);

/** The value below which a share of all durations is, 0 < share < 1. `calls` must have a histogram. */
uint64_t stats_percentile(const profile_hist *h, double share, uint64_t min, uint64_t max);

#endif
