/*
 * native_stack.c - walks the stack upwards from malloc, and finds its node. See native_stack.h.
 *
 * Where the callers of the outermost known function are not known, it hangs below a site with address 0.
 */
#include "heap/native_stack.h"

#include <errno.h>
#include <string.h>

#include "heap/stack_walk.h"

enum { PAGE_LAST = 4095 };
/* Of a chain of frame pointers: fewer may be chance; more are not needed to tell stacks apart. */
enum { LINKS_MIN = 3, LINKS_MAX = 24 };
#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

static void *lost(void)
{
    thagi_count(TRACE_LOST_STACK, 1);
    return NULL;
}

/* --- what is new ------------------------------------------------------------------------------- */

/* Of a walk that may find what was not met before; NULL in its place: one that may not. */
typedef struct maker {
    thagi_session *session;
    thagi_task *task;
    uint64_t since; /* 0: nothing was new */
    int saved_errno, is_locked;
    thagi_plat_signals signals;
} maker;

static void maker_begin(maker *m)
{
    if (m->since) return;
    m->since = thagi_ticks();
    m->saved_errno = errno;
}

static void maker_end(maker *m)
{
    if (!m->since) return;
    if (m->is_locked) thagi_unlock(m->session, &m->signals);
    thagi_paused(m->task, m->since);
    errno = m->saved_errno;
}

static const thagi_place *place_make(maker *m, thagi_stacks *s, uintptr_t pc, int *is_code)
{
    if (!m) return NULL;
    maker_begin(m);
    return thagi_place_new(m->session, s, pc, is_code);
}

/* The node of a call; 0: not known, or no memory. A new stack takes the lock once for all that is new. */
static inline uint32_t call_node(maker *m, thagi_stacks *s, uint32_t parent, uintptr_t address)
{
    uint32_t node = thagi_call_find(s, parent, address);
    if (THAGI_LIKELY(node) || !m) return node;
    maker_begin(m);
    if (!m->is_locked) thagi_lock(m->session, &m->signals);
    m->is_locked = 1;
    return thagi_call_new(m->session, s, parent, address);
}

/* --- the last walk ----------------------------------------------------------------------------- */

static void path_clear(const thagi_stacks *s, thagi_path *path)
{
    path->count = 1;
    path->serial++;
    path->read[0] = (thagi_read){.at = (uintptr_t)&s->sentinel, .word = 1};
}

/* One that may be given up, but not the last walk's. */
static thagi_path *path_victim(thagi_stacks *s)
{
    do s->victim = s->victim + 1 < THAGI_PATHS ? s->victim + 1 : 1;
    while (&s->paths[s->victim] == s->path);
    return &s->paths[s->victim];
}

/* Make the path ready for walks that end there. */
static inline void path_for(thagi_stacks *s, const trace_frame *span, const thagi_walk *w)
{
    thagi_path *path = s->path;
    uint64_t where = span->scratch[THAGI_FRAME_WHERE];
    if (THAGI_LIKELY(path->anchor == span->node) && THAGI_LIKELY(path->where == where) &&
        THAGI_LIKELY(path->limit == w->limit) && THAGI_LIKELY(path->hi == w->hi))
        return;
    path = path_victim(s);
    path_clear(s, path);
    ORDERED();
    path->anchor = span->node;
    path->where = where;
    path->limit = w->limit;
    path->hi = w->hi;
    ORDERED();
    s->path = path;
}

/* A copy of the last walk's, as far in as read[top], with another one's memory. */
static void path_copy(thagi_stacks *s, thagi_path *path, size_t top)
{
    const thagi_path *old = s->path;
    path->count = 1;
    path->serial++;
    ORDERED();
    memcpy(path->read, old->read, (top + 1) * sizeof *path->read);
    path->anchor = old->anchor;
    path->where = old->where;
    path->limit = old->limit;
    path->hi = old->hi;
    ORDERED();
    s->path = path;
}

/* The path is to get `more` reads further in than `r`, in place of those that it may have there. These are
   kept in another one, as a rule, so that the next walk may find either. Where `r` is then. */
