#include "output/svg_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/flamegraph_assets.h"
#include "output/markup.h"
#include "output/quantity.h"

#define ROW_PX       17u /* one row; the rectangles are a pixel less */
#define MARGIN_PX    12u /* around the frames; the sides are 1% */
#define TITLE_Y      28u /* base lines of the head, from the top */
#define NOTE_Y       48u
#define NOTE_STEP    18u
#define TOOLS_PX     62u  /* what the script puts beneath the notes */
#define LABEL_MIN_PX 24   /* narrower rectangles have no label */
#define CHAR_PX      7.23 /* of the 12 px monospace that labels are in */
#define GAP_PX       0.5  /* between neighbours, where they are wide enough for one */

typedef struct svg {
    FILE *to;
    const profile *p;
    const flame *f;
    svg_opts opts;
    const palette *colours;
    uint32_t *index; /* of a frame in the table of names, by frame; PROFILE_NONE if not drawn */
    uint32_t *drawn; /* frames in the order of that table */
    uint32_t drawn_count;
    uint32_t head_px;
} svg;

static const char *unit_name(profile_unit unit)
{
    return unit == PROFILE_NS ? "ns" : unit == PROFILE_BYTES ? "bytes" : "samples";
}

/* ---- numbers ---- */

static void put_base36(FILE *to, int64_t value)
{
    char digits[16];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
        value /= 36;
    } while (value);
    fwrite(digits + at, 1, sizeof digits - at, to);
}

/* A percentage with up to four decimals: a thousandth of a pixel on any screen. */
static void put_percent_attribute(FILE *to, const char *name, double percent)
{
    uint64_t scaled = percent > 0 ? (uint64_t)(percent * 10000 + 0.5) : 0;
    int decimals = 4;

    while (decimals > 0 && scaled % 10 == 0) {
        scaled /= 10;
        decimals--;
    }
    fprintf(to, " %s=\"", name);
    if (decimals == 0)
        fprintf(to, "%" PRIu64, scaled);
    else {
        uint64_t unit = decimals == 4 ? 10000 : decimals == 3 ? 1000 : decimals == 2 ? 100 : 10;
        fprintf(to, "%" PRIu64 ".%0*" PRIu64, scaled / unit, decimals, scaled % unit);
    }
    fputs("%\"", to);
}

static double frames_px(const svg *s)
{
    return s->opts.width_px * 0.98;
}

static double share(const svg *s, int64_t value)
{
    return s->f->total > 0 ? (double)value / (double)s->f->total : 0;
}

/* ---- the table of names ---- */

static thag_err collect_frames(svg *s)
{
    s->index = malloc((s->p->frame_count + 1) * sizeof *s->index);
    s->drawn = malloc((s->p->frame_count + 1) * sizeof *s->drawn);
    if (!s->index || !s->drawn) return THAG_ERR_MEMORY;
    memset(s->index, 0xFF, (s->p->frame_count + 1) * sizeof *s->index);
    for (uint32_t i = 1; i < s->f->rect_count; i++) {
        uint32_t frame = s->p->frame[s->f->rects[i].node];
        if (s->index[frame] != PROFILE_NONE) continue;
        s->index[frame] = s->drawn_count;
        s->drawn[s->drawn_count++] = frame;
    }
    return THAG_OK;
}

static void put_names(const svg *s)
{
    fputs("\"names\":[", s->to);
    for (uint32_t i = 0; i < s->drawn_count; i++) {
        const profile_frame *f = &s->p->frames[s->drawn[i]];
        if (i) putc(',', s->to);
        markup_put_json(s->to, f->name, f->name_len);
    }
    fputs("],\n\"places\":[", s->to);
    for (uint32_t i = 0; i < s->drawn_count; i++) {
        const profile_frame *f = &s->p->frames[s->drawn[i]];
        if (i) putc(',', s->to);
        if (!f->file) {
            putc('0', s->to);
            continue;
        }
        fputs("[", s->to);
        markup_put_json(s->to, f->file, strlen(f->file));
        fprintf(s->to, ",%" PRIu32 "]", f->line);
    }
    fputs("],\n", s->to);
}

/* ---- the table of rectangles ---- */

static void put_rect_numbers(const svg *s, const flame_rect *r, int64_t gap)
{
    int64_t self = s->p->self[r->node];
    uint64_t calls = s->p->calls ? s->p->calls[r->node].calls : 0;

    if (r->node != PROFILE_ROOT) put_base36(s->to, s->index[s->p->frame[r->node]]);
    putc(',', s->to);
    if (gap) put_base36(s->to, gap);
    putc(',', s->to);
    put_base36(s->to, r->value);
    if (self == r->value && calls == 0) return;
    putc(',', s->to);
    if (self != r->value) put_base36(s->to, self);
    if (calls == 0) return;
    putc(',', s->to);
    put_base36(s->to, (int64_t)(calls & INT64_MAX));
}

