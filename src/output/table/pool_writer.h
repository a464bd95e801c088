/*
 * pool_writer.h - a table of pools, arenas and mappings: memory apart from the heap's.
 */
#ifndef THAG_POOL_WRITER_H
#define THAG_POOL_WRITER_H

#include "output/table/report.h"
#include "profile/load/pool_list.h"

/** Of a pool_list. */
extern const report pool_report;

#endif
