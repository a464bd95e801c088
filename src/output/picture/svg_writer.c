#include "output/picture/svg_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/markup.h"
#include "output/picture/flamegraph_assets.h"
#include "output/picture/svg_page.h"
#include "output/quantity.h"
#include "output/sampling_text.h"

typedef struct svg {
    FILE *to;
    const profile *p;
    const flame *f;
    svg_opts opts;
    const palette *colours;
    svg_names names;
    uint32_t head_px;
} svg;

static const char *unit_name(profile_unit unit)
{
    return unit == PROFILE_NS ? "ns" : unit == PROFILE_BYTES ? "bytes" : "samples";
}

static double frames_px(const svg *s)
{
    return s->opts.width_px * 0.98;
}

static double share(const svg *s, int64_t value)
{
    return s->f->total > 0 ? (double)value / (double)s->f->total : 0;
}

/* ---- comparisons ---- */

/* Steps of a shade: a change of this share of the larger of before and after is the next. */
static const double change_steps[] = {0.005, 0.05, 0.2, 0.5};
#define CHANGE_STEPS (sizeof change_steps / sizeof *change_steps)

/* Orange has grown, blue has shrunk: told apart also by those who do not see red or green. */
static const char change_css[] =
    ".thag .c0{fill:#e4e6e9}.thag .g1{fill:#fdebd8}.thag .g2{fill:#fbd0a4}.thag .g3{fill:#f6ae6a}"
    ".thag .g4{fill:#ec8a35}.thag .s1{fill:#dcebfa}.thag .s2{fill:#b4d4f4}.thag .s3{fill:#86b8ea}"
    ".thag .s4{fill:#5a9bdc}\n";
static const char change_css_dark[] =
    "%s .c0{fill:#30353c}%s .g1{fill:#3a2a1a}%s .g2{fill:#5a3710}%s .g3{fill:#7d4606}"
    "%s .g4{fill:#9c5400}%s .s1{fill:#1d2f42}%s .s2{fill:#1f4266}%s .s3{fill:#21568a}"
    "%s .s4{fill:#2769ad}\n";

static void put_dark_css(FILE *to, const char *where)
{
    for (const char *at = change_css_dark; *at; at++) {
        if (at[0] == '%' && at[1] == 's') {
            fputs(where, to);
            at++;
        } else {
            putc(*at, to);
        }
    }
}

static void put_change_style(const svg *s)
{
    fprintf(s->to, "<style><![CDATA[\n%s", change_css);
    fputs("@media (prefers-color-scheme:dark){\n", s->to);
    put_dark_css(s->to, ".thag:not(.light)");
    fputs("}\n", s->to);
    put_dark_css(s->to, ".thag.dark");
    fputs("]]></style>\n", s->to);
}

/* value is that which is drawn. */
static int64_t other_value(const svg *s, const flame_rect *r)
{
    int64_t change = s->opts.change[r->node];

    return s->opts.shows_before ? r->value + change : r->value - change;
}

static void put_change_class(const svg *s, const flame_rect *r)
{
    int64_t change = s->opts.change[r->node], other = other_value(s, r);
    double larger = (double)(other > r->value ? other : r->value);
    double part = larger > 0 ? (double)(change < 0 ? -change : change) / larger : 0;
    unsigned step = 0;

    while (step < CHANGE_STEPS && part >= change_steps[step]) step++;
    fprintf(s->to, "%c%u", !step ? 'c' : change > 0 ? 'g' : 's', step);
}

/* "+12%", "-3%", "new", "gone"; nothing of what is as before, or nearly. */
static void change_text(char text[QUANTITY_ROOM], const svg *s, const flame_rect *r)
{
    int64_t change = s->opts.change ? s->opts.change[r->node] : 0;
    int64_t before = change ? (s->opts.shows_before ? r->value : other_value(s, r)) : 0;

    text[0] = 0;
    if (!change) return;
    if (before <= 0)
        strcpy(text, "new");
    else if (before + change <= 0)
        strcpy(text, "gone");
    else
        snprintf(text, QUANTITY_ROOM, "%+.0f%%", 100.0 * (double)change / (double)before);
    if (text[1] == '0' && text[2] == '%') text[0] = 0;
}

