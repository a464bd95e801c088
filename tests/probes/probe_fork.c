/* probe_fork.c - processes from processes, while threads are in spans. See fork.sh. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

extern char **environ;
static int stop;
static uint64_t worked[3];

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}
static PROBE_NOINLINE void child_work(void)
{
    THAG_PROFILED();
}
static PROBE_NOINLINE void grandchild_work(void)
{
    THAG_PROFILED();
}

static void *worker(void *arg)
{
    uint64_t *count = arg;
    THAG_PROFILED();
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        THAG_PROFILE("round");
        step();
        ++*count;
        THAG_END("round");
    }
    return NULL;
}

static void start_workers(pthread_t *threads)
{
    for (int i = 0; i < 3; i++) PROBE_MUST(!pthread_create(&threads[i], NULL, worker, &worked[i]));
}

static void join_workers(pthread_t *threads)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    printf("%llu\n", (unsigned long long)(worked[0] + worked[1] + worked[2]));
}

static void must_exit_with(pid_t pid, int expected)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) PROBE_MUST(errno == EINTR);
    PROBE_MUST(WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

/* A child ends in one of three ways. */
static void be_child(int way)
{
    child_work();
    child_work();
    if (way == 0) exit(7);
    if (way == 1) _exit(7);
    char *args[] = {"sh", "-c", "exit 7", NULL};
    execve("/bin/sh", args, environ);
    _exit(1);
}

static PROBE_NOINLINE void fork_one(int way)
{
    THAG_PROFILED();
    fflush(stdout);
    pid_t pid = fork();
    PROBE_MUST(pid >= 0);
    if (pid == 0) be_child(way);
    must_exit_with(pid, 7);
}

static void storm(void)
{
    pthread_t threads[3];
    start_workers(threads);
    for (int i = 0; i < 300; i++) fork_one(i % 3);
    join_workers(threads);
}

/* Ten at a time, of a thread that is not main; the spans of main are not inherited then. */
static void *fork_many(void *arg)
{
    THAG_PROFILE("forker");
    for (int i = 0; i < 6; i++) {
        pid_t pids[10];
        for (int j = 0; j < 10; j++) {
            pids[j] = fork();
            PROBE_MUST(pids[j] >= 0);
            if (pids[j] == 0) be_child(j % 2);
        }
        for (int j = 0; j < 10; j++) must_exit_with(pids[j], 7);
    }
    THAG_END("forker");
    return arg;
}

static void from_thread(void)
{
    pthread_t threads[3], forker;
    start_workers(threads);
    PROBE_MUST(!pthread_create(&forker, NULL, fork_many, NULL));
    pthread_join(forker, NULL);
    join_workers(threads);
}

/* Both go on in the same function, and end the spans that were begun before the fork. */
static PROBE_NOINLINE pid_t fork_inside(void)
{
    THAG_PROFILED();
    THAG_PROFILE("before");
    pid_t pid = fork();
    if (pid == 0) child_work();
    THAG_END("before");
    return pid;
}

static void generations(void)
{
    pid_t pid = fork_inside();
    if (pid == 0) {
        pid_t grandchild = fork_inside();
        if (grandchild == 0) {
            grandchild_work();
            exit(9);
        }
        must_exit_with(grandchild, 9);
        exit(8);
    }
    must_exit_with(pid, 8);
    /* A child that records nothing has no trace. */
    pid = fork();
    if (pid == 0) _exit(5);
    must_exit_with(pid, 5);
}

static PROBE_NOINLINE void spawn_ways(void)
{
    THAG_PROFILED();
    char *args[] = {"sh", "-c", "exit 7", NULL};
    for (int i = 0; i < 50; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execve("/bin/sh", args, environ);
            _exit(1);
        }
        must_exit_with(pid, 7);
        PROBE_MUST(!posix_spawn(&pid, "/bin/sh", NULL, NULL, args, environ));
        must_exit_with(pid, 7);
        step();
    }
    for (int i = 0; i < 20; i++) PROBE_MUST(WEXITSTATUS(system("exit 7")) == 7);
    FILE *pipe = popen("echo from the pipe", "r");
    char text[32];
    PROBE_MUST(pipe && fgets(text, sizeof text, pipe) && pclose(pipe) == 0);
    PROBE_MUST(!strcmp(text, "from the pipe\n"));
}

/* Children that no atfork handler hears of. A fork with more open spans came before. */
static PROBE_NOINLINE void raw_children(void)
{
    must_exit_with(_Fork() ?: (child_work(), exit(0), 0), 0);
    long pid = syscall(SYS_clone, (unsigned long)SIGCHLD, NULL, NULL, NULL, 0UL);
    PROBE_MUST(pid >= 0);
    if (pid == 0) {
        child_work();
        _exit(4);
    }
    must_exit_with((pid_t)pid, 4);
}

static PROBE_NOINLINE void deeper(void)
{
    THAG_PROFILED();
    fork_one(1);
}

static void raw(void)
{
    pthread_t threads[3];
    start_workers(threads);
    deeper();
    for (int i = 0; i < 10; i++) raw_children();
    join_workers(threads);
}

static void chain(int left)
{
    char number[16];
    step();
    if (left == 0) return;
    snprintf(number, sizeof number, "%d", left - 1);
    char *args[] = {"probe_fork", "chain", number, NULL};
    execve("/proc/self/exe", args, environ);
    PROBE_MUST(!"exec");
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);

    PROBE_CASE("storm", storm())
    PROBE_CASE("thread", from_thread())
    PROBE_CASE("generations", generations())
    PROBE_CASE("spawn", spawn_ways())
    PROBE_CASE("raw", raw())
    PROBE_CASE("chain", chain(atoi(argv[2])))
    PROBE_NO_CASE();
}
