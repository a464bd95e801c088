/*
 * thag_profiler/pool.h - allocators of your own: pools, arenas, slabs, regions.
 *
 * malloc is seen without help. What a pool cuts from a large block that it had from malloc is not: of
 * that, only the pool itself knows. A line at each of its functions tells:
 *
 *     void *arena_alloc(arena *a, size_t size)
 *     {
 *         void *block = ...;
 *         thag_pool_alloc(a, "syntax tree", block, size);
 *         return block;
 *     }
 *
 *     void arena_reset(arena *a)
 *     {
 *         thag_pool_reset(a);                 all its blocks are free
 *         ...
 *     }
 *
 * Pools are kept apart from the heap and from each other: what a pool hands out is part of what it had
 * from malloc, and would be counted twice in one sum. So `thag-analyze leaks trace.thag` has the
 * heap with the pool's large blocks, `thag-analyze leaks --pool 'syntax tree' trace.thag` the pool with
 * what is live in it; `thag-analyze pools` lists all.
 *
 * A pool is any address that tells it from others, as a rule that of its own struct; nothing is read
 * there. Pools of one name add up: thousands of short-lived arenas may share one. A block is known by
 * its pool and its address, so that a pool may be cut from another.
 *
 * Threads: any, and as the pool itself would have it for one block.   Signals: safe; in a handler that
 * interrupted one of these, counted as lost.   Allocates: never (memory comes from mmap).   errno: kept.
 * Without -DTHAG_FULL_PROFILING nothing here makes any code.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_POOL_H
#define THAG_PROFILER_POOL_H

#include <stddef.h>

#include "../thag_profiler.h"

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#if defined(THAG_FULL_PROFILING)

#ifdef __cplusplus
extern "C" {
#endif

/** What the macros call. Since: 0.1 */
THAG_API_ void thag_pool_alloc_at(const void *pool, const char *name, const void *block,
                                  size_t size);
THAG_API_ void thag_pool_free_at(const void *pool, const void *block);
THAG_API_ void thag_pool_resize_at(const void *pool, const char *name, const void *old_block,
                                   const void *block, size_t size);
THAG_API_ void thag_pool_reset_at(const void *pool);

#ifdef __cplusplus
}
#endif

#define THAG_POOL_WHEN_(bits, call) (__builtin_expect(THAG_ACTIVE_ & (bits), 0) ? (call) : (void)0)

/**
 * A block has been handed out. Say it before another thread can free it.
 *
 * @param pool   Which one: any address.
 * @param name   What reports call it; the text is copied.
 * @param block  Where it is; NULL: nothing happens.
 * @param size   In bytes.
 *
 * The bytes are charged to the innermost open span, and to the call. Since: 0.1
 */
#define thag_pool_alloc(pool, name, block, size) \
    THAG_POOL_WHEN_(2, thag_pool_alloc_at(pool, name, block, size))

/** A block is about to go back. One that is not known is ignored, and counted. Since: 0.1 */
#define thag_pool_free(pool, block) THAG_POOL_WHEN_(~0u, thag_pool_free_at(pool, block))

/**
 * A block has another size, and maybe another place. Where both are the pool's own doing, say it before
 * old_block can be handed out again. NULL for either: as thag_pool_alloc() or thag_pool_free().
 * Since: 0.1
 */
#define thag_pool_resize(pool, name, old_block, block, size) \
    THAG_POOL_WHEN_(~0u, thag_pool_resize_at(pool, name, old_block, block, size))

/** All blocks of this pool are free: it is emptied, or destroyed. Since: 0.1 */
#define thag_pool_reset(pool) THAG_POOL_WHEN_(~0u, thag_pool_reset_at(pool))

#else /* inactive */

#define thag_pool_alloc(pool, name, block, size) \
    ((void)sizeof(pool), (void)sizeof(name), (void)sizeof(block), (void)sizeof(size))
#define thag_pool_free(pool, block) ((void)sizeof(pool), (void)sizeof(block))
#define thag_pool_resize(pool, name, old_block, block, size) \
    ((void)sizeof(pool), (void)sizeof(name), (void)sizeof(old_block), (void)sizeof(block), \
     (void)sizeof(size))
#define thag_pool_reset(pool) ((void)sizeof(pool))

#endif /* THAG_FULL_PROFILING */

#endif /* THAG_PROFILER_POOL_H */
