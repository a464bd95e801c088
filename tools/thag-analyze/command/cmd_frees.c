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

static int by_nodes(const void *left, const void *right)
{
    const free_pair *a = left, *b = right;

    if (a->allocated_in != b->allocated_in) return a->allocated_in < b->allocated_in ? -1 : 1;
    return a->freed_in < b->freed_in ? -1 : a->freed_in > b->freed_in;
}

static int by_bytes(const void *left, const void *right)
{
    const free_pair *a = left, *b = right;

    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    if (a->blocks != b->blocks) return a->blocks < b->blocks ? 1 : -1;
    return by_nodes(left, right);
}

/* Several nodes of a trace may be one of the profile. NULL: out of memory. */
static free_pair *pairs_of(const input *in, size_t *count)
{
    const uint32_t *node_of = in->whole.node_of;
    const trace_pair_info *from = trace_pairs(in->whole.trace, count);
    free_pair *pairs = malloc((*count + 1) * sizeof *pairs);
    size_t kept = 0;

    for (size_t i = 0; pairs && i < *count; i++)
        pairs[i] = (free_pair){node_of[from[i].node], node_of[from[i].releaser], from[i].blocks,
                               from[i].bytes};
    if (pairs) qsort(pairs, *count, sizeof *pairs, by_nodes);
    for (size_t i = 0; pairs && i < *count; i++) {
        if (!kept || by_nodes(&pairs[kept - 1], &pairs[i]) != 0) {
            pairs[kept++] = pairs[i];
        } else {
            pairs[kept - 1].blocks += pairs[i].blocks;
            pairs[kept - 1].bytes += pairs[i].bytes;
        }
    }
    *count = kept;
    if (pairs) qsort(pairs, kept, sizeof *pairs, by_bytes);
    return pairs;
}

static int write_pairs(const job *j, const input *in, const free_list *list)
{
    const settings *set = j->settings;
    stats_write_opts write = {.limit = set->limit};
    result_file out;
    fault f = {0};
    int status = result_open(&out, j->output, j->force);

    if (status != EXIT_FINE) return status;
    /* Of errors result_close() sees the stream's, and knows its name. */
    switch (j->format) {
    case FORMAT_JSON: free_list_json(out.to, list, &in->meta, &write, &f); break;
    case FORMAT_CSV: free_list_csv(out.to, list, &write, &f); break;
    case FORMAT_TEXT: free_list_text(out.to, list, &write, &f); break;
    }
    return result_close(&out, status);
}

static int show_frees(const job *j, const input *in)
{
    free_list list = {.profile = in->profile, .unpaired = in->meta.losses[TRACE_LOST_PAIR]};
    free_pair *pairs;
    int status;

    if (!in->whole.trace) {
        return complain(EXIT_USAGE, in->stem, "frees are paired in one .thag trace");
    }
    list.pairs = pairs = pairs_of(in, &list.count);
    if (!pairs) return complain(EXIT_SYSTEM, NULL, "out of memory");
    if (list.count || list.unpaired)
        status = write_pairs(j, in, &list);
    else
        status = complain(EXIT_NOTHING, in->stem,
                          "no frees were recorded with their stacks (THAG_PROFILER=memory,,,true)");
    free(pairs);
    return status;
}

/* Without the calls as frames all of a span would be one. */
static int run(const job *j)
{
    job detailed = *j;
    input in;
    int status;

    detailed.detail = 1;
    status = job_open(&detailed, &in, j->paths, j->path_count);
    if (status != EXIT_FINE) return status;
    status = show_frees(j, &in);
    input_close(&in);
    return status;
}

const command cmd_frees = {
    .name = "frees",
    .summary = "who freed what who had allocated, by native stack",
    .usage = "[OPTION]... FILE.thag",
    .about =
        "List pairs of call paths, one that allocated memory and one that freed it, in whatever\n"
        "thread, with the bytes and blocks that went from the one to the other; the most first.\n"
        "Native stacks have to be recorded for that (THAG_PROFILER=memory,,,true).",
    .options = facts,
    .settings_size = sizeof(settings),
    .takes = TAKES_JSON | TAKES_CSV | TAKES_DETAIL | TAKES_NAMES,
    .run = run};
