#include "profile/timeline/profile_timeline.h"

#include <stdlib.h>
#include <string.h>

#define SCALE_BITS 58
#define RUN        256 /* spans read at a time */

/* When a task went on, and how long it had run until then; in ticks. */
typedef struct turn {
    uint64_t at, ran;
} turn;

typedef struct turns {
    turn *items;
    size_t count, room;
    uint64_t ran; /* until it stopped last */
} turns;
#define TURNS_MAX (4u << 20) /* of a thread: 64 MiB */

/* From ticks to nanoseconds since the session began. Loops take a copy, which what they write cannot
   change. */
typedef struct session_clock {
    const trace *t;
    uint64_t start_ticks, end_ns;
    uint64_t scale;      /* ns of a tick, times 2 to the SCALE_BITS; 0: too slow a clock for that */
    uint64_t most_ticks; /* of which there are as many ns as fit */
} session_clock;

/* What a span needs to know of its node, by trace node. */
typedef struct place {
    uint32_t node; /* of the profile */
    uint16_t depth;
} place;

struct timeline {
    trace *t;
    const uint32_t *node_of; /* by trace node */
    uint32_t node_count;     /* of the profile */
    uint32_t *depth;         /* by profile node */
    place *places;           /* by trace node */
    timeline_thread *threads;
    uint32_t thread_count;
    uint32_t *first_owner; /* by thread; PROFILE_NONE: not read yet */
    timeline_owner *owners;
    uint32_t owner_count, owner_room;
    const trace_task_info *tasks; /* by id; the trace's */
    uint8_t *group_of;            /* of each task */
    turns *turns;                 /* on the thread that is read: its own, then of each task */
    size_t turn_count;            /* of all of these */
    size_t running;               /* which of these it is */
    uint64_t running_since;       /* ticks */
    size_t task_count;
    session_clock clock;
    /* where the reading is */
    trace_cursor *cursor;
    int is_at_end; /* of what ended: the open ones come */
    uint32_t thread;
    uint32_t owner;   /* PROFILE_NONE: none yet */
    uint32_t open_at; /* the next path of this thread to look at for open spans */
    timeline_span open_run[64];
    uint32_t open_len, open_given;
};

/* ---- time ---- */

static inline uint64_t to_ns(const session_clock *c, uint64_t ticks)
{
    __extension__ typedef unsigned __int128 wide;
    wide ns;

    if (ticks <= c->most_ticks) {
        ns = (wide)ticks * c->scale + ((wide)1 << (SCALE_BITS - 1));
        return (uint64_t)(ns >> SCALE_BITS);
    }
    return c->scale ? UINT64_MAX : trace_ns(c->t, ticks);
}

/* A multiplication a span instead of the division that trace_ns() takes. A product of the clocks of
   today, and of a rate with 53 digits, is off by less than a hundredth of a nanosecond an hour. */
static void set_scale(timeline *tl)
{
    __extension__ typedef unsigned __int128 wide;
    double hz = trace_clock_hz(tl->t);
    session_clock *c = &tl->clock;
    wide most;

    if (hz <= 1e9 / 32) return;
    c->scale = (uint64_t)(1e9 / hz * (double)(1ull << SCALE_BITS));
    if (!c->scale) return;
    most = (((wide)1 << (64 + SCALE_BITS)) - ((wide)1 << (SCALE_BITS - 1)) - 1) / c->scale;
    c->most_ticks = most > UINT64_MAX ? UINT64_MAX : (uint64_t)most;
}

/* A moment within the session, whatever a file says. */
static inline uint64_t clock_moment(const session_clock *c, uint64_t ticks)
{
    uint64_t ns = ticks > c->start_ticks ? to_ns(c, ticks - c->start_ticks) : 0;

    return ns < c->end_ns ? ns : c->end_ns;
}

static uint64_t moment_ns(const timeline *tl, uint64_t ticks)
{
    return clock_moment(&tl->clock, ticks);
}

