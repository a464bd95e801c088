/*
 * pool.c - counts what pools and arenas hand out. See pool.h, and thag_profiler/pool.h for the users' side.
 *
 * A block is known by its pool and its address; it knows who pays for it. The blocks of a pool are a
 * list, for the pool as a whole may be reset. Counters stand in the trace, one row for a pool and a node.
 */
#include "runtime/pool.h"

#include <errno.h>
#include <string.h>

#include "runtime/pool_table.h"
#include "thag_profiler/pool.h"

#define POOL_NAMES_MAX 4096u
#define WAITED_BIT     (1u << 31) /* beside the holder's tid */

/* All pools of one name. */
typedef struct pool_name {
    trace_pool *record;
    trace_pool_sizes *sizes; /* NULL: there was no room for them */
    const void *last_block;  /* its newest one; only compared */
} pool_name;

/* By pool and address. */
typedef struct pool_block {
    thagi_item item;
    trace_pool_row *row;
    uint64_t size;
    uint32_t arena;          /* item of arenas */
    uint32_t before, behind; /* items of blocks: in the arena's list; 0: the end */
} pool_block;

/* By pool. One without blocks is forgotten. */
typedef struct pool_arena {
    thagi_item item;
    uint32_t first; /* item of blocks */
} pool_arena;

/* By who pays: pc, name and span; or 0, name and node. */
typedef struct pool_payer {
    thagi_item item;
    trace_pool_row *row;
} pool_payer;

struct thagi_pools {
    uint32_t lock;       /* 0; or the holder's tid, with WAITED_BIT */
    uint32_t generation; /* of the modules that addresses in `places` belong to */
    thagi_array names;   /* pool_name by id */
    thagi_table blocks, arenas, places, rows;
    uint32_t newest_name; /* id: tried first */
    trace_chunk *chunk;
    uint64_t record_count;
};

/* Defined by src/heap: the node of the native stack, if stacks are wanted; else TRACE_NONE. */
extern uint32_t thagi_heap_stack_node(thagi_task *task, const uintptr_t *frame, uintptr_t pc)
    __attribute__((__weak__));

/* --- holding the pools ------------------------------------------------------------------------- */

static struct thagi_pools *pools_get(thagi_session *session)
{
    thagi_plat_signals saved;
    struct thagi_pools *pools = __atomic_load_n(&session->pools, __ATOMIC_ACQUIRE);
    if (pools) return pools;
    thagi_lock(session, &saved);
    pools = session->pools;
    if (!pools) pools = thagi_plat_map(sizeof *pools);
    if (pools && !session->pools) {
        pools->blocks.item_bytes = sizeof(pool_block);
        pools->arenas.item_bytes = sizeof(pool_arena);
        pools->places.item_bytes = pools->rows.item_bytes = sizeof(pool_payer);
        __atomic_store_n(&session->pools, pools, __ATOMIC_RELEASE);
    }
    thagi_unlock(session, &saved);
    return pools;
}

