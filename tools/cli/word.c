#include <ctype.h>
#include <stddef.h>

#include "cli/word.h"

char *word_next(char **rest)
{
    char *from = *rest, *to, *word, quote = 0;

    while (isspace((unsigned char)*from)) from++;
    if (!*from) return NULL;
    for (word = to = from; *from && (quote || !isspace((unsigned char)*from)); from++) {
        if (*from == '\\' && from[1])
            *to++ = *++from;
        else if (quote && *from == quote)
            quote = 0;
        else if (!quote && (*from == '"' || *from == '\''))
            quote = *from;
        else
            *to++ = *from;
    }
    *rest = *from ? from + 1 : from;
    *to = 0;
    return word;
}
