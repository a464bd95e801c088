/*
 * heap_svg.c - the heap over time as a picture: the curve, which the flamechart draws too, and a page
 * with axes around it. Without a script: what is under the pointer is told by titles.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/markup.h"
#include "output/picture/svg_page.h"
#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/table/heap_writer.h"

#define CURVE_COLUMNS 2000u
#define HOVER_COLUMNS 240u
#define PLOT_TOP      104u
#define PLOT_PX       260u
#define PLOT_RIGHT    0.98
#define PLOT_LEFT_PX  84u
#define FOOT_PX       56u
#define BYTE_MARKS    4u
#define TIME_MARKS    8u

/* ---- the curve ---- */

/* From the ground up, along the columns, and down again; a step only where the height changes. */
static void put_path(FILE *to, const char *class, const uint32_t *heights, double step,
                     uint32_t height)
{
    uint32_t now = height;

    fprintf(to, "<path class=\"%s\" d=\"M0 %" PRIu32, class, height);
    for (size_t i = 0; i < CURVE_COLUMNS; i++) {
        if (heights[i] == now) continue;
        now = heights[i];
        if (i) fprintf(to, "H%.6g", step * (double)i);
        fprintf(to, "V%" PRIu32, now);
    }
    fprintf(to, "H%.6gV%" PRIu32 "Z\"/>\n", step * CURVE_COLUMNS, height);
}

static uint32_t depth_of(uint64_t bytes, uint64_t top_bytes, uint32_t height)
{
    double part = top_bytes ? (double)bytes / (double)top_bytes : 0;

    return height - (uint32_t)(part * height + 0.5);
}

void heap_put_curve(FILE *to, const heap_time *h, uint64_t from_ns, uint64_t to_ns, uint32_t width,
                    uint32_t height, uint64_t top_bytes)
{
    heap_column columns[CURVE_COLUMNS];
    uint32_t most[CURVE_COLUMNS], least[CURVE_COLUMNS];

    heap_time_columns(h, from_ns, to_ns, columns, CURVE_COLUMNS);
    for (size_t i = 0; i < CURVE_COLUMNS; i++) {
        most[i] = depth_of(columns[i].max, top_bytes, height);
        least[i] = depth_of(columns[i].min, top_bytes, height);
    }
    put_path(to, "most", most, (double)width / CURVE_COLUMNS, height);
    put_path(to, "least", least, (double)width / CURVE_COLUMNS, height);
}

/* ---- the page ---- */

typedef struct writer {
    FILE *to;
    const heap_time *h;
    heap_write_opts opts;
    uint64_t top_bytes;
    uint32_t width; /* of the plot */
} writer;

static double x_of(const writer *w, uint64_t ns)
{
    double length = (double)(w->opts.to_ns - w->opts.from_ns);

    return PLOT_LEFT_PX + (length > 0 ? (double)(ns - w->opts.from_ns) / length : 0) * w->width;
}

static void put_note(const writer *w)
{
    char peak[QUANTITY_ROOM], when[QUANTITY_ROOM], live[QUANTITY_ROOM], blocks[QUANTITY_ROOM];
    char sampling[SAMPLING_ROOM];

    quantity_count(blocks, w->h->live_blocks);
    fprintf(w->to, "<text class=\"note\" x=\"%u\" y=\"%u\">", PLOT_LEFT_PX, SVG_NOTE_Y);
    if (w->opts.program) {
        markup_put(w->to, w->opts.program, strlen(w->opts.program), 200);
        fputs(" \xC2\xB7 ", w->to);
    }
    fprintf(w->to, "peak %s at %s \xC2\xB7 %s in %s block%s at the end</text>\n",
            quantity_bytes(peak, w->h->peak_bytes), quantity_time(when, w->h->peak_ns),
            quantity_bytes(live, w->h->live_bytes), blocks, w->h->live_blocks == 1 ? "" : "s");
    fprintf(
        w->to,
        "<text class=\"note\" x=\"%u\" y=\"%u\">recorded at each step of the heap; between two, "
        "it was at most %s off; slices of %s%s%s</text>\n",
        PLOT_LEFT_PX, SVG_NOTE_Y + SVG_NOTE_STEP, quantity_bytes(live, w->h->step_bytes),
        quantity_time(when, w->h->slice_ns), w->h->sample_period ? "; " : "",
        sampling_phrase(sampling, w->h->sample_period, w->h->samples));
}

