#include "output/picture/chart_tasks.h"

#include <inttypes.h>
#include <string.h>

#include "output/markup.h"
#include "output/picture/svg_page.h"
#include "output/quantity.h"

#define RUNS_MAX   10000u /* beyond, more turns are put together */
#define BEGINS_MAX 2000u  /* threads whose begin is drawn; beyond, of those close by the first */
#define MANY       12u    /* arrows: so many that they are to be paler */

/* A part of a task's life that is drawn as one. */
typedef struct run {
    uint64_t start_ns, end_ns, ran_ns;
    uint64_t waited_ns;  /* before it */
    uint32_t turns, tid; /* of the first */
} run;

/* ---- what there is ---- */

static uint64_t cut(const chart *c, uint64_t ns)
{
    return ns < c->from_ns ? c->from_ns : ns > c->to_ns ? c->to_ns : ns;
}

static uint32_t strip_y(const chart_tasks *t, const chart_lane *lane)
{
    return t->row_y[lane - t->c->lanes] - t->strip_gap_px;
}

/* The lane of a thread itself; NULL: it has none in this picture. */
static const chart_lane *thread_lane(const chart *c, uint32_t tid)
{
    for (uint32_t i = 0; tid && i < c->first_task; i++)
        if (c->lanes[i].tid == tid) return &c->lanes[i];
    return NULL;
}

static const chart_lane *task_lane(const chart *c, uint32_t task)
{
    const chart_lane *lanes = c->lanes + c->first_task;

    for (uint32_t i = 0; task != PROFILE_NONE && i < c->task_count; i++)
        if (lanes[i].task == task) return &lanes[i];
    return NULL;
}

static uint32_t lane_bottom(const chart_tasks *t, const chart_lane *lane)
{
    return t->row_y[lane - t->c->lanes] + lane->row_count * t->row_px;
}

/* Below the row of the span of a lane that began something. */
static uint32_t spawner_y(const chart_tasks *t, const chart_lane *lane, uint32_t node)
{
    uint32_t base =
        lane->task == PROFILE_NONE ? 0 : timeline_depth(t->tl, t->turns->tasks[lane->task].node);
    uint32_t depth = node == PROFILE_ROOT ? 0 : timeline_depth(t->tl, node) + 1;
    uint32_t row = depth > base ? depth - base : 0;

    if (row > lane->row_count) row = lane->row_count;
    return t->row_y[lane - t->c->lanes] + row * t->row_px;
}

static const char *name_of(const chart_tasks *t, uint32_t node)
{
    return node == PROFILE_ROOT ? "" : t->p->frames[t->p->frame[node]].label;
}

/* ---- elements ---- */

static double percent(const chart *c, uint64_t ns)
{
    return c->to_ns > c->from_ns ? 100 * (double)ns / (double)(c->to_ns - c->from_ns) : 0;
}

static void put_moments(FILE *to, const chart *c, uint64_t start_ns, uint64_t length_ns)
{
    fputs(" data-at=\"", to);
    svg_put_base36(to, (int64_t)(start_ns - c->from_ns));
    putc(',', to);
    svg_put_base36(to, (int64_t)length_ns);
    putc('"', to);
    svg_put_percent(to, "x", percent(c, start_ns - c->from_ns));
}

/* A part of the strip, up to its title. */
static void put_part(FILE *to, const chart_tasks *t, const chart_lane *lane, const char *kind,
                     uint64_t start_ns, uint64_t end_ns)
{
    fprintf(to, "<rect class=\"%s\" y=\"%" PRIu32 "\" height=\"%u\"", kind, strip_y(t, lane),
            CHART_STRIP_PX);
    put_moments(to, t->c, start_ns, end_ns - start_ns);
    svg_put_percent(to, "width", percent(t->c, end_ns - start_ns));
    fputs("><title>", to);
}

static void put_life(FILE *to, const chart_tasks *t, const chart_lane *lane, const task_track *task)
{
    char from[QUANTITY_ROOM], length[QUANTITY_ROOM];

    quantity_time(from, task->begin_ns);
    quantity_time(length, task->end_ns - task->begin_ns);
    put_part(to, t, lane, "life", cut(t->c, task->begin_ns), cut(t->c, task->end_ns));
    fprintf(to, "waiting; begun at %s, lived %s%s</title></rect>\n", from, length,
            task->has_ended ? "" : ", not ended");
}

/* From there to another lane, whose head it points at. */
static void put_arrow(FILE *to, const chart_tasks *t, const char *kind, uint64_t at_ns,
                      uint32_t from_y, uint32_t to_y)
{
    int length = (int)to_y - (int)from_y, tip = length < 0 ? 5 : -5;

    if (at_ns < t->c->from_ns || at_ns > t->c->to_ns) return;
    fprintf(to, "<svg class=\"%s\" y=\"%" PRIu32 "\" width=\"1\" height=\"1\"", kind, from_y);
    put_moments(to, t->c, at_ns, 0);
    fprintf(to, "><path d=\"M0 0V%dm-3 %dl3 %dl3 %d\"/></svg>\n", length, tip, -tip, tip);
}

