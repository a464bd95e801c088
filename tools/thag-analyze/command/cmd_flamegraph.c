#include "output/palette.h"
#include "output/picture/svg_writer.h"
#include "profile/profile_stats.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/picture_options.h"

typedef struct settings {
    const char *title, *subtitle;
    size_t width;
    double min_width_px;
    size_t palette; /* as palette_chosen() counts */
    int inverted, corrected;
} settings;

static const settings defaults = {.min_width_px = FLAME_MIN_WIDTH_PX};

static const option_fact facts[] = {
    OPTION_TEXT(settings, title, "title", "TEXT", "heading of the picture"),
    OPTION_TEXT(settings, subtitle, "subtitle", "TEXT",
                "line below it; otherwise the program's name"),
    OPTION_COUNT(settings, width, "width", "PIXELS", 100, 100000,
                 "width where no script runs; otherwise 1200"),
    OPTION_REAL(settings, min_width_px, "min-width", "PIXELS", 0, 1000,
                "leave out what is narrower; otherwise 0.1"),
    OPTION_CHOICE(settings, palette, "palette", "NAME", palette_choice, "colours"),
    OPTION_FLAG(settings, inverted, "inverted", "root at the top"),
    OPTION_FLAG(settings, corrected, "corrected", "take the profiler's own cost off the times"),
    OPTION_LAST};

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    /* The writer's 0 is its default. */
    char subtitle[400];
    svg_opts svg = {.title = set->title,
                    .subtitle = set->subtitle
                                    ? set->subtitle
                                    : job_view_text(j, in->program, subtitle, sizeof subtitle),
                    .palette = set->palette       ? palette_chosen(set->palette)
                               : j->memory        ? palette_find("mem")
                               : j->tasks.waiting ? palette_find("blue")
                               : j->tasks.wall    ? palette_find("rust")
                                                  : NULL,
                    .width_px = (uint32_t)set->width,
                    .min_width_px = set->min_width_px > 0 ? set->min_width_px : -1,
                    .inverted = set->inverted};
    named_result out;
    fault f = {0};
    thag_err err;
    int status;

    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    if (set->corrected) {
        err = stats_correct(in->profile, &f);
        if (err) return complain_fault(&f);
    }
    status = named_result_open(&out, j, in, "-flamegraph.svg");
    if (status != EXIT_FINE) return status;
    err = svg_write(out.file.to, in->profile, &svg, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return named_result_close(&out, status);
}

const command cmd_flamegraph = {
    .name = "flamegraph",
    .summary = "interactive picture of where the time went (SVG)",
    .usage = "[OPTION]... FILE...",
    .about = "Draw where the time went, as one SVG file to open in a browser: zoom, search,\n"
             "details. Its name is that of the first input with -flamegraph.svg, in the current\n"
             "directory, unless -o says otherwise. Several files are merged.",
    .options = facts,
    .defaults = &defaults,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_OPEN | TAKES_MEMORY | TAKES_DETAIL | TAKES_POOL | TAKES_PART |
             TAKES_TASKS | TAKES_OPERATIONS,
    .show = show};
