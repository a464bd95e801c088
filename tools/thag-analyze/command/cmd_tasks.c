/*
 * cmd_tasks.c - the tasks of a trace, one by one.
 */
#include "output/table/tasks_writer.h"
#include "thag-analyze/command/analyze.h"

typedef struct settings {
    size_t limit, width, sort;
} settings;

static const settings defaults = {.limit = 50, .sort = TASK_BY_WALL};

static const option_fact facts[] = {
    OPTION_CHOICE(settings, sort, "sort", "COLUMN", task_sort_name,
                  "largest first; by id in order of their begin"),
    OPTION_COUNT(settings, limit, "limit", "N", 1, 1e9, "show the first N tasks only; text: 50"),
    OPTION_COUNT(settings, width, "width", "COLUMNS", 20, 10000, "width of the text table"),
    OPTION_LAST};

static int write_tasks(const job *j, const input *in, const task_list *list)
{
    const settings *set = j->settings;
    /* The limit that nobody gave is for people. */
    int is_given = set->limit != defaults.limit || j->format == FORMAT_TEXT;

    return write_report(
        j, &tasks_report, list,
        &(report_opts){.meta = &in->meta, .limit = is_given ? set->limit : 0, .width = set->width});
}

static int show_tasks(const job *j, const input *in)
{
    const settings *set = j->settings;
    task_list *list;
    fault f = {0};
    int status;

    if (!in->whole.trace) {
        return complain(EXIT_USAGE, in->stem, "tasks are listed of one .thag trace");
    }
    if (task_list_new(&list, in->whole.trace, (task_sort)set->sort, &f)) return complain_fault(&f);
    if (list->count || list->unlisted)
        status = write_tasks(j, in, list);
    else
        status = complain(EXIT_NOTHING, in->stem, "no tasks; see thag_task_begin()");
    task_list_free(list);
    return status;
}

const command cmd_tasks = {
    .name = "tasks",
    .summary = "asynchronous tasks one by one: how long each ran, waited, stood in line",
    .usage = "[OPTION]... FILE.thag",
    .about =
        "List the asynchronous tasks of a trace: how long each ran and waited, how often it was\n"
        "resumed, how often it came to another thread, what it allocated.",
    .options = facts,
    .settings_size = sizeof(settings),
    .defaults = &defaults,
    .takes = TAKES_JSON | TAKES_CSV,
    .show = show_tasks};
