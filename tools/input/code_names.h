/*
 * code_names.h - names for places in code: the symbolizer, as profiles ask for it.
 */
#ifndef THAG_CODE_NAMES_H
#define THAG_CODE_NAMES_H

#include "profile/load/profile_code.h"

#define DEBUG_FOLDERS_MAX 16

/* Where to look for debug files and for programs that have moved. */
typedef struct debug_folders {
    const char *items[DEBUG_FOLDERS_MAX];
    int count;
} debug_folders;

typedef struct code_names code_names;

/** Names for traces of these paths, in whose folders programs are looked for, too. An exit status; what went
    wrong has been said. All strings are copied. */
int code_names_new(code_names **out, const debug_folders *folders, char **traces, int count,
                   code_calls calls, int with_lines);

/** NULL is accepted. */
void code_names_free(code_names *names);

/** What profiles take; it lives as long as the names. */
const code_namer *code_names_namer(const code_names *names);

/** Say, for each module that was asked for, what stands in the way of names and lines. */
void code_names_report(const code_names *names);

#endif
