/*
 * fuzzy.h - which items fit what was typed, the best first.
 */
#ifndef THAG_MENU_FUZZY_H
#define THAG_MENU_FUZZY_H

#include <stddef.h>

/** How well typed fits text, case aside: 0 not at all, more is better. Nothing typed fits all alike. */
unsigned fuzzy_score(const char *text, const char *typed);

/** Indices of the items that fit, the best first, in their order where alike. Returns their number. */
size_t fuzzy_filter(size_t *fitting, const char *const *items, size_t count, const char *typed);

#endif
