/*
 * native_stack.c - walks the stack upwards from malloc. See native_stack.h.
 *
 * Memory that is read lies between the hook's frame and the end of the mapping that it is in, and each
 * frame above the one before: a damaged stack, or a description that is wrong, ends the walk. Then the
 * outermost known function hangs below a site with address 0: "callers unknown".
 */
#include "heap/native_stack.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "heap/eh_frame.h"

#define FRAMES_MAX 256u       /* of a stack; what is deeper counts as unknown */
#define STEPS_MAX  (1u << 20) /* of a thread; then it begins anew. The tree keeps what was found */
#define PAGE_BYTES 65536u
#define BROKEN_BIT (1u << 31) /* beside a node: the stack ended before it should */
#define MEMO_WORDS 32u
#define MEMO_SETS  16u
#define MEMO_WAYS  16u
#define NODE_KEY   (UINT64_C(1) << 63)

typedef struct step step;
struct step {
    uintptr_t address; /* that a call returns to */
    step *caller;      /* the step that came next the last time */
    thagi_unwind_row row;
    uint32_t anchor; /* where a stack that ended here hung, the last time, with BROKEN_BIT; */
    void *counters;  /* and who pays for it: thagi_row of those that allocate, or trace_release */
    const step *callee; /* the step before this one */
};

/* What comes after a step: another step, or the counters of a stack that ends there. */
typedef struct entry {
    const step *from; /* NULL: free */
    uint64_t key;     /* a return address, or NODE_KEY | anchor */
    union {
        step *next;
        void *counters;
        uint32_t node;
    } to;
} entry;

/*
 * A walk that was made: it depends on nothing but its start and the words that it read. If all of them
 * are as they were, so is its end. That is a third of the work of walking again, for these loads do not
 * wait for each other.
 */
typedef struct memo {
    uintptr_t pc, sp, limit; /* its start; pc 0: free */
    uintptr_t bp;            /* if that mattered, i.e. uses_bp */
    uintptr_t reach;         /* of the words, from sp */
    uint32_t anchor;
    uint16_t count; /* of words; more than there is room for: of no use */
    uint16_t uses_bp;
    void *counters;
    uint32_t at[MEMO_WORDS]; /* from sp */
    uintptr_t word[MEMO_WORDS];
} memo;

/* Those of one start share a set: a wrapper of malloc is called from many places. */
typedef struct memo_set {
    memo *latest;    /* of the ways: met last */
    uint32_t victim; /* to be made anew next */
    memo ways[MEMO_WAYS];
} memo_set;

/* Of one slot. */
struct thagi_stacks {
    uint32_t generation; /* of the modules that the addresses belong to */
    uint32_t step_count;
    step root[THAGI_STACK_KINDS]; /* of those who allocate and those who free: they alternate */
    step hooks;                   /* from within a hook to its caller */
    memo_set memos[THAGI_STACK_KINDS][MEMO_SETS];
    entry *entries;
    uint32_t room, count;
    step *free, *free_end; /* of the present page */
    uint8_t *page;         /* pages are chained by their first word */
    uint8_t *flags;        /* by node: whether it, or a span around it, wants stacks */
    uint32_t flag_room, release_room;
    trace_release **releases; /* by node; NULL: nothing was freed there. Outlives the steps */
};

#define ORDERED() __atomic_signal_fence(__ATOMIC_SEQ_CST)

static step no_step = {.address = 1}; /* that is never returned to */

/* --- memory ------------------------------------------------------------------------------------ */

static uint64_t hash_of(const step *from, uint64_t key)
{
    return thagi_hash_mix((uintptr_t)from ^ key * UINT64_C(0x9e3779b97f4a7c15));
}

static entry *entry_at(const thagi_stacks *s, const step *from, uint64_t key)
{
    uint32_t mask = s->room - 1, i = (uint32_t)hash_of(from, key) & mask;
    while (s->entries[i].from && (s->entries[i].from != from || s->entries[i].key != key))
        i = (i + 1) & mask;
    return &s->entries[i];
}

