/*
 * fuzz_saved.c - saved profiles from anywhere: read, shown, written in every format of the tree.
 *
 * Besides not crashing: what was refused must say why, within the input; and what was accepted must
 * be written as the same bytes again and again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/table/info_writer.h"
#include "output/table/memory_writer.h"
#include "output/table/stats_writer.h"
#include "profile/load/profile_saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz_saved: %s\n", what);
    abort();
}

typedef struct text {
    char *bytes;
    size_t len;
} text;

static text written(const profile *p, const run_facts *runs)
{
    export_source from = {.profile = p, .program = p->title, .runs = runs};
    text t = {0};
    FILE *to = open_memstream(&t.bytes, &t.len);

    require(to && !saved_write(to, &from, NULL), "cannot write");
    fclose(to);
    return t;
}

static thag_err load_packed(profile **p, run_facts *runs, text t)
{
    byte_source packed = {.head = t.bytes, .head_len = t.len, .fd = -1}, plain;
    thag_err err = byte_source_inflate(&plain, &packed, NULL);

    if (!err) err = saved_load(p, runs, &plain, NULL);
    byte_source_release(&plain);
    return err;
}

static void check_round_trip(const profile *p, const run_facts *runs)
{
    text first = written(p, runs), second;
    profile *again = NULL;
    run_facts read;

    require(!load_packed(&again, &read, first), "not read again");
    second = written(again, &read);
    require(first.len == second.len && !memcmp(first.bytes, second.bytes, first.len), "differs");
    profile_free(again);
    free(first.bytes);
    free(second.bytes);
}

/* What adds up the columns: nothing may overflow. */
static void show(profile *p, const run_facts *runs)
{
    FILE *to = fopen("/dev/null", "w");
    stats *s = NULL;
    memory_stats *m = NULL;
    const report_opts opts = {.meta = runs};

    require(to != NULL, "no /dev/null");
    info_write_saved_text(to, p, runs, NULL);
    if (!stats_new(&s, p, NULL)) stats_report.json(to, s, &opts, NULL);
    if (p->memory && !memory_stats_new(&m, p, NULL)) memory_report.text(to, m, &opts, NULL);
    memory_stats_free(m);
    stats_free(s);
    fclose(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    byte_source src = {.head = data, .head_len = size, .fd = -1};
    profile *p = NULL;
    run_facts runs;
    fault f = {0};
    thag_err err = saved_load(&p, &runs, &src, &f);

    if (err) {
        require(f.err == err && f.what[0], "refused without a reason");
        require(f.offset == UINT64_MAX || f.offset <= size, "a place beyond the end");
        return 0;
    }
    check_round_trip(p, &runs);
    show(p, &runs);
    profile_free(p);
    return 0;
}