static inline void set_span(timeline_span *s, const session_clock *c, uint64_t end_ticks,
                            uint64_t ticks)
{
    uint64_t length = to_ns(c, ticks);

    s->end_ns = clock_moment(c, end_ticks);
    s->start_ns = s->end_ns > length ? s->end_ns - length : 0;
    s->begun_ns = s->start_ns;
}

/* ---- what there is ---- */

static thag_err set_depths(timeline *tl, const profile *p)
{
    tl->node_count = p->node_count;
    tl->depth = malloc(p->node_count * sizeof *tl->depth);
    if (!tl->depth) return THAG_ERR_MEMORY;
    tl->depth[PROFILE_ROOT] = 0;
    for (uint32_t n = 1; n < p->node_count; n++) {
        tl->depth[n] = p->parent[n] == PROFILE_ROOT ? 0 : tl->depth[p->parent[n]] + 1;
    }
    return THAG_OK;
}

static uint16_t depth_of(const timeline *tl, uint32_t node)
{
    return (uint16_t)(tl->depth[node] < TIMELINE_DEPTHS ? tl->depth[node] : TIMELINE_DEPTHS - 1);
}

static thag_err set_places(timeline *tl)
{
    uint32_t count;

    trace_nodes(tl->t, &count);
    tl->places = malloc((count + 1) * sizeof *tl->places);
    for (uint32_t n = 0; tl->places && n < count; n++)
        tl->places[n] = (place){tl->node_of[n], depth_of(tl, tl->node_of[n])};
    return tl->places ? THAG_OK : THAG_ERR_MEMORY;
}

static const trace_path *paths_of(const timeline *tl, uint32_t thread, uint32_t *count)
{
    size_t all, threads;
    const trace_path *paths = trace_paths(tl->t, &all);
    const trace_thread_info *info = &trace_threads(tl->t, &threads)[thread];

    *count = info->path_count;
    return all ? paths + info->first_path : NULL;
}

static void set_thread(timeline *tl, uint32_t i, const trace_thread_info *from)
{
    timeline_thread *th = &tl->threads[i];
    uint32_t count;
    const trace_path *paths = paths_of(tl, i, &count);

    *th = (timeline_thread){from->tid, from->thread_count, from->level, 0, from->spans, 0, 0, ""};
    memcpy(th->name, from->name, sizeof th->name);
    th->end_ns = moment_ns(tl, from->end_ticks);
    for (uint32_t k = 0; k < count; k++) {
        uint32_t depth = tl->depth[tl->node_of[paths[k].node]] + 1;

        if (!paths[k].calls && !paths[k].open) continue;
        if (tl->node_of[paths[k].node] == PROFILE_ROOT) continue;
        if (depth > TIMELINE_DEPTHS) depth = TIMELINE_DEPTHS;
        if (depth > th->depth_count) th->depth_count = depth;
        th->open += paths[k].open_timed;
    }
}

static thag_err set_threads(timeline *tl)
{
    size_t count;
    const trace_thread_info *from = trace_threads(tl->t, &count);

    tl->threads = calloc(count + 1, sizeof *tl->threads);
    tl->first_owner = malloc((count + 1) * sizeof *tl->first_owner);
    if (!tl->threads || !tl->first_owner) return THAG_ERR_MEMORY;
    memset(tl->first_owner, 0xFF, (count + 1) * sizeof *tl->first_owner);
    tl->thread_count = (uint32_t)count;
    for (uint32_t i = 0; i < tl->thread_count; i++) set_thread(tl, i, &from[i]);
    return THAG_OK;
}

/* ---- tasks ---- */

