/*
 * profile_saved.h - a profile in a file of its own: all that the model holds, calls, durations and
 * memory included, so that what was filtered or merged once is read again as exactly as it was. Such a
 * file ends in .thag like the traces it was made from. docs/saved-format.md is the specification;
 * output/export/saved_writer.c writes it.
 *
 * It is a protobuf message that begins with SAVED_MAGIC. What is zero is left out.
 */
#ifndef THAG_PROFILE_SAVED_H
#define THAG_PROFILE_SAVED_H

#include "profile/load/byte_source.h"
#include "profile/load/run_facts.h"

#define SAVED_TEXT      "thag_profiler saved profile 1"
#define SAVED_MAGIC     "\x0A\x1D" SAVED_TEXT /* field 1, 29 bytes */
#define SAVED_BYTES_MAX (1u << 30)

/* Field numbers. 0 of each message is unused. */
enum { SAVED_MAGIC_TEXT = 1, SAVED_HEAD, SAVED_RUNS, SAVED_FRAME, SAVED_NODE, SAVED_FIELDS };
enum {
    HEAD_TITLE = 1,
    HEAD_UNIT, /* enum profile_unit */
    HEAD_HAS_CALLS,
    HEAD_MEMORY_MODE, /* enum profile_memory_mode */
    HEAD_SAMPLE_PERIOD,
    HEAD_PROBE_INSIDE_NS, /* double */
    HEAD_PROBE_OUTSIDE_NS,
    HEAD_HEAP_PERIOD,
    HEAD_HEAP_SAMPLES,
    HEAD_FIELDS
};
enum { FRAME_NAME = 1, FRAME_FILE, FRAME_LINE, FRAME_FIELDS };
enum { NODE_PARENT = 1, NODE_FRAME, NODE_SELF, NODE_CALLS, NODE_MEMORY, NODE_FIELDS };
enum { CALLS_FIRST_BUCKET = 6, CALLS_COUNTS /* packed */, CALLS_FIELDS };
enum { RUNS_LOSSES = 1 /* packed, by enum trace_loss */, RUNS_MEMORY = 2 };
enum {
    SIZES_BLOCKS = 1 /* packed, by bucket */,
    SIZES_BYTES,
    SIZES_MODE /* enum trace_heap_mode */
};

/* Field number and member of profile_calls, profile_memory, run_facts, trace_memory_info. */
#define SAVED_CALLS(X) X(1, calls) X(2, open) X(3, timed) X(5, max_ns)
#define CALLS_MIN_NS   4 /* there if anything was timed */
#define SAVED_MEMORY(X) \
    X(1, blocks) \
    X(2, bytes) \
    X(3, freed_blocks) \
    X(4, freed_bytes) \
    X(5, temporary) \
    X(6, reallocs) \
    X(7, realloc_bytes) \
    X(8, released_blocks) \
    X(9, released_bytes) \
    X(10, live_blocks) \
    X(11, live_bytes) \
    X(12, peak_blocks) \
    X(13, peak_bytes)
#define MEMORY_FIELDS 14
#define SAVED_RUN_FACTS(X) \
    X(3, damages) \
    X(4, clamped_ns) \
    X(5, file_count) \
    X(6, killed_count) \
    X(7, start_real_ns) \
    X(8, end_real_ns)
#define RUNS_FIELDS 9
#define SAVED_SIZES(X) \
    X(4, threshold) \
    X(5, skipped_blocks) \
    X(6, skipped_bytes) \
    X(7, unknown_frees) \
    X(8, peak) \
    X(9, sampling.period) \
    X(10, sampling.samples) \
    X(11, sampling.freed_samples) \
    X(12, sampling.allocated) \
    X(13, sampling.blocks_variance) \
    X(14, sampling.bytes_variance) \
    X(15, sampling.freed_blocks_variance) \
    X(16, sampling.freed_bytes_variance)
#define SIZES_FIELDS 17

/** *out is the caller's, for profile_free(). THAG_ERR_FORMAT says at which byte. */
thag_err saved_load(profile **out, run_facts *facts, byte_source *src, fault *why);

#endif
