/* probe_enable.c - switched on and off and on again. See enable.sh. */
#include <pthread.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}
static uint64_t expected;

/* Ten steps that count if profiling was switched on so, ten that do not. */
static void turn(thag_mode mode, int expect_result, int expect_recorded, const char *setting)
{
    if (setting && *setting)
        setenv("THAG_PROFILER", setting, 1);
    else
        unsetenv("THAG_PROFILER");
    int result = thag_enable_profiling(mode);
    if (result != expect_result)
        fprintf(stdout, "mode %d '%s': result %d\n", mode, setting, result);
    for (int i = 0; i < 10; i++) step();
    if (expect_recorded) expected += 10;
    thag_disable_profiling();
    for (int i = 0; i < 10; i++) step();
}

static void sequence(void)
{
    turn(THAG_MODE_, 0, 1, "");
    turn(THAG_MODE_yes, 0, 1, "");
    turn(THAG_MODE_no, 0, 0, "");
    turn(THAG_MODE_time, 0, 1, "");
    turn(THAG_MODE_memory, -1, 0, "");
    turn(THAG_MODE_runtime, 0, 0, "");
    turn(THAG_MODE_runtime, 0, 1, "time");
    turn(THAG_MODE_runtime, -1, 0, "invalid");
    turn(THAG_MODE_runtime, -1, 0, "time,,quiet,true");
    turn(THAG_MODE_runtime, 0, 0, "none");
    turn(THAG_MODE_runtime, 0, 1, " Time , , quiet");
    for (int i = 0; i < 100; i++) turn(THAG_MODE_time, 0, 1, "");
    printf("%llu\n", (unsigned long long)expected);
}

/* Off and on inside of open spans; they end as usual. */
static PROBE_NOINLINE void inside(int is_on_before, int is_on_after)
{
    THAG_PROFILED();
    if (!is_on_before) thag_enable_profiling(THAG_MODE_time);
    THAG_PROFILE("section");
    step();
    if (!is_on_after) thag_disable_profiling();
    THAG_END("section");
}
static void within(void)
{
    thag_enable_profiling(THAG_MODE_time);
    for (int i = 0; i < 10; i++) {
        inside(1, 0); /* function recorded, section begun; ended while off */
        inside(0, 1); /* function not recorded, section is */
    }
    thag_disable_profiling();
}

/* Another thread switches while four record, each time when they have made some steps. */
static int stop;
static uint64_t steps_done;
static void *busy(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        step();
        __atomic_fetch_add(&steps_done, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}
static void await_steps(uint64_t count)
{
    uint64_t until = __atomic_load_n(&steps_done, __ATOMIC_SEQ_CST) + count;
    while (__atomic_load_n(&steps_done, __ATOMIC_SEQ_CST) < until) usleep(100);
}
static void from_thread(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) PROBE_MUST(!pthread_create(&threads[i], NULL, busy, NULL));
    for (int i = 0; i < 200; i++) {
        PROBE_MUST(!thag_enable_profiling(THAG_MODE_time));
        await_steps(20);
        thag_disable_profiling();
        await_steps(20);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

/* Many switch at once; the first one makes the one trace. */
static void *switcher(void *arg)
{
    for (int i = 0; i < 200; i++) {
        PROBE_MUST(!thag_enable_profiling(THAG_MODE_time));
        step();
    }
    return arg;
}
static void at_once(void)
{
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) PROBE_MUST(!pthread_create(&threads[i], NULL, switcher, NULL));
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

static int runtime_mode(void)
{
    THAG_ENABLE_PROFILING(runtime);
    step();
    return 0;
}

int main(int argc, char **argv)
{
    PROBE_CASE("sequence", sequence())
    PROBE_CASE("within", within())
    PROBE_CASE("from_thread", from_thread())
    PROBE_CASE("at_once", at_once())
    PROBE_CASE("runtime", runtime_mode())
    PROBE_NO_CASE();
}