static void put_spawn(FILE *to, const chart_tasks *t, const chart_lane *lane,
                      const task_track *task)
{
    const chart_lane *lane_of = task_lane(t->c, task->spawner),
                     *from = lane_of ? lane_of : thread_lane(t->c, task->spawner_tid);
    uint32_t from_y = from ? spawner_y(t, from, t->p->parent[task->node]) : 0;

    /* From below it would lead over other tasks. */
    if (from_y && from_y < strip_y(t, lane))
        put_arrow(to, t, "spawn", task->begin_ns, from_y, strip_y(t, lane));
}

static void put_run(FILE *to, const chart_tasks *t, const chart_lane *lane, const run *r)
{
    const chart_lane *thread = thread_lane(t->c, r->tid);
    char ran[QUANTITY_ROOM], from[QUANTITY_ROOM], waited[QUANTITY_ROOM];

    quantity_time(ran, r->ran_ns);
    quantity_time(from, r->start_ns);
    quantity_time(waited, r->waited_ns);
    put_part(to, t, lane, "run", r->start_ns, r->end_ns);
    if (r->turns > 1) fprintf(to, "%" PRIu32 " times, ", r->turns);
    fprintf(to, "ran %s at %s on thread %" PRIu32 ", after %s of waiting</title></rect>\n", ran,
            from, r->tid, waited);
    if (thread && lane_bottom(t, thread) < strip_y(t, lane))
        put_arrow(to, t, "resume", r->start_ns, lane_bottom(t, thread), strip_y(t, lane));
}

/* Turns with less than a grain between them are one run. How many they are; to NULL: only that. */
static size_t put_runs(FILE *to, const chart_tasks *t, const chart_lane *lane, uint64_t grain_ns)
{
    const task_track *task = &t->turns->tasks[lane->task];
    run r = {.end_ns = cut(t->c, task->begin_ns)};
    size_t count = 0;

    for (size_t i = 0; i < task->turn_count; i++) {
        const task_turn *turn = &t->turns->turns[task->first_turn + i];
        uint64_t start = cut(t->c, turn->start_ns), end = cut(t->c, turn->end_ns);

        if (turn->end_ns < t->c->from_ns || turn->start_ns > t->c->to_ns) continue;
        if (r.turns && start - r.end_ns < grain_ns) {
            r.end_ns = end;
            r.ran_ns += end - start;
            r.turns++;
            continue;
        }
        if (r.turns && to) put_run(to, t, lane, &r);
        r = (run){start, end, end - start, start - r.end_ns, 1, turn->tid};
        count++;
    }
    if (r.turns && to) put_run(to, t, lane, &r);
    return count;
}

/* The one that keeps the number of runs in bounds. */
static uint64_t grain_of(const chart_tasks *t)
{
    const chart *c = t->c;

    for (uint64_t grain_ns = c->grain_ns;; grain_ns *= 2) {
        size_t count = 0;

        for (uint32_t i = 0; i < c->task_count; i++)
            count += put_runs(NULL, t, &c->lanes[c->first_task + i], grain_ns);
        if (count <= RUNS_MAX || grain_ns > c->to_ns - c->from_ns) return grain_ns;
    }
}

static void put_tasks(FILE *to, const chart_tasks *t)
{
    const chart *c = t->c;
    uint64_t grain_ns = c->task_count ? grain_of(t) : 0;

    for (uint32_t i = 0; i < c->task_count; i++) {
        const chart_lane *lane = &c->lanes[c->first_task + i];
        const task_track *task = &t->turns->tasks[lane->task];

        fputs("<g>", to);
        put_life(to, t, lane, task);
        put_spawn(to, t, lane, task);
        put_runs(to, t, lane, grain_ns);
        fputs("</g>\n", to);
    }
}

/* ---- threads ---- */

/* The lane of what records into a slot; NULL: it has none in this picture. */
static const chart_lane *slot_lane(const chart_tasks *t, uint32_t slot)
{
    size_t count;
    const trace_thread_info *threads = trace_threads(timeline_trace(t->tl), &count);

    for (uint32_t i = 0; i < t->c->first_task; i++)
        if (threads[t->c->lanes[i].thread].slot == slot) return &t->c->lanes[i];
    return NULL;
}

/* The lane of what ran when a thread was asked for: of that task, or of the thread. */
static const chart_lane *spawner_lane(const chart_tasks *t, const trace_origin_info *o)
{
    for (uint32_t i = 0; o->spawner && t->turns && i < t->c->task_count; i++) {
        const chart_lane *lane = &t->c->lanes[t->c->first_task + i];

        if (t->turns->tasks[lane->task].id == o->spawner) return lane;
    }
    return slot_lane(t, o->spawner_slot);
}

