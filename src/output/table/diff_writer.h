/*
 * diff_writer.h - a comparison by function as text, CSV and JSON.
 */
#ifndef THAG_DIFF_WRITER_H
#define THAG_DIFF_WRITER_H

#include <stdio.h>

#include "output/quantity.h"
#include "output/table/report.h"
#include "profile/profile_diff.h"

typedef struct diff_view {
    const diff *diff;
    const char *before, *after; /* names of the two, for the head; not NULL */
    diff_measure by;            /* the measure whose percentage and verdict the text shows */
} diff_view;

/** Of a diff_view. CSV and JSON have all measures. */
extern const report diff_report;

/** The change in percent of what was before; INFINITY of what is new. */
double diff_percent(const diff_value *v);

/** The same as `+12.3%`, `new`, `gone`. */
void diff_percent_text(char text[QUANTITY_ROOM], const diff_value *v);

#endif
