/*
 * compile.h - runs the compiler in the way that its command line needs.
 */
#ifndef THAG_CC_COMPILE_H
#define THAG_CC_COMPILE_H

/** The path of a command, in PATH one that is not the file `but` (NULL: the first). NULL: there is
    none. Owned. */
char *compiler_find(const char *command, const char *but);

/** Become the compiler, as if there were no thag-cc. Returns only an exit status of failure. */
int compile_plainly(char **argv);

/** Compile with profiling. Returns the compiler's exit status, or becomes the compiler. */
int compile(int argc, char **argv);

#endif
