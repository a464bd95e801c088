/*
 * heap.c - what v1_heap.sparse is a trace of: memory that grows in ten steps, half of it freed in five,
 * a buffer that comes and goes; the rest is left.
 */
#include <stdlib.h>
#include <time.h>

#include "thag_profiler.h"

#define STEPS 10
#define EACH  100

static char *kept[STEPS][EACH];

static void rest(void)
{
    const struct timespec time = {.tv_nsec = 4000000};

    nanosleep(&time, NULL);
}

static void grow(int step)
{
    THAG_PROFILED();
    for (int i = 0; i < EACH; i++) kept[step][i] = malloc(1000);
    rest();
}

static void use_buffer(void)
{
    THAG_PROFILED();
    void *volatile buffer = malloc(300000); /* or the compiler leaves it out */

    rest();
    free(buffer);
}

static void shrink(int step)
{
    THAG_PROFILED();
    for (int i = 0; i < EACH; i++) free(kept[step][i]);
    rest();
}

int main(void)
{
    THAG_ENABLE_PROFILING(both);
    for (int step = 0; step < STEPS; step++) grow(step);
    use_buffer();
    for (int step = 0; step < STEPS / 2; step++) shrink(step);
    return 0;
}
