/*
 * message.h - what every tool says to people, and how it ends.
 *
 * Results go to standard output or a file; messages to standard error, as
 * `thag-analyze: PATH: WHAT (WHY)`. Names in them cannot disturb a terminal.
 */
#ifndef THAG_CLI_MESSAGE_H
#define THAG_CLI_MESSAGE_H

#include "fault/fault.h"

enum exit_status {
    EXIT_FINE = 0,
    EXIT_NOTHING = 1, /* nothing found, or a difference */
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_SYSTEM = 4
};

/** The name that begins each message; a constant string. Before anything else in main(). */
void message_program(const char *name);
const char *message_program_name(void);

/** `PROGRAM: subject: what`, escaped for a terminal. subject may be NULL. Returns status. */
int complain(int status, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Say what a fault says. Returns the exit status that goes with it. */
int complain_fault(const fault *f);

#endif
