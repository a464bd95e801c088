/*
 * memory_list_writer.c - what memory_writer.h has beside the table by function: lists of call paths, and
 * sizes of blocks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/quantity.h"
#include "output/sampling_text.h"
#include "output/table/memory_json.h"
#include "output/table/memory_writer.h"
#include "output/table/path_text.h"

static thag_err finish(FILE *to, fault *why)
{
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing statistics of memory");
}

static size_t shown(const memory_list *list, const stats_write_opts *opts)
{
    return opts && opts->limit && opts->limit < list->count ? opts->limit : list->count;
}

/* ---- call paths ---- */

static void list_sum(const memory_list *list, uint64_t *amount, uint64_t *blocks)
{
    *amount = *blocks = 0;
    for (size_t i = 0; i < list->count; i++) {
        *amount += list->paths[i].amount;
        *blocks += list->paths[i].blocks;
    }
}

static void put_amounts(FILE *to, uint64_t amount, uint64_t blocks)
{
    char text[2][QUANTITY_ROOM];

    quantity_count(text[0], amount);
    quantity_count(text[1], blocks);
    fprintf(to, "%12s  %12s  ", text[0], text[1]);
}

/* Of blocks alone no standard error is known. */
static void put_sampling(FILE *to, const memory_list *list, uint64_t sum)
{
    const profile *p = list->profile;
    char text[SAMPLING_ROOM];

    if (list->in_bytes)
        sampling_put_line(to, p->heap_period, p->heap_samples, sum);
    else if (p->heap_period)
        fprintf(to, "%s\n", sampling_phrase(text, p->heap_period, p->heap_samples));
}

thag_err memory_list_text(FILE *to, const memory_list *list, const stats_write_opts *opts,
                          fault *why)
{
    uint64_t sum, count;

    fprintf(to, "%12s  %12s  allocated in\n", list->amount, "blocks");
    for (size_t i = 0; i < shown(list, opts); i++) {
        put_amounts(to, list->paths[i].amount, list->paths[i].blocks);
        path_put_text(to, list->profile, list->paths[i].node);
        fputc('\n', to);
    }
    list_sum(list, &sum, &count);
    put_amounts(to, sum, count);
    fprintf(to, "%s\n", list->what);
    put_sampling(to, list, sum);
    return finish(to, why);
}

thag_err memory_list_csv(FILE *to, const memory_list *list, const stats_write_opts *opts,
                         fault *why)
{
    uint64_t period = list->profile->heap_period;

    fprintf(to, "%s,blocks,path,file,line", list->amount);
    sampling_put_csv_keys(to, period, list->in_bytes);
    fputs("\r\n", to);
    for (size_t i = 0; i < shown(list, opts); i++) {
        const memory_path *path = &list->paths[i];
        const profile_frame *f = &list->profile->frames[list->profile->frame[path->node]];

        fprintf(to, "%" PRIu64 ",%" PRIu64 ",", path->amount, path->blocks);
        path_put_csv(to, list->profile, path->node);
        fputc(',', to);
        if (f->file) csv_text(to, f->file);
        fputc(',', to);
        if (f->line) fprintf(to, "%" PRIu32, f->line);
        sampling_put_csv(to, period, list->in_bytes, path->amount);
        fputs("\r\n", to);
    }
    return finish(to, why);
}

static void put_json_path(json *j, const memory_list *list, const memory_path *path)
{
    const profile *p = list->profile;
    const profile_frame *f = &p->frames[p->frame[path->node]];

    json_begin_object(j, NULL, 0);
    path_put_json(j, "path", p, path->node);
    json_uint(j, list->amount, path->amount);
    json_uint(j, "blocks", path->blocks);
    json_text(j, "file", f->file);
    if (f->line)
        json_uint(j, "line", f->line);
    else
        json_null(j, "line");
    json_end(j);
}

