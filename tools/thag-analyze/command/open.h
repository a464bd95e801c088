/*
 * open.h - show a file in the user's browser. Nothing goes through a shell.
 */
#ifndef THAG_ANALYZE_OPEN_H
#define THAG_ANALYZE_OPEN_H

/** Is there a browser to be expected: $BROWSER, or a display and xdg-open? */
int open_is_possible(void);

/**
 * Start $BROWSER, otherwise xdg-open (macOS: open), on a file, and leave it running. An exit status;
 * what went wrong has been said.
 */
int open_in_browser(const char *path);

#endif
