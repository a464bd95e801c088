/*
 * terminal.h - a terminal key by key: raw mode, keys, size. ANSI sequences that every terminal of
 * today knows; ncurses serves the full-screen view.
 */
#ifndef THAG_MENU_TERMINAL_H
#define THAG_MENU_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

enum terminal_key {
    /* Below: a character, as its code point. */
    KEY_FIRST = 0x110000,
    KEY_ENTER,
    KEY_ESC,
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_BACKSPACE,
    KEY_CLEAR_LINE, /* Ctrl-U */
    KEY_STOP,       /* Ctrl-C */
    KEY_RESIZED,
    KEY_CLOSED, /* nothing more will come */
    KEY_OTHER
};

/** 1 if people can be asked key by key: both ends a terminal, and not a dumb one. */
int terminal_is_able(void);

/** 1 if colours are wanted: NO_COLOR is not set. */
int terminal_has_colours(void);

/** Raw mode, until terminal_end(); signals that end the program put it back first. 0: it cannot. */
int terminal_begin(void);
void terminal_end(void);

/** Wait for a key. */
uint32_t terminal_key(void);

void terminal_size(size_t *columns, size_t *rows);

#endif