static void put_axes(const writer *w)
{
    char text[QUANTITY_ROOM];

    fputs("<g class=\"axis\">\n", w->to);
    for (unsigned i = 0; i <= BYTE_MARKS; i++) {
        unsigned y = PLOT_TOP + PLOT_PX - PLOT_PX * i / BYTE_MARKS;

        quantity_bytes(text, (uint64_t)((double)w->top_bytes * i / BYTE_MARKS));
        fprintf(w->to,
                "<line x1=\"%u\" x2=\"%u\" y1=\"%u\" y2=\"%u\"/>"
                "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text>\n",
                PLOT_LEFT_PX, PLOT_LEFT_PX + w->width, y, y, PLOT_LEFT_PX - 8, y + 4, text);
    }
    for (unsigned i = 0; i <= TIME_MARKS; i++) {
        double part = (double)i / TIME_MARKS;
        uint64_t ns =
            w->opts.from_ns + (uint64_t)((double)(w->opts.to_ns - w->opts.from_ns) * part);

        fprintf(w->to, "<text x=\"%.6g\" y=\"%u\" text-anchor=\"%s\">%s</text>\n",
                PLOT_LEFT_PX + part * w->width, PLOT_TOP + PLOT_PX + 18,
                i == TIME_MARKS ? "end" : "middle", quantity_time(text, ns));
    }
    fputs("</g>\n", w->to);
}

static void put_peak(const writer *w)
{
    double x = x_of(w, w->h->peak_ns);
    uint32_t y = PLOT_TOP + depth_of(w->h->peak_bytes, w->top_bytes, PLOT_PX);
    char text[QUANTITY_ROOM];

    if (w->h->peak_ns < w->opts.from_ns || w->h->peak_ns > w->opts.to_ns) return;
    fprintf(w->to,
            "<circle class=\"peak\" cx=\"%.6g\" cy=\"%" PRIu32 "\" r=\"4\"/>"
            "<text class=\"lane\" x=\"%.6g\" y=\"%" PRIu32 "\" text-anchor=\"%s\">peak %s</text>\n",
            x, y, x, y - 9, x > PLOT_LEFT_PX + w->width * 0.9 ? "end" : "middle",
            quantity_bytes(text, w->h->peak_bytes));
}

/* What is under the pointer. */
static void put_hovers(const writer *w)
{
    heap_column columns[HOVER_COLUMNS];
    double step = (double)w->width / HOVER_COLUMNS;
    double length = (double)(w->opts.to_ns - w->opts.from_ns);

    heap_time_columns(w->h, w->opts.from_ns, w->opts.to_ns, columns, HOVER_COLUMNS);
    fputs("<g class=\"hover\">\n", w->to);
    for (unsigned i = 0; i < HOVER_COLUMNS; i++) {
        char when[QUANTITY_ROOM], least[QUANTITY_ROOM], most[QUANTITY_ROOM];

        quantity_time(when, w->opts.from_ns + (uint64_t)(length * i / HOVER_COLUMNS));
        quantity_bytes(least, columns[i].min);
        quantity_bytes(most, columns[i].max);
        fprintf(w->to, "<rect x=\"%.6g\" width=\"%.6g\" y=\"%u\" height=\"%u\"><title>at %s: %s",
                PLOT_LEFT_PX + step * i, step, PLOT_TOP, PLOT_PX, when, least);
        if (strcmp(least, most) != 0) fprintf(w->to, " to %s", most);
        fputs("</title></rect>\n", w->to);
    }
    fputs("</g>\n", w->to);
}

static void put_page(const writer *w)
{
    uint32_t head = PLOT_TOP - 16;

    svg_put_start(w->to, w->opts.width, PLOT_TOP + PLOT_PX + FOOT_PX,
                  w->opts.palette ? w->opts.palette : palette_find("mem"));
    svg_put_title(w->to, head, w->opts.title ? w->opts.title : "Heap over time");
    put_note(w);
    fputs("</g>\n", w->to);
    put_axes(w);
    fprintf(w->to, "<g class=\"heap\" transform=\"translate(%u %u)\">\n", PLOT_LEFT_PX, PLOT_TOP);
    heap_put_curve(w->to, w->h, w->opts.from_ns, w->opts.to_ns, w->width, PLOT_PX, w->top_bytes);
    fputs("</g>\n", w->to);
    put_peak(w);
    put_hovers(w);
    fputs("</svg>\n", w->to);
}

thag_err heap_write_svg(FILE *to, const heap_time *h, const heap_write_opts *opts, fault *why)
{
    writer w = {.to = to, .h = h, .opts = *opts};

    if (!w.opts.width) w.opts.width = 1200;
    if (w.opts.width < 2 * PLOT_LEFT_PX) w.opts.width = 2 * PLOT_LEFT_PX;
    if (!w.opts.to_ns || w.opts.to_ns > h->end_ns) w.opts.to_ns = h->end_ns;
    w.width = (uint32_t)((double)w.opts.width * PLOT_RIGHT) - PLOT_LEFT_PX;
    w.top_bytes = heap_most(h, w.opts.from_ns, w.opts.to_ns);
    put_page(&w);
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing the heap over time");
}
