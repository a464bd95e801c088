/*
 * Chrome's Trace Event Format: a complete event ("X") for each span, in order of start. Times are
 * microseconds with three decimals, so nanoseconds are kept. A thread's span that
 * ran tasks in between is as long as it took, and says how long it ran itself.
 *
 * Each task has a track of its own ("b" and "e" of one id), with what it ran when and where; and an arrow
 * leads from where it was begun to its first run; as one does to each thread from where that was begun.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/span_walk.h"
#include "output/markup.h"
#include "profile/timeline/task_turns.h"

/* When the first slice of a thread begins. */
typedef struct first_slice {
    uint32_t tid;
    uint64_t begun_ns;
} first_slice;

typedef struct writer {
    text_out out;
    const export_source *from;
    json_names names;
    uint32_t tid;
    int is_of_tasks; /* the track at hand */
    uint32_t
        nested; /* spans of it that are open, and since when: their times as they are written */
    uint64_t since_ns[TIMELINE_DEPTHS];
    int is_begun;        /* the track at hand has a slice */
    first_slice *firsts; /* of threads */
    size_t first_count, first_room;
    thag_err err;
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
    w->is_of_tasks = track->group != 0;
    w->nested = 0;
    w->is_begun = 0;
    text_puts(&w->out, ",\n");
    put_metadata(w, "thread_name", track->label, 1);
}

/* What every event begins with. */
static void put_head(writer *w, const char *kind, uint32_t tid, uint64_t at_ns)
{
    text_puts(&w->out, ",\n{\"ph\":\"");
    text_puts(&w->out, kind);
    text_puts(&w->out, "\",\"pid\":");
    text_uint(&w->out, w->from->pid);
    text_puts(&w->out, ",\"tid\":");
    text_uint(&w->out, tid);
    text_puts(&w->out, ",\"ts\":");
    text_scaled(&w->out, at_ns, 3);
}

/*
 * When it began, for a picture in which each is within what called it. What moved from thread to thread may
 * have begun before its thread knows: that stays as long as it ran. And a caller may seem to begin later than
 * it did, as the profiler's own pauses are not in it: nothing within it begins before.
 */
static uint64_t begin_of(writer *w, const timeline_span *span)
{
    uint64_t begun_ns = span->start_ns, caller_ns = 0;

    if (w->nested && w->nested <= TIMELINE_DEPTHS) caller_ns = w->since_ns[w->nested - 1];
    if (!w->is_of_tasks && span->begun_ns < begun_ns) begun_ns = span->begun_ns;
    if (begun_ns < caller_ns) begun_ns = caller_ns;
    if (w->nested < TIMELINE_DEPTHS) w->since_ns[w->nested] = begun_ns;
    w->nested++;
    return begun_ns;
}

static void keep_first(writer *w, uint64_t begun_ns)
{
    if (w->is_begun || w->is_of_tasks) return;
    w->is_begun = 1;
    if (w->first_count == w->first_room) {
        size_t room = w->first_room ? 2 * w->first_room : 16;
        first_slice *grown = realloc(w->firsts, room * sizeof *grown);

        if (!grown) {
            w->err = THAG_ERR_MEMORY;
            return;
        }
        w->firsts = grown;
        w->first_room = room;
    }
    w->firsts[w->first_count++] = (first_slice){w->tid, begun_ns};
}

/* An arrow begins in a slice. The profiler's own pauses are not in slices, so that the first of a thread may seem to
   begin after what was done in it. */
static uint64_t arrow_ns(const writer *w, uint32_t tid, uint64_t at_ns)
{
    for (size_t i = 0; i < w->first_count; i++)
        if (w->firsts[i].tid == tid)
            return at_ns > w->firsts[i].begun_ns ? at_ns : w->firsts[i].begun_ns;
    return at_ns;
}

static void put_event(void *context, const timeline_event *event)
{
    const timeline_span *span = &event->span;
    writer *w = context;
    uint64_t begun_ns;
    int is_whole;

    if (event->kind != TIMELINE_BEGIN) {
        w->nested--;
        return;
    }
    begun_ns = begin_of(w, span);
    keep_first(w, begun_ns);
    is_whole = begun_ns < span->start_ns;
    put_head(w, "X", w->tid, begun_ns);
    text_puts(&w->out, ",\"dur\":");
    text_scaled(&w->out, span->end_ns - begun_ns, 3);
    text_puts(&w->out, ",\"name\":");
    json_names_put(&w->out, &w->names, w->from->profile->frame[span->node]);
    if (is_whole) {
        text_puts(&w->out, ",\"args\":{\"ran_us\":");
        text_scaled(&w->out, span->end_ns - span->start_ns, 3);
        text_puts(&w->out, span->is_open ? ",\"unfinished\":true}}" : "}}");
    } else {
        text_puts(&w->out, span->is_open ? ",\"args\":{\"unfinished\":true}}" : "}");
    }
}

