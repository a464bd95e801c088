#include "output/table/pair_writer.h"

#include <inttypes.h>

#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/table/memory_json.h"
#include "output/table/path_text.h"

static thag_err finish(FILE *to, fault *why)
{
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing a list of frees");
}

static size_t shown(const free_list *list, const stats_write_opts *opts)
{
    return opts && opts->limit && opts->limit < list->count ? opts->limit : list->count;
}

static free_pair sum_of(const free_list *list)
{
    free_pair sum = {0};

    for (size_t i = 0; i < list->count; i++) {
        sum.blocks += list->pairs[i].blocks;
        sum.bytes += list->pairs[i].bytes;
    }
    return sum;
}

/* ---- text ---- */

static void put_amounts(FILE *to, const free_pair *pair)
{
    char bytes[QUANTITY_ROOM], blocks[QUANTITY_ROOM];

    quantity_count(bytes, pair->bytes);
    quantity_count(blocks, pair->blocks);
    fprintf(to, "%14s  %12s  ", bytes, blocks);
}

static void put_pair(FILE *to, const free_list *list, const free_pair *pair)
{
    put_amounts(to, pair);
    fputs("allocated in ", to);
    path_put_text(to, list->profile, pair->allocated_in);
    fprintf(to, "\n%14s  %12s  freed in     ", "", "");
    path_put_text(to, list->profile, pair->freed_in);
    fputc('\n', to);
}

thag_err free_list_text(FILE *to, const free_list *list, const stats_write_opts *opts, fault *why)
{
    free_pair sum = sum_of(list);
    char text[QUANTITY_ROOM];

    fprintf(to, "%14s  %12s\n", "bytes", "blocks");
    for (size_t i = 0; i < shown(list, opts); i++) put_pair(to, list, &list->pairs[i]);
    put_amounts(to, &sum);
    fprintf(to, "freed, by %zu pairs of paths\n", list->count);
    quantity_count(text, list->unpaired);
    if (list->unpaired) fprintf(to, "%s frees are in no pair: there were too many\n", text);
    sampling_put_line(to, list->profile->heap_period, list->profile->heap_samples, sum.bytes);
    return finish(to, why);
}

/* ---- CSV and JSON ---- */

thag_err free_list_csv(FILE *to, const free_list *list, const stats_write_opts *opts, fault *why)
{
    uint64_t period = list->profile->heap_period;

    fputs("bytes,blocks,allocated_in,freed_in", to);
    sampling_put_csv_keys(to, period, 1);
    fputs("\r\n", to);
    for (size_t i = 0; i < shown(list, opts); i++) {
        const free_pair *pair = &list->pairs[i];

        fprintf(to, "%" PRIu64 ",%" PRIu64 ",", pair->bytes, pair->blocks);
        path_put_csv(to, list->profile, pair->allocated_in);
        fputc(',', to);
        path_put_csv(to, list->profile, pair->freed_in);
        sampling_put_csv(to, period, 1, pair->bytes);
        fputs("\r\n", to);
    }
    return finish(to, why);
}

thag_err free_list_json(FILE *to, const free_list *list, const run_facts *meta,
                        const stats_write_opts *opts, fault *why)
{
    const profile *p = list->profile;
    free_pair sum = sum_of(list);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    memory_json_head(&j, p, meta);
    json_uint(&j, "bytes", sum.bytes);
    json_uint(&j, "blocks", sum.blocks);
    json_uint(&j, "unpaired_frees", list->unpaired);
    sampling_put_json(&j, p->heap_period, p->heap_samples, sum.bytes);
    json_begin_array(&j, "pairs", 1);
    for (size_t i = 0; i < shown(list, opts); i++) {
        const free_pair *pair = &list->pairs[i];

        json_begin_object(&j, NULL, 0);
        json_uint(&j, "bytes", pair->bytes);
        json_uint(&j, "blocks", pair->blocks);
        path_put_json(&j, "allocated_in", p, pair->allocated_in);
        path_put_json(&j, "freed_in", p, pair->freed_in);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}
