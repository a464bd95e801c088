/* probe_counts.c - calls that can be counted by hand, and work of known length. See counts.sh, times.sh. */
#include <pthread.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

static PROBE_NOINLINE unsigned fib(unsigned n)
{
    THAG_PROFILED();
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static PROBE_NOINLINE void empty(void)
{
    THAG_PROFILED();
}

static PROBE_NOINLINE void even(unsigned n);
static PROBE_NOINLINE void odd(unsigned n)
{
    THAG_PROFILED();
    if (n) even(n - 1);
}
static PROBE_NOINLINE void even(unsigned n)
{
    THAG_PROFILED();
    if (n) odd(n - 1);
}

static void run_counts(void)
{
    PROBE_MUST(fib(25) == 75025);
    for (int i = 0; i < 5000; i++) empty();
    for (int i = 0; i < 3; i++) even(9);
}

/* --- busy waits -------------------------------------------------------------------------------- */

/* How long spans took by the probe's own clock, read within and around each: the one that is right lies between,
   wherever the system gave the processor to others. */
typedef struct took {
    uint64_t inside, around;
} took;

static took took_5, took_10, took_20, took_parent, took_child;

static PROBE_NOINLINE void busy_5ms(void)
{
    THAG_PROFILED();
    took_5.inside += probe_busy_ns(5000000);
}
static PROBE_NOINLINE void busy_10ms(void)
{
    THAG_PROFILED();
    took_10.inside += probe_busy_ns(10000000);
}
static PROBE_NOINLINE void busy_20ms(void)
{
    THAG_PROFILED();
    took_20.inside += probe_busy_ns(20000000);
}
static PROBE_NOINLINE void busy_child(void)
{
    THAG_PROFILED();
    took_child.inside += probe_busy_ns(2000000);
}

static void around(took *t, void (*function)(void))
{
    uint64_t start = probe_now_ns();
    function();
    t->around += probe_now_ns() - start;
}

/* Called again and again, with children each time: keeps its own time. */
static PROBE_NOINLINE void busy_parent(void)
{
    THAG_PROFILED();
    uint64_t start = probe_now_ns();
    for (int i = 0; i < 2; i++) {
        probe_busy_ns(1000000);
        around(&took_child, busy_child);
    }
    probe_busy_ns(1000000);
    took_parent.inside += probe_now_ns() - start;
}

static void print_took(const char *name, uint64_t least, uint64_t most)
{
    printf("%s %llu %llu\n", name, (unsigned long long)least, (unsigned long long)most);
}

static void run_busy(void)
{
    for (int i = 0; i < 4; i++) {
        around(&took_5, busy_5ms);
        around(&took_10, busy_10ms);
        around(&took_20, busy_20ms);
    }
    for (int i = 0; i < 10; i++) around(&took_parent, busy_parent);
    print_took("busy_5ms", took_5.inside, took_5.around);
    print_took("busy_10ms", took_10.inside, took_10.around);
    print_took("busy_20ms", took_20.inside, took_20.around);
    print_took("busy_child", took_child.inside, took_child.around);
    print_took("busy_parent", took_parent.inside - took_child.around,
               took_parent.around - took_child.inside);
}

/* --- a parent of many children ------------------------------------------------------------------ */

enum { CHILDREN = 1000, TURNS = 100 };

static PROBE_NOINLINE uint64_t own_work(uint64_t steps)
{
    uint64_t x = 0;
    for (int i = 0; i < CHILDREN; i++) {
        x += probe_spin(steps);
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

/* The same work with an empty child in each turn. */
static PROBE_NOINLINE uint64_t work_with_children(uint64_t steps)
{
    uint64_t x = 0;
    for (int i = 0; i < CHILDREN; i++) {
        x += probe_spin(steps);
        empty();
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

/*
 * About 200 us of own work in each turn, once without and once with children. Each turn is a section
 * of its own name, so that the least disturbed one can be found: on a busy machine sums tell nothing.
 * Prints the own work of each turn.
 */
static void run_children(void)
{
    uint64_t steps = 20, sink = 0, start, took;
    for (uint64_t least = 0; least < 200000; steps += steps / 4) {
        least = UINT64_MAX;
        for (int i = 0; i < 5; i++) {
            start = probe_now_ns();
            sink += own_work(steps);
            took = probe_now_ns() - start;
            if (took < least) least = took;
        }
    }
    for (int turn = 0; turn < TURNS; turn++) {
        char name[32];
        snprintf(name, sizeof name, "parent_%d", turn);
        start = probe_now_ns();
        sink += own_work(steps);
        took = probe_now_ns() - start;
        THAG_PROFILE(name);
        sink += work_with_children(steps);
        THAG_END(name);
        printf("%llu\n", (unsigned long long)took);
    }
    if (sink == 1) puts("");
}

/* --- durations over four decades ----------------------------------------------------------------- */

static PROBE_NOINLINE void wait_for(uint64_t ns)
{
    THAG_PROFILED();
    probe_busy_ns(ns);
}

/* Log-uniform from 1 us to 4 ms: 12 octaves. */
static void run_spread(void)
{
    uint64_t seed = 20250722;
    for (int i = 0; i < 3000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned octave = (unsigned)(seed >> 60) % 12;
        uint64_t fine = seed >> 32 & 1023;
        wait_for((UINT64_C(1000) << octave) * (1024 + fine) / 1024);
    }
}

/* --- wall time of threads ------------------------------------------------------------------------ */

static PROBE_NOINLINE void part(uint64_t ns)
{
    THAG_PROFILED();
    probe_busy_ns(ns);
}

static PROBE_NOINLINE void whole(took *t)
{
    THAG_PROFILED();
    uint64_t start = probe_now_ns();
    for (int i = 0; i < 10; i++) {
        part(3000000);
        usleep(1000);
        probe_busy_ns(2000000);
    }
    t->inside += probe_now_ns() - start;
}

/* How long it was within spans, and from the first span to its last clock read. From there to its end
   it may have to wait for a processor: what it lived is at least `lived`, and at most what its creator
   saw. */
typedef struct wall {
    int tid;
    took spans;
    uint64_t lived;
} wall;

static void *wall_thread(void *arg)
{
    wall *w = arg;
    empty(); /* the thread gets its slot, outside of any span */
    uint64_t lived = probe_now_ns();
    *w = (wall){.tid = (int)gettid()};
    for (int i = 0; i < 2; i++) {
        uint64_t start = probe_now_ns();
        whole(&w->spans);
        w->spans.around += probe_now_ns() - start;
        usleep(20000);
    }
    w->lived = probe_now_ns() - lived;
    return arg;
}

static void run_walls(void)
{
    pthread_t threads[3];
    wall walls[3];
    uint64_t start = probe_now_ns();
    for (int i = 0; i < 3; i++)
        PROBE_MUST(!pthread_create(&threads[i], NULL, wall_thread, &walls[i]));
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        printf("%d %llu %llu %llu %llu\n", walls[i].tid, (unsigned long long)walls[i].spans.inside,
               (unsigned long long)walls[i].spans.around, (unsigned long long)walls[i].lived,
               (unsigned long long)(probe_now_ns() - start));
    }
}

/* Work that another thread on the same core slows down, and how long it takes. */
static PROBE_NOINLINE uint64_t wide_work_ns(void)
{
    uint64_t x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, start = probe_now_ns();
    for (int i = 0; i < 10000; i++)
        for (int j = 0; j < 8; j++) x[j] = x[j] * 5 + (x[j] >> 7) + (uint64_t)i;
    for (int j = 0; j < 8; j++) __asm__ volatile("" : "+r"(x[j]));
    return probe_now_ns() - start;
}

/* The profiler measures its own cost when it starts. A second at most for a moment of quiet. */
static void wait_for_quiet(void)
{
    uint64_t best = UINT64_MAX, start = probe_now_ns();
    int quiet = 0;
    while (quiet < 10 && probe_now_ns() - start < 1000000000) {
        uint64_t took = wide_work_ns();
        if (took < best) best = took;
        quiet = took < best + best / 20 && probe_now_ns() - start > 100000000 ? quiet + 1 : 0;
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "children")) wait_for_quiet();
    THAG_ENABLE_PROFILING(time);

    PROBE_CASE("counts", run_counts())
    PROBE_CASE("busy", run_busy())
    PROBE_CASE("children", run_children())
    PROBE_CASE("spread", run_spread())
    PROBE_CASE("walls", run_walls())
    PROBE_NO_CASE();
}
