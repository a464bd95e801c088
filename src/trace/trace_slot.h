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
    trace_turn turn;    /* of the task that the frames are of */
    uint32_t last_node; /* of the committed last span, TRACE_NONE if there is none */
    trace_frame *frames;
    size_t frame_count, frame_cap;
} slot_work;

/** The slot's path of a node, made on first use; SIZE_MAX when out of memory. */
size_t slot_path(slot_work *w, uint32_t node);

/** Counters from pos on in the chunk that the buffer holds. */
thag_err slot_read_blocks(slot_work *w, const chunk_ref *ref, uint32_t pos);

/** trace_memory.c: one block of memory counters, at pos of the chunk that the buffer holds. */
thag_err slot_read_mem(slot_work *w, const chunk_ref *ref, uint32_t pos);
void slot_read_sizes(slot_work *w, uint32_t pos);

/** When all chunks of the slot are read: complete its last span, check, and add up its paths. */
thag_err slot_finish_cells(slot_work *w);

static inline uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
