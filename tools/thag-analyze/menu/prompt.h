/*
 * prompt.h - questions to people. On an able terminal with arrows and type-to-filter; otherwise as
 * numbered choices, a line at a time.
 *
 * Keys of a list: up and down (also Ctrl-P, Ctrl-N), page up and down, home and end, Enter; what is
 * typed filters. Where several can be chosen: space takes one or leaves it, right takes all, left none.
 * Esc goes back, Ctrl-C stops.
 */
#ifndef THAG_MENU_PROMPT_H
#define THAG_MENU_PROMPT_H

#include <stddef.h>

typedef enum prompt_end {
    PROMPT_DONE,
    PROMPT_BACK,  /* Esc, or an empty line */
    PROMPT_STOP,  /* Ctrl-C */
    PROMPT_CLOSED /* nobody is there to answer */
} prompt_end;

/** Choose one. *chosen: where to begin, and what was chosen. Texts may be of any origin. */
prompt_end prompt_select(const char *question, const char *const *items, size_t count,
                         size_t *chosen);

/** Choose any number: chosen[i] is not 0 for those that are. */
prompt_end prompt_several(const char *question, const char *const *items, size_t count,
                          unsigned char *chosen);

/** A line of text, room bytes with its NUL; what is in text already can be edited. */
prompt_end prompt_text(const char *question, char *text, size_t room);

/** Wait until what is on the screen was read: Enter goes on, and so does Esc. Without a terminal there is no waiting. */
prompt_end prompt_pause(void);

/** Yes or no; *yes is the default. */
prompt_end prompt_confirm(const char *question, int *yes);

/* ---- where there is no able terminal: prompt_lines.c ---- */

prompt_end lines_select(const char *question, const char *const *items, size_t count,
                        size_t *chosen);
prompt_end lines_several(const char *question, const char *const *items, size_t count,
                         unsigned char *chosen);
prompt_end lines_text(const char *question, char *text, size_t room);
prompt_end lines_confirm(const char *question, int *yes);

#endif