/* Room for one more at two thirds. */
static int entries_grow(thagi_stacks *s)
{
    if (((uint64_t)s->count + 1) * 3 <= (uint64_t)s->room * 2) return 1;
    const entry *old = s->entries;
    uint32_t old_room = s->room, room = old_room ? old_room * 2 : 1024;
    entry *bigger = thagi_plat_map(room * sizeof *bigger);
    if (!bigger) return 0;
    s->entries = bigger;
    s->room = room;
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].from) *entry_at(s, old[i].from, old[i].key) = old[i];
    thagi_plat_unmap((void *)(uintptr_t)old, old_room * sizeof *old);
    return 1;
}

static step *step_alloc(thagi_stacks *s)
{
    if (s->free == s->free_end) {
        uint8_t *page = thagi_plat_map(PAGE_BYTES);
        if (!page) return NULL;
        memcpy(page, &s->page, sizeof s->page);
        s->page = page;
        s->free = (step *)(void *)(page + 64);
        s->free_end = s->free + (PAGE_BYTES - 64) / sizeof *s->free;
    }
    s->step_count++;
    return s->free++;
}

/* Forget all steps. */
static void stacks_clear(thagi_stacks *s)
{
    for (uint8_t *page = s->page, *next; page; page = next) {
        memcpy(&next, page, sizeof next);
        thagi_plat_unmap(page, PAGE_BYTES);
    }
    thagi_plat_unmap(s->entries, s->room * sizeof *s->entries);
    thagi_plat_unmap(s->flags, s->flag_room);
    *s = (thagi_stacks){.releases = s->releases, .release_room = s->release_room};
    s->hooks.caller = &no_step;
    for (int kind = 0; kind < THAGI_STACK_KINDS; kind++) {
        s->root[kind].caller = &no_step;
        s->root[kind].anchor = TRACE_NONE;
    }
    for (int kind = 0; kind < THAGI_STACK_KINDS; kind++)
        for (uint32_t i = 0; i < MEMO_SETS; i++)
            s->memos[kind][i].latest = &s->memos[kind][i].ways[0];
    s->generation = thagi_memory_generation();
}

/* --- what is new ------------------------------------------------------------------------------- */

static __attribute__((__noinline__)) thagi_stacks *stacks_ready(thagi_thread *thread)
{
    int saved_errno = errno;
    thagi_stacks *s = thread->memory.stacks;
    if (!s) s = thread->memory.stacks = thagi_plat_map(sizeof *s);
    if (s) stacks_clear(s);
    errno = saved_errno;
    return s;
}

/* How to find the caller's frame; is_plain if that needs no checks but of the end. */
static thagi_unwind_row row_of(const thagi_plat_object *object, uintptr_t address)
{
    thagi_unwind_row row = thagi_eh_frame_row(object, address);
    int is_aligned = row.offset % 8 == 0 && row.bp % 8 == 0;
    int is_saved_within = row.bp_rule == THAGI_BP_AT_CFA && row.bp < 0 && row.bp >= -row.offset;
    row.is_plain = row.rule == THAGI_UNWIND_SP && row.offset > 0 && is_aligned &&
                   (row.bp_rule == THAGI_BP_KEPT || is_saved_within);
    return row;
}

/* A step that does not lead anywhere yet. NULL: the address is in no module, or there is no memory. */
static step *step_new(thagi_stacks *s, const step *from, uintptr_t address, int *is_code)
{
    thagi_plat_object object;
    /* Most of what is new in a stack was seen in others, which are listed below no step. */
    const entry *listed = s->room ? entry_at(s, &no_step, address) : NULL;
    const step *seen = listed && listed->from ? listed->to.next : NULL;
    *is_code = seen || thagi_plat_object_of(address - 1, &object);
    step *fresh = *is_code && entries_grow(s) ? step_alloc(s) : NULL;
    if (!fresh) return NULL;
    *fresh = (step){.address = address,
                    .caller = &no_step,
                    .callee = from,
                    .anchor = TRACE_NONE,
                    .row = seen ? seen->row : row_of(&object, address)};
    if (!seen) {
        *entry_at(s, &no_step, address) = (entry){&no_step, address, {.next = fresh}};
        s->count++;
    }
    return fresh;
}

