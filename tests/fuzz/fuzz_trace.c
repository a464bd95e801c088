/*
 * fuzz_trace.c - whatever is in the file: it is read without a fault, and what comes out is a sound
 * profile, or an error with its place.
 */
#include <stdio.h>

#include "output/export/folded_writer.h"
#include "output/table/heap_writer.h"
#include "output/table/info_writer.h"
#include "output/table/stats_writer.h"
#include "profile/load/profile_pairs.h"
#include "sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int ok)
{
    if (!ok) abort();
}

static void check_profile(const profile *p)
{
    for (uint32_t n = 1; n < p->node_count; n++) {
        const profile_calls *c = &p->calls[n];
        uint64_t sum = 0;

        require(p->parent[n] < n && p->frame[n] < p->frame_count && p->self[n] >= 0);
        require(c->timed <= c->calls);
        require(!c->hist.len || c->hist.first + c->hist.len <= TRACE_BUCKETS);
        for (uint32_t i = 0; i < c->hist.len; i++) sum += c->hist.counts[i];
        (void)sum;
    }
}

static void write_all(trace *t, const profile *p)
{
    FILE *to = fopen("/dev/null", "w");
    stats *s = NULL;
    heap_time *heap;
    const report_opts opts = {0};

    require(to && stats_new(&s, p, NULL) == THAG_OK);
    require(stats_report.text(to, s, &opts, NULL) == THAG_OK);
    require(stats_report.json(to, s, &opts, NULL) == THAG_OK);
    require(folded_write(to, p, NULL, NULL) == THAG_OK);
    require(info_write_text(to, t, 1, NULL) == THAG_OK);
    require(info_write_json(to, t, NULL) == THAG_OK);
    if (!heap_time_new(&heap, t, NULL)) {
        require(heap_report.text(to, &(heap_view){.heap = heap}, &opts, NULL) == THAG_OK);
        require(heap_write_svg(to, &(heap_view){.heap = heap}, NULL) == THAG_OK);
    }
    heap_time_free(heap);
    stats_free(s);
    fclose(to);
}

static void pair_frees(const loaded *l)
{
    profile *pairs;

    require(profile_pairs(&pairs, l, NULL) == THAG_OK);
    for (uint32_t n = 1; n < pairs->node_count; n++)
        require(pairs->parent[n] < n && pairs->frame[n] < pairs->frame_count);
    profile_free(pairs);
}

/* Symbols that know nothing but one function everywhere. */
static thag_err name_all(void *context, const trace_code_info *code, const code_frame **frames,
                         size_t *count)
{
    static const code_frame all = {"named", "named.c", 7};

    (void)context;
    require(code->path && code->build_id);
    *frames = &all;
    *count = 1;
    return THAG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const code_namer namer = {.name = name_all, .with_lines = 1};
    size_t len;
    uint8_t *file = sparse_expand(data, size, &len);
    trace_source source;
    trace *t = NULL;
    profile *p = NULL;
    loaded l = {0};
    fault f = {0};

    if (!file) return 0;
    require(trace_source_bytes(&source, file, len) == THAG_OK);
    if (trace_open_source(&t, &source, &f)) {
        require(f.err != THAG_OK && f.what[0] && f.offset <= len);
    } else {
        require(profile_from_trace(&p, t, NULL, &f) == THAG_OK);
        check_profile(p);
        write_all(t, p);
        profile_free(p);
        require(profile_code_sites(t, &namer) == THAG_OK);
        require(profile_from_trace_named(&l.profile, t, &namer, NULL, &l.node_of, &f) == THAG_OK);
        check_profile(l.profile);
        l.trace = t;
        pair_frees(&l);
        profile_free(l.profile);
        free(l.node_of);
    }
    trace_free(t);
    free(file);
    return 0;
}
