/*
 * catalogue.h - which files to read.
 */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include <stddef.h>

typedef struct catalogue {
    char **paths; /* sorted, so that every run sees the same order */
    size_t path_count;
    size_t path_room;
} catalogue;

/**
 * List the regular files below a directory; links and hidden files are left out. `list` starts as
 * {0}. Returns 0, or -1 with errno set; what was found so far is in `list` either way.
 */
int catalogue_scan(catalogue *list, const char *directory);

void catalogue_release(catalogue *list);

#endif
