/*
 * trace_format.h - the facts of the .thag trace file, and nothing else.
 *
 * This header is all that the runtime (which writes inside the profiled process) and the analyzer
 * (which reads) have in common. The document is docs/trace-format.md; where the two differ, the
 * document is right and this header has a bug.
 *
 * A trace is an array of 64 KiB chunks. Each starts with a trace_chunk, so that a reader can find
 * its way from any stride, whatever was torn or never written. Chunk 0 is the file header. Chunks of
 * a "hot" kind are mapped shared into the process and change until it dies, however it dies; the
 * kernel keeps them. Timeline chunks are first a hot tail, recycled, and then written out when full.
 *
 * All numbers are little endian on little-endian writers; trace_file.endian tells. All times are in
 * ticks of the clock that trace_file.clock_kind names, until the reader turns them into nanoseconds.
 */
#ifndef THAG_TRACE_FORMAT_H
#define THAG_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_VERSION     1u
#define TRACE_CHUNK_BYTES 65536u
#define TRACE_FILE_MAGIC  "THAGTRC1" /* the first 8 bytes of chunk 0 and so of the file */
#define TRACE_CHUNK_MAGIC "THAGCHNK" /* the first 8 bytes of every other chunk */
#define TRACE_ENDIAN      0x01020304u
#define TRACE_NONE        UINT32_MAX /* no node, no site, no chunk */

enum trace_chunk_kind {
    TRACE_FILE = 1,         /* hot: trace_file */
    TRACE_SITES = 2,        /* hot: trace_site records, appended */
    TRACE_TREE = 3,         /* hot: trace_node records, appended; ids go on from chunk to chunk */
    TRACE_THREAD = 4,       /* hot: trace_thread, frames, then blocks as in TRACE_ARENA */
    TRACE_ARENA = 5,        /* hot: trace_cell and trace_hist blocks of one slot, appended */
    TRACE_FRAMES = 6,       /* hot: trace_frame array of one slot, over `base` chunks in a row */
    TRACE_TIMELINE = 7,     /* tail (hot) or full: span records of one slot */
    TRACE_FREE = 8,         /* was something once; skip it */
    TRACE_HEAP = 9,         /* hot: trace_heap; only where memory is recorded */
    TRACE_MODULES = 10,     /* hot: trace_module records, appended */
    TRACE_CODE = 11,        /* hot: trace_code records, appended; ids go on from chunk to chunk */
    TRACE_TASKS = 12,       /* hot: trace_task records */
    TRACE_TASK_FRAMES = 13, /* hot: frames of tasks, cut into pieces */
    TRACE_NOTES = 14,       /* hot: trace_note_record, appended */
    TRACE_POOLS = 15,       /* hot: trace_pool and trace_pool_row records, appended */
    TRACE_ORIGINS = 16,     /* hot: trace_origin records, appended */
    TRACE_CHUNK_KINDS
};

/* Head of every chunk. 32 bytes. */
typedef struct trace_chunk {
    char magic[8];
    uint16_t kind;  /* enum trace_chunk_kind */
    uint16_t flags; /* 0 */
    uint32_t slot;  /* thread slot that owns it, else TRACE_NONE */
    uint32_t seq;   /* TIMELINE: number of the chunk within its slot, from 0; else 0 */
    uint32_t used; /* bytes committed from the start of the chunk, this head included; written last.
                       TIMELINE: TRACE_USED_OPEN while it is a tail */
    uint64_t
        base; /* SITES, TREE, MODULES, CODE: first id. FRAMES: chunks in the run. TIMELINE: tick at which the
                       first record's delta starts. THREAD, ARENA: address it was mapped at */
} trace_chunk;

#define TRACE_USED_OPEN 0u /* records go on until a u16 that is 0 */

enum trace_clock_kind {
    TRACE_CLOCK_TSC = 1,       /* x86 time stamp counter, invariant */
    TRACE_CLOCK_MONOTONIC = 2, /* nanoseconds of CLOCK_MONOTONIC */
    TRACE_CLOCK_CNTVCT = 3     /* aarch64 virtual counter, in sixteenths of its ticks */
};

/*
 * Everything that could not be recorded, or was repaired, by cause. The text is for reports.
 * LOST: a call is missing from the counters. Others: the counters have it.
 */
