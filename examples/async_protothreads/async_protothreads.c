/*
 * async_protothreads.c - functions that return at each await and are called again, by macros that switch to
 * the line where they were: protothreads, async.h, or three macros of one's own as here. The span lives in
 * the state.
 */
#include <string.h>
#include <time.h>

#include "thag_profiler/async.h"

enum { CLIENTS = 20, RECORDS = 4 };

typedef struct client {
    int line; /* where it goes on */
    int records;
    thag_async span;
} client;

#define BEGIN(state) \
    switch ((state)->line) { \
    case 0:
#define AWAIT(state) \
    do { \
        (state)->line = __LINE__; \
        return 0; \
    case __LINE__:; \
    } while (0)
#define END(state) \
    } \
    (state)->line = 0

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
    BEGIN(c);
    spin_us(20); /* the greeting */
    AWAIT(c);    /* until it has been sent */
    for (; c->records < RECORDS; c->records++) {
        decode();
        AWAIT(c); /* the next record */
    }
    END(c);
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
