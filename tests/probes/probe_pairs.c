/*
 * probe_pairs.c - blocks whose makers and enders are known, for pairs.sh. usage: probe_pairs [many|kill]
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "thag_profiler.h"

#define APART   __attribute__((__noinline__, __noclone__))
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")
#define STAY()  __asm__ volatile("" : : : "memory") /* what was before is no tail call */
#define BLOCKS  200

/* Their sizes tell them apart. */
static APART void *make_small(void)
{
    void *p = malloc(10);
    KEEP(p);
    return p;
}
static APART void *make_large(void)
{
    void *p = calloc(10, 100);
    KEEP(p);
    return p;
}
static APART void drop(void *p)
{
    free(p);
    STAY();
}
static APART void drop_other(void *p)
{
    if (!p) return;
    free(p);
    STAY();
}

static void *others[BLOCKS];

static APART void *other_thread(void *arg)
{
    THAG_PROFILED();
    for (int i = 0; i < BLOCKS; i++) drop_other(others[i]);
    return arg;
}

/* 100 of each by one function, and BLOCKS by another thread. */
static APART void known(void)
{
    THAG_PROFILED();
    pthread_t thread;
    for (int i = 0; i < 100; i++) {
        drop(make_small());
        drop(make_large());
    }
    for (int i = 0; i < BLOCKS; i++) others[i] = make_large();
    pthread_create(&thread, NULL, other_thread, NULL);
    pthread_join(thread, NULL);
    others[0] = make_small(); /* leaked: in no pair */
}

/* 10 bytes become 3000 and 7000, and end: each of them is freed where it is resized. */
static APART void resized(void)
{
    THAG_PROFILED();
    char *p = make_small();
    p = realloc(p, 3000);
    KEEP(p);
    p = realloc(p, 7000);
    KEEP(p);
    drop(p);
}

/* More pairs than there is room for: 70,000 ways of 17 calls to the same allocation, and one ender. */
static APART void *make_deep(int way)
{
    void *p;
    if (way == 1) return make_small();
    if (way & 1) {
        p = make_deep(way / 2);
        __asm__ volatile("nop"); /* so that the two calls stay two */
    } else {
        p = make_deep(way / 2);
    }
    KEEP(p);
    return p;
}
static APART void many(void)
{
    THAG_PROFILED();
    for (int i = 1 << 16; i < (1 << 16) + 70000; i++) drop(make_deep(i));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    THAG_ENABLE_PROFILING(runtime);
    if (strcmp(what, "many") == 0) {
        many();
        return 0;
    }
    known();
    resized();
    if (strcmp(what, "kill") == 0) raise(SIGKILL);
    return 0;
}