#define TRACE_LOSSES(X) \
    X(LOST_MEMORY, "calls lost: no memory or disk space for the call tree") \
    X(LOST_SIGNAL, "calls lost: signal handlers nested too deeply") \
    X(LOST_DEPTH, "calls lost: nested deeper than the limit") \
    X(LOST_SITES, "calls lost: too many distinct sites or call paths") \
    X(TIMELINE_LIMIT, "spans not in the timeline: its size limit was reached") \
    X(TIMELINE_WRITE, "spans not in the timeline: the file could not be written") \
    X(TIMELINE_SAMPLED, "spans not in the timeline: not timed (sampling)") \
    X(STRAY_END, "ends without a begin on that thread") \
    X(CROSSED_END, "sections ended out of order") \
    X(MISSING_END, "sections never ended") \
    X(ABANDONED, "spans left without an end (longjmp, thread exit or vfork)") \
    X(NAME_CUT, "names cut to the length limit") \
    X(LOST_HEAP, "allocations and frees not recorded: no memory or disk space, or no slot") \
    X(LOST_TASK, "tasks or switches not followed: no memory, or in a signal handler") \
    X(TASK_UNLISTED, "ended tasks not listed one by one: the limit of the timeline was reached") \
    X(TASK_TWICE, "tasks entered while they ran on another thread") \
    X(TASK_GONE, "uses of tasks that had ended") \
    X(TASK_BUSY, "tasks ended while they ran on another thread") \
    X(LOST_STACK, "native stacks not recorded: no memory or disk space; counted for their span") \
    X(STACK_SWITCHED, "stacks switched without a word: spans before that are in the wrong place") \
    X(HEAP_FOREIGN, "allocators that are not the profiler's: no memory of theirs is recorded") \
    X(THREAD_UNLINKED, "threads whose begin is not known: too many, or no disk space") \
    X(HEAP_UNSIZED, "allocators that do not tell the sizes of blocks: what is live is not known") \
    X(LOST_PAIR, "frees not paired with who allocated: too many pairs, or in a signal handler")
enum trace_loss {
#define TRACE_LOSS_ENUM(id, text) TRACE_##id,
    TRACE_LOSSES(TRACE_LOSS_ENUM)
#undef TRACE_LOSS_ENUM
        TRACE_LOSS_KINDS
};
#define TRACE_LOSS_ROOM \
    32 /* counters reserved in the header, so that adding a cause is compatible */

enum trace_state { TRACE_RUNNING = 0, TRACE_ENDED = 1 };
enum trace_mode { TRACE_TIME = 1, TRACE_MEMORY = 2 };

typedef struct trace_snapshot {
    uint64_t ticks;
    uint64_t ns; /* CLOCK_MONOTONIC at the same moment */
} trace_snapshot;

/* Chunk 0, after its trace_chunk. */
typedef struct trace_file {
    uint32_t version;     /* TRACE_VERSION */
    uint32_t bytes;       /* of this struct */
    uint32_t endian;      /* TRACE_ENDIAN */
    uint32_t chunk_bytes; /* TRACE_CHUNK_BYTES */
    uint32_t state; /* enum trace_state: RUNNING in a finished file means that it was killed */
    uint32_t mode;  /* bits of enum trace_mode that were ever switched on */
    uint32_t pid;
    uint32_t parent_pid;
    uint32_t parent_traced; /* 1: forked from a process that was being profiled */
    uint32_t clock_kind;    /* enum trace_clock_kind */
    uint64_t start_real_ns; /* CLOCK_REALTIME at the start */
    uint64_t start_ticks;
    uint64_t end_ticks;         /* 0 until TRACE_ENDED */
    trace_snapshot clock_first; /* two moments to derive the tick rate from */
    trace_snapshot clock_last[2];
    uint32_t clock_last_idx;   /* which of the two is whole; written last */
    uint32_t sample_period;    /* 1: every call timed; n: 1 in n on average, once a path is hot */
    uint32_t probe_inside_q8;  /* ticks * 256 that an empty span shows as its own duration */
    uint32_t probe_outside_q8; /* ticks * 256 that a span costs its parent beyond that */
    uint64_t timeline_limit_bytes;
    uint64_t chunk_count;    /* chunks handed out; the next one is at chunk_count * 64 KiB */
    uint64_t profiler_ticks; /* spent by the profiler in slow paths, subtracted from the spans */
    int32_t write_errno;     /* first error that writing met, 0 if none */
    uint32_t run_id;         /* given by whoever started the program (THAG_RUN); 0 if nobody */
    uint64_t losses[TRACE_LOSS_ROOM]; /* by enum trace_loss; those of trace_thread come on top */
    char program[256];                /* file name of the program, without folder, NUL-terminated */
} trace_file;

