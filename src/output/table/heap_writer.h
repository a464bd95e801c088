/*
 * heap_writer.h - the heap over time, as text, CSV, JSON, and as a picture.
 */
#ifndef THAG_HEAP_WRITER_H
#define THAG_HEAP_WRITER_H

#include <stdio.h>

#include "output/palette.h"
#include "output/table/report.h"
#include "profile/load/heap_time.h"

/* What of it is shown, and how. */
typedef struct heap_view {
    const heap_time *heap;
    const char *program;     /* NULL: unknown */
    uint64_t from_ns, to_ns; /* the stretch of time; to_ns 0: the end */
    int is_utf8;             /* text: what it goes to has blocks to draw with */
    size_t width_px;         /* of the picture; 0: 1200 */
    const char *title;       /* of the picture; NULL: "Heap over time" */
    const palette *palette;  /* of the picture; NULL: mem */
} heap_view;

/** Of a heap_view: as text a chart, which needs neither colour nor UTF-8; else a row for each slice of the time
    in which something was recorded, and one for start and end. */
extern const report heap_report;

/** One self-contained SVG, without a script. */
thag_err heap_write_svg(FILE *to, const heap_view *view, fault *why);

/**
 * The curve alone, as paths with the classes "most" and "least": what was live at the most and at the
 * least, over `width` units to the right and `height` down from 0, where `top_bytes` are.
 */
void heap_put_curve(FILE *to, const heap_time *h, uint64_t from_ns, uint64_t to_ns, uint32_t width,
                    uint32_t height, uint64_t top_bytes);

/** The most that was live in a stretch of time. */
uint64_t heap_most(const heap_time *h, uint64_t from_ns, uint64_t to_ns);

#endif
