/*
 * chart_tasks.h - what lanes have besides their spans. Of a single task: a strip that is dark where it ran
 * and pale where it waited, and arrows from where it was begun and from which thread it went on. Of a thread:
 * an arrow from where it was begun, and a line from then until it recorded something.
 *
 * The script places them when the picture is zoomed: each element has its moments as data-at="START,LENGTH",
 * from the start of the picture, to the base of 36.
 */
#ifndef THAG_CHART_TASKS_H
#define THAG_CHART_TASKS_H

#include <stdio.h>

#include "output/picture/chart_layout.h"

#define CHART_STRIP_PX 6u

/* Where things are, from the top of the lanes. */
typedef struct chart_tasks {
    const chart *c;
    timeline *tl;
    const profile *p;
    const task_turns *turns; /* NULL: no lane is of a single task */
    const uint32_t *row_y;   /* by lane: of its first row */
    uint32_t strip_gap_px;   /* from there up to its strip */
    uint32_t row_px;
} chart_tasks;

/** Strips and arrows of all lanes. */
void chart_tasks_put(FILE *to, const chart_tasks *tasks);

/** "async::download#12 · ran 1.2 ms of 30 ms · 7 times · begun in start". */
void chart_task_text(char *text, size_t room, const chart_tasks *tasks, const chart_lane *lane);

/** " · begun in start"; empty if that is not known, or the lane had several threads. */
void chart_begin_text(char *text, size_t room, const chart_tasks *tasks, const chart_lane *lane);

#endif
