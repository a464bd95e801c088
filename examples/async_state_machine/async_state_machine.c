/*
 * async_state_machine.c - functions that return at each await and are called again: protothreads, async.h,
 * or a switch of one's own as here. The span lives in the state.
 */
#include <string.h>
#include <time.h>

#include "thag_profiler/async.h"

enum { CLIENTS = 20, RECORDS = 4 };

typedef struct client {
    int at, records;
    thag_async span;
} client;

static void spin_us(long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static void decode(void)
{
    THAG_PROFILED();
    spin_us(50);
}

/* 1 when it has finished; else it is to be called again. */
static int serve(client *c)
{
    THAG_ASYNC(&c->span, "serve"); /* first of all: begins, later resumes; the return suspends it */
    switch (c->at) {
    case 0: /* the greeting has been sent */
        spin_us(20);
        c->at = 1;
        return 0;
    case 1: /* a record has come */
        decode();
        if (++c->records < RECORDS) return 0;
        c->at = 2;
        return 0;
    default: break;
    }
    THAG_ASYNC_END(&c->span);
    return 1;
}

static void loop(void)
{
    THAG_PROFILED();
    client clients[CLIENTS];
    int served[CLIENTS] = {0}, left = CLIENTS;

    memset(clients, 0, sizeof clients);
    while (left) {
        for (int i = 0; i < CLIENTS; i++) {
            if (served[i]) continue;
            served[i] = serve(&clients[i]);
            left -= served[i];
        }
        spin_us(5); /* for events */
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    loop();
    return 0;
}
