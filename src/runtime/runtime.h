/*
 * runtime.h - the inside of the runtime: its objects, and which file has which function.
 *
 *     thagi_current ──> task ──top──> frame [ start | node | paused | sp | cell ]     the span stack
 *                         │
 *                         └─thread──> cells: counters of each call path, hash (parent, site) -> cell
 *                                     timeline tail, histogram blocks
 *     session: one for the process: trace file, sites, tree of nodes, slots, lock
 *
 * Everything that starts with thagi_ may run inside the profiled process, in any thread and in a
 * signal handler: no malloc, no stdio, no blocking but on a lock, which is held only with all
 * signals blocked. The hot path (span.c) takes no lock and makes no atomic operation: what
 * it writes has one writer, the thread itself.
 *
 * Order of locks: that of a fork, the session's, that of the table of stacks (stack_table.c).
 */
#ifndef THAGI_RUNTIME_H
#define THAGI_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#include "platform/platform.h"
#include "trace/trace_format.h"
#include "trace/trace_writer.h"

/* The header's site and functions, as a build with everything sees them. */
#ifndef THAG_FULL_PROFILING
#define THAG_FULL_PROFILING
#endif
#define THAG_RUNTIME_ITSELF_ /* no destructor of ours in ourselves */
#include "thag_profiler.h"

/* Bits of thag_active: something is being recorded; it was, and sections may have to end. */
enum { THAGI_RECORDING = TRACE_TIME | TRACE_MEMORY, THAGI_ENDING = 4 };

#define THAGI_LIKELY(x)   __builtin_expect(!!(x), 1)
#define THAGI_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Two numbers that change by one store: whole or not at all. */
typedef uint64_t thagi_pair __attribute__((__vector_size__(16), __aligned__(8), __may_alias__));

typedef struct thagi_cell thagi_cell;
typedef struct thagi_thread thagi_thread;
typedef struct thagi_task thagi_task;

/* trace_hist, with the writer's link to the next block of the ring that shares an entry of the cell. */
typedef struct thagi_hist {
    uint32_t kind;
    uint32_t node;
    uint16_t octave;
    uint16_t weight_log2;
    uint32_t reserved;
    struct thagi_hist *next;
    uint32_t count[32];
    uint64_t padding[5];
} thagi_hist;

/* trace_cell, with the writer's own part. Single writer: the thread of its slot. */
struct thagi_cell {
    uint32_t kind;
    uint32_t node;
    uint64_t calls;
    uint64_t ticks;
    uint64_t min_ticks;
    uint64_t max_ticks;
    const thag_site *site; /* NULL: base cell, or its module is gone */
    thagi_cell *last;      /* the child that was begun last; at first thagi_no_cell */
    thagi_cell *next;      /* which sibling followed this one last time: the next guess */
    thagi_hist *hist[8];   /* by octave % 8; thagi_no_hist where there is none */
};
extern thagi_cell thagi_no_cell;
extern thagi_hist thagi_no_hist;

/* The writer's part of a trace_frame. */
enum { THAGI_FRAME_WHERE, THAGI_FRAME_CELL };
/*
 * Where a call of ours came from: the stack pointer, and 16 bits of the place in the code. A span that
 * is still open when another begins at the same depth, place and site was left by a longjmp; at
 * another place it is the caller, which the callee was inlined into.
 */
#define THAGI_WHERE() \
    ((uint64_t)(uintptr_t)__builtin_dwarf_cfa() << 16 | \
     ((uintptr_t)__builtin_return_address(0) & 0xffff))
#define THAGI_WHERE_SP(where) ((uintptr_t)((where) >> 16))
static inline thagi_cell *thagi_frame_cell(const trace_frame *frame)
{
    return (thagi_cell *)(uintptr_t)frame->scratch[THAGI_FRAME_CELL];
}

/*
 * Where a thread is, or a task of the user's (task.h). Lives in memory that fork() wipes, so that state is 0 in
 * a child: one test on the hot path serves "not set up", "forked" and "interrupted by a signal".
 */
