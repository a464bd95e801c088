/*
 * thag_profiler/minicoro.h - coroutines of minicoro (0.2 and later) as tasks, by one line:
 *
 *     #include "minicoro.h"
 *     #include "thag_profiler/minicoro.h"
 *
 * in every file that makes, resumes or destroys coroutines; nothing else changes. mco_create() begins a
 * task, mco_resume() enters it, mco_yield() needs nothing; it ends when the coroutine's function returns, or
 * by mco_destroy(). It is named after the function that this file gives to mco_desc_init(), and "coroutine"
 * where that is done in another.
 *
 * A coroutine that is made in a file without this header, or in memory of the program's own, is resumed as if this
 * were not there; libthag_async finds it by its stack (thag_profiler/stack.h).
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_MINICORO_H
#define THAG_PROFILER_MINICORO_H

#include "task.h"

#ifndef MINICORO_H
#error "include minicoro.h before thag_profiler/minicoro.h"
#endif

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/* At the end of the coroutine's own memory, which is made that much larger. */
typedef struct thag_mco_slot {
    thag_task *task;
    const mco_coro *owner; /* the coroutine itself: it has a slot */
} thag_mco_slot;

/* A function that was given to mco_desc_init() in this file. */
typedef struct thag_mco_name {
    void (*function)(mco_coro *);
    const char *name;
    struct thag_mco_name *next;
    int is_listed;
} thag_mco_name;
static thag_mco_name *thag_mco_names;

static __inline__ void thag_mco_name_it(thag_mco_name *entry, void (*function)(mco_coro *))
{
    if (__atomic_exchange_n(&entry->is_listed, 1, __ATOMIC_RELAXED)) return;
    entry->function = function;
    entry->next = __atomic_load_n(&thag_mco_names, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&thag_mco_names, &entry->next, entry, 1, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
}

static __inline__ const char *thag_mco_name_of(void (*function)(mco_coro *))
{
    const thag_mco_name *entry = __atomic_load_n(&thag_mco_names, __ATOMIC_ACQUIRE);
    while (entry && entry->function != function) entry = entry->next;
    return entry ? entry->name : "coroutine";
}

/* NULL: it has none. */
static __inline__ thag_mco_slot *thag_mco_slot_of(mco_coro *co)
{
    thag_mco_slot *slot;
    if (!co) return (thag_mco_slot *)0;
    slot = (thag_mco_slot *)(void *)((char *)co + co->coro_size - sizeof *slot);
    return slot->owner == co ? slot : (thag_mco_slot *)0;
}

static __inline__ mco_result thag_mco_create(mco_coro **out, const mco_desc *desc)
{
    mco_desc larger = *desc;
    mco_result result;
    larger.coro_size += sizeof(thag_mco_slot);
    result = mco_create(out, &larger);
    if (result == MCO_SUCCESS) {
        thag_mco_slot *slot =
            (thag_mco_slot *)(void *)((char *)*out + larger.coro_size - sizeof *slot);
        slot->task = thag_task_begin(thag_mco_name_of(desc->func));
        slot->owner = *out;
    }
    return result;
}

static __inline__ void thag_mco_end(thag_mco_slot *slot)
{
    thag_task_end(slot->task);
    slot->task = (thag_task *)0;
}

static __inline__ mco_result thag_mco_resume(mco_coro *co)
{
    thag_mco_slot *slot = thag_mco_slot_of(co);
    mco_result result;
    if (!slot || !slot->task) return mco_resume(co);
    {
        THAG_TASK_RUN(slot->task);
        result = mco_resume(co);
    }
    if (mco_status(co) == MCO_DEAD) thag_mco_end(slot);
    return result;
}

static __inline__ mco_result thag_mco_destroy(mco_coro *co)
{
    thag_mco_slot *slot = thag_mco_slot_of(co);
    thag_task *task = slot ? slot->task : (thag_task *)0;
    mco_result result = mco_destroy(co);
    if (result == MCO_SUCCESS) thag_task_end(task);
    return result;
}

#ifdef __cplusplus
}
#endif

#define mco_desc_init(func, stack_size) \
    __extension__({ \
        static thag_mco_name thag_name_ = {0, #func, 0, 0}; \
        thag_mco_name_it(&thag_name_, func); \
        mco_desc_init(func, stack_size); \
    })
#define mco_create(out, desc) thag_mco_create(out, desc)
#define mco_resume(co)        thag_mco_resume(co)
#define mco_destroy(co)       thag_mco_destroy(co)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_MINICORO_H */
