/*
 * trace_tasks.c - the tasks of a trace: records of those that had not ended, ends of the others in the
 * timelines; what they waited; and the notes.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_slot.h"

/* ---- waiting ---- */

thag_err slot_read_wait(slot_work *w, const chunk_ref *ref, uint32_t pos)
{
    trace_wait from;
    trace_path *path;
    thag_err err;

    memcpy(&from, w->buffer + pos, sizeof from);
    err = slot_path_of_block(w, ref, pos, from.node, "waiting", &path);
    if (err || !path) return err;
    path->waits = add_capped(path->waits, from.waits);
    path->wait_ticks = add_capped(path->wait_ticks, from.ticks);
    path->wait_ready_ticks = add_capped(path->wait_ready_ticks, from.ready_ticks);
    if (from.max_ticks > path->wait_max_ticks) path->wait_max_ticks = from.max_ticks;
    return THAG_OK;
}

/* ---- tasks that had not ended ---- */

static thag_err add_task(trace *t, const trace_task_info *info)
{
    if (!trace_grow((void **)&t->tasks, &t->task_cap, t->task_count, sizeof *t->tasks)) {
        return THAG_ERR_MEMORY;
    }
    t->tasks[t->task_count++] = *info;
    return THAG_OK;
}

/* The piece of a chunk that has the frames of a task. */
static thag_err load_frames(slot_work *w, const trace_task *task)
{
    const chunk_list *list = &w->t->chunks[TRACE_TASK_FRAMES];
    uint32_t pos = task->frames_pos * 64u;
    size_t bytes = task->frame_count * sizeof(trace_frame);
    size_t i = 0;

    while (i < list->count && list->items[i].chunk != task->frames_chunk) i++;
    if (i == list->count || pos + bytes > TRACE_CHUNK_BYTES) {
        trace_note(w->t, w->frames_offset, "no frames of task %llu in chunk %u",
                   (unsigned long long)task->id, task->frames_chunk);
        return THAG_OK;
    }
    w->frames_offset = CHUNK_OFFSET(task->frames_chunk) + pos;
    if (w->t->source.read(w->t->source.context, w->frames_offset, w->buffer, bytes) <
        (int64_t)bytes) {
        trace_note(w->t, w->frames_offset, "frames could not be read");
        return THAG_OK;
    }
    return slot_keep_frames(w, w->buffer, bytes) ? THAG_OK : THAG_ERR_MEMORY;
}

/* The span that its thread ended last may stand in its frames still. */
static void drop_ended(slot_work *w, trace_task *task)
{
    const trace *t = w->t;

    for (size_t i = 0; i < t->thread_count; i++) {
        const slot_tail *tail = &t->tails[i];

        if (t->threads[i].slot != task->slot || tail->last_node == TRACE_NONE) continue;
        task->turn.shift_ticks +=
            slot_drop_ended(w, tail->last_node, tail->last_ticks, tail->last_end);
    }
}

/* The run of the task itself is a call of its node, and open. */
static thag_err keep_run(slot_work *w, const trace_task *task)
{
    trace_path *path;
    size_t at = slot_path(w, task->node);

    if (at == SIZE_MAX) return THAG_ERR_MEMORY;
    path = &w->t->paths[at];
    path->open++;
    path->open_timed++;
    path->open_suspended += task->turn.since_ticks != 0;
    path->open_ticks += task->turn.since_ticks - task->begin_ticks - task->turn.shift_ticks;
    return THAG_OK;
}

static int is_sound(slot_work *w, const trace_task *task)
{
    const trace *t = w->t;
    uint64_t since = task->turn.since_ticks;

    if (task->node && task->node < t->node_count && slot_is_plausible(t, task->begin_ticks) &&
        (!since || slot_is_plausible(t, since))) {
        return 1;
    }
    trace_note(w->t, w->frames_offset, "task %llu of node %u makes no sense",
               (unsigned long long)task->id, task->node);
    return 0;
}

static void see_open(const slot_work *w, trace_task_info *info)
{
    for (size_t i = 1; i < w->frame_count; i++) {
        if (w->frames[i].start_ticks == TRACE_CLOSED) continue;
        info->open++;
        if (w->frames[i].node < w->t->node_count) info->wait_node = w->frames[i].node;
    }
}

/* Its run is counted already, as the last span of the slot where it ended. 0: it is not. */
static uint64_t counted_end(const trace *t, const trace_task *task)
{
    uint64_t start = task->begin_ticks + task->turn.shift_ticks;

    for (size_t i = 0; i < t->thread_count; i++) {
        const slot_tail *tail = &t->tails[i];

        if (tail->last_node == task->node && tail->last_end - tail->last_ticks == start) {
            return tail->last_end;
        }
    }
    return 0;
}

static thag_err load_task(slot_work *w, trace_task *task)
{
    const trace_turn *turn = &task->turn;
    trace_task_info info = {.id = task->id,
                            .spawner = task->spawner,
                            .begin_ticks = task->begin_ticks,
                            .end_ticks = turn->since_ticks,
                            .waited_ticks = turn->shift_ticks,
                            .ready_ticks = task->ready_ticks,
                            .blocks = turn->blocks,
                            .bytes = turn->bytes,
                            .node = task->node,
                            .wait_node = task->node,
                            .resumes = task->resumes,
                            .migrations = task->migrations,
                            .is_running = turn->since_ticks == 0};
    thag_err err = THAG_OK;
    uint64_t end = counted_end(w->t, task);

    if (end) {
        info.end_ticks = end;
        info.has_ended = 1;
        info.is_running = 0;
        return add_task(w->t, &info);
    }
    w->frame_count = 0;
    w->turn = *turn;
    if (task->frames_chunk != TRACE_NONE) err = load_frames(w, task);
    if (err) return err;
    slot_start_frames(w);
    drop_ended(w, task);
    info.waited_ticks = turn->shift_ticks;
    slot_see_moment(w, task->begin_ticks, "begin of a task");
    slot_see_moment(w, turn->since_ticks, "end of a task's turn");
    see_open(w, &info);
    err = keep_run(w, task);
    if (!err) err = slot_keep_open(w);
    return err ? err : add_task(w->t, &info);
}