/* 0: it is held by this very thread, which a signal handler has interrupted. */
static int take(uint32_t *lock, uint32_t tid)
{
    uint32_t seen = 0, mine = tid;
    while (!__atomic_compare_exchange_n(lock, &seen, mine, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if ((seen & ~WAITED_BIT) == tid) return 0;
        mine = tid | WAITED_BIT; /* there may be others who wait */
        if (seen && ((seen & WAITED_BIT) ||
                     __atomic_compare_exchange_n(lock, &seen, seen | WAITED_BIT, 0,
                                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
            thagi_plat_wait(lock, seen | WAITED_BIT);
        seen = 0;
    }
    return 1;
}

static void give(uint32_t *lock)
{
    if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) & WAITED_BIT) thagi_plat_wake(lock);
}

int thagi_pool_enter(thagi_pool_call *call)
{
    call->saved_errno = errno;
    call->task = thagi_memory_enter((uintptr_t)call->frame, &call->was);
    if (!call->task) return 0;
    call->pools = pools_get(thagi_session_now);
    if (call->pools && take(&call->pools->lock, call->task->thread->tid)) return 1;
    thagi_count(TRACE_LOST_HEAP, 1);
    thagi_memory_leave_task(call->task, call->was);
    errno = call->saved_errno;
    return 0;
}

void thagi_pool_leave(thagi_pool_call *call)
{
    give(&call->pools->lock);
    thagi_memory_leave_task(call->task, call->was);
    errno = call->saved_errno;
}

/* --- who pays ---------------------------------------------------------------------------------- */

static int is_named(const trace_pool *pool, const char *name, size_t len)
{
    return pool->name_len == len && memcmp(pool + 1, name, len) == 0;
}

/* Room for a record of the trace. Under the session's lock. */
static void *record_new(struct thagi_pools *pools, size_t bytes)
{
    void *record = thagi_chunk_append(thagi_session_now, &pools->chunk, TRACE_POOLS,
                                      pools->record_count, bytes);
    if (record) pools->record_count++;
    return record;
}

/* Seen by readers from here on. */
static void publish(struct thagi_pools *pools, uint32_t bytes)
{
    __atomic_signal_fence(__ATOMIC_RELEASE);
    pools->chunk->used += bytes;
}

/* Under the session's lock. */
static trace_pool_sizes *pool_sizes_new(struct thagi_pools *pools, uint32_t id)
{
    trace_pool_sizes *sizes = record_new(pools, sizeof *sizes);
    if (!sizes) return NULL;
    *sizes = (trace_pool_sizes){.bytes = sizeof *sizes, .kind = TRACE_POOL_SIZES, .pool = id};
    publish(pools, sizeof *sizes);
    return sizes;
}

static uint32_t name_new(struct thagi_pools *pools, const char *name, size_t len)
{
    uint32_t id = pools->names.count, bytes = (uint32_t)((sizeof(trace_pool) + len + 7) & ~7ul);
    thagi_plat_signals saved;
    if (id >= POOL_NAMES_MAX || !thagi_array_reserve(&pools->names, id + 1, sizeof(pool_name)))
        return TRACE_NONE;
    thagi_lock(thagi_session_now, &saved);
    trace_pool *pool = record_new(pools, bytes);
    if (pool) {
        *pool =
            (trace_pool){.bytes = bytes, .kind = TRACE_POOL, .name_len = (uint16_t)len, .id = id};
        memcpy(pool + 1, name, len);
        publish(pools, bytes);
        ((pool_name *)pools->names.items)[id] =
            (pool_name){.record = pool, .sizes = pool_sizes_new(pools, id)};
        pools->names.count++;
    }
    thagi_unlock(thagi_session_now, &saved);
    return pool ? id : TRACE_NONE;
}

static uint32_t name_id(struct thagi_pools *pools, const char *name)
{
    size_t len = strnlen(name, TRACE_NAME_MAX);
    const pool_name *names = pools->names.items;
    uint32_t id = pools->newest_name;
    if (id < pools->names.count && is_named(names[id].record, name, len)) return id;
    for (id = 0; id < pools->names.count; id++)
        if (is_named(names[id].record, name, len)) break;
    if (id == pools->names.count) id = name_new(pools, name, len);
    pools->newest_name = id;
    return id;
}

static pool_name *name_of(const struct thagi_pools *pools, const trace_pool_row *row)
{
    return (pool_name *)pools->names.items + row->pool;
}

static trace_pool_row *pool_row_new(struct thagi_pools *pools, uint32_t name, uint32_t node)
{
    thagi_plat_signals saved;
    thagi_lock(thagi_session_now, &saved);
    trace_pool_row *row = record_new(pools, sizeof *row);
    if (row) {
        *row = (trace_pool_row){
            .bytes = sizeof *row, .kind = TRACE_POOL_ROW, .pool = name, .node = node};
        publish(pools, sizeof *row);
    }
    thagi_unlock(thagi_session_now, &saved);
    return row;
}

static trace_pool_row *row_of_node(struct thagi_pools *pools, uint32_t name, uint32_t node)
{
    uint32_t at = thagi_table_find(&pools->rows, name, node);
    if (!at) {
        at = thagi_table_add(&pools->rows, name, node);
        if (!at) return NULL;
        pool_payer *fresh = thagi_table_at(&pools->rows, at);
        fresh->row = pool_row_new(pools, name, node);
        if (!fresh->row) {
            thagi_table_remove(&pools->rows, at);
            return NULL;
        }
    }
    return ((pool_payer *)thagi_table_at(&pools->rows, at))->row;
}

/* By span and call, without native stacks. */
static trace_pool_row *row_of_place(thagi_pool_call *call, uint32_t name)
{
    struct thagi_pools *pools = call->pools;
    uint32_t span = call->task->top->node, generation = thagi_memory_generation();
    uint64_t key = (uint64_t)name << 32 | span;
    if (pools->generation != generation) thagi_table_clear(&pools->places);
    pools->generation = generation;
    uint32_t at = thagi_table_find(&pools->places, call->pc, key);
    if (at) return ((pool_payer *)thagi_table_at(&pools->places, at))->row;
    uint32_t node = thagi_code_child(thagi_session_now, span, call->pc);
    trace_pool_row *row = node == TRACE_NONE ? NULL : row_of_node(pools, name, node);
    at = row ? thagi_table_add(&pools->places, call->pc, key) : 0;
    if (at) ((pool_payer *)thagi_table_at(&pools->places, at))->row = row;
    return row;
}

trace_pool_row *thagi_pool_row(thagi_pool_call *call, const char *name)
{
    uint32_t id = name_id(call->pools, name), node = TRACE_NONE;
    trace_pool_row *row = NULL;
    if (id != TRACE_NONE && thagi_memory_stacks && thagi_heap_stack_node)
        node = thagi_heap_stack_node(call->task, call->frame, call->pc);
    if (id != TRACE_NONE)
        row = node == TRACE_NONE ? row_of_place(call, id) : row_of_node(call->pools, id, node);
    if (!row) thagi_count(TRACE_LOST_HEAP, 1);
    return row;
}

/* --- counting ---------------------------------------------------------------------------------- */

/* Before a change: what was live at the peak, if that has moved on. */
static void pool_touch(const trace_pool *pool, trace_pool_row *row)
{
    if (row->peak_seen == pool->peak) return;
    row->peak_blocks = row->blocks - row->freed_blocks;
    row->peak_bytes = row->allocated - row->freed;
    row->peak_seen = pool->peak;
}

void thagi_pool_add(thagi_pool_call *call, trace_pool_row *row, uint64_t bytes)
{
    const pool_name *name = name_of(call->pools, row);
    trace_pool *pool = name->record;
    pool_touch(pool, row);
    row->blocks++;
    row->allocated += bytes;
    if (name->sizes) {
        struct trace_size_bucket *bucket = &name->sizes->bucket[thagi_size_bucket(bytes)];
        bucket->blocks++;
        bucket->bytes += bytes;
    }
    pool->live += bytes;
}

void thagi_pool_sub(thagi_pool_call *call, trace_pool_row *row, uint64_t blocks, uint64_t bytes)
{
    trace_pool *pool = name_of(call->pools, row)->record;
    if (pool->live > pool->peak) pool->peak = pool->live;
    pool_touch(pool, row);
    row->freed_blocks += blocks;
    row->freed += bytes;
    pool->live -= bytes;
}

/* --- blocks ------------------------------------------------------------------------------------ */

static pool_block *block_at(const struct thagi_pools *pools, uint32_t number)
{
    return thagi_table_at(&pools->blocks, number);
}

static uint32_t arena_of(struct thagi_pools *pools, const void *pool)
{
    uint32_t arena = thagi_table_find(&pools->arenas, (uintptr_t)pool, 0);
    return arena ? arena : thagi_table_add(&pools->arenas, (uintptr_t)pool, 0);
}

/* Out of its arena's list; an arena that is empty then is forgotten. */
static void unlink_block(struct thagi_pools *pools, const pool_block *block)
{
    pool_arena *arena = thagi_table_at(&pools->arenas, block->arena);
    if (block->before)
        block_at(pools, block->before)->behind = block->behind;
    else
        arena->first = block->behind;
    if (block->behind) block_at(pools, block->behind)->before = block->before;
    if (!arena->first) thagi_table_remove(&pools->arenas, block->arena);
}

static void end_block(thagi_pool_call *call, uint32_t number)
{
    const pool_block *block = block_at(call->pools, number);
    thagi_pool_sub(call, block->row, 1, block->size);
    unlink_block(call->pools, block);
    thagi_table_remove(&call->pools->blocks, number);
}

/* A block that is there already was freed without a word. */
static void keep_block(thagi_pool_call *call, const void *pool, const void *at, trace_pool_row *row,
                       uint64_t size)
{
    struct thagi_pools *pools = call->pools;
    uint32_t number = thagi_table_find(&pools->blocks, (uintptr_t)at, (uintptr_t)pool);
    if (number) end_block(call, number);
    uint32_t arena = arena_of(pools, pool);
    number = arena ? thagi_table_add(&pools->blocks, (uintptr_t)at, (uintptr_t)pool) : 0;
    if (!number) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return;
    }
    pool_arena *list = thagi_table_at(&pools->arenas, arena);
    pool_block *block = block_at(pools, number);
    block->row = row;
    block->size = size;
    block->arena = arena;
    block->behind = list->first;
    if (list->first) block_at(pools, list->first)->before = number;
    list->first = number;
}

static int is_live(void)
{
    return thagi_session_now->heap->mode == TRACE_HEAP_LIVE;
}

static trace_pool_row *make_block(thagi_pool_call *call, const void *pool, const char *name,
                                  const void *block, size_t size)
{
    if (thagi_memory_skip(call->task, size)) return NULL;
    trace_pool_row *row = thagi_pool_row(call, name);
    if (!row) return NULL;
    thagi_pool_add(call, row, size);
    name_of(call->pools, row)->last_block = block;
    if (is_live()) keep_block(call, pool, block, row, size);
    return row;
}

static void count_unknown(const thagi_pool_call *call)
{
    trace_sizes *sizes = call->task->thread->memory.sizes;
    if (sizes && is_live()) sizes->unknown_frees++;
}

/* The size that the block had, or -1: it is not known. */
static int64_t forget_block(thagi_pool_call *call, const void *pool, const void *at, int is_free)
{
    uint32_t number = thagi_table_find(&call->pools->blocks, (uintptr_t)at, (uintptr_t)pool);
    if (!number) {
        count_unknown(call);
        return -1;
    }
    const pool_block *block = block_at(call->pools, number);
    int64_t size = (int64_t)block->size;
    pool_name *name = name_of(call->pools, block->row);
    if (is_free && name->last_block == at) {
        block->row->temporary++;
        name->last_block = NULL;
    }
    end_block(call, number);
    return size;
}

/* --- the users' functions ---------------------------------------------------------------------- */

#define CALL_OF_USER() \
    { \
        .pc = (uintptr_t)__builtin_return_address(0), .frame = __builtin_frame_address(0) \
    }

void thag_pool_alloc_at(const void *pool, const char *name, const void *block, size_t size)
{
    thagi_pool_call call = CALL_OF_USER();
    if (!block || !thagi_memory_is_on || !thagi_pool_enter(&call)) return;
    make_block(&call, pool, name, block, size);
    thagi_pool_leave(&call);
}

/* Without pools there is no block to be freed. */
static int has_pools(void)
{
    return thagi_session_now && __atomic_load_n(&thagi_session_now->pools, __ATOMIC_RELAXED);
}

void thag_pool_free_at(const void *pool, const void *block)
{
    thagi_pool_call call = CALL_OF_USER();
    if (!block || !has_pools() || !thagi_pool_enter(&call)) return;
    forget_block(&call, pool, block, 1);
    thagi_pool_leave(&call);
}

void thag_pool_resize_at(const void *pool, const char *name, const void *old_block,
                         const void *block, size_t size)
{
    thagi_pool_call call = CALL_OF_USER();
    if (!(block && thagi_memory_is_on) && !has_pools()) return;
    if (!thagi_pool_enter(&call)) return;
    int64_t old_size = old_block ? forget_block(&call, pool, old_block, !block) : -1;
    trace_pool_row *row = NULL;
    if (block && thagi_memory_is_on) row = make_block(&call, pool, name, block, size);
    if (row && old_block) row->resized_blocks++;
    if (row && old_size > 0) row->resized += (uint64_t)old_size;
    thagi_pool_leave(&call);
}

void thag_pool_reset_at(const void *pool)
{
    thagi_pool_call call = CALL_OF_USER();
    if (!has_pools() || !thagi_pool_enter(&call)) return;
    uint32_t at = thagi_table_find(&call.pools->arenas, (uintptr_t)pool, 0);
    uint32_t number = at ? ((pool_arena *)thagi_table_at(&call.pools->arenas, at))->first : 0;
    if (number) name_of(call.pools, block_at(call.pools, number)->row)->record->resets++;
    while (number) {
        uint32_t behind = block_at(call.pools, number)->behind;
        end_block(&call, number);
        number = behind;
    }
    thagi_pool_leave(&call);
}
