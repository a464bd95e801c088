/*
 * filter_menu.h - which functions, and for memory which kinds of allocation, not to show.
 */
#ifndef THAG_MENU_FILTER_MENU_H
#define THAG_MENU_FILTER_MENU_H

#include "thag-analyze/menu/show.h"

/** Ask, and add the options to *options. PROMPT_BACK: no filter, nothing to show. */
prompt_end filter_ask(const char *path, enum profile_kind kind, show_options *options);

#endif