struct thagi_task {
    uintptr_t state; /* THAGI_TASK_UNUSABLE to _WATCHED, or the stack pointer of the runtime call in
                        progress, which a signal handler has interrupted */
    trace_frame *top;
    trace_frame *base;    /* frames[0] */
    trace_frame *limit;   /* one past the last frame there is room for */
    thagi_thread *thread; /* whose counters pay now */
    uint64_t shift; /* ticks in which it did not run, or the profiler did: its spans run by a clock
                       that stands still then. Also in turn->shift_ticks, for the reader */
    trace_turn *turn;             /* its part of the trace */
    uintptr_t stack_lo, stack_hi; /* its stack, if it is watched; else the mapping of the
                                                stack seen last; 0, 0: unknown */
    uint16_t idle;                /* the state between calls: _IDLE or another */
    uint16_t is_users;            /* else it is a thread's own */
    uint32_t closed_count;        /* frames ended out of order, still below the top */
    uint32_t pauses;              /* thag_pause() calls that are not resumed yet */
    uint32_t paused_sections;     /* begun since, not recorded, not ended yet */
#if PLAT_COUNTER_IS_SLOW
    uint64_t newest_token; /* of a timed span */
#endif
};
enum {
    THAGI_TASK_UNUSABLE = 0,
    THAGI_TASK_IDLE = 1,     /* every call is timed, with the processor's counter: the fast way */
    THAGI_TASK_SAMPLING = 2, /* not every call is timed */
    THAGI_TASK_CAREFUL = 3,  /* the stack has closed frames, the clock is slow, or it is paused: the
                                long way */
    THAGI_TASK_WATCHED = 4   /* as _CAREFUL, for those who stand on its stack (stack_watch.c) */
};

/* Set up, and between calls. */
static inline int thagi_task_is_at_rest(const thagi_task *task)
{
    return task->state - 1 < THAGI_TASK_WATCHED;
}
/* And whoever calls is it for sure. */
static inline int thagi_task_is_ready(const thagi_task *task)
{
    return task->state - 1 < THAGI_TASK_CAREFUL;
}

/* Key (parent cell, site), value cell. Open addressing, linear probing, power of two. */
typedef struct thagi_cell_map {
    struct thagi_cell_entry {
        const thagi_cell *parent;
        thagi_cell *cell;
    } * entries;
    uint32_t room, count;
} thagi_cell_map;

/* A slot's part of memory profiling (memory.h). Single writer: its thread, but for `places` and
   `may_peak`, which others may set so that the thread takes the slow way next time. */
typedef struct thagi_places thagi_places;
typedef struct thagi_stacks thagi_stacks;
typedef struct thagi_row thagi_row;
typedef struct thagi_pairs thagi_pairs;
typedef struct thagi_more thagi_more;
typedef struct thagi_memory {
    thagi_places *places; /* own_places; or an empty table */
    thagi_row **rows;     /* by node; one that is never up to date where nothing was counted yet */
    thagi_more *more;     /* by node, as many: what only some rows have */
    uint32_t row_room;    /* of both */
    uint32_t is_alone;    /* its margins are those of the only thread */
    const void *last_block; /* the newest allocation; only compared, never followed */
    int64_t above;          /* bytes that trace_heap.live does not have yet, less `high` */
    int64_t free_low;       /* alone: `above` below this is a step of the heap over time */
    uint64_t may_peak;      /* the next free has to look at whether it ends a peak */
    uint64_t free_left;     /* bytes that may be freed before the thread looks at all this again */
    int64_t high;           /* the most that they may be before the others are told */
    trace_sizes *sizes;
    thagi_places *own_places;
    thagi_stacks *stacks; /* native stacks (src/heap/native_stack.c); NULL: none yet */
    thagi_pairs *pairs;   /* who frees what who allocated (memory_pair.c); NULL: none yet */
    int is_forgetful;     /* own_places may name code that is gone */
    /* Where memory is recorded by samples (heap_sample.h): */
    uint64_t sample_left;   /* bytes to the next one; 0: that is not drawn yet */
    uint64_t sample_mark;   /* what it was when samples->allocated was last right */
    uint64_t sample_seed;   /* of the generator */
    trace_samples *samples; /* NULL: none yet */
} thagi_memory;