static int by_begin(const void *left, const void *right)
{
    const trace_task_info *const *a = left, *const *b = right;

    if ((*a)->begin_ticks != (*b)->begin_ticks) {
        return (*a)->begin_ticks < (*b)->begin_ticks ? -1 : 1;
    }
    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

/* Whether to ask for them, which reads the timeline through. */
static int has_tasks(const trace *t)
{
    size_t count;
    const trace_thread_info *threads = trace_threads(t, &count);

    if (trace_statistics(t)->chunks[TRACE_TASKS]) return 1;
    for (size_t i = 0; i < count; i++) {
        if (threads[i].task_ticks) return 1;
    }
    return 0;
}

/* In the order of their begin, each into the first group that is free. */
static thag_err set_groups(timeline *tl)
{
    uint64_t busy_until[TIMELINE_GROUPS] = {0};
    const trace_task_info **order;
    thag_err err;

    if (!has_tasks(tl->t)) return THAG_OK;
    err = trace_tasks(tl->t, &tl->tasks, &tl->task_count);
    if (err || !tl->task_count) return err;
    tl->group_of = malloc(tl->task_count * sizeof *tl->group_of);
    order = malloc(tl->task_count * sizeof *order);
    if (!tl->group_of || !order) {
        free(order);
        return THAG_ERR_MEMORY;
    }
    for (size_t i = 0; i < tl->task_count; i++) order[i] = &tl->tasks[i];
    qsort(order, tl->task_count, sizeof *order, by_begin);
    for (size_t i = 0; i < tl->task_count; i++) {
        uint32_t g = 1;

        while (g + 1 < TIMELINE_GROUPS && busy_until[g] > order[i]->begin_ticks) g++;
        tl->group_of[order[i] - tl->tasks] = (uint8_t)g;
        if (busy_until[g] < order[i]->end_ticks) busy_until[g] = order[i]->end_ticks;
    }
    free(order);
    return THAG_OK;
}

/* Its index; task_count if the trace lost all but the number. */
static size_t task_index(const timeline *tl, uint64_t task)
{
    size_t low = 0, high = tl->task_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tl->tasks[middle].id < task)
            low = middle + 1;
        else
            high = middle;
    }
    return low < tl->task_count && tl->tasks[low].id == task ? low : tl->task_count;
}

static void set_task(timeline_span *s, const timeline *tl, uint64_t task)
{
    size_t index = task ? task_index(tl, task) : 0;
    int is_known = task && index < tl->task_count;

    s->task = is_known ? (uint32_t)index + 1 : 0;
    s->group = is_known ? tl->group_of[index] : task ? TIMELINE_GROUPS - 1 : 0;
}

/* ---- turns ---- */

static void drop_turns(timeline *tl)
{
    for (size_t i = 0; tl->turns && i < tl->task_count + 2; i++) free(tl->turns[i].items);
    free(tl->turns);
    tl->turns = NULL;
    tl->turn_count = 0;
}

/* Of what runs: the thread itself, a task, and last the tasks that are not known. */
static size_t turns_of(const timeline *tl, uint64_t task)
{
    return task ? 1 + task_index(tl, task) : 0;
}

static thag_err start_turn(timeline *tl, size_t which, uint64_t at)
{
    turns *t = &tl->turns[which];

    tl->running = which;
    tl->running_since = at;
    if (tl->turn_count >= TURNS_MAX) return THAG_OK;
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 4;
        turn *items = realloc(t->items, room * sizeof *items);

        if (!items) return THAG_ERR_MEMORY;
        t->items = items;
        t->room = room;
    }
    t->items[t->count++] = (turn){at, t->ran};
    tl->turn_count++;
    return THAG_OK;
}

static uint64_t ran_until(const timeline *tl, size_t which, uint64_t at)
{
    uint64_t ran = tl->turns[which].ran;

    return which == tl->running && at > tl->running_since ? ran + (at - tl->running_since) : ran;
}

static thag_err begin_turns(timeline *tl)
{
    drop_turns(tl);
    if (!tl->task_count) return THAG_OK;
    tl->turns = calloc(tl->task_count + 2, sizeof *tl->turns);
    return tl->turns ? start_turn(tl, 0, tl->clock.start_ticks) : THAG_ERR_MEMORY;
}