/* The step from `from` by a return address that did not come last. NULL: the address is in no module
   (*is_code 0), or there is no memory. */
static __attribute__((__noinline__)) step *step_to(thagi_thread *thread, step *from,
                                                   uintptr_t address, int *is_code)
{
    thagi_stacks *s = thread->memory.stacks;
    const entry *known = s->room ? entry_at(s, from, address) : NULL;
    *is_code = 1;
    if (known && known->from) return known->to.next;
    int saved_errno = errno;
    uint64_t since = thagi_ticks();
    step *fresh = step_new(s, from, address, is_code);
    if (fresh && !entries_grow(s)) fresh = NULL;
    if (fresh) {
        *entry_at(s, from, address) = (entry){from, address, {.next = fresh}};
        s->count++;
    }
    thagi_paused(thread->running, since);
    errno = saved_errno;
    return fresh;
}

/* The node of a call below another one. Kept, for most of a new stack is the same as in others, and to
   ask for it takes the lock. */
static uint32_t node_child(thagi_session *session, thagi_stacks *s, uint32_t parent,
                           uintptr_t address)
{
    const step *from = (const step *)((uintptr_t)parent * 2 + 1); /* no step is at an odd address */
    const entry *known = s->room ? entry_at(s, from, address) : NULL;
    if (known && known->from) return known->to.node;
    uint32_t node = thagi_code_child(session, parent, address, 0);
    if (node == TRACE_NONE || !entries_grow(s)) return node;
    *entry_at(s, from, address) = (entry){from, address, {.node = node}};
    s->count++;
    return node;
}

/* The node of the stack that ends at `last`, from the outermost function down; TRACE_NONE: no room. */
static uint32_t node_below(thagi_session *session, thagi_stacks *s, uint32_t anchor,
                           const step *last)
{
    uint32_t node = anchor & ~BROKEN_BIT;
    if (anchor & BROKEN_BIT) node = node_child(session, s, node, 0);
    for (; last->callee && node != TRACE_NONE; last = last->callee)
        node = node_child(session, s, node, last->address);
    return node;
}

static void *lost(void)
{
    thagi_count(TRACE_LOST_STACK, 1);
    return NULL;
}

static trace_release *release_of(thagi_thread *thread, uint32_t node);

static void *counters_new(thagi_thread *thread, uint32_t node, thagi_stack_kind kind)
{
    if (kind == THAGI_STACK_ALLOC) return thagi_memory_row(thread, node);
    if (kind == THAGI_STACK_FREE) return release_of(thread, node);
    return (void *)((uintptr_t)node + 1);
}

/* Who pays for a stack that hung elsewhere the last time, if anywhere. */
static __attribute__((__noinline__)) void *counters_of(thagi_session *session, thagi_task *task,
                                                       step *last, uint32_t anchor,
                                                       thagi_stack_kind kind)
{
    thagi_stacks *s = task->thread->memory.stacks;
    int saved_errno = errno;
    uint64_t key = NODE_KEY | anchor;
    const entry *known = s->room ? entry_at(s, last, key) : NULL;
    void *counters = known && known->from ? known->to.counters : NULL;
    if (!counters) {
        uint64_t since = thagi_ticks();
        uint32_t node = entries_grow(s) ? node_below(session, s, anchor, last) : TRACE_NONE;
        if (node != TRACE_NONE) counters = counters_new(task->thread, node, kind);
        if (counters) {
            *entry_at(s, last, key) = (entry){last, key, {.counters = counters}};
            s->count++;
        }
        thagi_paused(task, since);
    }
    errno = saved_errno;
    if (!counters) return lost();
    last->anchor = TRACE_NONE; /* a signal handler finds both or none */
    ORDERED();
    last->counters = counters;
    ORDERED();
    last->anchor = anchor;
    return counters;
}

