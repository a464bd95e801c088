/*
 * stack_watch.c - stacks that are switched without a word: the task is found by the stack pointer.
 *
 * Whoever runs on a stack is alone there, so the task of that stack can always be taken, from whichever
 * thread is still said to run it. That thread finds out at its own next call: it stands elsewhere, and
 * touches the task no more unless it can still take it itself. So a task that is watched is only worked on by
 * who stands on its stack, and the owner of a task says who last did.
 */
#include <errno.h>
#include <sched.h>

#include "runtime/span_work.h"
#include "runtime/stack_table.h"
#include "runtime/task.h"

#define PATIENCE_NS UINT64_C(1000000000)
#define GUESS_BELOW ((uintptr_t)8 << 20) /* of a mapping that is too large to be one stack */
#define GUESS_ABOVE ((uintptr_t)1 << 20)

int thagi_stack_is_watched;

static const thag_site found_site = {"coroutine", "", "", 0, TRACE_SITE_TASK, THAG_FLAG_async_fn};

/* --- whose stack -------------------------------------------------------------------------------- */

void thagi_stack_of_thread(thagi_task *base, uintptr_t sp)
{
    int saved_errno = errno;
    uintptr_t lo = 0, hi = 0;
    thagi_plat_thread_stack(sp, &lo, &hi);
    base->stack_lo = lo;
    base->stack_hi = hi;
    base->idle = hi ? THAGI_TASK_WATCHED : THAGI_TASK_CAREFUL;
    errno = saved_errno;
}

static int is_on_signal_stack(uintptr_t sp)
{
    uintptr_t lo, hi;
    int saved_errno = errno;
    int is = thagi_plat_signal_stack(&lo, &hi) && sp - lo < hi - lo;
    errno = saved_errno;
    return is;
}

/* A stack that nobody named: all of its mapping, less what is known there. */
static int guess(uintptr_t sp, thagi_stack *out)
{
    thagi_stack other;
    int saved_errno = errno;
    *out = (thagi_stack){.is_guess = 1};
    int is_mapped = thagi_plat_mapping_of(sp, &out->lo, &out->hi);
    errno = saved_errno;
    if (!is_mapped) return 0;
    if (sp - out->lo > GUESS_BELOW) out->lo = sp - GUESS_BELOW;
    if (out->hi - sp > GUESS_ABOVE) out->hi = sp + GUESS_ABOVE;
    if (thagi_stack_find(out->lo, &other) && other.hi <= sp) out->lo = other.hi;
    if (thagi_stack_find(out->hi - 1, &other) && other.lo > sp) out->hi = other.lo;
    return 1;
}

static int is_alive(const thag_task *handle)
{
    return handle && thagi_handle_task(handle)->generation == thagi_handle_generation(handle);
}

/* A task for a stack that was met for the first time; `from` is held. */
static thag_task *task_for(thagi_task *from, thagi_stack *stack)
{
    thag_task *handle = thagi_task_begin_in(from, &found_site, NULL, 0);
    if (!handle) return NULL;
    thagi_task_set_stack(handle, stack->lo, stack->hi);
    stack->task = handle;
    int is_kept = stack->is_guess ? thagi_stack_insert(stack) : thagi_stack_give(stack->lo, handle);
    if (!is_kept) thagi_count(TRACE_LOST_TASK, 1);
    return handle;
}

/* --- going over --------------------------------------------------------------------------------- */

/* Who is leaving it is about to have left it, but may have to wait for a processor until then; 0: or is no
   more, by all appearances. */
static int is_worth_waiting(uint64_t *since)
{
    uint64_t now = thagi_plat_monotonic_ns();
    if (!*since) *since = now;
    sched_yield();
    return now - *since < PATIENCE_NS;
}

/* Own the task of the stack that we stand on. 0: there is no memory, or it is stuck. */
static int take_over(const thag_task *handle, thagi_thread *thread)
{
    thag_task *t = thagi_handle_task(handle);
    uint64_t since = 0;
    for (;;) {
        thagi_thread *owner = __atomic_load_n(&t->owner, __ATOMIC_RELAXED);
        if (owner == thread) return 1;
        if (owner == THAGI_TASK_LEAVING) {
            if (!is_worth_waiting(&since)) return 0;
        } else if (!owner) {
            if (thagi_task_take(handle, thread)) return 1;
            if (!__atomic_load_n(&t->owner, __ATOMIC_RELAXED)) return 0;
        } else {
            uint64_t now = thagi_ticks();
            __atomic_store_n(&owner->taken_ticks, now, __ATOMIC_RELAXED);
            if (__atomic_compare_exchange_n(&t->owner, &owner, thread, 0, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED)) {
                t->task.turn->since_ticks = now; /* it went on without a pause */
                return thagi_task_adopt(handle, thread);
            }
        }
    }
}

