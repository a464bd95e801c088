/* probe_sections.c - sections used rightly and wrongly, deep recursion, longjmp. See sections.sh. */
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}

/* --- right ------------------------------------------------------------------------------------------ */

static void nested(void)
{
    for (int i = 0; i < 10; i++) {
        THAG_PROFILE("outer");
        THAG_PROFILE("inner", time);
        step();
        THAG_END("inner");
        THAG_PROFILE("inner");
        THAG_END("inner");
        THAG_PROFILE("outer");
        step();
        THAG_END("outer");
        THAG_END("outer");
    }
}

static PROBE_NOINLINE void unbounded_function(int early)
{
    THAG_PROFILED();
    THAG_PROFILE("scope", unbounded);
    step();
    if (early) return;
    {
        THAG_PROFILE("block", time, unbounded);
        step();
    }
    step();
}
static void unbounded_case(void)
{
    for (int i = 0; i < 10; i++) unbounded_function(i % 2);
}

/* Names made at run time, the text changing under one pointer. */
static void dynamic(void)
{
    char name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "shard %d", i % 4);
        THAG_PROFILE(name);
        step();
        THAG_END(name);
    }
    /* The text changes while the section is open: ended by the name that it has been given. */
    strcpy(name, "first name");
    THAG_PROFILE(name);
    strcpy(name, "second name");
    THAG_PROFILE(name);
    THAG_END("second name");
    THAG_END("first name");
    const char *odd = "a;b c\n\x1b[31m\xff";
    THAG_PROFILE(odd);
    THAG_END(odd);
    static char endless[10000];
    memset(endless, 'x', sizeof endless - 1);
    for (int i = 0; i < 3; i++) {
        THAG_PROFILE(endless);
        step();
        THAG_END(endless);
    }
}

/* Sections that ask for memory only are not recorded, and their ends are no strays. */
static void muted(void)
{
    const char *name = "muted by variable";
    for (int i = 0; i < 100; i++) {
        THAG_PROFILE("muted", mem_summary);
        THAG_PROFILE("heard", time);
        THAG_PROFILE(name, mem_detail);
        step();
        THAG_END(name);
        THAG_END("muted");
        THAG_END("heard");
    }
}

/* --- paused -----------------------------------------------------------------------------------------

   A pause is the thread's own, nests, and leaves spans that are open alone. */
static PROBE_NOINLINE void with_pause(void)
{
    THAG_PROFILED();
    THAG_PROFILE("around");
    step();
    {
        THAG_PAUSED();
        step();
        THAG_PROFILE("around"); /* not the one that is open */
        step();
        THAG_END("around");
        {
            THAG_PROFILE("unbounded", unbounded);
            THAG_PAUSED();
            step();
        }
        step();
    }
    step();
    PROBE_MUST(thag_pause() == 1);
    THAG_END("around"); /* ends in the pause */
    step();
    thag_disable_profiling();
    thag_resume();
    thag_enable_profiling(THAG_MODE_time);
    thag_resume(); /* one too many */
    step();
}
static void *other_thread(void *arg)
{
    for (int i = 0; i < 10; i++) step();
    return arg;
}
static void paused(void)
{
    pthread_t thread;
    for (int i = 0; i < 10; i++) with_pause();
    THAG_PAUSED();
    PROBE_MUST(!pthread_create(&thread, NULL, other_thread, NULL));
    pthread_join(thread, NULL);
    if (fork() == 0) { /* the child is still in the pause */
        with_pause();
        _exit(0);
    }
    wait(NULL);
    with_pause();
}

/* --- wrong ------------------------------------------------------------------------------------------ */

static PROBE_NOINLINE void crossed_function(void)
{
    THAG_PROFILED();
    THAG_PROFILE("a");
    step();
    THAG_PROFILE("b");
    step();
    THAG_END("a");
    step();
    THAG_END("b");
    step();
}
static void crossed(void)
{
    for (int i = 0; i < 10; i++) crossed_function();
}

static PROBE_NOINLINE void missing_function(void)
{
    THAG_PROFILED();
    THAG_PROFILE("never ended");
    step();
}
static PROBE_NOINLINE void missing_in_loop(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 5; i++) {
        THAG_PROFILE("loop");
        step();
    }
}
static void missing(void)
{
    for (int i = 0; i < 10; i++) missing_function();
    for (int i = 0; i < 10; i++) missing_in_loop();
    step();
}

