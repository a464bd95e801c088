/*
 * child.c - the program as a child that does not notice, for a terminal, a shell and a supervisor that
 * do not notice either.
 *
 * The child stays in our process group, so the terminal's keys reach it by themselves, and job control
 * of the shell holds for both. What is sent to us alone is passed on. When it stops, we stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"
#include "thag-run/run.h"

typedef struct signals {
    sigset_t mask;             /* as it was */
    struct sigaction on_child; /* SIGCHLD, as it was */
} signals;

/* Everything waits for sigwaitinfo(), but for what is the fault of our own code. */
static void signals_take(signals *saved)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t all;

    sigfillset(&all);
    for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++)
        sigdelset(&all, own_faults[i]);
    sigprocmask(SIG_SETMASK, &all, &saved->mask);
    /* Inherited as ignored, it would take the child's status away. */
    sigaction(SIGCHLD, &plain, &saved->on_child);
}

static void signals_give(const signals *saved)
{
    sigaction(SIGCHLD, &saved->on_child, NULL);
    sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

/* ---- in the child ---- */

/* In front of what is preloaded already: an allocator, for instance, whose blocks are to be seen. */
static int preload(const char *libraries)
{
    const char *others = getenv("LD_PRELOAD");
    char *all = NULL;
    int failed = asprintf(&all, "%s%s%s", libraries, others && *others ? ":" : "",
                          others ? others : "") < 0 ||
                 setenv("LD_PRELOAD", all, 1) != 0;

    free(all);
    return failed ? -1 : 0;
}

/* gcc's AddressSanitizer wants to be first, and ends the program; but all is well if it comes next. */
static int allow_before_sanitizer(void)
{
    const char *others = getenv("ASAN_OPTIONS");
    char *all = NULL;
    int failed = asprintf(&all, "%s%sverify_asan_link_order=0", others ? others : "",
                          others && *others ? ":" : "") < 0 ||
                 setenv("ASAN_OPTIONS", all, 1) != 0;

    free(all);
    return failed ? -1 : 0;
}

static int set_environment(const run_plan *plan)
{
    static const char *const types[] = {"none", "time", "memory", "both"};
    char text[4300], run[48], sample[24], memory_sample[24];

    if (snprintf(text, sizeof text, "%s,%s%s", types[plan->kinds], plan->dir,
                 plan->detail ? ",,true" : "") >= (int)sizeof text) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(run, sizeof run, plan->children ? "%lu" : "%lu,%ld", (unsigned long)plan->id,
             (long)getpid());
    snprintf(sample, sizeof sample, "%zu", plan->sample);
    if (plan->sample && setenv("THAG_SAMPLE", sample, 1) != 0) return -1;
    snprintf(memory_sample, sizeof memory_sample, "%zu", plan->memory_sample);
    if (plan->memory_sample && setenv("THAG_MEMORY_SAMPLE", memory_sample, 1) != 0) return -1;
    if (plan->mappings && setenv("THAG_MAPPINGS", "yes", 1) != 0) return -1;
    if (plan->preload && (preload(plan->preload) != 0 || allow_before_sanitizer() != 0)) return -1;
    return setenv("THAG_PROFILER", text, 1) || setenv("THAG_RUN", run, 1) ? -1 : 0;
}

static void become(const run_plan *plan, const signals *saved, pid_t parent, int failure)
{
    int why;

    /* Who kills us outright means the program. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(RUN_FAILED);
    signals_give(saved);
    if (set_environment(plan) == 0) execvp(plan->command[0], plan->command);
    why = errno;
    if (write(failure, &why, sizeof why) != sizeof why) _exit(RUN_FAILED);
    _exit(RUN_CANNOT_INVOKE);
}

/* ---- in the parent ---- */

char process_state(pid_t pid)
{
    char path[40], line[128] = "";
    const char *name_end;
    FILE *stat_file;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    stat_file = fopen(path, "re");
    if (!stat_file) return 0;
    if (!fgets(line, sizeof line, stat_file)) line[0] = 0;
    fclose(stat_file);
    name_end = strrchr(line, ')'); /* PID (NAME) STATE ... */
    return name_end && name_end[1] ? name_end[2] : 0;
}

/* The terminal sends to the whole group, and what the program sends to its group it has itself. */
static int is_for_both(const siginfo_t *info, pid_t child)
{
    return info->si_code == SI_KERNEL || (info->si_code <= 0 && info->si_pid == child);
}

static void pass_on(const siginfo_t *info, pid_t child)
{
    if (is_for_both(info, child)) return;
    /* A shell continues the whole group: once is enough for a program that handles it. */
    if (info->si_signo == SIGCONT && process_state(child) != 'T') return;
    if (info->si_code == SI_QUEUE)
        sigqueue(child, info->si_signo, info->si_value);
    else
        kill(child, info->si_signo);
}

/* 1: it has ended. */
static int child_changed(run_end *end)
{
    int status;

    while (waitpid(end->pid, &status, WNOHANG | WUNTRACED) == end->pid) {
        if (!WIFSTOPPED(status)) {
            end->status = status;
            return 1;
        }
        raise(SIGSTOP); /* the SIGCONT that ends this is in wait_for_end()'s hands */
    }
    return 0;
}

static void wait_for_end(run_end *end)
{
    sigset_t all;
    siginfo_t info;

    sigfillset(&all);
    for (;;) {
        if (sigwaitinfo(&all, &info) < 0) continue;
        if (info.si_signo == SIGCHLD) {
            if (child_changed(end)) return;
        } else if (info.si_signo != SIGPIPE) {
            pass_on(&info, end->pid);
        }
    }
}

/* Whoever pressed Ctrl-C meant the program, which has ended by now; the report follows. */
static void drop_pending(void)
{
    const struct timespec now = {0};
    sigset_t meant;

    sigemptyset(&meant);
    sigaddset(&meant, SIGINT);
    sigaddset(&meant, SIGQUIT);
    sigaddset(&meant, SIGTERM);
    sigaddset(&meant, SIGHUP);
    sigaddset(&meant, SIGTSTP);
    while (sigtimedwait(&meant, NULL, &now) > 0) continue;
}

static int not_found(const char *name)
{
    if (!strchr(name, '/') && access(name, F_OK) == 0)
        return complain(RUN_NOT_FOUND, name, "cannot run: not in PATH; the one here is ./%s", name);
    if (strchr(name, '/') && access(name, F_OK) == 0) {
        return complain(RUN_NOT_FOUND, name,
                        "cannot run: what it needs to run is not there, the interpreter behind #! "
                        "or the dynamic linker of its kind");
    }
    return complain(RUN_NOT_FOUND, name, "cannot run (%s)", strerror(ENOENT));
}

static int not_allowed(const char *name)
{
    struct stat st;
    int is_there = stat(name, &st) == 0;

    if (is_there && S_ISDIR(st.st_mode))
        return complain(RUN_CANNOT_INVOKE, name, "cannot run: it is a directory");
    if (is_there && S_ISREG(st.st_mode) && access(name, X_OK) != 0)
        return complain(RUN_CANNOT_INVOKE, name,
                        "cannot run: it is not executable (chmod +x; a script also by the name of "
                        "its interpreter)");
    return complain(RUN_CANNOT_INVOKE, name, "cannot run (%s)", strerror(EACCES));
}

static int could_not_start(const run_plan *plan, int why)
{
    const char *name = plan->command[0];

    if (why == ENOENT) return not_found(name);
    if (why == EACCES) return not_allowed(name);
    return complain(RUN_CANNOT_INVOKE, name, "cannot run (%s)", strerror(why));
}

int child_run(const run_plan *plan, run_end *end)
{
    struct timespec now;
    signals saved;
    int failure[2], why = 0;
    pid_t self = getpid();

    clock_gettime(CLOCK_REALTIME, &now);
    end->start_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    if (pipe2(failure, O_CLOEXEC) != 0) {
        return complain(RUN_FAILED, NULL, "cannot make a pipe (%s)", strerror(errno));
    }
    signals_take(&saved);
    end->pid = fork();
    if (end->pid == 0) become(plan, &saved, self, failure[1]);
    close(failure[1]);
    if (end->pid < 0) {
        signals_give(&saved);
        close(failure[0]);
        return complain(RUN_FAILED, NULL, "cannot start a process (%s)", strerror(errno));
    }
    if (read(failure[0], &why, sizeof why) != sizeof why) why = 0;
    close(failure[0]);
    wait_for_end(end);
    drop_pending();
    signals_give(&saved);
    return why ? could_not_start(plan, why) : EXIT_FINE;
}

void child_end_alike(const run_end *end)
{
    const struct rlimit none = {0};
    int number = WTERMSIG(end->status);
    sigset_t one;

    if (WIFEXITED(end->status)) exit(WEXITSTATUS(end->status));
    fflush(NULL);
    setrlimit(RLIMIT_CORE, &none); /* the core is the program's */
    signal(number, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(number);
    exit(128 + number);
}
