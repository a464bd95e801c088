/* probe_slow_counter.c - spans that begin in one tick of the counter. See slow_counter.sh. */
#include "probe.h"
#include "thag_profiler.h"

static const thag_site outer_site = {.name = "outer", .func = "outer", .file = __FILE__};
static const thag_site inner_site = {.name = "inner", .func = "inner", .file = __FILE__};
static const thag_site after_site = {.name = "after", .func = "after", .file = __FILE__};

enum { ROUNDS = 1000 };

/* The inner span is ended twice: the outer one must not take the second end for its own. */
static void twice(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        thag_token outer = thag_span_begin(&outer_site), inner = thag_span_begin(&inner_site);
        thag_span_end(inner);
        thag_span_end(inner);
        thag_token after = thag_span_begin(&after_site);
        thag_span_end(after);
        thag_span_end(outer);
    }
}

/* The inner span is never ended: the end of the outer one must not be taken for its. */
static void never(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        thag_token outer = thag_span_begin(&outer_site);
        thag_span_begin(&inner_site);
        thag_span_end(outer);
        thag_token after = thag_span_begin(&after_site);
        thag_span_end(after);
    }
}

/* Many in a tick, in all depths, and a long one. */
static PROBE_NOINLINE void nested(int depth)
{
    THAG_PROFILED();
    for (int i = 0; depth > 0 && i < 4; i++) nested(depth - 1);
}

static PROBE_NOINLINE uint64_t busy(void)
{
    THAG_PROFILED();
    return probe_busy_ns(20000000);
}

/* Says how long it was busy at least, and at most. */
static void times(void)
{
    nested(6);
    uint64_t start = probe_now_ns(), least = busy();
    printf("%llu %llu\n", (unsigned long long)least, (unsigned long long)(probe_now_ns() - start));
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(time);
    PROBE_CASE("twice", twice())
    PROBE_CASE("never", never())
    PROBE_CASE("times", times())
    PROBE_NO_CASE();
}