/* A slot: what serves one thread at a time. Never freed; reused by the next thread. */
struct thagi_thread {
    thagi_task base_task;
    thagi_task *running; /* on this thread: its base task, or one of the user's */
    uint64_t
        taken_ticks; /* when another thread took `running` (stack_watch.c); written by that one */
    trace_thread *shared; /* the slot's part of the trace */
    /* timeline tail: write position, where it counts as full, tick of the last record's end */
    uint8_t *tail_pos, *tail_end;
    trace_chunk *tail;
    uint64_t tail_ticks;
    uint32_t tail_tiny_count, tail_long_count; /* spans in tiny and in long records */
    uint32_t tail_other_bytes;                 /* in records that are neither short nor tiny */
    uint64_t lost_end,
        lost_count;  /* of the last span that the timeline had no room for; see its counting */
    int timeline_on; /* 0: nothing is written any more, only counted in the slot */
    /* sampling: 0 = every call is timed; else calls until the next timed one, and a generator */
    uint32_t sample_period, sample_left, sample_seed;
    /* blocks are cut from here */
    trace_chunk *arena;
    uint8_t *arena_pos, *arena_end;
    trace_chunk *frames; /* TRACE_FRAMES run in use; NULL: frames are in the THREAD chunk */
    uint32_t frames_run; /* its chunks */
    thagi_cell_map cells;
    thagi_cell *root;     /* the cell of node 0 */
    thagi_thread *nested; /* for handlers that interrupt this slot's task in the runtime; or NULL */
    thagi_thread *next_all, *next_free;
    uint32_t slot, level, tid;
    int in_use;
    thagi_memory memory;
    struct thagi_waits { /* by node; NULL where no task waited yet */
        trace_wait **rows;
        uint32_t room;
    } waits;
    struct thagi_went_on { /* what was continued here lately, by node and site */
        const thag_site *site;
        thagi_cell *cell;
        uint32_t node;
    } went_on[16];
    struct thag_task *spare_tasks; /* ended here, to be used again */
    uint32_t spare_count;
    trace_origin *origin;                    /* of the present owner; NULL: not known */
    const struct thagi_inherited *inherited; /* after a fork: the parent's spans; else NULL */
};

/* session.c */
typedef struct thagi_session thagi_session;
extern thagi_session *thagi_session_now; /* NULL until the first start; memory that fork wipes */

/* Sizes of the pieces that frames of tasks are kept in (task_pool.c). */
enum { THAGI_TASK_CLASSES = 5 };

/* A growing array in mapped memory; only under the lock. */
typedef struct thagi_array {
    void *items;
    uint32_t count, room;
} thagi_array;

struct thagi_session {
    uint32_t pid;  /* 0: never started, or wiped by a fork */
    uint32_t lock; /* 0 free, 1 held, 2 held and waited for */
    thagi_trace trace;
    thagi_array sites;        /* trace_site * by id */
    thagi_array site_by_text; /* hash: site ids */
    thagi_array site_by_ptr;  /* hash: struct site_ref */
    thagi_array nodes;        /* trace_node by id, copied: the mapped chunks are not contiguous */
    thagi_array node_by_key;  /* hash: node ids */
    thagi_array named;        /* hash: sites made for names given at run time */
    thagi_array muted;        /* char *: names of sections that are not recorded */
    thagi_array modules;      /* trace_module * by id */
    thagi_array codes;        /* trace_code by id, copied */
    thagi_array code_by_key;  /* hash: code ids */
    thagi_array sizes;        /* uint64_t by node of code: see thagi_code_set_size() */
    trace_chunk *site_chunk, *tree_chunk, *module_chunk, *code_chunk;
    thagi_thread *all, *free;
    uint32_t slot_count, live_count, sweep_at;
    uint64_t snapshot_ticks;   /* when the clock's pair was renewed */
    uintptr_t lock_owner;      /* address of the holder's thagi_current; 0: nobody */
    trace_heap *heap;          /* NULL: memory is not recorded */
    struct thagi_heap_series { /* heap_series.c; but for `lock` of who has it */
        uint32_t lock, slice;
        uint64_t step; /* bytes that live has to move to be recorded again */
        uint64_t last; /* what was recorded last, and when */
        uint64_t last_ticks;
        uint64_t count_ticks; /* blocks are not counted again before this */
    } series;
    uint64_t memory_key; /* not 0; of the records in blocks: those of other processes are no good */
    uint64_t task_count; /* ids given so far */
    uint64_t folded_limit; /* bytes of each .folded file; 0: none */
    struct thagi_task_block *task_blocks;
    struct thag_task *spare_tasks;
    struct thagi_task_frames *spare_frames[THAGI_TASK_CLASSES];
    trace_chunk *task_frames_chunk; /* pieces are cut from it */
    uint32_t task_frames_index;
    struct thagi_pools *pools; /* pool.c; NULL: none yet */
    trace_chunk *origins;      /* the last chunk of them; NULL: none yet */
    uint32_t origin_count;
    trace_chunk *notes;
    uint32_t noted; /* bits of enum trace_loss: there is a note of it */
};
/* array.c */
/** Where to append a record of a hot chunk kind that has records in a row: the chunk, a new one if the
    record does not fit. Fill it, then add its length to chunk->used. NULL: no space. Under the lock. */
