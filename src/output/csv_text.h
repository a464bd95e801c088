/*
 * csv_text.h - a field of comma-separated values, RFC 4180.
 */
#ifndef THAG_CSV_TEXT_H
#define THAG_CSV_TEXT_H

#include <stdio.h>

/**
 * Put text between quotes. One that a spreadsheet would take for a formula gets a ' in front; what
 * could disturb a terminal is escaped, so a field never holds a line break.
 */
void csv_text(FILE *to, const char *text);

#endif
