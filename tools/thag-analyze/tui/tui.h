/*
 * tui.h - a flamegraph that fills the terminal: walk, zoom, search, bottom up, callers and callees of
 * a function, comparison.
 */
#ifndef THAG_TUI_TUI_H
#define THAG_TUI_TUI_H

#include "profile/profile_diff.h"

typedef struct tui_input {
    const profile *profile;
    const char *title;
    const int64_t *change; /* of a comparison: inclusive, by node; NULL: none */
} tui_input;

/** Run until the user has enough. An exit status; what went wrong has been said. */
int tui_run(const tui_input *in);

#endif