void *thagi_chunk_append(thagi_session *session, trace_chunk **chunk, enum trace_chunk_kind kind,
                         uint64_t next_id, size_t bytes);
/** Make room for `count` items. 0 if there is no memory. */
int thagi_array_reserve(thagi_array *array, uint32_t count, size_t item_bytes);
uint64_t thagi_hash_mix(uint64_t x);

/** Take a lock (0 free, 1 held, 2 held and waited for) with all signals blocked; give both back. */
void thagi_lock_take(uint32_t *lock, thagi_plat_signals *saved);
void thagi_lock_give(uint32_t *lock, const thagi_plat_signals *saved);
/** The same with that of the session. */
void thagi_lock(thagi_session *session, thagi_plat_signals *saved);
void thagi_unlock(thagi_session *session, const thagi_plat_signals *saved);

/** Called with nothing held, by a task that is not usable: sets up what is missing (a slot, after a
    fork a new trace). NULL if there is none to be had, or recording is off. */
thagi_task *thagi_session_join(void);

/** Take ticks off all open spans of a task. */
static inline void thagi_task_shift(thagi_task *task, uint64_t ticks)
{
    task->turn->shift_ticks = task->shift += ticks;
}

/** Take the time since `since` off all open spans of the task that runs. */
void thagi_paused(thagi_task *task, uint64_t since);

void thagi_count(enum trace_loss what, uint64_t n);

/* memory.c: what the hooks of src/heap count. See memory.h for the part that they inline. */
/** 1 if the program has the hooks: without them there is no memory to be seen. */
int thagi_memory_hooked(void);
/** Let the hooks find what is behind them. Not under the lock: the dynamic linker has locks of its own. */
void thagi_memory_prepare(void);
/** Learn what the hooks cost. The task is idle, and nothing was recorded by it yet; under the lock. */
void thagi_memory_calibrate(thagi_task *task);
/** Say so, once, if the program's calls of malloc do not come to the hooks. Not under the lock. */
void thagi_memory_check(void);
/** The hooks follow thag_active. */
void thagi_memory_switch(void);
/** Begin to record memory. Under the lock. 0, or a negative errno. */
int thagi_memory_start(thagi_session *session, uint32_t mode, uint64_t threshold);
/** A new slot; its first thread, or a further one, is about to record. */
void thagi_memory_join(thagi_session *session, thagi_thread *thread);
/** A handler has interrupted the slot, and works with a nested one: that has the spans which pay. */
void thagi_memory_interrupted(thagi_thread *thread);
/** The slot's thread is gone. */
void thagi_memory_leave(thagi_session *session, thagi_thread *thread);
/** A module was unloaded: addresses of code that are known may be those of other code now. */
void thagi_memory_forget(void);

