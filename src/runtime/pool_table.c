/*
 * pool_table.c - chained hashing over growing arrays. See pool_table.h.
 */
#include "runtime/pool_table.h"

#include <string.h>

static uint32_t *bucket_of(const thagi_table *table, uint64_t key0, uint64_t key1)
{
    uint64_t hash = thagi_hash_mix(key0 ^ key1 * UINT64_C(0x9e3779b97f4a7c15));
    return (uint32_t *)table->buckets.items + ((uint32_t)hash & (table->buckets.room - 1));
}

static thagi_item *item_at(const thagi_table *table, uint32_t number)
{
    return thagi_table_at(table, number);
}

uint32_t thagi_table_find(const thagi_table *table, uint64_t key0, uint64_t key1)
{
    if (!table->buckets.room) return 0;
    uint32_t number = *bucket_of(table, key0, key1);
    while (number) {
        const thagi_item *item = item_at(table, number);
        if (item->key[0] == key0 && item->key[1] == key1) break;
        number = item->next;
    }
    return number;
}

static void link_item(const thagi_table *table, uint32_t number)
{
    thagi_item *item = item_at(table, number);
    uint32_t *bucket = bucket_of(table, item->key[0], item->key[1]);
    item->next = *bucket;
    *bucket = number;
}

/* A bucket for each item. */
static int buckets_grow(thagi_table *table)
{
    uint32_t room = table->buckets.room;
    thagi_array bigger = {0};
    if (table->used_count < room) return 1;
    if (!thagi_array_reserve(&bigger, room ? 2 * room : 1, sizeof(uint32_t))) return 0;
    thagi_plat_unmap(table->buckets.items, room * sizeof(uint32_t));
    table->buckets = bigger;
    for (uint32_t number = 1; number <= table->items.count; number++)
        if (item_at(table, number)->is_used) link_item(table, number);
    return 1;
}

uint32_t thagi_table_add(thagi_table *table, uint64_t key0, uint64_t key1)
{
    uint32_t number = table->free;
    if (!buckets_grow(table)) return 0;
    if (number) {
        table->free = item_at(table, number)->next;
    } else {
        if (!thagi_array_reserve(&table->items, table->items.count + 1, table->item_bytes))
            return 0;
        number = ++table->items.count;
    }
    thagi_item *item = item_at(table, number);
    memset(item, 0, table->item_bytes);
    item->key[0] = key0;
    item->key[1] = key1;
    item->is_used = 1;
    link_item(table, number);
    table->used_count++;
    return number;
}

void thagi_table_remove(thagi_table *table, uint32_t number)
{
    thagi_item *item = item_at(table, number);
    uint32_t *link = bucket_of(table, item->key[0], item->key[1]);
    while (*link != number) link = &item_at(table, *link)->next;
    *link = item->next;
    item->is_used = 0;
    item->next = table->free;
    table->free = number;
    table->used_count--;
}

void thagi_table_clear(thagi_table *table)
{
    if (table->buckets.room)
        memset(table->buckets.items, 0, table->buckets.room * sizeof(uint32_t));
    table->items.count = table->used_count = table->free = 0;
}
