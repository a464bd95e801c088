/*
 * path_text.h - a call path of a profile in words, from the root down, or from below a node `top` of it: for
 * people, as a field of a CSV, as JSON. The same wherever paths are listed. Out of memory, a path is empty.
 */
#ifndef THAG_PATH_TEXT_H
#define THAG_PATH_TEXT_H

#include <stdio.h>

#include "output/json_writer.h"
#include "profile/profile.h"

/** "main > work > malloc (file.c:12)": the last with its place, if its name does not tell it. */
void path_put_text(FILE *to, const profile *p, uint32_t top, uint32_t node);

/** As collapsed stacks have it, quoted. */
void path_put_csv(FILE *to, const profile *p, uint32_t top, uint32_t node);

/** An array of names. */
void path_put_json(json *j, const char *key, const profile *p, uint32_t top, uint32_t node);

#endif
