/*
 * input.h - the files that a tool was given, read and merged into one profile. What is wrong or damaged is
 * said on stderr; the functions return exit statuses (cli/message.h).
 */
#ifndef THAG_INPUT_H
#define THAG_INPUT_H

#include "input/code_names.h"
#include "profile/load/heap_time.h"
#include "profile/timeline/profile_slice.h"
#include "profile/timeline/profile_waits.h"

/* One or several files, merged. */
typedef struct input {
    profile *profile;
    profile *recorded; /* as it was before transformations; NULL: without any */
    loaded whole;      /* of a single file: its trace, if it is one; the profile is above */
    run_facts meta;    /* of the runs that the files came from: a saved profile may have several */
    int file_count;    /* as given */
    const char *path;  /* of the first; borrowed */
    char program[256]; /* meta.program points here */
    char stem[256];    /* file name of the first without folder and ending; "stdin" */
} input;

/** Load and merge; "-" is stdin. An exit status; what went wrong or is damaged has been said. Functions that
    are known by their code alone get their names. */
int input_open(input *in, char **paths, int count);
/* How the files are read. All zeros: as they are. */
typedef struct input_opts {
    const code_namer *namer; /* the calls that allocated are frames, named by it */
    const char *pool;        /* the memory of that pool in place of the heap's */
    int pairs;               /* who freed what, instead of who allocated */
    waits_view waits;        /* what tasks waited, instead of what ran or beside it */
} input_opts;
int input_open_with(input *in, char **paths, int count, const input_opts *opts);
void input_close(input *in);

/** The spans along time of an input that is one trace, by the nodes of its profile as it was before
    transformations. An exit status; what is in the way has been said. */
int input_timeline(timeline **tl, const input *in);

/** Its heap over time. An exit status; what is in the way has been said. */
int input_heap_time(heap_time **h, const input *in);

/** Keep that part of an input's run. An exit status; what is in the way or missing has been said. */
int input_slice(input *in, const slice_opts *opts);

/** Show that many tasks, the longest, one by one. An exit status, as input_slice(). */
int input_instances(input *in, uint32_t count);

#endif
