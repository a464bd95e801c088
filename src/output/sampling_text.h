/*
 * sampling_text.h - that figures of memory are estimates from samples, and how good they are: in the same
 * words wherever such figures are shown.
 *
 * The standard error of a number of bytes is at most sqrt(period * bytes), whatever the bytes are the
 * sum of (src/runtime/heap_sample.h says why). Each function does nothing where the period is 0: every
 * block was recorded.
 */
#ifndef THAG_SAMPLING_TEXT_H
#define THAG_SAMPLING_TEXT_H

#include <stdio.h>

#include "output/json_writer.h"
#include "profile/load/run_facts.h"

#define SAMPLING_ROOM 200

/** The most that the standard error of so many bytes is. */
uint64_t sampling_error(uint64_t period, uint64_t bytes);

/** "estimates from 1,234 samples, one for 512 KiB": into text, of SAMPLING_ROOM bytes; "" if period is 0. */
const char *sampling_phrase(char *text, uint64_t period, uint64_t samples);

/** A line of that below a table, with the standard error of its total. */
void sampling_put_line(FILE *to, uint64_t period, uint64_t samples, uint64_t total_bytes);

/** A line of what is no estimate: the bytes that were allocated in all. */
void sampling_put_exact(FILE *to, const trace_sampling *s);

/** Into the object that is open: "sampling", with the same. total_bytes 0: without a standard error. */
void sampling_put_json(json *j, uint64_t period, uint64_t samples, uint64_t total_bytes);

/** All that is known, with the standard errors of what was allocated and is live. */
void sampling_put_facts(FILE *to, const char *label, const trace_sampling *s);
void sampling_put_facts_json(json *j, const trace_sampling *s);

/** Columns at the end of a CSV, each with a comma in front: their keys, and those of a row of so many bytes.
    is_of_bytes 0: no standard error is known. */
void sampling_put_csv_keys(FILE *to, uint64_t period, int is_of_bytes);
void sampling_put_csv(FILE *to, uint64_t period, int is_of_bytes, uint64_t bytes);

#endif
