/*
 * ucontext_hooks.c - makecontext, swapcontext, setcontext: coroutines that the program makes with libc
 * become tasks, without a change to it.
 *
 * Who runs is not looked up by swapcontext(): it keeps its task in a local variable, that is, on the
 * coroutine's own stack, so it is right on whichever thread the coroutine goes on. A coroutine begins in
 * a function of ours, which ends the task when the coroutine's own function returns: from there libc goes
 * on to uc_link by a way of its own.
 */
#include <stdarg.h>
#include <ucontext.h>

#include "hooks/hooks.h"

const char thagi_context_hooks;

#define ARGS_MAX    8
#define STACK_LEAST 4096

/* At the high end of the coroutine's stack, which is ours before anybody uses it. */
typedef struct coroutine {
    thag_task *task;
    void *stack;
    void (*function)(void);
    uintptr_t arg[ARGS_MAX];
} coroutine;

typedef int swap_function(ucontext_t *, const ucontext_t *);
typedef int set_function(const ucontext_t *);
typedef void make_function(ucontext_t *, void (*)(void), int, ...);

static swap_function *real_swapcontext;
static set_function *real_setcontext;
static make_function *real_makecontext;

__attribute__((__constructor__)) static void find_all(void)
{
    hooks_find(&real_swapcontext, "swapcontext");
    hooks_find(&real_setcontext, "setcontext");
    hooks_find(&real_makecontext, "makecontext");
}

int swapcontext(ucontext_t *from, const ucontext_t *to)
{
    if (!real_swapcontext) hooks_need(&real_swapcontext, "swapcontext");
    thag_task *me = thag_task_current();
    if (me) thag_task_switch(NULL); /* before another thread can find us in `from` */
    int result = real_swapcontext(from, to);
    if (me) thag_task_switch(me); /* whoever resumed us left its own task before, or is a thread */
    return result;
}

static uintptr_t target_sp(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.sp;
#else
    (void)context;
    return 0;
#endif
}

/* To a context that getcontext() saved, on this stack or another; or to one that has not begun yet. */
int setcontext(const ucontext_t *to)
{
    if (!real_setcontext) hooks_need(&real_setcontext, "setcontext");
    hooks_jump_to(target_sp(to));
    return real_setcontext(to);
}

/* Arguments are passed as int; whole words come through in registers and on the stack as well. */
static void call(const coroutine *c)
{
    typedef void function(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                          uintptr_t, uintptr_t);
    const uintptr_t *a = c->arg;
    ((function *)(uintptr_t)c->function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

static void begin(unsigned low, unsigned high)
{
    const coroutine *c = (const coroutine *)((uintptr_t)high << 32 | low);
    thag_task_switch(c->task);
    call(c);
    /* Not both: who asks for the current task on a stack that is not known any more makes it one. */
    if (thag_stack_task((uintptr_t)c))
        thag_stack_remove(c->stack, 0);
    else
        thag_task_end(thag_task_current());
}

void makecontext(ucontext_t *context, void (*function)(void), int count, ...)
{
    if (!real_makecontext) hooks_need(&real_makecontext, "makecontext");
    uintptr_t top = (uintptr_t)context->uc_stack.ss_sp + context->uc_stack.ss_size;
    coroutine *c = (coroutine *)((top - sizeof *c) & ~(uintptr_t)63);
    coroutine made = {.function = function, .stack = context->uc_stack.ss_sp};
    va_list args;
    va_start(args, count);
    for (int i = 0; i < count && i < ARGS_MAX; i++) made.arg[i] = (uintptr_t)va_arg(args, long);
    va_end(args);
    void *address;
    __builtin_memcpy(&address, &function, sizeof address);
    if (hooks_come_first() && count <= ARGS_MAX &&
        context->uc_stack.ss_size >= sizeof *c + STACK_LEAST)
        made.task = thag_task_begin(hooks_name_of(address, "coroutine"));
    if (!made.task) {
        const uintptr_t *a = made.arg;
        real_makecontext(context, function, count, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
        return;
    }
    *c = made;
    thag_stack_add(context->uc_stack.ss_sp, context->uc_stack.ss_size, c->task);
    context->uc_stack.ss_size = (size_t)((uintptr_t)c - (uintptr_t)context->uc_stack.ss_sp);
    real_makecontext(context, (void (*)(void))(uintptr_t)begin, 2, (unsigned)(uintptr_t)c,
                     (unsigned)((uintptr_t)c >> 32));
}
