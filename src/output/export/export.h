/*
 * export.h - the formats of other tools: one file each, and one row of the table.
 *
 * A format along time (needs_timeline) is written from the spans of one trace, the others from the
 * tree, which always exists. docs/exports.md has a row for each of them: how to open it, and what it
 * does not hold.
 */
#ifndef THAG_EXPORT_H
#define THAG_EXPORT_H

#include <stdio.h>

#include "profile/load/heap_time.h"
#include "profile/load/run_facts.h"
#include "profile/profile.h"
#include "profile/timeline/profile_timeline.h"

/* What is exported. All borrowed. */
typedef struct export_source {
    const profile *profile;
    const char *program;    /* not NULL */
    const char *build_id;   /* of the program, in hexadecimal; NULL if unknown */
    uint64_t start_real_ns; /* CLOCK_REALTIME when it started; 0 if unknown */
    uint64_t duration_ns;   /* 0 if unknown */
    uint32_t pid;           /* 0 if unknown */
    timeline *timeline;     /* of that profile; NULL but for formats along time */
    const heap_time *heap;  /* for formats along time that have counters; NULL: not known */
    const run_facts *runs;  /* that it came from; NULL: not known */
} export_source;

typedef struct export_format {
    const char *name;    /* as --format takes it */
    const char *suffix;  /* of a file name, with its dot */
    const char *summary; /* a phrase */
    int needs_timeline;
    int is_experimental; /* the format itself may still change */
    int repeats_paths;   /* lists a call path from end to end for each value */
    thag_err (*write)(FILE *to, const export_source *from, fault *why);
} export_format;

/** By number, from 0; NULL past the last. */
const export_format *export_format_at(size_t index);

/** NULL if there is none of that name. */
const export_format *export_format_named(const char *name);

/**
 * Write the profile in that format. Fails with THAG_ERR_MEMORY and THAG_ERR_WRITE; with
 * THAG_ERR_TOO_LARGE where the format would have to repeat call paths so deep that it took forever.
 * Neither closes nor flushes the stream.
 */
thag_err export_write(const export_format *format, FILE *to, const export_source *from, fault *why);

/* One file each, named as the format. */
thag_err chrome_write(FILE *to, const export_source *from, fault *why);
thag_err csv_timeline_write(FILE *to, const export_source *from, fault *why);
thag_err firefox_timeline_write(FILE *to, const export_source *from, fault *why);
thag_err folded_timeline_write(FILE *to, const export_source *from, fault *why);
thag_err perfetto_write(FILE *to, const export_source *from, fault *why);
thag_err speedscope_timeline_write(FILE *to, const export_source *from, fault *why);
thag_err callgrind_write(FILE *to, const export_source *from, fault *why);
thag_err csv_write(FILE *to, const export_source *from, fault *why);
thag_err firefox_write(FILE *to, const export_source *from, fault *why);
thag_err otlp_write(FILE *to, const export_source *from, fault *why);
thag_err saved_write(FILE *to, const export_source *from, fault *why);
thag_err pprof_write(FILE *to, const export_source *from, fault *why);
thag_err speedscope_write(FILE *to, const export_source *from, fault *why);
thag_err sqlite_write(FILE *to, const export_source *from, fault *why);

#endif
