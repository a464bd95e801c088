#include "output/table/pool_writer.h"

#include <inttypes.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/json_writer.h"
#include "output/quantity.h"
#include "output/utf8.h"

#define COLUMNS 6

typedef struct column_value {
    const char *key, *heading;
    uint64_t value;
    int needs_live;
} column_value;

static void columns_of(const pool_sum *p, column_value out[COLUMNS])
{
    const column_value all[COLUMNS] = {{"blocks", "blocks", p->blocks, 0},
                                       {"bytes", "bytes", p->bytes, 0},
                                       {"peak_bytes", "at peak", p->peak_bytes, 1},
                                       {"live_blocks", "live", p->live_blocks, 1},
                                       {"live_bytes", "live bytes", p->live_bytes, 1},
                                       {"resets", "resets", p->resets, 1}};

    memcpy(out, all, sizeof all);
}

static thag_err pools_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const pool_list *pools = subject;
    static const pool_sum none;
    column_value c[COLUMNS];

    columns_of(&none, c);
    for (int k = 0; k < COLUMNS; k++) fprintf(to, "%14s  ", c[k].heading);
    fputs("pool\n", to);
    for (size_t i = 0; i < report_rows(opts, pools->count); i++) {
        columns_of(&pools->items[i], c);
        for (int k = 0; k < COLUMNS; k++) {
            char text[QUANTITY_ROOM] = "-";

            if (pools->items[i].is_live || !c[k].needs_live) quantity_count(text, c[k].value);
            fprintf(to, "%14s  ", text);
        }
        utf8_put_plain(to, pools->items[i].name, strlen(pools->items[i].name), SIZE_MAX);
        fputc('\n', to);
    }
    return report_end(to, why);
}

static thag_err pools_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const pool_list *pools = subject;
    static const pool_sum none;
    column_value c[COLUMNS];

    columns_of(&none, c);
    fputs("name", to);
    for (int k = 0; k < COLUMNS; k++) fprintf(to, ",%s", c[k].key);
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, pools->count); i++) {
        columns_of(&pools->items[i], c);
        csv_text(to, pools->items[i].name);
        for (int k = 0; k < COLUMNS; k++) {
            fputc(',', to);
            if (pools->items[i].is_live || !c[k].needs_live) fprintf(to, "%" PRIu64, c[k].value);
        }
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static thag_err pools_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const pool_list *pools = subject;
    column_value c[COLUMNS];
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_begin_array(&j, "pools", 1);
    for (size_t i = 0; i < report_rows(opts, pools->count); i++) {
        columns_of(&pools->items[i], c);
        json_begin_object(&j, NULL, 0);
        json_text(&j, "name", pools->items[i].name);
        for (int k = 0; k < COLUMNS; k++) {
            if (pools->items[i].is_live || !c[k].needs_live)
                json_uint(&j, c[k].key, c[k].value);
            else
                json_null(&j, c[k].key);
        }
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report pool_report = {pools_text, pools_csv, pools_json};
