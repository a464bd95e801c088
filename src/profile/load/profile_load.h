/*
 * profile_load.h - a file with all that is known about it: what profile_load() does, for callers that
 * also want to say how the file was made and what it lacks.
 */
#ifndef THAG_PROFILE_LOAD_H
#define THAG_PROFILE_LOAD_H

#include "profile/load/run_facts.h"

typedef struct loaded {
    profile *profile;
    trace *trace;            /* NULL: a profile of another tool */
    uint32_t *node_of;       /* the profile's node, by that of the trace; NULL without one */
    profile_trace_info info; /* zero without a trace */
    run_facts runs; /* of the trace, or what a saved profile knows of those it was made from */
    int is_saved;   /* a saved profile */
} loaded;

/** Load as profile_load() does. On failure *l is empty. */
thag_err loaded_open(loaded *l, const char *path, fault *fault);

/** The same, with the calls that allocated as frames: see profile_from_trace_named(). */
thag_err loaded_open_named(loaded *l, const char *path, const code_namer *namer, fault *fault);

/** Free all of it, and clear it. An empty one is accepted. */
void loaded_close(loaded *l);

#endif
