#include "output/export.h"
#include "profile/profile_stats.h"
#include "thag-analyze/analyze.h"

typedef struct settings {
    size_t format;
    int is_experimental, is_corrected;
} settings;

static const char *format_name(size_t n)
{
    const export_format *f = export_format_at(n);

    return f ? f->name : NULL;
}

static const option_fact facts[] = {
    OPTION_CHOICE(settings, format, "format", "NAME", format_name,
                  "the first unless told otherwise"),
    OPTION_FLAG(settings, is_corrected, "corrected", "take the profiler's own cost off the times"),
    OPTION_FLAG(settings, is_experimental, "experimental",
                "allow formats that may still change their shape"),
    OPTION_LAST};

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    const export_format *format = export_format_at(set->format);
    export_source from = {.profile = in->profile,
                          .program = in->program,
                          .start_real_ns = in->start_real_ns,
                          .duration_ns = in->end_real_ns - in->start_real_ns};
    named_result out;
    fault f = {0};
    thag_err err;
    int status;

    if (format->is_experimental && !set->is_experimental) {
        return complain(EXIT_USAGE, NULL,
                        "--format=%s needs --experimental: the format is not stable", format->name);
    }
    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    if (set->is_corrected && stats_correct(in->profile, &f)) return complain_fault(&f);
    status = named_result_open(&out, j, in, format->suffix);
    if (status != EXIT_FINE) return status;
    err = export_write(format, out.file.to, &from, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return named_result_close(&out, status);
}

const command cmd_export = {
    .name = "export",
    .summary = "for other tools: pprof, speedscope, Firefox, callgrind, SQLite, ...",
    .usage = "--format=NAME [OPTION]... FILE...",
    .about =
        "Write the profile in the format of another tool. The file's name is that of the first\n"
        "input with the format's ending, in the current directory, unless -o says otherwise.\n"
        "Several files are merged. docs/exports.md tells how to open each format.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY,
    .show = show};
