/*
 * heap_time.h - live bytes of a program over time: what the commands, the pictures, and the exports
 * that have counters show of it.
 *
 * Only one trace, of live or detail mode, has this. What it says of the moments that were recorded is exact
 * with one thread, and with several as exact as the peak; in between live may have been off by step_bytes.
 */
#ifndef THAG_HEAP_TIME_H
#define THAG_HEAP_TIME_H

#include "fault/fault.h"
#include "trace/trace_reader.h"

/* A slice of the time; times are nanoseconds since the session began. */
typedef struct heap_point {
    uint64_t start_ns, end_ns; /* the moments that were recorded lie between */
    uint64_t last, min, max;   /* bytes: at the last of them, at the least, at the most */
    uint64_t blocks;           /* at the first of them */
    int has_blocks;
} heap_point;

typedef struct heap_time {
    heap_point *points; /* in order of time. The first is where recording began, the last the end */
    size_t count;       /* 2 or more */
    uint64_t end_ns;
    uint64_t peak_bytes, peak_ns;
    uint64_t live_bytes, live_blocks; /* at the end */
    uint64_t slice_ns;                /* length of a slice */
    uint64_t step_bytes, skipped;     /* as in trace_heap_time */
    uint64_t sample_period, samples;  /* as in trace_sampling */
} heap_time;

/** THAG_ERR_EMPTY if the trace has none; the fault says why. *out is the caller's, for heap_time_free(). */
thag_err heap_time_new(heap_time **out, const trace *t, fault *why);

/** NULL is accepted. */
void heap_time_free(heap_time *h);

typedef struct heap_column {
    uint64_t min, max, last; /* bytes */
} heap_column;

/** What was live in each of `count` equal parts of a stretch of time, from what was recorded last before. */
void heap_time_columns(const heap_time *h, uint64_t from_ns, uint64_t to_ns, heap_column *columns,
                       size_t count);

#endif
