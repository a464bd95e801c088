#include "output/table/pair_writer.h"

#include <inttypes.h>

#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/table/memory_json.h"
#include "output/table/path_text.h"

static profile_memory sum_of(const free_list *list)
{
    profile_memory sum = {0};

    for (size_t i = 0; i < list->count; i++)
        profile_memory_sum(&sum, &list->profile->memory[list->nodes[i]]);
    return sum;
}

/* The last node of the allocation's path. */
static uint32_t allocated_in(const profile *p, uint32_t node)
{
    uint32_t middle = profile_pair_middle(p, node);

    return middle == node ? node : p->parent[middle];
}

/* ---- text ---- */

static void put_amounts(FILE *to, const profile_memory *m)
{
    char bytes[QUANTITY_ROOM], blocks[QUANTITY_ROOM];

    quantity_count(bytes, m->bytes);
    quantity_count(blocks, m->blocks);
    fprintf(to, "%14s  %12s  ", bytes, blocks);
}

static void put_pair(FILE *to, const profile *p, uint32_t node)
{
    put_amounts(to, &p->memory[node]);
    fputs("allocated in ", to);
    path_put_text(to, p, PROFILE_ROOT, allocated_in(p, node));
    fprintf(to, "\n%14s  %12s  freed in     ", "", "");
    path_put_text(to, p, profile_pair_middle(p, node), node);
    fputc('\n', to);
}

static thag_err pairs_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const free_list *list = subject;
    const profile *p = list->profile;
    profile_memory sum = sum_of(list);
    size_t rows = report_rows(opts, list->count);
    char text[QUANTITY_ROOM];

    fprintf(to, "%14s  %12s\n", "bytes", "blocks");
    for (size_t i = 0; i < rows; i++) put_pair(to, p, list->nodes[i]);
    put_amounts(to, &sum);
    quantity_count(text, list->count);
    fprintf(to, "freed, by %s pair%s of paths\n", text, list->count == 1 ? "" : "s");
    report_put_more(to, list->count - rows, "pair");
    quantity_count(text, list->unpaired);
    if (list->unpaired) fprintf(to, "%s frees are in no pair: there were too many\n", text);
    sampling_put_line(to, p->heap_period, p->heap_samples, sum.bytes);
    return report_end(to, why);
}

/* ---- CSV and JSON ---- */

static thag_err pairs_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const free_list *list = subject;
    const profile *p = list->profile;

    fputs("bytes,blocks,allocated_in,freed_in", to);
    sampling_put_csv_keys(to, p->heap_period, 1);
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, list->count); i++) {
        uint32_t node = list->nodes[i];

        fprintf(to, "%" PRIu64 ",%" PRIu64 ",", p->memory[node].bytes, p->memory[node].blocks);
        path_put_csv(to, p, PROFILE_ROOT, allocated_in(p, node));
        fputc(',', to);
        path_put_csv(to, p, profile_pair_middle(p, node), node);
        sampling_put_csv(to, p->heap_period, 1, p->memory[node].bytes);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static thag_err pairs_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const free_list *list = subject;
    const profile *p = list->profile;
    profile_memory sum = sum_of(list);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    memory_json_head(&j, p, opts->meta);
    json_uint(&j, "bytes", sum.bytes);
    json_uint(&j, "blocks", sum.blocks);
    json_uint(&j, "unpaired_frees", list->unpaired);
    sampling_put_json(&j, p->heap_period, p->heap_samples, sum.bytes);
    json_begin_array(&j, "pairs", 1);
    for (size_t i = 0; i < report_rows(opts, list->count); i++) {
        uint32_t node = list->nodes[i];

        json_begin_object(&j, NULL, 0);
        json_uint(&j, "bytes", p->memory[node].bytes);
        json_uint(&j, "blocks", p->memory[node].blocks);
        path_put_json(&j, "allocated_in", p, PROFILE_ROOT, allocated_in(p, node));
        path_put_json(&j, "freed_in", p, profile_pair_middle(p, node), node);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report free_list_report = {pairs_text, pairs_csv, pairs_json};
