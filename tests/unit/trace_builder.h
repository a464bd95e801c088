/*
 * trace_builder.h - makes traces in memory, for tests: as the runtime would have written them, or bent.
 *
 * Pointers into the trace stay valid: its room is reserved at once. Ticks are nanoseconds.
 */
#ifndef THAG_TRACE_BUILDER_H
#define THAG_TRACE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace_format.h"
#include "trace/trace_reader.h"

#define BUILDER_CHUNKS 64
#define BUILDER_START  1000000u /* tick at which the session starts */

typedef struct trace_builder {
    uint8_t *bytes;
    trace_file *file; /* in chunk 0 */
    uint32_t chunk_count;
    uint32_t site_chunk, tree_chunk; /* 0: none yet */
    uint32_t site_count, node_count;
    uint32_t thread_chunk[16]; /* by slot */
    uint32_t task_chunk;       /* 0: none yet */
} trace_builder;

/** An empty trace of a session that has not ended, with the root node. */
void builder_init(trace_builder *b);
void builder_free(trace_builder *b);

/** Bytes of the trace so far: all chunks, the last one too. */
size_t builder_size(const trace_builder *b);

/** The session ends at a tick. */
void builder_end(trace_builder *b, uint64_t ticks);

trace_chunk *builder_chunk(trace_builder *b, uint32_t kind, uint32_t slot, uint32_t *index);
trace_chunk *builder_chunk_at(trace_builder *b, uint32_t index);

uint32_t builder_site(trace_builder *b, const char *name, const char *file, uint32_t line,
                      uint16_t flags);
/** The same of a kind, enum trace_site_kind. */
uint32_t builder_site_of(trace_builder *b, const char *name, const char *file, uint32_t line,
                         uint16_t flags, uint16_t kind);
uint32_t builder_node(trace_builder *b, uint32_t parent, uint32_t site);

trace_thread *builder_thread(trace_builder *b, uint32_t slot, uint32_t tid, const char *name);
trace_frame *builder_frames(trace_builder *b, uint32_t slot);
trace_turn *builder_turn(trace_builder *b, uint32_t slot);

/** The record of a task that began at the start and runs in a slot; without open spans. */
trace_task *builder_task(trace_builder *b, uint64_t id, uint32_t node, uint32_t slot);

/** Room for a block in the THREAD chunk of a slot, or in any chunk. */
void *builder_block(trace_builder *b, uint32_t chunk, size_t bytes);
trace_cell *builder_empty_cell(trace_builder *b, uint32_t slot, uint32_t node);

/** A cell with calls of these durations, and its histogram. All are folded in, the last one too. */
trace_cell *builder_cell(trace_builder *b, uint32_t slot, uint32_t node, const uint64_t *durations,
                         size_t count);

/** Count a duration in the histogram of a node. */
void builder_count(trace_builder *b, uint32_t slot, uint32_t node, uint64_t duration);

/** Say that the last span of a slot was this one. */
void builder_last(trace_builder *b, uint32_t slot, const trace_cell *cell, uint64_t ticks,
                  uint64_t calls, uint64_t end);

/** A timeline chunk. Records are added in the order of their end; the first chunk's base is the start. */
uint32_t builder_timeline(trace_builder *b, uint32_t slot, uint32_t seq, uint64_t base);
void builder_tiny(trace_builder *b, uint32_t chunk, uint16_t node, uint8_t delta, uint8_t duration);
void builder_short(trace_builder *b, uint32_t chunk, uint16_t node, uint16_t delta,
                   uint16_t duration);
void builder_span32(trace_builder *b, uint32_t chunk, uint32_t node, uint32_t delta,
                    uint32_t duration);
void builder_span64(trace_builder *b, uint32_t chunk, uint32_t node, uint64_t delta,
                    uint64_t duration);
void builder_owner(trace_builder *b, uint32_t chunk, uint32_t tid, uint64_t delta,
                   const char *name);

/** From here on that task runs; 0: the thread itself. */
void builder_switch(trace_builder *b, uint32_t chunk, uint16_t delta, uint32_t task);
/** A task has ended. */
void builder_task_end(trace_builder *b, uint32_t chunk, uint64_t delta, const trace_task_end *end);

/** The trace as it stands, read; the test dies if it cannot be. The caller's, for trace_free(). */
trace *builder_open(const trace_builder *b);

/** A whole little trace: main, work twice below it, a section; two threads; a timeline. */
void builder_sample(trace_builder *b);

#endif