static thag_err switch_turn(timeline *tl, const trace_step *step)
{
    tl->turns[tl->running].ran = ran_until(tl, tl->running, step->ticks);
    return start_turn(tl, turns_of(tl, step->task), step->ticks);
}

/* When a span began that ran for so long and ended now: in the turn in which that was. */
static uint64_t begun_at(const timeline *tl, const trace_span *s)
{
    size_t which = turns_of(tl, s->task), low = 0, high = tl->turns[which].count;
    const turn *items = tl->turns[which].items;
    uint64_t length = s->end_ticks - s->start_ticks, ran = ran_until(tl, which, s->end_ticks), at;

    if (!high) return s->start_ticks;
    if (length > ran) return items[0].at < s->start_ticks ? items[0].at : s->start_ticks;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (items[middle].ran <= ran - length)
            low = middle;
        else
            high = middle;
    }
    at = items[low].at + (ran - length - items[low].ran);
    return at < s->start_ticks ? at : s->start_ticks;
}

thag_err timeline_new(timeline **out, const loaded *l, fault *why)
{
    timeline *tl = calloc(1, sizeof *tl);
    thag_err err = tl ? THAG_OK : THAG_ERR_MEMORY;

    *out = NULL;
    if (err) goto done;
    tl->t = l->trace;
    tl->clock.t = l->trace;
    tl->node_of = l->node_of;
    tl->clock.start_ticks = trace_head(l->trace)->start_ticks;
    set_scale(tl);
    tl->clock.end_ns = UINT64_MAX;
    tl->clock.end_ns = moment_ns(tl, trace_end_ticks(l->trace));
    err = set_depths(tl, l->profile);
    if (!err) err = set_places(tl);
    if (!err) err = set_threads(tl);
    if (!err) err = set_groups(tl);
    if (err) goto done;
    *out = tl;
    tl = NULL;
done:
    if (err) fault_set(why, err, UINT64_MAX, "reading the timeline");
    timeline_free(tl);
    return err;
}

void timeline_free(timeline *tl)
{
    if (!tl) return;
    trace_cursor_free(tl->cursor);
    free(tl->depth);
    free(tl->places);
    free(tl->group_of);
    drop_turns(tl);
    free(tl->threads);
    free(tl->first_owner);
    free(tl->owners);
    free(tl);
}

const timeline_thread *timeline_threads(const timeline *tl, uint32_t *count)
{
    *count = tl->thread_count;
    return tl->threads;
}

const timeline_owner *timeline_owners(const timeline *tl, uint32_t *count)
{
    *count = tl->owner_count;
    return tl->owners;
}

uint64_t timeline_end_ns(const timeline *tl)
{
    return tl->clock.end_ns;
}

uint32_t timeline_depth(const timeline *tl, uint32_t node)
{
    return tl->depth[node];
}

trace *timeline_trace(const timeline *tl)
{
    return tl->t;
}

uint32_t timeline_node(const timeline *tl, uint32_t node)
{
    return tl->node_of[node];
}

uint64_t timeline_moment_ns(const timeline *tl, uint64_t ticks)
{
    return moment_ns(tl, ticks);
}

int timeline_has_tasks(const timeline *tl)
{
    return tl->task_count != 0;
}

void timeline_find_tasks(const timeline *tl, uint8_t *marks, const uint32_t *map)
{
    uint32_t count;

    trace_nodes(tl->t, &count);
    for (uint32_t n = 1; n < count; n++) {
        uint32_t node = tl->node_of[n];

        if (profile_is_task(tl->t, n)) marks[map ? map[node] : node] = 1;
    }
}

