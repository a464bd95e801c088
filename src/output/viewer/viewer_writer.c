#include "output/viewer/viewer_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/frame_order.h"
#include "output/json_writer.h"
#include "output/markup.h"
#include "output/packed_part.h"
#include "output/sampling_text.h"
#include "output/viewer/viewer_assets.h"
#include "output/viewer/viewer_spans.h"
#include "profile/profile_ops.h"
#include "profile/profile_stats.h"

typedef struct page {
    FILE *to;
    profile *p;
    const viewer_opts *opts;
    const palette *colours;
    uint32_t *rank;          /* of a frame in the alphabet */
    uint32_t *alphabet;      /* the other way round */
    uint32_t *of_before;     /* node of p, by node of before */
    uint32_t *of_recorded;   /* the same of what was recorded; NULL: p is that */
    uint32_t first_left_out; /* nodes of p from here on are only in what was recorded */
    viewer_spans spans;
} page;

/* ---- paths that only others have ---- */

static thag_err join_others(page *w)
{
    const profile *b = w->opts->before;
    thag_err err = THAG_OK;

    if (b && b->unit != w->p->unit) return THAG_ERR_UNIT;
    if (b) err = profile_add_paths(w->p, b, &w->of_before);
    w->first_left_out = w->p->node_count;
    if (!err && w->opts->tl && w->opts->recorded)
        err = profile_add_paths(w->p, w->opts->recorded, &w->of_recorded);
    return err;
}

static thag_err set_alphabet(page *w)
{
    w->rank = frame_ranks(w->p);
    w->alphabet = malloc((w->p->frame_count + 1) * sizeof *w->alphabet);
    if (!w->rank || !w->alphabet) return THAG_ERR_MEMORY;
    for (uint32_t f = 0; f < w->p->frame_count; f++) w->alphabet[w->rank[f]] = f;
    return THAG_OK;
}

/* ---- tree ---- */

static void put_memory(packed_part *to, const profile *p)
{
#define COLUMN(member) \
    for (uint32_t n = 1; n < p->node_count; n++) packed_varint(to, p->memory[n].member)
    COLUMN(bytes);
    COLUMN(blocks);
    COLUMN(freed_bytes);
    COLUMN(live_bytes);
    COLUMN(peak_bytes);
#undef COLUMN
}

static thag_err put_before(packed_part *to, const page *w)
{
    const profile *b = w->opts->before;
    uint64_t *self = calloc(w->p->node_count, sizeof *self);
    uint64_t *calls = calloc(w->p->node_count, sizeof *calls);

    for (uint32_t n = 1; self && calls && n < b->node_count; n++) {
        self[w->of_before[n]] += (uint64_t)b->self[n];
        if (b->calls) calls[w->of_before[n]] += b->calls[n].calls;
    }
    for (uint32_t n = 1; self && calls && n < w->p->node_count; n++) packed_varint(to, self[n]);
    for (uint32_t n = 1; self && calls && n < w->p->node_count; n++) packed_varint(to, calls[n]);
    free(self);
    free(calls);
    return self && calls ? THAG_OK : THAG_ERR_MEMORY;
}

static thag_err put_tree(const page *w)
{
    const profile *p = w->p;
    packed_part *to;
    thag_err err = packed_open(&to, w->to, "tree"), closed;

    if (err) return err;
    for (uint32_t n = 1; n < p->node_count; n++) packed_varint(to, n - p->parent[n]);
    for (uint32_t n = 1; n < p->node_count; n++) packed_varint(to, w->rank[p->frame[n]]);
    for (uint32_t n = 1; n < p->node_count; n++) packed_varint(to, (uint64_t)p->self[n]);
    for (uint32_t n = 1; p->calls && n < p->node_count; n++) packed_varint(to, p->calls[n].calls);
    if (p->memory) put_memory(to, p);
    if (w->opts->before) err = put_before(to, w);
    closed = packed_close(to);
    return err ? err : closed;
}

/* ---- meta ---- */

static void put_names(json *j, const page *w)
{
    const profile *p = w->p;

    json_begin_array(j, "names", 0);
    for (uint32_t i = 0; i < p->frame_count; i++)
        json_text(j, NULL, p->frames[w->alphabet[i]].name);
    json_end(j);
    json_begin_object(j, "labels", 0); /* of those that have one of their own, by number */
    for (uint32_t i = 0; i < p->frame_count; i++) {
        const profile_frame *f = &p->frames[w->alphabet[i]];
        char number[12];

        snprintf(number, sizeof number, "%" PRIu32, i);
        if (strcmp(f->label, f->name) != 0) json_text(j, number, f->label);
    }
    json_end(j);
    json_begin_array(j, "files", 0);
    for (uint32_t i = 0; i < p->frame_count; i++)
        json_text(j, NULL, p->frames[w->alphabet[i]].file);
    json_end(j);
    json_begin_array(j, "lines", 0);
    for (uint32_t i = 0; i < p->frame_count; i++)
        json_uint(j, NULL, p->frames[w->alphabet[i]].line);
    json_end(j);
    json_begin_array(j, "shades", 0);
    for (uint32_t i = 0; i < p->frame_count; i++) {
        const profile_frame *f = &p->frames[w->alphabet[i]];

        json_uint(j, NULL, palette_shade(w->colours, f->name, f->name_len));
    }
    json_end(j);
}

