#include "output/tasks_writer.h"

#include <inttypes.h>
#include <string.h>

#include "output/json_writer.h"
#include "output/quantity.h"
#include "output/utf8.h"

static thag_err finish(FILE *to, fault *why)
{
    if (!ferror(to)) return THAG_OK;
    return fault_set(why, THAG_ERR_WRITE, UINT64_MAX, "writing the list of tasks");
}

static const char *state_name(task_state state)
{
    return state == TASK_ENDED ? "ended" : state == TASK_RUNNING ? "running" : "suspended";
}

static size_t shown(const task_list *tasks, const stats_write_opts *opts)
{
    return opts->limit && opts->limit < tasks->count ? opts->limit : tasks->count;
}

/* ---- columns ---- */

typedef enum column_unit { UNIT_COUNT, UNIT_NS, UNIT_BYTES } column_unit;

/* Key in CSV and JSON, heading in text, value, unit, whether only memory profiling has it. */
#define TASK_COLUMNS(X) \
    X("wall_ns", "wall", wall_ns, UNIT_NS, 0) \
    X("active_ns", "active", active_ns, UNIT_NS, 0) \
    X("wait_ns", "wait", wait_ns, UNIT_NS, 0) \
    X("ready_ns", "ready", ready_ns, UNIT_NS, 0) \
    X("resumes", "resumes", resumes, UNIT_COUNT, 0) \
    X("migrations", "moved", migrations, UNIT_COUNT, 0) \
    X("bytes", "bytes", bytes, UNIT_BYTES, 1) \
    X("blocks", "blocks", blocks, UNIT_COUNT, 1) \
    X("open", "open", open, UNIT_COUNT, 0)

typedef struct column {
    const char *key, *heading;
    uint64_t value;
    column_unit unit;
    int needs_memory;
} column;

enum { COLUMNS = 9 };

static void columns_of(const task_row *r, column out[COLUMNS])
{
    const column all[] = {
#define COLUMN_VALUE(key, heading, member, unit, memory) {key, heading, r->member, unit, memory},
        TASK_COLUMNS(COLUMN_VALUE)
#undef COLUMN_VALUE
    };

    _Static_assert(sizeof all / sizeof *all == COLUMNS, "all of them");
    memcpy(out, all, sizeof all);
}

/* ---- text ---- */

static void cell_text(char *text, const column *c)
{
    int64_t value = c->value < INT64_MAX ? (int64_t)c->value : INT64_MAX;

    if (c->unit == UNIT_COUNT)
        quantity_count(text, c->value);
    else
        quantity_text(text, c->unit == UNIT_NS ? PROFILE_NS : PROFILE_BYTES, value, NULL);
}

static size_t text_width(const char *text)
{
    return utf8_put_plain(NULL, text, strlen(text), SIZE_MAX);
}

static void put_right(FILE *to, const char *text, size_t width)
{
    for (size_t have = text_width(text); have < width; have++) fputc(' ', to);
    fputs(text, to);
}

static void put_left(FILE *to, const char *text, size_t width)
{
    size_t have = utf8_put_plain(to, text, strlen(text), width);

    for (; have < width; have++) fputc(' ', to);
}

