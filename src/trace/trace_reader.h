/*
 * trace_reader.h - reads a .thag trace, which it takes for hostile.
 *
 * Opening reads the heads of all chunks and the hot chunks whole: sites, call tree, threads and
 * counters, a few megabytes however long the program ran. The timeline is read on demand, a chunk at
 * a time, by a trace_cursor.
 *
 * What is damaged is skipped, named in a bounded list with its byte offset, and counted; the rest is
 * used. Only an unusable file header is an error. No allocation is sized by a number in the file
 * that the size of the file does not back, and the work is n log n in that size.
 *
 * What a killed process left half done is completed (docs/trace-format.md, "Recovery"), so that the
 * figures below are those of a program that had stopped a moment later.
 *
 * Ownership: a trace owns all that its accessors return, until trace_free().
 * Threads: one at a time.
 */
#ifndef THAG_TRACE_READER_H
#define THAG_TRACE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"
#include "trace/trace_format.h"
#include "trace/trace_source.h"

typedef struct trace trace;

/** Open a file. *out is the caller's, for trace_free(). Fault: path, offset, what was expected. */
thag_err trace_open(trace **out, const char *path, fault *fault);

/** Open from a source, which it takes over, also when it fails. */
thag_err trace_open_source(trace **out, trace_source *source, fault *fault);

/** NULL is accepted. */
void trace_free(trace *t);

/* ---- the session ---- */

/** The file header, put right where it was damaged; losses are those of the threads too. */
const trace_file *trace_head(const trace *t);

/** Did the program end normally? 0: it was killed, or it is still running. */
int trace_ended(const trace *t);

/** End of the session; of one that did not end, the latest moment seen anywhere. */
uint64_t trace_end_ticks(const trace *t);

/** A duration in ns: exact integer arithmetic, rounded to nearest, saturating. */
uint64_t trace_ns(const trace *t, uint64_t ticks);

/** Ticks a second; 0 if the clock's rate is unknown. */
double trace_clock_hz(const trace *t);

/* ---- names and call paths ---- */

typedef struct trace_site_info {
    const char *name, *func, *file; /* NUL-terminated; a NUL within became '?' */
    uint32_t name_len, func_len, file_len;
    uint32_t line;
    uint16_t kind, flags; /* enum trace_site_kind, trace_site_flag */
} trace_site_info;

uint32_t trace_site_count(const trace *t);

/** Site by id. 0 if there is none, or it was damaged. */
int trace_site_get(const trace *t, uint32_t id, trace_site_info *out);

/** Nodes by id. A damaged or missing one has parent and site TRACE_NONE, as has the root, 0. */
const trace_node *trace_nodes(const trace *t, uint32_t *count);

/** Whether a node is a call that allocated, not a span: its site then leads to trace_code_get(). */
static inline int trace_node_is_code(const trace_node *node)
{
    return node->site != TRACE_NONE && (node->site & TRACE_NODE_CODE);
}

/* The program, or a library: code that allocated was in it. */
typedef struct trace_module_info {
    const char *path;     /* "" if unknown */
    const char *build_id; /* in hexadecimal, "" if it has none */
    uint64_t bias, lo, hi;
} trace_module_info;

uint32_t trace_module_count(const trace *t);

/** Module by id, which must be below the count. */
trace_module_info trace_module_get(const trace *t, uint32_t id);

/* A place in machine code. */
typedef struct trace_code_info {
    const char *path;     /* of the module, "" if unknown; a NUL within became '?' */
    const char *build_id; /* in hexadecimal, "" if it has none */
    uint64_t offset;      /* address in the module's file; of no module: address in the process */
    uint64_t bias;        /* what was added to it */
    int is_begin;         /* a function begins there; else a call returns to there */
} trace_code_info;

/** The call of a node for which trace_node_is_code() holds: where it returns to. 0: it is unknown. */
int trace_code_get(const trace *t, const trace_node *node, trace_code_info *out);

/** Where the function of a site begins, if its code is all that is known of it. 0: it has a name. */
int trace_site_code(const trace *t, uint32_t id, trace_code_info *out);

/** What a site is called from now on; it must be there. What trace_site_get() gave before is void. */
thag_err trace_site_rename(trace *t, uint32_t id, const char *name, const char *file,
                           uint32_t line);

/* ---- threads and their counters ---- */

typedef struct trace_thread_info {
    uint32_t slot, tid, thread_count, level;
    uint64_t start_ticks;            /* of the present or last owner */
    uint64_t end_ticks;              /* of the last owner; end of the session if it still lived */
    uint64_t task_ticks;             /* in which it ran tasks */
    uint64_t task_since;             /* it was running one since then when the trace ended; or 0 */
    uint64_t past_ticks;             /* lifetimes of earlier owners */
    uint64_t spans;                  /* span records in the timeline, the tail included */
    uint32_t first_path, path_count; /* its part of trace_paths() */
    int alive;                       /* had not ended when the trace did */
    char name[17];
} trace_thread_info;