/* --- the walk ---------------------------------------------------------------------------------- */

/* Registers of the function that was called from, just after the call. */
typedef struct walk {
    uintptr_t pc, sp;
    uintptr_t bp;    /* the frame pointer; or, if bp_at, the one that somebody further down had */
    uintptr_t bp_at; /* where it was saved; it is read when somebody needs it. 0: it is in bp */
    uintptr_t limit; /* a frame that reaches above this one has the span */
    uintptr_t hi;    /* end of what can be read */
    memo *memo;      /* what takes note of the walk; NULL: nothing */
} walk;

typedef enum walk_end { WALK_ON, WALK_WHOLE, WALK_BROKEN } walk_end;

/* A word of somebody else's frame, which a build of ours with AddressSanitizer must not mind. */
static inline __attribute__((__no_sanitize_address__)) uintptr_t word_at(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

static inline void note_word(memo *m, uintptr_t address, uintptr_t word)
{
    if (THAGI_LIKELY(m->count < MEMO_WORDS)) {
        m->at[m->count] = (uint32_t)(address - m->sp);
        m->word[m->count++] = word;
    } else {
        m->count = MEMO_WORDS + 1;
    }
}

/* Read a word on which the end of the walk depends. */
static inline uintptr_t read_word(const walk *w, uintptr_t address)
{
    uintptr_t word = word_at(address);
    if (w->memo) note_word(w->memo, address, word);
    return word;
}

/* The frame pointer, where it matters what it is. */
static inline uintptr_t frame_pointer(const walk *w)
{
    if (w->bp_at) return read_word(w, w->bp_at);
    if (w->memo) w->memo->uses_bp = 1;
    return w->bp;
}

/* A frame of the kernel's for a signal handler: it has the registers of what was interrupted. */
static int leave_handler(walk *w)
{
#if defined(__x86_64__) && defined(__linux__)
    ucontext_t *context = (ucontext_t *)w->sp; /* the kernel left its address there */
    if (w->sp % 16 || w->hi - w->sp < sizeof *context) return 0;
    uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    if (sp <= w->sp || sp >= w->hi) return 0;     /* on another stack */
    if (w->memo) w->memo->count = MEMO_WORDS + 1; /* too rare to be worth it */
    w->bp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
    w->bp_at = 0;
    w->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP] + 1; /* as if it were behind a call */
    w->sp = sp;
    return 1;
#else
    (void)w;
    return 0;
#endif
}

/* What is not found by adding a number to the stack pointer or the frame pointer. The CFA, or 0. */
static uintptr_t unusual_frame(const thagi_unwind_row *row, const walk *w)
{
    uintptr_t bp = frame_pointer(w);
    int has_bp = bp >= w->sp && bp < w->hi - 2 * sizeof(uintptr_t) && bp % 8 == 0;
    if (row->rule == THAGI_UNWIND_BP_DEREF) {
        uintptr_t at = bp + (uintptr_t)(intptr_t)row->offset;
        return has_bp && at >= w->sp && at < w->hi - 8 && at % 8 == 0 ? read_word(w, at) : 0;
    }
    /* Code without a description: by frame pointers, if that is what this is. */
    return has_bp ? bp + 2 * sizeof(uintptr_t) : 0;
}

static inline void restore_bp(const thagi_unwind_row *row, walk *w, uintptr_t cfa)
{
    uintptr_t base = THAGI_LIKELY(row->bp_rule == THAGI_BP_AT_CFA) ? cfa : frame_pointer(w);
    uintptr_t at = base + (uintptr_t)(intptr_t)row->bp;
    if (THAGI_UNLIKELY(row->rule == THAGI_UNWIND_UNKNOWN)) at = frame_pointer(w);
    /* A frame pointer is saved in the frame of who uses it. */
    if (THAGI_LIKELY(at - w->sp < cfa - w->sp && at % 8 == 0)) w->bp_at = at;
}