thag_err memory_list_json(FILE *to, const memory_list *list, const run_facts *meta,
                          const stats_write_opts *opts, fault *why)
{
    uint64_t sum, count;
    json j;

    list_sum(list, &sum, &count);
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    memory_json_head(&j, list->profile, meta);
    json_uint(&j, list->amount, sum);
    json_uint(&j, "blocks", count);
    sampling_put_json(&j, list->profile->heap_period, list->profile->heap_samples,
                      list->in_bytes ? sum : 0);
    json_begin_array(&j, "paths", 1);
    for (size_t i = 0; i < shown(list, opts); i++) put_json_path(&j, list, &list->paths[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}

/* ---- sizes ---- */

typedef struct size_class {
    const char *name;
    int end; /* buckets of the trace below this */
} size_class;

static const size_class classes[] = {{"0-64", 7},
                                     {"65-256", 9},
                                     {"257-1K", 11},
                                     {"1K-4K", 13},
                                     {"4K-16K", 15},
                                     {"16K-64K", 17},
                                     {">64K", TRACE_SIZE_BUCKETS}};
#define CLASSES (sizeof classes / sizeof *classes)

static struct trace_size_bucket class_sum(const trace_memory_info *m, size_t k)
{
    struct trace_size_bucket sum = {0, 0};

    for (int b = k ? classes[k - 1].end : 0; b < classes[k].end; b++) {
        sum.blocks += m->sizes[b].blocks;
        sum.bytes += m->sizes[b].bytes;
    }
    return sum;
}

static struct trace_size_bucket sum_of_all(const trace_memory_info *m)
{
    struct trace_size_bucket sum = {0, 0};

    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        sum.blocks += m->sizes[b].blocks;
        sum.bytes += m->sizes[b].bytes;
    }
    return sum;
}

static void put_size_row(FILE *to, const char *name, const struct trace_size_bucket *s,
                         const struct trace_size_bucket *all)
{
    char blocks[QUANTITY_ROOM], bytes[QUANTITY_ROOM], percent[QUANTITY_ROOM];
    int bar = all->blocks ? (int)((double)s->blocks / (double)all->blocks * 30 + 0.5) : 0;

    quantity_count(blocks, s->blocks);
    quantity_percent(percent, (int64_t)s->blocks, (int64_t)all->blocks);
    quantity_count(bytes, s->bytes);
    fprintf(to, "%-9s %15s %8s %19s", name, blocks, percent, bytes);
    quantity_percent(percent, (int64_t)s->bytes, (int64_t)all->bytes);
    fprintf(to, " %8s", percent);
    if (bar) fputs("  ", to);
    while (bar-- > 0) fputc('#', to);
    fputc('\n', to);
}

thag_err memory_sizes_text(FILE *to, const trace_memory_info *m, fault *why)
{
    struct trace_size_bucket all = sum_of_all(m);
    char text[QUANTITY_ROOM];

    fprintf(to, "%-9s %15s %8s %19s %8s\n", "size", "blocks", "%", "bytes", "%");
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        put_size_row(to, classes[k].name, &sum, &all);
    }
    put_size_row(to, "all", &all, &all);
    if (all.blocks) {
        quantity_count(text, (all.bytes + all.blocks / 2) / all.blocks);
        fprintf(to, "average %s bytes\n", text);
    }
    if (m->threshold) {
        quantity_count(text, m->skipped_blocks);
        fprintf(to,
                "%s blocks of %" PRIu64
                " bytes in all were not larger than the threshold of %" PRIu64
                " and not recorded\n",
                text, m->skipped_bytes, m->threshold);
    }
    sampling_put_line(to, m->sampling.period, m->sampling.samples, all.bytes);
    return finish(to, why);
}

thag_err memory_sizes_csv(FILE *to, const trace_memory_info *m, fault *why)
{
    fputs("size,blocks,bytes", to);
    sampling_put_csv_keys(to, m->sampling.period, 1);
    fputs("\r\n", to);
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        fprintf(to, "%s,%" PRIu64 ",%" PRIu64, classes[k].name, sum.blocks, sum.bytes);
        sampling_put_csv(to, m->sampling.period, 1, sum.bytes);
        fputs("\r\n", to);
    }
    return finish(to, why);
}

thag_err memory_sizes_json(FILE *to, const trace_memory_info *m, fault *why)
{
    struct trace_size_bucket all = sum_of_all(m);
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_uint(&j, "blocks", all.blocks);
    json_uint(&j, "bytes", all.bytes);
    json_uint(&j, "threshold", m->threshold);
    json_uint(&j, "skipped_blocks", m->skipped_blocks);
    json_uint(&j, "skipped_bytes", m->skipped_bytes);
    sampling_put_json(&j, m->sampling.period, m->sampling.samples, all.bytes);
    json_begin_array(&j, "sizes", 1);
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        json_begin_object(&j, NULL, 0);
        json_text(&j, "size", classes[k].name);
        json_uint(&j, "blocks", sum.blocks);
        json_uint(&j, "bytes", sum.bytes);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}
