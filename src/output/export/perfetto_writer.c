/*
 * Perfetto: perfetto.protos.Trace with track events. A track for the process and one for each thread;
 * each thread is a packet sequence of its own, in which a name is written once and numbered.
 *
 * Each task has a track of its own, with a slice for its life and one for each run in it; a flow leads from
 * where it was begun to its first run, and one from where a thread was begun to where it starts.
 *
 * Packets are written one by one: a trace of any length takes the memory of one.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/protobuf_writer.h"
#include "output/export/span_walk.h"
#include "profile/timeline/task_turns.h"

enum trace_field { PERFETTO_PACKET = 1 };
enum packet_field {
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE_ID = 10,
    PACKET_TRACK_EVENT = 11,
    PACKET_INTERNED_DATA = 12,
    PACKET_SEQUENCE_FLAGS = 13,
    PACKET_TRACK_DESCRIPTOR = 60
};
enum { SEQUENCE_CLEARED = 1, SEQUENCE_NEEDS_STATE = 2 };
enum descriptor_field {
    DESCRIPTOR_UUID = 1,
    DESCRIPTOR_NAME = 2,
    DESCRIPTOR_PROCESS = 3,
    DESCRIPTOR_THREAD = 4,
    DESCRIPTOR_PARENT_UUID = 5,
    DESCRIPTOR_COUNTER = 8
};
enum counter_field { COUNTER_UNIT = 3 };
enum { UNIT_SIZE_BYTES = 3 };
enum process_field { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum thread_field { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum event_field {
    EVENT_TYPE = 9,
    EVENT_NAME_IID = 10,
    EVENT_TRACK_UUID = 11,
    EVENT_NAME = 23,
    EVENT_COUNTER_VALUE = 30,
    EVENT_FLOW_IDS = 47,
    EVENT_LAST_FLOW_IDS = 48
};
enum { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };
enum interned_field { INTERNED_EVENT_NAMES = 2 };
enum event_name_field { EVENT_NAME_IID_ = 1, EVENT_NAME_NAME = 2 };

#define PROCESS_UUID   1u
#define FIRST_SEQUENCE 1u
/* Behind those of all threads. */
#define HEAP_UUID     ((uint64_t)UINT32_MAX + 3)
#define HEAP_SEQUENCE UINT32_MAX

typedef struct writer {
    protobuf pb;
    FILE *to;
    const export_source *from;
    uint32_t *named_in; /* by frame: sequence in which it has its number */
    uint32_t sequence, track_count;
    uint64_t track;
    struct thread_track {
        uint32_t tid;
        uint64_t uuid;
    } * threads; /* tracks of threads themselves; thread_count */
    size_t thread_count;
    int is_first; /* packet of the sequence */
} writer;

static size_t begin_packet(writer *w)
{
    return protobuf_begin(&w->pb, PERFETTO_PACKET);
}

static void end_packet(writer *w, size_t at)
{
    protobuf_end(&w->pb, at);
    if (!w->pb.failed) fwrite(w->pb.bytes, 1, w->pb.len, w->to);
    protobuf_clear(&w->pb);
}

static void put_process(writer *w)
{
    size_t at = begin_packet(w), track = protobuf_begin(&w->pb, PACKET_TRACK_DESCRIPTOR), process;

    protobuf_uint(&w->pb, DESCRIPTOR_UUID, PROCESS_UUID);
    process = protobuf_begin(&w->pb, DESCRIPTOR_PROCESS);
    protobuf_uint(&w->pb, PROCESS_PID, w->from->pid);
    protobuf_text(&w->pb, PROCESS_NAME, w->from->program, strlen(w->from->program));
    protobuf_end(&w->pb, process);
    protobuf_end(&w->pb, track);
    end_packet(w, at);
}

/* For what is begun on it later. */
static void remember_thread(writer *w, const span_track *track)
{
    struct thread_track *grown;

    w->track_count = track->number + 1;
    if (track->group) return;
    grown = realloc(w->threads, (w->thread_count + 1) * sizeof *grown);
    if (!grown) {
        w->pb.failed = 1;
        return;
    }
    w->threads = grown;
    w->threads[w->thread_count++] = (struct thread_track){track->owner->tid, w->track};
}

/* Threads are numbered in order: their tracks and sequences with them. */
static void begin_thread(void *context, const span_track *track)
{
    writer *w = context;
    size_t at = begin_packet(w), descriptor, thread;

    descriptor = protobuf_begin(&w->pb, PACKET_TRACK_DESCRIPTOR);
    w->track = PROCESS_UUID + 1u + track->number;
    w->sequence = FIRST_SEQUENCE + track->number;
    w->is_first = 1;
    remember_thread(w, track);
    protobuf_uint(&w->pb, DESCRIPTOR_UUID, w->track);
    protobuf_uint(&w->pb, DESCRIPTOR_PARENT_UUID, PROCESS_UUID);
    thread = protobuf_begin(&w->pb, DESCRIPTOR_THREAD);
    protobuf_uint(&w->pb, THREAD_PID, w->from->pid);
    protobuf_uint(&w->pb, THREAD_TID, track->tid);
    protobuf_text(&w->pb, THREAD_NAME, track->label, strlen(track->label));
    protobuf_end(&w->pb, thread);
    protobuf_end(&w->pb, descriptor);
    end_packet(w, at);
}

