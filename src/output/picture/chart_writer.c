#include "output/picture/chart_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/markup.h"
#include "output/picture/axis_marks.h"
#include "output/picture/chart_tasks.h"
#include "output/picture/flamegraph_assets.h"
#include "output/picture/svg_page.h"
#include "output/quantity.h"
#include "output/table/heap_writer.h"

#define LANE_PX        22u /* the heading of a lane */
#define STRIP_GAP_PX   7u /* of a task's strip to its first row: room that the heading has besides */
#define AXIS_PX        16u /* the labels of the axis, above the first row */
#define HEAP_PX        56u /* the heap over time, and a gap beneath */
#define HEAP_GAP_PX    8u
#define HEAP_UNITS     10000u /* its width; the script shows a part of that */
#define NOTES_MAX      5
#define LANE_TEXT_ROOM 300

typedef struct writer {
    FILE *to;
    const profile *p;
    const chart *c;
    chart_write_opts opts;
    const palette *colours;
    svg_names names;
    uint32_t head_px;
    uint32_t *row_y; /* by lane: of its first row */
    chart_tasks tasks;
    char notes[NOTES_MAX][200]; /* what is not in the picture */
    uint32_t note_count;
} writer;

static double frames_px(const writer *w)
{
    return w->opts.width_px * 0.98;
}

static uint64_t length_ns(const writer *w)
{
    return w->c->to_ns - w->c->from_ns;
}

static double share(const writer *w, uint64_t ns)
{
    return length_ns(w) ? (double)ns / (double)length_ns(w) : 0;
}

/* ---- where things are: row 0 is the whole time, then the rows of lane after lane ---- */

static uint32_t first_row(const writer *w)
{
    return AXIS_PX + (w->opts.heap ? HEAP_PX : 0);
}

static uint32_t frames_height(const writer *w)
{
    return first_row(w) + (w->c->row_count + 1) * SVG_ROW_PX + w->c->lane_count * LANE_PX +
           w->c->task_count * STRIP_GAP_PX;
}

static int is_task(const chart_lane *lane)
{
    return lane->task != PROFILE_NONE;
}

static int place_lanes(writer *w)
{
    uint32_t y = first_row(w) + SVG_ROW_PX;

    w->row_y = malloc((w->c->lane_count + 1) * sizeof *w->row_y);
    for (uint32_t i = 0; w->row_y && i < w->c->lane_count; i++) {
        const chart_lane *lane = &w->c->lanes[i];

        w->row_y[i] = y + LANE_PX + (is_task(lane) ? STRIP_GAP_PX : 0);
        y = w->row_y[i] + lane->row_count * SVG_ROW_PX;
    }
    return w->row_y != NULL;
}

typedef void row_visitor(const writer *w, const chart_lane *lane, const chart_row *row, uint32_t y);

static void each_row(const writer *w, row_visitor *visit)
{
    for (uint32_t i = 0; i < w->c->lane_count; i++) {
        for (uint32_t r = 0; r < w->c->lanes[i].row_count; r++)
            visit(w, &w->c->lanes[i], &w->c->lanes[i].rows[r], w->row_y[i] + r * SVG_ROW_PX);
    }
}

/* ---- the table ---- */

static void put_rect_numbers(const writer *w, const chart_block *b, uint64_t end)
{
    svg_put_base36(w->to, w->names.index[w->p->frame[b->node]]);
    putc(',', w->to);
    if (b->start_ns != end) svg_put_base36(w->to, (int64_t)(b->start_ns - end));
    putc(',', w->to);
    svg_put_base36(w->to, (int64_t)(b->end_ns - b->start_ns));
    if (b->count == 1 && !b->is_open && b->busy_ns == b->end_ns - b->start_ns) return;
    putc(',', w->to);
    if (b->count > 1 || b->is_open) svg_put_base36(w->to, b->is_open ? 0 : b->count);
    if (b->busy_ns == b->end_ns - b->start_ns) return;
    putc(',', w->to);
    svg_put_base36(w->to, (int64_t)b->busy_ns);
}

