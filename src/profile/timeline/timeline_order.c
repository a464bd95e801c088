#include "profile/timeline/timeline_order.h"

#include <stdlib.h>
#include <string.h>

#ifndef TIMELINE_ORDER_WINDOW /* a test makes it small */
#define TIMELINE_ORDER_WINDOW (64u << 10)
#endif
#define WINDOW TIMELINE_ORDER_WINDOW /* spans */

/* A span, and its number in the order of the trace. */
typedef struct ordered {
    timeline_span span;
    uint64_t number;
    uint32_t depth; /* of its node: span.depth is bounded */
} ordered;

/* A span that begins in an earlier window than it ends. */
typedef struct crossing {
    ordered item;
    uint32_t window; /* where it begins */
} crossing;

/* What was read at each depth since the last span of a lesser one. */
typedef struct deeper {
    uint32_t node, owner;
    uint64_t start_ns; /* of the earliest */
    int is_set;
} deeper;

struct timeline_order {
    timeline *tl;
    uint32_t group, last_group; /* wanted; met */
    const uint32_t *parent;     /* of the profile's nodes */
    uint64_t *ends;             /* by window: the latest end so far */
    uint32_t window_count, window_room;
    crossing *crossings; /* by window */
    size_t crossing_count, crossing_room, crossing_at;
    deeper *depths; /* TIMELINE_DEPTHS + 1 */
    uint32_t depths_used;
    timeline_span *read; /* WINDOW */
    ordered *sorted;     /* of the window at hand */
    size_t sorted_count, sorted_room, sorted_at;
    uint32_t window; /* the next to read */
    uint64_t number; /* of the next span to read */
    timeline_span *open;
    size_t open_count, open_room;
    uint64_t now_ns; /* of the last event */
};

/* ---- reading ---- */

/* A span that was read covers those deeper ones before it whose caller it is. */
static void cover(timeline_order *o, timeline_span *s)
{
    uint32_t below = s->depth + 1u;
    deeper *d = &o->depths[below], *own = &o->depths[s->depth];

    if (below < TIMELINE_DEPTHS && d->is_set && d->owner == s->owner &&
        o->parent[d->node] == s->node && d->start_ns < s->start_ns) {
        s->start_ns = d->start_ns;
    }
    for (uint32_t i = below; i < o->depths_used; i++) o->depths[i].is_set = 0;
    o->depths_used = below;
    if (own->is_set && own->owner == s->owner && o->parent[own->node] == o->parent[s->node]) {
        if (s->start_ns < own->start_ns) own->start_ns = s->start_ns;
    } else {
        *own = (deeper){s->node, s->owner, s->start_ns, 1};
    }
}

/* Of n spans just read, keep those of the group. Returns how many. */
static size_t keep_group(timeline_order *o, timeline_span *spans, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (spans[i].group > o->last_group) o->last_group = spans[i].group;
        if (spans[i].group != o->group) continue;
        spans[kept] = spans[i];
        cover(o, &spans[kept++]);
    }
    return kept;
}

/* The next window's spans into read[]. */
static thag_err read_window(timeline_order *o, size_t *count)
{
    thag_err err = THAG_OK;
    size_t n;

    *count = 0;
    while (*count < WINDOW &&
           (n = timeline_read(o->tl, o->read + *count, WINDOW - *count, &err)) > 0) {
        *count += keep_group(o, o->read + *count, n);
    }
    return err;
}

static thag_err begin(timeline_order *o, uint32_t thread)
{
    memset(o->depths, 0, (TIMELINE_DEPTHS + 1) * sizeof *o->depths);
    o->depths_used = 0;
    o->number = 0;
    o->window = 0;
    return timeline_begin(o->tl, thread);
}

/* ---- the first reading ---- */

static int grow(void *items, size_t size, size_t need, size_t *room)
{
    size_t more = *room ? *room : 64;
    void *grown;

    if (need <= *room) return 1;
    while (more < need) more *= 2;
    grown = realloc(*(void **)items, more * size);
    if (!grown) return 0;
    *(void **)items = grown;
    *room = more;
    return 1;
}

static int add_window(timeline_order *o, size_t count)
{
    uint64_t end = o->window_count ? o->ends[o->window_count - 1] : 0;
    size_t room = o->window_room;

    if (!grow(&o->ends, sizeof *o->ends, o->window_count + 1u, &room)) return 0;
    o->window_room = (uint32_t)room;
    for (size_t i = 0; i < count; i++) {
        if (o->read[i].end_ns > end) end = o->read[i].end_ns;
    }
    o->ends[o->window_count++] = end;
    return 1;
}

