#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thag-run/run.h"
#include "trace/trace_reader.h"

typedef struct candidate {
    char *path;
    uint64_t start_ns;
    int is_program; /* of the process that was started, not of a child */
} candidate;

typedef struct search {
    const run_plan *plan;
    const run_end *end;
    candidate *items;
    size_t count, room;
    run_traces *found;
} search;

static int by_start(const void *left, const void *right)
{
    const candidate *a = left, *b = right;

    if (a->is_program != b->is_program) return a->is_program ? -1 : 1;
    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return strcmp(a->path, b->path);
}

static int keep(search *s, const char *path, const trace_file *head)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        candidate *items = realloc(s->items, room * sizeof *items);

        if (!items) return 0;
        s->items = items;
        s->room = room;
    }
    s->items[s->count] = (candidate){.path = strdup(path),
                                     .start_ns = head->start_real_ns,
                                     .is_program = head->pid == (uint32_t)s->end->pid};
    return s->items[s->count++].path != NULL;
}

/* Still running, and not only killed before it could say that it ended, or dead with nobody to wait
   for it. */
static int is_running(const trace *t)
{
    char state = trace_ended(t) ? 0 : process_state((pid_t)trace_head(t)->pid);

    return state && state != 'Z' && state != 'X';
}

/* We switched profiling on, and nothing of it ran: as if we had not. */
static int is_in_vain(const search *s, const trace *t)
{
    uint32_t nodes;

    trace_nodes(t, &nodes);
    return s->plan->starts && nodes <= 1 && !trace_memory_of(t)->mode && !is_running(t);
}

/* Does it have addresses in the program itself? */
static void look_for_program(search *s, const trace *t)
{
    for (uint32_t id = 0; id < trace_module_count(t); id++) {
        trace_module_info m = trace_module_get(t, id);

        if (strcmp(m.path, s->plan->command[0]) != 0) continue;
        snprintf(s->found->build_id, sizeof s->found->build_id, "%s", m.build_id);
    }
}

/* Whether a file is of this run, its header says. */
static int look_at(search *s, const char *path)
{
    trace *t = NULL;
    int ok = 1;

    if (trace_open(&t, path, NULL) != THAG_OK) return 1;
    if (trace_head(t)->run_id == s->plan->id && is_in_vain(s, t)) {
        unlink(path);
    } else if (trace_head(t)->run_id == s->plan->id) {
        ok = keep(s, path, trace_head(t));
        s->found->running_count += (size_t)is_running(t);
        look_for_program(s, t);
    }
    trace_free(t);
    return ok;
}

/* A folder may be full of older traces: they are not opened. */
static int is_recent(const search *s, const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_mtim.tv_sec + 2 >= s->end->start_ns / 1000000000;
}

static int look_in(search *s, const char *dir)
{
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    int ok = 1;

    if (!stream) return 1;
    while (ok && (entry = readdir(stream)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        char *path;

        if (!dot || strcmp(dot, ".thag") != 0) continue;
        if (asprintf(&path, "%s/%s", dir, entry->d_name) < 0) ok = 0;
        if (ok && is_recent(s, path)) ok = look_at(s, path);
        if (ok) free(path);
    }
    closedir(stream);
    return ok;
}

static int is_same_dir(const char *left, const char *right)
{
    struct stat a, b;

    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

int traces_find(run_traces *found, const run_plan *plan, const run_end *end)
{
    search s = {.plan = plan, .end = end, .found = found};
    int ok;

    memset(found, 0, sizeof *found);
    ok = look_in(&s, plan->dir);
    /* A program whose mode is fixed in its source takes no notice of the setting. */
    if (ok && !is_same_dir(plan->dir, ".")) ok = look_in(&s, ".");
    if (ok && s.count) {
        qsort(s.items, s.count, sizeof *s.items, by_start);
        found->paths = calloc(s.count, sizeof *found->paths);
        ok = found->paths != NULL;
    }
    for (size_t i = 0; i < s.count; i++) {
        if (ok)
            found->paths[found->count++] = s.items[i].path;
        else
            free(s.items[i].path);
    }
    free(s.items);
    return ok;
}

void traces_free(run_traces *found)
{
    for (size_t i = 0; i < found->count; i++) free(found->paths[i]);
    free(found->paths);
    memset(found, 0, sizeof *found);
}
