/*
 * Many stacks that share callers, and differ anywhere; each says what it allocates. See walks.sh.
 *
 * They go through functions with frames of each kind: of a fixed size, of one that is known at run time only,
 * and on a stack that is realigned.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "probe.h"
#include "thag_profiler.h"

enum { WAYS = 3, DEPTH = 5, PATHS = 243, ROUNDS = 20000, DEEP = 3000 };

/* Not static: no copies of them for some of their arguments. */
void straight(unsigned path, int depth);
void variable(unsigned path, int depth);
void aligned(unsigned path, int depth);
void leaf(size_t n);

static volatile int sink;
static volatile size_t room_bytes = 24;
static _Thread_local void *volatile kept[2]; /* or compilers would do without */
static uint64_t allocated[PATHS];

PROBE_NOINLINE void leaf(size_t n)
{
    kept[0] = malloc(n);
    kept[1] = malloc(1);
    free(kept[0]);
    free(kept[1]);
    sink = 1;
}

#define GO_ON(path, depth) \
    if ((depth) == 0) \
        leaf(path); \
    else if ((path) % WAYS == 0) \
        straight((path) / WAYS, (depth)-1); \
    else if ((path) % WAYS == 1) \
        variable((path) / WAYS, (depth)-1); \
    else \
        aligned((path) / WAYS, (depth)-1)

PROBE_NOINLINE void straight(unsigned path, int depth)
{
    GO_ON(path, depth);
    sink = depth;
}

PROBE_NOINLINE void variable(unsigned path, int depth)
{
    char room[room_bytes + path % 64];
    memset(room, 1, sizeof room);
    GO_ON(path, depth);
    sink = room[sizeof room - 1];
}

PROBE_NOINLINE void aligned(unsigned path, int depth)
{
    __attribute__((__aligned__(64))) char room[64];
    memset(room, (int)path, sizeof room);
    GO_ON(path, depth);
    sink = room[sink & 63];
}

/* What is left of the path at the leaf is the size. */
static void walk(unsigned path, unsigned size)
{
    unsigned whole = size * PATHS + path;
    if (whole % WAYS == 0)
        straight(whole / WAYS, DEPTH - 1);
    else if (whole % WAYS == 1)
        variable(whole / WAYS, DEPTH - 1);
    else
        aligned(whole / WAYS, DEPTH - 1);
    sink = 2;
}

static void say(void)
{
    static const char *const names[WAYS] = {"straight", "variable", "aligned"};
    for (unsigned path = 0; path < PATHS; path++) {
        if (!allocated[path]) continue;
        printf("main;many;walk");
        for (unsigned rest = path, depth = 0; depth < DEPTH; depth++, rest /= WAYS)
            printf(";%s", names[rest % WAYS]);
        printf(";leaf %llu\n", (unsigned long long)allocated[path]);
    }
}

static PROBE_NOINLINE void many(void)
{
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < ROUNDS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        unsigned path = (unsigned)(x % PATHS), size = (unsigned)(x >> 32) % 100 + 1;
        /* Some three times in a row. */
        for (unsigned again = 0; again <= (x >> 40 & 2); again++) {
            walk(path, size);
            allocated[path] += size + 1;
        }
    }
}

static PROBE_NOINLINE void deep(int depth)
{
    if (depth % 500 == 0) leaf(10);
    if (depth) deep(depth - 1);
    sink = depth;
}

/* Out of a walk's frames without a word, and into others at the same place. */
static jmp_buf back;
static PROBE_NOINLINE void thrown(unsigned path)
{
    aligned(path, 2);
    longjmp(back, 1);
}
static PROBE_NOINLINE void jumps(void)
{
    for (volatile unsigned i = 0; i < 100; i++) {
        if (setjmp(back) == 0) thrown(9 * 7);
        variable(9 * 7, 2);
    }
    sink = 3;
}

static void handler(int signal)
{
    (void)signal;
    leaf(30);
    sink = 4;
}
static PROBE_NOINLINE void interrupted(void)
{
    for (int i = 0; i < 50; i++) {
        raise(SIGUSR1);
        leaf(40);
    }
    sink = 5;
}
static PROBE_NOINLINE void signals(void)
{
    static char other[1 << 16];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    struct sigaction action = {.sa_handler = handler};
    PROBE_MUST(sigaction(SIGUSR1, &action, NULL) == 0);
    interrupted();
    action.sa_flags = SA_ONSTACK;
    PROBE_MUST(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    interrupted();
}

static void *thread(void *unused)
{
    for (int i = 0; i < 40 * 27; i++) straight(2 * 27 + (unsigned)i % 27, 3);
    return unused;
}
static PROBE_NOINLINE void threads(void)
{
    pthread_t other[2];
    for (int i = 0; i < 2; i++) PROBE_MUST(pthread_create(&other[i], NULL, thread, NULL) == 0);
    for (int i = 0; i < 2; i++) pthread_join(other[i], NULL);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);
    PROBE_CASE("many", (many(), say()))
    PROBE_CASE("deep", deep(DEEP))
    PROBE_CASE("jumps", jumps())
    PROBE_CASE("signals", signals())
    PROBE_CASE("threads", threads())
    PROBE_NO_CASE();
}
