/*
 * loop_openmp.c - what the OpenMP adapters see: regions, loops, sections and tasks, whose data is of many
 * sizes, loops of tasks, reductions, and what each of them does.
 */
#include <stdio.h>
#include <string.h>

#include "thag_profiler.h"

enum { CELLS = 1000, TASKS = 200, PARTS = 100 };
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

static void piece(void)
{
    THAG_PROFILED();
}

/* Parts of a loop as tasks, with data of their own, and what they add up to. */
__attribute__((__noinline__)) static long parts(void)
{
    THAG_PROFILED();
    long total = 0, weight = 3;

#pragma omp parallel
#pragma omp single
#pragma omp taskloop grainsize(10) firstprivate(weight) reduction(+ : total)
    for (int i = 0; i < PARTS; i++) {
        piece();
        total += weight * i;
    }
#pragma omp parallel
#pragma omp single
#pragma omp taskloop num_tasks(7)
    for (unsigned long long i = 0; i < PARTS; i++) piece();
    return total;
}

/* Tasks that add up what a region reduces. */
__attribute__((__noinline__)) static long reduced(void)
{
    THAG_PROFILED();
    long total = 0;

#pragma omp parallel reduction(task, + : total)
    {
#pragma omp single
        for (int i = 0; i < PARTS; i++) {
#pragma omp task in_reduction(+ : total)
            {
                piece();
                total += i;
            }
        }
    }
    return total;
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    grid();
    tree();
    if (parts() != 3L * PARTS * (PARTS - 1) / 2) return 2;
    if (reduced() != (long)PARTS * (PARTS - 1) / 2) return 3;
    printf("%ld\n", sum);
    return sum == 2L * CELLS * (CELLS - 1) / 2 + TASKS * (TASKS - 1) / 2 ? 0 : 1;
}
