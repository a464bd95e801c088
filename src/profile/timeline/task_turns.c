#include "profile/timeline/task_turns.h"

#include <stdlib.h>

/* What is known of one thread while it is read. */
typedef struct reading {
    task_turns *out;
    const timeline *tl;
    size_t room;
    uint32_t tid;
    size_t running; /* index of a task; task_count: none that is known */
    uint64_t since_ns;
} reading;

static size_t find_task(const task_turns *t, uint64_t id)
{
    size_t low = 0, high = t->task_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->tasks[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return id && low < t->task_count && t->tasks[low].id == id ? low : t->task_count;
}

static thag_err end_turn(reading *r, uint64_t at_ns)
{
    task_turns *out = r->out;

    /* Without a length it is no turn: one that ends a task from outside looks so. */
    if (r->running == out->task_count || at_ns <= r->since_ns) return THAG_OK;
    if (out->turn_count == TASK_TURNS_MAX) {
        out->left_out++;
        return THAG_OK;
    }
    if (out->turn_count == r->room) {
        size_t room = r->room ? 2 * r->room : 256;
        task_turn *grown = realloc(out->turns, room * sizeof *grown);

        if (!grown) return THAG_ERR_MEMORY;
        out->turns = grown;
        r->room = room;
    }
    out->turns[out->turn_count++] = (task_turn){r->since_ns, at_ns, r->tid, (uint32_t)r->running};
    return THAG_OK;
}

static thag_err read_thread(reading *r, size_t thread)
{
    trace *t = timeline_trace(r->tl);
    size_t count;
    uint64_t end_ns = timeline_moment_ns(r->tl, trace_threads(t, &count)[thread].end_ticks);
    trace_cursor *c;
    trace_step step;
    thag_err err = trace_cursor_new(&c, t, thread);

    r->tid = trace_threads(t, &count)[thread].tid;
    r->running = r->out->task_count;
    while (!err && trace_cursor_step(c, &step)) {
        if (step.kind == TRACE_STEP_SPAN) r->tid = step.span.tid;
        if (step.kind != TRACE_STEP_SWITCH) continue;
        err = end_turn(r, timeline_moment_ns(r->tl, step.ticks));
        r->running = find_task(r->out, step.task);
        r->since_ns = timeline_moment_ns(r->tl, step.ticks);
    }
    if (!err) err = end_turn(r, end_ns);
    trace_cursor_free(c);
    return err;
}

static int by_task_and_time(const void *left, const void *right)
{
    const task_turn *a = left, *b = right;

    if (a->task != b->task) return a->task < b->task ? -1 : 1;
    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return a->end_ns < b->end_ns ? -1 : a->end_ns > b->end_ns;
}

/* The clocks of two processors may differ by a little: turns of a task come one after the other. */
static void sort_turns(task_turns *t)
{
    if (t->turn_count) qsort(t->turns, t->turn_count, sizeof *t->turns, by_task_and_time);
    for (size_t i = 0; i < t->turn_count; i++) {
        task_turn *turn = &t->turns[i];
        task_track *task = &t->tasks[turn->task];

        if (!task->turn_count++) task->first_turn = i;
        if (turn->start_ns < task->begin_ns) turn->start_ns = task->begin_ns;
        if (task->turn_count > 1 && turn->start_ns < turn[-1].end_ns)
            turn->start_ns = turn[-1].end_ns;
        if (turn->end_ns > task->end_ns) turn->end_ns = task->end_ns;
        if (turn->end_ns < turn->start_ns) turn->end_ns = turn->start_ns;
    }
}

/* ---- where they were begun ---- */

/* The thread that alone has been in the span that began a task; 0: there are several, or none. */
static uint32_t only_thread_in(const trace *t, uint32_t node)
{
    size_t count, path_count;
    const trace_thread_info *threads = trace_threads(t, &count);
    const trace_path *paths = trace_paths(t, &path_count);
    uint32_t found = 0;

    for (size_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < threads[i].path_count; k++) {
            const trace_path *path = &paths[threads[i].first_path + k];

            if (path->node != node || (!path->calls && !path->open)) continue;
            if (found && found != threads[i].tid) return 0;
            found = threads[i].tid;
        }
    }
    return found;
}

static uint32_t thread_running(const task_turns *t, uint64_t id, uint64_t at_ns)
{
    size_t task = find_task(t, id);

    if (task == t->task_count) return 0;
    for (size_t i = 0; i < t->tasks[task].turn_count; i++) {
        const task_turn *turn = &t->turns[t->tasks[task].first_turn + i];

        if (turn->start_ns <= at_ns && at_ns <= turn->end_ns) return turn->tid;
    }
    return 0;
}

