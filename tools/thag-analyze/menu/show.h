/*
 * show.h - what the menu does once all is chosen: run a command, say which, open what it made.
 */
#ifndef THAG_MENU_SHOW_H
#define THAG_MENU_SHOW_H

#include "thag-analyze/menu/profile_files.h"
#include "thag-analyze/menu/prompt.h"

/* Options of the command line that were chosen, each malloc'ed. */
typedef struct show_options {
    char *items[16];
    size_t count;
    const char *suffix; /* of the picture's name, before "-flamegraph.svg"; NULL: none */
} show_options;

/** Add `--name=value`, or `--name` if value is NULL. 0: no memory, which has been said. */
int show_options_add(show_options *o, const char *name, const char *value);
void show_options_release(show_options *o);

/** Run a command with its arguments, NULL at the end, after showing it. Its exit status. */
int show_run(const char *const *arguments);

/** Ask for colours, draw a flamegraph or flamechart, open it. */
prompt_end show_picture(const char *verb, const char *path, enum profile_kind kind,
                        const show_options *options);

/** Let a command, with its arguments, write STEM and ending; open what a browser shows. */
prompt_end show_written(const char *const *arguments, const char *path, const char *ending,
                        const char *what);

/** Show what changed, as a table and as a picture. */
prompt_end show_difference(const char *before, const char *after, enum profile_kind kind);

#endif
