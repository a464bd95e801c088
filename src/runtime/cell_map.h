/*
 * cell_map.h - where a slot's cells are found: inlined into tree.c, which also fills the table, and into
 * span_kept.c, which calls nothing.
 */
#ifndef THAGI_CELL_MAP_H
#define THAGI_CELL_MAP_H

#include "runtime/runtime.h"

static inline uint32_t thagi_cell_slot(const thagi_cell *parent, uintptr_t key, uint32_t mask)
{
    uint64_t x = ((uintptr_t)parent >> 6) * UINT64_C(0x9e3779b97f4a7c15) ^ key >> 3;
    return (uint32_t)((x * UINT64_C(0xd6e8feb86659fd93)) >> 32) & mask;
}

/* What a cell is found by under its parent: its site, or without a parent its node. */
static inline uintptr_t thagi_cell_key(const thagi_cell *parent, const thagi_cell *cell)
{
    return parent ? (uintptr_t)cell->site : (uintptr_t)cell->node;
}

static inline thagi_cell *thagi_cell_find(const thagi_cell_map *map, const thagi_cell *parent,
                                          uintptr_t key)
{
    if (!map->room) return NULL;
    uint32_t mask = map->room - 1;
    for (uint32_t i = thagi_cell_slot(parent, key, mask); map->entries[i].cell; i = (i + 1) & mask)
        if (map->entries[i].parent == parent && thagi_cell_key(parent, map->entries[i].cell) == key)
            return map->entries[i].cell;
    return NULL;
}

#endif