static void put_name(writer *w, uint32_t frame)
{
    const profile_frame *f = &w->from->profile->frames[frame];
    size_t at, name;

    if (w->named_in[frame] == w->sequence) return;
    w->named_in[frame] = w->sequence;
    at = protobuf_begin(&w->pb, PACKET_INTERNED_DATA);
    name = protobuf_begin(&w->pb, INTERNED_EVENT_NAMES);
    protobuf_uint(&w->pb, EVENT_NAME_IID_, (uint64_t)frame + 1);
    protobuf_text(&w->pb, EVENT_NAME_NAME, f->name, f->name_len);
    protobuf_end(&w->pb, name);
    protobuf_end(&w->pb, at);
}

static void put_event(void *context, const timeline_event *event)
{
    writer *w = context;
    uint32_t frame = w->from->profile->frame[event->span.node];
    size_t at = begin_packet(w), inner;

    protobuf_uint(&w->pb, PACKET_TIMESTAMP, event->at_ns);
    protobuf_uint(&w->pb, PACKET_SEQUENCE_ID, w->sequence);
    protobuf_uint(&w->pb, PACKET_SEQUENCE_FLAGS,
                  w->is_first ? SEQUENCE_CLEARED | SEQUENCE_NEEDS_STATE : SEQUENCE_NEEDS_STATE);
    w->is_first = 0;
    if (event->kind == TIMELINE_BEGIN) put_name(w, frame);
    inner = protobuf_begin(&w->pb, PACKET_TRACK_EVENT);
    protobuf_uint(&w->pb, EVENT_TYPE, event->kind == TIMELINE_BEGIN ? SLICE_BEGIN : SLICE_END);
    protobuf_uint(&w->pb, EVENT_TRACK_UUID, w->track);
    if (event->kind == TIMELINE_BEGIN) protobuf_uint(&w->pb, EVENT_NAME_IID, (uint64_t)frame + 1);
    protobuf_end(&w->pb, inner);
    end_packet(w, at);
}

/* ---- live bytes: a counter of the process ---- */

static void put_heap_track(writer *w)
{
    static const char name[] = "live heap";
    size_t at = begin_packet(w), track = protobuf_begin(&w->pb, PACKET_TRACK_DESCRIPTOR), counter;

    protobuf_uint(&w->pb, DESCRIPTOR_UUID, HEAP_UUID);
    protobuf_text(&w->pb, DESCRIPTOR_NAME, name, sizeof name - 1);
    protobuf_uint(&w->pb, DESCRIPTOR_PARENT_UUID, PROCESS_UUID);
    counter = protobuf_begin(&w->pb, DESCRIPTOR_COUNTER);
    protobuf_uint(&w->pb, COUNTER_UNIT, UNIT_SIZE_BYTES);
    protobuf_end(&w->pb, counter);
    protobuf_end(&w->pb, track);
    end_packet(w, at);
}

static void put_live(writer *w, uint64_t ns, uint64_t bytes)
{
    size_t at = begin_packet(w), event;

    protobuf_uint(&w->pb, PACKET_TIMESTAMP, ns);
    protobuf_uint(&w->pb, PACKET_SEQUENCE_ID, HEAP_SEQUENCE);
    event = protobuf_begin(&w->pb, PACKET_TRACK_EVENT);
    protobuf_uint(&w->pb, EVENT_TYPE, COUNTER);
    protobuf_uint(&w->pb, EVENT_TRACK_UUID, HEAP_UUID);
    protobuf_uint(&w->pb, EVENT_COUNTER_VALUE, bytes);
    protobuf_end(&w->pb, event);
    end_packet(w, at);
}

/* Of each slice of the time the most, and what it was last. */
static void put_heap(writer *w)
{
    const heap_time *h = w->from->heap;

    if (!h) return;
    put_heap_track(w);
    for (size_t i = 0; i < h->count; i++) {
        put_live(w, h->points[i].start_ns, h->points[i].max);
        if (h->points[i].end_ns > h->points[i].start_ns)
            put_live(w, h->points[i].end_ns, h->points[i].last);
    }
}

/* ---- tasks: a track each, all in one sequence, names in full ---- */

static void put_task_track(writer *w, const char *name, uint64_t id)
{
    size_t at = begin_packet(w), track = protobuf_begin(&w->pb, PACKET_TRACK_DESCRIPTOR);
    char label[256];

    snprintf(label, sizeof label, "%.200s#%llu", name, (unsigned long long)id);
    protobuf_uint(&w->pb, DESCRIPTOR_UUID, w->track);
    protobuf_uint(&w->pb, DESCRIPTOR_PARENT_UUID, PROCESS_UUID);
    protobuf_text(&w->pb, DESCRIPTOR_NAME, label, strlen(label));
    protobuf_end(&w->pb, track);
    end_packet(w, at);
}