typedef struct table {
    const task_list *tasks;
    size_t rows, id_width, name_width, by_width;
    size_t widths[COLUMNS]; /* 0: not shown */
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

static void measure(table *t, size_t total_width)
{
    static const task_row none;
    column c[COLUMNS];
    size_t used = 0, room;

    columns_of(&none, c);
    for (int k = 0; k < COLUMNS; k++) {
        t->widths[k] = t->tasks->has_memory || !c[k].needs_memory ? strlen(c[k].heading) : 0;
    }
    t->id_width = t->name_width = strlen("task");
    t->by_width = strlen("begun by");
    for (size_t i = 0; i < t->rows; i++) {
        const task_row *row = &t->tasks->rows[i];
        char text[QUANTITY_ROOM];

        snprintf(text, sizeof text, "%" PRIu64, row->id);
        widen(&t->id_width, strlen(text));
        widen(&t->name_width, text_width(row->name));
        spawner_text(text, sizeof text, row);
        widen(&t->by_width, text_width(text));
        columns_of(row, c);
        for (int k = 0; k < COLUMNS; k++) {
            cell_text(text, &c[k]);
            if (t->widths[k]) widen(&t->widths[k], text_width(text));
        }
    }
    for (int k = 0; k < COLUMNS; k++) used += t->widths[k] ? t->widths[k] + 2 : 0;
    used += t->id_width + 2 + 2 + 11; /* and the state */
    if (t->by_width > 20) t->by_width = 20;
    room = total_width > used + t->by_width + 12 ? total_width - used - t->by_width : 12;
    if (t->name_width > room) t->name_width = room;
}

static void put_heading(FILE *to, const table *t)
{
    static const task_row none;
    column c[COLUMNS];

    columns_of(&none, c);
    put_right(to, "#", t->id_width);
    fputs("  ", to);
    put_left(to, "task", t->name_width);
    fputs("  ", to);
    put_left(to, "begun by", t->by_width);
    for (int k = 0; k < COLUMNS; k++) {
        if (!t->widths[k]) continue;
        fputs("  ", to);
        put_right(to, c[k].heading, t->widths[k]);
    }
    fputc('\n', to);
}

static void put_row(FILE *to, const table *t, const task_row *row)
{
    char text[QUANTITY_ROOM];
    column c[COLUMNS];

    fprintf(to, "%*" PRIu64 "  ", (int)t->id_width, row->id);
    put_left(to, row->name, t->name_width);
    fputs("  ", to);
    spawner_text(text, sizeof text, row);
    put_left(to, text, t->by_width);
    columns_of(row, c);
    for (int k = 0; k < COLUMNS; k++) {
        if (!t->widths[k]) continue;
        cell_text(text, &c[k]);
        fputs("  ", to);
        put_right(to, text, t->widths[k]);
    }
    if (row->state != TASK_ENDED) fprintf(to, "  %s", state_name(row->state));
    fputc('\n', to);
}

thag_err tasks_write_text(FILE *to, const task_list *tasks, const stats_write_opts *opts,
                          fault *why)
{
    table t = {.tasks = tasks, .rows = shown(tasks, opts)};
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
    return finish(to, why);
}

/* ---- CSV and JSON ---- */

static void put_csv_text(FILE *to, const char *text)
{
    fputc('"', to);
    if (text[0] && strchr("=+-@\t\r", text[0])) fputc('\'', to);
    for (; *text; text++) {
        size_t part = strcspn(text, "\"");

        utf8_put_plain(to, text, part, SIZE_MAX);
        text += part;
        if (!*text) break;
        fputs("\"\"", to);
    }
    fputc('"', to);
}

thag_err tasks_write_csv(FILE *to, const task_list *tasks, const stats_write_opts *opts, fault *why)
{
    static const task_row none;
    column c[COLUMNS];

    columns_of(&none, c);
    fputs("id,name,spawned_by,spawner_id,state,begin_ns", to);
    for (int k = 0; k < COLUMNS; k++) fprintf(to, ",%s", c[k].key);
    fputs("\r\n", to);
    for (size_t i = 0; i < shown(tasks, opts); i++) {
        const task_row *row = &tasks->rows[i];

        fprintf(to, "%" PRIu64 ",", row->id);
        put_csv_text(to, row->name);
        fputc(',', to);
        put_csv_text(to, row->spawned_by);
        fputc(',', to);
        if (row->spawner) fprintf(to, "%" PRIu64, row->spawner);
        fprintf(to, ",\"%s\",%" PRIu64, state_name(row->state), row->begin_ns);
        columns_of(row, c);
        for (int k = 0; k < COLUMNS; k++) {
            fputc(',', to);
            if (tasks->has_memory || !c[k].needs_memory) fprintf(to, "%" PRIu64, c[k].value);
        }
        fputs("\r\n", to);
    }
    return finish(to, why);
}

static void put_json_row(json *j, const task_list *tasks, const task_row *row)
{
    column c[COLUMNS];

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
    columns_of(row, c);
    for (int k = 0; k < COLUMNS; k++) {
        if (tasks->has_memory || !c[k].needs_memory)
            json_uint(j, c[k].key, c[k].value);
        else
            json_null(j, c[k].key);
    }
    json_end(j);
}

thag_err tasks_write_json(FILE *to, const task_list *tasks, const run_facts *meta,
                          const stats_write_opts *opts, fault *why)
{
    json j;

    json_init(&j, to);
    json_begin_object(&j, NULL, 1);
    json_text(&j, "program", meta->program);
    json_uint(&j, "task_count", tasks->count);
    json_uint(&j, "unlisted", tasks->unlisted);
    json_begin_array(&j, "tasks", 1);
    for (size_t i = 0; i < shown(tasks, opts); i++) put_json_row(&j, tasks, &tasks->rows[i]);
    json_end(&j);
    json_end(&j);
    json_finish(&j);
    return finish(to, why);
}
