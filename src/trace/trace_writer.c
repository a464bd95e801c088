#include "trace/trace_writer.h"

#include <errno.h>
#include <string.h>

#include "platform/platform.h"

_Static_assert(sizeof(trace_chunk) == 32, "format");
_Static_assert(sizeof(trace_frame) == 32, "format");
_Static_assert(sizeof(trace_chunk) + sizeof(trace_thread) <= TRACE_THREAD_FRAMES_POS, "format");
_Static_assert(sizeof(trace_cell) == 128, "format");
_Static_assert(sizeof(trace_hist) == 192, "format");
_Static_assert(sizeof(trace_pool) == 40 && sizeof(trace_pool_row) == 96, "format");
_Static_assert(sizeof(trace_mem_usual) == 64 && sizeof(trace_mem_other) == 64 &&
                   sizeof(trace_mem_resized) == 64,
               "format");
_Static_assert(sizeof(trace_mem) == 128 && sizeof(trace_sizes) == 832, "format");
_Static_assert(sizeof(trace_release) == 64, "format");
_Static_assert(sizeof(trace_chunk) + sizeof(trace_file) <= 4096, "the header stays on one page");

#define RESERVE_STEP_MAX (UINT64_C(32) << 20)

static void chunk_head(trace_chunk *chunk, uint32_t slot)
{
    chunk->flags = 0;
    chunk->slot = slot;
    chunk->seq = 0;
    chunk->used = sizeof *chunk;
    chunk->base = 0;
}

int thagi_trace_create(thagi_trace *trace, const char *path)
{
    int fd = thagi_plat_file_create(path);
    if (fd < 0) return fd;
    int err = thagi_plat_file_identity(fd, &trace->dev, &trace->ino);
    if (!err) err = thagi_plat_file_reserve(fd, 0, TRACE_CHUNK_BYTES);
    if (err == -EOPNOTSUPP) err = thagi_plat_file_zero(fd, 0, TRACE_CHUNK_BYTES);
    trace_chunk *first = err ? NULL : thagi_plat_file_map(fd, 0, TRACE_CHUNK_BYTES);
    if (!first) {
        thagi_plat_file_close(fd);
        thagi_plat_file_remove(path);
        return err ? err : -ENOMEM;
    }
    chunk_head(first, TRACE_NONE);
    first->used = sizeof *first + sizeof(trace_file);
    trace->file = (trace_file *)(first + 1);
    trace->file->chunk_count = 1;
    trace->fd = fd;
    trace->timeline_bytes = 0;
    trace->reserved_bytes = TRACE_CHUNK_BYTES;
    size_t len = strlen(path);
    memcpy(trace->path, path, len < sizeof trace->path ? len + 1 : sizeof trace->path - 1);
    return 0;
}

void thagi_chunk_publish(trace_chunk *chunk, enum trace_chunk_kind kind)
{
    chunk->kind = (uint16_t)kind;
    __atomic_signal_fence(__ATOMIC_RELEASE); /* all of it, then the magic */
    memcpy(chunk->magic, kind == TRACE_FILE ? TRACE_FILE_MAGIC : TRACE_CHUNK_MAGIC, 8);
}

/*
 * The descriptor, or a new one if the host closed it (daemons close all of them) and perhaps opened
 * a file of its own under the same number. -EBADF if the trace is out of reach.
 */
static int checked_fd(thagi_trace *trace)
{
    uint64_t dev, ino;
    if (thagi_plat_file_identity(trace->fd, &dev, &ino) == 0 && dev == trace->dev &&
        ino == trace->ino)
        return trace->fd;
    int fd = thagi_plat_file_open(trace->path);
    if (fd < 0) return -EBADF;
    if (thagi_plat_file_identity(fd, &dev, &ino) != 0 || dev != trace->dev || ino != trace->ino) {
        thagi_plat_file_close(fd);
        return -EBADF;
    }
    trace->fd = fd;
    return fd;
}

