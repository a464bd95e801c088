/*
 * heap_svg.c - the heap over time as a picture: the curve, which the flamechart draws too, and a page
 * with axes around it. Within the plot everything is in percent; the script makes that as wide as the window.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/markup.h"
#include "output/picture/axis_marks.h"
#include "output/picture/flamegraph_assets.h"
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
#define CURVE_UNITS   10000u /* its width; the plot stretches that */
#define BYTE_MARKS    6u
#define TIME_MARKS    10u

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
    heap_view view;
    uint64_t top_bytes;
} writer;

static uint64_t length_ns(const writer *w)
{
    return w->view.to_ns - w->view.from_ns;
}

static double percent_at(const writer *w, uint64_t ns)
{
    return length_ns(w) ? 100 * (double)(ns - w->view.from_ns) / (double)length_ns(w) : 0;
}

static void put_note(const writer *w)
{
    char peak[QUANTITY_ROOM], when[QUANTITY_ROOM], live[QUANTITY_ROOM], blocks[QUANTITY_ROOM];
    char sampling[SAMPLING_ROOM];

    quantity_count(blocks, w->view.heap->live_blocks);
    fprintf(w->to, "<text class=\"note\" x=\"1%%\" y=\"%u\">", SVG_NOTE_Y);
    if (w->view.program) {
        markup_put(w->to, w->view.program, strlen(w->view.program), 200);
        fputs(" \xC2\xB7 ", w->to);
    }
    fprintf(w->to, "peak %s at %s \xC2\xB7 %s in %s block%s at the end</text>\n",
            quantity_bytes(peak, w->view.heap->peak_bytes),
            quantity_time(when, w->view.heap->peak_ns),
            quantity_bytes(live, w->view.heap->live_bytes), blocks,
            w->view.heap->live_blocks == 1 ? "" : "s");
    fprintf(w->to,
            "<text class=\"note\" x=\"1%%\" y=\"%u\">Solid: live all the time, pale: at times. "
            "Exact to %s, in slices of %s%s%s</text>\n",
            SVG_NOTE_Y + SVG_NOTE_STEP, quantity_bytes(live, w->view.heap->step_bytes),
            quantity_time(when, w->view.heap->slice_ns), w->view.heap->sample_period ? "; " : "",
            sampling_phrase(sampling, w->view.heap->sample_period, w->view.heap->samples));
}

static void put_axes(const writer *w)
{
    uint64_t bytes = axis_step_bytes(w->top_bytes, BYTE_MARKS);
    uint64_t ns = axis_step_ns(length_ns(w), TIME_MARKS);
    char text[QUANTITY_ROOM];

    fputs("<g class=\"axis\">\n", w->to);
    for (uint64_t at = 0; at <= w->top_bytes; at += bytes) {
        uint32_t y = depth_of(at, w->top_bytes, PLOT_PX);

        fprintf(w->to,
                "<line x2=\"100%%\" y1=\"%" PRIu32 "\" y2=\"%" PRIu32 "\"/>"
                "<text x=\"-8\" y=\"%" PRIu32 "\" text-anchor=\"end\">%s</text>\n",
                y, y, y + 4, axis_bytes(text, at));
    }
    for (uint64_t at = w->view.from_ns + (ns - w->view.from_ns % ns) % ns; at <= w->view.to_ns;
         at += ns) {
        fputs("<text", w->to);
        svg_put_percent(w->to, "x", percent_at(w, at));
        fprintf(w->to, " y=\"%u\" text-anchor=\"%s\">%s</text>\n", PLOT_PX + 18,
                percent_at(w, at) > 97 ? "end" : "middle", axis_time(text, at, ns));
    }
    fputs("</g>\n", w->to);
}