/* heap_series.c: live bytes over time, in the trace_heap. */
void thagi_heap_series_start(thagi_session *session);
/** Live bytes are `live` now: recorded, if that is far enough from what was recorded last. */
void thagi_heap_series_put(thagi_session *session, uint64_t live, uint64_t now);

/* code.c: places in machine code, interned by module and offset. */
/** The child of a node for the call that returns to pc. TRACE_NONE, if there is no room. Not under the
    lock. */
uint32_t thagi_code_child(thagi_session *session, uint32_t parent, uintptr_t pc);
/** The number of a place in code, in an object or in none (NULL). TRACE_NONE, if there is no room. Under
    the lock. */
uint32_t thagi_code_id(thagi_session *session, uintptr_t pc, thagi_plat_object *object);
/** The usual size of the blocks that a node of code allocates, the same in all slots: the first sets it,
    and to the others it is given in *bytes. 0: no memory. Not under the lock. */
int thagi_code_set_size(thagi_session *session, uint32_t node, uint64_t *bytes);
/** The same, if it is set; else 0. */
uint64_t thagi_code_size(thagi_session *session, uint32_t node);

/** Count it, and say the first of its kind in the log and in the trace. */
void thagi_note(enum trace_loss what, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/** Take native stacks: of all allocations, or only within spans flagged mem_detail. */
void thagi_memory_want_stacks(int all);
/** Record heap memory by samples, one in so many bytes; 0: every block. Before it starts. */
void thagi_memory_want_samples(uint64_t period);
/** Record mappings, or do not. */
void thagi_memory_want_mappings(int wanted);

/* config.c: what the setting says. */
typedef struct thagi_config {
    unsigned modes; /* TRACE_TIME | TRACE_MEMORY; 0: off */
    int log;        /* 0 none, 1 quiet, 2 announce */
    int detail;
    int use_counter; /* 0: CLOCK_MONOTONIC even if there is a steady counter */
    uint32_t sample_period;
    uint32_t run_id;         /* of thag-run; 0: started otherwise */
    uint32_t run_pid;        /* the one process that is to be profiled; 0: all */
    uint64_t timeline_limit; /* bytes; UINT64_MAX: not given */
    uint64_t folded_limit;   /* bytes of each .folded file; 0: none is written */
    uint32_t heap_mode;      /* enum trace_heap_mode */
    int mappings;            /* recorded, too */
    uint64_t heap_period;    /* bytes that one sample is for; 0: every block is recorded */
    uint64_t heap_threshold; /* bytes: smaller blocks and those of this size are not recorded */
    char dir[THAGI_PATH_MAX];
    char problem[192]; /* what is wrong with the setting; "" if nothing */
} thagi_config;

/** From the environment. Returns 0, or -1 with config->problem set. */
int thagi_config_read(thagi_config *config, const char *setting);
/** The further variables: THAG_CLOCK, THAG_SAMPLE, THAG_TIMELINE_LIMIT, THAG_FOLDED_LIMIT, THAG_RUN. As above. */
int thagi_config_read_tuning(thagi_config *config);

/* log.c: the debug log, and the one line on stderr. printf-like, one line each. */
void thagi_log_open(int level, const char *program, const char *stamp, uint32_t pid);
void thagi_log(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void thagi_complain(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* clock.c */
extern int thagi_use_counter;
uint64_t thagi_monotonic_ticks(void);
static inline uint64_t thagi_ticks(void)
{
#if PLAT_HAS_COUNTER
    if (THAGI_LIKELY(thagi_use_counter)) return thagi_plat_counter();
#endif
    return thagi_monotonic_ticks();
}
/* Of a task that is idle, i.e. whose clock this is. */
static inline uint64_t thagi_counter(void)
{
#if PLAT_HAS_COUNTER
    return thagi_plat_counter();
#else
    return thagi_monotonic_ticks();
#endif
}
void thagi_clock_start(trace_file *file, int want_counter);
/** Renew the pair that the tick rate is derived from, unless that was a moment ago and is not forced. */
void thagi_clock_snapshot(thagi_session *session, int force);

/* site.c: places in the source, interned by content. Under the lock. */
uint32_t thagi_site_id(thagi_session *session, const thag_site *site);
/** One that has this number; NULL: it is gone with its module. Looks through all of them. */
const thag_site *thagi_site_of_id(const thagi_session *session, uint32_t id);
/** The same of a place that is described by the site's text alone. */
uint32_t thagi_site_by_text(thagi_session *session, const thag_site *site);
/** The site that stands for a section whose name is given at run time; NULL if there is no room. */
const thag_site *thagi_site_named(thagi_session *session, const thag_site *site, const char *name);
/** The same, taking the lock (section.c). */
const thag_site *thagi_site_of_name(const thag_site *site, const char *name);
/** In a child of fork(): its names are cut from pages of its own. */
void thagi_site_child(void);
/** Remember that sections of this name exist that are not recorded; ask for it. */
void thagi_site_mute(thagi_session *session, const thag_site *site);
int thagi_site_is_muted(thagi_session *session, const char *name);
/** Forget all pointers into [lo, hi). */
void thagi_site_forget(thagi_session *session, uintptr_t lo, uintptr_t hi);

/* function.c: functions that are known by their address. */
/** Id of a site of that kind. Under the lock. */
uint32_t thagi_function_site(thagi_session *session, const thag_site *site);

/* tree.c: the call tree, and each slot's cells. */
uint32_t thagi_tree_start(thagi_session *session);
uint32_t thagi_tree_child(thagi_session *session, uint32_t parent, uint32_t site);
thagi_cell *thagi_cell_child(thagi_thread *thread, thagi_cell *parent, const thag_site *site);
/** Of a node that may be anywhere in the tree. NULL: no memory. Not under the lock. */
thagi_cell *thagi_cell_for_node(thagi_thread *thread, uint32_t node);
/** The same where the slot has none yet. Under the lock. */
thagi_cell *thagi_cell_new_for_node(thagi_thread *thread, uint32_t node);
void thagi_cell_forget(thagi_session *session, uintptr_t lo, uintptr_t hi);

/* hist.c: durations of a cell. */
void thagi_hist_slow(thagi_thread *thread, thagi_cell *cell, uint64_t ticks);
/** After a call that was cut off: whether all calls of the cell are in it. If not, the last one is to be
    added as if nothing had been done. */
int thagi_hist_recover(thagi_cell *cell);
/** Its blocks are to be none of the trace's. */
void thagi_hist_renounce(const thagi_cell *cell);
/* Without a branch: the clock's steps make short durations jump between octaves at random. */
static inline unsigned thagi_hist_place(uint64_t ticks, unsigned *bucket)
{
    unsigned octave = 63u ^ (unsigned)__builtin_clzll(ticks + (ticks == 0));
    *bucket = (unsigned)((ticks << (~octave & 63)) >> (63 - TRACE_HIST_SUB_LOG2)) & 31;
    return octave;
}
static inline void thagi_hist_add(thagi_thread *thread, thagi_cell *cell, uint64_t ticks)
{
    unsigned bucket, octave = thagi_hist_place(ticks, &bucket);
    thagi_hist *hist = cell->hist[octave & 7];
    uint32_t count = hist->count[bucket] + 1;
    if (THAGI_UNLIKELY(hist->octave != octave || count == 0))
        thagi_hist_slow(thread, cell, ticks);
    else
        hist->count[bucket] = count;
}

/* timeline.c */
/** The tail of a new slot. 0: none, spans are only counted. */
int thagi_timeline_start(thagi_session *session, thagi_thread *thread);
/** Note that another thread has the slot now. */
void thagi_timeline_owner(thagi_thread *thread);
/** After a call that was cut off: go on behind the last record that is there. */
void thagi_timeline_recover(thagi_thread *thread);
/** Forget what the tail holds. */
void thagi_timeline_clear(thagi_thread *thread);
/** The tail is full, or off. Returns 1 if there is room now. */
int thagi_timeline_full(thagi_thread *thread);
/** From now on the slot records for that task of the user's; 0: for its own. */
void thagi_timeline_switch(thagi_thread *thread, uint64_t id, uint64_t now);
/** A task has ended. */
void thagi_timeline_task(thagi_thread *thread, const trace_task_end *end, uint64_t now);
/** After a call that was cut off: whether the last span, which ended then, was put, or counted as lost. */
int thagi_timeline_has(const thagi_thread *thread, uint64_t end);
void thagi_timeline_put(thagi_thread *thread, uint32_t node, uint64_t ticks, uint64_t end);

/* thread.c: slots. */
/* One pointer; initial-exec, because the general model may allocate. A thread that has no slot yet
   points at thagi_no_task, whose state sends it the slow way. Only read by functions that the user's
   code calls: inlined there, compilers would keep its address over a switch of coroutines. */
extern __thread thagi_task *thagi_current __attribute__((__tls_model__("initial-exec")));
extern thagi_task thagi_no_task;
/* The calling thread's slot; NULL: none yet. */
extern __thread thagi_thread *thagi_thread_here __attribute__((__tls_model__("initial-exec")));
/** A slot for the calling thread, its task current. Under the lock. NULL: no memory. */
thagi_thread *thagi_thread_acquire(thagi_session *session, uint32_t level);
thagi_thread *thagi_thread_nested(thagi_thread *thread);
void *thagi_thread_alloc(thagi_thread *thread, size_t bytes);
int thagi_thread_grow_frames(thagi_thread *thread);
/** The thread is gone: the task of the user's that it was running is suspended. */
void thagi_task_strand(thagi_thread *thread);
/** What a task of the thread is between calls: see THAGI_TASK_IDLE. */
uintptr_t thagi_thread_idle(const thagi_thread *thread);
/** Twice the room for frames. 0: there is none, and the call is counted as lost. */
int thagi_task_grow(thagi_task *task);
int thagi_thread_key_start(void);

/* origin.c: where threads were begun. */
/** The calling thread has a slot now: write what it was told. Under the lock. */
void thagi_origin_put(thagi_session *session, thagi_thread *thread);
/** The slot's thread is gone; its end and name are known. */
void thagi_origin_end(thagi_thread *thread);
/** In a child of fork(): what the thread was told is about the parent's slots. */
void thagi_origin_forget(void);

/* span_stack.c. The functions on a task need it held: state is the caller's stack pointer. */
/** The task to work on when the current one is not idle; then it is between calls. NULL: none, and the
    call has been counted as lost if it was to be recorded. */
thagi_task *thagi_task_usable(thagi_task *task, uintptr_t sp);
/** Between calls again: careful as long as there are closed frames, or it is paused. */
static inline void thagi_task_release(thagi_task *task)
{
    uintptr_t idle = task->idle;
    if (THAGI_UNLIKELY(task->closed_count | task->pauses) && idle < THAGI_TASK_CAREFUL)
        idle = THAGI_TASK_CAREFUL;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    task->state = idle;
}
/** A held task whose call is gone (longjmp, cancellation): finish or undo it. */
void thagi_task_recover(thagi_task *task);
/** Begin a span. 0: lost, and counted. */
thag_token thagi_span_push(thagi_task *task, const thag_site *site, uint64_t where);
/** Pop the top frame as if it had not been. */
void thagi_span_take_back(thagi_task *task);
/** Ticks of a span that went on here are none of those that are open below it. The span is counted
    already, and shown as open still: see docs/trace-format.md, "Recovery". */
static inline void thagi_task_detach_ticks(thagi_task *task, uint64_t ticks)
{
    uint64_t shift = task->shift + ticks;
    if (!task->is_users) {
        thagi_pair *of_tasks = (thagi_pair *)(void *)&task->turn->task_ticks;
        *of_tasks = (thagi_pair){task->turn->task_ticks + ticks, shift};
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
    task->turn->shift_ticks = task->shift = shift;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
/** Count a run of `cell` that took `ticks` until `now`, and put it into the timeline. */
void thagi_span_count(thagi_task *task, thagi_cell *cell, uint64_t ticks, uint64_t now);
/** Count the top frame as ended at `now`, and pop it. */
void thagi_span_pop(thagi_task *task, uint64_t now);
/** The same for a frame that never got its end: also counted as that. */
void thagi_span_abandon(thagi_task *task, uint64_t now);
/** Count a frame as ended that is not the top one. It stays, closed, until it is the top. */
void thagi_span_close_under(thagi_task *task, trace_frame *frame, uint64_t now);
/** Pop closed frames off the top. */
void thagi_span_settle(thagi_task *task);
/** Abandon the frames that a longjmp has left behind, as seen from a call at `where`; `site`: the one
    that is beginning there, or NULL. */
void thagi_span_drop_dead(thagi_task *task, uint64_t where, const thag_site *site);
/** The top frame is not what was expected: it may have been begun on another stack. */
void thagi_span_check_stack(thagi_task *task);
/** Abandon every open frame: the thread ends. */
void thagi_span_close_all(thagi_task *task);

/* stack_watch.c: stacks that are switched without a word. */
/* 1: look. Then no task takes the fast way. */
extern int thagi_stack_is_watched;
#define THAGI_STACK_IS_ON(task, sp) ((sp) - (task)->stack_lo < (task)->stack_hi - (task)->stack_lo)
/** The task whose stack sp is on, going over to it; `task`: the calling thread's. */
thagi_task *thagi_stack_checked(thagi_task *task, uintptr_t sp);
/** A slot's own stack. The calling thread takes it. */
void thagi_stack_of_thread(thagi_task *base, uintptr_t sp);
/** A frame was begun on another stack than where a call of this task comes from now, and nobody had said
    so: say it, and look from now on. */
void thagi_stack_unannounced(thagi_task *task, const trace_frame *frame, const thag_site *site);

/** The calling thread's task, to be held by who stands at sp. NULL: as thagi_task_usable(). */
static inline thagi_task *thagi_task_here(uintptr_t sp)
{
    thagi_task *task = thagi_current;
    if (THAGI_UNLIKELY(!thagi_task_is_ready(task)) || THAGI_UNLIKELY(thagi_stack_is_watched))
        task = thagi_task_usable(task, sp);
    return task;
}

/* Where the hot path goes on when something is not as usual. Of a held task, which they release: */
thag_token thagi_span_begin_held(thagi_task *task, const thag_site *site, uint64_t where);
void thagi_span_end_held(thagi_task *task, thag_token token);
void thagi_span_pop_held(thagi_task *task, uint64_t now);
void thagi_timeline_put_held(thagi_task *task, uint32_t node, uint64_t ticks, uint64_t end);
/* Of a task in any state, for a caller whose stack pointer is in where, or sp: */
thag_token thagi_span_begin_slow(thagi_task *task, const thag_site *site, uint64_t where);
void thagi_span_end_slow(thagi_task *task, thag_token token, uintptr_t sp);

/* inherit.c: the spans that a forked child goes on with. */
enum { THAGI_INHERIT_MAX = 256 };
typedef struct thagi_inherited {
    struct thagi_inherited_span {
        thag_token token; /* the parent's; 0: of what its task hung from, which nothing ends */
        const thag_site *site;
        uint64_t where; /* the child's stack lies where the parent's did */
    } span[THAGI_INHERIT_MAX];
    uint32_t count;
    uint32_t pauses, paused_sections;
} thagi_inherited;
/** Before a fork: note the open spans of the calling thread. */
void thagi_inherit_save(const thagi_task *task);
/** In the parent, afterwards: what was noted is for that child alone. */
void thagi_inherit_parent(void);
/** In the child, until they are: there are some to begin again. */
int thagi_inherits(void);
/** In the child's new trace: begin them again. */
void thagi_inherit_load(thagi_task *task);

/* span_kept.c: begin and end a span as thag-cc's code does. NULL: not here, or not linked. */
void thagi_kept_probe(const thag_site *site) __attribute__((__weak__));

/* calibrate.c: what a span costs, into the trace's header: as the program's main file begins and ends it. */
extern int thagi_calls_are_kept;
void thagi_calibrate(thagi_session *session, thagi_thread *thread);

/* exit_folded.c */
void thagi_exit_folded(thagi_session *session, const char *path);
void thagi_exit_memory_folded(thagi_session *session, const char *path);

#endif
