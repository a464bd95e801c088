/*
 * scheme.h - the colours of pictures: asked for, and remembered from one time to the next, for times
 * and for memory, in $XDG_CONFIG_HOME/thag/ (otherwise ~/.config/thag/).
 */
#ifndef THAG_MENU_SCHEME_H
#define THAG_MENU_SCHEME_H

#include "thag-analyze/menu/profile_files.h"
#include "thag-analyze/menu/prompt.h"

/** Ask which. *name: constant. */
prompt_end scheme_ask(enum profile_kind kind, const char **name);

#endif
