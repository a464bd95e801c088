/*
 * stack_memory.c - what is new to a slot's memory of native stacks. See stack_memory.h.
 *
 * The tables change with all signals blocked: a handler that leaves by longjmp finds them whole.
 */
#include "heap/stack_path.h"

#include <errno.h>
#include <string.h>

#define ROOM_FIRST 256u
#define CALLS_MAX  (1u << 20) /* then the slot begins anew. The tree keeps what was found */

/* --- the whole --------------------------------------------------------------------------------- */

/* At first. They stay, and are only emptied: nothing is to move into the place of a library that is
   closed and opened again. */
static int tables_map(thagi_stacks *s)
{
    s->place_mask = s->call_mask = ROOM_FIRST - 1;
    s->places = thagi_plat_map(ROOM_FIRST * sizeof *s->places);
    s->calls = thagi_plat_map(ROOM_FIRST * sizeof *s->calls);
    if (s->places && s->calls) return 1;
    thagi_plat_unmap(s->places, ROOM_FIRST * sizeof *s->places);
    thagi_plat_unmap(s->calls, ROOM_FIRST * sizeof *s->calls);
    return 0;
}

/* Forget all but who freed. What is new is empty already, and takes no memory before it is used. */
static void stacks_clear(thagi_stacks *s, int is_new)
{
    thagi_plat_signals saved;
    thagi_plat_signals_block(&saved);
    s->generation = thagi_memory_generation();
    if (!is_new) {
        memset(s->places, 0, ((size_t)s->place_mask + 1) * sizeof *s->places);
        memset(s->calls, 0, ((size_t)s->call_mask + 1) * sizeof *s->calls);
        if (s->flags) memset(s->flags, 0, s->flag_room);
        memset(s->leaves, 0, sizeof s->leaves);
        memset(s->like, 0, sizeof s->like);
    }
    s->place_count = s->call_count = 0;
    s->no_read = (thagi_read){(uintptr_t)&s->sentinel, 1};
    for (uint32_t i = 0; i < THAGI_PATHS; i++) {
        thagi_path_drop(s, &s->paths[i]);
        s->paths[i].hi = 0;
    }
    s->path_new = s->path_old = s->pool_used = 0;
    s->path = s->paths;
    thagi_plat_signals_restore(&saved);
}

static __attribute__((__noinline__)) thagi_stacks *stacks_ready(thagi_thread *thread)
{
    int saved_errno = errno;
    thagi_stacks *s = thread->memory.stacks;
    int is_new = !s;
    if (is_new && (s = thagi_plat_map(sizeof *s)) && !tables_map(s)) {
        thagi_plat_unmap(s, sizeof *s);
        s = NULL;
    }
    if (s) stacks_clear(s, is_new);
    thread->memory.stacks = s;
    errno = saved_errno;
    return s;
}

thagi_stacks *thagi_stacks_of(thagi_thread *thread)
{
    thagi_stacks *s = thread->memory.stacks;
    if (s && s->generation == thagi_memory_generation() && s->call_count < CALLS_MAX) return s;
    return stacks_ready(thread);
}

/* --- places ------------------------------------------------------------------------------------ */

static void place_put(const thagi_stacks *s, const thagi_place *place)
{
    uint32_t i = thagi_place_hash_of(place->address) & s->place_mask;
    while (s->places[i].address) i = (i + 1) & s->place_mask;
    s->places[i] = *place;
}

/* Room for one more at half. */
static int places_grow(thagi_stacks *s)
{
    size_t room = (size_t)s->place_mask + 1;
    if (((size_t)s->place_count + 1) * 2 <= room) return 1;
    thagi_place *old = s->places, *bigger = thagi_plat_map(2 * room * sizeof *bigger);
    if (!bigger) return 0;
    s->places = bigger;
    s->place_mask = (uint32_t)(2 * room - 1);
    for (size_t i = 0; i < room; i++)
        if (old[i].address) place_put(s, &old[i]);
    thagi_plat_unmap(old, room * sizeof *old);
    return 1;
}

/* How to find the caller's frame; is_plain if that needs no checks but of the end. In code without a
   description it goes by frame pointers: the caller's stands where that of the function points to. */