static void put_colours(json *j, const page *w, const char *key, int dark)
{
    char text[8];

    json_begin_array(j, key, 0);
    for (unsigned k = 0; k < w->colours->family_count * PALETTE_SHADES; k++) {
        snprintf(text, sizeof text, "#%06" PRIx32, palette_colour(w->colours, k, dark));
        json_text(j, NULL, text);
    }
    json_end(j);
}

static thag_err put_stats(json *j, const page *w, fault *why)
{
    static const stats_column columns[] = {STATS_CALLS, STATS_INCLUSIVE, STATS_SELF, STATS_MIN,
                                           STATS_MEAN,  STATS_P50,       STATS_P95,  STATS_P99,
                                           STATS_MAX,   STATS_OPEN};
    stats *s;
    thag_err err = stats_new(&s, w->p, why);

    if (err) return err;
    json_begin_array(j, "stats", 1);
    for (size_t i = 0; i < s->row_count; i++) {
        if (w->of_recorded && !s->rows[i].value[STATS_CALLS] && !s->rows[i].value[STATS_INCLUSIVE])
            continue; /* left out */
        json_begin_array(j, NULL, 0);
        json_uint(j, NULL, w->rank[s->rows[i].frame]);
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            json_int(j, NULL, s->rows[i].value[columns[k]]);
        json_end(j);
    }
    json_end(j);
    stats_free(s);
    return THAG_OK;
}

static void put_losses(json *j, const run_facts *meta)
{
    json_begin_array(j, "losses", 1);
    for (unsigned loss = 0; meta && loss < TRACE_LOSS_KINDS; loss++) {
        if (!meta->losses[loss]) continue;
        json_begin_array(j, NULL, 0);
        json_uint(j, NULL, meta->losses[loss]);
        json_text(j, NULL, trace_loss_text(loss));
        json_end(j);
    }
    json_end(j);
    json_uint(j, "damages", meta ? meta->damages : 0);
    json_uint(j, "killed", meta ? meta->killed_count : 0);
}

/* What lies within the span, and is not part of its time; and spans that were left out, whole or but for what
   they called. */
static thag_err put_special_nodes(json *j, const page *w)
{
    const profile *from = w->opts->recorded;
    uint8_t *detached = calloc(w->p->node_count, 1);

    if (!detached) return THAG_ERR_MEMORY;
    timeline_find_tasks(w->opts->tl, detached, w->of_recorded);
    json_begin_array(j, "detached", 0);
    for (uint32_t n = 1; n < w->p->node_count; n++)
        if (detached[n]) json_uint(j, NULL, n);
    json_end(j);
    free(detached);
    json_uint(j, "leftOut", w->first_left_out);
    json_begin_array(j, "callersOnly", 0);
    for (uint32_t n = 1; from && n < from->node_count; n++) {
        uint32_t to = w->of_recorded[n];

        if (to < w->first_left_out && from->self[n] && !w->p->self[to]) json_uint(j, NULL, to);
    }
    json_end(j);
    return THAG_OK;
}

static void put_pools(json *j, const pool_list *pools)
{
    if (!pools || !pools->count) return;
    json_begin_array(j, "pools", 0);
    for (size_t i = 0; i < pools->count; i++) {
        const pool_sum *p = &pools->items[i];

        json_begin_array(j, NULL, 0);
        json_text(j, NULL, p->name);
        json_uint(j, NULL, p->blocks);
        json_uint(j, NULL, p->bytes);
        json_bool(j, NULL, p->is_live);
        json_uint(j, NULL, p->peak_bytes);
        json_uint(j, NULL, p->live_blocks);
        json_uint(j, NULL, p->live_bytes);
        json_uint(j, NULL, p->resets);
        json_end(j);
    }
    json_end(j);
}

static void put_sizes(json *j, const trace_memory_info *m)
{
    if (!m || !m->mode) return;
    json_begin_array(j, "sizes", 0);
    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        json_begin_array(j, NULL, 0);
        json_uint(j, NULL, m->sizes[b].blocks);
        json_uint(j, NULL, m->sizes[b].bytes);
        json_end(j);
    }
    json_end(j);
}