enum trace_site_kind { TRACE_SITE_FUNCTION = 0, TRACE_SITE_SECTION = 1, TRACE_SITE_MAIN = 2 };
/* Of a task, and of what goes on somewhere else than in its parent: their time is no part of their
   parent's. */
#define TRACE_SITE_TASK      4
#define TRACE_SITE_CONTINUED 5
/* A function that is known by its code alone: `line` is the number of a trace_code, which is where the
   function begins, and the name says no more. */
#define TRACE_SITE_ADDRESS        6
#define TRACE_SITE_IS_ASYNC(kind) ((kind) == TRACE_SITE_TASK || (kind) == TRACE_SITE_CONTINUED)
enum trace_site_flag { TRACE_SITE_ASYNC = 16 };

/* A place in the source. Followed by name, func and file, without NUL; padded to 8 bytes. */
typedef struct trace_site {
    uint32_t bytes; /* of the whole record, padding included */
    uint32_t id;    /* counts up from 0 over all SITES chunks */
    uint32_t line;
    uint16_t kind;  /* enum trace_site_kind */
    uint16_t flags; /* the flags that the user gave */
    uint16_t name_len;
    uint16_t func_len; /* the function that a section is in; 0 where it is the name */
    uint16_t file_len;
    uint16_t reserved;
} trace_site;
#define TRACE_NAME_MAX 4096u /* longer names and paths are cut, and counted */

/*
 * A node of the call tree: a call path. Node 0 is the root, {TRACE_NONE, TRACE_NONE}. Parents come
 * before children, always. A site with TRACE_NODE_CODE is the number of a trace_code instead: a call
 * within the span above (or within the function that the code above calls) that allocated memory. Such
 * a node has memory, and no calls or times; below it there are no spans.
 */
typedef struct trace_node {
    uint32_t parent;
    uint32_t site;
} trace_node;
#define TRACE_NODE_CODE (UINT32_C(1) << 31)

/* An object that code was loaded from: the program or a shared library. Followed by its path and its
   build id, without NUL; padded to 8 bytes. */
typedef struct trace_module {
    uint32_t bytes; /* of the whole record, padding included */
    uint32_t id;    /* counts up from 0 over all MODULES chunks */
    uint64_t bias;  /* what was added to the addresses of the file */
    uint64_t lo;    /* where it was loaded */
    uint64_t hi;
    uint16_t path_len;
    uint16_t build_id_len;
    uint32_t reserved;
} trace_module;

#define TRACE_BUILD_ID_MAX 64u /* longer ones are left out */

/* A place in machine code: the address that a call returns to; of a site, where a function begins. */
typedef struct trace_code {
    uint64_t offset; /* address less bias of the module: as in the file */
    uint32_t module; /* TRACE_NONE: unknown, offset is the address */
    uint32_t reserved;
} trace_code;

/*
 * An open span. frames[0] is the base of the stack: no span, node = the node that spans without a
 * parent hang from. From 1 on, start_ticks says:
 *     0                    the first frame that is not open; the stack ends before it
 *     TRACE_CLOSED         ended out of order, already counted; skip it
 *     TRACE_UNTIMED_BIT|n  open, but not timed (sampling); n is the writer's own
 *     else                 open since then
 * A process that died while ending the innermost span may show it both as the thread's last span and
 * as an open frame. It is the ended one if last_calls is committed (see trace_thread), the nodes are
 * the same, and last_end is start_ticks + last_ticks + the shift of the task.
 * Times of frames are those of the task's own clock: ticks less trace_turn.shift_ticks.
 */
#define TRACE_CLOSED      UINT64_MAX
#define TRACE_UNTIMED_BIT (UINT64_C(1) << 63)
typedef struct trace_frame {
    uint64_t start_ticks;
    uint32_t node;
    uint32_t reserved;
    uint64_t scratch[2]; /* the writer's own */
} trace_frame;

