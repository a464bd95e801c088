/*
 * pool_table.h - a hash table in mapped memory whose items keep their number: what is known of blocks,
 * of pools, and of who pays (pool.c).
 */
#ifndef THAGI_POOL_TABLE_H
#define THAGI_POOL_TABLE_H

#include "runtime/runtime.h"

/* What every item begins with. */
typedef struct thagi_item {
    uint64_t key[2];
    uint32_t next; /* item of the same bucket, or free one; 0: none. Items count from 1 */
    uint32_t is_used;
} thagi_item;

typedef struct thagi_table {
    thagi_array items;
    thagi_array buckets; /* uint32_t: first item */
    uint32_t item_bytes;
    uint32_t free;
    uint32_t used_count;
} thagi_table;

/** Item by number. It stays where it is until the next thagi_table_add(). */
static inline void *thagi_table_at(const thagi_table *table, uint32_t number)
{
    return (char *)table->items.items + (size_t)(number - 1) * table->item_bytes;
}

/** The number of the item; 0: there is none. */
uint32_t thagi_table_find(const thagi_table *table, uint64_t key0, uint64_t key1);
/** A new item, zero but for its key, which must not be there yet. 0: no memory. */
uint32_t thagi_table_add(thagi_table *table, uint64_t key0, uint64_t key1);
void thagi_table_remove(thagi_table *table, uint32_t number);
/** Forget all. */
void thagi_table_clear(thagi_table *table);

#endif