/* ---- tasks ---- */

static void put_task_id(writer *w, const char *category, uint64_t id)
{
    text_puts(&w->out, ",\"cat\":\"");
    text_puts(&w->out, category);
    text_puts(&w->out, "\",\"id\":");
    text_uint(&w->out, id);
}

/* One end of a slice on a task's track; frame PROFILE_NONE: a run. */
static void put_slice_end(writer *w, const char *kind, const task_track *task, uint32_t tid,
                          uint64_t at_ns, uint32_t frame)
{
    put_head(w, kind, tid, at_ns);
    put_task_id(w, "task", task->id);
    text_puts(&w->out, ",\"name\":");
    if (frame == PROFILE_NONE)
        text_puts(&w->out, "\"run\"");
    else
        json_names_put(&w->out, &w->names, frame);
    text_puts(&w->out, "}");
}

static void put_arrow_end(writer *w, const char *kind, const task_track *task, uint32_t tid,
                          uint64_t at_ns)
{
    put_head(w, kind, tid, at_ns);
    put_task_id(w, "spawn", task->id);
    text_puts(&w->out, ",\"name\":\"spawn\"}");
}

static void put_task(writer *w, const task_turns *all, const task_track *task)
{
    const task_turn *turn = task->turn_count ? &all->turns[task->first_turn] : NULL;
    uint32_t frame = w->from->profile->frame[task->node];
    uint32_t tid = turn ? turn->tid : task->spawner_tid;

    put_slice_end(w, "b", task, tid, task->begin_ns, frame);
    for (size_t i = 0; i < task->turn_count; i++) {
        put_slice_end(w, "b", task, turn[i].tid, turn[i].start_ns, PROFILE_NONE);
        put_slice_end(w, "e", task, turn[i].tid, turn[i].end_ns, PROFILE_NONE);
    }
    put_slice_end(w, "e", task, tid, task->end_ns, frame);
    if (!turn || !task->spawner_tid) return;
    put_arrow_end(w, "s", task, task->spawner_tid, arrow_ns(w, task->spawner_tid, task->begin_ns));
    put_arrow_end(w, "f\",\"bp\":\"e", task, turn->tid, turn->start_ns);
}

static thag_err put_tasks(writer *w, fault *why)
{
    task_turns *all;
    thag_err err = task_turns_new(&all, w->from->timeline);

    if (err) return fault_set(why, err, UINT64_MAX, "tasks along time");
    for (size_t i = 0; i < all->task_count; i++) {
        if (w->from->profile->frame[all->tasks[i].node] != PROFILE_NONE)
            put_task(w, all, &all->tasks[i]);
    }
    task_turns_free(all);
    return THAG_OK;
}

/* ---- threads ---- */

/* One end of an arrow; the second leads to what the thread does next. */
static void put_begin_end(writer *w, const char *kind, size_t number, uint32_t tid, uint64_t at_ns)
{
    put_head(w, kind, tid, at_ns);
    put_task_id(w, "thread", number);
    text_puts(&w->out, ",\"name\":\"begin\"}");
}

static void put_begins(writer *w)
{
    const timeline *tl = w->from->timeline;
    size_t count;
    const trace_origin_info *origins = trace_origins(timeline_trace(tl), &count);

    for (size_t i = 0; i < count; i++) {
        if (!origins[i].node) continue; /* nothing was open there that an arrow could begin in */
        put_begin_end(
            w, "s", i + 1, origins[i].spawner_tid,
            arrow_ns(w, origins[i].spawner_tid, timeline_moment_ns(tl, origins[i].asked_ticks)));
        put_begin_end(w, "f", i + 1, origins[i].tid,
                      timeline_moment_ns(tl, origins[i].start_ticks));
    }
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
    if (!err && w.err) err = fault_set(why, w.err, UINT64_MAX, "writing a Chrome trace");
    put_heap(&w);
    put_begins(&w);
    if (!err) err = put_tasks(&w, why);
    text_puts(&w.out, "\n]}\n");
    text_flush(&w.out);
    if (!err && ferror(to)) {
        err = fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing a Chrome trace");
    }
done:
    json_names_release(&w.names);
    free(w.firsts);
    return err;
}
