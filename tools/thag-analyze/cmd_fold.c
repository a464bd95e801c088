#include "output/folded_writer.h"
#include "thag-analyze/analyze.h"

typedef struct settings {
    size_t unit;
} settings;

static const struct {
    const char *name;
    int64_t divisor; /* of nanoseconds */
} units[] = {{"us", 1000}, {"ns", 1}, {"ms", 1000000}, {"s", 1000000000}};

static const char *unit_name(size_t n)
{
    return n < sizeof units / sizeof *units ? units[n].name : NULL;
}

static const option_fact facts[] = {OPTION_CHOICE(settings, unit, "unit", "UNIT", unit_name,
                                                  "of times, the first unless told otherwise"),
                                    OPTION_LAST};

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    folded_write_opts write = {.divisor =
                                   in->profile->unit == PROFILE_NS ? units[set->unit].divisor : 1};
    fault f = {0};
    result_file out;
    thag_err err;
    int status = result_open(&out, j->output, j->force);

    if (status != EXIT_FINE) return status;
    err = folded_write(out.to, in->profile, &write, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    status = result_close(&out, status);
    if (status == EXIT_FINE && in->profile->node_count == 1) {
        status = complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    return status;
}

const command cmd_fold = {
    .name = "fold",
    .summary = "collapsed stacks for other tools",
    .usage = "[OPTION]... FILE...",
    .about =
        "Write collapsed stacks, one call path a line with its self time, as other flamegraph\n"
        "tools read them. Several files are merged.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_DETAIL | TAKES_PART | TAKES_OPERATIONS,
    .show = show};

/* ---- the same under the names of what it is done for ---- */

static int show_filtered(const job *j, const input *in)
{
    if (!j->operations.count) {
        return complain(EXIT_USAGE, NULL, "give a transformation, such as --ignore=REGEX (--help)");
    }
    return show(j, in);
}

static int show_merged(const job *j, const input *in)
{
    if (j->path_count < 2) return complain(EXIT_USAGE, NULL, "give two files at least");
    return show(j, in);
}

const command cmd_filter = {
    .name = "filter",
    .summary = "a part of a profile, or another view of it, as collapsed stacks",
    .usage = "[OPTION]... TRANSFORMATION... FILE...",
    .about =
        "Write a profile after transformations as collapsed stacks, which every command reads.\n"
        "Calls and durations are not in them; stats, flamegraph, diff take the same\n"
        "transformations themselves.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_PART | TAKES_OPERATIONS,
    .show = show_filtered};

const command cmd_merge = {
    .name = "merge",
    .summary = "several profiles as one, as collapsed stacks",
    .usage = "[OPTION]... FILE FILE...",
    .about =
        "Write the sum of several profiles, of runs, processes or machines, as collapsed stacks.\n"
        "Calls and durations are not in them; stats, flamegraph, export merge their files\n"
        "themselves, with those.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_PART | TAKES_OPERATIONS,
    .show = show_merged};
