/*
 * profile_code.h - calls that allocated, as frames of a profile.
 *
 * In a trace the memory of a span hangs from nodes of code below the span: the call that allocated, or
 * a whole native stack. As a rule it is added to the span. With a namer, which knows symbols, each
 * such node becomes the functions at its place (where that is asked for, or where there are no spans):
 *
 *     a place with inlined calls becomes several frames, the outermost first
 *     the span's own function, which is where its stack begins, is not shown twice
 *     what starts a program or a thread, before main, is left out
 */
#ifndef THAG_PROFILE_CODE_H
#define THAG_PROFILE_CODE_H

#include "profile/profile.h"
#include "trace/trace_reader.h"

/* A function at a place. */
typedef struct code_frame {
    const char *function; /* never NULL */
    const char *file;     /* NULL if unknown */
    uint32_t line;        /* 0 if unknown */
} code_frame;

/* The calls that allocated. */
typedef enum code_calls {
    CALLS_OUTSIDE, /* are frames where a trace has no spans: else all would be one */
    CALLS_SHOWN    /* are frames always */
} code_calls;

typedef struct code_namer {
    /** The functions at a call, the innermost first, at least one; theirs until the next call. */
    thag_err (*name)(void *context, const trace_code_info *code, const code_frame **frames,
                     size_t *count);
    void *context;
    int with_lines; /* "function (file.c:12)", and the span's own function, too: lines differ */
    code_calls calls;
} code_namer;

/** Names for the functions that a trace knows by their address alone. */
thag_err profile_code_sites(trace *t, const code_namer *namer);

/**
 * The node for a trace's node of code. parent: what its parent became. span: the site of that parent
 * if it is a span, else NULL.
 */
thag_err profile_code_node(profile *p, const code_namer *namer, const trace_code_info *code,
                           uint32_t parent, const trace_site_info *span, uint32_t *node);

#endif
