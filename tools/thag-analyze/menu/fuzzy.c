#include "thag-analyze/menu/fuzzy.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { FITS_NOT, FITS_LETTERS, FITS_WITHIN, FITS_WORD, FITS_START };

static int same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* All letters in their order, whatever is between. */
static int has_letters(const char *text, const char *typed)
{
    for (; *text && *typed; text++) typed += same_letter(*text, *typed);
    return !*typed;
}

unsigned fuzzy_score(const char *text, const char *typed)
{
    size_t len = strlen(typed);
    unsigned best = has_letters(text, typed) ? FITS_LETTERS : FITS_NOT;

    if (strncasecmp(text, typed, len) == 0) return FITS_START;
    for (const char *at = text; best && *at; at++) {
        if (strncasecmp(at, typed, len) != 0) continue;
        if (at > text && !isalnum((unsigned char)at[-1])) return FITS_WORD;
        best = FITS_WITHIN;
    }
    return best;
}

size_t fuzzy_filter(size_t *fitting, const char *const *items, size_t count, const char *typed)
{
    size_t found = 0;

    for (unsigned score = FITS_START; score > FITS_NOT; score--) {
        for (size_t i = 0; i < count; i++) {
            if (fuzzy_score(items[i], typed) == score) fitting[found++] = i;
        }
    }
    return found;
}
