/*
 * pair_writer.h - who freed what who had allocated, as text, CSV and JSON.
 */
#ifndef THAG_PAIR_WRITER_H
#define THAG_PAIR_WRITER_H

#include "output/table/stats_writer.h"
#include "profile/profile.h"

/* Nodes of the profile. */
typedef struct free_pair {
    uint32_t allocated_in, freed_in;
    uint64_t blocks, bytes;
} free_pair;

typedef struct free_list {
    const profile *profile;
    const free_pair *pairs; /* by bytes, largest first */
    size_t count;
    uint64_t unpaired; /* frees of which it is not known */
} free_list;

thag_err free_list_text(FILE *to, const free_list *list, const stats_write_opts *opts, fault *why);
thag_err free_list_csv(FILE *to, const free_list *list, const stats_write_opts *opts, fault *why);
thag_err free_list_json(FILE *to, const free_list *list, const run_facts *meta,
                        const stats_write_opts *opts, fault *why);

#endif
