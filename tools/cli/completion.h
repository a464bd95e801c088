/*
 * completion.h - completions for bash, zsh and fish, made from the tables of options.
 */
#ifndef THAG_CLI_COMPLETION_H
#define THAG_CLI_COMPLETION_H

#include <stdio.h>

#include "cli/option.h"

typedef struct completion_command {
    const char *name;    /* NULL: the tool has no commands, and this is all of it */
    const char *summary; /* a phrase */
    option_set set;
} completion_command;

typedef struct completion {
    const char *program;
    const completion_command *commands;
    size_t command_count;
    const char *const
        *endings; /* of its inputs, without the dot, NULL at the end; NULL: any file */
} completion;

/** The shells, for an OPTION_CHOICE or an argument. NULL after the last. */
const char *completion_shell(size_t n);

/** Write the script for a shell, an index of completion_shell(). Errors show in ferror(to). */
void completion_write(FILE *to, const completion *c, size_t shell);

#endif
