/*
 * memory_columns.h - the columns of profile_memory, as exports write them and imports know them again.
 */
#ifndef THAG_MEMORY_COLUMNS_H
#define THAG_MEMORY_COLUMNS_H

/* Member, name in tables, in bytes (else a count), name as a sample type of pprof, needs frees. */
#define MEMORY_COLUMNS(X) \
    X(bytes, "allocated_bytes", 1, "alloc_space", 0) \
    X(blocks, "allocated_blocks", 0, "alloc_objects", 0) \
    X(reallocs, "reallocated_blocks", 0, "realloc_objects", 0) \
    X(realloc_bytes, "reallocated_bytes", 1, "realloc_space", 0) \
    X(freed_bytes, "freed_bytes", 1, "free_space", 1) \
    X(freed_blocks, "freed_blocks", 0, "free_objects", 1) \
    X(temporary, "temporary_blocks", 0, "temporary_objects", 1) \
    X(live_bytes, "live_bytes", 1, "inuse_space", 1) \
    X(live_blocks, "live_blocks", 0, "inuse_objects", 1) \
    X(peak_bytes, "peak_bytes", 1, "peak_space", 1) \
    X(peak_blocks, "peak_blocks", 0, "peak_objects", 1)

#endif
