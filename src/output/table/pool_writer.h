/*
 * pool_writer.h - a table of pools, arenas and mappings: memory apart from the heap's.
 */
#ifndef THAG_POOL_WRITER_H
#define THAG_POOL_WRITER_H

#include <stdio.h>

#include "profile/load/pool_list.h"

thag_err pool_write_text(FILE *to, const pool_sum *pools, size_t count, fault *why);
thag_err pool_write_csv(FILE *to, const pool_sum *pools, size_t count, fault *why);
thag_err pool_write_json(FILE *to, const pool_sum *pools, size_t count, fault *why);

#endif