/*
 * When a task ran. The time in which it did not, and that which the profiler took, is its shift: its
 * spans are timed by ticks less shift.
 */
typedef struct trace_turn {
    uint64_t shift_ticks;
    uint64_t since_ticks; /* not running since then; not in the shift yet. 0: running */
    union {
        struct { /* of a task of the user's: what it allocated; by one store */
            uint64_t blocks;
            uint64_t bytes;
        };
        struct {                 /* of a thread; by one store */
            uint64_t task_ticks; /* of its shift, the time in which it ran tasks */
            uint64_t task_shift; /* the shift with it, which follows at once */
        };
    };
} trace_turn;

/*
 * A task of the user's: a coroutine, a connection, a job. 128 bytes, at multiples of 128 in a
 * TRACE_TASKS chunk, from TRACE_TASKS_POS on. When it ends, the record is given to the next one.
 */
typedef struct trace_task {
    uint64_t id;      /* counts up from 1; 0: no task. Written last */
    uint64_t spawner; /* id of the task that began it; 0: no task did */
    uint64_t begin_ticks;
    uint64_t ready_ticks; /* of its shift: it could have run, but had no thread */
    trace_turn turn;
    uint32_t node;       /* its path; a call of it is a run of the task */
    uint32_t slot;       /* where it runs, or ran last; TRACE_NONE: it never ran */
    uint32_t resumes;    /* times that it began or went on to run */
    uint32_t migrations; /* of these, in another slot than the time before */
    uint32_t
        frames_chunk;     /* TRACE_NONE: it has no open spans. This and the next two by one store */
    uint16_t frames_pos;  /* in that chunk, in units of 64 bytes; the base comes first */
    uint16_t frame_count; /* room there */
    uint64_t reserved;
    trace_frame base; /* the writer's own */
} trace_task;
#define TRACE_TASKS_POS 128u

/* Something noteworthy, the first of its kind. Followed by text without NUL; padded to 8 bytes. */
typedef struct trace_note_record {
    uint32_t bytes; /* of the whole record, padding included */
    uint16_t loss;  /* enum trace_loss: what it is an example of */
    uint16_t text_len;
} trace_note_record;

/* TRACE_THREAD, after its trace_chunk. A slot serves one thread at a time, and the next one after
   that thread is gone; its counters add up over all of them. */
typedef struct trace_thread {
    uint32_t tid;          /* of the present or last owner */
    uint32_t thread_count; /* owners so far */
    uint32_t level; /* 0 a thread; 1.. a signal handler that interrupted the profiler itself */
    uint32_t frame_count; /* room in the frame array */
    uint32_t
        frames_chunk; /* TRACE_NONE: frames are in this chunk, after this struct; else their chunk */
    uint32_t tail_chunk;     /* the slot's timeline tail, TRACE_NONE if it has none */
    uint64_t start_ticks;    /* of the present or last owner */
    uint64_t end_ticks;      /* 0 while it lives */
    uint64_t past_ticks;     /* lifetimes of all earlier owners, summed */
    uint64_t timeline_spans; /* span records in chunks already written out */
    uint64_t untimed_calls;  /* ended calls that were not timed (sampling): TIMELINE_SAMPLED */
    uint64_t timeline_lost;  /* timed spans that are not in the timeline */
    uint32_t timeline_cause; /* of timeline_lost: enum trace_loss */
    uint32_t reserved;
    char name[16];
    /* The last timed span whose counters were begun. It counts if cell.calls has reached last_calls (0: not
       even begun). Its duration is in cell.ticks then, but in min, max and histogram only with the
       next span of the slot, and possibly not yet in the timeline: the reader completes them. */
    uint64_t last_cell;  /* address; see trace_chunk.base */
    uint64_t last_ticks; /* its duration */
    uint64_t last_calls; /* cell.calls with it */
    uint64_t last_end;   /* when it ended */
    trace_turn turn;     /* of the task that is the thread itself */
} trace_thread;
/* Which thread, task and span began a thread that records. 80 bytes, the first behind the trace_chunk. */
typedef struct trace_origin {
    uint32_t slot, number; /* the thread is this owner of the slot, from 1 */
    uint32_t tid;
    uint32_t node; /* innermost span that was open where it was begun; 0: none */
    uint32_t spawner_tid;
    uint32_t spawner_slot;   /* TRACE_NONE: the spawner had recorded nothing yet */
    uint32_t spawner_number; /* owner of that slot */
    uint32_t reserved;
    uint64_t spawner;     /* id of the task that it was running; 0: none */
    uint64_t asked_ticks; /* when the thread was made */
    uint64_t start_ticks; /* when it began to record */
    uint64_t end_ticks;   /* 0: not known, see trace_thread */
    char name[16];        /* as last known here */
} trace_origin;
#define TRACE_ORIGINS_A_CHUNK \
    ((TRACE_CHUNK_BYTES - (uint32_t)sizeof(trace_chunk)) / (uint32_t)sizeof(trace_origin))

