#include "output/picture/svg_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/markup.h"
#include "output/name_fit.h"
#include "output/picture/flamegraph_assets.h"
#include "output/utf8.h"

#define TITLE_Y 28u

/* ---- numbers ---- */

void svg_put_base36(FILE *to, int64_t value)
{
    char digits[16];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
        value /= 36;
    } while (value);
    fwrite(digits + at, 1, sizeof digits - at, to);
}

void svg_put_percent(FILE *to, const char *name, double percent)
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

void svg_put_label(FILE *to, const char *label, double px)
{
    size_t room = px > 5 ? (size_t)((px - 5) / SVG_CHAR_PX) : 0;
    const char *from = name_fit(label, room);

    if (from != label) {
        fputs("\xE2\x80\xA6", to);
        markup_put(to, from, strlen(from), SIZE_MAX);
    } else if (utf8_put_plain(NULL, label, strlen(label), SIZE_MAX) <= room) {
        markup_put(to, label, strlen(label), SIZE_MAX);
    } else if (room > 2) {
        markup_put(to, label, strlen(label), room - 1);
        fputs("\xE2\x80\xA6", to);
    }
}

/* ---- the table of names ---- */

thag_err svg_names_init(svg_names *names, const profile *p)
{
    *names = (svg_names){.p = p};
    names->index = malloc((p->frame_count + 1) * sizeof *names->index);
    names->drawn = malloc((p->frame_count + 1) * sizeof *names->drawn);
    if (!names->index || !names->drawn) return THAG_ERR_MEMORY;
    memset(names->index, 0xFF, (p->frame_count + 1) * sizeof *names->index);
    return THAG_OK;
}

void svg_names_release(svg_names *names)
{
    free(names->index);
    free(names->drawn);
}

void svg_names_use(svg_names *names, uint32_t frame)
{
    if (names->index[frame] != PROFILE_NONE) return;
    names->index[frame] = names->count;
    names->drawn[names->count++] = frame;
}

/* Of those names that have a shorter form: by their place in the table. */
static void put_labels(const svg_names *names, FILE *to)
{
    const char *comma = "";

    fputs("],\n\"labels\":{", to);
    for (uint32_t i = 0; i < names->count; i++) {
        const profile_frame *f = &names->p->frames[names->drawn[i]];

        if (strcmp(f->label, f->name) == 0) continue;
        fprintf(to, "%s\"%" PRIu32 "\":", comma, i);
        markup_put_json(to, f->label, strlen(f->label));
        comma = ",";
    }
}

void svg_names_put(const svg_names *names, FILE *to)
{
    fputs("\"names\":[", to);
    for (uint32_t i = 0; i < names->count; i++) {
        const profile_frame *f = &names->p->frames[names->drawn[i]];
        if (i) putc(',', to);
        markup_put_json(to, f->name, f->name_len);
    }
    put_labels(names, to);
    fputs("},\n\"places\":[", to);
    for (uint32_t i = 0; i < names->count; i++) {
        const profile_frame *f = &names->p->frames[names->drawn[i]];
        if (i) putc(',', to);
        if (!f->file) {
            putc('0', to);
            continue;
        }
        fputs("[", to);
        markup_put_json(to, f->file, strlen(f->file));
        fprintf(to, ",%" PRIu32 "]", f->line);
    }
    fputs("],\n", to);
}

/* ---- head and style ---- */

static void put_shades(FILE *to, const palette *colours, const char *prefix, int dark)
{
    for (unsigned k = 0; k < colours->family_count * PALETTE_SHADES; k++)
        fprintf(to, "%s.k%x{fill:#%06" PRIx32 "}", prefix, k, palette_colour(colours, k, dark));
    putc('\n', to);
}

static void put_style(FILE *to, const palette *colours)
{
    fputs("<style><![CDATA[\n", to);
    fputs(flamegraph_css, to);
    put_shades(to, colours, "", 0);
    fputs("@media (prefers-color-scheme:dark){\n", to);
    put_shades(to, colours, ".thag:not(.light) ", 1);
    fputs("}\n", to);
    put_shades(to, colours, ".thag.dark ", 1);
    fputs("]]></style>\n", to);
}

uint32_t svg_head_height(uint32_t notes)
{
    return SVG_NOTE_Y + (notes - 1) * SVG_NOTE_STEP + SVG_TOOLS_PX + 10;
}

void svg_put_start(FILE *to, uint32_t width_px, uint32_t height_px, const palette *colours)
{
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"thag\" width=\"%" PRIu32
            "\" height=\"%" PRIu32 "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\">\n",
            width_px, height_px, width_px, height_px);
    put_style(to, colours);
    fputs("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n", to);
}

void svg_put_title(FILE *to, uint32_t head_px, const char *title)
{
    fprintf(to, "<g class=\"head\"><rect class=\"ground\" width=\"100%%\" height=\"%u\"/>\n",
            head_px - 2);
    fprintf(to, "<text class=\"title\" x=\"1%%\" y=\"%u\">", TITLE_Y);
    markup_put(to, title, strlen(title), 200);
    fputs("</text>\n", to);
}

void svg_put_end(FILE *to, const char *script)
{
    fputs("<script><![CDATA[\n", to);
    fputs(script, to);
    fputs("]]></script>\n</svg>\n", to);
}