/* ---- the table of rectangles ---- */

/* Fields at the end that are empty are left out, with their commas. */

static void put_rect_numbers(const svg *s, const flame_rect *r, int64_t gap)
{
    int64_t self = s->p->self[r->node];
    uint64_t calls = s->p->calls ? s->p->calls[r->node].calls : 0;
    int64_t change = s->opts.change ? s->opts.change[r->node] : 0;

    if (r->node != PROFILE_ROOT) svg_put_base36(s->to, s->names.index[s->p->frame[r->node]]);
    putc(',', s->to);
    if (gap) svg_put_base36(s->to, gap);
    putc(',', s->to);
    svg_put_base36(s->to, r->value);
    if (self == r->value && calls == 0 && change == 0) return;
    putc(',', s->to);
    if (self != r->value) svg_put_base36(s->to, self);
    if (calls == 0 && change == 0) return;
    putc(',', s->to);
    if (calls) svg_put_base36(s->to, (int64_t)(calls & INT64_MAX));
    if (change == 0) return;
    fputs(change < 0 ? ",-" : ",", s->to);
    svg_put_base36(s->to, change < 0 ? -change : change);
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
            s->opts.inverted ? 1 : 0, SVG_ROW_PX, s->head_px, s->head_px - SVG_TOOLS_PX,
            s->f->narrow_count + s->f->deep_count);
    if (s->opts.change) fprintf(s->to, ",\"compares\":%d", s->opts.shows_before ? 1 : 2);
    fputs(",\n", s->to);
    svg_names_put(&s->names, s->to);
    put_rects_table(s);
    fputs("]]></script>\n", s->to);
}

/* ---- the picture ---- */

static const profile_frame *frame_of(const svg *s, const flame_rect *r)
{
    static const profile_frame all = {.name = "all", .label = "all", .name_len = 3};

    return r->node == PROFILE_ROOT ? &all : &s->p->frames[s->p->frame[r->node]];
}

static unsigned shade_of(const svg *s, const flame_rect *r)
{
    const profile_frame *f = frame_of(s, r);

    if (r->node == PROFILE_ROOT) return 0;
    return palette_shade(s->colours, f->name, f->name_len);
}

/* Nested <svg> clips, so the label needs no script to stay within its rectangle. */
static void put_label(const svg *s, const flame_rect *r, double px)
{
    const char *label = frame_of(s, r)->label;
    char change[QUANTITY_ROOM];

    change_text(change, s, r);
    fputs("<svg", s->to);
    svg_put_percent(s->to, "x", 100 * share(s, r->start));
    svg_put_percent(s->to, "width", 100 * share(s, r->value));
    fprintf(s->to, " height=\"%u\"><text x=\"3\" y=\"12\">%s%s", SVG_ROW_PX - 1, change,
            *change ? " " : "");
    svg_put_label(s->to, label, px - SVG_CHAR_PX * (double)(strlen(change) + (*change != 0)));
    fputs("</text></svg>", s->to);
}

static void put_rect(const svg *s, const flame_rect *r)
{
    double px = share(s, r->value) * frames_px(s);
    const profile_frame *f = frame_of(s, r);
    double gap = px >= 3 ? 100 * SVG_GAP_PX / frames_px(s) : 0;
    char value[QUANTITY_ROOM], percent[QUANTITY_ROOM], change[QUANTITY_ROOM];

    change_text(change, s, r);
    quantity_text(value, s->p->unit, r->value, s->opts.count_label);
    quantity_percent(percent, r->value, s->f->total);
    fputs("<g><title>", s->to);
    markup_put(s->to, f->name, f->name_len, SIZE_MAX);
    fputs(" (", s->to);
    markup_put(s->to, value, strlen(value), SIZE_MAX);
    fprintf(s->to, ", %s%s%s)</title><rect class=\"", percent, *change ? ", " : "", change);
    if (s->opts.change)
        put_change_class(s, r);
    else
        fprintf(s->to, "k%x", shade_of(s, r));
    putc('"', s->to);
    svg_put_percent(s->to, "x", 100 * share(s, r->start));
    svg_put_percent(s->to, "width", 100 * share(s, r->value) - gap);
    fprintf(s->to, " height=\"%u\"/>", SVG_ROW_PX - 1);
    if (px >= SVG_LABEL_MIN_PX) put_label(s, r, px);
    fputs("</g>\n", s->to);
}

