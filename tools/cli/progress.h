/*
 * progress.h - what takes so long, on a terminal, once a second has passed.
 *
 * How far it is comes from what the process has read since, by the system's own count: so nothing that
 * reads has to tell. Packed files count as packed. Of a pipe, or where the system does not count, there
 * is no percentage.
 */
#ifndef THAG_CLI_PROGRESS_H
#define THAG_CLI_PROGRESS_H

/** doing: "reading". Replaces what was going on. Uses SIGALRM and its timer. */
void progress_begin(const char *doing, const char *path);

/** Done: what was shown goes. Also if nothing was begun. */
void progress_end(void);

#endif
