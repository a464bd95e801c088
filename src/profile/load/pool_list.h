/*
 * pool_list.h - pools, arenas and mappings of one or several traces by name: memory apart from the heap's.
 */
#ifndef THAG_POOL_LIST_H
#define THAG_POOL_LIST_H

#include "profile/profile.h"
#include "trace/trace_reader.h"

/* All that has one name. */
typedef struct pool_sum {
    char *name;
    uint64_t blocks, bytes; /* handed out */
    uint64_t live_blocks, live_bytes;
    uint64_t peak_bytes; /* of several runs, the largest */
    uint64_t resets;
    int is_live; /* else frees, and so the last four, are not known */
} pool_sum;

/* Starts as all zero. */
typedef struct pool_list {
    pool_sum *items;
    size_t count;
} pool_list;

/** Add what a trace has. Fails with THAG_ERR_MEMORY. */
thag_err pool_list_add(pool_list *list, const trace *t);

/** Most bytes first. */
void pool_list_sort(pool_list *list);

void pool_list_release(pool_list *list);

#endif
