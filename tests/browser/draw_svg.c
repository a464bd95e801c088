/*
 * draw_svg.c - the flamegraph of collapsed stacks, for the browser tests: draw_svg [OPTION]... FILE
 *
 * Options: icicle, rows=N, all (nothing is too narrow), ns (counts are microseconds), or a palette.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/picture/svg_writer.h"
#include "profile/load/profile_folded.h"

static void take_option(const char *text, svg_opts *svg, folded_opts *in)
{
    if (strcmp(text, "icicle") == 0)
        svg->inverted = 1;
    else if (strcmp(text, "all") == 0)
        svg->min_width_px = -1;
    else if (strcmp(text, "ns") == 0)
        *in = (folded_opts){PROFILE_NS, 1000};
    else if (strncmp(text, "rows=", 5) == 0)
        svg->max_rows = (uint32_t)atoi(text + 5);
    else
        svg->palette = palette_find(text);
}

/* A file and lines for one frame, calls for all: what collapsed stacks do not have. */
static void add_details(profile *p)
{
    p->calls = calloc(p->node_count, sizeof *p->calls);
    if (!p->calls) exit(4);
    for (uint32_t n = 1; n < p->node_count; n++) p->calls[n].calls = n + 1;
    for (uint32_t f = 0; f < p->frame_count; f++) {
        p->frames[f].file = "src/<main>.c";
        p->frames[f].line = 10 + f;
    }
}

int main(int argc, char **argv)
{
    svg_opts svg = {.title = "Test & picture"};
    folded_opts in = {PROFILE_SAMPLES, 1};
    folded_source src = {.path = argc > 1 ? argv[argc - 1] : ""};
    profile *p = NULL;
    fault why = {0};

    for (int i = 1; i + 1 < argc; i++) take_option(argv[i], &svg, &in);
    src.fd = open(src.path, O_RDONLY);
    if (folded_load(&p, &src, &in, &why) == THAG_OK) {
        if (in.unit == PROFILE_NS) add_details(p);
        svg_write(stdout, p, &svg, &why);
    }
    if (why.err) fprintf(stderr, "draw_svg: %s: %s\n", why.path, why.what);
    profile_free(p);
    return why.err || fflush(stdout) ? 3 : 0;
}
