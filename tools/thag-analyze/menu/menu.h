/*
 * menu.h - the prompted menu: choose a profile, and what to see of it. Each entry runs a command of
 * commands.c with the options that were chosen, and says which.
 */
#ifndef THAG_MENU_MENU_H
#define THAG_MENU_MENU_H

/** Run the menu on a directory. An exit status: 130 after Ctrl-C. */
int menu_run(const char *dir);

#endif