/* Where things are in a THREAD chunk: this many frames, and the blocks behind them; and where blocks
   begin in an ARENA chunk. */
#define TRACE_THREAD_FRAMES     512u
#define TRACE_THREAD_FRAMES_POS 192u
#define TRACE_THREAD_BLOCKS_POS (TRACE_THREAD_FRAMES_POS + TRACE_THREAD_FRAMES * 32u)
#define TRACE_ARENA_BLOCKS_POS  64u

enum trace_block_kind {
    TRACE_CELL = 1,
    TRACE_HIST = 2,
    TRACE_MEM = 3,
    TRACE_SIZES = 4,
    TRACE_RELEASE = 5,
    TRACE_WAIT = 8,
    TRACE_SAMPLES = 9,
    TRACE_PAIR = 10,
    TRACE_MEM_USUAL = 11,
    TRACE_MEM_OTHER = 12,
    TRACE_MEM_RESIZED = 13
};

/* The counters of one call path in one slot. 128 bytes. Several cells may have the same node. */
typedef struct trace_cell {
    uint32_t kind;  /* TRACE_CELL */
    uint32_t node;  /* TRACE_NONE: the calibration's own, to be skipped */
    uint64_t calls; /* ended calls; calls and ticks are written by one store, the commit */
    uint64_t
        ticks; /* total inclusive duration. With sampling an unbiased estimate: each call that was
                           timed in a hot path counts sample_period times, the others not at all */
    uint64_t min_ticks; /* UINT64_MAX while nothing was timed */
    uint64_t max_ticks;
    uint64_t scratch[11]; /* the writer's own */
} trace_cell;

/*
 * Durations of one node, one octave, one slot: log-linear, 32 buckets an octave.
 * Octave o holds durations d of [2^o, 2^(o+1)), bucket b those from 2^o * (1 + b/32) on; 0 counts as 1.
 * The first two timed calls of a cell are in its min and max only; the third brings all three here.
 */
typedef struct trace_hist {
    uint32_t kind; /* TRACE_HIST */
    uint32_t node;
    uint16_t octave;
    uint16_t weight_log2; /* each count stands for 2^this; 0, or 32 for carries of a full counter */
    uint32_t reserved;
    uint64_t scratch;
    uint32_t count[32];
    uint64_t padding[5]; /* 192 bytes, so that cells stay on cache lines */
} trace_hist;
#define TRACE_HIST_SUB_LOG2 5

/*
 * Heap memory of one call path in one slot. What is freed are blocks that the path allocated, whoever freed
 * them: the counter stands in the slot of the thread that did. So live = allocated - freed holds over all
 * slots; in one it may be negative.
 *
 * Most paths allocate blocks of one size, and resize none. So blocks of `size` are only counted; what there is of
 * other sizes, and of resized ones, has blocks of its own. 64 bytes each, and all of a node add up.
 */
typedef struct trace_mem_usual {
    uint32_t kind; /* TRACE_MEM_USUAL */
    uint32_t node;
    uint32_t size;         /* that of the first block, if it fits; never changes */
    uint32_t span_scratch; /* this and the next are the writer's own */
    uint64_t pc_scratch;
    uint64_t usual;       /* blocks of that size allocated */
    uint64_t freed_usual; /* of that size freed. Live mode only, as all that is about the freed */
    uint64_t peak_seen;   /* trace_heap.peak when this was last changed. Live mode only */
    uint64_t
        temporary; /* blocks, of any size, that were freed before their thread allocated again */
    uint64_t
        peak_usual; /* live when peak_seen was reached; may be negative. If peak_seen is not the
                             final peak: nothing changed since, so live at the peak is live now */
} trace_mem_usual;