static PROBE_NOINLINE void inner_end(void)
{
    THAG_PROFILED();
    THAG_END("of the caller");
    step();
}
static void stray(void)
{
    for (int i = 0; i < 10; i++) {
        THAG_END("nowhere begun");
        THAG_PROFILE("of the caller");
        inner_end();
        step();
    }
}

/* --- deep ------------------------------------------------------------------------------------------- */

static volatile int deepest;
static PROBE_NOINLINE void recurse(int levels)
{
    THAG_PROFILED();
    if (levels > 1)
        recurse(levels - 1);
    else
        deepest++;
}
static void *deep_thread(void *arg)
{
    recurse(100000);
    recurse(100000);
    return arg;
}
static void deep(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256u << 20);
    PROBE_MUST(!pthread_create(&thread, &attr, deep_thread, NULL));
    pthread_join(thread, NULL);
    PROBE_MUST(deepest == 2);
}

/* --- longjmp ----------------------------------------------------------------------------------------- */

static jmp_buf target;
static PROBE_NOINLINE void down(int levels)
{
    THAG_PROFILED();
    if (levels == 1) longjmp(target, 1);
    down(levels - 1);
    __asm__ volatile("");
}
/* Whoever jumps out of ten spans, and then begins one, and ends. */
static PROBE_NOINLINE void jump_once(void)
{
    THAG_PROFILED();
    if (setjmp(target) == 0) down(10);
    THAG_PROFILE("after");
    THAG_END("after");
}
/* The jump ends in the very function that is left next. */
static PROBE_NOINLINE void jump_and_leave(void)
{
    THAG_PROFILED();
    if (setjmp(target) == 0) down(10);
}
/* A section is open around the jump, one is left by it. */
static PROBE_NOINLINE void down_section(void)
{
    THAG_PROFILED();
    THAG_PROFILE("left");
    longjmp(target, 1);
}
static PROBE_NOINLINE void jump_sections(void)
{
    THAG_PROFILED();
    THAG_PROFILE("kept");
    if (setjmp(target) == 0) down_section();
    THAG_END("kept");
    THAG_PROFILE("after");
    THAG_END("after");
}
static void jumps(void)
{
    for (int i = 0; i < 1000; i++) jump_once();
    for (int i = 0; i < 1000; i++) jump_and_leave();
    for (int i = 0; i < 1000; i++) jump_sections();
    step();
}

/* A loop whose work gives up by longjmp again and again, from the work itself and from below. */
static PROBE_NOINLINE void give_up(int turn)
{
    THAG_PROFILED();
    if (turn % 4 == 1) longjmp(target, 1);
    __asm__ volatile("");
}
static PROBE_NOINLINE void work(int turn)
{
    THAG_PROFILED();
    if (turn % 4 == 0) longjmp(target, 1);
    give_up(turn);
    __asm__ volatile("");
}
static PROBE_NOINLINE void retry(void)
{
    THAG_PROFILED();
    for (volatile int i = 0; i < 1000; i++)
        if (setjmp(target) == 0) work(i);
}

/* --- wrappers: sections begun and ended in functions of their own ------------------------------------ */

static PROBE_NOINLINE void my_begin(const char *name)
{
    char room[512]; /* deeper than what comes between */
    __asm__ volatile("" : : "r"(room) : "memory");
    THAG_PROFILE(name);
    __asm__ volatile("" : : "r"(room) : "memory");
}
static PROBE_NOINLINE void my_end(const char *name)
{
    THAG_END(name);
    __asm__ volatile("");
}
static void wrapped(void)
{
    for (int i = 0; i < 100; i++) {
        my_begin("outer");
        step();
        my_begin("inner");
        step();
        my_end("inner");
        step();
        my_end("outer");
    }
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);

    PROBE_CASE("nested", nested())
    PROBE_CASE("unbounded", unbounded_case())
    PROBE_CASE("dynamic", dynamic())
    PROBE_CASE("muted", muted())
    PROBE_CASE("paused", paused())
    PROBE_CASE("crossed", crossed())
    PROBE_CASE("missing", missing())
    PROBE_CASE("stray", stray())
    PROBE_CASE("deep", deep())
    PROBE_CASE("jumps", jumps())
    PROBE_CASE("retry", retry())
    PROBE_CASE("wrapped", wrapped())
    PROBE_NO_CASE();
}
