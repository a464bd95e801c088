/*
 * loop_openmp.c - what the OpenMP adapters see: regions, loops, sections and tasks, whose data is of many
 * sizes, and what each of them does.
 */
#include <stdio.h>
#include <string.h>

#include "thag_profiler.h"

enum { CELLS = 1000, TASKS = 200 };
static long sum;

static void cell(int i)
{
    THAG_PROFILED();
#pragma omp atomic
    sum += i;
}

static void leaf(int i)
{
    THAG_PROFILED();
#pragma omp atomic
    sum += i;
}

__attribute__((__noinline__)) static void grid(void)
{
    THAG_PROFILED();
#pragma omp parallel for
    for (int i = 0; i < CELLS; i++) cell(i);
#pragma omp parallel for schedule(dynamic, 7)
    for (int i = 0; i < CELLS; i++) cell(i);
}

__attribute__((__noinline__)) static void tree(void)
{
    THAG_PROFILED();
    struct {
        char text[300];
    } large;

    memset(&large, 'x', sizeof large);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < TASKS; i++) {
#pragma omp task firstprivate(large, i)
        leaf(i + (large.text[299] != 'x'));
    }
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    grid();
    tree();
    printf("%ld\n", sum);
    return sum == 2L * CELLS * (CELLS - 1) / 2 + TASKS * (TASKS - 1) / 2 ? 0 : 1;
}
