/*
 * result_file.h - where a result goes: standard output, or a file that is there only when complete.
 */
#ifndef THAG_CLI_RESULT_FILE_H
#define THAG_CLI_RESULT_FILE_H

#include <stddef.h>
#include <stdio.h>

typedef struct result_file {
    FILE *to;
    const char *path; /* NULL: standard output */
    char temporary[4200];
    int force;
} result_file;

/**
 * Open for writing. path NULL or "-": standard output. A file appears under its name only when
 * result_close() finds that all is well, and never replaces another without force. Returns an exit
 * status; what went wrong has been said.
 */
int result_open(result_file *out, const char *path, int force);

/** Close. With status not EXIT_FINE or a write error the file is dropped. The final status. */
int result_close(result_file *out, int status);

/** 1 if the descriptor is a terminal; *columns is its width, or 100. */
int columns_of(int fd, size_t *columns);

#endif
