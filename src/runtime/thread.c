/*
 * thread.c - slots: what a thread records into. A thread takes one at its first span and gives it
 * back when it ends; the next thread goes on in it. So a program with a hundred thousand short
 * threads needs as many slots as it has threads at one time.
 *
 * A slot is never unmapped: a thread that is still running at exit, or a destructor that runs after
 * ours, may always record.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "runtime/runtime.h"

#define LEVELS_MAX 4
#define FRAMES_MAX (16u << 20)

__thread thagi_task *thagi_current = &thagi_no_task;
__thread thagi_thread *thagi_thread_here;
static trace_frame no_frame = {.node = TRACE_NONE};
thagi_task thagi_no_task = {.top = &no_frame};

static pthread_key_t exit_key;
static int exit_key_usable;

/* --- memory of a slot -------------------------------------------------------------------------- */

static void arena_use(thagi_thread *thread, trace_chunk *chunk, uint32_t from)
{
    thread->arena = chunk;
    chunk->used = from;
    thread->arena_pos = (uint8_t *)chunk + from;
    thread->arena_end = (uint8_t *)chunk + TRACE_CHUNK_BYTES;
}

void *thagi_thread_alloc(thagi_thread *thread, size_t bytes)
{
    if ((size_t)(thread->arena_end - thread->arena_pos) < bytes) {
        int saved_errno = errno;
        uint32_t index;
        thagi_plat_signals saved;
        thagi_plat_signals_block(&saved);
        trace_chunk *chunk =
            thagi_trace_chunk_new(&thagi_session_now->trace, thread->slot, 1, &index);
        if (chunk) {
            chunk->base = (uintptr_t)chunk;
            arena_use(thread, chunk, TRACE_ARENA_BLOCKS_POS);
            thagi_chunk_publish(chunk, TRACE_ARENA);
        }
        thagi_plat_signals_restore(&saved);
        errno = saved_errno;
        if (!chunk) return NULL;
    }
    void *block = thread->arena_pos;
    thread->arena_pos += bytes;
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* jumped out of here, the next one sets it right */
    thread->arena->used = (uint32_t)(thread->arena_pos - (uint8_t *)thread->arena);
    /* The kind is still 0; whoever fills the block sets it last. */
    return block;
}

/* Twice the frames, in a row of chunks of their own. Deep recursion pays for its depth only. */
int thagi_thread_grow_frames(thagi_thread *thread)
{
    thagi_task *task = &thread->base_task;
    uint32_t count = (uint32_t)(task->limit - task->base);
    if (count >= FRAMES_MAX) {
        thagi_count(TRACE_LOST_DEPTH, 1);
        return 0;
    }
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    thagi_plat_signals saved;
    thagi_lock(thagi_session_now, &saved); /* the end of the program reads our frames under it */
    uint32_t run = thread->frames ? thread->frames_run * 2 : 1, index;
    trace_chunk *chunk =
        thagi_trace_chunk_new(&thagi_session_now->trace, thread->slot, run, &index);
    if (chunk) {
        trace_frame *frames = (trace_frame *)(chunk + 1);
        memcpy(frames, task->base, count * sizeof *frames);
        chunk->base = run;
        thagi_chunk_publish(chunk, TRACE_FRAMES);
        uint64_t room = ((uint64_t)run * TRACE_CHUNK_BYTES - sizeof *chunk) / sizeof *frames;
        thread->shared->frame_count = (uint32_t)room;
        __atomic_signal_fence(__ATOMIC_RELEASE);
        thread->shared->frames_chunk = index;
        if (thread->frames) {
            thread->frames->kind = TRACE_FREE;
            thagi_plat_unmap(thread->frames, (size_t)thread->frames_run * TRACE_CHUNK_BYTES);
        }
        thread->frames = chunk;
        thread->frames_run = run;
        task->top = frames + (task->top - task->base);
        task->base = frames;
        task->limit = frames + room;
    }
    thagi_unlock(thagi_session_now, &saved);
    if (!chunk) thagi_count(TRACE_LOST_MEMORY, 1);
    thagi_paused(task, since);
    errno = saved_errno;
    return chunk != NULL;
}

/* --- slots: under the lock --------------------------------------------------------------------- */

static int slot_map(thagi_session *session, thagi_thread *thread)
{
    uint32_t index;
    trace_chunk *chunk = thagi_trace_chunk_new(&session->trace, thread->slot, 1, &index);
    if (!chunk) return 0;
    trace_thread *shared = (trace_thread *)(chunk + 1);
    trace_frame *frames = (trace_frame *)((char *)chunk + TRACE_THREAD_FRAMES_POS);
    shared->level = thread->level;
    shared->frame_count = TRACE_THREAD_FRAMES;
    shared->frames_chunk = TRACE_NONE;
    shared->tail_chunk = TRACE_NONE;
    thread->shared = shared;
    chunk->base = (uintptr_t)chunk;
    arena_use(thread, chunk, TRACE_THREAD_BLOCKS_POS);
    thread->base_task.base = thread->base_task.top = frames;
    thread->base_task.limit = frames + TRACE_THREAD_FRAMES;
    thread->base_task.thread = thread;
    thread->base_task.turn = &shared->turn;
    thread->running = &thread->base_task;
    thread->root = thagi_cell_new_for_node(thread, 0);
    if (!thread->root) return 0;
    frames[0].scratch[THAGI_FRAME_WHERE] = UINT64_MAX - 0xffff; /* above all */
    frames[0].scratch[THAGI_FRAME_CELL] = (uintptr_t)thread->root;
    thagi_chunk_publish(chunk, TRACE_THREAD);
    thagi_timeline_start(session, thread);
    return 1;
}