/*
 * Make the file reach `end`. In steps that grow with it: with its blocks allocated ahead, in long
 * extents, a chunk is written in two thirds of the time (ext4). What is not used in the end reads as
 * zeros, i.e. as chunks that were never written.
 */
static int reserve_to(thagi_trace *trace, int fd, uint64_t off, uint64_t end)
{
    uint64_t have = __atomic_load_n(&trace->reserved_bytes, __ATOMIC_RELAXED);
    if (end <= have) return 0;
    uint64_t step = have / 4 & ~(uint64_t)(TRACE_CHUNK_BYTES - 1);
    if (step > RESERVE_STEP_MAX) step = RESERVE_STEP_MAX;
    uint64_t to = end + step;
    int err = thagi_plat_file_reserve(fd, have, to - have);
    /* No fallocate: zeros, into our own chunks only; others may be filling theirs. */
    if (err == -EOPNOTSUPP) return thagi_plat_file_zero(fd, off, end - off);
    if (err && step) { /* no room for the step: only what has to be */
        to = end;
        err = thagi_plat_file_reserve(fd, have, to - have);
    }
    if (err) return err;
    /* Another thread may have gone further meanwhile. */
    while (have < to && !__atomic_compare_exchange_n(&trace->reserved_bytes, &have, to, 0,
                                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    return 0;
}

static int note_error(thagi_trace *trace, int err)
{
    if (err && trace->file->write_errno == 0) trace->file->write_errno = -err;
    return err;
}

trace_chunk *thagi_trace_chunk_new(thagi_trace *trace, uint32_t slot, uint32_t count,
                                   uint32_t *index)
{
    int fd = checked_fd(trace);
    if (fd < 0) return note_error(trace, fd), NULL;
    uint64_t first = __atomic_fetch_add(&trace->file->chunk_count, count, __ATOMIC_RELAXED);
    uint64_t off = first * TRACE_CHUNK_BYTES, bytes = (uint64_t)count * TRACE_CHUNK_BYTES;
    int err = reserve_to(trace, fd, off, off + bytes);
    if (err) return note_error(trace, err), NULL;
    trace_chunk *chunk = thagi_plat_file_map(fd, off, bytes);
    if (!chunk) return note_error(trace, -ENOMEM), NULL;
    chunk_head(chunk, slot);
    *index = (uint32_t)first;
    return chunk;
}

int thagi_trace_put_chunk(thagi_trace *trace, const trace_chunk *chunk)
{
    uint64_t total =
        __atomic_add_fetch(&trace->timeline_bytes, TRACE_CHUNK_BYTES, __ATOMIC_RELAXED);
    if (total > trace->file->timeline_limit_bytes) return -EFBIG;
    int fd = checked_fd(trace);
    if (fd < 0) return note_error(trace, fd);
    uint64_t idx = __atomic_fetch_add(&trace->file->chunk_count, 1, __ATOMIC_RELAXED);
    uint64_t off = idx * TRACE_CHUNK_BYTES;
    int err = reserve_to(trace, fd, off, off + TRACE_CHUNK_BYTES);
    if (!err) err = thagi_plat_file_write_at(fd, chunk, TRACE_CHUNK_BYTES, off);
    return note_error(trace, err);
}

void thagi_trace_count(thagi_trace *trace, enum trace_loss what, uint64_t n)
{
    if (trace->file) __atomic_fetch_add(&trace->file->losses[what], n, __ATOMIC_RELAXED);
}

void thagi_trace_trim(thagi_trace *trace)
{
    int fd = checked_fd(trace);
    uint64_t used =
        __atomic_load_n(&trace->file->chunk_count, __ATOMIC_RELAXED) * TRACE_CHUNK_BYTES;
    if (fd < 0 || used >= trace->reserved_bytes) return;
    trace->reserved_bytes = used;
    thagi_plat_file_truncate(fd, used);
}
