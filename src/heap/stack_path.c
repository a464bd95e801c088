/*
 * stack_path.c - the room of paths, and what a walk does that leaves one. See stack_path.h.
 */
#include "heap/stack_path.h"

#include <string.h>

/* --- room -------------------------------------------------------------------------------------- */

void thagi_path_drop(thagi_stacks *s, thagi_path *path)
{
    path->count = 1;
    path->serial++;
    ORDERED();
    path->read = &s->no_read;
    path->step = &s->no_step;
    path->room = 0;
    ORDERED();
}

static thagi_path *oldest(thagi_stacks *s)
{
    return &s->paths[s->path_old % THAGI_PATHS];
}

static int has_oldest(const thagi_stacks *s)
{
    return s->path_old != s->path_new;
}

static void drop_oldest(thagi_stacks *s)
{
    thagi_path_drop(s, oldest(s));
    s->path_old++;
}

/* Words of the pool that are free then, from `from` on. The paths have their room in the order in which
   they were made, but for one step back to the pool's beginning. */
static uint32_t pool_take(thagi_stacks *s, uint32_t words)
{
    uint32_t from = s->pool_used;
    if (from + words > THAGI_POOL_WORDS) {
        while (has_oldest(s) && oldest(s)->from >= from) drop_oldest(s);
        from = 0;
    }
    while (has_oldest(s) && oldest(s)->from < from + words && from < oldest(s)->to) drop_oldest(s);
    s->pool_used = from + words;
    return from;
}

thagi_path *thagi_path_new(thagi_stacks *s, uint32_t reads)
{
    uint32_t room = (reads + 7) & ~7u, words = room * (uint32_t)THAGI_READ_WORDS;
    uint32_t from = pool_take(s, words);
    if (s->path_new - s->path_old == THAGI_PATHS) drop_oldest(s);
    thagi_path *path = &s->paths[s->path_new % THAGI_PATHS];
    path->from = from;
    path->to = from + words;
    thagi_read *read = (thagi_read *)(void *)&s->pool[from];
    thagi_step *step = (thagi_step *)(void *)(read + room);
    read[0] = s->no_read;
    step[0] = s->no_step;
    ORDERED();
    path->read = read;
    path->step = step;
    path->room = room;
    ORDERED();
    s->path_new++;
    return path;
}

void thagi_path_copy(thagi_stacks *s, uint32_t top, uint32_t more)
{
    uint32_t count = top + 1;
    thagi_path old = *s->path;
    thagi_read *read = (thagi_read *)(void *)s->spare; /* for its room may be what is given away */
    thagi_step *step = (thagi_step *)(void *)(read + count);
    memcpy(read, old.read, count * sizeof *read);
    memcpy(step, old.step, count * sizeof *step);
    thagi_path *path = thagi_path_new(s, count + more);
    memcpy(path->read, read, count * sizeof *read);
    memcpy(path->step, step, count * sizeof *step);
    path->anchor = old.anchor;
    path->where = old.where;
    path->limit = old.limit;
    path->hi = old.hi;
    ORDERED();
    s->path = path;
}

/* --- a walk ------------------------------------------------------------------------------------ */

/* All calls from read[from] outwards to read[to], as the last walk had them, are again those of this one: note
   them, but for the last, which the walk is at then. It had come to `from`. */
static int follow(const thagi_path *path, thagi_walk *w, uint32_t from, uint32_t to)
{
    uintptr_t bp_at = w->bp_at;
    if ((ptrdiff_t)(from - to) > w->notes_end - w->notes) return 0;
    for (uint32_t i = from;; i--) {
        /* Saved by one of them; or further in, where this walk may have been another. */
        w->bp_at = thagi_bp_at(path, i) > path->read[from].at ? thagi_bp_at(path, i) : bp_at;
        if (i == to) break;
        *w->notes++ = thagi_path_note(path, i, w->bp_at);
    }
    w->pc = path->read[to].word;
    w->sp = path->read[to].at + sizeof(uintptr_t);
    return 1;
}

uint32_t thagi_path_leave(const thagi_path *path, thagi_walk *w, uint32_t i, uint32_t changed)
{
    uint32_t to = changed + 1;
    if (changed == i) return i;
    if (!changed) return 0; /* nothing is, but together it is too deep */
    while (path->step[to].node == THAGI_READ_OTHER) to++;
    return to < i && follow(path, w, i, to) ? to : i;
}