uintptr_t thagi_thread_idle(const thagi_thread *thread)
{
    if (PLAT_HAS_COUNTER && !thagi_use_counter) return THAGI_TASK_CAREFUL;
    if (thagi_stack_is_watched) return THAGI_TASK_CAREFUL;
    return thread->sample_period ? THAGI_TASK_SAMPLING : THAGI_TASK_IDLE;
}

static thagi_thread *slot_new(thagi_session *session, uint32_t level)
{
    int wiped;
    thagi_thread *thread = thagi_plat_map_wiped_by_fork(sizeof *thread, &wiped);
    if (!thread) return NULL;
    thread->slot = session->slot_count;
    thread->level = level;
    if (!slot_map(session, thread)) {
        thagi_plat_unmap(thread, sizeof *thread);
        return NULL;
    }
    if (session->trace.file->sample_period > 1) {
        thread->sample_period = session->trace.file->sample_period;
        thread->sample_left = 1;
        thread->sample_seed = 2654435761u * (thread->slot + 1);
    }
    thread->base_task.idle = thagi_thread_idle(thread);
    session->slot_count++;
    thread->next_all = session->all;
    session->all = thread;
    return thread;
}

/* The owner is gone, or going: close what it left open and give the slot to whoever comes next. */
static void slot_release(thagi_session *session, thagi_thread *thread)
{
    thagi_task *task = &thread->base_task;
    if (thread->running != task) thagi_task_strand(thread);
    if (task->state != THAGI_TASK_UNUSABLE) {
        if (!thagi_task_is_at_rest(task)) thagi_task_recover(task);
        task->state = THAGI_TASK_CAREFUL;
        thagi_span_close_all(task);
    }
    if (thread->nested && thread->nested->in_use) slot_release(session, thread->nested);
    thagi_memory_leave(session, thread);
    trace_thread *shared = thread->shared;
    shared->end_ticks = thagi_ticks();
    thagi_origin_end(thread);
    thread->in_use = 0;
    task->state = THAGI_TASK_UNUSABLE;
    if (thread->level == 0) {
        session->live_count--;
        thread->next_free = session->free;
        session->free = thread;
    }
}

/* Threads whose end nobody told us of: no key could be had, or it ended in another destructor. */
static void sweep_dead(thagi_session *session, uint32_t me)
{
    for (thagi_thread *thread = session->all; thread; thread = thread->next_all)
        if (thread->in_use && thread->level == 0 &&
            (thread->tid == me || !thagi_plat_thread_exists(thread->tid)))
            slot_release(session, thread);
    session->sweep_at = session->live_count < 8 ? 16 : session->live_count * 2;
}

static void slot_take(thagi_thread *thread, uint32_t tid)
{
    trace_thread *shared = thread->shared;
    uint64_t now = thagi_ticks();
    if (shared->thread_count) shared->past_ticks += shared->end_ticks - shared->start_ticks;
    shared->start_ticks = now;
    shared->end_ticks = 0;
    shared->thread_count++;
    shared->tid = thread->tid = tid;
    thagi_plat_thread_name(shared->name);
    thread->in_use = 1;
    thread->base_task.stack_lo = thread->base_task.stack_hi = 0;
    thread->base_task.pauses = thread->base_task.paused_sections = 0;
    if (thread->level == 0 && thagi_stack_is_watched)
        thagi_stack_of_thread(&thread->base_task, (uintptr_t)__builtin_frame_address(0));
    thagi_timeline_owner(thread);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread->base_task.state = thread->base_task.idle;
}

thagi_thread *thagi_thread_acquire(thagi_session *session, uint32_t level)
{
    uint32_t tid = thagi_plat_tid();
    if (level == 0 && !session->free && session->live_count >= session->sweep_at)
        sweep_dead(session, tid);
    thagi_thread *thread = level == 0 ? session->free : NULL;
    if (thread)
        session->free = thread->next_free;
    else
        thread = slot_new(session, level);
    if (!thread) return NULL;
    slot_take(thread, tid);
    if (level == 0) __atomic_add_fetch(&session->live_count, 1, __ATOMIC_SEQ_CST);
    thagi_memory_join(session, thread);
    if (level == 0) {
        thagi_origin_put(session, thread);
        thagi_current = &thread->base_task;
        thagi_thread_here = thread;
        if (exit_key_usable) pthread_setspecific(exit_key, thread);
    }
    return thread;
}

thagi_thread *thagi_thread_nested(thagi_thread *thread)
{
    thagi_thread *nested = thread->nested;
    if (nested && nested->in_use) return nested;
    if (thread->level + 1 >= LEVELS_MAX) return NULL;
    int saved_errno = errno;
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    if (nested)
        slot_take(nested, thread->tid);
    else
        thread->nested = nested = thagi_thread_acquire(session, thread->level + 1);
    thagi_unlock(session, &saved);
    errno = saved_errno;
    return nested;
}

/* --- the end of a thread ----------------------------------------------------------------------- */

static void thread_exit(void *value)
{
    thagi_thread *thread = value;
    thagi_session *session = thagi_session_now;
    if (thagi_thread_here != thread || thread->base_task.state == THAGI_TASK_UNUSABLE)
        return; /* forked since */
    int saved_errno = errno;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    thagi_plat_thread_name(thread->shared->name); /* most are named after their first span */
    slot_release(session, thread);
    thagi_current = &thagi_no_task;
    thagi_thread_here = NULL;
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

int thagi_thread_key_start(void)
{
    if (exit_key_usable) return 1;
    if (pthread_key_create(&exit_key, thread_exit) != 0) return 0;
    /* glibc allocates for the 33rd key and on, at setspecific; then the sweep has to do. */
    exit_key_usable = (unsigned)exit_key < 32;
    if (!exit_key_usable) pthread_key_delete(exit_key);
    return exit_key_usable;
}
