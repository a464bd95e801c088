/*
 * chart_writer.h - a flamechart as one SVG file: spans along time, a lane for each thread.
 *
 * It is made, looks and behaves as a flamegraph does (svg_writer.h). Each rectangle is one span, or
 * several that are too short to draw, with their number and their time. In the table of rectangles the
 * fields are `frame,gap,length,count,busy`: an empty count is 1, 0 a span that was still running; busy
 * is there where it is not the length.
 */
#ifndef THAG_CHART_WRITER_H
#define THAG_CHART_WRITER_H

#include <stdio.h>

#include "output/palette.h"
#include "output/picture/chart_layout.h"
#include "profile/load/heap_time.h"

typedef struct chart_write_opts {
    const char *title;      /* NULL: "Flamechart" */
    const char *subtitle;   /* NULL: the profile's title */
    const palette *palette; /* NULL: aqua */
    uint32_t width_px;      /* without a script; 0: 1200 */
    const heap_time *heap;  /* drawn above the lanes; NULL: not known */
    chart_opts chart;       /* its width_px is not looked at */
} chart_write_opts;

/**
 * Read the timeline, lay out and write. THAG_ERR_EMPTY, with nothing written, if no span is in the
 * range and of the threads that were asked for. Neither closes nor flushes the stream.
 */
thag_err chart_write(FILE *to, timeline *tl, const profile *p, const chart_write_opts *opts,
                     fault *why);

#endif