static void find_spawners(task_turns *t, const trace *from, const trace_task_info *tasks)
{
    uint32_t count, last_parent = 0, last_tid = 0;
    const trace_node *nodes = trace_nodes(from, &count);

    for (size_t i = 0; i < t->task_count; i++) {
        uint32_t parent = nodes[tasks[i].node].parent;

        size_t spawner = find_task(t, tasks[i].spawner);

        if (spawner < t->task_count) t->tasks[i].spawner = (uint32_t)spawner;
        if (tasks[i].spawner) {
            t->tasks[i].spawner_tid = thread_running(t, tasks[i].spawner, t->tasks[i].begin_ns);
        } else if (parent && parent != TRACE_NONE) {
            if (parent != last_parent) last_tid = only_thread_in(from, last_parent = parent);
            t->tasks[i].spawner_tid = last_tid;
        }
    }
}

/* ---- the whole ---- */

static thag_err read_all(task_turns *out, const timeline *tl)
{
    reading r = {.out = out, .tl = tl};
    trace *t = timeline_trace(tl);
    const trace_task_info *tasks;
    size_t threads;
    thag_err err = trace_tasks(t, &tasks, &out->task_count);

    if (err || !out->task_count) return err;
    out->tasks = calloc(out->task_count, sizeof *out->tasks);
    if (!out->tasks) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < out->task_count; i++) {
        out->tasks[i] = (task_track){.id = tasks[i].id,
                                     .begin_ns = timeline_moment_ns(tl, tasks[i].begin_ticks),
                                     .end_ns = timeline_moment_ns(tl, tasks[i].end_ticks),
                                     .node = timeline_node(tl, tasks[i].node),
                                     .spawner = PROFILE_NONE,
                                     .has_ended = tasks[i].has_ended};
    }
    trace_threads(t, &threads);
    for (size_t i = 0; i < threads && !err; i++) err = read_thread(&r, i);
    sort_turns(out);
    find_spawners(out, t, tasks);
    return err;
}

thag_err task_turns_new(task_turns **out, const timeline *tl)
{
    task_turns *t = calloc(1, sizeof *t);
    thag_err err = t ? THAG_OK : THAG_ERR_MEMORY;

    *out = NULL;
    if (!err && timeline_has_tasks(tl)) err = read_all(t, tl);
    if (!err) {
        *out = t;
        t = NULL;
    }
    task_turns_free(t);
    return err;
}

/* Of a task, the number of turns that begin before a moment. */
static size_t turns_before(const task_turns *t, const task_track *task, uint64_t at_ns)
{
    size_t low = 0, high = task->turn_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->turns[task->first_turn + middle].start_ns < at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t task_turns_begun_ns(const task_turns *t, uint32_t index, uint64_t end_ns, uint64_t ran_ns)
{
    const task_track *task = &t->tasks[index];
    uint64_t begun_ns = end_ns;

    for (size_t i = turns_before(t, task, end_ns); i-- > 0 && ran_ns;) {
        const task_turn *turn = &t->turns[task->first_turn + i];
        uint64_t ran = least(turn->end_ns, end_ns) - turn->start_ns, part = least(ran, ran_ns);

        begun_ns = turn->start_ns + (ran - part);
        ran_ns -= part;
    }
    return begun_ns;
}

uint64_t task_turns_ran_ns(const task_turns *t, uint32_t index, uint64_t from_ns, uint64_t to_ns)
{
    const task_track *task = &t->tasks[index];
    uint64_t ran_ns = 0;

    for (size_t i = turns_before(t, task, to_ns); i-- > 0;) {
        const task_turn *turn = &t->turns[task->first_turn + i];
        uint64_t end = least(turn->end_ns, to_ns);

        if (end <= from_ns) break;
        ran_ns += end - (turn->start_ns > from_ns ? turn->start_ns : from_ns);
    }
    return ran_ns;
}

/* ---- those that ran longest ---- */

typedef struct candidate {
    uint32_t task;
    uint64_t ran_ns;
} candidate;

static int by_ran(const void *left, const void *right)
{
    const candidate *a = left, *b = right;

    if (a->ran_ns != b->ran_ns) return a->ran_ns > b->ran_ns ? -1 : 1;
    return a->task < b->task ? -1 : a->task > b->task;
}

static int by_index(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

uint32_t *task_turns_longest(const task_turns *t, uint64_t from_ns, uint64_t to_ns, uint32_t most,
                             uint32_t *count, uint32_t *more)
{
    candidate *all = malloc((t->task_count + 1) * sizeof *all);
    uint32_t *chosen = malloc((most + (size_t)1) * sizeof *chosen), n = 0;

    for (uint32_t i = 0; all && i < t->task_count; i++) {
        const task_track *task = &t->tasks[i];

        if (task->node == PROFILE_ROOT || task->begin_ns > to_ns || task->end_ns < from_ns)
            continue;
        all[n++] = (candidate){i, task_turns_ran_ns(t, i, from_ns, to_ns)};
    }
    *count = n < most ? n : most;
    *more = n - *count;
    if (all && chosen) {
        qsort(all, n, sizeof *all, by_ran);
        for (uint32_t i = 0; i < *count; i++) chosen[i] = all[i].task;
        qsort(chosen, *count, sizeof *chosen, by_index);
    } else {
        free(chosen);
        chosen = NULL;
    }
    free(all);
    return chosen;
}

void task_turns_free(task_turns *t)
{
    if (!t) return;
    free(t->tasks);
    free(t->turns);
    free(t);
}
