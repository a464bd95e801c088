/*
 * cmd_fold.c - a profile as a profile: fold writes collapsed stacks for other tools; filter and merge
 * write those, or a file of our own that loses nothing.
 */
#include <string.h>
#include <unistd.h>

#include "output/export/export.h"
#include "output/export/folded_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    size_t unit;
    size_t format; /* enum format */
} settings;

enum format { BY_NAME, FOLDED, SAVED };

static const char *format_name(size_t n)
{
    static const char *const names[] = {"auto", "folded", "thag", NULL};

    return names[n];
}

static const struct {
    const char *name;
    int64_t divisor; /* of nanoseconds */
} units[] = {{"us", 1000}, {"ns", 1}, {"ms", 1000000}, {"s", 1000000000}};

static const char *unit_name(size_t n)
{
    return n < sizeof units / sizeof *units ? units[n].name : NULL;
}

#define UNIT_OPTION \
    OPTION_CHOICE(settings, unit, "unit", "UNIT", unit_name, \
                  "of times in collapsed stacks, the first unless told otherwise")

static const option_fact fold_facts[] = {UNIT_OPTION, OPTION_LAST};
static const option_fact save_facts[] = {
    OPTION_CHOICE(settings, format, "format", "NAME", format_name,
                  "auto is thag, which loses nothing, for an -o FILE.thag, otherwise folded"),
    UNIT_OPTION, OPTION_LAST};

static int show_folded(const job *j, const input *in)
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
    .options = fold_facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_DETAIL | TAKES_POOL | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .show = show_folded};

/* ---- filter and merge ---- */

static int is_saved(const job *j)
{
    const settings *set = j->settings;
    const char *dot = j->output ? strrchr(j->output, '.') : NULL;

    return set->format == BY_NAME ? dot && strcmp(dot, ".thag") == 0 : set->format == SAVED;
}

static int save(const job *j, const input *in)
{
    const export_source from = {.profile = in->profile, .program = in->program, .runs = &in->meta};
    result_file out;
    fault f = {0};
    thag_err err;
    int status;

    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    if (!j->output && isatty(STDOUT_FILENO)) {
        return complain(EXIT_USAGE, NULL, "--format=thag is not for a terminal; give -o FILE.thag");
    }
    status = result_open(&out, j->output, j->force);
    if (status != EXIT_FINE) return status;
    err = export_write(export_format_named("thag"), out.to, &from, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return result_close(&out, status);
}

static int show_profile(const job *j, const input *in)
{
    return is_saved(j) ? save(j, in) : show_folded(j, in);
}

static int show_filtered(const job *j, const input *in)
{
    if (!j->operations.count && !job_wants_part(j) && !job_wants_tasks(j)) {
        return complain(
            EXIT_USAGE, NULL,
            "give a transformation, such as --ignore=REGEX, or a part of the run (--help)");
    }
    return show_profile(j, in);
}

static int show_merged(const job *j, const input *in)
{
    if (j->path_count < 2) return complain(EXIT_USAGE, NULL, "give two files at least");
    return show_profile(j, in);
}

const command cmd_filter = {
    .name = "filter",
    .summary = "a part of a profile, or another view of it, as a profile",
    .usage = "[OPTION]... TRANSFORMATION... FILE...",
    .about =
        "Write a profile after transformations, for every command to read: into FILE.thag with\n"
        "calls, durations and memory, else as collapsed stacks with one value only. stats,\n"
        "flamegraph, diff and others take the same transformations themselves.",
    .options = save_facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_DETAIL | TAKES_POOL | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .show = show_filtered};

const command cmd_merge = {
    .name = "merge",
    .summary = "several profiles as one",
    .usage = "[OPTION]... FILE FILE...",
    .about =
        "Write the sum of several profiles, of runs, processes or machines: into FILE.thag with\n"
        "calls, durations and memory, which add up exactly, else as collapsed stacks with one\n"
        "value only. stats, flamegraph, export and others merge their files themselves.",
    .options = save_facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_DETAIL | TAKES_POOL | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .show = show_merged};
