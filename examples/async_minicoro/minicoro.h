/*
 * minicoro.h - a stand-in: the part of minicoro's interface that this example uses, so that it builds without
 * it. Put the real one (github.com/edubart/minicoro) in its place and nothing else changes.
 *
 * #define MINICORO_IMPL in one file. A coroutine is one block of memory: mco_coro, then its stack. The switch
 * is a few instructions on x86-64, ucontext elsewhere.
 */
#ifndef MINICORO_H
#define MINICORO_H

#include <stddef.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

typedef enum mco_state { MCO_DEAD, MCO_NORMAL, MCO_RUNNING, MCO_SUSPENDED } mco_state;
typedef enum mco_result {
    MCO_SUCCESS,
    MCO_NOT_SUSPENDED,
    MCO_NOT_RUNNING,
    MCO_OUT_OF_MEMORY
} mco_result;

#if defined(__x86_64__)
typedef void *mco_place_; /* a stack pointer, with what a function keeps for its caller above */
#else
typedef ucontext_t mco_place_;
#endif

typedef struct mco_coro mco_coro;
struct mco_coro {
    mco_place_ place, resumer; /* where it goes on; where who resumed it does */
    mco_state state;
    void (*func)(mco_coro *co);
    mco_coro *prev_co; /* which resumed it; NULL: the thread itself */
    void *user_data;
    size_t coro_size;
};

typedef struct mco_desc {
    void (*func)(mco_coro *co);
    void *user_data;
    size_t coro_size, stack_size;
} mco_desc;

mco_desc mco_desc_init(void (*func)(mco_coro *co), size_t stack_size);
mco_result mco_create(mco_coro **out_co, mco_desc *desc);
mco_result mco_destroy(mco_coro *co);
mco_result mco_resume(mco_coro *co);
mco_result mco_yield(mco_coro *co);
mco_state mco_status(mco_coro *co);
void *mco_get_user_data(mco_coro *co);

#endif /* MINICORO_H */

#ifdef MINICORO_IMPL
#undef MINICORO_IMPL

#include <stdint.h>
#include <stdlib.h>

enum { MCO_HEAD_BYTES = (sizeof(mco_coro) + 63) & ~63u };

static __thread mco_coro *mco_now;

static void mco_main_(mco_coro *co)
{
    co->func(co);
    co->state = MCO_DEAD;
    mco_yield(co);
}

#if defined(__x86_64__)

void mco_switch_(mco_place_ *from, const mco_place_ *to);
void mco_first_(void); /* what a new stack begins with */
__asm__(".pushsection .text\n"
        ".type mco_switch_, @function\n"
        "mco_switch_:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq (%rsi), %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
        "  ret\n"
        ".size mco_switch_, . - mco_switch_\n"
        ".type mco_first_, @function\n"
        "mco_first_:\n"
        "  movq %r12, %rdi\n"
        "  callq *%r13\n"
        "  ud2\n"
        ".size mco_first_, . - mco_first_\n"
        ".popsection\n");

static void mco_prepare_(mco_coro *co, char *stack, size_t bytes)
{
    uintptr_t *top = (uintptr_t *)(void *)(stack + bytes) - 1;
    *top = (uintptr_t)mco_first_;
    top[-3] = (uintptr_t)co;        /* r12 */
    top[-4] = (uintptr_t)mco_main_; /* r13 */
    co->place = top - 6;
}

#else

static void mco_switch_(mco_place_ *from, const mco_place_ *to)
{
    swapcontext(from, to);
}

static void mco_first_(unsigned low, unsigned high)
{
    mco_main_((mco_coro *)((uintptr_t)high << 16 << 16 | low));
}

static void mco_prepare_(mco_coro *co, char *stack, size_t bytes)
{
    getcontext(&co->place);
    co->place.uc_stack.ss_sp = stack;
    co->place.uc_stack.ss_size = bytes;
    makecontext(&co->place, (void (*)(void))mco_first_, 2, (unsigned)(uintptr_t)co,
                (unsigned)((uintptr_t)co >> 16 >> 16));
}

#endif

mco_desc mco_desc_init(void (*func)(mco_coro *co), size_t stack_size)
{
    mco_desc desc = {func, NULL, 0, stack_size ? (stack_size + 15) & ~(size_t)15 : 56 * 1024};
    desc.coro_size = MCO_HEAD_BYTES + desc.stack_size;
    return desc;
}

mco_result mco_create(mco_coro **out_co, mco_desc *desc)
{
    mco_coro *co = *out_co = calloc(1, desc->coro_size);
    if (!co) return MCO_OUT_OF_MEMORY;
    co->state = MCO_SUSPENDED;
    co->func = desc->func;
    co->user_data = desc->user_data;
    co->coro_size = desc->coro_size;
    mco_prepare_(co, (char *)co + MCO_HEAD_BYTES, desc->stack_size);
    return MCO_SUCCESS;
}

mco_result mco_destroy(mco_coro *co)
{
    if (co->state != MCO_DEAD && co->state != MCO_SUSPENDED) return MCO_NOT_SUSPENDED;
    free(co);
    return MCO_SUCCESS;
}

mco_result mco_resume(mco_coro *co)
{
    if (co->state != MCO_SUSPENDED) return MCO_NOT_SUSPENDED;
    co->state = MCO_RUNNING;
    co->prev_co = mco_now;
    if (co->prev_co) co->prev_co->state = MCO_NORMAL;
    mco_now = co;
    mco_switch_(&co->resumer, &co->place);
    return MCO_SUCCESS;
}

mco_result mco_yield(mco_coro *co)
{
    if (co->state != MCO_RUNNING && co->state != MCO_DEAD) return MCO_NOT_RUNNING;
    if (co->state == MCO_RUNNING) co->state = MCO_SUSPENDED;
    mco_now = co->prev_co;
    if (mco_now) mco_now->state = MCO_RUNNING;
    mco_switch_(&co->place, &co->resumer);
    return MCO_SUCCESS;
}

mco_state mco_status(mco_coro *co)
{
    return co->state;
}

void *mco_get_user_data(mco_coro *co)
{
    return co->user_data;
}

#endif /* MINICORO_IMPL */
