/*
 * report.h - what a command shows, as text, as CSV and as JSON: for each subject a table of the three
 * writers, so that who opens the output can pick one.
 */
#ifndef THAG_REPORT_H
#define THAG_REPORT_H

#include <stdio.h>

#include "profile/load/run_facts.h"

typedef struct report_opts {
    const run_facts *meta; /* of the runs that it is about; NULL: unknown */
    size_t limit;          /* rows at most; 0: all */
    size_t width;          /* columns of text; 0: 80 */
    int show_raw;          /* text of times: leave out the corrected columns */
} report_opts;

/** subject has the type that the report says. Of errors there is none but a full disk and its like. */
typedef thag_err report_writer(FILE *to, const void *subject, const report_opts *opts, fault *why);

typedef struct report {
    report_writer *text; /* for people; names cannot disturb a terminal */
    report_writer *csv;  /* RFC 4180, with a heading; no name is a formula to a spreadsheet */
    report_writer *json; /* one object; unknown values are null */
} report;

/** Of so many rows, those that are shown. */
size_t report_rows(const report_opts *opts, size_t count);

/** A line on the rows that are not shown, if there are any: "12 more pairs not shown". */
void report_put_more(FILE *to, size_t count, const char *what);

/** What a writer ends with: THAG_ERR_WRITE if the stream failed. */
thag_err report_end(FILE *to, fault *why);

#endif
