#include "output/export.h"

#include <string.h>

#include "output/folded_writer.h"

static thag_err write_folded(FILE *to, const export_source *from, fault *why)
{
    return folded_write(to, from->profile, NULL, why);
}

static const export_format formats[] = {
    {.name = "folded",
     .suffix = ".folded",
     .summary = "collapsed stacks: flamegraph.pl, inferno, speedscope",
     .write = write_folded},
    {.name = "pprof",
     .suffix = ".pb.gz",
     .summary = "go tool pprof, Pyroscope, Parca",
     .write = pprof_write},
    {.name = "speedscope",
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
    {.name = "csv",
     .suffix = ".csv",
     .summary = "one row for each call path",
     .write = csv_write},
    {.name = "otlp",
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
