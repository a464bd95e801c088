/*
 * kill_driver.c - let the victim die at random moments, and compare its trace with what it did.
 *
 * For each thread, with done and begun read from the shared board after the death:
 *     done <= calls <= begun, calls - done <= 1, and the trace does not contradict itself.
 *
 * usage: kill_driver HOW RUNS SEED [KEEP_DIR]    in a folder of its own. HOW: kill, or as for probe_kill
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "probe_facts.h"
#include "probe_kill.h"

static const char *how;
static uint64_t seed;
static uint64_t total_calls, total_open;

static unsigned random_below(unsigned limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % limit);
}

static int expected_status(int status)
{
    if (!strcmp(how, "kill")) return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!strcmp(how, "segv")) return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    if (!strcmp(how, "trap")) /* SIGTRAP on ARM */
        return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
    if (!strcmp(how, "abort")) return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 3;
}

/* How much the victim is to do before it dies: a few spans or half a million, as likely. */
static uint64_t random_leaves(void)
{
    uint64_t power = UINT64_C(1) << random_below(19);
    return power + random_below((unsigned)power);
}

/* Runs the victim, which dies when it had so many leaf spans. Returns its wait status. */
static int victim(const char *program, kill_board *board, uint64_t leaves)
{
    int is_kill = !strcmp(how, "kill"), status;
    char text[24];

    memset(board, 0, sizeof *board);
    snprintf(text, sizeof text, "%llu", (unsigned long long)leaves);
    pid_t pid = fork();
    PROBE_MUST(pid >= 0);
    if (pid == 0) {
        execl(program, "probe_kill", "board", is_kill ? "wait" : how, text, (char *)NULL);
        _exit(127);
    }
    if (is_kill) {
        while (leaves && kill_board_leaves(board) < leaves && waitpid(pid, &status, WNOHANG) == 0)
            usleep(20);
        usleep(random_below(leaves ? 200 : 10000));
        kill(pid, SIGKILL);
    }
    PROBE_MUST(waitpid(pid, &status, 0) == pid);
    return status;
}

/* The one trace in this folder. Empty: none. */
static void find_trace(char *path, size_t size)
{
    DIR *dir = opendir(".");
    struct dirent *entry;

    path[0] = 0;
    PROBE_MUST(dir);
    while ((entry = readdir(dir)))
        if (strstr(entry->d_name, ".thag")) snprintf(path, size, "%s", entry->d_name);
    closedir(dir);
}

static unsigned check_threads(const trace *t, const kill_board *board)
{
    unsigned bad = 0;

    for (int i = 0; i < KILL_THREADS; i++) {
        char name[16];
        uint64_t calls, open, done = board->thread[i].done, begun = board->thread[i].begun;
        snprintf(name, sizeof name, "leaf_%d", i);
        facts_calls_of(t, name, &calls, &open);
        total_calls += calls;
        total_open += open;
        /* An ended span is no longer open, an open one not ended, and no leaf is in a leaf. */
        if (done <= calls && calls <= begun && calls - done <= 1 && open <= 1 &&
            calls + open <= begun)
            continue;
        bad++;
        fprintf(stderr, "%s: begun %llu, done %llu, but %llu calls and %llu open\n", name,
                (unsigned long long)begun, (unsigned long long)done, (unsigned long long)calls,
                (unsigned long long)open);
    }
    return bad;
}

/* The threads and main never end: they are shown as open. */
static unsigned check_open(const trace *t, const kill_board *board)
{
    uint64_t calls, open;

    facts_calls_of(t, "outer", &calls, &open);
    if (!calls && open >= board->running && open <= KILL_THREADS) return 0;
    fprintf(stderr, "%u threads running, but %llu open\n", board->running,
            (unsigned long long)open);
    return 1;
}

static unsigned check_trace(const char *path, const kill_board *board)
{
    trace *t = NULL;
    fault why = {0};
    unsigned bad;

    if (!path[0] || trace_open(&t, path, &why)) {
        /* Killed before there was anything to tell. */
        if (!board->running && !board->thread[0].begun) return 0;
        fprintf(stderr, "no trace: '%s'\n", path);
        return 1;
    }
    bad = facts_check(t, stderr) + check_threads(t, board) + check_open(t, board);
    int ends = !strcmp(how, "exit") || !strcmp(how, "return");
    if (trace_ended(t) != ends) {
        bad++;
        fprintf(stderr, "state of the trace: ended %d\n", trace_ended(t));
    }
    trace_free(t);
    return bad;
}

static void remove_files(void)
{
    DIR *dir = opendir(".");
    struct dirent *entry;

    PROBE_MUST(dir);
    while ((entry = readdir(dir)))
        if (strstr(entry->d_name, "probe_kill")) unlink(entry->d_name);
    closedir(dir);
}

int main(int argc, char **argv)
{
    PROBE_MUST(argc >= 4);
    how = argv[1];
    unsigned runs = (unsigned)strtoul(argv[2], NULL, 10), bad_runs = 0;
    seed = strtoull(argv[3], NULL, 10);
    char program[PATH_MAX], path[512];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 32);
    PROBE_MUST(len > 0);
    program[len] = 0;
    strcpy(strrchr(program, '/'), "/probe_kill");

    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    int fd = open("board", O_RDWR | O_CREAT, 0600);
    PROBE_MUST(fd >= 0 && ftruncate(fd, sizeof(kill_board)) == 0);
    kill_board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    PROBE_MUST(board != MAP_FAILED);

    for (unsigned run = 0; run < runs; run++) {
        /* Killed from outside one in eight dies while it starts. */
        int is_early = !strcmp(how, "kill") && random_below(8) == 0;
        uint64_t leaves = is_early ? 0 : random_leaves(), before = total_calls + total_open;
        int status = victim(program, board, leaves);
        unsigned bad = 0;
        if (!expected_status(status)) {
            bad++;
            fprintf(stderr, "%s: wait status %#x\n", how, (unsigned)status);
        }
        find_trace(path, sizeof path);
        bad += check_trace(path, board);
        if (total_calls + total_open - before + KILL_THREADS < leaves) {
            bad++;
            fprintf(stderr, "%s: it lived for %llu leaf spans, of which fewer are there\n", how,
                    (unsigned long long)leaves);
        }
        if (bad) {
            bad_runs++;
            fprintf(stderr, "%s: run %u is wrong: %u contradictions\n", how, run, bad);
            if (argc > 4 && path[0]) {
                char kept[PATH_MAX];
                snprintf(kept, sizeof kept, "%s/%s-%u.thag", argv[4], how, run);
                if (rename(path, kept) == 0) fprintf(stderr, "kept %s\n", kept);
            }
        }
        remove_files();
    }
    printf("%s: %u runs, %u wrong, %llu leaf spans, %llu of them open\n", how, runs, bad_runs,
           (unsigned long long)total_calls, (unsigned long long)total_open);
    return bad_runs != 0;
}
