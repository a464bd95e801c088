/*
 * trace_internal.h - what the files of the trace reader share among themselves.
 */
#ifndef THAG_TRACE_INTERNAL_H
#define THAG_TRACE_INTERNAL_H

#include "trace/trace_reader.h"

/* The useful part of a chunk's head, after validation. */
typedef struct chunk_ref {
    uint64_t base;
    uint32_t chunk; /* its offset in the file / 64 KiB */
    uint32_t slot;
    uint32_t seq;
    uint32_t used;  /* never beyond the chunk or the file */
    uint32_t spans; /* TIMELINE: span records, as claimed */
    int is_cut;     /* the file ends within it */
} chunk_ref;

typedef struct chunk_list {
    chunk_ref *items;
    size_t count, cap;
} chunk_list;

typedef struct site_entry {
    size_t name_off, func_off, file_off; /* in trace.strings */
    uint32_t line;
    uint32_t code; /* of TRACE_SITE_ADDRESS */
    uint16_t name_len, func_len, file_len;
    uint16_t kind, flags;
    uint16_t present;
} site_entry;

typedef struct module_entry {
    size_t path_off, build_id_off; /* in trace.strings */
    uint64_t bias, lo, hi;
} module_entry;

typedef struct pool_entry {
    size_t name_off; /* in trace.strings */
    uint64_t peak, resets;
    struct trace_size_bucket *sizes; /* TRACE_SIZE_BUCKETS; NULL: not in the file */
} pool_entry;

/* Of each thread, beside its trace_thread_info. */
typedef struct slot_tail {
    size_t first_ref, ref_count; /* its chunks in the list of the timeline, in order */
    uint32_t chunk;              /* the hot tail, TRACE_NONE if there is none */
    uint32_t last_node;          /* of the last span, TRACE_NONE if the timeline lacks none */
    uint64_t last_ticks, last_end, last_calls; /* see trace_thread */
} slot_tail;

struct trace {
    trace_source source;
    trace_file head;
    chunk_list chunks[TRACE_CHUNK_KINDS]; /* by kind; sorted by (slot, seq, chunk) or by base */
    uint64_t lost_chunks;                 /* of a kind that cannot be told */
    site_entry *sites;
    uint32_t site_count;
    char *strings;
    size_t strings_len, strings_cap;
    module_entry *modules;
    uint32_t module_count;
    trace_code *codes;
    uint32_t code_count;
    trace_node *nodes;
    uint32_t node_count;
    trace_thread_info *threads;
    size_t thread_count, thread_cap;
    slot_tail *tails; /* thread_count */
    size_t tail_cap;
    trace_path *paths;
    size_t path_count, path_cap;
    trace_bucket *buckets;
    size_t bucket_count, bucket_cap;
    trace_memory_info memory;
    trace_heap_time heap_time;
    trace_task_info *tasks;
    size_t task_count, task_cap;
    size_t task_first_path; /* paths of open tasks, which belong to no slot, come last */
    int has_ended_tasks;    /* they have been read from the timelines */
    pool_entry *pools;
    size_t pool_count, pool_cap;
    trace_pair_info *pairs;
    size_t pair_count, pair_cap;
    trace_pool_path *pool_paths;
    size_t pool_path_count, pool_path_cap;
    trace_origin_info *origins;
    size_t origin_count, origin_cap;
    trace_note_info *notes;
    size_t note_count, note_cap;
    uint64_t end_ticks;
    uint64_t rate_num, rate_den; /* ns = ticks * num / den */
    trace_damage damages[TRACE_DAMAGE_ROOM];
    uint64_t damage_total;
    trace_census census;
};

/** Name a damage. The text is made as by printf. */
void trace_note(trace *t, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Room for one more item in a growing array; 0 when out of memory. */
int trace_grow(void **items, size_t *cap, size_t count, size_t item_bytes);

/** Read a chunk's used bytes into buffer (64 KiB, the rest zeroed). 0 if the file would not. */
int trace_load_chunk(trace *t, const chunk_ref *ref, uint8_t *buffer);

/** The file header; what makes the whole file unreadable is an error, the rest is mended and named. */
thag_err trace_load_header(trace *t, fault *f);

/** The heads of all chunks, by kind, sorted. */
thag_err trace_list_chunks(trace *t, fault *f);

/** Sites, code and nodes. The buffer takes one chunk. */
thag_err trace_load_tree(trace *t, uint8_t *buffer, fault *f);

/** How many ids of a kind there can be, by the size of the file. */
uint64_t trace_id_bound(const trace *t, int kind, size_t record_bytes);

/** Copy a text into trace.strings. Where it is; SIZE_MAX when out of memory. */
size_t trace_keep_string(trace *t, const uint8_t *bytes, size_t len);

/** trace_code.c: modules, and places in their code. */
thag_err trace_load_code(trace *t, uint8_t *buffer, fault *f);

/** Threads, counters, open frames and what a killed process left half done. */
thag_err trace_load_threads(trace *t, fault *f);

/** Join the timeline chunks to their threads; drop doubles, name gaps. */
thag_err trace_check_timeline(trace *t);

/* trace_memory.c: the HEAP chunk; and, when all slots are read, the peak. */
thag_err trace_load_heap(trace *t);
/* trace_heap_time.c: its slices. The buffer has the chunk. */
thag_err trace_load_heap_time(trace *t, const chunk_ref *ref, const uint8_t *buffer);
void trace_settle_peak(trace *t);
/** trace_pairs.c: when all slots are read: each pair once. */
void trace_settle_pairs(trace *t);

/** trace_pools.c: what was not the heap's. */
thag_err trace_load_pools(trace *t, uint8_t *buffer);
void trace_free_pools(trace *t);

/** trace_origins.c: where threads were begun; when all slots are read, and the end is known. */
thag_err trace_load_origins(trace *t, uint8_t *buffer);

#define CUT_CHUNK           "the file ends within a chunk"
#define CHUNK_OFFSET(chunk) ((uint64_t)(chunk)*TRACE_CHUNK_BYTES)

#endif
