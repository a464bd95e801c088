#include "output/table/tasks_writer.h"

#include <inttypes.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/table/figure.h"

static const char *state_name(task_state state)
{
    return state == TASK_ENDED ? "ended" : state == TASK_RUNNING ? "running" : "suspended";
}

/* ---- columns ---- */

/* Key in CSV and JSON, heading in text, value, unit, whether this trace has it. */
#define TASK_COLUMNS(X) \
    X("wall_ns", "wall", wall_ns, PROFILE_NS, 1) \
    X("active_ns", "active", active_ns, PROFILE_NS, 1) \
    X("wait_ns", "wait", wait_ns, PROFILE_NS, 1) \
    X("ready_ns", "ready", ready_ns, PROFILE_NS, 1) \
    X("resumes", "resumes", resumes, PROFILE_SAMPLES, 1) \
    X("migrations", "moved", migrations, PROFILE_SAMPLES, 1) \
    X("bytes", "bytes", bytes, PROFILE_BYTES, tasks->has_memory) \
    X("blocks", "blocks", blocks, PROFILE_SAMPLES, tasks->has_memory) \
    X("open", "open", open, PROFILE_SAMPLES, 1) \
    X("threads", "threads", threads, PROFILE_SAMPLES, tasks->has_threads)

/* How many there are. */
static size_t columns_of(const task_list *tasks, const task_row *r, figure out[FIGURES_MAX])
{
    const figure all[] = {
#define COLUMN(key, heading, member, unit, is_there) {key, heading, r->member, unit, is_there},
        TASK_COLUMNS(COLUMN)
#undef COLUMN
    };

    _Static_assert(sizeof all / sizeof *all <= FIGURES_MAX, "room for all of them");
    memcpy(out, all, sizeof all);
    return sizeof all / sizeof *all;
}

/* ---- text ---- */

typedef struct table {
    const task_list *tasks;
    int has_open;  /* else there is no column for that */
    int has_state; /* else all have ended */
    size_t rows, id_width, name_width, by_width;
    size_t widths[FIGURES_MAX];
} table;

/* "read#12" for a task that another one began, "main" for a span. */
static void spawner_text(char *text, size_t size, const task_row *row)
{
    if (row->spawner)
        snprintf(text, size, "#%" PRIu64, row->spawner);
    else
        snprintf(text, size, "%s", row->spawned_by);
}

static void widen(size_t *width, size_t to)
{
    if (*width < to) *width = to;
}

static size_t text_columns(const table *t, const task_row *row, figure c[FIGURES_MAX])
{
    size_t count = columns_of(t->tasks, row, c);

    c[count - 1].is_known = t->has_open;
    return count;
}

static void measure(table *t, size_t total_width)
{
    static const task_row none;
    figure c[FIGURES_MAX];
    size_t count, used, room;

    for (size_t i = 0; i < t->rows; i++) {
        t->has_open |= t->tasks->rows[i].open != 0;
        t->has_state |= t->tasks->rows[i].state != TASK_ENDED;
    }
    count = text_columns(t, &none, c);
    figures_start(t->widths, c, count);
    t->id_width = t->name_width = strlen("task");
    t->by_width = strlen("begun by");
    for (size_t i = 0; i < t->rows; i++) {
        const task_row *row = &t->tasks->rows[i];
        char text[QUANTITY_ROOM];

        snprintf(text, sizeof text, "%" PRIu64, row->id);
        widen(&t->id_width, strlen(text));
        widen(&t->name_width, figure_text_width(row->name));
        spawner_text(text, sizeof text, row);
        widen(&t->by_width, figure_text_width(text));
        text_columns(t, row, c);
        figures_measure(t->widths, c, count);
    }
    used = figures_width(t->widths, count) + t->id_width + 2 + 2 + (t->has_state ? 11 : 0);
    if (t->by_width > 20) t->by_width = 20;
    room = total_width > used + t->by_width + 12 ? total_width - used - t->by_width : 12;
    if (t->name_width > room) t->name_width = room;
}