static void put_heap(json *j, const heap_time *h)
{
    if (!h) return;
    json_begin_object(j, "heap", 0);
    json_uint(j, "end", h->end_ns);
    json_uint(j, "peak", h->peak_bytes);
    json_uint(j, "peakAt", h->peak_ns);
    json_uint(j, "live", h->live_bytes);
    json_uint(j, "step", h->step_bytes);
    json_begin_array(j, "points", 0);
    for (size_t i = 0; i < h->count; i++) {
        const heap_point *p = &h->points[i];
        const uint64_t values[] = {p->start_ns, p->end_ns, p->last, p->min, p->max};

        json_begin_array(j, NULL, 0);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) json_uint(j, NULL, values[k]);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

static thag_err put_meta_object(json *j, const page *w, fault *why)
{
    const profile *p = w->p;
    thag_err err;

    json_begin_object(j, NULL, 1);
    json_int(j, "format", 1);
    json_text(j, "title", w->opts->title ? w->opts->title : p->title);
    json_text(j, "unit",
              p->unit == PROFILE_NS      ? "ns"
              : p->unit == PROFILE_BYTES ? "bytes"
                                         : "samples");
    json_uint(j, "nodes", p->node_count);
    json_bool(j, "calls", p->calls != NULL);
    json_uint(j, "sample_period", p->sample_period);
    sampling_put_json(j, p->heap_period, p->heap_samples, 0);
    json_text(j, "memory",
              !p->memory                       ? NULL
              : p->memory_mode == PROFILE_LIVE ? "live"
                                               : "allocated");
    if (w->opts->before) {
        json_text(j, "before",
                  w->opts->before_title ? w->opts->before_title : w->opts->before->title);
    }
    put_names(j, w);
    put_colours(j, w, "light", 0);
    put_colours(j, w, "dark", 1);
    put_losses(j, w->opts->meta);
    put_sizes(j, w->opts->sizes);
    put_heap(j, w->opts->heap);
    put_pools(j, w->opts->pools);
    if (w->opts->note) json_text(j, "note", w->opts->note);
    err = put_stats(j, w, why);
    if (w->opts->tl) viewer_spans_describe(j, &w->spans, w->opts->tl, w->of_recorded);
    if (w->opts->tl && !err) err = put_special_nodes(j, w);
    json_end(j);
    json_finish(j);
    return err;
}

/* Written last: it tells what the others hold. */
static thag_err put_meta(const page *w, fault *why)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    packed_part *to = NULL;
    thag_err err = THAG_ERR_MEMORY, closed;
    json j;

    if (!memory) return err;
    json_init(&j, memory);
    err = put_meta_object(&j, w, why);
    if (fclose(memory) && !err) err = THAG_ERR_MEMORY;
    if (!err) err = packed_open(&to, w->to, "meta");
    if (!err) packed_put(to, text, len);
    closed = packed_close(to);
    free(text);
    return err ? err : closed;
}

/* ---- the page ---- */

static void put_policy(FILE *to)
{
    fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
          "'sha256-",
          to);
    base64_put(to, viewer_js_sha256, 32);
    fputs("'; style-src 'sha256-", to);
    base64_put(to, viewer_css_sha256, 32);
    fputs("'; base-uri 'none'; form-action 'none'\">\n", to);
}

static void put_head(const page *w)
{
    const char *title = w->opts->title ? w->opts->title : w->p->title ? w->p->title : "profile";

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", w->to);
    put_policy(w->to);
    fputs("<meta name=\"viewport\" content=\"width=device-width\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
          w->to);
    markup_put(w->to, title, strlen(title), 200);
    fputs("</title>\n<style>", w->to);
    fputs(viewer_css, w->to);
    fputs("</style>\n</head>\n", w->to);
    fputs(viewer_html, w->to);
}

thag_err viewer_write(FILE *to, profile *p, const viewer_opts *opts, fault *why)
{
    page w = {.to = to, .p = p, .opts = opts, .colours = opts->palette};
    thag_err err;

    if (!w.colours) w.colours = palette_find(p->unit == PROFILE_BYTES ? "mem" : "aqua");
    err = join_others(&w);
    if (!err) err = set_alphabet(&w);
    if (err) goto done;
    put_head(&w);
    err = put_tree(&w);
    if (!err && opts->tl)
        err = viewer_spans_put(&w.spans, to, opts->tl, opts->turns, w.of_recorded, opts->max_spans);
    if (!err) err = put_meta(&w, why);
    fputs("<script>", to);
    fputs(viewer_js, to);
    fputs("</script>\n</body>\n</html>\n", to);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing the viewer");
    viewer_spans_release(&w.spans);
    free(w.rank);
    free(w.alphabet);
    free(w.of_before);
    free(w.of_recorded);
    return err;
}
