/*
 * profile_ops.h - what can be done to a profile: each maps a profile to a new one and leaves the old
 * as it is. operation.h has the same by name, to be chained.
 *
 * Which functions are meant comes as marks: one byte a frame of the profile, not 0 for those meant
 * (profile_mark() makes them from patterns).
 *
 * Values. Self values and memory move with what they belong to; unless said otherwise their sum stays
 * the same. Calls stay with their function; where a function is no longer a node of its own they go.
 * Durations of single calls (min, max, percentiles) stay as they were measured: a caller's still
 * hold what a filter took away below it.
 *
 * All fail with THAG_ERR_MEMORY or THAG_ERR_TOO_LARGE. *out is the caller's, for profile_free().
 */
#ifndef THAG_PROFILE_OPS_H
#define THAG_PROFILE_OPS_H

#include "profile/pattern.h"
#include "profile/profile.h"

/** Marks for the frames that any of the patterns matches. malloc'ed; for free(). */
thag_err profile_mark(unsigned char **marks, const profile *p, pattern *const *patterns,
                      size_t pattern_count, fault *fault);

/* ---- filters: profile_filter.c ---- */

/** Keep the stacks with a marked function: what it and its callees did, below its callers. */
thag_err profile_focus(profile **out, const profile *p, const unsigned char *marks, fault *fault);

/** Drop marked functions with all that they called ("Recursive"). */
thag_err profile_ignore(profile **out, const profile *p, const unsigned char *marks, fault *fault);

/**
 * Drop what marked functions did themselves ("Exact"): they stay as callers of what is kept, with a
 * self value of 0, and go where they called nothing that is kept.
 */
thag_err profile_ignore_self(profile **out, const profile *p, const unsigned char *marks,
                             fault *fault);

/**
 * Take marked functions out of the stacks: their callers call their callees and get their self values.
 * Those without a caller leave theirs to a frame "[hidden]".
 */
thag_err profile_hide(profile **out, const profile *p, const unsigned char *marks, fault *fault);

typedef enum profile_filter { FILTER_FOCUS, FILTER_IGNORE, FILTER_IGNORE_SELF } profile_filter;

/** What such a filter would drop, for views of single spans: sets dropped[node], leaves the others. */
thag_err profile_drop(unsigned char *dropped, const profile *p, const unsigned char *marks,
                      profile_filter filter, fault *fault);

/* Kinds of allocation, by what all allocations of a call path are like. */
typedef enum profile_memory_kind {
    MEMORY_LARGE,     /* blocks of more than 1,000,000 bytes on average */
    MEMORY_TEMPORARY, /* at least half were freed before their thread allocated again */
    MEMORY_LEAKED,    /* some were not freed at the end */
    MEMORY_FREQUENT   /* 1 % of all allocations or more */
} profile_memory_kind;

/** Drop what paths did themselves whose allocations are of a kind. Without memory THAG_ERR_EMPTY. */
thag_err profile_ignore_memory(profile **out, const profile *p, profile_memory_kind kind,
                               fault *fault);

/* ---- collapsing: profile_collapse.c ---- */

/** A function is on a path once: what its inner calls did and called goes to the outermost. */
thag_err profile_collapse_recursion(profile **out, const profile *p, fault *fault);

/**
 * Take out functions that only call one other: one callee, and a self value of at most 1 % of what
 * they have in all. That value goes to the callee.
 */
thag_err profile_collapse_wrappers(profile **out, const profile *p, fault *fault);

/* ---- other points of view: profile_invert.c ---- */

/** Bottom up: below each function its callers, as far as it ran itself there. No calls. */
thag_err profile_invert(profile **out, const profile *p, fault *fault);

/**
 * Who called the marked functions: bottom up from each, with all that was spent in it and below.
 * Recursion counts once, for the outermost call. No calls.
 */
thag_err profile_callers(profile **out, const profile *p, const unsigned char *marks, fault *fault);

/** What the marked functions did, whoever called them. Recursion counts once. */
thag_err profile_callees(profile **out, const profile *p, const unsigned char *marks, fault *fault);

/** Make sure that p has all paths of another, new ones with zero metrics. *map is the caller's: by node of from,
    that of p. */
thag_err profile_add_paths(profile *p, const profile *from, uint32_t **map);

#endif