static void put_heading(FILE *to, const table *t)
{
    static const task_row none;
    figure c[FIGURES_MAX];
    size_t count = text_columns(t, &none, c);

    figure_put_right(to, "#", t->id_width);
    fputs("  ", to);
    figure_put_left(to, "task", t->name_width);
    fputs("  ", to);
    figure_put_left(to, "begun by", t->by_width);
    figures_put_headings(to, t->widths, c, count);
    fputc('\n', to);
}

static void put_row(FILE *to, const table *t, const task_row *row)
{
    char text[QUANTITY_ROOM];
    figure c[FIGURES_MAX];
    size_t count = text_columns(t, row, c);

    fprintf(to, "%*" PRIu64 "  ", (int)t->id_width, row->id);
    figure_put_left(to, row->name, t->name_width);
    fputs("  ", to);
    spawner_text(text, sizeof text, row);
    figure_put_left(to, text, t->by_width);
    figures_put_text(to, t->widths, c, count);
    if (row->state != TASK_ENDED) fprintf(to, "  %s", state_name(row->state));
    fputc('\n', to);
}

static thag_err tasks_text(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const task_list *tasks = subject;
    table t = {.tasks = tasks, .rows = report_rows(opts, tasks->count)};
    char text[QUANTITY_ROOM];

    measure(&t, opts->width ? opts->width : 80);
    put_heading(to, &t);
    for (size_t i = 0; i < t.rows; i++) put_row(to, &t, &tasks->rows[i]);
    if (t.rows < tasks->count) {
        quantity_count(text, tasks->count - t.rows);
        fprintf(to, "%s more: --limit=N or --csv\n", text);
    }
    if (tasks->unlisted) {
        quantity_count(text, tasks->unlisted);
        fprintf(to, "%s further tasks ended after the timeline was full (THAG_TIMELINE_LIMIT)\n",
                text);
    }
    return report_end(to, why);
}

/* ---- CSV and JSON ---- */

static thag_err tasks_csv(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const task_list *tasks = subject;
    static const task_row none;
    figure c[FIGURES_MAX];
    size_t count = columns_of(tasks, &none, c);

    fputs("id,name,spawned_by,spawner_id,state,begin_ns", to);
    figures_put_csv_keys(to, c, count);
    fputs("\r\n", to);
    for (size_t i = 0; i < report_rows(opts, tasks->count); i++) {
        const task_row *row = &tasks->rows[i];

        fprintf(to, "%" PRIu64 ",", row->id);
        csv_text(to, row->name);
        fputc(',', to);
        csv_text(to, row->spawned_by);
        fputc(',', to);
        if (row->spawner) fprintf(to, "%" PRIu64, row->spawner);
        fprintf(to, ",\"%s\",%" PRIu64, state_name(row->state), row->begin_ns);
        columns_of(tasks, row, c);
        figures_put_csv(to, c, count);
        fputs("\r\n", to);
    }
    return report_end(to, why);
}

static void put_json_row(json *j, const task_list *tasks, const task_row *row)
{
    figure c[FIGURES_MAX];
    size_t count = columns_of(tasks, row, c);

    json_begin_object(j, NULL, 0);
    json_uint(j, "id", row->id);
    json_text(j, "name", row->name);
    json_text(j, "spawned_by", row->spawned_by);
    if (row->spawner)
        json_uint(j, "spawner_id", row->spawner);
    else
        json_null(j, "spawner_id");
    json_text(j, "state", state_name(row->state));
    json_uint(j, "begin_ns", row->begin_ns);
    figures_put_json(j, c, count);
    json_end(j);
}

static thag_err tasks_json(FILE *to, const void *subject, const report_opts *opts, fault *why)
{
    const task_list *tasks = subject;
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "program", opts->meta ? opts->meta->program : NULL);
    json_uint(&j, "task_count", tasks->count);
    json_uint(&j, "unlisted", tasks->unlisted);
    json_begin_array(&j, "tasks", 1);
    for (size_t i = 0; i < report_rows(opts, tasks->count); i++)
        put_json_row(&j, tasks, &tasks->rows[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return report_end(to, why);
}

const report tasks_report = {tasks_text, tasks_csv, tasks_json};
