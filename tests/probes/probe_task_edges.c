/*
 * probe_task_edges.c - coroutines on stacks of their own where something comes across. See task_edges.sh.
 *
 *     forked     a process from within a task
 *     handled    handlers on an alternate stack, which interrupt a task; with "announced" it is told of
 *     jumped     longjmp over spans, on the task's own stack
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"
#include "thag_profiler/task.h"

enum { STACK = 256 * 1024, JUMPS = 1000, DEPTH = 4, HANDLERS = 700 };

static ucontext_t home, self;
static int is_announced;
static volatile uint64_t handled;
static uint64_t leaves;

static PROBE_NOINLINE void leaf(void)
{
    THAG_PROFILED();
    leaves++;
}

/* Runs a function on a stack of its own, which is suspended once in between. */
static void run_coroutine(void (*function)(void))
{
    thag_task *task = is_announced ? thag_task_begin("job") : NULL;

    getcontext(&self);
    self.uc_stack.ss_sp = malloc(STACK);
    self.uc_stack.ss_size = STACK;
    self.uc_link = &home;
    makecontext(&self, function, 0);
    for (int i = 0; i < 2; i++) {
        THAG_TASK_RUN(task);
        swapcontext(&home, &self);
    }
    thag_task_end(task);
    free(self.uc_stack.ss_sp);
}

static void suspend(void)
{
    swapcontext(&self, &home);
}

/* --- fork -------------------------------------------------------------------------------------- */

static void forked(void)
{
    thag_task *task = thag_task_begin("job"), *other = thag_task_begin("idle");
    thag_task *before = thag_task_enter(task);
    THAG_PROFILE("held");
    leaf();
    pid_t pid = fork();
    PROBE_MUST(pid >= 0);
    leaf();
    thag_task_leave(before);
    if (pid == 0) {
        thag_task *own = thag_task_begin("child job");
        {
            THAG_TASK_RUN(own);
            leaf();
        }
        thag_task_end(own);
        thag_task_end(other); /* the parent's */
        exit(0);
    }
    PROBE_MUST(waitpid(pid, NULL, 0) == pid);
    before = thag_task_enter(task);
    leaf();
    THAG_END("held");
    thag_task_leave(before);
    thag_task_end(task);
    thag_task_end(other);
}

/* --- handlers ---------------------------------------------------------------------------------- */

static void handler(int signal)
{
    THAG_PROFILED();
    (void)signal;
    handled++;
}

static void work(void)
{
    THAG_PROFILED();
    for (uint64_t half = 0; half < 2; half++) {
        while (handled < (half + 1) * HANDLERS) leaf();
        if (!half) suspend();
    }
}

static void handled_on_stack(void)
{
    static char stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct itimerval every = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};

    PROBE_MUST(!sigaltstack(&alternative, NULL));
    PROBE_MUST(!sigaction(SIGALRM, &action, NULL));
    PROBE_MUST(!setitimer(ITIMER_REAL, &every, NULL));
    run_coroutine(work);
    PROBE_MUST(!setitimer(ITIMER_REAL, &never, NULL));
    usleep(2000);
    printf("handler %llu\nleaf %llu\n", (unsigned long long)handled, (unsigned long long)leaves);
}

/* --- longjmp ----------------------------------------------------------------------------------- */

static jmp_buf back;

static PROBE_NOINLINE void down(volatile int depth)
{
    THAG_PROFILED();
    leaf();
    if (depth == 1) longjmp(back, 1);
    down(depth - 1);
    depth = 0;
}

static void jumping(void)
{
    THAG_PROFILED();
    for (volatile int i = 0; i < JUMPS; i++) {
        if (!setjmp(back)) down(DEPTH);
        if (i == JUMPS / 2) suspend();
    }
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    is_announced = argc > 2 && strcmp(argv[2], "announced") == 0;

    PROBE_CASE("forked", forked())
    PROBE_CASE("handled", handled_on_stack())
    PROBE_CASE("jumped", run_coroutine(jumping))
    PROBE_NO_CASE();
}