/** All slots, in the order of their number. */
const trace_thread_info *trace_threads(const trace *t, size_t *count);

/* Heap memory of one call path in one slot. Over all slots, live values are those at the end, peak
   values those when most bytes were live; of one slot alone they may be negative. */
typedef struct trace_memory {
    uint64_t blocks, bytes; /* allocated by the path itself */
    uint64_t freed_blocks, freed_bytes;
    uint64_t temporary;
    uint64_t reallocs, realloc_bytes;
    uint64_t released_blocks, released_bytes; /* what the path itself freed, of anybody's */
    int64_t peak_blocks, peak_bytes;
} trace_memory;

/* What one slot counted on one call path. Times in ticks, inclusive. */
typedef struct trace_path {
    uint32_t node;
    uint32_t open;           /* spans still open at the end */
    uint32_t open_timed;     /* of these, with a known start */
    uint32_t open_suspended; /* and of these, in a task that was not running */
    uint64_t calls;          /* ended */
    uint64_t timed;          /* of these, with a duration */
    uint64_t ticks;          /* their total */
    uint64_t min_ticks;      /* UINT64_MAX if none was timed */
    uint64_t max_ticks;
    uint64_t open_ticks; /* of the open ones, so far */
    uint64_t waits;      /* times that a task was suspended right in it */
    uint64_t wait_ticks, wait_ready_ticks, wait_max_ticks;
    trace_memory memory; /* zero unless memory was recorded */
} trace_path;

const trace_path *trace_paths(const trace *t, size_t *count);

/* `count` timed calls of a path had durations in a bucket. A path has several of these. */
typedef struct trace_bucket {
    uint32_t path;   /* index into trace_paths() */
    uint32_t bucket; /* below 32: the duration itself, 0 as 1; then 32 buckets an octave */
    uint64_t count;
} trace_bucket;

const trace_bucket *trace_buckets(const trace *t, size_t *count);

/** Durations of a bucket: [*low, *high), high saturating. bucket < TRACE_BUCKETS. */
void trace_bucket_range(uint32_t bucket, uint64_t *low, uint64_t *high);
uint32_t trace_bucket_of(uint64_t duration);
#define TRACE_BUCKETS ((64 - 5 + 1) * 32)

/* ---- memory ---- */

/* Where memory was recorded by samples: all that is told of blocks is estimated from them, but for this. */
typedef struct trace_sampling {
    uint64_t period;                 /* bytes that one is for; 0: every block was recorded */
    uint64_t samples, freed_samples; /* blocks that were recorded; of these, freed */
    uint64_t allocated;              /* bytes, exactly; see trace_samples */
    uint64_t blocks_variance, bytes_variance; /* of what was allocated, in units of the period */
    uint64_t freed_blocks_variance, freed_bytes_variance;
} trace_sampling;

typedef struct trace_memory_info {
    uint32_t mode; /* enum trace_heap_mode; 0: memory was not recorded */
    uint64_t threshold, skipped_blocks, skipped_bytes, unknown_frees;
    uint64_t peak; /* as the process saw it; the sum of the paths' is what one moment really was */
    struct trace_size_bucket sizes[TRACE_SIZE_BUCKETS];
    trace_sampling sampling;
} trace_memory_info;

const trace_memory_info *trace_memory_of(const trace *t);

/* What one node freed of that which another one had allocated, over all slots. Where native stacks were
   recorded; other frees are in no pair. */
typedef struct trace_pair_info {
    uint32_t node, releaser;
    uint64_t blocks, bytes;
} trace_pair_info;

/** Each pair of nodes once, in their order. */
const trace_pair_info *trace_pairs(const trace *t, size_t *count);

/* Live bytes over time, where the trace has that: live mode, and not of an older writer. */
typedef struct trace_heap_time {
    trace_heap_slice
        *slices;          /* in order of time, each after the one before; moments 0: nothing new */
    uint32_t count;       /* 0: there are none */
    uint32_t length_log2; /* of a slice, in ticks */
    uint64_t since_ticks; /* when the first began */
    uint64_t peak_ticks;  /* when the peak was; 0: unknown, or the end */
    uint64_t skipped;     /* moments that were not recorded */
    uint64_t step_bytes;  /* live was never further than this from what was recorded last */
} trace_heap_time;

const trace_heap_time *trace_heap_time_of(const trace *t);

/* ---- tasks ---- */

/* A task of the user's. Times in ticks. It ran for end - begin - waited. */
typedef struct trace_task_info {
    uint64_t id;
    uint64_t spawner; /* id of the task that began it; 0: a thread did */
    uint64_t begin_ticks;
    uint64_t end_ticks;       /* if it had not ended: the end of the session */
    uint64_t waited_ticks;    /* suspended, or at work for the profiler */
    uint64_t ready_ticks;     /* of these: it could have run, but had no thread */
    uint64_t blocks, bytes;   /* allocated; 0 unless memory was recorded */
    uint64_t open_wait_ticks; /* of these: since it was suspended last, if it had not ended */
    uint32_t node;            /* its path */
    uint32_t wait_node;       /* of its innermost span, in which it waits */
    uint32_t resumes, migrations;
    uint32_t open; /* spans that were open when it ended, or that are */
    int has_ended;
    int is_running; /* when the session ended */
} trace_task_info;

