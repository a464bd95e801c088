/*
 * async_minicoro.c - coroutines of minicoro, which resume each other. All that profiling needs is its header
 * behind minicoro's: each coroutine is a task, named after its function.
 *
 * A session reads a request line by line. Where lines come from is a coroutine, too: it hands out one at a
 * time, and goes on in the middle of a block when it is asked for the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MINICORO_IMPL
#include "minicoro.h"
#include "thag_profiler/minicoro.h"

enum { SESSIONS = 12, LINES = 20, LINES_A_BLOCK = 5 };

static int lines_seen;

static void spin_us(long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static mco_coro *make(mco_desc desc)
{
    mco_coro *co;

    if (mco_create(&co, &desc) != MCO_SUCCESS) abort();
    return co;
}

static void read_block(void)
{
    THAG_PROFILED();
    spin_us(60);
}

static void parse(void)
{
    THAG_PROFILED();
    spin_us(20);
    lines_seen++;
}

static void lines(mco_coro *self)
{
    for (int line = 0; line < LINES; line++) {
        if (line % LINES_A_BLOCK == 0) read_block();
        spin_us(3);
        mco_yield(self);
    }
}

static void session(mco_coro *self)
{
    THAG_PROFILE("request");
    mco_coro *source = make(mco_desc_init(lines, 0));

    for (;;) {
        mco_resume(source);
        if (mco_status(source) == MCO_DEAD) break;
        parse();
        mco_yield(self); /* others are to have their turn */
    }
    mco_destroy(source);
    THAG_END("request");
}

static void serve(void)
{
    THAG_PROFILED();
    mco_coro *all[SESSIONS];
    int left = SESSIONS;

    for (int i = 0; i < SESSIONS; i++) all[i] = make(mco_desc_init(session, 0));
    for (int i = 0; left > 0; i = (i + 1) % SESSIONS) {
        if (!all[i]) continue;
        mco_resume(all[i]);
        if (mco_status(all[i]) != MCO_DEAD) continue;
        mco_destroy(all[i]);
        all[i] = NULL;
        left--;
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    serve();
    printf("%d lines\n", lines_seen);
    return 0;
}
