/*
 * tasks_writer.h - the tasks of a trace, one by one, as text, CSV and JSON.
 */
#ifndef THAG_TASKS_WRITER_H
#define THAG_TASKS_WRITER_H

#include <stdio.h>

#include "output/table/stats_writer.h"
#include "profile/load/task_list.h"

thag_err tasks_write_text(FILE *to, const task_list *tasks, const stats_write_opts *opts,
                          fault *why);
thag_err tasks_write_csv(FILE *to, const task_list *tasks, const stats_write_opts *opts,
                         fault *why);
thag_err tasks_write_json(FILE *to, const task_list *tasks, const run_facts *meta,
                          const stats_write_opts *opts, fault *why);

#endif
