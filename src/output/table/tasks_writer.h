/*
 * tasks_writer.h - the tasks of a trace, one by one, as text, CSV and JSON.
 */
#ifndef THAG_TASKS_WRITER_H
#define THAG_TASKS_WRITER_H

#include "output/table/report.h"
#include "profile/load/task_list.h"

/** Of a task_list. */
extern const report tasks_report;

#endif
