#include "profile/load/task_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *task_sort_name(size_t sort)
{
    static const char *const names[] = {
#define TASK_SORT_NAME(ID_, text, member) text,
        TASK_SORTS(TASK_SORT_NAME)
#undef TASK_SORT_NAME
    };

    return sort < TASK_SORT_COUNT ? names[sort] : NULL;
}

/* ---- names ---- */

static char *name_of(const trace *t, uint32_t site)
{
    trace_site_info info;
    size_t room;
    char *name;

    if (!trace_site_get(t, site, &info)) return strdup("[damaged]");
    room = strlen(info.name) + sizeof "async::";
    name = malloc(room);
    if (name) {
        snprintf(name, room, "%s%s", info.flags & TRACE_SITE_ASYNC ? "async::" : "", info.name);
    }
    return name;
}

static const char *node_name(const task_list *list, const trace_node *nodes, uint32_t node)
{
    if (node == 0 || nodes[node].site >= list->name_count) return "";
    return list->names[nodes[node].site];
}

static thag_err make_names(task_list *list, const trace *t)
{
    list->name_count = trace_site_count(t);
    list->names = calloc((size_t)list->name_count + 1, sizeof *list->names);
    if (!list->names) return THAG_ERR_MEMORY;
    for (uint32_t i = 0; i < list->name_count; i++) {
        list->names[i] = name_of(t, i);
        if (!list->names[i]) return THAG_ERR_MEMORY;
    }
    return THAG_OK;
}

/* ---- rows ---- */

/* Still in order of their numbers. */
static void count_threads(task_list *list, const trace *t)
{
    size_t count;
    const trace_origin_info *origins = trace_origins(t, &count);

    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = list->count;

        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (list->rows[middle].id < origins[i].spawner)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == list->count || list->rows[low].id != origins[i].spawner) continue;
        list->rows[low].threads++;
        list->has_threads = 1;
    }
}

static void make_row(task_row *row, const task_list *list, const trace *t,
                     const trace_task_info *info)
{
    uint32_t count;
    const trace_node *nodes = trace_nodes(t, &count);
    uint64_t wall = info->end_ticks > info->begin_ticks ? info->end_ticks - info->begin_ticks : 0;
    uint64_t waited = info->waited_ticks < wall ? info->waited_ticks : wall;

    *row = (task_row){.id = info->id,
                      .name = node_name(list, nodes, info->node),
                      .spawned_by = node_name(list, nodes, nodes[info->node].parent),
                      .spawner = info->spawner,
                      .begin_ns = trace_ns(t, info->begin_ticks - trace_head(t)->start_ticks),
                      .wall_ns = trace_ns(t, wall),
                      .wait_ns = trace_ns(t, waited),
                      .ready_ns = trace_ns(t, info->ready_ticks),
                      .resumes = info->resumes,
                      .migrations = info->migrations,
                      .blocks = info->blocks,
                      .bytes = info->bytes,
                      .open = info->open,
                      .state = info->has_ended    ? TASK_ENDED
                               : info->is_running ? TASK_RUNNING
                                                  : TASK_SUSPENDED};
    row->active_ns = row->wall_ns - row->wait_ns;
}

#define TASK_COMPARE(ID_, text, member) \
    static int by_##member(const void *left, const void *right) \
    { \
        const task_row *a = left, *b = right; \
\
        if (a->member != b->member && TASK_BY_##ID_ != TASK_BY_ID) { \
            return a->member > b->member ? -1 : 1; \
        } \
        return a->id < b->id ? -1 : a->id > b->id; \
    }
TASK_SORTS(TASK_COMPARE)
#undef TASK_COMPARE

static void sort_rows(task_list *list, task_sort sort)
{
    static int (*const order[])(const void *, const void *) = {
#define TASK_ORDER(ID_, text, member) by_##member,
        TASK_SORTS(TASK_ORDER)
#undef TASK_ORDER
    };

    if (list->count) qsort(list->rows, list->count, sizeof *list->rows, order[sort]);
}

thag_err task_list_new(task_list **out, trace *t, task_sort sort, fault *f)
{
    const trace_task_info *tasks;
    size_t count = 0;
    task_list *list = calloc(1, sizeof *list);
    thag_err err = list ? trace_tasks(t, &tasks, &count) : THAG_ERR_MEMORY;

    *out = NULL;
    if (!err) err = make_names(list, t);
    if (err) goto done;
    list->rows = malloc((count + 1) * sizeof *list->rows);
    if (!list->rows) {
        err = THAG_ERR_MEMORY;
        goto done;
    }
    for (size_t i = 0; i < count; i++) make_row(&list->rows[list->count++], list, t, &tasks[i]);
    count_threads(list, t);
    list->has_memory = (trace_head(t)->mode & TRACE_MEMORY) != 0;
    list->unlisted = trace_head(t)->losses[TRACE_TASK_UNLISTED];
    sort_rows(list, sort);
    *out = list;
    list = NULL;
done:
    if (err) fault_set(f, err, UINT64_MAX, "list of tasks");
    task_list_free(list);
    return err;
}

void task_list_free(task_list *list)
{
    if (!list) return;
    for (uint32_t i = 0; list->names && i < list->name_count; i++) free(list->names[i]);
    free(list->names);
    free(list->rows);
    free(list);
}