static void put_peak(const writer *w)
{
    double x = percent_at(w, w->view.heap->peak_ns);
    uint32_t y = depth_of(w->view.heap->peak_bytes, w->top_bytes, PLOT_PX);
    char text[QUANTITY_ROOM];

    if (w->view.heap->peak_ns < w->view.from_ns || w->view.heap->peak_ns > w->view.to_ns) return;
    fputs("<circle class=\"peak\"", w->to);
    svg_put_percent(w->to, "cx", x);
    fprintf(w->to, " cy=\"%" PRIu32 "\" r=\"4\"/><text class=\"lane\"", y);
    svg_put_percent(w->to, "x", x);
    fprintf(w->to, " y=\"%d\" text-anchor=\"%s\">peak %s</text>\n", (int)y - 9,
            x > 85   ? "end"
            : x < 15 ? "start"
                     : "middle",
            quantity_bytes(text, w->view.heap->peak_bytes));
}

/* What is under the pointer. */
static void put_hovers(const writer *w)
{
    heap_column columns[HOVER_COLUMNS];

    heap_time_columns(w->view.heap, w->view.from_ns, w->view.to_ns, columns, HOVER_COLUMNS);
    fputs("<g class=\"hover\">\n", w->to);
    for (unsigned i = 0; i < HOVER_COLUMNS; i++) {
        char when[QUANTITY_ROOM], least[QUANTITY_ROOM], most[QUANTITY_ROOM];

        quantity_time(when, w->view.from_ns + (uint64_t)((double)length_ns(w) * i / HOVER_COLUMNS));
        quantity_bytes(least, columns[i].min);
        quantity_bytes(most, columns[i].max);
        fputs("<rect", w->to);
        svg_put_percent(w->to, "x", 100.0 * i / HOVER_COLUMNS);
        svg_put_percent(w->to, "width", 100.0 / HOVER_COLUMNS);
        fprintf(w->to, " height=\"%u\"><title>at %s: %s", PLOT_PX, when, least);
        if (strcmp(least, most) != 0) fprintf(w->to, " to %s", most);
        fputs("</title></rect>\n", w->to);
    }
    fputs("</g>\n", w->to);
}

static void put_plot(const writer *w)
{
    fprintf(w->to, "<svg class=\"plot\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\">\n",
            PLOT_LEFT_PX, PLOT_TOP, (uint32_t)(w->view.width_px * PLOT_RIGHT) - PLOT_LEFT_PX,
            PLOT_PX);
    put_axes(w);
    fprintf(w->to,
            "<svg class=\"heap\" width=\"100%%\" height=\"%u\" viewBox=\"0 0 %u %u\" "
            "preserveAspectRatio=\"none\">\n",
            PLOT_PX, CURVE_UNITS, PLOT_PX);
    heap_put_curve(w->to, w->view.heap, w->view.from_ns, w->view.to_ns, CURVE_UNITS, PLOT_PX,
                   w->top_bytes);
    fputs("</svg>\n", w->to);
    put_peak(w);
    put_hovers(w);
    fprintf(w->to, "<text class=\"lane under\" y=\"%u\"></text>\n</svg>\n", PLOT_PX + 42);
}

static void put_page(const writer *w)
{
    uint32_t head = PLOT_TOP - 16;

    svg_put_start(w->to, w->view.width_px, PLOT_TOP + PLOT_PX + FOOT_PX,
                  w->view.palette ? w->view.palette : palette_find("mem"));
    svg_put_title(w->to, head, w->view.title ? w->view.title : "Heap over time");
    put_note(w);
    fputs("</g>\n", w->to);
    put_plot(w);
    svg_put_end(w->to, heap_js);
}

thag_err heap_write_svg(FILE *to, const heap_view *view, fault *why)
{
    const heap_time *h = view->heap;
    writer w = {.to = to, .view = *view};

    if (!w.view.width_px) w.view.width_px = 1200;
    if (w.view.width_px < 2 * PLOT_LEFT_PX) w.view.width_px = 2 * PLOT_LEFT_PX;
    if (!w.view.to_ns || w.view.to_ns > h->end_ns) w.view.to_ns = h->end_ns;
    w.top_bytes = heap_most(h, w.view.from_ns, w.view.to_ns);
    put_page(&w);
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing the heap over time");
}
