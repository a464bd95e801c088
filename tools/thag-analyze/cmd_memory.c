/*
 * cmd_memory.c - leaks, peak and sizes: what a trace knows about memory beyond `stats --memory`.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "output/memory_writer.h"
#include "thag-analyze/analyze.h"

enum { OPT_LIMIT = OPT_OWN, OPT_JSON };

static const option_fact list_facts[] = {
    {OPT_LIMIT, "limit", "N", "show the first N call paths only"},
    {OPT_JSON, "json", NULL, "write a JSON object"},
    OPTIONS_OUTPUT,
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

static const option_fact size_facts[] = {{OPT_JSON, "json", NULL, "write a JSON object"},
                                         OPTIONS_OUTPUT,
                                         OPTIONS_COMMON,
                                         {0, NULL, NULL, NULL}};

typedef struct settings {
    options o;
    stats_write_opts write;
    int as_json;
} settings;

/* 0: stop with *status. */
static int read_options(settings *set, int argc, char **argv, int *status)
{
    const char *arg;
    double number;
    int key;

    while ((key = options_next(&set->o, argc, argv, &arg, status)) != -1) {
        if (key == -2) return 0;
        if (key == OPT_JSON) {
            set->as_json = 1;
            continue;
        }
        *status = EXIT_USAGE;
        if (!option_number("limit", arg, 1, 1e9, &number)) return 0;
        set->write.limit = (size_t)number;
    }
    return 1;
}

/* ---- leaks, peak ---- */

static int write_list(const settings *set, const input *in, const memory_list *list)
{
    output out;
    fault f = {0};
    thag_err err;
    int status = output_open(&out, set->o.output, set->o.force);

    if (status != EXIT_FINE) return status;
    if (set->as_json)
        err = memory_list_json(out.to, list, &in->meta, &set->write, &f);
    else
        err = memory_list_text(out.to, list, &set->write, &f);
    (void)err; /* output_close() sees the stream's error, and knows its name */
    return output_close(&out, status);
}

static int list_paths(const settings *set, const input *in, profile_metric metric)
{
    memory_list list = {.profile = in->profile,
                        .what = metric == PROFILE_BYTES_PEAK ? "live at the peak"
                                                             : "still allocated at the end"};
    memory_path *paths;
    int status;

    if (in->profile->memory_mode != PROFILE_LIVE) {
        return complain(EXIT_NOTHING, in->stem, "%s",
                        in->profile->memory
                            ? "recorded with THAG_MEMORY=summary: frees are not known"
                            : "memory was not recorded");
    }
    list.paths = paths = memory_paths(in->profile, metric, &list.count);
    if (!paths) return complain(EXIT_SYSTEM, in->stem, "out of memory");
    status = write_list(set, in, &list);
    if (status == EXIT_FINE && !list.count) {
        status = complain(EXIT_NOTHING, in->stem, "nothing was %s", list.what);
    }
    free(paths);
    return status;
}

static int run_list(settings *set, int argc, char **argv, profile_metric metric)
{
    input in;
    int status;

    if (!read_options(set, argc, argv, &status)) return status;
    status = input_open(&in, argv + optind, argc - optind);
    if (status != EXIT_FINE) return status;
    status = list_paths(set, &in, metric);
    input_close(&in);
    return status;
}

int cmd_leaks(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE...",
                          .summary =
                              "List the call paths whose memory was still allocated when the "
                              "program ended, largest\nfirst. Several files are merged.",
                          .facts = list_facts}};

    return run_list(&set, argc, argv, PROFILE_BYTES_LIVE);
}

int cmd_peak(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE...",
                          .summary =
                              "List what every call path held at the moment when most memory "
                              "was allocated,\nlargest first.",
                          .facts = list_facts}};

    return run_list(&set, argc, argv, PROFILE_BYTES_PEAK);
}

/* ---- sizes ---- */

static void add_sizes(trace_memory_info *sum, const trace_memory_info *m)
{
    if (m->mode) sum->mode = m->mode;
    if (m->threshold > sum->threshold) sum->threshold = m->threshold;
    sum->skipped_blocks += m->skipped_blocks;
    sum->skipped_bytes += m->skipped_bytes;
    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        sum->sizes[b].blocks += m->sizes[b].blocks;
        sum->sizes[b].bytes += m->sizes[b].bytes;
    }
}

static int read_sizes(trace_memory_info *sum, char **paths, int count)
{
    if (!count) return complain(EXIT_USAGE, NULL, "no input; give a .thag file");
    for (int i = 0; i < count; i++) {
        loaded l;
        fault f = {0};

        if (loaded_open(&l, paths[i], &f)) return complain_fault(&f);
        if (l.trace) add_sizes(sum, trace_memory_of(l.trace));
        loaded_close(&l);
    }
    return sum->mode ? EXIT_FINE : complain(EXIT_NOTHING, paths[0], "memory was not recorded");
}

int cmd_sizes(int argc, char **argv)
{
    settings set = {.o = {.usage = "[OPTION]... FILE...",
                          .summary = "Show how many blocks of which size were allocated.",
                          .facts = size_facts}};
    trace_memory_info sum = {0};
    output out;
    fault f = {0};
    thag_err err;
    int status;

    if (!read_options(&set, argc, argv, &status)) return status;
    status = read_sizes(&sum, argv + optind, argc - optind);
    if (status != EXIT_FINE) return status;
    status = output_open(&out, set.o.output, set.o.force);
    if (status != EXIT_FINE) return status;
    err = set.as_json ? memory_sizes_json(out.to, &sum, &f) : memory_sizes_text(out.to, &sum, &f);
    (void)err; /* output_close() sees the stream's error, and knows its name */
    return output_close(&out, status);
}
