/*
 * Chrome's Trace Event Format: a complete event ("X") for each span, in order of start. Times are
 * microseconds with three decimals, so nanoseconds are kept.
 */
#include <string.h>

#include "output/export.h"
#include "output/markup.h"
#include "output/span_walk.h"

typedef struct writer {
    text_out out;
    const export_source *from;
    json_names names;
    uint32_t tid;
} writer;

static void put_metadata(writer *w, const char *what, const char *name, int has_tid)
{
    text_puts(&w->out, "{\"ph\":\"M\",\"pid\":");
    text_uint(&w->out, w->from->pid);
    if (has_tid) {
        text_puts(&w->out, ",\"tid\":");
        text_uint(&w->out, w->tid);
    }
    text_puts(&w->out, ",\"name\":\"");
    text_puts(&w->out, what);
    text_puts(&w->out, "\",\"args\":{\"name\":");
    text_flush(&w->out);
    markup_put_json(w->out.to, name, strlen(name));
    text_puts(&w->out, "}}");
}

static void begin_thread(void *context, const span_track *track)
{
    writer *w = context;

    w->tid = track->tid;
    text_puts(&w->out, ",\n");
    put_metadata(w, "thread_name", track->label, 1);
}

static void put_event(void *context, const timeline_event *event)
{
    writer *w = context;

    if (event->kind != TIMELINE_BEGIN) return;
    text_puts(&w->out, ",\n{\"ph\":\"X\",\"pid\":");
    text_uint(&w->out, w->from->pid);
    text_puts(&w->out, ",\"tid\":");
    text_uint(&w->out, w->tid);
    text_puts(&w->out, ",\"ts\":");
    text_scaled(&w->out, event->span.start_ns, 3);
    text_puts(&w->out, ",\"dur\":");
    text_scaled(&w->out, event->span.end_ns - event->span.start_ns, 3);
    text_puts(&w->out, ",\"name\":");
    json_names_put(&w->out, &w->names, w->from->profile->frame[event->span.node]);
    text_puts(&w->out, event->span.is_open ? ",\"args\":{\"unfinished\":true}}" : "}");
}

static void put_live(writer *w, uint64_t ns, uint64_t bytes)
{
    text_puts(&w->out, ",\n{\"ph\":\"C\",\"pid\":");
    text_uint(&w->out, w->from->pid);
    text_puts(&w->out, ",\"ts\":");
    text_scaled(&w->out, ns, 3);
    text_puts(&w->out, ",\"name\":\"live heap\",\"args\":{\"bytes\":");
    text_uint(&w->out, bytes);
    text_puts(&w->out, "}}");
}

/* Of each slice of the time the most, and what it was last. */
static void put_heap(writer *w)
{
    const heap_time *h = w->from->heap;

    for (size_t i = 0; h && i < h->count; i++) {
        put_live(w, h->points[i].start_ns, h->points[i].max);
        if (h->points[i].end_ns > h->points[i].start_ns)
            put_live(w, h->points[i].end_ns, h->points[i].last);
    }
}

thag_err chrome_write(FILE *to, const export_source *from, fault *why)
{
    static const span_visitor visitor = {.begin_thread = begin_thread, .event = put_event};
    writer w = {.out = {.to = to}, .from = from};
    thag_err err = THAG_OK;

    if (!json_names_init(&w.names, from->profile)) {
        err = fault_set(why, THAG_ERR_MEMORY, UINT64_MAX, "writing a Chrome trace");
        goto done;
    }
    text_puts(&w.out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"writer\":\"thag_profiler\"},\n"
                      "\"traceEvents\":[\n");
    put_metadata(&w, "process_name", from->program, 0);
    err = span_walk(from, &visitor, &w, why);
    put_heap(&w);
    text_puts(&w.out, "\n]}\n");
    text_flush(&w.out);
    if (!err && ferror(to)) {
        err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing a Chrome trace");
    }
done:
    json_names_release(&w.names);
    return err;
}