static uint32_t row_y(const svg *s, uint32_t row)
{
    return (s->opts.inverted ? row : s->f->row_count - 1 - row) * SVG_ROW_PX;
}

static void put_frames(const svg *s)
{
    fprintf(s->to, "<svg class=\"frames\" x=\"1%%\" y=\"%u\" width=\"98%%\" height=\"%u\">\n",
            s->head_px, s->f->row_count * SVG_ROW_PX);
    for (uint32_t i = 0; i < s->f->rect_count; i++) {
        const flame_rect *r = &s->f->rects[i];
        if (i == 0 || r->row != r[-1].row)
            fprintf(s->to, "%s<g transform=\"translate(0 %u)\">\n", i ? "</g>\n" : "",
                    row_y(s, r->row));
        put_rect(s, r);
    }
    fputs("</g>\n</svg>\n", s->to);
}

/* ---- head ---- */

/* What the picture shows, and what it does not. */
static void put_facts(const svg *s)
{
    const char *subtitle = s->opts.subtitle ? s->opts.subtitle : s->p->title;
    char total[QUANTITY_ROOM], drawn[QUANTITY_ROOM], hidden[QUANTITY_ROOM], sampling[SAMPLING_ROOM];

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
    if (s->p->heap_period && s->p->unit != PROFILE_NS)
        fprintf(s->to, " \xC2\xB7 %s",
                sampling_phrase(sampling, s->p->heap_period, s->p->heap_samples));
}

static void begin_note(const svg *s, const char *class, uint32_t line)
{
    fprintf(s->to, "<text class=\"%s\" x=\"1%%\" y=\"%u\">", class,
            SVG_NOTE_Y + line * SVG_NOTE_STEP);
}

/* Lines below the first. */
static int is_legend(const svg *s)
{
    return s->opts.change != NULL;
}

static int is_warned(const svg *s)
{
    return s->f->deep_count || s->f->total == 0;
}

static void put_warning(const svg *s)
{
    char rows[QUANTITY_ROOM], deepest[QUANTITY_ROOM];

    if (s->f->total == 0) {
        fputs("Nothing to show: all values are zero.", s->to);
        return;
    }
    quantity_count(rows, s->f->row_count);
    quantity_count(deepest, s->f->deepest);
    fprintf(s->to,
            "Only the first %s of %s levels are drawn; what is deeper counts in the levels above.",
            rows, deepest);
}

static void put_notes(const svg *s)
{
    begin_note(s, "note", 0);
    put_facts(s);
    fputs("</text>\n", s->to);
    if (is_legend(s)) {
        begin_note(s, "note", 1);
        fprintf(s->to, "Width: %s. Orange (+) grew, blue (-) shrank.</text>\n",
                s->opts.shows_before ? "before" : "after");
    }
    if (!is_warned(s)) return;
    begin_note(s, "note warn", 1u + (is_legend(s) != 0));
    put_warning(s);
    fputs("</text>\n", s->to);
}

static uint32_t head_height(const svg *s)
{
    return svg_head_height(1u + (is_legend(s) != 0) + (is_warned(s) != 0));
}

static void put_document(const svg *s)
{
    uint32_t height = s->head_px + s->f->row_count * SVG_ROW_PX + SVG_MARGIN_PX;

    svg_put_start(s->to, s->opts.width_px, height, s->colours);
    if (s->opts.change) put_change_style(s);
    svg_put_title(s->to, s->head_px, s->opts.title ? s->opts.title : "Flamegraph");
    put_notes(s);
    fputs("</g>\n", s->to);
    put_frames(s);
    put_table(s);
    svg_put_end(s->to, flamegraph_js);
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
    err = svg_names_init(&s.names, p);
    for (uint32_t i = 1; !err && i < f->rect_count; i++) {
        svg_names_use(&s.names, p->frame[f->rects[i].node]);
    }
    if (!err) put_document(&s);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
    if (err) fault_set(why, err, UINT64_MAX, "writing the flamegraph");
done:
    flame_free(f);
    svg_names_release(&s.names);
    return err;
}
