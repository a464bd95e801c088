/*
 * CSV along time: RFC 4180 with a heading, a row for each span as the trace has it: thread after
 * thread, in order of their end. Nothing is moved to make them nest.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/export/export.h"
#include "output/export/span_walk.h"

#define BATCH 1024

typedef struct writer {
    text_out out;
    const export_source *from;
    char *names; /* of all frames, as CSV */
    size_t *first;
    uint32_t owner;   /* whose spans these are */
    char *owner_text; /* its first two columns; NULL before the first */
} writer;

static int make_names(writer *w)
{
    const profile *p = w->from->profile;
    size_t len = 0;
    FILE *to = open_memstream(&w->names, &len);
    int failed;

    w->first = malloc(((size_t)p->frame_count + 1) * sizeof *w->first);
    for (uint32_t f = 0; to && w->first && f < p->frame_count; f++) {
        fflush(to);
        w->first[f] = len;
        csv_text(to, p->frames[f].name);
    }
    if (!to) return 0;
    failed = ferror(to);
    if (fclose(to) || failed || !w->first) return 0;
    w->first[p->frame_count] = len;
    return 1;
}

static thag_err set_owner(writer *w, uint32_t number)
{
    uint32_t count;
    const timeline_owner *owner = &timeline_owners(w->from->timeline, &count)[number];
    size_t len;
    FILE *to;

    if (w->owner_text && w->owner == number) return THAG_OK;
    free(w->owner_text);
    w->owner_text = NULL;
    to = open_memstream(&w->owner_text, &len);
    if (!to) return THAG_ERR_MEMORY;
    fprintf(to, "%" PRIu32 ",", owner->tid);
    csv_text(to, owner->name);
    w->owner = number;
    return fclose(to) ? THAG_ERR_MEMORY : THAG_OK;
}

static void put_span(writer *w, const timeline_span *s)
{
    uint32_t frame = w->from->profile->frame[s->node];

    text_puts(&w->out, w->owner_text);
    text_put(&w->out, ",", 1);
    text_uint(&w->out, s->node);
    text_put(&w->out, ",", 1);
    text_uint(&w->out, timeline_depth(w->from->timeline, s->node) + 1u);
    text_put(&w->out, ",", 1);
    text_put(&w->out, w->names + w->first[frame], w->first[frame + 1] - w->first[frame]);
    text_put(&w->out, ",", 1);
    text_uint(&w->out, s->start_ns);
    text_put(&w->out, ",", 1);
    text_uint(&w->out, s->end_ns - s->start_ns);
    text_puts(&w->out, s->is_open ? ",1\r\n" : ",0\r\n");
}

static thag_err put_thread(writer *w, uint32_t thread)
{
    timeline_span spans[BATCH];
    thag_err err = timeline_begin(w->from->timeline, thread);
    size_t n;

    while (!err && (n = timeline_read(w->from->timeline, spans, BATCH, &err)) > 0) {
        for (size_t i = 0; i < n && !err; i++) {
            err = set_owner(w, spans[i].owner);
            if (!err) put_span(w, &spans[i]);
        }
    }
    return err;
}

thag_err csv_timeline_write(FILE *to, const export_source *from, fault *why)
{
    writer w = {.out = {.to = to}, .from = from};
    uint32_t threads;
    thag_err err = make_names(&w) ? THAG_OK : THAG_ERR_MEMORY;

    timeline_threads(from->timeline, &threads);
    text_puts(&w.out, "tid,thread,node,depth,function,start_ns,duration_ns,open\r\n");
    for (uint32_t i = 0; i < threads && !err; i++) err = put_thread(&w, i);
    text_flush(&w.out);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
    if (err) fault_set(why, err, UINT64_MAX, "writing CSV");
    free(w.names);
    free(w.first);
    free(w.owner_text);
    return err;
}
