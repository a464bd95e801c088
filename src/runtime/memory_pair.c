/*
 * memory_pair.c - who frees what who allocated: a block of the trace for each pair of paths that met, in
 * the slot that freed. See memory.h.
 *
 * Found by the pair that the freeing path met last, else in a hash table of the slot, for which neither the
 * task need be held nor a signal handler be feared: an entry is one store, and a table that has become too
 * small stays as it is, mapped. Only what is new needs the task.
 */
#include <errno.h>
#include <string.h>

#include "runtime/memory.h"

#define PAIRS_AT_FIRST 256u
#define PAIRS_MAX      65536u /* of a slot: 4 MiB of the trace */

struct thagi_pairs {
    uint32_t mask, count; /* entries less 1; entries in use */
    trace_pair *at[1];    /* in truth mask + 1; NULL: free */
};

static uint32_t pair_hash(uint32_t node, uint32_t releaser)
{
    return (uint32_t)thagi_hash_mix((uint64_t)releaser << 32 | node);
}

/* Where it is, or would be. */
static trace_pair **entry_of(thagi_pairs *pairs, uint32_t node, uint32_t releaser)
{
    uint32_t i = pair_hash(node, releaser) & pairs->mask;
    for (;; i = (i + 1) & pairs->mask) {
        const trace_pair *pair = __atomic_load_n(&pairs->at[i], __ATOMIC_RELAXED);
        if (!pair || (pair->node == node && pair->releaser == releaser)) return &pairs->at[i];
    }
}

static void remember(trace_release *release, trace_pair *pair)
{
    __atomic_store_n(&release->scratch, (uintptr_t)pair, __ATOMIC_RELAXED);
}

trace_pair *thagi_pair_known(const thagi_memory *memory, trace_release *release, uint32_t node)
{
    thagi_pairs *pairs = memory->pairs;
    trace_pair *pair = pairs ? *entry_of(pairs, node, release->node) : NULL;
    if (pair) remember(release, pair);
    return pair;
}

/* Room for one more at half load. */
static int pairs_grow(thagi_memory *memory)
{
    thagi_pairs *old = memory->pairs;
    if (old && old->count >= PAIRS_MAX) return 0;
    if (old && 2 * (old->count + 1) <= old->mask) return 1;
    uint32_t room = old ? 2 * (old->mask + 1) : PAIRS_AT_FIRST;
    thagi_pairs *bigger = thagi_plat_map(sizeof *bigger + room * sizeof bigger->at[0]);
    if (!bigger) return 0;
    bigger->mask = room - 1;
    bigger->count = old ? old->count : 0;
    for (uint32_t i = 0; old && i <= old->mask; i++)
        if (old->at[i]) *entry_of(bigger, old->at[i]->node, old->at[i]->releaser) = old->at[i];
    __atomic_store_n(&memory->pairs, bigger, __ATOMIC_RELEASE);
    return 1;
}

/* With the task held. NULL: there is no room. */
static trace_pair *pair_new(thagi_thread *thread, trace_release *release, uint32_t node)
{
    int saved_errno = errno;
    trace_pair *pair =
        pairs_grow(&thread->memory) ? thagi_thread_alloc(thread, sizeof *pair) : NULL;
    errno = saved_errno;
    if (!pair) return NULL;
    pair->node = node;
    pair->releaser = release->node;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pair->kind = TRACE_PAIR; /* last: now a reader sees it */
    *entry_of(thread->memory.pairs, node, release->node) = pair;
    thread->memory.pairs->count++;
    remember(release, pair);
    return pair;
}

trace_pair *thagi_pair_new(thagi_task *task, int is_held, trace_release *release, uint32_t node)
{
    uintptr_t was = task->state;
    trace_pair *pair = NULL;
    if (is_held) return pair_new(task->thread, release, node);
    if (!thagi_task_is_ready(task)) return NULL; /* a handler, in the middle of something */
    task->state = (uintptr_t)__builtin_frame_address(0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pair = pair_new(task->thread, release, node);
    thagi_memory_leave_task(task, was);
    return pair;
}
