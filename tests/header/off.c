/*
 * off.c - one macro a line, in all the places where they may stand; see off_identical.sh.
 */
#include "thag_profiler.h"
#include "thag_profiler/pool.h"

int puts(const char *text);
int leaf(int n);
int sections(const char *name, int n);
int tail_call(int n);
double numbers(const double *values, int count);
int pool(char *arena, int n);
int main(void);

int leaf(int n)
{
    THAG_PROFILED();
    return n * 2654435761u >> 7;
}

static inline int helper(int n)
{
    THAG_PROFILED(time);
    THAG_PROFILE("in helper", unbounded);
    return leaf(n) ^ n;
}

int sections(const char *name, int n)
{
    THAG_PROFILED(both);
    THAG_PROFILE("outer", time, mem_detail);
    for (int i = 0; i < n; i++) {
        THAG_PROFILE(name);
        THAG_PROFILED_IF(sizeof(int) == 4, time);
        n -= helper(i) & 1;
        THAG_END(name);
    }
    THAG_END("outer");
    return n;
}

int tail_call(int n)
{
    THAG_PROFILED();
    if (n == 0) return puts("done");
    return tail_call(n - 1);
}

double numbers(const double *values, int count)
{
    THAG_PROFILED();
    double sum = 0;

    for (int i = 0; i < count; i++) {
        THAG_PROFILE("add", mem_summary);
        sum += values[i] * values[i];
        THAG_END("add");
    }
    return sum;
}

int pool(char *arena, int n)
{
    char *block = arena + n;

    thag_pool_alloc(arena, "pool", block, (unsigned)n);
    thag_pool_resize(arena, "pool", block, arena, 2u * (unsigned)n);
    thag_pool_free(arena, block);
    thag_pool_reset(arena);
    return *block;
}

int main(void)
{
    THAG_ENABLE_PROFILING(runtime);
    const double values[] = {1, 2, 3};

    return sections("name", tail_call(3)) + (int)numbers(values, 3);
}
