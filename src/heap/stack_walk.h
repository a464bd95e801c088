/*
 * stack_walk.h - from a frame to the one that called it.
 *
 * Memory that is read lies between the hook's frame and the end of the mapping that it is in, and each
 * frame above the one before: a damaged stack, or a description that is wrong, ends the walk.
 */
#ifndef THAGI_STACK_WALK_H
#define THAGI_STACK_WALK_H

#include <signal.h>

#include "heap/stack_memory.h"

/* Registers of the function that was called from, just after the call. */
typedef struct thagi_walk {
    uintptr_t pc, sp;
    uintptr_t
        bp_at; /* where the frame pointer was saved by somebody further in; read when needed */
    uintptr_t limit;               /* a frame that reaches above this one has the span */
    uintptr_t hi;                  /* end of what can be read */
    thagi_seen *notes, *notes_end; /* what the walk read, and where the next one goes */
    int is_odd;                    /* it depends on more than that */
} thagi_walk;

typedef enum thagi_walk_end {
    THAGI_WALK_ON,
    THAGI_WALK_WHOLE,
    THAGI_WALK_BROKEN, /* it ended before it should */
    THAGI_WALK_LOST    /* what comes next is not known yet, or there is no memory for it */
} thagi_walk_end;

/* A word of somebody else's frame, which a build of ours with AddressSanitizer must not mind. */
static inline __attribute__((__no_sanitize_address__)) uintptr_t thagi_word_at(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

/** Note that the walk is what it is because `word` is there: a return address, `node` 0, or another. NULL:
    there is no room for more. */
static inline thagi_seen *thagi_walk_note(thagi_walk *w, uintptr_t address, uintptr_t word,
                                          uint32_t node)
{
    if (THAGI_UNLIKELY(w->notes == w->notes_end)) {
        w->is_odd = 1;
        return NULL;
    }
    *w->notes = (thagi_seen){address, word, w->bp_at, node, node == THAGI_READ_OTHER, 0};
    return w->notes++;
}

/* A word that is no return address. */
static inline uintptr_t thagi_walk_read(thagi_walk *w, uintptr_t address)
{
    uintptr_t word = thagi_word_at(address);
    thagi_walk_note(w, address, word, THAGI_READ_OTHER);
    return word;
}

/* A frame of the kernel's for a signal handler: it has the registers of what was interrupted. */
static inline int thagi_walk_leave_handler(thagi_walk *w)
{
#if defined(__x86_64__) && defined(__linux__)
    ucontext_t *context = (ucontext_t *)w->sp; /* the kernel left its address there */
    if (w->sp % 16 || w->hi - w->sp < sizeof *context) return 0;
    uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    if (sp <= w->sp || sp >= w->hi) return 0; /* on another stack */
    w->bp_at = (uintptr_t)&context->uc_mcontext.gregs[REG_RBP];
    w->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP] + 1; /* as if it were behind a call */
    w->sp = sp;
    w->is_odd = 1; /* too rare to take note of */
    return 1;
#else
    (void)w;
    return 0;
#endif
}

/* What is not found by adding a number to the stack pointer or the frame pointer. The CFA, or 0. */
static inline uintptr_t thagi_walk_unusual(const thagi_unwind_row *row, thagi_walk *w)
{
    uintptr_t bp = thagi_walk_read(w, w->bp_at);
    int has_bp = bp >= w->sp && bp < w->hi - 2 * sizeof(uintptr_t) && bp % 8 == 0;
    if (row->rule == THAGI_UNWIND_BP_DEREF) {
        uintptr_t at = bp + (uintptr_t)(intptr_t)row->offset;
        int can = has_bp && at >= w->sp && at < w->hi - 8 && at % 8 == 0;
        return can ? thagi_walk_read(w, at) : 0;
    }
    /* Code without a description: by frame pointers, if that is what this is. */
    return has_bp ? bp + 2 * sizeof(uintptr_t) : 0;
}

