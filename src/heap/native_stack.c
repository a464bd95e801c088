/*
 * native_stack.c - walks the stack upwards from malloc, and finds its node. See native_stack.h.
 *
 * Where the callers of the outermost known function are not known, it hangs below a site with address 0.
 */
#include "heap/native_stack.h"

#include <errno.h>
#include <string.h>

#include "heap/stack_leaf.h"

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

/* --- a walk ------------------------------------------------------------------------------------ */

/* One call further out, whatever it takes. *self: the call that the walk is at. */
static __attribute__((__noinline__)) thagi_walk_end walk_on(maker *m, thagi_stacks *s,
                                                            thagi_walk *w, thagi_seen *self)
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

/* Outwards, until it joins the path: then *joined is where; or it ends, and *joined is 0. */
static inline __attribute__((__always_inline__)) thagi_walk_end
walk_out(maker *m, thagi_stacks *s, thagi_walk *walk, uint32_t *joined)
{
    const thagi_path *path = s->path;
    uint32_t i = path->count - 1, changed;
    thagi_walk w = *walk; /* a copy that nobody else knows stays in registers */
    thagi_seen of_hook = {0}, *self = &of_hook;
    uintptr_t top = w.limit < w.hi ? w.limit : w.hi;
    *joined = 0;
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
        while (path->read[i].at < here && i) i--;
        if (path->read[i].at == here && path->read[i].word == w.pc) {
            *walk = w;
            if (thagi_path_joins(path, &w, i, &changed)) {
                *joined = i;
                return THAGI_WALK_WHOLE;
            }
            i = thagi_path_leave(path, walk, i, changed);
            w = *walk;
        }
    } while ((self = thagi_walk_note(&w, w.sp - sizeof(uintptr_t), w.pc, 0)));
    *walk = w;
    return THAGI_WALK_BROKEN; /* too deep */
}

/* --- its node ---------------------------------------------------------------------------------- */

/* Put what the walk has noted into the path, inwards from read[*top], and find the node of the innermost call
   (*node: that of read[*top]). *top: how far the path is that of the walk. 0: it is not known, or no memory. */
static inline __attribute__((__always_inline__)) int
path_extend(maker *m, thagi_stacks *s, thagi_walk *w, uint32_t *top, uint32_t *node)
{
    const thagi_seen *from = w->notes;
    thagi_path *path = s->path;
    uint32_t parent = *node, i = *top;
    for (; from > s->fresh && i + 1 < path->count && thagi_path_has(path, i + 1, from - 1); from--)
        if (path->step[++i].node != THAGI_READ_OTHER) parent = path->step[i].node;
    if (from > s->fresh) {
        thagi_path_fork(s, i, (uint32_t)(from - s->fresh));
        path = s->path;
        while (from > s->fresh) {
            from--;
            int uses_bp = thagi_seen_uses_bp(from, path->step[i]);
            if (THAGI_UNLIKELY(!thagi_path_put(path, ++i, from, uses_bp))) w->is_odd = 1;
            if (THAGI_UNLIKELY(from->node == THAGI_READ_OTHER)) continue;
            parent = path->step[i].node = call_node(m, s, parent, from->word);
            if (THAGI_UNLIKELY(!parent)) return 0;
        }
        ORDERED();
        path->count = i + 1;
    }
    *top = i;
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
    thagi_path_for(s, span, w);
    walk_start(w, s);
    thagi_walk_end end = walk_out(m, s, w, top);
    if (THAGI_UNLIKELY(end == THAGI_WALK_LOST)) return 0;
    uint32_t node = *top ? s->path->step[*top].node : span->node;
    if (THAGI_UNLIKELY(end == THAGI_WALK_BROKEN) && !(node = call_node(m, s, node, 0))) return 0;
    int is_known = path_extend(m, s, w, top, &node);
    if (THAGI_UNLIKELY(w->is_odd)) thagi_path_clear(s->path);
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
    const thagi_leaf *leaf = thagi_leaf_guess(task, frame, kind, &like);
    if (leaf) {
        s->path = &s->paths[leaf->path];
        thagi_leaf_set(next, leaf);
        return leaf->counters;
    }
    w.limit = limit_of(task, &w);
    uint32_t top, node = walk_node(NULL, s, &w, task->top, &top);
    void *counters = node ? counters_known(task->thread, node, kind) : NULL;
    if (!counters || w.is_odd) return counters;
    thagi_leaf_set(&like[1], &like[0]);
    thagi_leaf_set(&like[0],
                   &(thagi_leaf){frame[1], (uintptr_t)(frame + 2), counters, s->path->serial,
                                 (uint16_t)top, (uint8_t)(s->path - s->paths), (uint8_t)kind});
    thagi_leaf_set(next, &like[0]);
    return counters;
}

void *thagi_native_known(thagi_task *task, const uintptr_t *frame, thagi_stack_kind kind)
{
    thagi_stacks *s = task->thread->memory.stacks;
    if (THAGI_UNLIKELY(!s || s->generation != thagi_memory_generation())) return NULL;
    uintptr_t was = task->state;
    task->state = (uintptr_t)(frame + 2); /* a signal handler goes elsewhere */
    ORDERED();
    thagi_leaf *next = thagi_leaf_next(s, frame);
    void *counters = next->counters;
    if (THAGI_LIKELY(!thagi_leaf_changed(s, next, task, frame, kind)))
        s->path = &s->paths[next->path];
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