static void put_begin(FILE *to, const chart_tasks *t, const trace_origin_info *o,
                      const chart_lane *lane, uint64_t asked_ns)
{
    const chart_lane *from = spawner_lane(t, o);
    uint64_t start_ns = cut(t->c, timeline_moment_ns(t->tl, o->start_ticks));
    uint32_t node = timeline_node(t->tl, o->node), y = t->row_y[lane - t->c->lanes] - 3;
    uint32_t from_y = from ? spawner_y(t, from, node) : 0;
    char asked[QUANTITY_ROOM], later[QUANTITY_ROOM];

    quantity_time(asked, asked_ns);
    quantity_time(later, start_ns - asked_ns);
    fprintf(to, "<g><rect class=\"begin\" y=\"%" PRIu32 "\" height=\"2\"", y);
    put_moments(to, t->c, asked_ns, start_ns - asked_ns);
    svg_put_percent(to, "width", percent(t->c, start_ns - asked_ns));
    fprintf(to, "><title>thread %" PRIu32 ", begun at %s by thread %" PRIu32, o->tid, asked,
            o->spawner_tid);
    if (*name_of(t, node)) fputs(" in ", to);
    markup_put(to, name_of(t, node), strlen(name_of(t, node)), 100);
    fprintf(to, "; recorded %s later</title></rect>\n", later);
    if (from_y > y) from_y -= t->row_px; /* upwards, from above the span */
    if (from) put_arrow(to, t, "spawn", asked_ns, from_y, y);
    fputs("</g>\n", to);
}

/* Those with less than a gap between them are one. How many they are; to NULL: only that. */
static size_t put_begins(FILE *to, const chart_tasks *t, uint64_t gap_ns)
{
    size_t count, drawn = 0;
    const trace_origin_info *origins = trace_origins(timeline_trace(t->tl), &count);
    const chart_lane *last = NULL;
    uint64_t last_ns = 0;

    for (size_t i = 0; i < count; i++) {
        const chart_lane *lane = slot_lane(t, origins[i].slot);
        uint64_t asked_ns = timeline_moment_ns(t->tl, origins[i].asked_ticks);

        if (!lane || asked_ns < t->c->from_ns || asked_ns > t->c->to_ns) continue;
        if (lane == last && asked_ns - last_ns < gap_ns) continue;
        if (to) put_begin(to, t, &origins[i], lane, asked_ns);
        last = lane;
        last_ns = asked_ns;
        drawn++;
    }
    return drawn;
}

void chart_begin_text(char *text, size_t room, const chart_tasks *t, const chart_lane *lane)
{
    size_t count, begins = 0;
    const trace_origin_info *origins = trace_origins(timeline_trace(t->tl), &count), *of = NULL;

    *text = '\0';
    for (size_t i = 0; i < count && begins < 2; i++) {
        if (slot_lane(t, origins[i].slot) != lane) continue;
        of = &origins[i];
        begins++;
    }
    if (begins != 1 || lane->owners > 1 || of->tid != lane->tid) return;
    if (*name_of(t, timeline_node(t->tl, of->node)))
        snprintf(text, room, " \xC2\xB7 begun in %.60s",
                 name_of(t, timeline_node(t->tl, of->node)));
}

/* ---- all ---- */

void chart_tasks_put(FILE *to, const chart_tasks *t)
{
    uint64_t gap_ns = t->c->grain_ns;
    size_t begins = put_begins(NULL, t, gap_ns);

    while (begins > BEGINS_MAX && gap_ns <= t->c->to_ns - t->c->from_ns)
        begins = put_begins(NULL, t, gap_ns *= 2);
    if (!t->c->task_count && !begins) return;
    fprintf(to, "<g class=\"flow%s\">\n", begins + t->c->task_count > MANY ? " many" : "");
    put_begins(to, t, gap_ns);
    put_tasks(to, t);
    fputs("</g>\n", to);
}

/* ---- the heading ---- */

void chart_task_text(char *text, size_t room, const chart_tasks *t, const chart_lane *lane)
{
    const task_track *task = &t->turns->tasks[lane->task];
    const char *by = name_of(t, t->p->parent[task->node]);
    char ran[QUANTITY_ROOM], lived[QUANTITY_ROOM], times[QUANTITY_ROOM];

    quantity_time(ran, task_turns_ran_ns(t->turns, lane->task, task->begin_ns, task->end_ns));
    quantity_time(lived, task->end_ns - task->begin_ns);
    quantity_count(times, task->turn_count);
    snprintf(text, room, "%.100s#%" PRIu64 " \xC2\xB7 ran %s of %s%s \xC2\xB7 %s time%s%s%.60s",
             name_of(t, task->node), task->id, ran, lived, task->has_ended ? "" : ", not ended",
             times, task->turn_count == 1 ? "" : "s", *by ? " \xC2\xB7 begun in " : "", by);
}
