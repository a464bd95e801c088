#include "output/export/export.h"

#include <stdlib.h>
#include <string.h>

#include "output/export/folded_writer.h"
#include "output/node_metric.h"

/* Frames in all the paths that a format may list: some GB of text. */
#define REPEATED_FRAMES_MAX 1000000000u

static thag_err write_folded(FILE *to, const export_source *from, fault *why)
{
    return folded_write(to, from->profile, NULL, why);
}

static const export_format formats[] = {
    {.name = "folded",
     .repeats_paths = 1,
     .suffix = ".folded",
     .summary = "collapsed stacks: flamegraph.pl, inferno, speedscope",
     .write = write_folded},
    {.name = "pprof",
     .repeats_paths = 1,
     .suffix = ".pb.gz",
     .summary = "go tool pprof, Pyroscope, Parca",
     .write = pprof_write},
    {.name = "thag",
     .suffix = "-saved.thag",
     .summary = "thag-analyze itself: all that the profile holds",
     .write = saved_write},
    {.name = "speedscope",
     .repeats_paths = 1,
     .suffix = ".speedscope.json",
     .summary = "speedscope.app",
     .write = speedscope_write},
    {.name = "firefox",
     .suffix = ".profile.json",
     .summary = "profiler.firefox.com",
     .write = firefox_write},
    {.name = "callgrind",
     .suffix = ".callgrind",
     .summary = "callgrind_annotate, KCachegrind",
     .write = callgrind_write},
    {.name = "sqlite",
     .suffix = ".sqlite",
     .summary = "SQL, every column there is",
     .write = sqlite_write},
    {.name = "csv", .suffix = ".csv", .summary = "one row for each call path", .write = csv_write},
    {.name = "perfetto",
     .suffix = ".perfetto-trace",
     .summary = "ui.perfetto.dev, trace_processor",
     .needs_timeline = 1,
     .write = perfetto_write},
    {.name = "chrome",
     .suffix = ".trace.json",
     .summary = "chrome://tracing, ui.perfetto.dev, Tracy's import",
     .needs_timeline = 1,
     .write = chrome_write},
    {.name = "firefox-timeline",
     .suffix = "-timeline.profile.json",
     .summary = "profiler.firefox.com, with its stack chart",
     .needs_timeline = 1,
     .write = firefox_timeline_write},
    {.name = "speedscope-timeline",
     .suffix = "-timeline.speedscope.json",
     .summary = "speedscope.app, a profile for each thread",
     .needs_timeline = 1,
     .write = speedscope_timeline_write},
    {.name = "folded-timeline",
     .suffix = "-timeline.folded",
     .summary = "flamegraph.pl --flamechart; in ns",
     .needs_timeline = 1,
     .write = folded_timeline_write},
    {.name = "sqlite-timeline",
     .suffix = "-timeline.sqlite",
     .summary = "as sqlite, and each single call",
     .needs_timeline = 1,
     .write = sqlite_write},
    {.name = "csv-timeline",
     .suffix = "-timeline.csv",
     .summary = "a row for each call",
     .needs_timeline = 1,
     .write = csv_timeline_write},
    {.name = "otlp",
     .repeats_paths = 1,
     .suffix = ".otlp",
     .summary = "OpenTelemetry profiles",
     .is_experimental = 1,
     .write = otlp_write},
};

const export_format *export_format_at(size_t index)
{
    return index < sizeof formats / sizeof *formats ? &formats[index] : NULL;
}

const export_format *export_format_named(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    }
    return NULL;
}

static thag_err check_paths(const profile *p)
{
    uint32_t *depth = calloc(p->node_count, sizeof *depth);
    uint64_t sum = 0;

    if (!depth) return THAG_ERR_MEMORY;
    for (uint32_t n = 1; n < p->node_count; n++) {
        depth[n] = depth[p->parent[n]] + 1;
        if (node_has_value(p, n)) sum += depth[n];
    }
    free(depth);
    return sum > REPEATED_FRAMES_MAX ? THAG_ERR_TOO_LARGE : THAG_OK;
}

thag_err export_write(const export_format *format, FILE *to, const export_source *from, fault *why)
{
    thag_err err = format->repeats_paths ? check_paths(from->profile) : THAG_OK;

    if (err) {
        return fault_set(why, err, UINT64_MAX,
                         "call paths too deep to list each; firefox, callgrind and sqlite do not");
    }
    return format->write(to, from, why);
}
