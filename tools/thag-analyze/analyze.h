/*
 * analyze.h - what the commands of thag-analyze share: the table of commands, options, inputs,
 * outputs, messages.
 *
 * A command is a function in a file of its own and a row in main.c's table. It returns an exit
 * status. Results go to stdout or a file, messages to stderr as `thag-analyze: PATH: WHAT (WHY)`.
 */
#ifndef THAG_ANALYZE_H
#define THAG_ANALYZE_H

#include <stddef.h>
#include <stdio.h>

#include "output/stats_writer.h"
#include "profile/profile_load.h"

enum exit_status {
    EXIT_FINE = 0,
    EXIT_NOTHING = 1, /* nothing found, or a difference */
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_SYSTEM = 4
};

/* ---- commands ---- */

typedef struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} command;

int cmd_info(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_fold(int argc, char **argv);
int cmd_flamegraph(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_peak(int argc, char **argv);
int cmd_sizes(int argc, char **argv);

/** List the profiles of a directory, newest first, and how to look at them. */
int list_profiles(const char *dir);

/* ---- options: options.c ---- */

/* One option. The last of a list has name NULL. */
typedef struct option_fact {
    int key;          /* a letter is also the short option; others begin at OPT_LONG */
    const char *name; /* without -- */
    const char *arg;  /* NULL: takes none */
    const char *help;
} option_fact;

enum { OPT_LONG = 256, OPT_HELP, OPT_VERSION, OPT_FORCE, OPT_OWN };

/* In every command's list. */
#define OPTIONS_OUTPUT \
    {'o', "output", "FILE", "write to FILE; - is standard output"}, \
    { \
        OPT_FORCE, "force", NULL, "overwrite FILE if it exists" \
    }
#define OPTIONS_COMMON \
    {'h', "help", NULL, "show this help and exit"}, \
    { \
        'V', "version", NULL, "show the version and exit" \
    }

typedef struct options {
    const char *usage;   /* what stands after the command's name */
    const char *summary; /* a sentence or two */
    const option_fact *facts;
    /* What options_next() found for everybody. */
    const char *output;
    int force;
} options;

/**
 * The key of the next option, its argument in *arg. -1: no more, optind is at the first input. -2:
 * stop and exit with *status: help was shown, or the usage was wrong and that was said.
 */
int options_next(options *o, int argc, char **argv, const char **arg, int *status);

/** A number option's value; 0 and a message if it is not one within the bounds. */
int option_number(const char *name, const char *text, double least, double most, double *value);

/* ---- messages ---- */

/** `thag-analyze: subject: what`, escaped for a terminal. subject may be NULL. Returns status. */
int complain(int status, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Say what a fault says. Returns the exit status that goes with it. */
int complain_fault(const fault *f);

/* ---- input: input.c ---- */

/* One or several files, merged. */
typedef struct input {
    profile *profile;
    stats_meta meta;
    char program[256]; /* meta.program points here */
    char stem[256];    /* file name of the first without folder and ending; "stdin" */
} input;

/** Load and merge; "-" is stdin. An exit status; what went wrong or is damaged has been said. */
int input_open(input *in, char **paths, int count);
void input_close(input *in);

/** Say on a terminal, once a second has passed, what takes so long. progress_end() silences it. */
void progress_begin(const char *doing, const char *path);
void progress_end(void);

/* ---- output: output.c ---- */

typedef struct output {
    FILE *to;
    const char *path; /* NULL: standard output */
    char temporary[4200];
    int force;
} output;

/**
 * Open for writing. path NULL or "-": standard output. A file appears under its name only when
 * output_close() finds that all is well, and never replaces another without force.
 */
int output_open(output *out, const char *path, int force);

/** Close. With status not EXIT_FINE or a write error the file is dropped. The final status. */
int output_close(output *out, int status);

/** 1 if standard output is a terminal; *columns is its width. */
int terminal_width(size_t *columns);

#endif
