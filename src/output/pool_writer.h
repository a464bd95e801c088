/*
 * pool_writer.h - a table of pools, arenas and mappings: memory apart from the heap's.
 */
#ifndef THAG_POOL_WRITER_H
#define THAG_POOL_WRITER_H

#include <stdio.h>

#include "profile/fault.h"

/* All that has one name. */
typedef struct pool_sum {
    char *name;
    uint64_t blocks, bytes; /* handed out */
    uint64_t live_blocks, live_bytes;
    uint64_t peak_bytes; /* of several runs, the largest */
    uint64_t resets;
    int is_live; /* else frees, and so the last four, are not known */
} pool_sum;

thag_err pool_write_text(FILE *to, const pool_sum *pools, size_t count, fault *why);
thag_err pool_write_csv(FILE *to, const pool_sum *pools, size_t count, fault *why);
thag_err pool_write_json(FILE *to, const pool_sum *pools, size_t count, fault *why);

#endif
