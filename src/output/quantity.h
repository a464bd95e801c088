/*
 * quantity.h - numbers as people read them: `1.23 ms`, `4.56 MiB`, `12,345 samples`, `12.34%`.
 *
 * Independent of the locale. flamegraph.js says the same in the same words.
 */
#ifndef THAG_QUANTITY_H
#define THAG_QUANTITY_H

#include <stddef.h>

#include "profile/profile.h"

#define QUANTITY_ROOM 64

/** Into text (QUANTITY_ROOM bytes), three significant digits. label replaces "samples"; may be NULL. */
void quantity_text(char *text, profile_unit unit, int64_t value, const char *label);

/** The same of bytes, and of a time; the text. What is more than the type of a metric holds is that much. */
const char *quantity_bytes(char *text, uint64_t bytes);
const char *quantity_time(char *text, uint64_t ns);

/** 12345678 as 12,345,678. */
void quantity_count(char *text, uint64_t count);

/** part / whole as 12.34%; 0.00% of nothing. */
void quantity_percent(char *text, int64_t part, int64_t whole);

#endif
