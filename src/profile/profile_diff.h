/*
 * profile_diff.h - two profiles, or two series of runs, compared: by function and by call path.
 *
 * By function: what a function has in all (recursion once) and itself, before and after. Of several
 * runs the median, with the median absolute deviation (MAD) as a measure of their noise. A change is
 * significant if it is larger than three standard deviations of the difference of the medians, which
 * the MADs estimate (1.4826 x MAD is one); that takes three runs on each side at least.
 *
 * By path: the tree of all paths of both, with self values before and after; of several runs their
 * medians, too. For pictures. What a path has in all is the sum of these, which need not be the median of
 * the sums that the table shows.
 *
 * Normalised: all that is after is multiplied by total before / total after, so that only the shares
 * are compared. Raw otherwise.
 *
 * Functions are told apart by name and, by function, by the file's name without its folder: lines and
 * folders may differ from build to build.
 *
 * Of a profile and itself both are empty: no rows, and no path with a difference.
 */
#ifndef THAG_PROFILE_DIFF_H
#define THAG_PROFILE_DIFF_H

#include "profile/profile.h"

#define DIFF_RUNS_MIN 3u /* for significance */

typedef enum diff_measure { DIFF_INCLUSIVE, DIFF_SELF, DIFF_CALLS, DIFF_MEASURES } diff_measure;

typedef enum diff_verdict {
    DIFF_UNKNOWN, /* too few runs */
    DIFF_NOISE,   /* within what the runs scatter anyway */
    DIFF_CHANGED
} diff_verdict;

/* A figure before and after. Of several runs medians. -1: not known. */
typedef struct diff_value {
    int64_t before, after, delta;  /* delta = after - before */
    int64_t before_mad, after_mad; /* 0 of a single run */
    diff_verdict verdict;
} diff_value;

typedef struct diff_row {
    const char *name, *label, *file; /* of one of the profiles; file NULL if unknown */
    uint32_t line;
    diff_value value[DIFF_MEASURES];
} diff_row;

typedef struct diff {
    diff_row *rows; /* those with a difference, the largest |delta| of self values first */
    size_t row_count;
    size_t function_count;            /* rows there would be with those that are alike */
    diff_value total;                 /* of all self values; before it is normalised */
    double scale;                     /* what the values after were multiplied by; 1: raw */
    size_t before_count, after_count; /* runs */
    profile_unit unit;
    char *owned; /* the names */
} diff;

/**
 * Compare by function. Units must agree (THAG_ERR_UNIT). The profiles may be freed afterwards.
 * *out is the caller's, for diff_free().
 */
thag_err diff_new(diff **out, profile *const *before, size_t before_count, profile *const *after,
                  size_t after_count, int normalised, fault *fault);

/** NULL is accepted. */
void diff_free(diff *d);

/** Sort by |delta| of a measure, the largest first; ties by name. */
void diff_sort(diff *d, diff_measure by);

/* The tree of both. */
typedef struct diff_tree {
    profile *tree;           /* its self values are those after */
    int64_t *before, *after; /* self values by node; after is normalised if that was wanted */
    double scale;
} diff_tree;

/** For diff_tree_release() in any case. */
thag_err diff_tree_init(diff_tree *t, profile *const *before, size_t before_count,
                        profile *const *after, size_t after_count, int normalised, fault *fault);
void diff_tree_release(diff_tree *t);

/** Inclusive values after less before, by node. malloc'ed; NULL if out of memory. */
int64_t *diff_tree_delta(const diff_tree *t);

#endif