static void put_rects_table(const svg *s)
{
    int64_t end = 0;

    fputs("\"rects\":\"", s->to);
    for (uint32_t i = 0; i < s->f->rect_count; i++) {
        const flame_rect *r = &s->f->rects[i];
        int is_new_row = i > 0 && r->row != r[-1].row;
        if (i) putc(is_new_row ? '|' : ';', s->to);
        if (is_new_row) end = 0;
        put_rect_numbers(s, r, r->start - end);
        end = r->start + r->value;
    }
    fputs("\"}\n", s->to);
}

static void put_table(const svg *s)
{
    const char *label = s->opts.count_label ? s->opts.count_label : "samples";

    fputs("<script type=\"application/json\" class=\"data\"><![CDATA[\n{", s->to);
    fprintf(s->to, "\"unit\":\"%s\",\"label\":", unit_name(s->p->unit));
    markup_put_json(s->to, label, strlen(label));
    fprintf(s->to, ",\"inverted\":%d,\"row\":%u,\"top\":%u,\"tools\":%u,\"left_out\":%" PRIu32,
            s->opts.inverted ? 1 : 0, ROW_PX, s->head_px, s->head_px - TOOLS_PX,
            s->f->narrow_count + s->f->deep_count);
    fputs(",\n", s->to);
    put_names(s);
    put_rects_table(s);
    fputs("]]></script>\n", s->to);
}

/* ---- the picture ---- */

static void put_name(const svg *s, const flame_rect *r, size_t max_chars)
{
    const profile_frame *f;

    if (r->node == PROFILE_ROOT) {
        fputs("all", s->to);
        return;
    }
    f = &s->p->frames[s->p->frame[r->node]];
    markup_put(s->to, f->name, f->name_len, max_chars);
}

static unsigned shade_of(const svg *s, const flame_rect *r)
{
    const profile_frame *f;

    if (r->node == PROFILE_ROOT) return 0;
    f = &s->p->frames[s->p->frame[r->node]];
    return palette_shade(s->colours, f->name, f->name_len);
}

/* Nested <svg> clips, so the label needs no script to stay within its rectangle. */
static void put_label(const svg *s, const flame_rect *r, double px)
{
    fputs("<svg", s->to);
    put_percent_attribute(s->to, "x", 100 * share(s, r->start));
    put_percent_attribute(s->to, "width", 100 * share(s, r->value));
    fprintf(s->to, " height=\"%u\"><text x=\"3\" y=\"12\">", ROW_PX - 1);
    put_name(s, r, (size_t)(px / CHAR_PX) + 1);
    fputs("</text></svg>", s->to);
}

static void put_rect(const svg *s, const flame_rect *r)
{
    double px = share(s, r->value) * frames_px(s);
    double gap = px >= 3 ? 100 * GAP_PX / frames_px(s) : 0;
    char value[QUANTITY_ROOM], percent[QUANTITY_ROOM];

    quantity_text(value, s->p->unit, r->value, s->opts.count_label);
    quantity_percent(percent, r->value, s->f->total);
    fputs("<g><title>", s->to);
    put_name(s, r, SIZE_MAX);
    fputs(" (", s->to);
    markup_put(s->to, value, strlen(value), SIZE_MAX);
    fprintf(s->to, ", %s)</title><rect class=\"k%x\"", percent, shade_of(s, r));
    put_percent_attribute(s->to, "x", 100 * share(s, r->start));
    put_percent_attribute(s->to, "width", 100 * share(s, r->value) - gap);
    fprintf(s->to, " height=\"%u\"/>", ROW_PX - 1);
    if (px >= LABEL_MIN_PX) put_label(s, r, px);
    fputs("</g>\n", s->to);
}

static uint32_t row_y(const svg *s, uint32_t row)
{
    return (s->opts.inverted ? row : s->f->row_count - 1 - row) * ROW_PX;
}

static void put_frames(const svg *s)
{
    fprintf(s->to, "<svg class=\"frames\" x=\"1%%\" y=\"%u\" width=\"98%%\" height=\"%u\">\n",
            s->head_px, s->f->row_count * ROW_PX);
    for (uint32_t i = 0; i < s->f->rect_count; i++) {
        const flame_rect *r = &s->f->rects[i];
        if (i == 0 || r->row != r[-1].row)
            fprintf(s->to, "%s<g transform=\"translate(0 %u)\">\n", i ? "</g>\n" : "",
                    row_y(s, r->row));
        put_rect(s, r);
    }
    fputs("</g>\n</svg>\n", s->to);
}

/* ---- head and style ---- */

static void put_shades(const svg *s, const char *prefix, int dark)
{
    for (unsigned k = 0; k < s->colours->family_count * PALETTE_SHADES; k++)
        fprintf(s->to, "%s.k%x{fill:#%06" PRIx32 "}", prefix, k,
                palette_colour(s->colours, k, dark));
    putc('\n', s->to);
}