/* name NULL: the end of a slice. flow_field 0: no flow. */
static void put_task_event(writer *w, unsigned type, uint64_t track, uint64_t at_ns,
                           const char *name, unsigned flow_field, uint64_t flow)
{
    size_t at = begin_packet(w), inner;

    protobuf_uint(&w->pb, PACKET_TIMESTAMP, at_ns);
    protobuf_uint(&w->pb, PACKET_SEQUENCE_ID, w->sequence);
    inner = protobuf_begin(&w->pb, PACKET_TRACK_EVENT);
    protobuf_uint(&w->pb, EVENT_TYPE, type);
    protobuf_uint(&w->pb, EVENT_TRACK_UUID, track);
    if (name) protobuf_text(&w->pb, EVENT_NAME, name, strlen(name));
    if (flow_field) protobuf_fixed64(&w->pb, flow_field, flow);
    protobuf_end(&w->pb, inner);
    end_packet(w, at);
}

static const struct thread_track *track_of(const writer *w, uint32_t tid)
{
    for (size_t i = 0; tid && i < w->thread_count; i++)
        if (w->threads[i].tid == tid) return &w->threads[i];
    return NULL;
}

static void put_task(writer *w, const task_turns *all, const task_track *task, const char *name)
{
    const struct thread_track *spawner = track_of(w, task->spawner_tid);
    int has_arrow = spawner && task->turn_count;

    put_task_track(w, name, task->id);
    if (has_arrow)
        put_task_event(w, INSTANT, spawner->uuid, task->begin_ns, "spawn", EVENT_FLOW_IDS,
                       task->id);
    put_task_event(w, SLICE_BEGIN, w->track, task->begin_ns, name, 0, 0);
    for (size_t i = 0; i < task->turn_count; i++) {
        const task_turn *turn = &all->turns[task->first_turn + i];
        char run[32];

        snprintf(run, sizeof run, "on thread %u", (unsigned)turn->tid);
        put_task_event(w, SLICE_BEGIN, w->track, turn->start_ns, run,
                       has_arrow && !i ? EVENT_LAST_FLOW_IDS : 0, task->id);
        put_task_event(w, SLICE_END, w->track, turn->end_ns, NULL, 0, 0);
    }
    put_task_event(w, SLICE_END, w->track, task->end_ns, NULL, 0, 0);
}

/* ---- threads: flows of numbers that tasks do not have ---- */

#define THREAD_FLOWS (UINT64_C(1) << 63)

static void put_begins(writer *w)
{
    const timeline *tl = w->from->timeline;
    size_t count;
    const trace_origin_info *origins = trace_origins(timeline_trace(tl), &count);

    for (size_t i = 0; i < count; i++) {
        const trace_origin_info *o = &origins[i];
        const struct thread_track *from = track_of(w, o->spawner_tid), *to = track_of(w, o->tid);

        if (!from || !to) continue;
        put_task_event(w, INSTANT, from->uuid, timeline_moment_ns(tl, o->asked_ticks),
                       "begins a thread", EVENT_FLOW_IDS, THREAD_FLOWS | i);
        put_task_event(w, INSTANT, to->uuid, timeline_moment_ns(tl, o->start_ticks), "begun",
                       EVENT_LAST_FLOW_IDS, THREAD_FLOWS | i);
    }
}

static thag_err put_tasks(writer *w)
{
    const profile *p = w->from->profile;
    task_turns *all;
    thag_err err = task_turns_new(&all, w->from->timeline);

    w->sequence = FIRST_SEQUENCE + w->track_count;
    w->track = PROCESS_UUID + w->track_count;
    put_begins(w);
    for (size_t i = 0; !err && i < all->task_count; i++) {
        uint32_t frame = p->frame[all->tasks[i].node];

        w->track++;
        if (frame != PROFILE_NONE) put_task(w, all, &all->tasks[i], p->frames[frame].name);
    }
    task_turns_free(all);
    return err;
}

thag_err perfetto_write(FILE *to, const export_source *from, fault *why)
{
    static const span_visitor visitor = {.begin_thread = begin_thread, .event = put_event};
    writer w = {.to = to, .from = from};
    thag_err err = THAG_ERR_MEMORY;

    w.named_in = calloc((size_t)from->profile->frame_count + 1, sizeof *w.named_in);
    if (!w.named_in) goto done;
    put_process(&w);
    put_heap(&w);
    err = span_walk(from, &visitor, &w, why);
    if (!err) err = put_tasks(&w);
    if (!err && w.pb.failed) err = THAG_ERR_MEMORY;
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing a Perfetto trace");
    free(w.named_in);
    free(w.threads);
    protobuf_release(&w.pb);
    return err;
}
