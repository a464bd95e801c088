/*
 * axis_marks.h - where an axis has its marks, and what they say: round steps, as few digits as tell two
 * marks apart. picture.js and viewer/quantity.js do the same.
 */
#ifndef THAG_AXIS_MARKS_H
#define THAG_AXIS_MARKS_H

#include "output/quantity.h"

/** 1, 2 or 5 times a power of ten, of which no more than `most` (not 0) go into the length. At least 1. */
uint64_t axis_step_ns(uint64_t length_ns, unsigned most);

/** The same of powers of two, as bytes are counted. */
uint64_t axis_step_bytes(uint64_t length_bytes, unsigned most);

/** A mark's text, in QUANTITY_ROOM bytes: "1.5 s", "0 s"; "768 KiB", "2 MiB", "0 B". */
const char *axis_time(char *text, uint64_t ns, uint64_t step_ns);
const char *axis_bytes(char *text, uint64_t bytes);

#endif
