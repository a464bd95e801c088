/*
 * inherit.c - a forked child goes on inside the spans that its parent had open: they are begun anew
 * in the child's own trace, at the time of its first span, under the tokens that the code has.
 */
#include "runtime/runtime.h"

static thagi_inherited inherited;
static int is_of_last_fork; /* in a child; 0 in one of _Fork() or clone(), which run no handlers */

void thagi_inherit_parent(void)
{
    is_of_last_fork = 0;
}

void thagi_inherit_save(const thagi_task *task)
{
    inherited.count = 0;
    inherited.pauses = task->pauses;
    inherited.paused_sections = task->paused_sections;
    is_of_last_fork = 1;
    if (task->state == THAGI_TASK_UNUSABLE) return;
    const thagi_inherited *old = task->inherited;
    for (const trace_frame *frame = task->base + 1; frame <= task->top; frame++) {
        uint32_t i = inherited.count;
        const thag_site *site = thagi_frame_cell(frame)->site;
        if (i == THAGI_INHERIT_MAX || !site || frame->start_ticks == TRACE_CLOSED) return;
        /* A span that was itself inherited keeps the token that the code knows. In place: the entry
           of the same depth is the one that is overwritten. */
        uint64_t token = old && i < old->count ? old->span[i].token : frame->start_ticks;
        inherited.span[i].token = token;
        inherited.span[i].site = site;
        inherited.span[i].where = frame->scratch[THAGI_FRAME_WHERE];
        inherited.count = i + 1;
    }
}

void thagi_inherit_load(thagi_task *task)
{
    /* They are those of the thread that forked, the child's first. */
    if (!is_of_last_fork || thagi_plat_tid() != thagi_plat_pid()) return;
    is_of_last_fork = 0;
    uintptr_t idle = task->state;
    task->state = THAGI_TASK_WATCHED + 1; /* held: a signal handler has to go elsewhere */
    uint32_t done = 0;
    while (done < inherited.count &&
           thagi_span_push(task, inherited.span[done].site, inherited.span[done].where))
        done++;
    inherited.count = done;
    task->inherited = &inherited;
    task->pauses = inherited.pauses;
    task->paused_sections = inherited.paused_sections;
    task->state = task->pauses ? THAGI_TASK_CAREFUL : idle;
}
