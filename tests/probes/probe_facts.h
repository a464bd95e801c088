/*
 * probe_facts.h - what a trace says, checked against itself.
 *
 * The tree's counters, the histograms and the timeline tell the same story three times, written at
 * different moments of a span's end. Where they differ, the runtime or the reader has a bug.
 */
#ifndef PROBE_FACTS_H
#define PROBE_FACTS_H

#include <stdio.h>

#include "trace/trace_reader.h"

/** Check a trace. Says each contradiction in a line to `complaints`. Returns how many there are. */
unsigned facts_check(trace *t, FILE *complaints);

/** Print the canonical text: header facts, losses, names and call paths, sorted. */
void facts_print(const trace *t, FILE *to);

/** Ended and open calls of all sites of a name, over all paths and slots. */
void facts_calls_of(const trace *t, const char *name, uint64_t *calls, uint64_t *open);

/** Print the durations of all spans of a name, from the timeline, in ns, one a line. */
void facts_print_durations(trace *t, const char *name, FILE *to);

/** Print each thread: tid, wall, inside and outside of spans, in ns. */
void facts_print_threads(const trace *t, FILE *to);

#endif
