/*
 * svg_writer.h - a flamegraph as one SVG file that needs nothing else: no network, no other file.
 *
 * Read without a script (in an image viewer, or where a policy forbids scripts) it has every
 * rectangle, clipped labels, and a <title> for each. With the script, which is part of the file, it
 * zooms, searches, tells details, follows the window's width, and keeps its state in the URL.
 *
 * The file has for each rectangle a <g> with title and rect (about 100 bytes besides the name), and
 * one table of exact numbers for the script: names, places, and for each rectangle, in the order of
 * the picture, `frame,gap,value,self,calls,change` in base 36, where gap is what lies between it and the
 * one before it in its row. An empty self equals the value; trailing empty fields are left out.
 */
#ifndef THAG_SVG_WRITER_H
#define THAG_SVG_WRITER_H

#include <stdio.h>

#include "output/palette.h"
#include "output/picture/flame_layout.h"
#include "profile/profile.h"

typedef struct svg_opts {
    const char *title;       /* NULL: "Flamegraph" */
    const char *subtitle;    /* NULL: the profile's title */
    const char *count_label; /* what PROFILE_SAMPLES are called; NULL: "samples" */
    const palette *palette;  /* NULL: mem for bytes, else aqua */
    uint32_t width_px;       /* without a script; 0: 1200 */
    double min_width_px;     /* as flame_opts has it; 0: default */
    uint32_t max_rows;       /* as flame_opts has it; 0: default */
    int inverted;            /* 1: icicle, the root at the top */
    /* A comparison: the inclusive change of each node, by node. Colours tell it, labels have its sign.
       NULL: none. */
    const int64_t *change;
    int shows_before; /* widths are those before the change, not after */
} svg_opts;

/**
 * Lay out and write. opts may be NULL. Deterministic: the same profile gives the same bytes.
 * Fails with THAG_ERR_MEMORY and THAG_ERR_WRITE. Neither closes nor flushes the stream.
 */
thag_err svg_write(FILE *to, const profile *p, const svg_opts *opts, fault *why);

#endif