static void put_row_numbers(const writer *w, const chart_lane *lane, const chart_row *row,
                            uint32_t y)
{
    uint64_t end = w->c->from_ns;

    (void)lane;
    (void)y;
    for (size_t i = 0; i < row->count; i++) {
        putc(i ? ';' : '|', w->to);
        put_rect_numbers(w, &row->blocks[i], end);
        end = row->blocks[i].end_ns;
    }
}

static void put_totals(const writer *w)
{
    fputs("\"totals\":[", w->to);
    for (uint32_t i = 0; i < w->names.count; i++) {
        const chart_total *t = &w->c->totals[w->names.drawn[i]];

        fprintf(w->to, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", t->spans, t->ns);
    }
    fputs("],\n", w->to);
}

static void lane_text(const writer *w, const chart_lane *lane, char text[LANE_TEXT_ROOM])
{
    char spans[QUANTITY_ROOM], more[QUANTITY_ROOM], begun[100];

    if (is_task(lane)) {
        chart_task_text(text, LANE_TEXT_ROOM, &w->tasks, lane);
        return;
    }
    quantity_count(spans, lane->spans);
    quantity_count(more, lane->owners - 1);
    if (lane->group) {
        snprintf(
            text, LANE_TEXT_ROOM, "%stasks on %s%s%" PRIu32 " (%" PRIu32 ") \xC2\xB7 %s span%s",
            w->c->task_count ? "other " : "", lane->name, lane->name[0] ? " \xC2\xB7 " : "thread ",
            lane->tid, lane->group, spans, lane->spans == 1 ? "" : "s");
        return;
    }
    chart_begin_text(begun, sizeof begun, &w->tasks, lane);
    snprintf(text, LANE_TEXT_ROOM, "%s%s%" PRIu32 "%s%s%s \xC2\xB7 %s span%s%s", lane->name,
             lane->name[0] ? " \xC2\xB7 " : "thread ", lane->tid, lane->owners > 1 ? " and " : "",
             lane->owners > 1 ? more : "", lane->owners > 1 ? " after it" : "", spans,
             lane->spans == 1 ? "" : "s", begun);
}

static void put_lane_table(const writer *w)
{
    uint32_t top = 1;

    fputs("\"tops\":[", w->to);
    for (uint32_t i = 0; i < w->c->lane_count; top += w->c->lanes[i++].row_count)
        fprintf(w->to, "%s%" PRIu32, i ? "," : "", top);
    fputs("],\"lanes\":[", w->to);
    for (uint32_t i = 0; i < w->c->lane_count; i++) {
        char text[LANE_TEXT_ROOM];

        lane_text(w, &w->c->lanes[i], text);
        if (i) putc(',', w->to);
        markup_put_json(w->to, text, strlen(text));
    }
    fputs("],\n", w->to);
}

static void put_table(const writer *w)
{
    fputs("<script type=\"application/json\" class=\"data\"><![CDATA[\n{", w->to);
    fprintf(w->to,
            "\"unit\":\"ns\",\"label\":\"\",\"row\":%u,\"top\":%u,\"tools\":%u,\"from\":%" PRIu64
            ",\n",
            SVG_ROW_PX, w->head_px, w->head_px - SVG_TOOLS_PX, w->c->from_ns);
    svg_names_put(&w->names, w->to);
    put_totals(w);
    put_lane_table(w);
    fputs("\"rects\":\",,", w->to);
    svg_put_base36(w->to, (int64_t)length_ns(w));
    each_row(w, put_row_numbers);
    fputs("\"}\n]]></script>\n", w->to);
}

/* ---- the picture ---- */

/* How wide that is. */
static double put_count(const writer *w, const chart_block *b)
{
    char count[QUANTITY_ROOM];

    if (b->count <= 1) return 0;
    quantity_count(count, b->count);
    fprintf(w->to, "%s\xC3\x97 ", count);
    return SVG_CHAR_PX * (double)(strlen(count) + 2);
}

static void put_block_title(const writer *w, const chart_block *b)
{
    const char *name = w->p->frames[w->p->frame[b->node]].name;
    char length[QUANTITY_ROOM], from[QUANTITY_ROOM], busy[QUANTITY_ROOM];

    quantity_time(length, b->count > 1 ? b->end_ns - b->start_ns : b->busy_ns);
    quantity_time(from, b->start_ns);
    quantity_time(busy, b->busy_ns);
    fputs("<title>", w->to);
    put_count(w, b);
    markup_put(w->to, name, strlen(name), SIZE_MAX);
    fprintf(w->to, " (%s at %s", length, from);
    if (b->count > 1) fprintf(w->to, ", %s busy", busy);
    if (b->count == 1 && b->busy_ns < b->end_ns - b->start_ns) fputs(", and waited", w->to);
    fprintf(w->to, "%s)</title>", b->is_open ? ", still running at the end" : "");
}

static void put_block(const writer *w, const chart_block *b)
{
    const profile_frame *f = &w->p->frames[w->p->frame[b->node]];
    double px = share(w, b->end_ns - b->start_ns) * frames_px(w);
    double gap = px >= 3 ? 100 * SVG_GAP_PX / frames_px(w) : 0;
    double least = 100 * 0.5 / frames_px(w), width = 100 * share(w, b->end_ns - b->start_ns) - gap;

    fprintf(w->to, "<g%s>", b->is_open ? " class=\"open\"" : "");
    put_block_title(w, b);
    fprintf(w->to, "<rect class=\"k%x\"", palette_shade(w->colours, f->name, f->name_len));
    svg_put_percent(w->to, "x", 100 * share(w, b->start_ns - w->c->from_ns));
    svg_put_percent(w->to, "width", width > least ? width : least);
    /* As dense as it is busy, but always to be seen. */
    if (b->busy_ns < b->end_ns - b->start_ns) {
        double part = (double)b->busy_ns / (double)(b->end_ns - b->start_ns);
        fprintf(w->to, " opacity=\"0.%02d\"", 35 + (int)(64 * (part < 1 ? part : 1)));
    }
    fprintf(w->to, " height=\"%u\"/>", SVG_ROW_PX - 1);
    if (px >= SVG_LABEL_MIN_PX) {
        fputs("<svg", w->to);
        svg_put_percent(w->to, "x", 100 * share(w, b->start_ns - w->c->from_ns));
        svg_put_percent(w->to, "width", width);
        fprintf(w->to, " height=\"%u\"><text x=\"3\" y=\"12\">", SVG_ROW_PX - 1);
        svg_put_label(w->to, f->label, px - put_count(w, b));
        fputs("</text></svg>", w->to);
    }
    fputs("</g>\n", w->to);
}

static void put_row(const writer *w, const chart_lane *lane, const chart_row *row, uint32_t y)
{
    (void)lane;
    fprintf(w->to, "<g transform=\"translate(0 %u)\">\n", y);
    for (size_t i = 0; i < row->count; i++) put_block(w, &row->blocks[i]);
    fputs("</g>\n", w->to);
}

/* Above the axis' lines, and as wide as they are. */
static void put_heap(const writer *w)
{
    const heap_time *h = w->opts.heap;
    char most[QUANTITY_ROOM];
    uint64_t top_bytes;

    if (!h) return;
    top_bytes = heap_most(h, w->c->from_ns, w->c->to_ns);
    fprintf(w->to,
            "<svg class=\"heap\" y=\"%u\" width=\"100%%\" height=\"%u\" viewBox=\"0 0 %u %u\" "
            "preserveAspectRatio=\"none\" role=\"img\"><title>live heap, %s at most</title>\n",
            AXIS_PX, HEAP_PX - HEAP_GAP_PX, HEAP_UNITS, HEAP_PX - HEAP_GAP_PX,
            quantity_bytes(most, top_bytes));
    heap_put_curve(w->to, h, w->c->from_ns, w->c->to_ns, HEAP_UNITS, HEAP_PX - HEAP_GAP_PX,
                   top_bytes);
    fprintf(w->to, "</svg>\n<text class=\"lane\" x=\"4\" y=\"%u\">live heap, %s at most</text>\n",
            AXIS_PX + 13, most);
}

/* The script draws it anew for the width of the window. */
static void put_axis(const writer *w)
{
    uint64_t step = axis_step_ns(length_ns(w), 10);
    uint64_t first = w->c->from_ns + (step - w->c->from_ns % step) % step;

    fprintf(w->to, "<g class=\"axis\" data-height=\"%u\" transform=\"translate(0 %u)\">",
            frames_height(w) - AXIS_PX, AXIS_PX);
    for (uint64_t at = first; at <= w->c->to_ns; at += step) {
        double x = 100 * share(w, at - w->c->from_ns);
        char text[QUANTITY_ROOM];

        fputs("<line", w->to);
        svg_put_percent(w->to, "x1", x);
        svg_put_percent(w->to, "x2", x);
        fprintf(w->to, " y2=\"%u\"/>", frames_height(w) - AXIS_PX);
        if (x > 94) continue;
        fputs("<text", w->to);
        svg_put_percent(w->to, "x", x);
        fprintf(w->to, " dx=\"3\" y=\"-4\">%s</text>", axis_time(text, at, step));
    }
    fputs("</g>\n", w->to);
}

static void put_lane_heads(const writer *w)
{
    fprintf(w->to, "<svg class=\"lanes\" x=\"1%%\" y=\"%u\" width=\"98%%\" height=\"%u\">\n",
            w->head_px, frames_height(w));
    put_axis(w);
    put_heap(w);
    chart_tasks_put(w->to, &w->tasks);
    for (uint32_t i = 0; i < w->c->lane_count; i++) {
        char text[LANE_TEXT_ROOM];

        lane_text(w, &w->c->lanes[i], text);
        fprintf(w->to, "<text class=\"lane\" x=\"0\" y=\"%u\">",
                w->row_y[i] - 6 - (is_task(&w->c->lanes[i]) ? STRIP_GAP_PX : 0));
        markup_put(w->to, text, strlen(text), SIZE_MAX);
        fputs("</text>\n", w->to);
    }
    fputs("</svg>\n", w->to);
}

static void put_frames(const writer *w)
{
    char length[QUANTITY_ROOM];

    quantity_time(length, length_ns(w));
    fprintf(w->to, "<svg class=\"frames\" x=\"1%%\" y=\"%u\" width=\"98%%\" height=\"%u\">\n",
            w->head_px, frames_height(w));
    fprintf(w->to,
            "<g transform=\"translate(0 %u)\">\n<g><title>all (%s)</title>"
            "<rect class=\"k0\" x=\"0%%\" width=\"100%%\" height=\"%u\"/><svg x=\"0%%\" "
            "width=\"100%%\" "
            "height=\"%u\"><text x=\"3\" y=\"12\">all</text></svg></g>\n</g>\n",
            first_row(w), length, SVG_ROW_PX - 1, SVG_ROW_PX - 1);
    each_row(w, put_row);
    fputs("</svg>\n", w->to);
}

/* ---- head ---- */

static void note(writer *w, uint64_t count, const char *what)
{
    char text[QUANTITY_ROOM];

    if (!count || w->note_count == NOTES_MAX) return;
    quantity_count(text, count);
    snprintf(w->notes[w->note_count++], sizeof w->notes[0], "%s %s", text, what);
}

static void collect_notes(writer *w, const timeline_losses *lost)
{
    note(w, lost->limit, "spans are missing: THAG_TIMELINE_LIMIT was reached");
    note(w, lost->unwritten, "spans are missing: the file could not be written");
    note(w, lost->sampled + lost->unknown, "calls were not timed, or lost");
    note(w, w->c->deep, "spans are too deep to draw");
    note(w, w->c->crowded, "lanes are not drawn: the picture would be too tall");
}

static void put_notes(const writer *w)
{
    const char *subtitle = w->opts.subtitle ? w->opts.subtitle : w->p->title;
    char spans[QUANTITY_ROOM], merged[QUANTITY_ROOM], length[QUANTITY_ROOM], from[QUANTITY_ROOM];

    quantity_count(spans, w->c->spans);
    quantity_count(merged, w->c->merged);
    quantity_time(length, length_ns(w));
    quantity_time(from, w->c->from_ns);
    fprintf(w->to, "<text class=\"note\" x=\"1%%\" y=\"%u\">", SVG_NOTE_Y);
    if (subtitle && *subtitle) {
        markup_put(w->to, subtitle, strlen(subtitle), 200);
        fputs(" \xC2\xB7 ", w->to);
    }
    fputs(length, w->to);
    if (w->c->from_ns) fprintf(w->to, " from %s on", from);
    fprintf(w->to, " \xC2\xB7 %s spans", spans);
    if (w->c->merged) fprintf(w->to, ", %s of them too short to draw one by one", merged);
    fputs("</text>\n", w->to);
    if (w->c->task_count)
        fprintf(w->to,
                "<text class=\"note\" x=\"1%%\" y=\"%u\">Below the threads, %" PRIu32
                " task%s%s: solid where it ran, pale where it waited.</text>\n",
                SVG_NOTE_Y + SVG_NOTE_STEP, w->c->task_count, w->c->task_count == 1 ? "" : "s",
                w->c->more_tasks ? " that ran longest" : "");
    for (uint32_t i = 0; i < w->note_count; i++) {
        fprintf(w->to, "<text class=\"note warn\" x=\"1%%\" y=\"%u\">%s</text>\n",
                SVG_NOTE_Y + (i + 1 + (w->c->task_count != 0)) * SVG_NOTE_STEP, w->notes[i]);
    }
}

static void put_document(const writer *w)
{
    uint32_t height = w->head_px + frames_height(w) + SVG_MARGIN_PX;

    svg_put_start(w->to, w->opts.width_px, height, w->colours);
    svg_put_title(w->to, w->head_px, w->opts.title ? w->opts.title : "Flamechart");
    put_notes(w);
    fputs("</g>\n", w->to);
    put_lane_heads(w);
    put_frames(w);
    put_table(w);
    svg_put_end(w->to, flamechart_js);
}

static void use_names(writer *w)
{
    for (uint32_t i = 0; i < w->c->lane_count; i++) {
        for (uint32_t r = 0; r < w->c->lanes[i].row_count; r++) {
            const chart_row *row = &w->c->lanes[i].rows[r];

            for (size_t k = 0; k < row->count; k++)
                svg_names_use(&w->names, w->p->frame[row->blocks[k].node]);
        }
    }
    /* Those that are within blocks only are searched for too. */
    for (uint32_t f = 0; f < w->p->frame_count; f++) {
        if (w->c->totals[f].spans) svg_names_use(&w->names, f);
    }
}

static thag_err nothing_to_draw(const timeline *tl, fault *why)
{
    uint32_t count;
    const timeline_thread *threads = timeline_threads(tl, &count);
    uint64_t spans = 0;

    for (uint32_t i = 0; i < count; i++) spans += threads[i].spans + threads[i].open;
    return fault_set(why, THAG_ERR_EMPTY, UINT64_MAX,
                     spans ? "no span in that time and of those threads"
                           : "the timeline has no spans; was THAG_TIMELINE_LIMIT 0?");
}

thag_err chart_write(FILE *to, timeline *tl, const profile *p, const chart_write_opts *opts,
                     fault *why)
{
    writer w = {.to = to, .p = p, .opts = *opts};
    timeline_losses lost = timeline_lost(tl);
    chart *c = NULL;
    thag_err err;

    if (!w.opts.width_px) w.opts.width_px = 1200;
    w.opts.chart.width_px = frames_px(&w);
    w.colours = opts->palette ? opts->palette : palette_find("aqua");
    err = chart_build(&c, tl, p, &w.opts.chart, why);
    if (err) return err;
    w.c = c;
    if (!c->lane_count) {
        err = nothing_to_draw(tl, why);
        goto done;
    }
    err = place_lanes(&w) ? svg_names_init(&w.names, p) : THAG_ERR_MEMORY;
    if (err) goto done;
    w.tasks = (chart_tasks){c, tl, p, opts->chart.turns, w.row_y, STRIP_GAP_PX, SVG_ROW_PX};
    use_names(&w);
    collect_notes(&w, &lost);
    w.head_px = svg_head_height(1 + w.note_count + (c->task_count != 0));
    put_document(&w);
    if (ferror(to)) err = THAG_ERR_WRITE;
done:
    if (err && err != THAG_ERR_EMPTY) fault_set(why, err, UINT64_MAX, "writing the flamechart");
    svg_names_release(&w.names);
    free(w.row_y);
    chart_free(c);
    return err;
}
