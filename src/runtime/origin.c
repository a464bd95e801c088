/*
 * origin.c - where threads were begun: which thread, task and span made each one that records.
 *
 * What the thread was told stays with it until it records something, and only then is written: threads
 * that never do take no room in the trace.
 */
#include <string.h>

#include "runtime/task.h"

#include "thag_profiler/thread.h"

#define CHUNKS_MAX 16 /* of a trace: 13,072 threads */

/* Of the calling thread, until it takes a slot; thread 0: nothing is known. */
static __thread thag_origin origin_here __attribute__((__tls_model__("initial-exec")));

void thag_origin_capture_to(thag_origin *origin)
{
    thagi_task *task = thagi_current;
    *origin = (thag_origin){.since = thagi_ticks(), .thread = thagi_plat_tid(), .slot = TRACE_NONE};
    if (task->state == THAGI_TASK_UNUSABLE) return;
    if (THAGI_UNLIKELY(thagi_stack_is_watched))
        task = thagi_stack_checked(task, (uintptr_t)__builtin_frame_address(0));
    origin->task = thagi_task_is_users(task) ? thagi_task_record((thag_task *)task)->id : 0;
    origin->node = task->top->node;
    origin->slot = task->thread->slot;
    origin->number = task->thread->shared->thread_count;
}

void thag_thread_begin(const thag_origin *origin)
{
    if (origin && thagi_current->state == THAGI_TASK_UNUSABLE) origin_here = *origin;
}

void thagi_origin_forget(void)
{
    origin_here.thread = 0;
}

static trace_origin *origin_record(thagi_session *session)
{
    if (session->origin_count >= CHUNKS_MAX * TRACE_ORIGINS_A_CHUNK) return NULL;
    return thagi_chunk_append(session, &session->origins, TRACE_ORIGINS, 0, sizeof(trace_origin));
}

void thagi_origin_put(thagi_session *session, thagi_thread *thread)
{
    thag_origin from = origin_here;
    thread->origin = NULL;
    if (!from.thread) return;
    origin_here.thread = 0; /* it may come to a slot again: after exit_key's destructor */
    trace_origin *record = origin_record(session);
    if (!record) {
        thagi_count(TRACE_THREAD_UNLINKED, 1);
        return;
    }
    const trace_thread *shared = thread->shared;
    *record = (trace_origin){.slot = thread->slot,
                             .number = shared->thread_count,
                             .tid = thread->tid,
                             .node = from.node,
                             .spawner_tid = from.thread,
                             .spawner_slot = from.slot,
                             .spawner_number = from.number,
                             .spawner = from.task,
                             .asked_ticks = from.since,
                             .start_ticks = shared->start_ticks};
    memcpy(record->name, shared->name, sizeof record->name);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    session->origins->used += (uint32_t)sizeof *record;
    session->origin_count++;
    thread->origin = record;
}

void thagi_origin_end(thagi_thread *thread)
{
    if (!thread->origin) return;
    memcpy(thread->origin->name, thread->shared->name, sizeof thread->origin->name);
    thread->origin->end_ticks = thread->shared->end_ticks;
    thread->origin = NULL;
}
