/*
 * actions.h - the options that thag-instrument and thag-remove share.
 */
#ifndef THAG_INSTRUMENT_ACTIONS_H
#define THAG_INSTRUMENT_ACTIONS_H

#include "cli/option.h"
#include "thag-instrument/instrument.h"

typedef struct action_settings {
    int in_place, diff, dry_run, check, list, json, no_backup, quiet, verbose;
    const char *backup;
} action_settings;

extern const option_fact actions[];        /* of thag-instrument */
extern const option_fact remove_actions[]; /* of thag-remove */

/**
 * Set a job up. A standard may be the first argument, as in `thag-instrument c11 <in.c`; *first then
 * moves behind it. An exit status.
 */
int actions_take(job *j, const action_settings *set, const char *standard, char **argv, int *first);

#endif
