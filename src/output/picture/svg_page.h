/*
 * svg_page.h - what the pictures (flamegraph, flamechart) share: head, style, numbers, and the names
 * that are drawn.
 */
#ifndef THAG_SVG_PAGE_H
#define THAG_SVG_PAGE_H

#include <stdio.h>

#include "output/palette.h"
#include "profile/profile.h"

#define SVG_ROW_PX       17u /* one row; the rectangles are a pixel less */
#define SVG_MARGIN_PX    12u /* around the frames; the sides are 1% */
#define SVG_NOTE_Y       48u /* base line of the first note, from the top */
#define SVG_NOTE_STEP    18u
#define SVG_TOOLS_PX     62u  /* what the script puts beneath the notes */
#define SVG_LABEL_MIN_PX 24   /* narrower rectangles have no label */
#define SVG_CHAR_PX      7.23 /* of the 12 px monospace that labels are in */
#define SVG_GAP_PX       0.5  /* between neighbours, where they are wide enough for one */

/* The names that a picture needs, numbered in the order of their first use. */
typedef struct svg_names {
    const profile *p;
    uint32_t *index; /* of a frame in the table, by frame; PROFILE_NONE if not drawn */
    uint32_t *drawn; /* frames in the order of that table */
    uint32_t count;
} svg_names;

thag_err svg_names_init(svg_names *names, const profile *p);
void svg_names_release(svg_names *names);
void svg_names_use(svg_names *names, uint32_t frame);
/** `"names":[...],"labels":{...},"places":[...],`: labels of the names that have others, by their number;
    the places are [file, line] or 0. */
void svg_names_put(const svg_names *names, FILE *to);

/** Height of a head with that many lines of notes. */
uint32_t svg_head_height(uint32_t notes);

/** Everything up to the head: the XML declaration, the root element, the style, the ground. */
void svg_put_start(FILE *to, uint32_t width_px, uint32_t height_px, const palette *colours);
/** Begin the head, with its title. The notes follow, then </g>. */
void svg_put_title(FILE *to, uint32_t head_px, const char *title);
/** The script and the end. */
void svg_put_end(FILE *to, const char *script);

void svg_put_base36(FILE *to, int64_t value);
/** ` name="12.34%"`, with up to four decimals: a thousandth of a pixel on any screen. */
void svg_put_percent(FILE *to, const char *name, double percent);

/** The text of a rectangle so many pixels wide, as it is where no script fits it. */
void svg_put_label(FILE *to, const char *label, double px);

#endif