/* From a function to the one that called it. At the start of a thread pc is 0. */
static inline __attribute__((__always_inline__)) walk_end up(const thagi_unwind_row *row, walk *w)
{
    uintptr_t cfa;
    if (THAGI_LIKELY(row->rule == THAGI_UNWIND_SP))
        cfa = w->sp + (uintptr_t)(intptr_t)row->offset;
    else if (THAGI_LIKELY(row->rule == THAGI_UNWIND_BP))
        cfa = frame_pointer(w) + (uintptr_t)(intptr_t)row->offset;
    else if (row->rule == THAGI_UNWIND_END)
        return WALK_WHOLE;
    else if (row->rule == THAGI_UNWIND_SIGNAL)
        return leave_handler(w) ? WALK_ON : WALK_BROKEN;
    else
        cfa = unusual_frame(row, w);
    uintptr_t height = cfa - w->sp;
    if (THAGI_UNLIKELY(height - 1 >= w->hi - w->sp || height % 8)) return WALK_BROKEN;
    if (THAGI_UNLIKELY(cfa > w->limit)) return WALK_WHOLE;
    if (row->bp_rule != THAGI_BP_KEPT || THAGI_UNLIKELY(row->rule == THAGI_UNWIND_UNKNOWN))
        restore_bp(row, w, cfa);
    w->pc = read_word(w, cfa - 8);
    w->sp = cfa;
    return WALK_ON;
}

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

/* The span's function reaches above the stack pointer with which it began the span. */
static inline uintptr_t limit_of(const thagi_task *task, const walk *w)
{
    uintptr_t limit = THAGI_WHERE_SP(task->top->scratch[THAGI_FRAME_WHERE]);
    return THAGI_LIKELY(limit - w->sp < w->hi - w->sp) ? limit : UINTPTR_MAX; /* another stack */
}

/* The start of a walk from the frame of a hook, on the stack that was seen last. */
static inline __attribute__((__always_inline__)) walk walk_at(const thagi_task *task,
                                                              const uintptr_t *frame)
{
    walk w = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .bp = frame[0], .hi = task->stack_hi};
    w.limit = limit_of(task, &w);
    return w;
}

/* The same for any stack, and without an end at the span. */
static walk walk_from(thagi_task *task, const uintptr_t *frame)
{
    walk w = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .bp = frame[0], .limit = UINTPTR_MAX};
    if (w.sp - task->stack_lo >= task->stack_hi - task->stack_lo) find_stack(task, w.sp);
    w.hi = task->stack_hi > w.sp ? task->stack_hi : w.sp;
    return w;
}

static thagi_stacks *stacks_of(thagi_thread *thread)
{
    thagi_stacks *s = thread->memory.stacks;
    if (s && s->generation == thagi_memory_generation() && s->step_count < STEPS_MAX) return s;
    return stacks_ready(thread);
}

/* Who pays for a stack that ends at `last`, if that is known. */
static void *known_counters(const thagi_stacks *s, step *last, uint32_t anchor)
{
    if (THAGI_LIKELY(last->anchor == anchor)) return last->counters;
    const entry *known = s->room ? entry_at(s, last, NODE_KEY | anchor) : NULL;
    if (!known || !known->from) return NULL;
    last->anchor = anchor;
    return last->counters = known->to.counters;
}

/* The next step, if it is known but did not come last. */
static __attribute__((__noinline__)) step *known_step(const thagi_stacks *s, step *at, uintptr_t pc)
{
    const entry *known = s->room ? entry_at(s, at, pc) : NULL;
    return known && known->from ? (at->caller = known->to.next) : NULL;
}

/*
 * The walk along what is known. Written out for frames that are found by adding a number, which was seen
 * to be a good one when the step was made; up() has the rest, and says what an end means.
 */
