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

/* Id, name on the command line, key in CSV and JSON, heading of the text table (NULL: not in it),
   whether in bytes, whether only those who see frees know it. */
#define MEMORY_ROW_COLUMNS(X) \
    X(BLOCKS, "blocks", "blocks", "blocks", 0, 0) \
    X(BYTES, "bytes", "bytes", "bytes", 1, 0) \
    X(INCLUSIVE, "inclusive", "inclusive_bytes", "incl", 1, 0) \
    X(FREED_BLOCKS, "freed-blocks", "freed_blocks", NULL, 0, 1) \
    X(FREED_BYTES, "freed", "freed_bytes", "freed", 1, 1) \
    X(LIVE_BLOCKS, "live-blocks", "live_blocks", "live", 0, 1) \
    X(LIVE_BYTES, "live", "live_bytes", "live bytes", 1, 1) \
    X(PEAK_BYTES, "peak", "peak_bytes", "at peak", 1, 1) \
    X(TEMPORARY, "temporary", "temporary_blocks", "temp", 0, 1) \
    X(REALLOCS, "reallocs", "reallocs", NULL, 0, 0) \
    X(REALLOC_BYTES, "realloc-bytes", "realloc_bytes", NULL, 1, 1)

typedef enum memory_column {
#define MEMORY_COLUMN_ENUM(id, option, key, heading, in_bytes, live) MEMORY_BY_##id,
    MEMORY_ROW_COLUMNS(MEMORY_COLUMN_ENUM)
#undef MEMORY_COLUMN_ENUM
        MEMORY_COLUMN_COUNT
} memory_column;

uint64_t memory_row_value(const memory_row *row, memory_column column);

/** Column of a name on the command line; MEMORY_COLUMN_COUNT if there is none. */
memory_column memory_column_named(const char *option);

/** Sort by a column, the largest first; ties by bytes, then by name. */
void memory_stats_sort(memory_stats *s, memory_column column);

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
