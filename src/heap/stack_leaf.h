/*
 * stack_leaf.h - whole stacks that were met before, and who pays for them: guessed, then compared with the path
 * that they went on with.
 */
#ifndef THAGI_STACK_LEAF_H
#define THAGI_STACK_LEAF_H

#include "heap/stack_path.h"

enum { THAGI_PAGE_LAST = 4095 };
/* Of a chain of frame pointers: fewer may be chance; more are not needed to tell stacks apart. */
enum { THAGI_LINKS_MIN = 3, THAGI_LINKS_MAX = 24 };

/** The innermost read that is not as it was, as its address; 0: the stack is the same; 1: it cannot be told. */
static inline __attribute__((__always_inline__)) uintptr_t
thagi_leaf_changed(const thagi_stacks *s, const thagi_leaf *leaf, const thagi_task *task,
                   const uintptr_t *frame, thagi_stack_kind kind)
{
    const thagi_path *path = &s->paths[leaf->path];
    if (THAGI_LIKELY(leaf->pc == frame[1]) && THAGI_LIKELY(leaf->sp == (uintptr_t)(frame + 2)) &&
        leaf->kind == kind && leaf->serial == path->serial &&
        THAGI_LIKELY(path->hi == task->stack_hi) && path->anchor == task->top->node &&
        path->where == task->top->scratch[THAGI_FRAME_WHERE]) {
        uint32_t changed = thagi_path_changed(path, leaf->top);
        return changed ? path->read[changed].at : 0;
    }
    return 1;
}

static inline uint64_t thagi_look_add(uint64_t look, uintptr_t word)
{
    return (look << 11 | look >> 53) + word;
}

/*
 * What a stack looks like up to `end`: by the frames that a chain of frame pointers leads to, if there is one;
 * else by what now stands where the last walk had read. Neither need be a part of the stack.
 */
static inline uint64_t thagi_look(const thagi_stacks *s, const uintptr_t *frame, uintptr_t end)
{
    uintptr_t at = (uintptr_t)frame, next;
    uint64_t look = 0;
    unsigned links = 0;
    for (; links < THAGI_LINKS_MAX; links++) {
        next = thagi_word_at(at);
        if (next <= at || next >= end - 8 || next % 8 != 0) break;
        at = next;
        look = thagi_look_add(look, thagi_word_at(at + 8));
    }
    if (links >= THAGI_LINKS_MIN) return look;
    const thagi_read *r = s->path->read + 1, *behind = s->path->read + s->path->count;
    for (at = (uintptr_t)frame; r < behind; r++)
        if (r->at - at < end - at) look = thagi_look_add(look, thagi_word_at(r->at));
    return look;
}

/* Those that looked the same. */
static inline thagi_leaf *thagi_leaves_like(thagi_stacks *s, const uintptr_t *frame, uintptr_t end,
                                            thagi_stack_kind kind)
{
    uint64_t hash = thagi_look(s, frame, end) + ((uintptr_t)frame ^ frame[1]) + kind;
    return s->like[hash * UINT64_C(0x9e3779b97f4a7c15) >> (64 - THAGI_LEAVES_LIKE_LOG2)];
}

/** The leaf that followed upon the last walk when the same call was made from there. */
static inline thagi_leaf *thagi_leaf_next(thagi_stacks *s, const uintptr_t *frame)
{
    uint64_t hash = frame[1] + ((uintptr_t)frame << 4) + ((uint64_t)(s->path - s->paths) << 32);
    return &s->leaves[hash * UINT64_C(0x9e3779b97f4a7c15) >> (64 - THAGI_LEAVES_LOG2)];
}

/**
 * A stack that is met again, by a guess from what it looks like. NULL: *like are where it would have been. To look
 * further than the page of the caller's frame it takes a stack that is the same up to there: then the rest
 * is a part of it, and mapped.
 */
static inline const thagi_leaf *thagi_leaf_guess(const thagi_task *task, const uintptr_t *frame,
                                                 thagi_stack_kind kind, thagi_leaf **like)
{
    thagi_stacks *s = task->thread->memory.stacks;
    uintptr_t end, known = (uintptr_t)frame;
    do {
        end = (known | THAGI_PAGE_LAST) + 1;
        *like = thagi_leaves_like(s, frame, end, kind);
        for (const thagi_leaf *leaf = *like; leaf < *like + 2; leaf++) {
            uintptr_t changed = thagi_leaf_changed(s, leaf, task, frame, kind);
            if (!changed) return leaf;
            if (changed > known) known = changed;
        }
    } while (known >= end);
    return NULL;
}

/** A leaf is what others are found by while it is being written, or nothing. */
static inline void thagi_leaf_set(thagi_leaf *leaf, const thagi_leaf *to)
{
    leaf->pc = 0;
    ORDERED();
    leaf->sp = to->sp;
    leaf->counters = to->counters;
    leaf->serial = to->serial;
    leaf->top = to->top;
    leaf->path = to->path;
    leaf->kind = to->kind;
    ORDERED();
    leaf->pc = to->pc;
}

#endif