/** All tasks, by id. Ended ones are in the timelines: the first call reads them. */
thag_err trace_tasks(trace *t, const trace_task_info **tasks, size_t *count);

/* Memory of one call path in one pool. */
typedef struct trace_pool_path {
    uint32_t pool; /* index of trace_pools() */
    uint32_t node;
    trace_memory memory;
} trace_pool_path;

/* Pools, arenas and mappings of one name: memory apart from the heap's. */
typedef struct trace_pool_info {
    const char *name; /* a NUL within became '?' */
    uint64_t peak;    /* bytes live at most */
    uint64_t resets;
    const struct trace_size_bucket *sizes; /* TRACE_SIZE_BUCKETS; NULL: of an older writer */
} trace_pool_info;

uint32_t trace_pool_count(const trace *t);
/** Pool by number, which must be below the count. */
trace_pool_info trace_pool_get(const trace *t, uint32_t id);
const trace_pool_path *trace_pool_paths(const trace *t, size_t *count);

/* ---- where threads were begun ---- */

/* A thread that was made while the program was profiled, and recorded something. Times in ticks. */
typedef struct trace_origin_info {
    uint32_t tid;
    uint32_t spawner_tid;
    uint64_t spawner;      /* id of the task that the other thread was running; 0: none */
    uint32_t node;         /* innermost span that was open there; 0: none */
    uint32_t slot, number; /* the thread is this owner of the slot, from 1 */
    uint32_t spawner_slot, spawner_number; /* TRACE_NONE: it had recorded nothing yet */
    uint64_t asked_ticks, start_ticks;     /* when it was made, and began to record */
    uint64_t end_ticks;                    /* if it had not ended: the end of the session */
    char name[17];
} trace_origin_info;

/** In the order in which they began to record. */
const trace_origin_info *trace_origins(const trace *t, size_t *count);

/* The first of a kind of loss or misuse, in words. */
typedef struct trace_note_info {
    uint32_t loss; /* enum trace_loss */
    char *text;
} trace_note_info;

const trace_note_info *trace_notes(const trace *t, size_t *count);

/* ---- what is wrong with the file ---- */

typedef struct trace_damage {
    uint64_t offset; /* byte in the file */
    char what[80];
} trace_damage;
#define TRACE_DAMAGE_ROOM 64

/** The first damages, at most TRACE_DAMAGE_ROOM; *total counts all. */
const trace_damage *trace_damages(const trace *t, size_t *listed, uint64_t *total);

typedef struct trace_census {
    uint64_t file_bytes;
    uint64_t chunks[TRACE_CHUNK_KINDS]; /* by kind; [0]: never written */
    uint64_t timeline_bytes;            /* used by span records */
    uint64_t timeline_spans;
} trace_census;

const trace_census *trace_statistics(const trace *t);

/** Text of a loss counter, NULL for a reserved one. Count: trace_head()->losses[loss]. */
const char *trace_loss_text(unsigned loss);

/* ---- the timeline ---- */

typedef struct trace_span {
    uint32_t tid;
    uint32_t node;
    uint64_t
        start_ticks; /* of a task, or of a thread that ran tasks: its end less the time it ran */
    uint64_t end_ticks;
    uint64_t task; /* id; 0: of the thread itself */
} trace_span;

typedef struct trace_cursor trace_cursor;

/** Start on the timeline of trace_threads()[thread]. The trace must outlive the cursor. */
thag_err trace_cursor_new(trace_cursor **out, trace *t, size_t thread);
void trace_cursor_free(trace_cursor *c);

/**
 * The next span, in the order of their end. 0 when there is none left. Damage met on the way is
 * added to the trace's list. A span of another tid means that the slot has a new owner, named
 * trace_cursor_name(), empty if unknown.
 */
int trace_cursor_next(trace_cursor *c, trace_span *span);
const char *trace_cursor_name(const trace_cursor *c);

/** The same, several at a time, at most room: faster. All are of one owner. 0: there are no more. */
size_t trace_cursor_read(trace_cursor *c, trace_span *spans, size_t room);

/* What a timeline consists of. */
typedef struct trace_step {
    enum { TRACE_STEP_SPAN = 1, TRACE_STEP_SWITCH, TRACE_STEP_TASK } kind;
    uint64_t ticks;       /* when: the end of a span */
    uint64_t task;        /* SWITCH: id of what runs from here on, 0: the thread itself */
    trace_span span;      /* SPAN */
    trace_task_end ended; /* TASK */
} trace_step;

/** The next of all; trace_cursor_next() passes over what is no span. 0 when there is none left. */
int trace_cursor_step(trace_cursor *c, trace_step *step);

#endif
