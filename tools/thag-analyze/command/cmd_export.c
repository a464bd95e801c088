#include <string.h>

#include "output/export/export.h"
#include "profile/profile_stats.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/push.h"

typedef struct settings {
    size_t format;
    int is_experimental, is_corrected;
    push_settings push;
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
    PUSH_OPTIONS(settings, push), OPTION_LAST};

/* What is in the way of this format; an exit status. */
static int check(const settings *set, const export_format *format, const job *j, const input *in)
{
    if (format->is_experimental && !set->is_experimental) {
        return complain(EXIT_USAGE, NULL,
                        "--format=%s needs --experimental: the format is not stable", format->name);
    }
    if (format->needs_timeline && (j->memory || set->is_corrected)) {
        return complain(EXIT_USAGE, NULL, "--format=%s is along time, as measured: no --%s",
                        format->name, j->memory ? "memory" : "corrected");
    }
    if (format->needs_timeline &&
        (j->operations.count || job_wants_part(j) || job_wants_tasks(j))) {
        return complain(EXIT_USAGE, NULL,
                        "--format=%s is along time, as measured: no transformations", format->name);
    }
    if (in->profile->node_count == 1) {
        return complain(EXIT_NOTHING, in->stem, "nothing was recorded");
    }
    return EXIT_FINE;
}

/* --push takes the place of --format and -o. */
static int check_push(const settings *set, const job *j)
{
    const char *name = format_name(set->format);

    if (!set->push.url) {
        return set->push.service || set->push.labels.count
                   ? complain(EXIT_USAGE, NULL, "--service and --label are for --push")
                   : EXIT_FINE;
    }
    if (j->output) return complain(EXIT_USAGE, NULL, "--push or --output, not both");
    if (set->format && strcmp(name, "pprof") != 0) {
        return complain(EXIT_USAGE, NULL, "--push sends pprof, not %s", name);
    }
    return EXIT_FINE;
}

/* That of the program, where the trace has it: it has those of modules that allocated. */
static const char *build_id_of(const input *in)
{
    const trace *t = in->whole.trace;

    for (uint32_t id = 0; t && id < trace_module_count(t); id++) {
        trace_module_info m = trace_module_get(t, id);
        const char *slash = strrchr(m.path, '/');

        if (strcmp(slash ? slash + 1 : m.path, in->program) == 0) return m.build_id;
    }
    return NULL;
}

static int write_result(const export_format *format, const export_source *from, const job *j,
                        const input *in)
{
    named_result out;
    fault f = {0};
    thag_err err;
    int status = named_result_open(&out, j, in, format->suffix);

    if (status != EXIT_FINE) return status;
    err = export_write(format, out.file.to, from, &f);
    /* Of errors result_close() sees the stream's, and knows its name. */
    if (err && !ferror(out.file.to)) status = complain_fault(&f);
    return named_result_close(&out, status);
}

static int show(const job *j, const input *in)
{
    const settings *set = j->settings;
    const export_format *format = export_format_at(set->format);
    export_source from = {.profile = in->profile,
                          .program = in->program,
                          .build_id = build_id_of(in),
                          .start_real_ns = in->meta.start_real_ns,
                          .duration_ns = in->meta.end_real_ns - in->meta.start_real_ns,
                          .runs = &in->meta};
    heap_time *heap = NULL;
    fault f = {0};
    int status = check_push(set, j);

    if (status == EXIT_FINE) status = check(set, format, j, in);
    if (status != EXIT_FINE) return status;
    if (in->whole.trace) from.pid = trace_head(in->whole.trace)->pid;
    if (format->needs_timeline) status = input_timeline(&from.timeline, in);
    if (status != EXIT_FINE) return status;
    if (set->is_corrected && stats_correct(in->profile, &f)) return complain_fault(&f);
    if (from.timeline) heap_time_new(&heap, in->whole.trace, NULL); /* most traces have none */
    from.heap = heap;
    status = set->push.url ? push_profile(&set->push, &from) : write_result(format, &from, j, in);
    timeline_free(from.timeline);
    heap_time_free(heap);
    return status;
}

const command cmd_export = {
    .name = "export",
    .summary = "for other tools: pprof, speedscope, Firefox, callgrind, SQLite, ...",
    .usage = "--format=NAME [OPTION]... FILE...",
    .about =
        "Write the profile in the format of another tool. The file's name is that of the first\n"
        "input with the format's ending, in the current directory, unless -o says otherwise.\n"
        "Several files are merged. docs/exports.md tells how to open each format.\n"
        "--push sends it to a server instead.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_MEMORY | TAKES_DETAIL | TAKES_POOL | TAKES_PART | TAKES_TASKS | TAKES_OPERATIONS,
    .show = show};
