/*
 * ucontext_hooks.c - makecontext, swapcontext: coroutines that the program makes with libc become tasks,
 * without a change to it.
 *
 * Who runs is not looked up anywhere: swapcontext() keeps its task in a local variable, that is, on the
 * coroutine's own stack, so it is right on whichever thread the coroutine goes on. A coroutine begins in
 * a function of ours, which ends the task when the coroutine's own function returns: from there libc goes
 * on to uc_link by a way of its own.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "hooks/stack_table.h"

#define ARGS_MAX 8

/* At the high end of the coroutine's stack, which is ours before anybody uses it. */
typedef struct coroutine {
    uint64_t magic; /* MAGIC ^ own address, while the task lives */
    thag_task *task;
    void (*function)(void);
    uintptr_t arg[ARGS_MAX];
} coroutine;
#define MAGIC UINT64_C(0x7468616763726f75)

typedef int swap_function(ucontext_t *, const ucontext_t *);
typedef void make_function(ucontext_t *, void (*)(void), int, ...);

static swap_function *real_swapcontext;
static make_function *real_makecontext;

/* A conversion that C has no word for. */
static void find(const char *name, void *function, size_t size)
{
    void *address = dlsym(RTLD_NEXT, name);
    __builtin_memcpy(function, &address, size);
}

__attribute__((__constructor__)) static void find_all(void)
{
    find("swapcontext", &real_swapcontext, sizeof real_swapcontext);
    find("makecontext", &real_makecontext, sizeof real_makecontext);
}

int swapcontext(ucontext_t *from, const ucontext_t *to)
{
    if (!real_swapcontext) find_all();
    thag_task *me = thag_task_current();
    if (me) thag_task_switch(NULL); /* before another thread can find us in `from` */
    int result = real_swapcontext(from, to);
    if (me) thag_task_switch(me); /* whoever resumed us left its own task before, or is a thread */
    return result;
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
    coroutine *c = (coroutine *)((uintptr_t)high << 32 | low);
    thag_task_switch(c->task);
    call(c);
    c->magic = 0;
    hooks_stack_remove(c->task);
    thag_task_end(c->task);
}

/* The name of the coroutine's function, if the dynamic linker knows it. */
static const char *name_of(void (*function)(void))
{
    Dl_info info;
    void *address;
    __builtin_memcpy(&address, &function, sizeof address);
    return dladdr(address, &info) && info.dli_sname && info.dli_saddr == address ? info.dli_sname
                                                                                 : "coroutine";
}

static void end_previous(coroutine *c)
{
    if (c->magic != (MAGIC ^ (uintptr_t)c)) return;
    c->magic = 0;
    hooks_stack_remove(c->task); /* its stack is used again: it never came to its end */
    thag_task_end(c->task);
}

void makecontext(ucontext_t *context, void (*function)(void), int count, ...)
{
    if (!real_makecontext) find_all();
    uintptr_t top = (uintptr_t)context->uc_stack.ss_sp + context->uc_stack.ss_size;
    coroutine *c = (coroutine *)((top - sizeof *c) & ~(uintptr_t)63);
    va_list args;
    if (context->uc_stack.ss_size >= sizeof *c + 4096) end_previous(c);
    *c = (coroutine){.function = function};
    va_start(args, count);
    for (int i = 0; i < count && i < ARGS_MAX; i++) c->arg[i] = (uintptr_t)va_arg(args, long);
    va_end(args);
    const char *name = name_of(function);
    c->task = thag_task_begin(name);
    if (!c->task || count > ARGS_MAX || context->uc_stack.ss_size < sizeof *c + 4096) {
        thag_task_end(c->task);
        real_makecontext(context, function, count, c->arg[0], c->arg[1], c->arg[2], c->arg[3],
                         c->arg[4], c->arg[5], c->arg[6], c->arg[7]);
        return;
    }
    c->magic = MAGIC ^ (uintptr_t)c;
    hooks_stack_add((uintptr_t)context->uc_stack.ss_sp, top, c->task);
    context->uc_stack.ss_size = (size_t)((uintptr_t)c - (uintptr_t)context->uc_stack.ss_sp);
    real_makecontext(context, (void (*)(void))(uintptr_t)begin, 2, (unsigned)(uintptr_t)c,
                     (unsigned)((uintptr_t)c >> 32));
}
