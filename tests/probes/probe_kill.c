/*
 * probe_kill.c - the victim: 4 threads in nested spans until the process dies, by its own hand or not.
 *
 * usage: probe_kill BOARD HOW LEAVES    HOW: wait, segv, abort, _exit, quick_exit, exit, trap; when there were so many
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"
#include "probe_kill.h"
#include "thag_profiler.h"

static kill_board *board;

/* Each thread has leaves of its own, so that its count can be told from the others'. */
static const thag_site leaf_sites[KILL_THREADS] = {
    {"leaf_0", "leaf", __FILE__, 1, 0, 0},
    {"leaf_1", "leaf", __FILE__, 2, 0, 0},
    {"leaf_2", "leaf", __FILE__, 3, 0, 0},
    {"leaf_3", "leaf", __FILE__, 4, 0, 0},
};

static PROBE_NOINLINE void leaf(int me)
{
    board->thread[me].begun++;
    PROBE_ORDERED();
    thag_token token = thag_span_begin(&leaf_sites[me]);
    if (me == 1) probe_spin(board->thread[me].begun % 200);
    thag_span_end(token);
    PROBE_ORDERED();
    board->thread[me].done++;
    PROBE_ORDERED();
}

static PROBE_NOINLINE void inner(int me)
{
    THAG_PROFILED();
    for (int i = 0; i < 20; i++) leaf(me);
}

static void *outer(void *arg)
{
    int me = (int)(intptr_t)arg;
    THAG_PROFILED();
    __atomic_fetch_add(&board->running, 1, __ATOMIC_RELAXED);
    for (;;) {
        THAG_PROFILE("turn");
        inner(me);
        leaf(me);
        /* Thread 3 keeps coming to new call paths. */
        if (me == 3 && board->thread[me].begun < 20000) {
            char name[24];
            snprintf(name, sizeof name, "path_%u", (unsigned)board->thread[me].begun);
            THAG_PROFILE(name);
            leaf(me);
            THAG_END(name);
        }
        THAG_END("turn");
    }
    return NULL;
}

int main(int argc, char **argv)
{
    PROBE_MUST(argc == 4);
    int fd = open(argv[1], O_RDWR);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    PROBE_MUST(fd >= 0 && board != MAP_FAILED);
    THAG_ENABLE_PROFILING(time);

    for (intptr_t i = 0; i < KILL_THREADS; i++) {
        pthread_t thread;
        PROBE_MUST(!pthread_create(&thread, NULL, outer, (void *)i));
    }
    uint64_t leaves = strtoull(argv[3], NULL, 10);
    while (!board->running || kill_board_leaves(board) < leaves) usleep(50);
    if (!strcmp(argv[2], "segv")) raise(SIGSEGV);
    if (!strcmp(argv[2], "trap")) __builtin_trap();
    if (!strcmp(argv[2], "abort")) abort();
    if (!strcmp(argv[2], "_exit")) _exit(3);
    if (!strcmp(argv[2], "quick_exit")) quick_exit(3);
    if (!strcmp(argv[2], "exit")) exit(3);
    if (!strcmp(argv[2], "return")) return 3;
    for (;;) pause();
}
