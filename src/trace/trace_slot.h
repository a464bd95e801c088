/*
 * trace_slot.h - a slot of a trace at work: what trace_slots.c and trace_counters.c share.
 */
#ifndef THAG_TRACE_SLOT_H
#define THAG_TRACE_SLOT_H

#include "trace/trace_internal.h"

/* A cell as read, kept until its slot is done. */
typedef struct cell_entry {
    uint64_t address;
    trace_cell cell;
    uint32_t path;
    uint32_t chunk_pos; /* in its chunk */
    uint32_t chunk;
} cell_entry;

/* What a slot ran last, of the users' tasks. */
typedef struct slot_run {
    uint32_t slot;
    uint32_t node;  /* of the one that runs; 0: all are suspended */
    uint64_t start; /* of that by the clock of all: its begin, less what it did not run */
    uint64_t since; /* when the last of the others was suspended */
} slot_run;

typedef struct slot_work {
    trace *t;
    uint8_t *buffer;   /* one chunk */
    uint32_t *path_of; /* by node; path + 1, valid if it is of this slot */
    cell_entry *cells;
    size_t cell_count, cell_cap;
    uint32_t slot;
    size_t first_path, first_bucket;
    uint64_t *expected; /* per path of the slot: durations that its histogram should hold */
    uint64_t *held;     /* and those that it holds */
    size_t sum_cap;
    const chunk_ref *thread_ref; /* NULL: the slot has counters but no thread */
    trace_thread thread;
    trace_turn turn;        /* of the task that the frames are of */
    uint64_t frames_offset; /* where to say that they are wrong */
    uint32_t last_node;     /* of the committed last span, TRACE_NONE if there is none */
    trace_frame *frames;
    size_t frame_count, frame_cap;
    slot_run *runs; /* by slot */
    size_t run_count, run_cap;
} slot_work;

/** The slot's path of a node, made on first use; SIZE_MAX when out of memory. */
size_t slot_path(slot_work *w, uint32_t node);

/**
 * The path of the node that a block at pos is about. *path is NULL if there is no such node, which is
 * noted as "WHAT of node 7 of 5"; good until the next path is made. THAG_ERR_MEMORY.
 */
thag_err slot_path_of_block(slot_work *w, const chunk_ref *ref, uint32_t pos, uint32_t node,
                            const char *what, trace_path **path);

/** Counters from pos on in the chunk that the buffer holds. */
thag_err slot_read_blocks(slot_work *w, const chunk_ref *ref, uint32_t pos);

/** trace_memory.c: one block of memory counters, at pos of the chunk that the buffer holds. */
/** A block of one of the kinds MEM; of other kinds nothing is done. */
thag_err slot_read_mem(slot_work *w, const chunk_ref *ref, uint32_t pos, uint32_t kind);
thag_err slot_read_release(slot_work *w, const chunk_ref *ref, uint32_t pos);
void slot_read_sizes(slot_work *w, uint32_t pos);
void slot_read_samples(slot_work *w, uint32_t pos);
thag_err slot_read_pair(slot_work *w, const chunk_ref *ref, uint32_t pos);

/** When all chunks of the slot are read: complete its last span, check, and add up its paths. */
thag_err slot_finish_cells(slot_work *w);

/* No program runs longer than this many seconds; a moment beyond it is a damaged number. */
#define LONGEST_SECONDS (100ull * 366 * 86400)

/* trace_frames.c */
/** Frames up to the first that is not open. 0 when out of memory, 1 to go on, 2 at the end. */
int slot_keep_frames(slot_work *w, const uint8_t *bytes, size_t len);
/** Whether a moment is one of this session. */
int slot_is_plausible(const trace *t, uint64_t ticks);
/** The latest moment known so far, for a session that did not end. */
void slot_see_moment(slot_work *w, uint64_t ticks, const char *what);
/** From the clock of the frames' task to that of all. */
void slot_start_frames(slot_work *w);
/** The frame of a span that is counted already, the last of a slot, is not open. What of its time has to be
    taken off the task that the frames are of; off the frames it is. */
uint64_t slot_drop_ended(slot_work *w, uint32_t node, uint64_t ticks, uint64_t end);
/** Make the frames open spans of their paths. */
thag_err slot_keep_open(slot_work *w);

/* trace_switch.c */
/** Find out what ran in which slot; before the slots are read. */
thag_err slot_find_runs(slot_work *w);
/** Where the thread of the slot was between two tasks, say in its turn that it runs itself. */
void slot_complete_switch(slot_work *w);

/* trace_tasks.c */
/** Tasks that had not ended, when all slots are read. */
thag_err slot_load_tasks(slot_work *w);
/** One block of waiting, at pos of the chunk that the buffer holds. */
thag_err slot_read_wait(slot_work *w, const chunk_ref *ref, uint32_t pos);

static inline uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
