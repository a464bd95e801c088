/*
 * cmd_memory.c - leaks, peak, temporary and sizes: what a trace knows about memory beyond `stats --memory`.
 */
#include <stdlib.h>

#include "output/table/memory_writer.h"
#include "thag-analyze/command/analyze.h"

/* ---- leaks, peak, temporary ---- */

typedef struct settings {
    size_t limit;
} settings;

static const option_fact facts[] = {
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N call paths only"),
    OPTION_LAST};

static int write_list(const job *j, const input *in, const memory_list *list)
{
    const settings *set = j->settings;

    return write_report(j, &memory_list_report, list,
                        &(report_opts){.meta = &in->meta, .limit = set->limit});
}

/* Why it is not known what was freed. */
static int complain_frees(const input *in)
{
    if (!in->profile->memory) return complain(EXIT_NOTHING, in->stem, "memory was not recorded");
    if (in->meta.memory.mode == TRACE_HEAP_SUMMARY) {
        return complain(EXIT_NOTHING, in->stem,
                        "recorded with THAG_MEMORY=summary: frees are not known");
    }
    return complain(EXIT_NOTHING, in->stem, "frees are not in this profile");
}

static int list_paths(const job *j, const input *in, memory_view view)
{
    static const char *const what[] = {[VIEW_LEAKED] = "still allocated at the end",
                                       [VIEW_PEAK] = "live at the peak",
                                       [VIEW_TEMPORARY] = "freed before the next allocation"};
    memory_list list = {.profile = in->profile,
                        .amount = view == VIEW_TEMPORARY ? "temporary" : "bytes",
                        .in_bytes = view != VIEW_TEMPORARY,
                        .what = what[view]};
    memory_path *paths;
    int status;

    if (in->profile->memory_mode != PROFILE_LIVE) return complain_frees(in);
    list.paths = paths = memory_paths(in->profile, view, &list.count);
    if (!paths) return complain(EXIT_SYSTEM, in->stem, "out of memory");
    status = write_list(j, in, &list);
    if (status == EXIT_FINE && !list.count) {
        status = complain(EXIT_NOTHING, in->stem, "nothing was %s", list.what);
    }
    free(paths);
    return status;
}

static int show_leaks(const job *j, const input *in)
{
    return list_paths(j, in, VIEW_LEAKED);
}

static int show_peak(const job *j, const input *in)
{
    return list_paths(j, in, VIEW_PEAK);
}

static int show_temporary(const job *j, const input *in)
{
    return list_paths(j, in, VIEW_TEMPORARY);
}

const command cmd_leaks = {
    .name = "leaks",
    .summary = "memory that was still allocated at the end, by call path",
    .usage = "[OPTION]... FILE...",
    .about =
        "List the call paths whose memory was still allocated when the program ended, largest\n"
        "first. Several files are merged.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_POOL | TAKES_OPERATIONS,
    .show = show_leaks};

const command cmd_peak = {
    .name = "peak",
    .summary = "who held memory when most was allocated",
    .usage = "[OPTION]... FILE...",
    .about = "List what every call path held at the moment when most memory was allocated,\n"
             "largest first.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_POOL | TAKES_OPERATIONS,
    .show = show_peak};

const command cmd_temporary = {
    .name = "temporary",
    .summary = "blocks that were freed before the next allocation, by call path",
    .usage = "[OPTION]... FILE...",
    .about =
        "List the call paths whose blocks were freed before their thread allocated again, and how\n"
        "many they allocated in all: work that a buffer kept from call to call would save.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_NAMES | TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_POOL | TAKES_OPERATIONS,
    .show = show_temporary};

/* ---- sizes ---- */

static int has_sizes(const trace_memory_info *memory)
{
    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++)
        if (memory->sizes[b].blocks) return 1;
    return 0;
}

static int show_sizes(const job *j, const input *in)
{
    const trace_memory_info *memory = &in->meta.memory;

    if (!memory->mode) {
        return complain(EXIT_NOTHING, in->stem,
                        in->profile->memory ? "sizes of blocks are not in this profile"
                                            : "memory was not recorded");
    }
    if (!has_sizes(memory)) {
        return complain(EXIT_NOTHING, in->stem,
                        j->pool ? "sizes of that pool are not in this profile"
                                : "nothing was allocated");
    }
    return write_report(j, &memory_sizes_report, memory, &(report_opts){.meta = &in->meta});
}

const command cmd_sizes = {
    .name = "sizes",
    .summary = "how many blocks of which size were allocated",
    .usage = "[OPTION]... FILE.thag...",
    .about =
        "Show how many blocks of which size were allocated, by the whole program, or handed out\n"
        "by one of its pools: sizes are not counted by function. Several files are merged.",
    .takes = TAKES_JSON | TAKES_CSV | TAKES_POOL,
    .show = show_sizes};
