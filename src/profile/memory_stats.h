/*
 * memory_stats.h - statistics of heap memory: by function, and by call path.
 *
 * A row by function is one of profile_stats.h, with the memory that the function allocated itself, over
 * all call paths, and what it and all that it called allocated: recursion counts once.
 */
#ifndef THAG_MEMORY_STATS_H
#define THAG_MEMORY_STATS_H

#include "profile/profile_stats.h"

typedef struct memory_row {
    stats_row row; /* names; times and calls, all -1 where the function has none */
    profile_memory self;
    int64_t inclusive_bytes;
} memory_row;

typedef struct memory_stats {
    profile *profile; /* borrowed */
    memory_row *rows; /* by bytes, largest first */
    size_t row_count;
    profile_memory total;
    int is_live; /* what was freed is known */
} memory_stats;

/**
 * Make the table. The profile must have memory (THAG_ERR_EMPTY); its self values become bytes, and it
 * must outlive the table. *out is the caller's, for memory_stats_free().
 */
thag_err memory_stats_new(memory_stats **out, profile *p, fault *why);

/** NULL is accepted. */
void memory_stats_free(memory_stats *s);

/* What is listed by call path. */
typedef enum memory_view {
    VIEW_LEAKED,   /* bytes and blocks live at the end */
    VIEW_PEAK,     /* bytes and blocks live at the peak */
    VIEW_TEMPORARY /* blocks freed before their thread allocated again, of how many */
} memory_view;

typedef struct memory_path {
    uint32_t node;
    uint64_t amount, blocks; /* bytes, or temporary blocks; and blocks */
} memory_path;

/** Paths that have something of it, largest amount first. malloc'ed; NULL: no memory. */
memory_path *memory_paths(const profile *p, memory_view view, size_t *count);

#endif
