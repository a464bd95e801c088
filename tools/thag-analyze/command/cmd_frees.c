/*
 * cmd_frees.c - who freed what who had allocated.
 */
#include <stdlib.h>

#include "output/table/pair_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    size_t limit;
} settings;

static const option_fact facts[] = {
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N pairs only"),
    OPTION_LAST};

static int by_bytes(const void *left, const void *right, void *memory)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const profile_memory *m = memory;

    if (m[a].bytes != m[b].bytes) return m[a].bytes < m[b].bytes ? 1 : -1;
    if (m[a].blocks != m[b].blocks) return m[a].blocks < m[b].blocks ? 1 : -1;
    return a < b ? -1 : a > b;
}

/* NULL: out of memory. */
static uint32_t *nodes_of(const profile *p, size_t *count)
{
    uint32_t *nodes = malloc(p->node_count * sizeof *nodes);

    *count = 0;
    for (uint32_t n = 0; nodes && n < p->node_count; n++)
        if (p->memory[n].blocks) nodes[(*count)++] = n;
    if (nodes) qsort_r(nodes, *count, sizeof *nodes, by_bytes, p->memory);
    return nodes;
}

static int write_pairs(const job *j, const input *in, const free_list *list)
{
    const settings *set = j->settings;

    return write_report(j, &free_list_report, list,
                        &(report_opts){.meta = &in->meta, .limit = set->limit});
}

static int show_frees(const job *j, const input *in)
{
    free_list list = {.profile = in->profile, .unpaired = in->meta.losses[TRACE_LOST_PAIR]};
    uint32_t *nodes;
    int status;

    if (in->profile->node_count == 1 && !list.unpaired) {
        return complain(EXIT_NOTHING, in->stem,
                        "no frees were recorded with their stacks (thag-run --detail, or "
                        "THAG_PROFILER=memory,,,true)");
    }
    list.nodes = nodes = nodes_of(in->profile, &list.count);
    if (!nodes) return complain(EXIT_SYSTEM, NULL, "out of memory");
    status = write_pairs(j, in, &list);
    if (status == EXIT_FINE && !list.count && !list.unpaired)
        status = complain(EXIT_NOTHING, in->stem, "the transformations leave nothing");
    free(nodes);
    return status;
}

/* The other transformations make other paths, and each pair has two in one. */
static int check_operations(const job *j)
{
    for (operation_kind kind = OPERATION_CALLERS; kind < OPERATION_COUNT; kind++) {
        if (!operation_list_has(&j->operations, kind)) continue;
        return complain(EXIT_USAGE, NULL, "--%s is not for pairs of paths", operation_name(kind));
    }
    return EXIT_FINE;
}

/* Without the calls as frames all of a span would be one. */
static int run(const job *j)
{
    job detailed = *j;
    input in;
    int status = check_operations(j);

    if (status != EXIT_FINE) return status;
    detailed.detail = detailed.pairs = 1;
    status = job_open(&detailed, &in, j->paths, j->path_count);
    if (status != EXIT_FINE) return status;
    status = show_frees(j, &in);
    input_close(&in);
    return status;
}

const command cmd_frees = {
    .name = "frees",
    .summary = "who freed what who had allocated, by native stack",
    .usage = "[OPTION]... FILE.thag...",
    .about =
        "List pairs of call paths, one that allocated memory and one that freed it, in whatever\n"
        "thread, with the bytes and blocks that went from the one to the other; the most first.\n"
        "Native stacks have to be recorded for that (thag-run --detail, or\n"
        "THAG_PROFILER=memory,,,true). Several files are merged. A transformation that matches\n"
        "functions looks at both paths of a pair.",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_NAMES | TAKES_OPERATIONS,
    .run = run};
