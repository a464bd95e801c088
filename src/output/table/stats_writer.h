/*
 * stats_writer.h - the table of statistics as text, CSV and JSON.
 */
#ifndef THAG_STATS_WRITER_H
#define THAG_STATS_WRITER_H

#include "output/table/report.h"
#include "profile/profile_stats.h"

/** Of a stats. JSON has in `functions` an object for each row. */
extern const report stats_report;

/** Names of the losses in JSON: "lost_memory" and so on; NULL for a reserved one. */
const char *stats_loss_key(unsigned loss);

#endif