/* A frame pointer is saved in the frame of who uses it. */
static inline void thagi_walk_saved_bp(thagi_walk *w, uintptr_t at, uintptr_t height)
{
    if (THAGI_LIKELY(at - w->sp < height && at % 8 == 0)) w->bp_at = at;
}

/** From a function to the one that called it. At the start of a thread pc is 0. */
static inline thagi_walk_end thagi_walk_up(const thagi_unwind_row *row, thagi_walk *w)
{
    uintptr_t cfa, displacement = (uintptr_t)(intptr_t)row->bp;
    if (row->rule == THAGI_UNWIND_SP)
        cfa = w->sp + (uintptr_t)(intptr_t)row->offset;
    else if (row->rule == THAGI_UNWIND_BP)
        cfa = thagi_walk_read(w, w->bp_at) + (uintptr_t)(intptr_t)row->offset;
    else if (row->rule == THAGI_UNWIND_END)
        return THAGI_WALK_WHOLE;
    else if (row->rule == THAGI_UNWIND_SIGNAL)
        return thagi_walk_leave_handler(w) ? THAGI_WALK_ON : THAGI_WALK_BROKEN;
    else
        cfa = thagi_walk_unusual(row, w);
    uintptr_t height = cfa - w->sp;
    if (height - 1 >= w->hi - w->sp || height % 8) return THAGI_WALK_BROKEN;
    if (cfa > w->limit) return THAGI_WALK_WHOLE;
    if (row->bp_rule == THAGI_BP_AT_CFA) thagi_walk_saved_bp(w, cfa + displacement, height);
    if (row->bp_rule == THAGI_BP_AT_BP)
        thagi_walk_saved_bp(w, thagi_walk_read(w, w->bp_at) + displacement, height);
    w->pc = thagi_word_at(cfa - 8);
    w->sp = cfa;
    if (w->pc) return THAGI_WALK_ON;
    thagi_seen *end = thagi_walk_note(w, cfa - 8, 0, THAGI_READ_OTHER);
    if (end) end->uses_bp = 0;
    return THAGI_WALK_WHOLE;
}

/** The same of a frame that is found by adding a number, as most are, if it leads to another call; else
    0, and the walk is where it was. top: hi or limit, whichever is less. */
static inline __attribute__((__always_inline__)) int
thagi_walk_up_plain(const thagi_unwind_row *row, thagi_walk *w, uintptr_t top)
{
    uintptr_t cfa = w->sp + (uintptr_t)(intptr_t)row->offset, pc;
    if (THAGI_UNLIKELY(!row->is_plain) || THAGI_UNLIKELY(cfa > top) ||
        THAGI_UNLIKELY(!(pc = thagi_word_at(cfa - 8))))
        return 0;
    if (row->bp_rule != THAGI_BP_KEPT) w->bp_at = cfa + (uintptr_t)(intptr_t)row->bp;
    w->pc = pc;
    w->sp = cfa;
    return 1;
}

/** The same of one that has a frame pointer. */
static inline __attribute__((__always_inline__)) int
thagi_walk_up_framed(const thagi_unwind_row *row, thagi_walk *w, uintptr_t top)
{
    if (row->rule != THAGI_UNWIND_BP || row->bp_rule != THAGI_BP_AT_CFA) return 0;
    uintptr_t bp = thagi_word_at(w->bp_at), pc;
    uintptr_t cfa = bp + (uintptr_t)(intptr_t)row->offset, height = cfa - w->sp;
    if (THAGI_UNLIKELY(height - 1 >= top - w->sp || height % 8) ||
        THAGI_UNLIKELY(!(pc = thagi_word_at(cfa - 8))))
        return 0;
    thagi_walk_note(w, w->bp_at, bp, THAGI_READ_OTHER);
    thagi_walk_saved_bp(w, cfa + (uintptr_t)(intptr_t)row->bp, height);
    w->pc = pc;
    w->sp = cfa;
    return 1;
}

#endif
