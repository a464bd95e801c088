/*
 * stack_path.h - the last walks of a slot: kept, compared with what stands on the stack now, and gone on from.
 *
 * A signal handler may leave by longjmp from within any of this: a path that is being changed is empty, or
 * has as many reads as it says.
 */
#ifndef THAGI_STACK_PATH_H
#define THAGI_STACK_PATH_H

#include "heap/stack_walk.h"

#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* --- room -------------------------------------------------------------------------------------- */

/** Of no stack, without room. */
void thagi_path_drop(thagi_stacks *s, thagi_path *path);

/** An empty path with room for `reads`. It may have been the last walk's: that is none then. */
thagi_path *thagi_path_new(thagi_stacks *s, uint32_t reads);

/** The last walk's becomes a copy of what it was as far in as read[top], with room for more. */
void thagi_path_copy(thagi_stacks *s, uint32_t top, uint32_t more);

/** Of no stack, with the room that it has. */
static inline void thagi_path_clear(thagi_path *path)
{
    path->count = 1;
    path->serial++;
    ORDERED();
}

/* --- which one --------------------------------------------------------------------------------- */

/** Make the last walk's fit for walks that end there. */
static inline void thagi_path_for(thagi_stacks *s, const trace_frame *span, const thagi_walk *w)
{
    thagi_path *path = s->path;
    uint64_t where = span->scratch[THAGI_FRAME_WHERE];
    if (THAGI_LIKELY(path->anchor == span->node) && THAGI_LIKELY(path->where == where) &&
        THAGI_LIKELY(path->limit == w->limit) && THAGI_LIKELY(path->hi == w->hi))
        return;
    path = thagi_path_new(s, 1);
    path->anchor = span->node;
    path->where = where;
    path->limit = w->limit;
    path->hi = w->hi;
    ORDERED();
    s->path = path;
}

/** The last walk's is to get `more` reads further in than read[top], in place of those that it may have there.
    These are kept in another one, so that the next walk may find either. */
static inline void thagi_path_fork(thagi_stacks *s, uint32_t top, uint32_t more)
{
    if (top + 1 != s->path->count || top + 1 + more > s->path->room) thagi_path_copy(s, top, more);
    s->path->count = top + 1;
    ORDERED();
}

/* --- reads ------------------------------------------------------------------------------------- */

static inline uintptr_t thagi_bp_at(const thagi_path *path, uint32_t i)
{
    return path->read[i].at - path->step[i].bp_below * sizeof(uintptr_t);
}

/** Put one further in than those that are there. 0: it cannot be kept. */
static inline int thagi_path_put(thagi_path *path, uint32_t i, const thagi_seen *note, int uses_bp)
{
    uintptr_t below = note->at - note->bp_at;
    path->read[i] = (thagi_read){note->at, note->word};
    path->step[i] =
        (thagi_step){.node = note->node,
                     .bp_below = (uint32_t)(below / sizeof(uintptr_t)) & THAGI_BP_BELOW_MAX,
                     .uses_bp = uses_bp != 0,
                     .saves_bp = note->saves_bp != 0};
    return below / sizeof(uintptr_t) <= THAGI_BP_BELOW_MAX && below % sizeof(uintptr_t) == 0;
}

static inline thagi_seen thagi_path_note(const thagi_path *path, uint32_t i, uintptr_t bp_at)
{
    thagi_step step = path->step[i];
    return (thagi_seen){path->read[i].at, path->read[i].word, bp_at,
                        step.node,        step.uses_bp,       step.saves_bp};
}

/** From read[i] outwards, the first that is not as it was; 0: all are. */
static inline uint32_t thagi_path_changed(const thagi_path *path, uint32_t i)
{
    const thagi_read *read = path->read + i;
    while (thagi_word_at(read->at) == read->word) read--;
    return (uint32_t)(read - path->read);
}

/*
 * A walk has come to where read[i] was read, and finds the same return address there. If all that the last
 * walk read further out is unchanged, too, then from here on this one is the same. Walking depends on
 * nothing else but the frame pointer, and that only if it is used before a frame is found that had saved
 * it. Each word is read only if those before it are as they were, i.e. if walking would read it, too.
 */
static inline int thagi_path_joins(const thagi_path *path, const thagi_walk *w, uint32_t i,
                                   uint32_t *changed)
{
    *changed = i;
    thagi_step step = path->step[i];
    if (step.node == THAGI_READ_OTHER || (step.uses_bp && thagi_bp_at(path, i) != w->bp_at))
        return 0;
    *changed = thagi_path_changed(path, i - 1);
    return !*changed && (ptrdiff_t)i <= w->notes_end - w->notes;
}

/** It does not join, for read[changed] is changed. The walk goes on as long as it is the same: where it is then. */
uint32_t thagi_path_leave(const thagi_path *path, thagi_walk *w, uint32_t i, uint32_t changed);

/* Whether what is further out than a read depends on the frame pointer; `outer`: the one before it. */
static inline int thagi_seen_uses_bp(const thagi_seen *note, thagi_step outer)
{
    if (note->node == THAGI_READ_OTHER) return note->uses_bp;
    return outer.uses_bp && (outer.node == THAGI_READ_OTHER || !note->saves_bp);
}

/** Whether read[i] is what the walk has noted, with all that follows from it. */
static inline int thagi_path_has(const thagi_path *path, uint32_t i, const thagi_seen *note)
{
    thagi_step step = path->step[i];
    return path->read[i].at == note->at && path->read[i].word == note->word &&
           (step.node == THAGI_READ_OTHER) == (note->node == THAGI_READ_OTHER) &&
           step.uses_bp == (unsigned)thagi_seen_uses_bp(note, path->step[i - 1]) &&
           (!step.uses_bp || thagi_bp_at(path, i) == note->bp_at);
}

#endif
