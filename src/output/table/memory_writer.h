/*
 * memory_writer.h - statistics of heap memory as text, CSV and JSON.
 */
#ifndef THAG_MEMORY_WRITER_H
#define THAG_MEMORY_WRITER_H

#include <stdio.h>

#include "output/table/stats_writer.h"
#include "profile/memory_stats.h"

/** The table by function; as the writers of stats_writer.h. */
thag_err memory_write_text(FILE *to, const memory_stats *s, const run_facts *meta,
                           const stats_write_opts *opts, fault *why);
thag_err memory_write_csv(FILE *to, const memory_stats *s, const stats_write_opts *opts,
                          fault *why);
thag_err memory_write_json(FILE *to, const memory_stats *s, const run_facts *meta,
                           const stats_write_opts *opts, fault *why);

/* A list of call paths with what they hold. */
typedef struct memory_list {
    const profile *profile;
    const memory_path *paths;
    size_t count;
    const char *amount; /* what paths[].amount is: "bytes" */
    int in_bytes;
    const char *what; /* "still allocated at the end"; for text */
} memory_list;

thag_err memory_list_text(FILE *to, const memory_list *list, const stats_write_opts *opts,
                          fault *why);
thag_err memory_list_csv(FILE *to, const memory_list *list, const stats_write_opts *opts,
                         fault *why);
thag_err memory_list_json(FILE *to, const memory_list *list, const run_facts *meta,
                          const stats_write_opts *opts, fault *why);

/** How many blocks of which size were allocated, in seven classes. */
thag_err memory_sizes_text(FILE *to, const trace_memory_info *memory, fault *why);
thag_err memory_sizes_csv(FILE *to, const trace_memory_info *memory, fault *why);
thag_err memory_sizes_json(FILE *to, const trace_memory_info *memory, fault *why);

#endif