typedef struct trace_mem_other {
    uint32_t kind; /* TRACE_MEM_OTHER */
    uint32_t node;
    uint64_t blocks;
    uint64_t bytes;
    uint64_t freed_blocks;
    uint64_t freed_bytes;
    uint64_t peak_seen; /* this and the next as above */
    uint64_t peak_blocks;
    uint64_t peak_bytes;
} trace_mem_other;

typedef struct trace_mem_resized {
    uint32_t kind; /* TRACE_MEM_RESIZED */
    uint32_t node;
    uint64_t reallocs; /* of the blocks: made from an older one; counted in summary mode, too */
    uint64_t bytes;    /* what those had held: allocated bytes less these are the net growth */
    uint64_t padding[5];
} trace_mem_resized;

/* All of this in one, as older writers have it. 128 bytes. */
typedef struct trace_mem {
    uint32_t kind; /* TRACE_MEM */
    uint32_t node;
    uint64_t size;
    uint64_t usual;
    uint64_t freed_usual;
    uint64_t peak_seen;
    uint64_t temporary;
    uint64_t scratch[2]; /* the writer's own */
    uint64_t other_blocks;
    uint64_t other_bytes;
    uint64_t freed_other_blocks;
    uint64_t freed_other_bytes;
    uint64_t reallocs;
    uint64_t realloc_bytes;
    uint64_t peak_blocks;
    uint64_t peak_bytes;
} trace_mem;

/* What a call path freed, whoever had allocated it; of resized blocks the old ones. 64 bytes. Only where
   native stacks are recorded. */
typedef struct trace_release {
    uint32_t kind; /* TRACE_RELEASE */
    uint32_t node;
    uint64_t blocks;
    uint64_t bytes;
    uint64_t scratch; /* the writer's own */
    uint64_t padding[4];
} trace_release;

/* What one call path freed of that which another one had allocated; as trace_release. 64 bytes. */
typedef struct trace_pair {
    uint32_t kind;     /* TRACE_PAIR */
    uint32_t node;     /* that allocated */
    uint32_t releaser; /* that freed */
    uint32_t reserved;
    uint64_t blocks;
    uint64_t bytes;
    uint64_t padding[4];
} trace_pair;

/* Sizes of the blocks that a slot allocated and that were not of the usual size of their path, and what
   it left out. 832 bytes. */
#define TRACE_SIZE_BUCKETS 48
typedef struct trace_sizes {
    uint32_t kind; /* TRACE_SIZES */
    uint32_t reserved;
    uint64_t skipped_blocks; /* not larger than the threshold */
    uint64_t skipped_bytes;
    uint64_t unknown_frees; /* of blocks from before, from a parent process, or from elsewhere */
    uint64_t padding[4];
    struct trace_size_bucket {
        uint64_t blocks, bytes;
    } bucket
        [TRACE_SIZE_BUCKETS]; /* 0: 0 and 1 byte; b: more than 2^(b-1), up to 2^b; the last: all above */
} trace_sizes;

/* What tasks that were suspended on one path waited, in one slot. 64 bytes. */
typedef struct trace_wait {
    uint32_t kind;  /* TRACE_WAIT */
    uint32_t node;  /* of the innermost span that was open meanwhile, or of the task itself */
    uint64_t waits; /* waits and ticks are written by one store */
    uint64_t ticks;
    uint64_t ready_ticks; /* of these: it could have run, but had no thread */
    uint64_t max_ticks;
    uint64_t padding[3];
} trace_wait;

/*
 * What a slot knows about the samples that its counters were estimated from, where memory was recorded by
 * samples. 64 bytes. A sample is counted by the slot that allocated it, its end by the one that freed it.
 */