static thagi_read *path_fork(thagi_stacks *s, const thagi_read *r, size_t more)
{
    size_t top = (size_t)(r - s->path->read);
    int is_long = top + more > THAGI_PATH_READS, is_last = top + 1 == s->path->count;
    if (top + more > s->path->room || !(is_last || is_long))
        path_copy(s, is_long ? s->paths : path_victim(s), top);
    else if (!is_last)
        s->path->serial++;
    s->path->count = (uint32_t)top + 1;
    ORDERED();
    return s->path->read + top;
}

/* From `read` outwards, the first that is not as it was; path->read[0]: all are. */
static inline const thagi_read *first_changed(const thagi_read *read)
{
    while (thagi_word_at(read->at) == read->word) read--;
    return read;
}

/* All calls from `from` outwards to `to`, as the last walk had them, are again those of this one: note
   them, but for the last, which the walk is at then. It had come to `from`. */
static int path_follow(thagi_walk *w, const thagi_read *from, const thagi_read *to)
{
    uintptr_t bp_at = w->bp_at;
    if (from - to > w->notes_end - w->notes) return 0;
    for (const thagi_read *r = from;; r--) {
        /* Saved by one of them; or further in, where this walk may have been another. */
        w->bp_at = r->bp_at > from->at ? r->bp_at : bp_at;
        if (r == to) break;
        *w->notes = *r;
        w->notes++->bp_at = w->bp_at;
    }
    w->pc = to->word;
    w->sp = to->at + sizeof(uintptr_t);
    return 1;
}

/*
 * A walk has come to where `r` was read, and finds the same return address there. If all that the last
 * walk read further out is unchanged, too, then from here on this one is the same. Walking depends on
 * nothing else but the frame pointer, and that only if it is used before a frame is found that had saved
 * it. Each word is read only if those before it are as they were, i.e. if walking would read it, too.
 */
static inline int path_joins(const thagi_stacks *s, const thagi_walk *w, const thagi_read *r,
                             const thagi_read **changed)
{
    *changed = r;
    if (r->node == THAGI_READ_OTHER || (r->uses_bp && r->bp_at != w->bp_at)) return 0;
    *changed = first_changed(r - 1);
    return *changed == s->path->read && r - s->path->read <= w->notes_end - w->notes;
}

/* It does not, for that is changed. The walk goes on as long as it is the same, to what comes back. */
static __attribute__((__noinline__)) const thagi_read *
path_leave(const thagi_stacks *s, thagi_walk *w, const thagi_read *r, const thagi_read *changed)
{
    const thagi_read *to = changed + 1;
    if (changed == r) return r;
    if (changed == s->path->read) return changed; /* nothing is, but together it is too deep */
    while (to->node == THAGI_READ_OTHER) to++;
    return to < r && path_follow(w, r, to) ? to : r;
}

/* --- a walk ------------------------------------------------------------------------------------ */

/* One call further out, whatever it takes. *self: the call that the walk is at. */
static __attribute__((__noinline__)) thagi_walk_end walk_on(maker *m, thagi_stacks *s,
                                                            thagi_walk *w, thagi_read *self)
{
    int is_code = 1;
    uintptr_t bp_at = w->bp_at;
    const thagi_place *place = thagi_place_find(s, w->pc);
    if (!place) place = place_make(m, s, w->pc, &is_code);
    if (!place) {
        self->node = THAGI_READ_OTHER;
        self->uses_bp = 0;
        return is_code ? THAGI_WALK_LOST : THAGI_WALK_BROKEN;
    }
    thagi_walk_end end = thagi_walk_up(&place->row, w);
    self->saves_bp = w->bp_at != bp_at;
    return end;
}

