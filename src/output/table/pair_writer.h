/*
 * pair_writer.h - who freed what who had allocated, as text, CSV and JSON.
 */
#ifndef THAG_PAIR_WRITER_H
#define THAG_PAIR_WRITER_H

#include "output/table/report.h"
#include "profile/load/profile_pairs.h"

typedef struct free_list {
    const profile *profile; /* of profile_pairs() */
    const uint32_t *nodes;  /* of it, that have memory: by bytes, largest first */
    size_t count;
    uint64_t unpaired; /* frees of which it is not known */
} free_list;

/** Of a free_list. */
extern const report free_list_report;

#endif
