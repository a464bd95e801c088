/*
 * word.h - words of a text, quoted as compilers have it in their response files.
 */
#ifndef THAG_CLI_WORD_H
#define THAG_CLI_WORD_H

/**
 * The next word of *rest, which is changed: words are divided by white space, unless it stands in
 * single or double quotes or behind a backslash. NULL: no more.
 */
char *word_next(char **rest);

#endif
