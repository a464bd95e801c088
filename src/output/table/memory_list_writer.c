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

static thag_err list_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_list *list = subject;
    size_t rows = report_rows(opts, list->count);
    uint64_t sum, count;

    fprintf(to, "%12s  %12s  allocated in\n", list->amount, "blocks");
    for (size_t i = 0; i < rows; i++) {
        put_amounts(to, list->paths[i].amount, list->paths[i].blocks);
        path_put_text(to, list->profile, PROFILE_ROOT, list->paths[i].node);
        fputc('\n', to);
    }
    list_sum(list, &sum, &count);
    put_amounts(to, sum, count);
    fprintf(to, "%s\n", list->what);
    report_put_more(to, list->count - rows, "call path");
    put_sampling(to, list, sum);
    return report_end(to, why);
}

static thag_err list_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_list *list = subject;
    uint64_t period = list->profile->heap_period;

    fprintf(to, "%s,blocks,path,file,line", list->amount);
    sampling_put_csv_keys(to, period, list->in_bytes);
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, list->count); i++) {
        const memory_path *path = &list->paths[i];
        const profile_frame *f = &list->profile->frames[list->profile->frame[path->node]];

        fprintf(to, "%" PRIu64 ",%" PRIu64 ",", path->amount, path->blocks);
        path_put_csv(to, list->profile, PROFILE_ROOT, path->node);
        fputc(',', to);
        if (f->file) csv_text(to, f->file);
        fputc(',', to);
        if (f->line) fprintf(to, "%" PRIu32, f->line);
        sampling_put_csv(to, period, list->in_bytes, path->amount);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static void put_json_path(json *j, const memory_list *list, const memory_path *path)
{
    const profile *p = list->profile;
    const profile_frame *f = &p->frames[p->frame[path->node]];

    json_begin_object(j, NULL, 0);
    path_put_json(j, "path", p, PROFILE_ROOT, path->node);
    json_uint(j, list->amount, path->amount);
    json_uint(j, "blocks", path->blocks);
    json_text(j, "file", f->file);
    if (f->line)
        json_uint(j, "line", f->line);
    else
        json_null(j, "line");
    json_end(j);
}

static thag_err list_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const memory_list *list = subject;
    uint64_t sum, count;
    json j;

    list_sum(list, &sum, &count);
    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    memory_json_head(&j, list->profile, opts->meta);
    json_uint(&j, list->amount, sum);
    json_uint(&j, "blocks", count);
    sampling_put_json(&j, list->profile->heap_period, list->profile->heap_samples,
                      list->in_bytes ? sum : 0);
    json_begin_array(&j, "paths", 1);
    for (size_t i = 0; i < report_rows(opts, list->count); i++)
        put_json_path(&j, list, &list->paths[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report memory_list_report = {list_text, list_csv, list_json};

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

#define BAR_MOST 30

typedef struct size_table {
    FILE *to;
    struct trace_size_bucket all;
    int blocks_width, bytes_width;
    int bar; /* columns of the longest; 0: there is no room */
} size_table;

static int count_width(uint64_t count, const char *heading)
{
    char text[QUANTITY_ROOM];
    size_t width, least = strlen(heading);

    quantity_count(text, count);
    width = strlen(text);
    return (int)(width > least ? width : least);
}

static void size_table_init(size_table *t, FILE *to, const trace_memory_info *m, size_t width)
{
    int room;

    *t = (size_table){.to = to, .all = sum_of_all(m)};
    t->blocks_width = count_width(t->all.blocks, "blocks");
    t->bytes_width = count_width(t->all.bytes, "bytes");
    room = (int)(width < 1000 ? width : 1000) - (t->blocks_width + t->bytes_width + 31);
    t->bar = room >= 5 ? room < BAR_MOST ? room : BAR_MOST : 0;
}

static void put_size_row(const size_table *t, const char *name, const struct trace_size_bucket *s)
{
    char blocks[QUANTITY_ROOM], bytes[QUANTITY_ROOM];
    char of_blocks[QUANTITY_ROOM], of_bytes[QUANTITY_ROOM];
    double part = t->all.blocks ? (double)s->blocks / (double)t->all.blocks : 0;
    int bar = (int)(part * t->bar + 0.5);

    quantity_count(blocks, s->blocks);
    quantity_count(bytes, s->bytes);
    quantity_percent(of_blocks, (int64_t)s->blocks, (int64_t)t->all.blocks);
    quantity_percent(of_bytes, (int64_t)s->bytes, (int64_t)t->all.bytes);
    fprintf(t->to, "%-7s  %*s  %7s  %*s  %7s", name, t->blocks_width, blocks, of_blocks,
            t->bytes_width, bytes, of_bytes);
    if (bar) fputs("  ", t->to);
    while (bar-- > 0) fputc('#', t->to);
    fputc('\n', t->to);
}

static thag_err sizes_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const trace_memory_info *m = subject;
    char text[QUANTITY_ROOM];
    size_table t;

    size_table_init(&t, to, m, opts->width ? opts->width : 80);
    fprintf(to, "%-7s  %*s  %7s  %*s  %7s\n", "size", t.blocks_width, "blocks", "%", t.bytes_width,
            "bytes", "%");
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        put_size_row(&t, classes[k].name, &sum);
    }
    put_size_row(&t, "all", &t.all);
    if (t.all.blocks) {
        quantity_count(text, (t.all.bytes + t.all.blocks / 2) / t.all.blocks);
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
    sampling_put_line(to, m->sampling.period, m->sampling.samples, t.all.bytes);
    return report_end(to, why);
}

static thag_err sizes_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const trace_memory_info *m = subject;

    (void)opts;
    fputs("size,blocks,bytes", to);
    sampling_put_csv_keys(to, m->sampling.period, 1);
    fputs("\r\n", to);
    for (size_t k = 0; k < CLASSES; k++) {
        struct trace_size_bucket sum = class_sum(m, k);

        fprintf(to, "%s,%" PRIu64 ",%" PRIu64, classes[k].name, sum.blocks, sum.bytes);
        sampling_put_csv(to, m->sampling.period, 1, sum.bytes);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static thag_err sizes_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const trace_memory_info *m = subject;
    struct trace_size_bucket all = sum_of_all(m);
    json j;

    (void)opts;
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
    return report_end(to, why);
}

const report memory_sizes_report = {sizes_text, sizes_csv, sizes_json};
