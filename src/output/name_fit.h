/*
 * name_fit.h - names where there is little room. What a name of C++ tells is at its end: shop::cart::total
 * becomes …cart::total, then …total, before anything is cut off there. viewer/name_fit.js does the same.
 */
#ifndef THAG_NAME_FIT_H
#define THAG_NAME_FIT_H

#include <stdio.h>

/** Where to begin so that an ellipsis and the rest are no wider than room; the name itself if all of it fits, or
    no such end does. */
const char *name_fit(const char *name, size_t room);

/** As utf8_put_plain(), of a name. */
size_t name_put(FILE *to, const char *name, size_t room);

#endif
