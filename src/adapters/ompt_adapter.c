/*
 * ompt_adapter.c - OpenMP as clang compiles it: LLVM's libomp tells tools what it does, if the program has
 * the function ompt_start_tool(). What the threads of a parallel region do, and its tasks, stand below the
 * span that began them.
 *
 * libomp keeps a word for us with each region and each task. That of a region leads to a record, which goes
 * with it; that of a task, too.
 */
#include <omp-tools.h>

#include "adapters/callback.h"

typedef struct record {
    thag_ctx ctx;
    const callback *cb;
    thag_token token; /* of a task: while it runs */
} record;

static adapter_pool records = {.size = sizeof(record)};

/* The word has the record of what was begun there. Which function the compiler made of it is not told, but
   where in the program that was: a return address, which may be behind the function's end. */
static void begin(ompt_data_t *data, const void *code, const char *what, thag_ctx ctx)
{
    const callback *cb = code ? adapter_place((uintptr_t)code - 1, what) : NULL;
    record *r = cb ? adapter_pool_take(&records) : NULL;
    data->ptr = r;
    if (r) *r = (record){ctx, cb, 0};
}

static void end(ompt_data_t *data)
{
    if (data && data->ptr) adapter_pool_give(&records, data->ptr);
    if (data) data->ptr = NULL;
}

static void on_parallel_begin(ompt_data_t *outer, const ompt_frame_t *frame, ompt_data_t *region,
                              unsigned threads, int flags, const void *code)
{
    (void)outer, (void)frame, (void)threads, (void)flags;
    begin(region, code, "parallel in ", adapter_watch());
}

static void on_parallel_end(ompt_data_t *region, ompt_data_t *outer, int flags, const void *code)
{
    (void)outer, (void)flags, (void)code;
    end(region);
}

static void leave(ompt_data_t *task)
{
    record *r = task ? task->ptr : NULL;
    if (!r || !r->token) return;
    adapter_leave(r->token);
    r->token = 0;
}

static void enter(ompt_data_t *task)
{
    record *r = task ? task->ptr : NULL;
    if (!r) return;
    r->token = adapter_enter(&r->ctx, r->cb);
    r->ctx.since = 0;
}

/* A thread's part of a region. At its end libomp may have forgotten the region. */
static void on_part(ompt_scope_endpoint_t endpoint, ompt_data_t *region, ompt_data_t *task,
                    unsigned threads, unsigned number, int flags)
{
    (void)threads, (void)number;
    if (!(flags & ompt_task_implicit)) return;
    if (endpoint == ompt_scope_begin) {
        const record *r = region ? region->ptr : NULL;
        record *mine = r ? adapter_pool_take(&records) : NULL;
        task->ptr = mine;
        if (mine) *mine = *r;
        enter(task);
    } else {
        leave(task);
        end(task);
    }
}

static void on_task_create(ompt_data_t *outer, const ompt_frame_t *frame, ompt_data_t *task,
                           int flags, int has_dependences, const void *code)
{
    (void)outer, (void)frame, (void)has_dependences;
    if (flags & ompt_task_explicit) begin(task, code, "task in ", thag_ctx_capture());
}

/* From one task to another on this thread. What a thread's part of a region has is below it. */
static void on_task_schedule(ompt_data_t *from, ompt_task_status_t status, ompt_data_t *to)
{
    record *before = from ? from->ptr : NULL, *after = to ? to->ptr : NULL;
    int is_over = status == ompt_task_complete || status == ompt_task_cancel;
    if (before && is_over) {
        leave(from);
        end(from);
    }
    if (after && !after->token) enter(to);
}

static int initialize(ompt_function_lookup_t lookup, int device, ompt_data_t *tool)
{
    ompt_set_callback_t set = (ompt_set_callback_t)lookup("ompt_set_callback");
    (void)device, (void)tool;
    if (!set) return 0;
    set(ompt_callback_parallel_begin, (ompt_callback_t)(uintptr_t)on_parallel_begin);
    set(ompt_callback_parallel_end, (ompt_callback_t)(uintptr_t)on_parallel_end);
    set(ompt_callback_implicit_task, (ompt_callback_t)(uintptr_t)on_part);
    set(ompt_callback_task_create, (ompt_callback_t)(uintptr_t)on_task_create);
    set(ompt_callback_task_schedule, (ompt_callback_t)(uintptr_t)on_task_schedule);
    return 1;
}

static void finalize(ompt_data_t *tool)
{
    (void)tool;
}

ompt_start_tool_result_t *ompt_start_tool(unsigned version, const char *runtime);

ompt_start_tool_result_t *ompt_start_tool(unsigned version, const char *runtime)
{
    static ompt_start_tool_result_t result = {initialize, finalize, {0}};
    (void)version, (void)runtime;
    return &result;
}