typedef struct trace_samples {
    uint32_t kind; /* TRACE_SAMPLES */
    uint32_t reserved;
    uint64_t
        allocated; /* bytes, no estimate; but for those since the last sample of a running thread */
    uint64_t samples, freed_samples;
    /* Of the estimates, themselves estimated, in units of trace_heap.sample_period. Live: less the freed. */
    uint64_t blocks_variance, bytes_variance;
    uint64_t freed_blocks_variance, freed_bytes_variance;
} trace_samples;

enum trace_heap_mode { TRACE_HEAP_SUMMARY = 1, TRACE_HEAP_LIVE = 2 };

/* The heap over one slice of time: what live was at the moments that were recorded. 40 bytes. */
typedef struct trace_heap_slice {
    uint64_t last; /* at the last of them, the lowest and the highest */
    uint64_t min;
    uint64_t max;
    uint64_t moments; /* how many; 0: live stayed about what it was. Written last */
    uint64_t blocks;  /* one more than the live blocks at the first of them; 0: nobody counted */
} trace_heap_slice;

/*
 * TRACE_HEAP, after its trace_chunk. With one thread the peak is exact; with n threads each may hold
 * back up to 1/1024 of it, at most 64 KiB.
 * From `peak_ticks` on only in live mode, and not in older traces, whose chunk is shorter. All slices
 * are of one length. When the last one is over, two become one each, slice i of 2i and 2i + 1, from the
 * first on; `joined` is then one more than those that are done, and 0 again afterwards.
 */
typedef struct trace_heap {
    uint32_t mode; /* enum trace_heap_mode */
    uint32_t reserved;
    uint64_t threshold; /* only blocks that are larger are recorded */
    uint64_t
        sample_period; /* 0: every block was recorded; else one in so many bytes, and all counters of
                               blocks are estimates of what there was */
    uint64_t padding[5];
    uint64_t live;        /* bytes, as far as the threads have told; right when the peak was set */
    uint64_t peak;        /* the highest value of it from which something was freed */
    uint64_t peak_ticks;  /* when it was; written after the peak */
    uint64_t since_ticks; /* when the first slice began */
    union {
        struct {
            uint32_t length_log2; /* of a slice, in ticks */
            uint32_t joined;
        };
        uint64_t scale; /* both by one store */
    };
    uint64_t skipped; /* moments that were not recorded, since another thread was at it */
    uint64_t
        step_max; /* bytes: live was never further than this from what was recorded last, but for
                          what the threads held back */
} trace_heap;
/* Where the slices are in a HEAP chunk. */
#define TRACE_HEAP_SLICES_POS 192u
#define TRACE_HEAP_SLICES     1600u

/*
 * Memory that the program hands out itself, of pools and arenas, or that it maps: kept apart from the
 * heap's, for what a pool hands out it has had from the heap before. Records of three kinds, each a
 * multiple of 8 bytes; a pool comes before what is about it.
 */
enum trace_pool_record { TRACE_POOL = 1, TRACE_POOL_ROW = 2, TRACE_POOL_SIZES = 3 };

/* Followed by the name, without NUL; padded to 8 bytes. */
typedef struct trace_pool {
    uint32_t bytes; /* of the whole record, padding included */
    uint16_t kind;  /* TRACE_POOL */
    uint16_t name_len;
    uint32_t id; /* counts up from 0 */
    uint32_t reserved;
    uint64_t live;   /* bytes */
    uint64_t peak;   /* the highest value of it from which something was freed */
    uint64_t resets; /* of arenas as a whole */
} trace_pool;

/* How many blocks of which size a pool handed out; buckets as in trace_sizes. */
typedef struct trace_pool_sizes {
    uint32_t bytes; /* of this record */
    uint16_t kind;  /* TRACE_POOL_SIZES */
    uint16_t reserved;
    uint32_t pool; /* id */
    uint32_t reserved2;
    struct trace_size_bucket bucket[TRACE_SIZE_BUCKETS];
} trace_pool_sizes;

/* What one call path had of a pool. Live mode has it all, summary mode what was allocated. */
typedef struct trace_pool_row {
    uint32_t bytes; /* of this record */
    uint16_t kind;  /* TRACE_POOL_ROW */
    uint16_t reserved;
    uint32_t pool; /* id */
    uint32_t node;
    uint64_t blocks;
    uint64_t allocated; /* bytes, as all that follow */
    uint64_t freed_blocks;
    uint64_t freed;
    uint64_t temporary; /* blocks that were freed before the pool's next allocation */
    uint64_t resized_blocks;
    uint64_t resized;   /* of the allocated: what blocks held before they were resized */
    uint64_t peak_seen; /* trace_pool.peak when this was last changed */
    uint64_t peak_blocks;
    uint64_t peak_bytes; /* live when peak_seen was reached; see trace_mem */
} trace_pool_row;

