/*
 * memory_writer.h - statistics of heap memory as text, CSV and JSON.
 */
#ifndef THAG_MEMORY_WRITER_H
#define THAG_MEMORY_WRITER_H

#include "output/table/report.h"
#include "profile/memory_stats.h"

/** Of a memory_stats: the table by function. */
extern const report memory_report;

/* A list of call paths with what they hold. */
typedef struct memory_list {
    const profile *profile;
    const memory_path *paths;
    size_t count;
    const char *amount; /* what paths[].amount is: "bytes" */
    int in_bytes;
    const char *what; /* "still allocated at the end"; for text */
} memory_list;

/** Of a memory_list. */
extern const report memory_list_report;

/** Of a trace_memory_info: how many blocks of which size were allocated, in seven classes. */
extern const report memory_sizes_report;

#endif
