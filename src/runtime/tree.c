/*
 * tree.c - the call tree, one for the process, and the cells, each slot's counters of its nodes.
 *
 * A node is a pair (parent node, site). Nodes are never removed, so a node id means the same path
 * for ever and in every thread. Cells are what the hot path touches: a cell knows its last child and
 * each child the sibling that followed it, so the usual next call is found by one compare; otherwise
 * by the slot's own hash table, without a lock; only a path that is new to the slot takes it.
 */
#include <errno.h>
#include <string.h>

#include "runtime/cell_map.h"

thagi_cell thagi_no_cell = {.next = &thagi_no_cell, .last = &thagi_no_cell};

/* --- nodes: under the lock --------------------------------------------------------------------- */

static uint32_t node_append(thagi_session *session, uint32_t parent, uint32_t site)
{
    thagi_array *nodes = &session->nodes;
    if (nodes->count >= UINT32_MAX / 4) return TRACE_NONE;
    if (!thagi_array_reserve(nodes, nodes->count + 1, sizeof(trace_node))) return TRACE_NONE;
    trace_node node = {parent, site};
    trace_node *to =
        thagi_chunk_append(session, &session->tree_chunk, TRACE_TREE, nodes->count, sizeof node);
    if (!to) return TRACE_NONE;
    *to = node;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    session->tree_chunk->used += (uint32_t)sizeof node;
    ((trace_node *)nodes->items)[nodes->count] = node;
    return nodes->count++;
}

uint32_t thagi_tree_start(thagi_session *session)
{
    return node_append(session, TRACE_NONE, TRACE_NONE);
}

static uint32_t node_slot(trace_node node, uint32_t mask)
{
    return (uint32_t)thagi_hash_mix((uint64_t)node.parent << 32 | node.site) & mask;
}

static int key_table_grow(thagi_session *session)
{
    thagi_array *table = &session->node_by_key, bigger = {0};
    if ((session->nodes.count + 1) * 2 <= table->room) return 1;
    if (!thagi_array_reserve(&bigger, table->room ? table->room * 2 : 4096, sizeof(uint32_t)))
        return 0;
    const trace_node *nodes = session->nodes.items;
    uint32_t *slots = bigger.items, mask = bigger.room - 1;
    for (uint32_t id = 0; id < session->nodes.count; id++) {
        uint32_t i = node_slot(nodes[id], mask);
        while (slots[i]) i = (i + 1) & mask;
        slots[i] = id + 1;
    }
    thagi_plat_unmap(table->items, table->room * sizeof(uint32_t));
    *table = bigger;
    return 1;
}

uint32_t thagi_tree_child(thagi_session *session, uint32_t parent, uint32_t site)
{
    if (!key_table_grow(session)) return TRACE_NONE;
    const trace_node *nodes = session->nodes.items;
    uint32_t *slots = session->node_by_key.items, mask = session->node_by_key.room - 1;
    uint32_t i = node_slot((trace_node){parent, site}, mask);
    for (; slots[i]; i = (i + 1) & mask) {
        const trace_node *node = &nodes[slots[i] - 1];
        if (node->parent == parent && node->site == site) return slots[i] - 1;
    }
    uint32_t id = node_append(session, parent, site);
    if (id != TRACE_NONE) slots[i] = id + 1;
    return id;
}

/* It may begin at several places: the name counts. */
static int is_same_task(const trace_site *a, const trace_site *b)
{
    return TRACE_SITE_IS_ASYNC(a->kind) && a->name_len == b->name_len &&
           memcmp(a + 1, b + 1, a->name_len) == 0;
}

/*
 * The child for a site of a task. A task that begins one of its own kind, as a timer that sets itself
 * again, is found again among the ancestors: otherwise the path would grow for as long as that goes on.
 */
static uint32_t tree_task(thagi_session *session, uint32_t parent, uint32_t site)
{
    const trace_node *nodes = session->nodes.items;
    trace_site **sites = session->sites.items;
    for (uint32_t at = parent; at != 0; at = nodes[at].parent)
        if (!(nodes[at].site & TRACE_NODE_CODE) && is_same_task(sites[nodes[at].site], sites[site]))
            return at;
    return thagi_tree_child(session, parent, site);
}

