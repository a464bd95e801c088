/*
 * figure.h - figures of one row of a table, side by side: as text in columns, as CSV, as JSON.
 *
 * A table has the same figures in each row, in the same order. Text goes through
 * utf8_put_plain(): names cannot disturb a terminal.
 */
#ifndef THAG_FIGURE_H
#define THAG_FIGURE_H

#include <stdio.h>

#include "output/json_writer.h"
#include "output/quantity.h"

#define FIGURES_MAX 16

typedef struct figure {
    const char *key;     /* in CSV and JSON */
    const char *heading; /* of the column; NULL: not in text */
    uint64_t value;
    profile_unit unit;
    int is_known; /* else: no column, an empty field, null */
} figure;

/** Columns that a text takes. */
size_t figure_text_width(const char *text);

/** Text filled up with spaces to its right, cut to width; or to its left. */
void figure_put_left(FILE *to, const char *text, size_t width);
void figure_put_right(FILE *to, const char *text, size_t width);

/** Make columns as wide as the headings need; 0 is a column that is not shown. */
void figures_start(size_t *widths, const figure *row, size_t count);

/** Make them as wide as a row needs. */
void figures_measure(size_t *widths, const figure *row, size_t count);

/** What all of them take, with two spaces in front of each. */
size_t figures_width(const size_t *widths, size_t count);

/** A row, or the headings, with two spaces in front of each column. */
void figures_put_text(FILE *to, const size_t *widths, const figure *row, size_t count);
void figures_put_headings(FILE *to, const size_t *widths, const figure *row, size_t count);

/** Each with a comma in front. */
void figures_put_csv(FILE *to, const figure *row, size_t count);
void figures_put_csv_keys(FILE *to, const figure *row, size_t count);

/** Into the object that is open. */
void figures_put_json(json *j, const figure *row, size_t count);

#endif
