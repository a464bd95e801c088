/*
 * speedscope: its own file format, an "evented" profile for each thread: an event where a span begins
 * and one where it ends.
 */
#include <string.h>

#include "output/export/export.h"
#include "output/export/span_walk.h"
#include "output/export/speedscope_frames.h"
#include "output/json_writer.h"
#include "output/markup.h"

typedef struct writer {
    text_out out;
    const export_source *from;
    uint64_t end_ns; /* of the thread at hand */
    int has_profile, has_event;
} writer;

static void begin_thread(void *context, const span_track *track)
{
    writer *w = context;

    text_puts(&w->out, w->has_profile ? ",\n" : "\n");
    text_puts(&w->out, "{\"type\": \"evented\", \"unit\": \"nanoseconds\", \"name\": ");
    text_flush(&w->out);
    markup_put_json(w->out.to, track->label, strlen(track->label));
    text_puts(&w->out, ", \"startValue\": 0, \"events\": [");
    w->has_profile = 1;
    w->has_event = 0;
    w->end_ns = 0;
}

static void end_thread(void *context)
{
    writer *w = context;

    text_puts(&w->out, "\n], \"endValue\": ");
    text_uint(&w->out, w->end_ns);
    text_puts(&w->out, "}");
}

static void put_event(void *context, const timeline_event *event)
{
    writer *w = context;

    text_puts(&w->out, w->has_event ? ",\n" : "\n");
    text_puts(&w->out, event->kind == TIMELINE_BEGIN ? "{\"type\":\"O\",\"frame\":"
                                                     : "{\"type\":\"C\",\"frame\":");
    text_uint(&w->out, w->from->profile->frame[event->span.node]);
    text_puts(&w->out, ",\"at\":");
    text_uint(&w->out, event->at_ns);
    text_puts(&w->out, "}");
    w->has_event = 1;
    w->end_ns = event->at_ns;
}

thag_err speedscope_timeline_write(FILE *to, const export_source *from, fault *why)
{
    static const span_visitor visitor = {
        .begin_thread = begin_thread, .end_thread = end_thread, .event = put_event};
    writer w = {.out = {.to = to}, .from = from};
    thag_err err;
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    speedscope_put_head(&j, from);
    json_begin_array(&j, "profiles", 1);
    err = span_walk(from, &visitor, &w, why);
    text_flush(&w.out);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    if (!err && ferror(to)) err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing speedscope");
    return err;
}
