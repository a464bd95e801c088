/*
 * CSV along time: RFC 4180 with a heading, a row for each span as the trace has it: thread after
 * thread, in order of their end. Nothing is moved to make them nest.
 */
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/export.h"
#include "output/span_walk.h"

#define BATCH 1024

typedef struct writer {
    text_out out;
    const export_source *from;
    char *names; /* of all frames, as CSV */
    size_t *first;
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

static void put_span(writer *w, const timeline_span *s, const timeline_owner *owner)
{
    uint32_t frame = w->from->profile->frame[s->node];

    text_uint(&w->out, owner->tid);
    text_put(&w->out, ",", 1);
    text_flush(&w->out);
    csv_text(w->out.to, owner->name);
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
        uint32_t count;
        const timeline_owner *owners = timeline_owners(w->from->timeline, &count);

        for (size_t i = 0; i < n; i++) put_span(w, &spans[i], &owners[spans[i].owner]);
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
    return err;
}