/* Nobody can take it from us any more: it is left, or not ours. */
static int hold_to_leave(thagi_task *task, thagi_thread *thread)
{
    if (!thagi_task_is_users(task)) return 1;
    return __atomic_compare_exchange_n(&((thag_task *)task)->owner, &thread, THAGI_TASK_LEAVING, 0,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* The task of the stack at sp, owned; NULL: it cannot be had. Who begins it is not known: below what the
   thread itself has open is where it is found on every run. */
static thagi_task *find_task(thagi_thread *thread, uintptr_t sp)
{
    thagi_task *from = &thread->base_task;
    thagi_stack stack;
    if (!thagi_stack_find(sp, &stack) && !guess(sp, &stack)) return NULL;
    thag_task *handle = stack.task;
    if (!is_alive(handle)) {
        from->state = sp;
        ORDERED();
        handle = task_for(from, &stack);
        thagi_task_release(from);
    }
    if (!handle || !take_over(handle, thread)) {
        thagi_count(TRACE_LOST_TASK, 1);
        return NULL;
    }
    thagi_handle_task(handle)->place = "another stack";
    return &thagi_handle_task(handle)->task;
}

/* The task that was running here has been taken by who stands on its stack: so we have been on our own
   since then. */
static thagi_task *come_home(thagi_thread *thread, uintptr_t sp)
{
    uint64_t since = __atomic_load_n(&thread->taken_ticks, __ATOMIC_RELAXED);
    thagi_task_arrive(thread, &thread->base_task, sp, since);
    return &thread->base_task;
}

static OUT_OF_WAY thagi_task *missed(thagi_thread *thread, thagi_task *task, uintptr_t sp)
{
    thagi_task *base = &thread->base_task, *to = base;
    if (!thagi_task_is_owned(task, thread)) task = come_home(thread, sp);
    /* A handler that interrupted the runtime, on a stack of its own. */
    if (!thagi_task_is_at_rest(task)) return task;
    /* A stack that has a task is no signal handler's; to ask for that one is a call of the system. */
    if (!THAGI_STACK_IS_ON(base, sp) && (thag_stack_task(sp) || !is_on_signal_stack(sp)))
        to = find_task(thread, sp);
    if (!to) to = base;
    if (to == task) return task;
    if (!hold_to_leave(task, thread)) task = come_home(thread, sp);
    if (to == task) return task;
    task->state = sp;
    ORDERED();
    thagi_task_change(thread, task, to, thagi_ticks());
    return to;
}

thagi_task *thagi_stack_checked(thagi_task *task, uintptr_t sp)
{
    thagi_thread *thread = thagi_thread_here;
    if (!thread || thread->base_task.idle != THAGI_TASK_WATCHED) return task;
    if (!thagi_task_is_owned(task, thread)) return missed(thread, task, sp);
    if (task->idle != THAGI_TASK_WATCHED || THAGI_LIKELY(THAGI_STACK_IS_ON(task, sp))) return task;
    return missed(thread, task, sp);
}

/* --- a switch that nobody announced, and nobody watched for ------------------------------------- */

void thagi_stack_unannounced(thagi_task *task, const trace_frame *frame, const thag_site *site)
{
    uintptr_t sp = task->state;
    const thag_site *other = thagi_frame_cell(frame)->site;
    if (task != &task->thread->base_task || task->idle == THAGI_TASK_WATCHED || task->thread->level)
        return;
    thagi_note(TRACE_STACK_SWITCHED,
               "\"%s\" (%s:%u) was begun on another stack than what went on then%s%s%s: announce "
               "switches (thag_profiler/task.h), or use libthag_async",
               other ? other->name : "?", other ? other->file : "?", other ? other->line : 0,
               site ? ", \"" : "", site ? site->name : "", site ? "\"" : "");
    thag_stack_watch();
    if (thagi_stack_is_watched) thagi_stack_of_thread(&task->thread->base_task, sp);
}

/* --- what the user says ------------------------------------------------------------------------- */

void thag_stack_watch(void)
{
    int saved_errno = errno;
    if (!thagi_stack_is_watched && thagi_stack_table_start()) {
        thagi_stack_is_watched = 1;
        thagi_memory_switch();
        thagi_task *base = thagi_thread_here ? &thagi_thread_here->base_task : NULL;
        if (base && thagi_task_is_at_rest(base)) {
            thagi_stack_of_thread(base, (uintptr_t)__builtin_frame_address(0));
            base->state = base->idle;
        }
    }
    errno = saved_errno;
}

/* The task of a stack that is no more. */
static void end_of(const thagi_stack *stack)
{
    if (is_alive(stack->task)) thag_task_end_at(stack->task, "the end of its stack");
}

static void remove_all(uintptr_t lo, uintptr_t hi)
{
    thagi_stack old;
    while (thagi_stack_take_out(lo, hi, &old)) end_of(&old);
}

void thag_stack_add(const void *low, size_t bytes, thag_task *task)
{
    thagi_stack stack = {.lo = (uintptr_t)low, .hi = (uintptr_t)low + bytes, .task = task};
    if (!bytes || (!task && !thagi_stack_is_watched) || !thagi_stack_table_start()) return;
    remove_all(stack.lo, stack.hi);
    if (!thagi_stack_insert(&stack))
        thagi_count(TRACE_LOST_TASK, 1);
    else if (is_alive(task) && thagi_stack_is_watched)
        thagi_task_set_stack(task, stack.lo, stack.hi);
}

void thag_stack_remove(const void *low, size_t bytes)
{
    thagi_stack old;
    uintptr_t lo = (uintptr_t)low;
    if (bytes)
        remove_all(lo, lo + bytes);
    else if (thagi_stack_take_out_at(lo, &old))
        end_of(&old);
}

thag_task *thag_stack_task(uintptr_t address)
{
    thagi_stack stack;
    return thagi_stack_find(address, &stack) && is_alive(stack.task) ? stack.task : NULL;
}
