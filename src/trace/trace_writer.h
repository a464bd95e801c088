/*
 * trace_writer.h - makes the .thag file, from inside the profiled process.
 *
 * Hot chunks are reserved on the disk and mapped shared: what is stored there survives the process,
 * however it ends. Full timeline chunks are written. Nothing here takes a lock: thagi_trace_create()
 * runs once, chunks are handed out by one atomic counter.
 */
#ifndef THAG_TRACE_WRITER_H
#define THAG_TRACE_WRITER_H

#include "trace/trace_format.h"

#define THAGI_PATH_MAX 4096

typedef struct thagi_trace {
    trace_file *file;        /* chunk 0, mapped; NULL: no trace */
    int fd;                  /* the host may close it at any time: checked before each use */
    uint64_t dev, ino;       /* what fd has to be */
    uint64_t timeline_bytes; /* written out so far */
    uint64_t reserved_bytes; /* of the file, from its start, are on the disk for sure */
    char path[THAGI_PATH_MAX];
} thagi_trace;

/** Create the file and map its first chunk. The caller fills trace->file. A negative errno on
    failure; then nothing is left behind. */
int thagi_trace_create(thagi_trace *trace, const char *path);

/** Reserve and map `count` chunks in a row; the head of the first is filled but for magic and kind,
    which thagi_chunk_publish() sets when the contents make sense. NULL: no space (the error is in
    the header). *index is the chunk's number. */
trace_chunk *thagi_trace_chunk_new(thagi_trace *trace, uint32_t slot, uint32_t count,
                                   uint32_t *index);
void thagi_chunk_publish(trace_chunk *chunk, enum trace_chunk_kind kind);

/** Write one full timeline chunk to a new place. A negative errno on failure; -EFBIG also when the
    limit for timelines is reached. */
int thagi_trace_put_chunk(thagi_trace *trace, const trace_chunk *chunk);

/** The file will not grow any more: give back what was reserved and not used. */
void thagi_trace_trim(thagi_trace *trace);

/** Count something that was lost or repaired. */
void thagi_trace_count(thagi_trace *trace, enum trace_loss what, uint64_t n);

#endif