timeline_losses timeline_lost(const timeline *tl)
{
    const uint64_t *losses = trace_head(tl->t)->losses;
    timeline_losses lost = {.limit = losses[TRACE_TIMELINE_LIMIT],
                            .unwritten = losses[TRACE_TIMELINE_WRITE],
                            .sampled = losses[TRACE_TIMELINE_SAMPLED]};

    for (int i = TRACE_LOST_MEMORY; i <= TRACE_LOST_SITES; i++) lost.unknown += losses[i];
    return lost;
}

/* ---- reading ---- */

thag_err timeline_begin(timeline *tl, uint32_t thread)
{
    trace_cursor_free(tl->cursor);
    tl->cursor = NULL;
    tl->thread = thread;
    tl->owner = PROFILE_NONE;
    tl->is_at_end = 0;
    tl->open_at = tl->open_len = tl->open_given = 0;
    return begin_turns(tl) ? THAG_ERR_MEMORY : trace_cursor_new(&tl->cursor, tl->t, thread);
}

/* A second reading of a thread meets its owners in the order of the first. */
static int meet_again(timeline *tl, uint32_t tid)
{
    uint32_t next = tl->owner == PROFILE_NONE ? tl->first_owner[tl->thread] : tl->owner + 1;

    if (next >= tl->owner_count) return 0;
    if (tl->owners[next].thread != tl->thread || tl->owners[next].tid != tid) return 0;
    tl->owner = next;
    return 1;
}

static thag_err add_owner(timeline *tl, uint32_t tid)
{
    const timeline_thread *th = &tl->threads[tl->thread];
    const char *name = trace_cursor_name(tl->cursor);
    timeline_owner *o;

    if (tl->owner_count == tl->owner_room) {
        uint32_t room = tl->owner_room ? 2 * tl->owner_room : 16;

        o = realloc(tl->owners, room * sizeof *o);
        if (!o) return THAG_ERR_MEMORY;
        tl->owners = o;
        tl->owner_room = room;
    }
    if (tl->owner == PROFILE_NONE) tl->first_owner[tl->thread] = tl->owner_count;
    tl->owner = tl->owner_count++;
    o = &tl->owners[tl->owner];
    *o = (timeline_owner){tl->thread, tid, UINT64_MAX, 0, ""};
    if (!*name && tid == th->tid) name = th->name;
    memcpy(o->name, name, strnlen(name, sizeof o->name - 1));
    return THAG_OK;
}

static thag_err take_owner(timeline *tl, uint32_t tid)
{
    if (tl->owner != PROFILE_NONE && tl->owners[tl->owner].tid == tid) return THAG_OK;
    return meet_again(tl, tid) ? THAG_OK : add_owner(tl, tid);
}

static void see(timeline *tl, const timeline_span *s)
{
    timeline_owner *o = &tl->owners[tl->owner];

    if (s->start_ns < o->start_ns) o->start_ns = s->start_ns;
    if (s->end_ns > o->end_ns) o->end_ns = s->end_ns;
}

static int by_depth(const void *left, const void *right)
{
    const timeline_span *a = left, *b = right;

    return a->depth < b->depth ? -1 : a->depth > b->depth;
}

/* Open spans of a stack are few; what is beyond the room comes in another run. */
static thag_err collect_open(timeline *tl)
{
    const timeline_thread *th = &tl->threads[tl->thread];
    size_t threads;
    uint64_t end = trace_threads(tl->t, &threads)[tl->thread].end_ticks;
    uint32_t count;
    const trace_path *paths = paths_of(tl, tl->thread, &count);

    tl->open_len = tl->open_given = 0;
    for (; tl->open_at < count && tl->open_len < 64; tl->open_at++) {
        const trace_path *path = &paths[tl->open_at];
        timeline_span *s = &tl->open_run[tl->open_len];
        thag_err err;

        if (!path->open_timed || tl->node_of[path->node] == PROFILE_ROOT) continue;
        *s = (timeline_span){.node = tl->node_of[path->node], .is_open = 1};
        s->depth = depth_of(tl, s->node);
        set_span(s, &tl->clock, end, path->open_ticks / path->open_timed);
        err = take_owner(tl, th->tid);
        if (err) return err;
        s->owner = tl->owner;
        see(tl, s);
        tl->open_len++;
    }
    qsort(tl->open_run, tl->open_len, sizeof *tl->open_run, by_depth);
    return THAG_OK;
}

