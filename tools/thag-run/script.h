/*
 * script.h - a single source file as a program: compiled with profiling to a temporary folder, by
 * thag-cc, as its header line wants it:
 *
 *     // thag: cc=gcc cflags=-O3 -Wall libs=-lm -lpthread
 *
 * among the first lines of the file. A value goes on to the next key; words are divided by blanks, and
 * may be quoted; no shell is involved.
 */
#ifndef THAG_RUN_SCRIPT_H
#define THAG_RUN_SCRIPT_H

typedef struct script {
    char *dir;     /* temporary; NULL: there is none */
    char *program; /* in it */
} script;

/** 1 if a command is a source file rather than a program. */
int script_is_source(const char *command);

/** Compile. An exit status of thag-run, RUN_CANNOT_INVOKE if it does not compile, or 0. */
int script_compile(script *s, const char *source);

/** Remove what was made. An empty one is accepted. */
void script_remove(script *s);

#endif