/* --- cells: made under the lock ------------------------------------------------------------------ */

static void cell_put(thagi_cell_map *map, const thagi_cell *parent, thagi_cell *cell)
{
    uint32_t mask = map->room - 1, i = thagi_cell_slot(parent, thagi_cell_key(parent, cell), mask);
    while (map->entries[i].cell) i = (i + 1) & mask;
    map->entries[i].parent = parent;
    map->entries[i].cell = cell;
    map->count++;
}

static int cell_map_grow(thagi_cell_map *map)
{
    if ((map->count + 1) * 2 <= map->room) return 1;
    thagi_cell_map bigger = {.room = map->room ? map->room * 2 : 256};
    bigger.entries = thagi_plat_map(bigger.room * sizeof *bigger.entries);
    if (!bigger.entries) return 0;
    for (uint32_t i = 0; i < map->room; i++)
        if (map->entries[i].cell) cell_put(&bigger, map->entries[i].parent, map->entries[i].cell);
    thagi_plat_unmap(map->entries, map->room * sizeof *map->entries);
    *map = bigger;
    return 1;
}

static thagi_cell *cell_new(thagi_thread *thread, const thagi_cell *parent, const thag_site *site,
                            uint32_t node)
{
    if (!cell_map_grow(&thread->cells)) return NULL;
    thagi_cell *cell = thagi_thread_alloc(thread, sizeof *cell);
    if (!cell) return NULL;
    cell->node = node;
    cell->min_ticks = UINT64_MAX;
    cell->site = site;
    cell->last = &thagi_no_cell;
    cell->next = cell;
    for (int i = 0; i < 8; i++) cell->hist[i] = &thagi_no_hist;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    cell->kind = TRACE_CELL; /* last: now a reader sees it */
    cell_put(&thread->cells, parent, cell);
    return cell;
}

/* A path that is new to this slot. */
static __attribute__((__noinline__)) thagi_cell *cell_add(thagi_thread *thread, thagi_cell *parent,
                                                          const thag_site *site)
{
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    thagi_cell *cell = NULL;
    uint32_t site_id = thagi_site_id(session, site);
    uint32_t node = TRACE_NONE;
    if (site_id != TRACE_NONE)
        node = TRACE_SITE_IS_ASYNC(site->kind) ? tree_task(session, parent->node, site_id)
                                               : thagi_tree_child(session, parent->node, site_id);
    if (node != TRACE_NONE) cell = cell_new(thread, parent, site, node);
    thagi_clock_snapshot(session, 0);
    thagi_unlock(session, &saved);
    if (!cell) thagi_count(TRACE_LOST_MEMORY, 1);
    thagi_paused(thread->running, since);
    errno = saved_errno;
    return cell;
}

thagi_cell *thagi_cell_child(thagi_thread *thread, thagi_cell *parent, const thag_site *site)
{
    thagi_cell *cell = thagi_cell_find(&thread->cells, parent, (uintptr_t)site);
    return THAGI_LIKELY(cell != NULL) ? cell : cell_add(thread, parent, site);
}

thagi_cell *thagi_cell_new_for_node(thagi_thread *thread, uint32_t node)
{
    return cell_new(thread, NULL, NULL, node);
}

thagi_cell *thagi_cell_for_node(thagi_thread *thread, uint32_t node)
{
    thagi_cell *cell = thagi_cell_find(&thread->cells, NULL, node);
    if (THAGI_LIKELY(cell != NULL)) return cell;
    int saved_errno = errno;
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved); /* who forgets cells reads the table; no handler may jump out */
    cell = cell_new(thread, NULL, NULL, node);
    thagi_unlock(session, &saved);
    errno = saved_errno;
    return cell;
}

void thagi_cell_forget(thagi_session *session, uintptr_t lo, uintptr_t hi)
{
    for (thagi_thread *thread = session->all; thread; thread = thread->next_all)
        for (uint32_t i = 0; i < thread->cells.room; i++) {
            thagi_cell *cell = thread->cells.entries[i].cell;
            if (cell && (uintptr_t)cell->site - lo < hi - lo) cell->site = NULL;
        }
}
