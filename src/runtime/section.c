/*
 * section.c - sections: spans that are ended by name; and pauses, in which no span is begun.
 */
#include <errno.h>
#include <string.h>

#include "runtime/runtime.h"

/*
 * Names of sections that ask only for what is not being recorded: their ends are no strays. Keyed by
 * the pointer, which is the same for equal literals of one source file; a name that is not found so
 * costs a slow look-up, nothing else.
 */
#define MUTED_ROOM 64
static const char *muted[MUTED_ROOM];

static const char **muted_entry(const char *name)
{
    return &muted[((uintptr_t)name >> 3) % MUTED_ROOM];
}

static __attribute__((__noinline__)) void mute(const thag_site *site, const char *name)
{
    const char **entry = muted_entry(name);
    if (__atomic_load_n(entry, __ATOMIC_RELAXED) == name) return;
    __atomic_store_n(entry, name, __ATOMIC_RELAXED);
    thagi_session *session = thagi_session_now;
    if (!session || !site->name) return;
    thagi_plat_signals saved;
    int saved_errno = errno;
    thagi_lock(session, &saved);
    thagi_site_mute(session, site);
    thagi_unlock(session, &saved);
    errno = saved_errno;
}

__attribute__((__noinline__)) const thag_site *thagi_site_of_name(const thag_site *site,
                                                                  const char *name)
{
    thagi_session *session = thagi_session_now;
    thagi_plat_signals saved;
    int saved_errno = errno;
    if (!session) return NULL;
    thagi_lock(session, &saved);
    const thag_site *named = thagi_site_named(session, site, name ? name : "(null)");
    thagi_unlock(session, &saved);
    errno = saved_errno;
    return named;
}

thag_token thag_section_begin(const thag_site *site, const char *name)
{
    uint64_t where = THAGI_WHERE();
    uintptr_t sp = THAGI_WHERE_SP(where);
    unsigned kinds = site->flags & 3u;
    if (THAGI_UNLIKELY(!(THAG_ACTIVE_ & (kinds ? kinds : 3u)))) {
        mute(site, name);
        return 0;
    }
    thagi_task *task = thagi_task_here(sp);
    if (!task) return 0;
    if (THAGI_UNLIKELY(task->pauses)) {
        if (!(site->flags & THAG_FLAG_unbounded)) task->paused_sections++;
        return 0;
    }
    if (THAGI_UNLIKELY(!site->name)) site = thagi_site_of_name(site, name);
    if (!site) {
        thagi_count(TRACE_LOST_MEMORY, 1);
        return 0;
    }
    task->state = sp;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thagi_span_settle(task);
    thag_token token = thagi_span_push(task, site, where);
    thagi_task_release(task);
    return token;
}

static int frame_is_section(const trace_frame *frame, const char *name)
{
    const thag_site *site = thagi_frame_cell(frame)->site;
    if (!site || site->kind != TRACE_SITE_SECTION || frame->start_ticks == TRACE_CLOSED) return 0;
    return site->name == name || strncmp(site->name, name, TRACE_NAME_MAX) == 0; /* it may be cut */
}

static void stray_end(thagi_task *task, const char *name)
{
    thagi_session *session = thagi_session_now;
    if (!(THAG_ACTIVE_ & THAGI_RECORDING)) return; /* begun when nothing was recorded */
    if (__atomic_load_n(muted_entry(name), __ATOMIC_RELAXED) == name) return;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    int expected = thagi_site_is_muted(session, name);
    thagi_unlock(session, &saved);
    if (expected) return;
    const thag_site *inside = thagi_frame_cell(task->top)->site;
    thagi_note(TRACE_STRAY_END, "end of section \"%s\" inside \"%s\" (%s:%u), where it is not open",
               name, inside ? inside->name : "the thread", inside ? inside->file : "?",
               inside ? inside->line : 0);
}

/* The end of a section that is not on top: its own time is right, the others go on unharmed. */
static __attribute__((__noinline__)) void end_out_of_order(thagi_task *task, const char *name,
                                                           uint64_t now)
{
    int saved_errno = errno;
    trace_frame *frame = task->top;
    while (frame > task->base && !frame_is_section(frame, name)) frame--;
    if (frame == task->base) {
        stray_end(task, name);
    } else {
        const thag_site *outer = thagi_frame_cell(frame)->site,
                        *inner = thagi_frame_cell(task->top)->site;
        thagi_note(TRACE_CROSSED_END,
                   "section \"%s\" (%s:%u) ended before \"%s\" (%s:%u), which was begun inside it",
                   name, outer ? outer->file : "?", outer ? outer->line : 0,
                   inner ? inner->name : "?", inner ? inner->file : "?", inner ? inner->line : 0);
        thagi_span_check_stack(task);
        thagi_span_close_under(task, frame, now);
    }
    errno = saved_errno;
}

void thag_section_end(const char *name)
{
    uintptr_t sp = THAGI_WHERE_SP(THAGI_WHERE());
    uint64_t now = thagi_ticks();
    thagi_task *task = thagi_task_here(sp);
    if (!task) return;
    if (THAGI_UNLIKELY(task->paused_sections)) {
        task->paused_sections--;
        return;
    }
    if (!name) name = "(null)"; /* as it was begun */
    task->state = sp;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thagi_span_settle(task);
    int is_top = task->top > task->base && frame_is_section(task->top, name);
    if (THAGI_UNLIKELY(!is_top && task->top > task->base)) {
        thagi_span_drop_dead(task, (uint64_t)sp << 16, NULL);
        is_top = frame_is_section(task->top, name);
    }
    if (THAGI_LIKELY(is_top)) {
        thagi_span_pop(task, now);
        thagi_span_settle(task);
    } else {
        end_out_of_order(task, name, now);
    }
    thagi_task_release(task);
}

/* --- pauses ------------------------------------------------------------------------------------ */

/* Usable may mean: joined now, in a child of fork() that goes on in a pause. */
static thagi_task *current_task(uintptr_t sp)
{
    thagi_task *task = thagi_current;
    return thagi_task_is_ready(task) ? task : thagi_task_usable(task, sp);
}

int thag_pause(void)
{
    uintptr_t sp = THAGI_WHERE_SP(THAGI_WHERE());
    thagi_task *task = THAG_ACTIVE_ & THAGI_RECORDING ? current_task(sp) : NULL;
    if (!task) return 0;
    task->pauses++;
    thagi_task_release(task);
    return 1;
}

void thag_resume(void)
{
    thagi_task *task = current_task(THAGI_WHERE_SP(THAGI_WHERE()));
    if (!task || !task->pauses) return;
    if (--task->pauses == 0) task->paused_sections = 0;
    thagi_task_release(task);
}