static thagi_unwind_row row_of(const thagi_plat_object *object, uintptr_t address)
{
    thagi_unwind_row row = thagi_eh_frame_row(object, address);
    if (row.rule == THAGI_UNWIND_UNKNOWN)
        row = (thagi_unwind_row){.rule = THAGI_UNWIND_UNKNOWN, .bp_rule = THAGI_BP_AT_BP};
    int is_saved_within = row.bp_rule == THAGI_BP_AT_CFA && row.bp < 0 && row.bp >= -row.offset;
    row.is_plain = row.rule == THAGI_UNWIND_SP && row.offset > 0 && row.offset % 8 == 0 &&
                   row.bp % 8 == 0 && (row.bp_rule == THAGI_BP_KEPT || is_saved_within);
    return row;
}

const thagi_place *thagi_place_new(thagi_session *session, thagi_stacks *s, uintptr_t address,
                                   int *is_code)
{
    thagi_plat_object object;
    thagi_plat_signals saved;
    *is_code = thagi_plat_object_of(address - 1, &object);
    if (!*is_code) return NULL;
    thagi_place place = {.address = address, .row = row_of(&object, address)};
    thagi_lock(session, &saved);
    place.code = thagi_code_id(session, address, &object);
    int can = place.code != TRACE_NONE && places_grow(s);
    if (can) {
        place_put(s, &place);
        s->place_count++;
    }
    thagi_unlock(session, &saved);
    return can ? thagi_place_find(s, address) : NULL;
}

/* --- calls ------------------------------------------------------------------------------------- */

static void call_put(const thagi_stacks *s, const thagi_call *call)
{
    uint32_t i = thagi_call_hash_of(call->parent, call->address) & s->call_mask;
    while (s->calls[i].node) i = (i + 1) & s->call_mask;
    s->calls[i] = *call;
}

static int calls_grow(thagi_stacks *s)
{
    size_t room = (size_t)s->call_mask + 1;
    if (((size_t)s->call_count + 1) * 4 <= room * 3) return 1;
    thagi_call *old = s->calls, *bigger = thagi_plat_map(2 * room * sizeof *bigger);
    if (!bigger) return 0;
    s->calls = bigger;
    s->call_mask = (uint32_t)(2 * room - 1);
    for (size_t i = 0; i < room; i++)
        if (old[i].node) call_put(s, &old[i]);
    thagi_plat_unmap(old, room * sizeof *old);
    return 1;
}

uint32_t thagi_call_new(thagi_session *session, thagi_stacks *s, uint32_t parent, uintptr_t address)
{
    const thagi_place *place = address ? thagi_place_find(s, address) : NULL;
    uint32_t code = place ? place->code : thagi_code_id(session, 0, NULL);
    if (code == TRACE_NONE || !calls_grow(s)) return 0;
    uint32_t node = thagi_tree_child(session, parent, TRACE_NODE_CODE | code);
    if (node == TRACE_NONE) return 0;
    thagi_call call = {address, parent, node};
    call_put(s, &call);
    s->call_count++;
    return node;
}

/* --- who frees --------------------------------------------------------------------------------- */

static int releases_grow(thagi_stacks *s, uint32_t node)
{
    uint32_t room = s->release_room ? s->release_room : 1024;
    while (room <= node) room *= 2;
    trace_release **old = s->releases, **bigger = thagi_plat_map(room * sizeof *bigger);
    if (!bigger) return 0;
    if (old) memcpy(bigger, old, s->release_room * sizeof *bigger);
    s->releases = bigger;
    ORDERED();
    thagi_plat_unmap(old, s->release_room * sizeof *bigger);
    s->release_room = room;
    return 1;
}

trace_release *thagi_release_of(thagi_thread *thread, uint32_t node)
{
    thagi_stacks *s = thread->memory.stacks;
    trace_release *row = node < s->release_room ? s->releases[node] : NULL;
    if (row) return row;
    if (node < s->release_room || releases_grow(s, node))
        row = thagi_thread_alloc(thread, sizeof *row);
    if (!row) return NULL;
    row->node = node;
    ORDERED();
    row->kind = TRACE_RELEASE; /* last: now a reader sees it */
    s->releases[node] = row;
    return row;
}
