/*
 * task_pool.c - memory of tasks: a record in the trace and a private part, 128 bytes each, and room for
 * frames only from the first span on.
 *
 * Private parts and records are made by the block and never given back; a task that has ended is used
 * again, first by the thread that ended it, which takes no lock for that.
 */
#include <errno.h>
#include <string.h>

#include "runtime/task.h"

#define TASKS_PER_CHUNK ((TRACE_CHUNK_BYTES - TRACE_TASKS_POS) / sizeof(trace_task))
#define SPARE_MAX       64 /* tasks that a thread keeps for itself */

_Static_assert(sizeof(thagi_task_block) % 64 == 0, "tasks begin on cache lines");
#if !PLAT_COUNTER_IS_SLOW
_Static_assert(sizeof(thag_task) == 128, "as much as its record");
#endif

static thagi_task_block *block_new(thagi_session *session)
{
    uint32_t index;
    int wiped;
    thagi_task_block *block = thagi_plat_map_wiped_by_fork(
        sizeof *block + TASKS_PER_CHUNK * sizeof block->task[0], &wiped);
    if (!block) return NULL;
    block->chunk = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &index);
    if (!block->chunk) {
        thagi_plat_unmap(block, sizeof *block + TASKS_PER_CHUNK * sizeof block->task[0]);
        return NULL;
    }
    block->index = index;
    block->chunk->used = TRACE_TASKS_POS;
    thagi_chunk_publish(block->chunk, TRACE_TASKS);
    block->next = session->task_blocks;
    session->task_blocks = block;
    return block;
}

static void use_base(thag_task *t)
{
    trace_task *record = thagi_task_record(t);
    record->frames_chunk = TRACE_NONE;
    t->task.base = t->task.top = &record->base;
    t->task.limit = t->task.base + 1;
    t->frames_class = 0;
}

/* Under the lock. */
static thag_task *task_cut(thagi_session *session)
{
    thag_task *t = session->spare_tasks;
    if (t) {
        session->spare_tasks = t->next_spare;
        return t;
    }
    thagi_task_block *block = session->task_blocks;
    if (!block || block->used == TASKS_PER_CHUNK) block = block_new(session);
    if (!block) return NULL;
    t = &block->task[block->used++];
    block->chunk->used += (uint32_t)sizeof(trace_task);
    trace_task *record = (trace_task *)((char *)block->chunk + TRACE_TASKS_POS) + (t - block->task);
    t->task.turn = &record->turn;
    use_base(t);
    return t;
}

thag_task *thagi_task_new(thagi_thread *thread)
{
    thag_task *t = thread->spare_tasks;
    if (t) {
        thread->spare_tasks = t->next_spare;
        thread->spare_count--;
        return t;
    }
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    t = task_cut(session);
    thagi_unlock(session, &saved);
    return t;
}

/* --- frames ------------------------------------------------------------------------------------ */

/* Pieces of 512 bytes, 2, 8 and 32 KiB; the last class is runs of chunks, doubled each time. */
typedef struct thagi_task_frames {
    struct thagi_task_frames *next;
    uint32_t chunk, pos;
} frames_piece;

static uint32_t class_bytes(uint32_t class)
{
    return 128u << 2 * class;
}

/* Under the lock. Where the piece stands in the file goes to *chunk and *pos. */
static void *piece_cut(thagi_session *session, uint32_t class, uint32_t *index, uint32_t *pos)
{
    frames_piece *spare = session->spare_frames[class];
    if (spare) {
        session->spare_frames[class] = spare->next;
        *index = spare->chunk;
        *pos = spare->pos;
        return spare;
    }
    trace_chunk *chunk = session->task_frames_chunk;
    uint32_t bytes = class_bytes(class);
    if (!chunk || chunk->used + bytes > TRACE_CHUNK_BYTES) {
        chunk = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &session->task_frames_index);
        if (!chunk) return NULL;
        chunk->used = 512; /* pieces stand on their own cache lines */
        thagi_chunk_publish(chunk, TRACE_TASK_FRAMES);
        session->task_frames_chunk = chunk;
    }
    *index = session->task_frames_index;
    *pos = chunk->used;
    chunk->used += bytes;
    return (char *)chunk + *pos;
}

static void piece_give(thagi_session *session, uint32_t class, void *piece, uint32_t index,
                       uint32_t pos)
{
    frames_piece *spare = piece;
    *spare = (frames_piece){session->spare_frames[class], index, pos};
    session->spare_frames[class] = spare;
}

typedef uint64_t one_store __attribute__((__may_alias__));

static void place_frames(trace_task *record, uint32_t chunk, uint32_t pos, uint32_t room)
{
    uint64_t place = chunk | (uint64_t)(pos / 64) << 32 | (uint64_t)room << 48;
    _Static_assert(offsetof(trace_task, frames_chunk) % 8 == 0, "one store");
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(one_store *)(void *)&record->frames_chunk = place;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Frames move to a piece of the next class, in place of the old one. */
static int frames_move(thagi_session *session, thag_task *t)
{
    trace_task *record = thagi_task_record(t);
    uint32_t class = t->frames_class + 1, index, pos, room = class_bytes(class) / 32;
    trace_frame *old = t->task.base, *frames = piece_cut(session, class, &index, &pos);
    if (!frames) return 0;
    size_t count = (size_t)(t->task.limit - old);
    memcpy(frames, old, count * sizeof *frames);
    memset(frames + count, 0, (room - count) * sizeof *frames);
    uint32_t old_chunk = record->frames_chunk, old_pos = record->frames_pos * 64u;
    place_frames(record, index, pos, room);
    if (t->frames_class) piece_give(session, t->frames_class, old, old_chunk, old_pos);
    t->task.top = frames + (t->task.top - old);
    t->task.base = frames;
    t->task.limit = frames + room;
    t->frames_class = class;
    return 1;
}

int thagi_task_grow_users(thag_task *t)
{
    if (t->frames_class == THAGI_TASK_CLASSES - 1) {
        thagi_count(TRACE_LOST_DEPTH, 1);
        return 0;
    }
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    int moved = frames_move(session, t);
    thagi_unlock(session, &saved);
    if (!moved) thagi_count(TRACE_LOST_MEMORY, 1);
    thagi_paused(&t->task, since);
    errno = saved_errno;
    return moved;
}

int thagi_task_grow(thagi_task *task)
{
    if (thagi_task_is_users(task)) return thagi_task_grow_users((thag_task *)task);
    return thagi_thread_grow_frames(task->thread);
}

void thagi_task_free(thagi_thread *thread, thag_task *t)
{
    if (thread->spare_count < SPARE_MAX && t->frames_class <= 1) {
        t->next_spare = thread->spare_tasks;
        thread->spare_tasks = t;
        thread->spare_count++;
        return;
    }
    thagi_session *session = thagi_session_now;
    trace_task *record = thagi_task_record(t);
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    if (t->frames_class) {
        uint32_t chunk = record->frames_chunk, pos = record->frames_pos * 64u;
        void *piece = t->task.base;
        record->base = *t->task.base;
        uint32_t class = t->frames_class;
        use_base(t);
        piece_give(session, class, piece, chunk, pos);
    }
    t->next_spare = session->spare_tasks;
    session->spare_tasks = t;
    thagi_unlock(session, &saved);
}
