/*
 * span_walk.h - what the exports along time share: all spans of a profile, thread after thread, as
 * events in order of time, or as the stretches between them.
 */
#ifndef THAG_SPAN_WALK_H
#define THAG_SPAN_WALK_H

#include "output/export/export.h"
#include "output/export/text_out.h"
#include "profile/timeline/timeline_order.h"

#define SPAN_LABEL_ROOM 64

/* What spans nest in: a thread; or those tasks of it that do not live at the same time. */
typedef struct span_track {
    const timeline_owner *owner;
    uint32_t group;  /* 0: the thread itself */
    uint32_t number; /* counts tracks from 0 */
    uint32_t tid;    /* of the thread; where several tracks would share it, a number of its own */
    char label[SPAN_LABEL_ROOM]; /* "name (tid)", or what is known of it */
} span_track;

/* What a walk calls; NULL for what is not wanted. */
typedef struct span_visitor {
    /* A track begins, and after all its events ends. */
    void (*begin_thread)(void *context, const span_track *track);
    void (*end_thread)(void *context);
    void (*event)(void *context, const timeline_event *event);
    /* From start_ns to end_ns the innermost span was one of that node; PROFILE_ROOT: there was none.
       One stretch follows the other, never empty. */
    void (*stretch)(void *context, uint32_t node, uint64_t start_ns, uint64_t end_ns);
} span_visitor;

/** Walk. Fails with THAG_ERR_MEMORY; errors of streams are the visitor's. */
thag_err span_walk(const export_source *from, const span_visitor *visitor, void *context,
                   fault *why);

/* Names of all frames as JSON strings, with their quotes. */
typedef struct json_names {
    char *text;
    size_t *first; /* by frame, and one past the last */
} json_names;

/** 0: out of memory. Either way it is for json_names_release(). */
int json_names_init(json_names *names, const profile *p);
void json_names_release(json_names *names);
void json_names_put(text_out *o, const json_names *names, uint32_t frame);

#endif
