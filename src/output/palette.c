#include "output/palette.h"

#include <ctype.h>
#include <string.h>

static const palette palettes[] = {
    {"aqua", 1, {{0x4fc3c7, 0xb5efe6, 0x0c4a52, 0x157078}}},
    {"blue", 1, {{0x7fb0f2, 0xcfe0fb, 0x1d3a6e, 0x2c5fa8}}},
    {"green", 1, {{0x74cf7c, 0xcdf0c2, 0x1b4d26, 0x2f7a37}}},
    {"hot", 1, {{0xf4845f, 0xf9dc6a, 0x7a2413, 0x8f5a0c}}},
    {"mem", 1, {{0x54cf93, 0xb2dcf4, 0x0f5138, 0x245f86}}},
    {"orange", 1, {{0xf5a04e, 0xfcdcab, 0x6e3c0c, 0x9a5612}}},
    {"purple", 1, {{0xc49af0, 0xecdbfb, 0x46256e, 0x6f45a3}}},
    {"red", 1, {{0xf58f84, 0xfcd2c6, 0x6b1d1d, 0xa33a34}}},
    {"yellow", 1, {{0xe6c53c, 0xf9efad, 0x544409, 0x7c6510}}},
    /* The program's own functions, those of the system, and tasks. */
    {"rust",
     3,
     {{0xe58e5c, 0xf3c9a0, 0x6b3212, 0x8d4f22},
      {0x9fb3c8, 0xd3dee9, 0x33475b, 0x4d647b},
      {0x8fcf86, 0xcdebc0, 0x204d2b, 0x35733e}}},
};

const palette *palette_at(size_t n)
{
    return n < sizeof palettes / sizeof *palettes ? &palettes[n] : NULL;
}

static int same_name(const char *a, const char *b)
{
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

const palette *palette_find(const char *name)
{
    for (size_t i = 0; palette_at(i); i++)
        if (same_name(palettes[i].name, name)) return &palettes[i];
    return NULL;
}

static int starts_with(const char *name, size_t len, const char *head)
{
    size_t head_len = strlen(head);

    return len >= head_len && memcmp(name, head, head_len) == 0;
}

static unsigned family_of(const char *name, size_t len)
{
    static const char *const system[] = {"_",       "[",    "malloc",      "calloc",
                                         "realloc", "free", "pthread",     "clone",
                                         "mem",     "str",  "start_thread"};

    if (starts_with(name, len, "async::")) return 2;
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        if (starts_with(name, len, system[i])) return 1;
    return 0;
}

unsigned palette_shade(const palette *p, const char *name, size_t name_len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name_len; i++) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    hash ^= hash >> 15;
    hash = hash * 0x2c1b3c6du >> 28;
    return hash + (p->family_count > 1 ? family_of(name, name_len) * PALETTE_SHADES : 0);
}

uint32_t palette_colour(const palette *p, unsigned shade, int dark)
{
    const uint32_t *ends = p->ends[shade / PALETTE_SHADES] + (dark ? 2 : 0);
    unsigned step = shade % PALETTE_SHADES;
    uint32_t colour = 0;

    for (unsigned shift = 0; shift < 24; shift += 8) {
        uint32_t from = ends[0] >> shift & 255, to = ends[1] >> shift & 255;
        uint32_t sum = from * (PALETTE_SHADES - 1 - step) + to * step;
        colour |= sum / (PALETTE_SHADES - 1) << shift;
    }
    return colour;
}
