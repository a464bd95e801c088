/*
 * installation.h - where the other parts of thag_profiler are: under the prefix of the tool that runs,
 * wherever that was moved, or in its build tree.
 */
#ifndef THAG_CLI_INSTALLATION_H
#define THAG_CLI_INSTALLATION_H

/** Path of a library, e.g. "libthag_heap.so". malloc'ed; NULL: it is not there, or out of memory. */
char *installation_library(const char *name);

/** The directory that holds thag_profiler.h. As above. */
char *installation_include_dir(void);

/** The path of another tool beside this one, whether it is there or not. As above. */
char *installation_tool(const char *name);

#endif
