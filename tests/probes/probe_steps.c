/*
 * probe_steps.c - a signal at each instruction of what ends or begins a span, one round after the other: in
 * round k it comes after k instructions, or k times STRIDE. See steps.sh.
 *
 *     probe_steps third ROUNDS STRIDE    at the end behind a path's third call, which brings all three to the
 *                                        histogram; the handler leaves by siglongjmp
 *     probe_steps fourth ...             behind its fourth, which took longer than all before; likewise
 *     probe_steps begin ...              at the begin and end of a path that is new, and once more; likewise
 *     probe_steps handler ...            in a handler that interrupted an end; the second handler returns
 *
 * The parent counts the instructions of its child, which is the program that is profiled.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

/* --- the child --------------------------------------------------------------------------------- */

enum { IN_RUNTIME = 80 }; /* instructions behind the stop, we are in the end of the span */

static sigjmp_buf back;
static volatile sig_atomic_t has_come;

/* From here on instructions are counted. */
static inline void steps_begin(void)
{
    syscall(SYS_tgkill, getpid(), gettid(), SIGSTOP);
}

static PROBE_NOINLINE void leaf(void)
{
    THAG_PROFILED();
}

static void jumping_handler(int signal)
{
    THAG_PROFILED();
    (void)signal;
    has_come = 1;
    siglongjmp(back, 1);
}

/* Never reached by who is jumped out of. */
static void await_signal(void)
{
    while (!has_come) continue;
}

/* A path that nobody took before is called so often, the last time for longer. */
static PROBE_NOINLINE void call(int round, int times)
{
    char name[24];
    snprintf(name, sizeof name, "path %d", round);
    for (int i = 0; i < times; i++) {
        THAG_PROFILE(name);
        if (i == 3) probe_spin(20000);
        THAG_END(name);
    }
}

static PROBE_NOINLINE void ended(int round, int times)
{
    THAG_PROFILED();
    call(round, times);
    THAG_PROFILE("stepped");
    steps_begin();
    THAG_END("stepped");
    await_signal();
}

static PROBE_NOINLINE void begun(int round)
{
    THAG_PROFILED();
    char name[24];
    snprintf(name, sizeof name, "path %d", round);
    THAG_PROFILE(name);
    steps_begin();
    leaf();
    leaf();
    THAG_END(name);
    await_signal();
}

static void jumps(int rounds, int times)
{
    for (volatile int round = 0; round < rounds; round++) {
        has_come = 0;
        if (sigsetjmp(back, 1) == 0) {
            if (times)
                ended(round, times);
            else
                begun(round);
        }
        leaf();
    }
}

static PROBE_NOINLINE void in_second(void)
{
    THAG_PROFILED();
}

static void first_handler(int signal)
{
    (void)signal;
    steps_begin();
    THAG_PROFILE("first");
    leaf();
    THAG_END("first");
}

static void second_handler(int signal)
{
    THAG_PROFILED();
    (void)signal;
    in_second();
    has_come = 1;
}

/* Of the path that is interrupted the handler's slot has heard nothing yet. */
static PROBE_NOINLINE void interrupted(int round)
{
    char name[24];
    snprintf(name, sizeof name, "path %d", round);
    has_come = 0;
    THAG_PROFILE(name);
    steps_begin();
    THAG_END(name);
    await_signal();
}

static void handle(int signal, void (*function)(int))
{
    struct sigaction action = {.sa_handler = function};
    PROBE_MUST(!sigaction(signal, &action, NULL));
}

static int child(const char *what, int rounds)
{
    THAG_ENABLE_PROFILING(time);
    if (!strcmp(what, "handler")) {
        handle(SIGUSR1, first_handler);
        handle(SIGUSR2, second_handler);
        for (int round = 0; round < rounds; round++) interrupted(round);
        return 0;
    }
    handle(SIGUSR1, jumping_handler);
    jumps(rounds, !strcmp(what, "third") ? 3 : !strcmp(what, "fourth") ? 4 : 0);
    return 0;
}

/* --- the parent -------------------------------------------------------------------------------- */

/* Goes on with what the child is to get, until it stops again. 0: it has ended. */
static int go_on(pid_t pid, enum __ptrace_request how, int signal, int *status)
{
    if (ptrace(how, pid, NULL, (void *)(intptr_t)signal)) return 0;
    PROBE_MUST(waitpid(pid, status, 0) == pid);
    return WIFSTOPPED(*status);
}

static int step(pid_t pid, int count, int *status)
{
    int is_there = 1, signal = 0;
    for (int i = 0; i < count && is_there; i++) {
        is_there = go_on(pid, PTRACE_SINGLESTEP, signal, status);
        signal = is_there && WSTOPSIG(*status) != SIGTRAP ? WSTOPSIG(*status) : 0;
    }
    return is_there;
}

/* Each stop begins a round; where a second handler is to interrupt the first, every other one does. */
static int count_instructions(pid_t pid, int stride, int is_twofold)
{
    int status, turn = 0;
    PROBE_MUST(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    int is_there = go_on(pid, PTRACE_CONT, 0, &status);
    for (; is_there; turn++) {
        int is_second = is_twofold && turn % 2;
        int count = !is_twofold ? turn * stride : is_second ? turn / 2 * stride : IN_RUNTIME;
        is_there = step(pid, count, &status) &&
                   go_on(pid, PTRACE_CONT, is_second ? SIGUSR2 : SIGUSR1, &status);
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    fprintf(stderr, "in round %d the child died of signal %d\n", turn, WTERMSIG(status));
    return 1;
}

/* Two that wait for each other in turn need no second processor, which would only have to be woken. */
static void stay_here(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
}

int main(int argc, char **argv)
{
    PROBE_MUST(argc == 4);
    stay_here();
    pid_t pid = fork();
    PROBE_MUST(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) return 77;
        raise(SIGSTOP);
        return child(argv[1], atoi(argv[2]));
    }
    return count_instructions(pid, atoi(argv[3]), !strcmp(argv[1], "handler"));
}