/* Outwards, until it joins the path: then *joined is where; or it ends, and *joined is the base. */
static inline __attribute__((__always_inline__)) thagi_walk_end
walk_out(maker *m, thagi_stacks *s, thagi_walk *walk, const thagi_read **joined)
{
    const thagi_read *base = s->path->read, *r = base + s->path->count - 1, *changed;
    thagi_walk w = *walk; /* a copy that nobody else knows stays in registers */
    thagi_read of_hook = {0}, *self = &of_hook;
    uintptr_t top = w.limit < w.hi ? w.limit : w.hi;
    *joined = base;
    do {
        const thagi_place *place = thagi_place_find(s, w.pc);
        if (THAGI_LIKELY(place) && THAGI_LIKELY(thagi_walk_up_plain(&place->row, &w, top))) {
            self->saves_bp = place->row.bp_rule != THAGI_BP_KEPT;
        } else if (place && thagi_walk_up_framed(&place->row, &w, top)) {
            self->saves_bp = self->at < w.bp_at;
        } else {
            *walk = w;
            thagi_walk_end end = walk_on(m, s, walk, self);
            if (end != THAGI_WALK_ON) return end;
            w = *walk;
        }
        uintptr_t here = w.sp - sizeof(uintptr_t);
        while (r->at < here && r > base) r--;
        if (r->at == here && r->word == w.pc) {
            *walk = w;
            if (path_joins(s, &w, r, &changed)) {
                *joined = r;
                return THAGI_WALK_WHOLE;
            }
            r = path_leave(s, walk, r, changed);
            w = *walk;
        }
    } while ((self = thagi_walk_note(&w, w.sp - sizeof(uintptr_t), w.pc, 0)));
    *walk = w;
    return THAGI_WALK_BROKEN; /* too deep */
}

/* --- its node ---------------------------------------------------------------------------------- */

/* Whether what is further out than a read depends on the frame pointer; `outer`: the read before it. */
static inline int uses_bp(const thagi_read *read, const thagi_read *outer)
{
    if (read->node == THAGI_READ_OTHER) return read->uses_bp;
    return outer->uses_bp && (outer->node == THAGI_READ_OTHER || !read->saves_bp);
}

/* Whether the path has it. */
static inline int is_same(const thagi_read *had, const thagi_read *read)
{
    return had->at == read->at && had->word == read->word &&
           (had->node == THAGI_READ_OTHER) == (read->node == THAGI_READ_OTHER) &&
           had->uses_bp == uses_bp(read, had - 1) && (!had->uses_bp || had->bp_at == read->bp_at);
}

/* Put what the walk has noted into the path, inwards from `r`, and find the node of the innermost call
   (*node: that of `r`). *top: how far the path is that of the walk. 0: it is not known, or no memory. */
static inline __attribute__((__always_inline__)) int path_extend(maker *m, thagi_stacks *s,
                                                                 const thagi_walk *w, thagi_read *r,
                                                                 uint32_t *node, uint32_t *top)
{
    const thagi_read *from = w->notes, *known = s->path->read + s->path->count;
    uint32_t parent = *node;
    for (; from > s->fresh && r + 1 < known && is_same(r + 1, from - 1); from--)
        if ((++r)->node != THAGI_READ_OTHER) parent = r->node;
    if (from > s->fresh) {
        r = path_fork(s, r, (size_t)(from - s->fresh));
        while (from > s->fresh) {
            *++r = *--from;
            r->uses_bp = (uint16_t)uses_bp(from, r - 1);
            if (THAGI_UNLIKELY(from->node == THAGI_READ_OTHER)) continue;
            parent = r->node = call_node(m, s, parent, from->word);
            if (THAGI_UNLIKELY(!parent)) return 0;
        }
        ORDERED();
        s->path->count = (uint32_t)(r - s->path->read) + 1;
    }
    *top = (uint32_t)(r - s->path->read);
    *node = parent;
    return 1;
}

static void walk_start(thagi_walk *w, thagi_stacks *s)
{
    w->notes = s->fresh;
    w->notes_end = s->fresh + THAGI_READS_MAX;
    w->is_odd = 0;
}

/* The node of a walk's stack below a span; 0 as of path_extend(). */
static inline __attribute__((__always_inline__)) uint32_t
walk_node(maker *m, thagi_stacks *s, thagi_walk *w, const trace_frame *span, uint32_t *top)
{
    uintptr_t pc = w->pc;
    const thagi_read *joined;
    path_for(s, span, w);
    walk_start(w, s);
    thagi_walk_end end = walk_out(m, s, w, &joined);
    if (THAGI_UNLIKELY(end == THAGI_WALK_LOST)) return 0;
    thagi_read *from = &s->path->read[joined - s->path->read];
    uint32_t node = from == s->path->read ? span->node : from->node;
    if (THAGI_UNLIKELY(end == THAGI_WALK_BROKEN) && !(node = call_node(m, s, node, 0))) return 0;
    int is_known = path_extend(m, s, w, from, &node, top);
    if (THAGI_UNLIKELY(w->is_odd)) path_clear(s, s->path);
    if (THAGI_UNLIKELY(!is_known)) return 0;
    if (THAGI_UNLIKELY(end == THAGI_WALK_BROKEN) && !thagi_place_find(s, pc)) return node;
    return call_node(m, s, node, pc);
}