static void *walk_known(thagi_stacks *s, uint32_t anchor, walk *w, thagi_stack_kind kind)
{
    /* In registers, while it goes on as usual. */
    uintptr_t top = w->limit < w->hi ? w->limit : w->hi;
    uintptr_t pc = w->pc, sp = w->sp, bp_at = w->bp_at;
    step *at = &s->root[kind];
    for (;;) {
        step *next = at->caller;
        if (THAGI_UNLIKELY(next->address != pc)) {
            if (!pc) return known_counters(s, at, anchor);
            next = known_step(s, at, pc);
            if (!next) return NULL;
        }
        at = next;
        uintptr_t cfa = sp + (uintptr_t)(intptr_t)at->row.offset;
        if (THAGI_LIKELY(at->row.is_plain) && THAGI_LIKELY(cfa <= top)) {
            if (at->row.bp_rule != THAGI_BP_KEPT) bp_at = cfa + (uintptr_t)(intptr_t)at->row.bp;
            pc = word_at(cfa - 8);
            note_word(w->memo, cfa - 8, pc);
            sp = cfa;
            continue;
        }
        w->sp = sp;
        w->bp_at = bp_at;
        walk_end end = up(&at->row, w);
        if (end != WALK_ON)
            return known_counters(s, at, end == WALK_WHOLE ? anchor : anchor | BROKEN_BIT);
        pc = w->pc;
        sp = w->sp;
        bp_at = w->bp_at;
    }
}

/* --- walks that were made ---------------------------------------------------------------------- */

static inline int is_as_noted(const memo *m, const walk *w, uint32_t anchor)
{
    if (m->pc != w->pc || m->sp != w->sp || m->limit != w->limit || m->anchor != anchor ||
        (m->uses_bp && m->bp != w->bp) || m->reach > w->hi - w->sp)
        return 0;
    uint32_t i = 0, count = m->count;
    while (i < count && word_at(w->sp + m->at[i]) == m->word[i]) i++;
    return i == count;
}

/* Make the walk, and a memo of it. */
static __attribute__((__noinline__)) void *walk_and_note(thagi_stacks *s, uint32_t anchor, walk *w,
                                                         memo *m, thagi_stack_kind kind)
{
    walk start = *w;
    m->pc = 0;
    m->sp = w->sp;
    m->count = m->uses_bp = 0;
    w->memo = m;
    void *counters = walk_known(s, anchor, w, kind);
    if (!counters || m->count > MEMO_WORDS) return counters;
    m->limit = start.limit;
    m->bp = start.bp;
    m->anchor = anchor;
    m->reach = m->count ? m->at[m->count - 1] + sizeof(uintptr_t) : 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->at[i] + sizeof(uintptr_t) > m->reach) m->reach = m->at[i] + sizeof(uintptr_t);
    m->counters = counters;
    m->pc = start.pc;
    return counters;
}

static __attribute__((__noinline__)) void *other_way(thagi_stacks *s, const thagi_task *task,
                                                     const uintptr_t *frame, memo_set *set,
                                                     thagi_stack_kind kind)
{
    walk w = walk_at(task, frame);
    uint32_t anchor = task->top->node;
    for (memo *m = set->ways; m < set->ways + MEMO_WAYS; m++) {
        if (m == set->latest || !is_as_noted(m, &w, anchor)) continue;
        set->latest = m;
        return m->counters;
    }
    set->victim = (set->victim + 1) % MEMO_WAYS;
    set->latest = &set->ways[set->victim];
    return walk_and_note(s, anchor, &w, set->latest, kind);
}

void *thagi_native_known(thagi_task *task, const uintptr_t *frame, thagi_stack_kind kind)
{
    thagi_stacks *s = task->thread->memory.stacks;
    if (THAGI_UNLIKELY(!s || s->generation != thagi_memory_generation())) return NULL;
    uintptr_t sp = (uintptr_t)(frame + 2), was = task->state;
    if (THAGI_UNLIKELY(sp - task->stack_lo >= task->stack_hi - task->stack_lo)) return NULL;
    task->state = sp; /* a signal handler goes elsewhere */
    ORDERED();
    memo_set *set = &s->memos[kind][(sp >> 4 ^ frame[1]) % MEMO_SETS];
    const memo *m = set->latest;
    walk w = walk_at(task, frame);
    void *counters = m->counters;
    if (THAGI_UNLIKELY(!is_as_noted(m, &w, task->top->node)))
        counters = other_way(s, task, frame, set, kind);
    ORDERED();
    task->state = was;
    return counters;
}