/* The rest of a task's time is known when the end of the session is. */
static void settle_tasks(trace *t)
{
    for (size_t i = 0; i < t->task_count; i++) {
        trace_task_info *info = &t->tasks[i];
        uint64_t since = info->end_ticks;

        if (info->has_ended) continue;
        info->end_ticks = t->end_ticks;
        if (since && since < t->end_ticks) info->open_wait_ticks = t->end_ticks - since;
        info->waited_ticks += info->open_wait_ticks;
    }
}

static thag_err load_chunk(slot_work *w, const chunk_ref *ref, uint8_t *buffer)
{
    thag_err err = THAG_OK;

    trace_load_chunk(w->t, ref, buffer);
    for (uint32_t pos = TRACE_TASKS_POS; !err && pos + sizeof(trace_task) <= ref->used;
         pos += sizeof(trace_task)) {
        trace_task task;

        memcpy(&task, buffer + pos, sizeof task);
        w->frames_offset = CHUNK_OFFSET(ref->chunk) + pos;
        if (task.id && is_sound(w, &task)) err = load_task(w, &task);
    }
    return err;
}

static thag_err load_notes(trace *t, const chunk_ref *ref, uint8_t *buffer)
{
    trace_note_record r;

    trace_load_chunk(t, ref, buffer);
    for (uint32_t pos = sizeof(trace_chunk); pos + sizeof r <= ref->used; pos += r.bytes) {
        char *text;

        memcpy(&r, buffer + pos, sizeof r);
        if (r.bytes < sizeof r + r.text_len || r.bytes > ref->used - pos || r.bytes % 8) {
            trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "a note of %u bytes", r.bytes);
            return THAG_OK;
        }
        if (!trace_grow((void **)&t->notes, &t->note_cap, t->note_count, sizeof *t->notes)) {
            return THAG_ERR_MEMORY;
        }
        text = malloc((size_t)r.text_len + 1);
        if (!text) return THAG_ERR_MEMORY;
        memcpy(text, buffer + pos + sizeof r, r.text_len);
        text[r.text_len] = 0;
        t->notes[t->note_count++] = (trace_note_info){r.loss, text};
    }
    return THAG_OK;
}

thag_err slot_load_tasks(slot_work *w)
{
    trace *t = w->t;
    const chunk_list *tasks = &t->chunks[TRACE_TASKS], *notes = &t->chunks[TRACE_NOTES];
    uint8_t *buffer = malloc(TRACE_CHUNK_BYTES);
    thag_err err = buffer ? THAG_OK : THAG_ERR_MEMORY;

    w->first_path = t->task_first_path = t->path_count;
    for (size_t i = 0; !err && i < tasks->count; i++) err = load_chunk(w, &tasks->items[i], buffer);
    for (size_t i = 0; !err && i < notes->count; i++) err = load_notes(t, &notes->items[i], buffer);
    free(buffer);
    return err;
}

/* ---- tasks that had ended ---- */

static thag_err add_ended(trace *t, const trace_task_end *end)
{
    trace_task_info info = {.id = end->id,
                            .spawner = end->spawner,
                            .begin_ticks = end->begin_ticks,
                            .end_ticks = end->end_ticks,
                            .waited_ticks = end->shift_ticks,
                            .ready_ticks = end->ready_ticks,
                            .blocks = end->blocks,
                            .bytes = end->bytes,
                            .node = end->node,
                            .resumes = end->resumes,
                            .migrations = end->migrations,
                            .open = end->open,
                            .has_ended = 1};

    if (!end->id || end->node == 0 || end->node >= t->node_count ||
        end->begin_ticks > end->end_ticks || end->shift_ticks > end->end_ticks - end->begin_ticks) {
        trace_note(t, UINT64_MAX, "the end of task %llu makes no sense",
                   (unsigned long long)end->id);
        return THAG_OK;
    }
    return add_task(t, &info);
}

static int by_id(const void *left, const void *right)
{
    const trace_task_info *a = left, *b = right;

    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return a->has_ended - b->has_ended;
}

thag_err trace_tasks(trace *t, const trace_task_info **tasks, size_t *count)
{
    trace_step step;
    thag_err err = THAG_OK;

    for (size_t i = 0; !t->has_ended_tasks && !err && i < t->thread_count; i++) {
        trace_cursor *c;

        err = trace_cursor_new(&c, t, i);
        while (!err && trace_cursor_step(c, &step)) {
            if (step.kind == TRACE_STEP_TASK) err = add_ended(t, &step.ended);
        }
        trace_cursor_free(c);
    }
    if (!err && !t->has_ended_tasks) {
        t->has_ended_tasks = 1;
        settle_tasks(t);
        if (t->task_count) qsort(t->tasks, t->task_count, sizeof *t->tasks, by_id);
    }
    *tasks = t->tasks;
    *count = err ? 0 : t->task_count;
    return err;
}