/* --- who pays ---------------------------------------------------------------------------------- */

/* For those whose node has something already. */
static inline void *counters_known(const thagi_thread *thread, uint32_t node, thagi_stack_kind kind)
{
    const thagi_memory *memory = &thread->memory;
    if (kind == THAGI_STACK_FREE)
        return node < memory->stacks->release_room ? memory->stacks->releases[node] : NULL;
    thagi_row *row = node < memory->row_room ? memory->rows[node] : NULL;
    return row && row->kind ? row : NULL;
}

static void *counters_of(thagi_thread *thread, uint32_t node, thagi_stack_kind kind, size_t bytes)
{
    if (kind == THAGI_STACK_ALLOC) return thagi_memory_row(thread, node, bytes);
    if (kind == THAGI_STACK_FREE) return thagi_release_of(thread, node);
    return (void *)((uintptr_t)node + 1);
}

/* The span's function reaches above the stack pointer with which it began the span. */
static inline uintptr_t limit_of(const thagi_task *task, const thagi_walk *w)
{
    uintptr_t limit = THAGI_WHERE_SP(task->top->scratch[THAGI_FRAME_WHERE]);
    return THAGI_LIKELY(limit - w->sp < w->hi - w->sp) ? limit : UINTPTR_MAX; /* another stack */
}

/* Compare a stack with one that was met before: the innermost read that is not as it was; the path's first if
   it is the same stack; NULL if it may be no longer looked at. */
static inline const thagi_read *leaf_compare(const thagi_leaf *leaf, const thagi_task *task,
                                             const uintptr_t *frame, thagi_stack_kind kind)
{
    const thagi_path *path = leaf->path;
    if (THAGI_LIKELY(leaf->pc == frame[1]) && THAGI_LIKELY(leaf->sp == (uintptr_t)(frame + 2)) &&
        leaf->kind == kind && leaf->serial == path->serial &&
        THAGI_LIKELY(path->hi == task->stack_hi) && path->anchor == task->top->node &&
        path->where == task->top->scratch[THAGI_FRAME_WHERE])
        return first_changed(&path->read[leaf->top]);
    return NULL;
}

static inline uint64_t look_add(uint64_t look, uintptr_t word)
{
    return (look << 11 | look >> 53) + word;
}

/*
 * What a stack looks like up to `end`: by the frames that a chain of frame pointers leads to, if there is one;
 * else by what now stands where the last walk had read. Neither need be a part of the stack.
 */
static inline uint64_t look_of(const thagi_stacks *s, const uintptr_t *frame, uintptr_t end)
{
    uintptr_t at = (uintptr_t)frame, next;
    uint64_t look = 0;
    unsigned links = 0;
    for (; links < LINKS_MAX; links++) {
        next = thagi_word_at(at);
        if (next <= at || next >= end - 8 || next % 8 != 0) break;
        at = next;
        look = look_add(look, thagi_word_at(at + 8));
    }
    if (links >= LINKS_MIN) return look;
    const thagi_read *r = s->path->read + 1, *behind = s->path->read + s->path->count;
    for (at = (uintptr_t)frame; r < behind; r++)
        if (r->at - at < end - at) look = look_add(look, thagi_word_at(r->at));
    return look;
}

/* Those that looked the same. */
static inline thagi_leaf *leaves_like(thagi_stacks *s, const uintptr_t *frame, uintptr_t end,
                                      thagi_stack_kind kind)
{
    uint64_t hash = look_of(s, frame, end) + ((uintptr_t)frame ^ frame[1]) + kind;
    return s->like[hash * UINT64_C(0x9e3779b97f4a7c15) >> (64 - THAGI_LEAVES_LIKE_LOG2)];
}

/* The leaf that followed upon the last walk when the same call was made from there. */
static thagi_leaf *leaf_next(thagi_stacks *s, const uintptr_t *frame)
{
    uint32_t path = (uint32_t)(s->path - s->paths);
    uintptr_t sp = (uintptr_t)frame;
    return &s->leaves[(frame[1] ^ frame[1] >> 4 ^ sp >> 4 ^ path * 37) % THAGI_LEAVES];
}

