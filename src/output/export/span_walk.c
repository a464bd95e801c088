#include "output/export/span_walk.h"

#include <stdlib.h>
#include <string.h>

#include "output/markup.h"

#define OWN_TIDS 0x40000000u /* beyond those of any system */

typedef struct walk {
    const export_source *from;
    const span_visitor *visitor;
    void *context;
    uint32_t owner; /* PROFILE_NONE: between tracks */
    uint32_t group; /* that is read */
    uint32_t track_count;
    uint32_t *stack;
    size_t depth, room;
    uint32_t node;     /* of the stretch at hand */
    uint64_t since_ns; /* when it began */
    uint64_t now_ns;
} walk;

static void end_stretch(walk *w)
{
    if (w->visitor->stretch && w->now_ns > w->since_ns) {
        w->visitor->stretch(w->context, w->node, w->since_ns, w->now_ns);
    }
    w->since_ns = w->now_ns;
}

static void end_thread(walk *w)
{
    if (w->owner == PROFILE_NONE) return;
    end_stretch(w);
    w->owner = PROFILE_NONE;
    if (w->visitor->end_thread) w->visitor->end_thread(w->context);
}

static void name_track(const walk *w, span_track *track)
{
    const timeline_owner *owner = track->owner;
    uint32_t count;
    int is_handler = timeline_threads(w->from->timeline, &count)[owner->thread].level > 0;
    int is_named = *owner->name != 0;

    track->tid = is_handler || track->group ? OWN_TIDS + track->number : owner->tid;
    snprintf(track->label, sizeof track->label, "%s%s%s%u%s",
             is_handler     ? "signal handler of "
             : track->group ? "tasks of "
                            : "",
             is_named ? owner->name : "thread ", is_named ? " (" : "", owner->tid,
             is_named ? ")" : "");
}

static void begin_thread(walk *w, uint32_t owner, uint64_t at_ns)
{
    uint32_t count;
    span_track track = {.group = w->group};

    end_thread(w);
    w->owner = owner;
    w->depth = 0;
    w->node = PROFILE_ROOT;
    w->since_ns = w->now_ns = at_ns;
    track.owner = &timeline_owners(w->from->timeline, &count)[owner];
    track.number = w->track_count++;
    name_track(w, &track);
    if (w->visitor->begin_thread) w->visitor->begin_thread(w->context, &track);
}

/* A stretch ends where the innermost span is another one for some time. */
static void move_to(walk *w, uint64_t at_ns)
{
    uint32_t node = w->depth ? w->stack[w->depth - 1] : PROFILE_ROOT;

    if (at_ns == w->now_ns) return;
    if (node != w->node) {
        end_stretch(w);
        w->node = node;
    }
    w->now_ns = at_ns;
}

static thag_err take_event(walk *w, const timeline_event *event)
{
    if (event->span.owner != w->owner) begin_thread(w, event->span.owner, event->at_ns);
    move_to(w, event->at_ns);
    if (event->kind == TIMELINE_END) {
        w->depth--;
    } else {
        if (w->depth == w->room) {
            size_t room = w->room ? w->room * 2 : 64;
            uint32_t *grown = realloc(w->stack, room * sizeof *grown);

            if (!grown) return THAG_ERR_MEMORY;
            w->stack = grown;
            w->room = room;
        }
        w->stack[w->depth++] = event->span.node;
    }
    if (w->visitor->event) w->visitor->event(w->context, event);
    return THAG_OK;
}

/* One group of a thread. *last is the highest one that it has. */
static thag_err walk_group(walk *w, uint32_t thread, uint32_t *last, fault *why)
{
    timeline_order *o;
    timeline_event event;
    thag_err err =
        timeline_order_new(&o, w->from->timeline, w->from->profile, thread, w->group, why);
    int found = 0;

    if (err) return err;
    *last = timeline_order_last_group(o);
    while (!err && (found = timeline_order_next(o, &event, why)) == 1) err = take_event(w, &event);
    if (err) fault_set(why, err, UINT64_MAX, "spans along time");
    if (found < 0) err = THAG_ERR_MEMORY;
    timeline_order_free(o);
    end_thread(w);
    return err;
}

thag_err span_walk(const export_source *from, const span_visitor *visitor, void *context,
                   fault *why)
{
    walk w = {.from = from, .visitor = visitor, .context = context, .owner = PROFILE_NONE};
    uint32_t count;
    thag_err err = THAG_OK;

    timeline_threads(from->timeline, &count);
    for (uint32_t i = 0; i < count && !err; i++) {
        uint32_t last = 0;

        for (w.group = 0; w.group <= last && !err; w.group++) err = walk_group(&w, i, &last, why);
    }
    free(w.stack);
    return err;
}

int json_names_init(json_names *names, const profile *p)
{
    size_t len = 0;
    FILE *to = open_memstream(&names->text, &len);
    int failed;

    names->first = malloc(((size_t)p->frame_count + 1) * sizeof *names->first);
    if (!to || !names->first) {
        if (to) fclose(to);
        return 0;
    }
    for (uint32_t f = 0; f < p->frame_count; f++) {
        fflush(to);
        names->first[f] = len;
        markup_put_json(to, p->frames[f].name, p->frames[f].name_len);
    }
    failed = ferror(to);
    if (fclose(to) || failed) return 0;
    names->first[p->frame_count] = len;
    return 1;
}

void json_names_release(json_names *names)
{
    free(names->text);
    free(names->first);
    *names = (json_names){0};
}

void json_names_put(text_out *o, const json_names *names, uint32_t frame)
{
    text_put(o, names->text + names->first[frame], names->first[frame + 1] - names->first[frame]);
}
