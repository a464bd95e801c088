#include <getopt.h>
#include <string.h>

#include "output/palette.h"
#include "output/svg_writer.h"
#include "profile/profile_stats.h"
#include "thag-analyze/analyze.h"

enum {
    OPT_TITLE = OPT_OWN,
    OPT_SUBTITLE,
    OPT_WIDTH,
    OPT_MIN_WIDTH,
    OPT_PALETTE,
    OPT_INVERTED,
    OPT_CORRECTED,
    OPT_MEMORY
};

static const option_fact facts[] = {
    {OPT_TITLE, "title", "TEXT", "heading of the picture"},
    {OPT_SUBTITLE, "subtitle", "TEXT", "line below it; otherwise the program's name"},
    {OPT_WIDTH, "width", "PIXELS", "width where no script runs; otherwise 1200"},
    {OPT_MIN_WIDTH, "min-width", "PIXELS", "leave out what is narrower; otherwise 0.1"},
    {OPT_PALETTE, "palette", "NAME", "colours; \"list\" lists them"},
    {OPT_INVERTED, "inverted", NULL, "root at the top"},
    {OPT_CORRECTED, "corrected", NULL, "take the profiler's own cost off the times"},
    {OPT_MEMORY, "memory", NULL, "bytes that were allocated, instead of time"},
    OPTIONS_OUTPUT,
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

typedef struct settings {
    options o;
    svg_opts svg;
    int corrected, memory, done;
} settings;

static int set_palette(settings *set, const char *name)
{
    const palette *p;

    if (strcmp(name, "list") == 0) {
        for (size_t i = 0; (p = palette_at(i)) != NULL; i++) puts(p->name);
        set->done = 1;
        return EXIT_FINE;
    }
    set->svg.palette = palette_find(name);
    if (set->svg.palette) return EXIT_FINE;
    return complain(EXIT_USAGE, NULL, "--palette: there is no %s (try --palette=list)", name);
}

static int set_option(settings *set, int key, const char *arg)
{
    double number = 0;

    switch (key) {
    case OPT_TITLE: set->svg.title = arg; return EXIT_FINE;
    case OPT_SUBTITLE: set->svg.subtitle = arg; return EXIT_FINE;
    case OPT_WIDTH:
        if (!option_number("width", arg, 100, 100000, &number)) return EXIT_USAGE;
        set->svg.width_px = (uint32_t)number;
        return EXIT_FINE;
    case OPT_MIN_WIDTH:
        if (!option_number("min-width", arg, 0, 1000, &number)) return EXIT_USAGE;
        set->svg.min_width_px = number > 0 ? number : -1; /* the writer's 0 is its default */
        return EXIT_FINE;
    case OPT_PALETTE: return set_palette(set, arg);
    case OPT_INVERTED: set->svg.inverted = 1; return EXIT_FINE;
    case OPT_MEMORY: set->memory = 1; return EXIT_FINE;
    default: set->corrected = 1; return EXIT_FINE;
    }
}

static int draw(settings *set, input *in, const char *path)
{
    output out;
    fault f = {0};
    thag_err err;
    int status;

    if (set->corrected) {
        err = stats_correct(in->profile, &f);
        if (err) return complain_fault(&f);
    }
    status = output_open(&out, path, set->o.force);
    if (status != EXIT_FINE) return status;
    err = svg_write(out.to, in->profile, &set->svg, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return output_close(&out, status);
}

static int run(settings *set, input *in)
{
    char name[300];
    const char *path = set->o.output;
    int status;

    if (set->memory) {
        if (profile_use_memory(in->profile, PROFILE_BYTES_ALLOCATED))
            return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
        if (!set->svg.palette) set->svg.palette = palette_find("mem");
    }
    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    if (!path) {
        snprintf(name, sizeof name, "%s%s%s-flamegraph.svg", in->stem,
                 in->meta.file_count > 1 ? "-merged" : "", set->memory ? "-memory" : "");
        path = name;
    }
    status = draw(set, in, path);
    /* Where it is, unless the user said so. */
    if (status == EXIT_FINE && !set->o.output) printf("%s\n", path);
    return status;
}

int cmd_flamegraph(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE...",
                          .summary =
                              "Draw where the time went, as one SVG file to open in a browser: "
                              "zoom, search,\ndetails. Its name is that of the first input with "
                              "-flamegraph.svg, in the current\ndirectory, unless -o says "
                              "otherwise. Several files are merged.",
                          .facts = facts}};
    input in;
    const char *arg;
    int key, status;

    while ((key = options_next(&set.o, argc, argv, &arg, &status)) != -1) {
        if (key != -2) status = set_option(&set, key, arg);
        if (key == -2 || status != EXIT_FINE || set.done) return status;
    }
    status = input_open(&in, argv + optind, argc - optind);
    if (status != EXIT_FINE) return status;
    status = run(&set, &in);
    input_close(&in);
    return status;
}
