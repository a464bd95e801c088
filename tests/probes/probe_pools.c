/*
 * probe_pools.c - allocators of the program's own, with known totals. Cases: arena (reset as a whole),
 * slab (freed one by one), threads, signals, nested, resize, fork, kill, many, misuse.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler/pool.h"

/* --- an arena: bumps a pointer, freed as a whole ----------------------------------------------- */

typedef struct arena {
    char *memory;
    size_t used, room;
} arena;

static PROBE_NOINLINE void *arena_alloc(arena *a, size_t size)
{
    size_t aligned = (size + 15) & ~(size_t)15;
    PROBE_MUST(a->used + aligned <= a->room);
    void *block = a->memory + a->used;
    a->used += aligned;
    thag_pool_alloc(a, "syntax tree", block, size);
    PROBE_ORDERED(); /* no jump: the call has to be in the stack */
    return block;
}

static void arena_reset(arena *a)
{
    thag_pool_reset(a);
    a->used = 0;
}

static arena arena_new(size_t room)
{
    arena a = {.memory = malloc(room), .room = room};
    PROBE_MUST(a.memory);
    return a;
}

static PROBE_NOINLINE void parse(arena *a)
{
    THAG_PROFILED();
    for (int i = 0; i < 100; i++) arena_alloc(a, 24);
}

static PROBE_NOINLINE void optimize(arena *a)
{
    THAG_PROFILED();
    for (int i = 0; i < 50; i++) arena_alloc(a, 100);
}

/* 3 rounds of 100 x 24 and 50 x 100; the last one stays. */
static PROBE_NOINLINE void arena_case(void)
{
    THAG_PROFILED();
    arena a = arena_new(65536);
    for (int round = 0; round < 3; round++) {
        if (round) arena_reset(&a);
        parse(&a);
        optimize(&a);
    }
    printf("done\n"); /* a.memory is live at the end, as the last round is */
}

/* --- blocks freed one by one, and by another thread -------------------------------------------- */

static char slots[1000][64];

static PROBE_NOINLINE void *slab_alloc(int i, size_t size)
{
    thag_pool_alloc(slots, "slots", slots[i], size);
    return slots[i];
}

static PROBE_NOINLINE void slab_case(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 1000; i++) slab_alloc(i, 64);
    for (int i = 0; i < 900; i++) thag_pool_free(slots, slots[i]);
    for (int i = 0; i < 10; i++) {
        slab_alloc(i, 32); /* freed before the next: temporary */
        thag_pool_free(slots, slots[i]);
    }
}

static void *allocate_some(void *from)
{
    THAG_PROFILED();
    for (int i = 0; i < 250; i++) slab_alloc((int)(intptr_t)from + i, 40);
    return NULL;
}

static void *free_some(void *from)
{
    THAG_PROFILED();
    for (int i = 0; i < 250; i++) thag_pool_free(slots, slots[(int)(intptr_t)from + i]);
    return NULL;
}

static void in_threads(void *(*work)(void *))
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        PROBE_MUST(!pthread_create(&threads[i], NULL, work, (void *)(intptr_t)(250 * i)));
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

/* 1,000 x 40, each freed by another thread than the one that had it; 20 times. */
static PROBE_NOINLINE void threads_case(void)
{
    THAG_PROFILED();
    for (int round = 0; round < 20; round++) {
        in_threads(allocate_some);
        in_threads(free_some);
    }
}

/* --- signals ----------------------------------------------------------------------------------- */

static char handlers[16];
static volatile sig_atomic_t handled;

static void on_alarm(int number)
{
    (void)number;
    thag_pool_alloc(handlers, "of handlers", handlers, 16);
    thag_pool_free(handlers, handlers);
    handled++;
}

static PROBE_NOINLINE void signals_case(void)
{
    THAG_PROFILED();
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 100}, {0, 100}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int round = 0; round < 200 || handled < 20; round++) {
        for (int i = 0; i < 1000; i++) slab_alloc(i, 8);
        for (int i = 0; i < 1000; i++) thag_pool_free(slots, slots[i]);
    }
    often = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
}

/* --- the rest ---------------------------------------------------------------------------------- */

/* The first block of the inner pool is where the outer one's is. */
static PROBE_NOINLINE void nested_case(void)
{
    THAG_PROFILED();
    char *name = strdup("inner");
    thag_pool_alloc(&slots, "outer", slots, 1000);
    thag_pool_alloc(slots[1], name, slots, 10);
    strcpy(name, "gone!");
    free(name);
    thag_pool_free(slots[1], slots);
    thag_pool_reset(&slots);
}

static PROBE_NOINLINE void resize_case(void)
{
    THAG_PROFILED();
    thag_pool_resize(slots, "grows", NULL, slots[0], 100);
    thag_pool_resize(slots, "grows", slots[0], slots[0], 150); /* in place */
    thag_pool_resize(slots, "grows", slots[0], slots[9], 400); /* moved */
    thag_pool_resize(slots, "grows", slots[9], NULL, 0);       /* freed */
}

static PROBE_NOINLINE void fork_case(void)
{
    THAG_PROFILED();
    slab_alloc(0, 64);
    pid_t child = fork();
    if (child == 0) {
        THAG_PROFILE("in child");
        slab_alloc(1, 32);
        thag_pool_free(slots, slots[0]); /* of the parent: not known here */
        THAG_END("in child");
        exit(0);
    }
    waitpid(child, NULL, 0);
}

/* 100,000 blocks in 1,000 pools of one name, all live at once. */
static PROBE_NOINLINE void many_case(void)
{
    THAG_PROFILED();
    static char place[100000];
    static char pools[1000];
    for (int i = 0; i < 100000; i++)
        thag_pool_alloc(&pools[i % 1000], "request", &place[i], (size_t)(i % 100));
    for (int i = 0; i < 1000; i += 2) thag_pool_reset(&pools[i]);
}

static PROBE_NOINLINE void misuse_case(void)
{
    THAG_PROFILED();
    thag_pool_free(slots, slots[3]); /* nothing was announced yet */
    thag_pool_reset(slots);
    thag_pool_alloc(slots, "misused", NULL, 5);
    slab_alloc(1, 10);
    slab_alloc(1, 20); /* again without a free */
    thag_pool_free(slots, slots[2]);
    thag_pool_free(handlers, slots[1]); /* another pool */
    thag_pool_reset(handlers);
    thag_disable_profiling();
    slab_alloc(2, 1000); /* not recorded */
    thag_pool_free(slots, slots[1]);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);
    PROBE_CASE("arena", arena_case());
    PROBE_CASE("slab", slab_case());
    PROBE_CASE("threads", threads_case());
    PROBE_CASE("signals", signals_case());
    PROBE_CASE("nested", nested_case());
    PROBE_CASE("resize", resize_case());
    PROBE_CASE("fork", fork_case());
    PROBE_CASE("kill", (arena_case(), raise(SIGKILL)));
    PROBE_CASE("many", many_case());
    PROBE_CASE("misuse", misuse_case());
    PROBE_NO_CASE();
}