static size_t read_open(timeline *tl, timeline_span *spans, size_t room, thag_err *err)
{
    size_t n;

    if (tl->open_given == tl->open_len) *err = collect_open(tl);
    n = tl->open_len - tl->open_given;
    if (*err) return 0;
    if (n > room) n = room;
    if (n) memcpy(spans, tl->open_run + tl->open_given, n * sizeof *spans);
    tl->open_given += (uint32_t)n;
    return n;
}

/* A span as the cursor gives it, but for its owner. 0: it is of no node. */
static inline int take_span(timeline_span *s, const trace_span *from, const session_clock *clock,
                            const place *places)
{
    place at = places[from->node];

    if (at.node == PROFILE_ROOT) return 0;
    set_span(s, clock, from->end_ticks, from->end_ticks - from->start_ticks);
    s->node = at.node;
    s->depth = at.depth;
    s->is_open = 0;
    s->group = 0;
    s->task = 0;
    return 1;
}

/* Of one owner. How many they are. */
static size_t take_run(timeline *tl, timeline_span *spans, const trace_span *from, size_t given)
{
    const session_clock clock = tl->clock;
    const place *places = tl->places;
    uint32_t owner = tl->owner;
    uint64_t start = UINT64_MAX;
    size_t n = 0;

    for (size_t i = 0; i < given; i++) {
        if (!take_span(&spans[n], &from[i], &clock, places)) continue;
        spans[n].owner = owner;
        if (spans[n].start_ns < start) start = spans[n].start_ns;
        n++;
    }
    /* Ends never go back. */
    if (n) see(tl, &(timeline_span){.start_ns = start, .end_ns = spans[n - 1].end_ns});
    return n;
}

/* As many as the cursor gives at once: they have one owner. */
static size_t read_run(timeline *tl, timeline_span *spans, size_t room, thag_err *err)
{
    trace_span from[RUN];
    size_t given = trace_cursor_read(tl->cursor, from, room < RUN ? room : RUN);

    tl->is_at_end = !given;
    if (given) *err = take_owner(tl, from[0].tid);
    return given && !*err ? take_run(tl, spans, from, given) : 0;
}

/* Where there are tasks: one step at a time, for it matters when they ran. */
static size_t read_steps(timeline *tl, timeline_span *spans, size_t room, thag_err *err)
{
    trace_step step;
    size_t n = 0;

    while (n < room && !*err && !tl->is_at_end) {
        tl->is_at_end = !trace_cursor_step(tl->cursor, &step);
        if (tl->is_at_end) break;
        if (step.kind == TRACE_STEP_SWITCH) *err = switch_turn(tl, &step);
        if (step.kind != TRACE_STEP_SPAN) continue;
        *err = take_owner(tl, step.span.tid);
        if (*err || !take_span(&spans[n], &step.span, &tl->clock, tl->places)) continue;
        spans[n].owner = tl->owner;
        spans[n].begun_ns = moment_ns(tl, begun_at(tl, &step.span));
        if (spans[n].begun_ns > spans[n].start_ns) spans[n].begun_ns = spans[n].start_ns;
        set_task(&spans[n], tl, step.span.task);
        see(tl, &spans[n++]);
    }
    return n;
}

size_t timeline_read(timeline *tl, timeline_span *spans, size_t room, thag_err *err)
{
    size_t n = 0;

    *err = THAG_OK;
    while (!n && !tl->is_at_end && !*err) {
        n = tl->turns ? read_steps(tl, spans, room, err) : read_run(tl, spans, room, err);
    }
    if (!n && !*err) n = read_open(tl, spans, room, err);
    return *err ? 0 : n;
}
