/*
 * memory.c - the slow paths of counting heap memory. See memory.h.
 */
#include <errno.h>
#include <string.h>

#include "runtime/memory.h"

#define ROWS_AT_FIRST 1024
#define MARGIN_MAX    65536
#define MARGIN_SHIFT  10 /* of the peak */

unsigned thagi_memory_is_on;
unsigned thagi_memory_is_live;

/* Defined by src/heap, which a program may or may not be linked with: finds the real functions, so that
   what is on is never found off. */
extern void thagi_heap_hooks(void) __attribute__((__weak__));

int thagi_memory_hooked(void)
{
    return thagi_heap_hooks != NULL;
}

void thagi_memory_prepare(void)
{
    if (thagi_heap_hooks) thagi_heap_hooks();
}

void thagi_memory_switch(void)
{
    __atomic_store_n(&thagi_memory_is_on, (thag_active & TRACE_MEMORY) != 0, __ATOMIC_RELEASE);
}

int thagi_memory_start(thagi_session *session, uint32_t mode, uint64_t threshold)
{
    if (session->heap) return 0;
    uint32_t index;
    trace_chunk *chunk = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &index);
    if (!chunk) return -ENOSPC;
    trace_heap *heap = (trace_heap *)(chunk + 1);
    heap->mode = mode;
    heap->threshold = threshold;
    chunk->used = sizeof *chunk + sizeof *heap;
    thagi_chunk_publish(chunk, TRACE_HEAP);
    session->memory_key =
        thagi_hash_mix(thagi_plat_real_ns() ^ (uint64_t)session->pid << 32 ^ (uintptr_t)heap);
    session->heap = heap;
    if (mode == TRACE_HEAP_LIVE) thagi_memory_is_live = 1;
    return 0;
}

/* Not under the lock, of which the caller may be the holder: then it is ourselves who allocate. */
thagi_task *thagi_memory_task(uintptr_t sp)
{
    thagi_session *session = thagi_session_now;
    thagi_task *task = NULL;
    int saved_errno = errno;
    if (session &&
        __atomic_load_n(&session->lock_owner, __ATOMIC_RELAXED) != (uintptr_t)&thagi_current)
        task = thagi_task_usable(thagi_current, sp);
    if (task && !session->heap) task = NULL;
    if (!task) thagi_count(TRACE_LOST_HEAP, 1);
    errno = saved_errno;
    return task;
}

static int rows_grow(thagi_memory *memory, uint32_t node)
{
    uint32_t room = memory->room ? memory->room : ROWS_AT_FIRST;
    while (room <= node) room *= 2; /* nodes are fewer than 2^30 */
    trace_mem **rows = thagi_plat_map(room * sizeof *rows);
    if (!rows) return 0;
    if (memory->rows) memcpy(rows, memory->rows, memory->room * sizeof *rows);
    trace_mem **old = memory->rows;
    uint32_t old_room = memory->room;
    memory->rows = rows;
    memory->room = room;
    thagi_plat_unmap(old, old_room * sizeof *old);
    return 1;
}

static int sizes_new(thagi_thread *thread)
{
    trace_sizes *sizes = thagi_thread_alloc(thread, sizeof *sizes);
    if (!sizes) return 0;
    sizes->kind = TRACE_SIZES;
    thread->memory.sizes = sizes;
    return 1;
}

trace_mem *thagi_memory_row_new(thagi_thread *thread, uint32_t node)
{
    thagi_memory *memory = &thread->memory;
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    trace_mem *row = NULL;
    if ((memory->sizes || sizes_new(thread)) && (node < memory->room || rows_grow(memory, node)))
        row = thagi_thread_alloc(thread, sizeof *row);
    if (row) {
        row->node = node;
        THAGI_MEMORY_ORDERED();
        row->kind = TRACE_MEM; /* last: now a reader sees it */
        memory->rows[node] = row;
    } else {
        thagi_count(TRACE_LOST_HEAP, 1);
    }
    thagi_paused(thread->running, since);
    errno = saved_errno;
    return row;
}

/* The margins until the next time. Alone, a thread knows how far it is from a new peak. */
static void set_margins(const thagi_session *session, thagi_memory *memory, int64_t live,
                        uint64_t peak)
{
    int64_t margin = (int64_t)(peak >> MARGIN_SHIFT);
    if (margin > MARGIN_MAX) margin = MARGIN_MAX;
    memory->low = -margin;
    memory->high = margin;
    if (session->live_count > 1) return;
    int64_t room = (int64_t)peak - live;
    memory->low = -MARGIN_MAX;
    memory->high = room > MARGIN_MAX ? MARGIN_MAX : room;
}

void thagi_memory_flush(thagi_session *session, thagi_thread *thread)
{
    trace_heap *heap = session->heap;
    thagi_memory *memory = &thread->memory;
    int64_t moved = memory->pending;
    memory->pending = 0;
    int64_t live = (int64_t)__atomic_add_fetch(&heap->live, (uint64_t)moved, __ATOMIC_RELAXED);
    uint64_t peak = __atomic_load_n(&heap->peak, __ATOMIC_RELAXED);
    while (live > (int64_t)peak)
        if (__atomic_compare_exchange_n(&heap->peak, &peak, (uint64_t)live, 0, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            peak = (uint64_t)live;
    set_margins(session, memory, live, peak);
}

void thagi_memory_leave(thagi_session *session, thagi_thread *thread)
{
    if (!session->heap) return;
    thread->memory.last_block = NULL;
    if (thread->memory.pending) thagi_memory_flush(session, thread);
}