/* The step for a return address; NULL: none, as of step_to(). */
static step *step_by(thagi_task *task, step *at, uintptr_t pc, int *is_code)
{
    step *next = at->caller;
    if (next->address == pc) return next;
    next = step_to(task->thread, at, pc, is_code);
    if (next) at->caller = next;
    return next;
}

/* Through the hook's own frames, to where its caller goes on. 0: that was not found. */
static int leave_hook(thagi_task *task, thagi_stacks *s, walk *w, uintptr_t pc)
{
    enum { OURS_MAX = 16 };
    step *at = &s->hooks;
    int is_code;
    for (int depth = 0; w->pc != pc; depth++) {
        at = depth < OURS_MAX ? step_by(task, at, w->pc, &is_code) : NULL;
        if (!at || up(&at->row, w) != WALK_ON) return 0;
    }
    return 1;
}

void *thagi_native_stack(thagi_session *session, thagi_task *task, const uintptr_t *frame,
                         uintptr_t pc, thagi_stack_kind kind)
{
    thagi_stacks *s = stacks_of(task->thread);
    if (!s) return lost();
    walk w = walk_from(task, frame);
    if (!leave_hook(task, s, &w, pc)) return lost();
    w.limit = limit_of(task, &w);
    step *at = &s->root[kind];
    walk_end end = WALK_ON;
    for (uint32_t depth = 0; end == WALK_ON; depth++) {
        int is_code = 0;
        step *next = depth < FRAMES_MAX ? step_by(task, at, w.pc, &is_code) : NULL;
        if (!next) {
            if (is_code) return lost();
            end = WALK_BROKEN;
            break;
        }
        at = next;
        end = up(&at->row, &w);
        if (end == WALK_ON && !w.pc) end = WALK_WHOLE;
    }
    uint32_t anchor = task->top->node | (end == WALK_BROKEN ? BROKEN_BIT : 0);
    if (at->anchor == anchor) return at->counters;
    return counters_of(session, task, at, anchor, kind);
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
    thagi_stacks *s = stacks_of(task->thread);
    uint32_t node = task->top->node;
    if (THAGI_UNLIKELY(!s)) return 0;
    if (THAGI_LIKELY(node < s->flag_room && s->flags[node])) return s->flags[node] == FLAG_YES;
    return find_flag(session, s, node);
}

uint32_t thagi_heap_stack_node(thagi_task *task, const uintptr_t *frame, uintptr_t pc)
{
    thagi_session *session = thagi_session_now;
    if (thagi_memory_stacks != THAGI_STACKS_ALL && !thagi_native_is_wanted(session, task))
        return TRACE_NONE;
    uintptr_t found = (uintptr_t)thagi_native_stack(session, task, frame, pc, THAGI_STACK_NODE);
    return found ? (uint32_t)(found - 1) : TRACE_NONE;
}

/* --- who frees --------------------------------------------------------------------------------- */

static int releases_grow(thagi_stacks *s, uint32_t node)
{
    uint32_t room = s->release_room ? s->release_room : 1024;
    while (room <= node) room *= 2;
    trace_release **bigger = thagi_plat_map(room * sizeof *bigger);
    if (!bigger) return 0;
    if (s->releases) memcpy(bigger, s->releases, s->release_room * sizeof *bigger);
    thagi_plat_unmap(s->releases, s->release_room * sizeof *bigger);
    s->releases = bigger;
    s->release_room = room;
    return 1;
}

static trace_release *release_of(thagi_thread *thread, uint32_t node)
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
