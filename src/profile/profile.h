/*
 * profile.h - the one profile model of the analyzer.
 *
 * Every input becomes a profile, every transformation maps a profile to a profile, every output is a
 * writer from one. A profile is a tree of call paths over interned frames, with columns of metrics.
 *
 * Invariants: node 0 is the root and has no frame; a node's parent has a smaller index; a node has at
 * most one child for a frame; self values are never negative. Inclusive values are not stored:
 * profile_inclusive() sums them.
 *
 * Threads: a profile belongs to one thread at a time. Nothing here prints or exits.
 */
#ifndef THAG_PROFILE_H
#define THAG_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

#define PROFILE_NONE UINT32_MAX
#define PROFILE_ROOT 0u

typedef enum profile_unit { PROFILE_NS, PROFILE_BYTES, PROFILE_SAMPLES } profile_unit;

/* What a stack consists of: a function, a section, or any name that a folded file has. */
typedef struct profile_frame {
    const char *name;  /* any bytes but NUL, NUL-terminated; owned by the profile */
    const char *label; /* the name for people, which may be shorter: frame_label.h; as the name */
    const char *file;  /* NULL if unknown; owned by the profile */
    uint32_t name_len; /* bytes, without the NUL */
    uint32_t line;     /* 0 if unknown */
} profile_frame;

/* A distribution of durations: log-linear, 32 buckets an octave, as docs/trace-format.md has it. */
typedef struct profile_hist {
    uint32_t first;   /* bucket number of counts[0] */
    uint32_t len;     /* buckets in counts; 0: empty */
    uint64_t *counts; /* owned by the profile */
} profile_hist;

/* How often and how long the calls of one path ran. Times in ns. */
typedef struct profile_calls {
    uint64_t calls;  /* ended calls */
    uint64_t open;   /* calls still running when the trace ended */
    uint64_t timed;  /* ended calls that were timed; equals calls unless sampled */
    uint64_t min_ns; /* of the timed ended calls, inclusive; UINT64_MAX if none */
    uint64_t max_ns;
    profile_hist hist; /* of the timed ended calls, inclusive durations */
} profile_calls;

/* Heap memory that the calls of one path allocated themselves. Live: not freed at the end. */
typedef struct profile_memory {
    uint64_t blocks, bytes;
    uint64_t freed_blocks, freed_bytes;
    uint64_t temporary;               /* blocks freed before their thread allocated again */
    uint64_t reallocs, realloc_bytes; /* of the blocks: made from older ones, and what those held */
    uint64_t released_blocks, released_bytes; /* freed by the path itself, of anybody's */
    uint64_t live_blocks, live_bytes;
    uint64_t peak_blocks, peak_bytes; /* live at the moment when the program had most */
} profile_memory;

/* What of it can be had: nothing; what was allocated; all. */
typedef enum profile_memory_mode {
    PROFILE_NO_MEMORY,
    PROFILE_ALLOCATED,
    PROFILE_LIVE
} profile_memory_mode;

typedef struct profile {
    char *title;           /* program or file name; owned */
    profile_unit unit;     /* of self */
    profile_frame *frames; /* frame_count */
    uint32_t *parent;      /* node_count; PROFILE_NONE for the root */
    uint32_t *frame;       /* node_count; PROFILE_NONE for the root */
    int64_t *self;         /* node_count; raw, in unit; estimated from the timed calls if sampled */
    profile_calls *calls;  /* node_count; NULL where the input has no calls (folded) */
    profile_memory *memory; /* node_count; NULL where memory was not recorded */
    profile_memory_mode memory_mode;
    uint32_t frame_count;
    uint32_t node_count;
    uint32_t sample_period;        /* 1: every call was timed */
    uint64_t heap_period;          /* bytes that one sample of memory is for; 0: all was recorded */
    uint64_t heap_samples;         /* of all memory; what is told of it is estimated from these */
    double probe_inside_ns;        /* what an empty span shows as its own duration; 0 if unknown */
    double probe_outside_ns;       /* what a span costs its parent beyond that; 0 if unknown */
    struct profile_tables *tables; /* interning; profile.c's own */
} profile;

/** New profile with a root. *out is the caller's, for profile_free(). Fails with THAG_ERR_MEMORY. */
thag_err profile_new(profile **out, profile_unit unit, int with_calls);

/** NULL is accepted. */
void profile_free(profile *p);

/** Find or add a frame by (name, file, line). The bytes are copied. */
thag_err profile_intern(profile *p, const char *name, size_t name_len, const char *file,
                        uint32_t line, uint32_t *frame);

/** The same for a frame of another profile, which is called there what it is called here. */
thag_err profile_intern_like(profile *p, const profile_frame *other, uint32_t *frame);

/** Find or add the child of a node for a frame. New nodes start with zero metrics. */
thag_err profile_child(profile *p, uint32_t parent, uint32_t frame, uint32_t *node);

/** Give it the memory column, all zero, if it has none. */
thag_err profile_add_memory(profile *p, profile_memory_mode mode);

/* A column of profile_memory. */
typedef enum profile_metric {
    PROFILE_BYTES_ALLOCATED,
    PROFILE_BLOCKS_ALLOCATED,
    PROFILE_BYTES_FREED,
    PROFILE_BYTES_RELEASED, /* only where native stacks were recorded */
    PROFILE_BYTES_LIVE,
    PROFILE_BYTES_PEAK
} profile_metric;

/** Add what `from` has. */
void profile_memory_sum(profile_memory *into, const profile_memory *from);

/**
 * Make that column the self values, in bytes (blocks: samples); calls and times go. THAG_ERR_EMPTY if
 * the profile does not have it.
 */
thag_err profile_use_memory(profile *p, profile_metric metric);

/**
 * All paths are in: give back the table that finds them, a third of the memory of a large tree.
 * profile_child() makes it anew if it is called after all.
 */
void profile_pack(profile *p);

/** Inclusive value of every node: its self and its descendants'. malloc'ed; NULL if out of memory. */
int64_t *profile_inclusive(const profile *p);

/**
 * Add all of `from` to `into`: same frames and paths join, metrics add. Units must be equal
 * (THAG_ERR_UNIT), sums must fit (THAG_ERR_TOO_LARGE). If only one of the two has calls the result
 * has none, rather than counts that miss a part. After a failure `into` is good for profile_free().
 */
thag_err profile_merge(profile *into, const profile *from);

/**
 * Load a file of any known kind, told by its content: a .thag trace, pprof, perf script or collapsed
 * stacks, gzipped or not. "-" is stdin.
 * *why, if given, holds path, byte offset and what was expected. *out is the caller's.
 */
thag_err profile_load(profile **out, const char *path, fault *why);

#endif
