/*
 * info_writer.h - what a trace says about the run it was made by: program, clock, threads, the
 * profiler's own cost, what was lost, what is damaged.
 */
#ifndef THAG_INFO_WRITER_H
#define THAG_INFO_WRITER_H

#include <stdio.h>

#include "profile/load/run_facts.h"

/** For people. Names cannot disturb a terminal. Of the damaged places a few, or all that are known. */
thag_err info_write_text(FILE *to, trace *t, int all_damages, fault *why);

/** One JSON object. */
thag_err info_write_json(FILE *to, trace *t, fault *why);

/** The same of a saved profile, which has no single run. */
thag_err info_write_saved_text(FILE *to, const profile *p, const run_facts *runs, fault *why);
thag_err info_write_saved_json(FILE *to, const profile *p, const run_facts *runs, fault *why);

#endif