/* The first window that ends at that moment or later: the last one does. */
static uint32_t window_of(const timeline_order *o, uint64_t start_ns)
{
    uint32_t low = 0, high = o->window_count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (o->ends[middle] < start_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_crossing(const timeline_order *o, const timeline_span *s, uint32_t window)
{
    return window > 0 && s->start_ns <= o->ends[window - 1];
}

static ordered number_span(const timeline_order *o, const timeline_span *s, uint64_t number)
{
    return (ordered){*s, number, timeline_depth(o->tl, s->node)};
}

static thag_err note_crossings(timeline_order *o, size_t count)
{
    uint32_t window = o->window_count - 1;

    for (size_t i = 0; i < count; i++) {
        const timeline_span *s = &o->read[i];

        if (!is_crossing(o, s, window)) continue;
        if (!grow(&o->crossings, sizeof *o->crossings, o->crossing_count + 1, &o->crossing_room)) {
            return THAG_ERR_MEMORY;
        }
        o->crossings[o->crossing_count++] =
            (crossing){number_span(o, s, o->number + i), window_of(o, s->start_ns)};
    }
    o->number += count;
    return THAG_OK;
}

static int by_window(const void *left, const void *right)
{
    const crossing *a = left, *b = right;

    if (a->window != b->window) return a->window < b->window ? -1 : 1;
    return (a->item.number > b->item.number) - (a->item.number < b->item.number);
}

static thag_err first_reading(timeline_order *o, uint32_t thread)
{
    thag_err err = begin(o, thread);
    size_t count = 0;

    do {
        if (!err) err = read_window(o, &count);
        if (err || !count) break;
        err = add_window(o, count) ? note_crossings(o, count) : THAG_ERR_MEMORY;
    } while (!err);
    if (o->crossing_count) qsort(o->crossings, o->crossing_count, sizeof *o->crossings, by_window);
    return err;
}

thag_err timeline_order_new(timeline_order **out, timeline *tl, const profile *p, uint32_t thread,
                            uint32_t group, fault *why)
{
    timeline_order *o = calloc(1, sizeof *o);
    thag_err err = THAG_ERR_MEMORY;

    *out = NULL;
    if (!o) goto done;
    o->tl = tl;
    o->group = group;
    o->parent = p->parent;
    o->depths = malloc((TIMELINE_DEPTHS + 1) * sizeof *o->depths);
    o->read = malloc(WINDOW * sizeof *o->read);
    if (!o->depths || !o->read) goto done;
    err = first_reading(o, thread);
    if (!err) err = begin(o, thread);
    if (err) goto done;
    *out = o;
    o = NULL;
done:
    if (err) fault_set(why, err, UINT64_MAX, "putting spans in order");
    timeline_order_free(o);
    return err;
}

uint32_t timeline_order_last_group(const timeline_order *o)
{
    return o->last_group;
}

void timeline_order_free(timeline_order *o)
{
    if (!o) return;
    free(o->ends);
    free(o->crossings);
    free(o->depths);
    free(o->read);
    free(o->sorted);
    free(o->open);
    free(o);
}

/* ---- the second reading ---- */

static int by_start(const void *left, const void *right)
{
    const ordered *a = left, *b = right;

    if (a->span.start_ns != b->span.start_ns) return a->span.start_ns < b->span.start_ns ? -1 : 1;
    if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* All that begins in the next window. */
static thag_err sort_window(timeline_order *o)
{
    size_t count;
    thag_err err = read_window(o, &count);

    if (err) return err;
    if (!grow(&o->sorted, sizeof *o->sorted, count + 1, &o->sorted_room)) return THAG_ERR_MEMORY;
    o->sorted_count = o->sorted_at = 0;
    for (size_t i = 0; i < count; i++, o->number++) {
        if (is_crossing(o, &o->read[i], o->window)) continue;
        o->sorted[o->sorted_count++] = number_span(o, &o->read[i], o->number);
    }
    for (; o->crossing_at < o->crossing_count; o->crossing_at++) {
        const crossing *c = &o->crossings[o->crossing_at];

        if (c->window != o->window) break;
        if (!grow(&o->sorted, sizeof *o->sorted, o->sorted_count + 1, &o->sorted_room)) {
            return THAG_ERR_MEMORY;
        }
        o->sorted[o->sorted_count++] = c->item;
    }
    if (o->sorted_count) qsort(o->sorted, o->sorted_count, sizeof *o->sorted, by_start);
    o->window++;
    return THAG_OK;
}

/* The span that begins next; NULL at the end. */
static const timeline_span *next_span(timeline_order *o, thag_err *err)
{
    *err = THAG_OK;
    while (o->sorted_at == o->sorted_count) {
        if (o->window == o->window_count) return NULL;
        *err = sort_window(o);
        if (*err) return NULL;
    }
    return &o->sorted[o->sorted_at].span;
}

/* ---- events ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Is the innermost open span over when this one begins? */
static int ends_before(const timeline_order *o, const timeline_span *open,
                       const timeline_span *next)
{
    if (open->owner != next->owner || open->end_ns < next->start_ns) return 1;
    return timeline_depth(o->tl, open->node) >= timeline_depth(o->tl, next->node);
}

static int give_end(timeline_order *o, timeline_event *event)
{
    timeline_span *top = &o->open[--o->open_count];

    o->now_ns = later(o->now_ns, top->end_ns);
    *event = (timeline_event){TIMELINE_END, top->end_ns, *top};
    return 1;
}

static int give_begin(timeline_order *o, const timeline_span *next, timeline_event *event)
{
    timeline_span s = *next;

    s.start_ns = later(s.start_ns, o->now_ns);
    s.end_ns = later(s.end_ns, s.start_ns);
    if (o->open_count) {
        uint64_t limit = o->open[o->open_count - 1].end_ns;

        if (s.end_ns > limit) s.end_ns = limit;
        if (s.start_ns > limit) s.start_ns = limit;
    }
    o->now_ns = s.start_ns;
    o->open[o->open_count++] = s;
    o->sorted_at++;
    *event = (timeline_event){TIMELINE_BEGIN, s.start_ns, s};
    return 1;
}

int timeline_order_next(timeline_order *o, timeline_event *event, fault *why)
{
    thag_err err;
    const timeline_span *next = next_span(o, &err);

    if (!err && !grow(&o->open, sizeof *o->open, o->open_count + 1, &o->open_room)) {
        err = THAG_ERR_MEMORY;
    }
    if (err) {
        fault_set(why, err, UINT64_MAX, "putting spans in order");
        return -1;
    }
    if (o->open_count && (!next || ends_before(o, &o->open[o->open_count - 1], next))) {
        return give_end(o, event);
    }
    return next ? give_begin(o, next, event) : 0;
}
