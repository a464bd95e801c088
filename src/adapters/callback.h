/*
 * callback.h - what the adapters of event loops have in common: which callbacks are the program's, what
 * they are called, and the records that go with them.
 *
 * An adapter stands between a program and a library: it defines the library's functions that take a
 * callback, remembers with the handle or request where the program was and what it passed, and passes the
 * library a callback of its own, which continues that position and calls the program's.
 *
 * All of it runs in the profiled process: no heap, no streams, errno kept.
 */
#ifndef THAGI_CALLBACK_H
#define THAGI_CALLBACK_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#ifndef THAG_TIME_PROFILING
#define THAG_TIME_PROFILING
#endif
#include "thag_profiler/context.h"

/* A function of the program's that a library is to call. Never freed. */
typedef struct callback {
    uintptr_t function;
    const thag_site *site; /* NULL: not the program's, left alone */
    struct callback *next; /* in its bucket */
} callback;

/**
 * The callback of a function; NULL if it is none of the program's (a library registered it for itself),
 * if nothing is being recorded, or there is no memory. Threads: any.
 */
const callback *adapter_callback(uintptr_t function);

/**
 * The same of a place within a function, where no function is known to be called: it shows as what the
 * place is, and the function's name.
 */
const callback *adapter_place(uintptr_t address, const char *what);

/** The function that the next library in line has under a name; `soname` where the name is not in
    the program's own scope. Does not return without it. */
uintptr_t adapter_real(const char *name, const char *soname);

/** Continue a position with a callback: the token is for adapter_leave(). */
static inline thag_token adapter_enter(const thag_ctx *ctx, const callback *cb)
{
    return __builtin_expect(THAG_ACTIVE_ & 3, 1) ? thag_ctx_attach(ctx, cb->site, NULL) : 0;
}

static inline void adapter_leave(thag_token token)
{
    if (__builtin_expect(token != 0, 1)) thag_ctx_detach(token);
}

/** A position whose waiting is not counted: of what is watched, rather than waited for. */
static inline thag_ctx adapter_watch(void)
{
    thag_ctx ctx = thag_ctx_capture();
    ctx.since = 0;
    return ctx;
}

/* Records of one size, in address space that is reserved for them, so that a pointer which is perhaps one
   can be told before it is followed. */
typedef struct adapter_pool {
    size_t size; /* of a record; at least a pointer's */
    char *first, *next;
    void *spare;
    int lock;
} adapter_pool;

/** A record, all zeros; NULL if there is no room. */
void *adapter_pool_take(adapter_pool *pool);
void adapter_pool_give(adapter_pool *pool, void *record);
/** Whether it can be a record of the pool. */
int adapter_pool_has(const adapter_pool *pool, const void *record);

static inline void adapter_lock(int *lock)
{
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static inline void adapter_unlock(int *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
