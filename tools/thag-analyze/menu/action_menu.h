/*
 * action_menu.h - what can be done with one profile: pictures, tables, the page, exports.
 */
#ifndef THAG_ACTION_MENU_H
#define THAG_ACTION_MENU_H

#include "thag-analyze/menu/profile_files.h"
#include "thag-analyze/menu/prompt.h"

/** Ask what to do, and do it, until the user goes back. */
prompt_end action_menu_run(const char *path, enum profile_kind kind);

#endif