static void leaf_set(thagi_leaf *leaf, const thagi_leaf *to)
{
    leaf->pc = 0;
    ORDERED();
    leaf->sp = to->sp;
    leaf->path = to->path;
    leaf->serial = to->serial;
    leaf->top = to->top;
    leaf->kind = to->kind;
    leaf->counters = to->counters;
    ORDERED();
    leaf->pc = to->pc;
}

/*
 * Who pays for a stack that is met again, by a guess from what it looks like. NULL: *like are where it would have
 * been. To look further than the page of the caller's frame it takes a stack that is the same up to there:
 * then the rest is a part of it, and mapped.
 */
static inline const thagi_leaf *leaf_guess(const thagi_task *task, const uintptr_t *frame,
                                           thagi_stack_kind kind, thagi_leaf **like)
{
    thagi_stacks *s = task->thread->memory.stacks;
    uintptr_t end, known = (uintptr_t)frame;
    do {
        end = (known | PAGE_LAST) + 1;
        *like = leaves_like(s, frame, end, kind);
        for (const thagi_leaf *leaf = *like; leaf < *like + 2; leaf++) {
            const thagi_read *changed = leaf_compare(leaf, task, frame, kind);
            if (changed && changed == leaf->path->read) return leaf;
            if (changed && changed->at > known) known = changed->at;
        }
    } while (known >= end);
    return NULL;
}

/* It is not the one that was expected: who pays, if all of the stack was met before. */
static __attribute__((__noinline__)) void *known_counters(thagi_task *task, const uintptr_t *frame,
                                                          thagi_stack_kind kind, thagi_leaf *next)
{
    thagi_stacks *s = task->thread->memory.stacks;
    thagi_walk w = {.pc = frame[1],
                    .sp = (uintptr_t)(frame + 2),
                    .bp_at = (uintptr_t)frame,
                    .hi = task->stack_hi};
    thagi_leaf *like;
    if (THAGI_UNLIKELY(w.sp - task->stack_lo >= w.hi - task->stack_lo)) return NULL;
    const thagi_leaf *leaf = leaf_guess(task, frame, kind, &like);
    if (leaf) {
        s->path = leaf->path;
        leaf_set(next, leaf);
        return leaf->counters;
    }
    w.limit = limit_of(task, &w);
    uint32_t top, node = walk_node(NULL, s, &w, task->top, &top);
    void *counters = node ? counters_known(task->thread, node, kind) : NULL;
    if (!counters || w.is_odd) return counters;
    leaf_set(&like[1], &like[0]);
    leaf_set(&like[0], &(thagi_leaf){frame[1], (uintptr_t)(frame + 2), s->path, s->path->serial,
                                     (uint16_t)top, (uint16_t)kind, counters});
    leaf_set(next, &like[0]);
    return counters;
}

void *thagi_native_known(thagi_task *task, const uintptr_t *frame, thagi_stack_kind kind)
{
    thagi_stacks *s = task->thread->memory.stacks;
    if (THAGI_UNLIKELY(!s || s->generation != thagi_memory_generation())) return NULL;
    uintptr_t was = task->state;
    task->state = (uintptr_t)(frame + 2); /* a signal handler goes elsewhere */
    ORDERED();
    thagi_leaf *next = leaf_next(s, frame);
    const thagi_read *changed = leaf_compare(next, task, frame, kind);
    void *counters = next->counters;
    if (THAGI_LIKELY(changed) && THAGI_LIKELY(changed == next->path->read))
        s->path = next->path;
    else
        counters = known_counters(task, frame, kind, next);
    ORDERED();
    task->state = was;
    return counters;
}

/* --- any stack --------------------------------------------------------------------------------- */

/* The mapping of the stack that we are on now. */
static __attribute__((__noinline__)) void find_stack(thagi_task *task, uintptr_t sp)
{
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    if (!thagi_plat_mapping_of(sp, &task->stack_lo, &task->stack_hi))
        task->stack_lo = task->stack_hi = 0;
    thagi_paused(task, since);
    errno = saved_errno;
}

