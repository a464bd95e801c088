/*
 * task_list.h - the tasks of a trace with their names and times, sorted.
 */
#ifndef THAG_TASK_LIST_H
#define THAG_TASK_LIST_H

#include "profile/profile.h"
#include "trace/trace_reader.h"

/* id, name of the option and key in CSV and JSON, what to show. Largest first, but for the number. */
#define TASK_SORTS(X) \
    X(ID, "id", id) \
    X(WALL, "wall", wall_ns) \
    X(ACTIVE, "active", active_ns) \
    X(WAIT, "wait", wait_ns) \
    X(READY, "ready", ready_ns) \
    X(RESUMES, "resumes", resumes) \
    X(MIGRATIONS, "migrations", migrations) \
    X(BYTES, "bytes", bytes) \
    X(BLOCKS, "blocks", blocks) \
    X(OPEN, "open", open)

typedef enum task_sort {
#define TASK_SORT_ENUM(ID_, text, member) TASK_BY_##ID_,
    TASK_SORTS(TASK_SORT_ENUM)
#undef TASK_SORT_ENUM
        TASK_SORT_COUNT
} task_sort;

/** "id", "wall" and so on; NULL behind the last. */
const char *task_sort_name(size_t sort);

typedef enum task_state { TASK_ENDED, TASK_SUSPENDED, TASK_RUNNING } task_state;

typedef struct task_row {
    uint64_t id;
    const char *name;       /* with async:: in front; the list's */
    const char *spawned_by; /* name of the task, or of the innermost span, that began it */
    uint64_t spawner;       /* id of that task; 0: it was no task */
    uint64_t begin_ns;      /* since the start of the session */
    uint64_t wall_ns, active_ns, wait_ns;
    uint64_t ready_ns; /* of the wait: it could have run, but had no thread */
    uint64_t resumes, migrations;
    uint64_t blocks, bytes;
    uint64_t open;    /* spans left open */
    uint64_t threads; /* that it began */
    task_state state;
} task_row;

typedef struct task_list {
    task_row *rows;
    size_t count;
    int has_memory, has_threads;
    uint64_t unlisted; /* ended tasks that the trace has no record of */
    char **names;      /* by site; what the rows point to */
    uint32_t name_count;
} task_list;

/** The tasks of a trace. *out is the caller's, for task_list_free(). */
thag_err task_list_new(task_list **out, trace *t, task_sort sort, fault *f);
void task_list_free(task_list *list);

#endif
