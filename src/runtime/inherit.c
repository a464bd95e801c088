/*
 * inherit.c - a forked child goes on inside the spans that its parent had open: they are begun anew
 * in the child's own trace, at the time of its first span, under the tokens that the code has. Forked within a
 * task, it is below what that task hung from, too.
 */
#include "runtime/runtime.h"

static thagi_inherited inherited;
enum { PATH_MAX_DEPTH = 64 };
static int is_of_last_fork; /* in a child; 0 in one of _Fork() or clone(), which run no handlers */

void thagi_inherit_parent(void)
{
    is_of_last_fork = 0;
}

/* The next one; the entry of the same depth is the one that is overwritten. 0: no room. */
static int save(const thag_site *site, thag_token token, uint64_t where)
{
    uint32_t i = inherited.count;
    if (i == THAGI_INHERIT_MAX || !site) return 0;
    inherited.span[i] = (struct thagi_inherited_span){token, site, where};
    inherited.count = i + 1;
    return 1;
}

/* The site of a node, and its parent. NULL: the root's, or gone with its module. */
static const thag_site *step_up(thagi_session *session, uint32_t *node)
{
    if (*node == 0 || *node == TRACE_NONE) return NULL;
    trace_node at = ((const trace_node *)session->nodes.items)[*node];
    *node = at.parent;
    return thagi_site_of_id(session, at.site);
}

/* The path that a task hangs from, from the root on. */
static void save_path(const thagi_task *task)
{
    const thag_site *path[PATH_MAX_DEPTH];
    uint32_t depth = 0, node = task->base->node;
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    while (depth < PATH_MAX_DEPTH && (path[depth] = step_up(session, &node))) depth++;
    thagi_unlock(session, &saved);
    if (node) return; /* not all of it: rather none */
    while (depth) save(path[--depth], 0, task->base->scratch[THAGI_FRAME_WHERE]);
}

void thagi_inherit_save(const thagi_task *task)
{
    inherited.count = 0;
    inherited.pauses = task->pauses;
    inherited.paused_sections = task->paused_sections;
    is_of_last_fork = 1;
    if (task->state == THAGI_TASK_UNUSABLE) return;
    const thagi_inherited *old = task->is_users ? NULL : task->thread->inherited;
    if (task->is_users) save_path(task);
    for (const trace_frame *frame = task->base + 1; frame <= task->top; frame++) {
        uint32_t i = inherited.count;
        if (frame->start_ticks == TRACE_CLOSED) return;
        /* A span that was itself inherited keeps the token that the code knows. */
        uint64_t token = old && i < old->count ? old->span[i].token : frame->start_ticks;
        if (!save(thagi_frame_cell(frame)->site, token, frame->scratch[THAGI_FRAME_WHERE])) return;
    }
}

int thagi_inherits(void)
{
    return is_of_last_fork && inherited.count > 0;
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
    task->thread->inherited = &inherited;
    task->pauses = inherited.pauses;
    task->paused_sections = inherited.paused_sections;
    task->state = task->pauses ? THAGI_TASK_CAREFUL : idle;
}