static thagi_walk walk_from(thagi_task *task, const uintptr_t *frame)
{
    thagi_walk w = {.pc = frame[1],
                    .sp = (uintptr_t)(frame + 2),
                    .bp_at = (uintptr_t)frame,
                    .limit = UINTPTR_MAX};
    if (w.sp - task->stack_lo >= task->stack_hi - task->stack_lo) find_stack(task, w.sp);
    w.hi = task->stack_hi > w.sp ? task->stack_hi : w.sp;
    return w;
}

/* Through the hook's own frames, to where its caller goes on. 0: that was not found. */
static int leave_hook(maker *m, thagi_stacks *s, thagi_walk *w, uintptr_t pc)
{
    enum { OURS_MAX = 16 };
    for (int depth = 0; w->pc != pc; depth++) {
        int is_code;
        const thagi_place *place = thagi_place_find(s, w->pc);
        if (!place) place = place_make(m, s, w->pc, &is_code);
        if (!place || depth == OURS_MAX || thagi_walk_up(&place->row, w) != THAGI_WALK_ON) return 0;
    }
    return 1;
}

void *thagi_native_stack(thagi_session *session, thagi_task *task, const uintptr_t *frame,
                         uintptr_t pc, thagi_stack_kind kind, size_t bytes)
{
    thagi_stacks *s = thagi_stacks_of(task->thread);
    if (!s) return lost();
    maker m = {.session = session, .task = task};
    thagi_walk w = walk_from(task, frame);
    uint32_t top, node = 0;
    walk_start(&w, s);
    if (leave_hook(&m, s, &w, pc)) {
        w.limit = limit_of(task, &w);
        node = walk_node(&m, s, &w, task->top, &top);
    }
    maker_end(&m);
    void *counters = node ? counters_of(task->thread, node, kind, bytes) : NULL;
    return counters ? counters : lost();
}

uint32_t thagi_heap_stack_node(thagi_task *task, const uintptr_t *frame, uintptr_t pc)
{
    thagi_session *session = thagi_session_now;
    if (thagi_memory_stacks != THAGI_STACKS_ALL && !thagi_native_is_wanted(session, task))
        return TRACE_NONE;
    uintptr_t found = (uintptr_t)thagi_native_stack(session, task, frame, pc, THAGI_STACK_NODE, 0);
    return found ? (uint32_t)(found - 1) : TRACE_NONE;
}

/* --- which spans want stacks ------------------------------------------------------------------- */

enum { FLAG_UNKNOWN, FLAG_NO, FLAG_YES };

static int flags_grow(thagi_stacks *s, uint32_t node)
{
    uint32_t room = s->flag_room ? s->flag_room : 4096;
    while (room <= node) room *= 2;
    uint8_t *bigger = thagi_plat_map(room);
    if (!bigger) return 0;
    if (s->flags) memcpy(bigger, s->flags, s->flag_room);
    thagi_plat_unmap(s->flags, s->flag_room);
    s->flags = bigger;
    s->flag_room = room;
    return 1;
}

static uint8_t flag_of(thagi_session *session, uint32_t node)
{
    thagi_plat_signals saved;
    uint8_t flag = FLAG_NO;
    thagi_lock(session, &saved);
    const trace_node *nodes = session->nodes.items;
    trace_site **sites = session->sites.items;
    for (; node && flag == FLAG_NO; node = nodes[node].parent)
        if ((sites[nodes[node].site]->flags & THAG_FLAG_mem_detail) == THAG_FLAG_mem_detail)
            flag = FLAG_YES;
    thagi_unlock(session, &saved);
    return flag;
}

static __attribute__((__noinline__)) int find_flag(thagi_session *session, thagi_stacks *s,
                                                   uint32_t node)
{
    int saved_errno = errno;
    int can = node < s->flag_room || flags_grow(s, node);
    if (can) s->flags[node] = flag_of(session, node);
    errno = saved_errno;
    return can && s->flags[node] == FLAG_YES;
}

int thagi_native_is_wanted(thagi_session *session, const thagi_task *task)
{
    thagi_stacks *s = thagi_stacks_of(task->thread);
    uint32_t node = task->top->node;
    if (THAGI_UNLIKELY(!s)) return 0;
    if (THAGI_LIKELY(node < s->flag_room && s->flags[node])) return s->flags[node] == FLAG_YES;
    return find_flag(session, s, node);
}