static void put_style(const svg *s)
{
    fputs("<style><![CDATA[\n", s->to);
    fputs(flamegraph_css, s->to);
    put_shades(s, "", 0);
    fputs("@media (prefers-color-scheme:dark){\n", s->to);
    put_shades(s, ".thag:not(.light) ", 1);
    fputs("}\n", s->to);
    put_shades(s, ".thag.dark ", 1);
    fputs("]]></style>\n", s->to);
}

/* What the picture shows, and what it does not. */
static void put_facts(const svg *s)
{
    const char *subtitle = s->opts.subtitle ? s->opts.subtitle : s->p->title;
    char total[QUANTITY_ROOM], drawn[QUANTITY_ROOM], hidden[QUANTITY_ROOM];

    quantity_text(total, s->p->unit, s->f->total, s->opts.count_label);
    quantity_count(drawn, s->f->rect_count);
    quantity_count(hidden, s->f->narrow_count);
    if (subtitle && *subtitle) {
        markup_put(s->to, subtitle, strlen(subtitle), 200);
        fputs(" \xC2\xB7 ", s->to);
    }
    markup_put(s->to, total, strlen(total), SIZE_MAX);
    fprintf(s->to, " in all \xC2\xB7 %s frames", drawn);
    if (s->f->narrow_count) fprintf(s->to, ", %s too narrow to draw", hidden);
}

static void put_note(const svg *s)
{
    char rows[QUANTITY_ROOM], deepest[QUANTITY_ROOM];

    fprintf(s->to, "<text class=\"note\" x=\"1%%\" y=\"%u\">", NOTE_Y);
    put_facts(s);
    fputs("</text>\n", s->to);
    if (s->f->total == 0)
        fprintf(s->to,
                "<text class=\"note warn\" x=\"1%%\" y=\"%u\">Nothing to show: all values are "
                "zero.</text>\n",
                NOTE_Y + NOTE_STEP);
    if (!s->f->deep_count) return;
    quantity_count(rows, s->f->row_count);
    quantity_count(deepest, s->f->deepest);
    fprintf(
        s->to,
        "<text class=\"note warn\" x=\"1%%\" y=\"%u\">Only the first %s of %s levels are drawn; "
        "what is deeper counts in the levels above.</text>\n",
        NOTE_Y + NOTE_STEP, rows, deepest);
}

static void put_head(const svg *s)
{
    const char *title = s->opts.title ? s->opts.title : "Flamegraph";

    fprintf(s->to, "<g class=\"head\"><rect class=\"ground\" width=\"100%%\" height=\"%u\"/>\n",
            s->head_px - 2);
    fprintf(s->to, "<text class=\"title\" x=\"1%%\" y=\"%u\">", TITLE_Y);
    markup_put(s->to, title, strlen(title), 200);
    fputs("</text>\n", s->to);
    put_note(s);
    fputs("</g>\n", s->to);
}

static uint32_t head_height(const svg *s)
{
    uint32_t notes = s->f->deep_count || s->f->total == 0 ? 2 : 1;

    return NOTE_Y + (notes - 1) * NOTE_STEP + TOOLS_PX + 10;
}

static void put_document(const svg *s)
{
    uint32_t height = s->head_px + s->f->row_count * ROW_PX + MARGIN_PX;

    fprintf(s->to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"thag\" width=\"%" PRIu32
            "\" height=\"%" PRIu32 "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\">\n",
            s->opts.width_px, height, s->opts.width_px, height);
    put_style(s);
    fputs("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n", s->to);
    put_head(s);
    put_frames(s);
    put_table(s);
    fputs("<script><![CDATA[\n", s->to);
    fputs(flamegraph_js, s->to);
    fputs("]]></script>\n</svg>\n", s->to);
}

static svg_opts with_defaults(const svg_opts *opts)
{
    svg_opts o = opts ? *opts : (svg_opts){0};

    if (o.width_px == 0) o.width_px = 1200;
    if (o.width_px < 100) o.width_px = 100;
    return o;
}

thag_err svg_write(FILE *to, const profile *p, const svg_opts *opts, fault *why)
{
    svg s = {.to = to, .p = p, .opts = with_defaults(opts)};
    flame *f = NULL;
    flame_opts layout = {s.opts.width_px, s.opts.min_width_px, s.opts.max_rows};
    thag_err err;

    s.colours = s.opts.palette;
    if (!s.colours) s.colours = palette_find(p->unit == PROFILE_BYTES ? "mem" : "aqua");
    err = flame_build(&f, p, &layout, why);
    if (err) goto done;
    s.f = f;
    s.head_px = head_height(&s);
    err = collect_frames(&s);
    if (!err) put_document(&s);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
    if (err) fault_set(why, err, UINT64_MAX, "writing the flamegraph");
done:
    flame_free(f);
    free(s.index);
    free(s.drawn);
    return err;
}