/*
 * TRACE_TIMELINE: records after the trace_chunk and a trace_timeline, in order of their end.
 * A record begins with a u16. It is a node id: a short span, {node, u16 end delta, u16 duration}; or a
 * node id and TRACE_TINY: {u16, u8 end delta, u8 duration}; or a tag; never 0, for the root is no span.
 * So in an open chunk a 0 there is the end: a short or tiny record is written together with the 0
 * behind it, by one store, of a longer one the tag is written last.
 * The delta is from the end of the record before (the chunk's base for the first).
 */
typedef struct trace_timeline {
    uint32_t tid;        /* owner of the slot when the chunk was begun */
    uint32_t span_count; /* span records in this chunk; undefined while it is open */
} trace_timeline;
enum trace_tag {
    TRACE_TINY = 0x8000,
    TRACE_TAG_MIN = 0xFFF0,
    TRACE_TAG_TASK = 0xFFFA,     /* u16 0, u64 delta, trace_task_end: a task has ended */
    TRACE_TAG_SWITCH64 = 0xFFFB, /* u16 0, u64 delta, u64 id: as the next */
    TRACE_TAG_SWITCH = 0xFFFC,   /* u16 delta, u32 id: from here on that task runs; 0: the thread */
    TRACE_TAG_THREAD =
        0xFFFD, /* u16 0, u32 tid, u64 delta, char name[16]: the slot has a new owner */
    TRACE_TAG_SPAN64 = 0xFFFE, /* u16 0, u32 node, u64 delta, u64 duration */
    TRACE_TAG_SPAN32 = 0xFFFF  /* u16 0, u32 node, u32 delta, u32 duration */
};
#define TRACE_SHORT_NODES    0x7FF0u /* spans of these and further nodes have a tag */
#define TRACE_TINY_BYTES     4u
#define TRACE_SHORT_BYTES    6u
#define TRACE_SPAN32_BYTES   16u
#define TRACE_SPAN64_BYTES   24u
#define TRACE_THREAD_BYTES   32u
#define TRACE_SWITCH_BYTES   8u
#define TRACE_SWITCH64_BYTES 20u
#define TRACE_TASK_BYTES     92u

/* All that is to be known of a task when it has ended. */
typedef struct trace_task_end {
    uint64_t id;
    uint64_t spawner;
    uint64_t begin_ticks;
    uint64_t shift_ticks;
    uint64_t ready_ticks;
    uint64_t blocks;
    uint64_t bytes;
    uint64_t end_ticks;
    uint32_t node;
    uint32_t resumes;
    uint32_t migrations;
    uint32_t open; /* spans that were left open in it */
} trace_task_end;

/* A tail with less room than this is full: the longest record, the 0 behind it, and what a short one
   writes beyond its end. */
#define TRACE_TAIL_SPARE 96u

/** Length of the record that begins with this; 0 if none does. */
static inline uint32_t trace_record_bytes(uint16_t first)
{
    if (first < TRACE_TINY) return first ? TRACE_SHORT_BYTES : 0;
    if (first < TRACE_TAG_MIN) return first > TRACE_TINY ? TRACE_TINY_BYTES : 0;
    if (first == TRACE_TAG_SPAN32) return TRACE_SPAN32_BYTES;
    if (first == TRACE_TAG_SPAN64) return TRACE_SPAN64_BYTES;
    if (first == TRACE_TAG_SWITCH) return TRACE_SWITCH_BYTES;
    if (first == TRACE_TAG_SWITCH64) return TRACE_SWITCH64_BYTES;
    if (first == TRACE_TAG_TASK) return TRACE_TASK_BYTES;
    return first == TRACE_TAG_THREAD ? TRACE_THREAD_BYTES : 0;
}
static inline int trace_record_is_span(uint16_t first)
{
    return first < TRACE_TAG_MIN || first >= TRACE_TAG_SPAN64;
}

#endif
