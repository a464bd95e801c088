/*
 * palette.h - the colours of frames: which shade a name gets, and what the shades are.
 *
 * A palette has 16 shades a family, between two end points, for light and for dark surroundings. The
 * text on them is PALETTE_INK_LIGHT and PALETTE_INK_DARK, with a contrast of 4.5 at least on every
 * shade (tests/unit/test_svg.c computes it). Most palettes have one family; "rust" tells kinds apart.
 */
#ifndef THAG_PALETTE_H
#define THAG_PALETTE_H

#include <stddef.h>
#include <stdint.h>

#define PALETTE_SHADES    16u
#define PALETTE_FAMILIES  3u
#define PALETTE_INK_LIGHT 0x14181fu
#define PALETTE_INK_DARK  0xf4f6f8u

typedef struct palette {
    const char *name;
    unsigned family_count;
    /* 0xRRGGBB: light from, light to, dark from, dark to */
    uint32_t ends[PALETTE_FAMILIES][4];
} palette;

/** The n-th palette, in the order in which they are offered; NULL beyond the last. */
const palette *palette_at(size_t n);

/** By name, case ignored; NULL if there is none of that name. */
const palette *palette_find(const char *name);

/** 0 .. family_count * PALETTE_SHADES - 1. Depends on the bytes of the name alone. */
unsigned palette_shade(const palette *p, const char *name, size_t name_len);

/** 0xRRGGBB of a shade. */
uint32_t palette_colour(const palette *p, unsigned shade, int dark);

#endif
