/*
 * gomp_adapter.c - OpenMP as gcc compiles it: what the threads of a parallel region do, and its tasks,
 * stand below the span that began them.
 *
 * The compiler makes a function of each region and task, and has libgomp call it. Here libgomp gets a
 * function of ours with that one's address in its data.
 */
#include <stdbool.h>
#include <string.h>

#include "adapters/callback.h"

#define REAL(name) \
    (__extension__({ \
        static __typeof__(name) *real_; \
        if (__builtin_expect(!real_, 0)) \
            real_ = (__typeof__(name) *)adapter_real(#name, "libgomp.so.1"); \
        real_; \
    }))

typedef void region_function(void *);

/* --- regions ----------------------------------------------------------------------------------- */

/* On the stack of the thread that began it, which waits for the others. */
typedef struct region {
    void *first; /* word of the program's data, where libgomp looks for reductions */
    thag_ctx ctx;
    const callback *cb;
    void *data;
} region;

static void in_region(void *context)
{
    const region *r = context;
    thag_token token = adapter_enter(&r->ctx, r->cb);
    ((region_function *)r->cb->function)(r->data);
    adapter_leave(token);
}

#define REGION(fn, data) \
    region r = {.cb = adapter_callback((uintptr_t)(fn)), .data = (data)}; \
    if (r.cb) { \
        r.ctx = adapter_watch(); \
        (fn) = in_region; \
        (data) = &r; \
    }

/* These return when all threads are through. */
unsigned GOMP_parallel_reductions(region_function *fn, void *data, unsigned threads,
                                  unsigned flags);
void GOMP_parallel(region_function *fn, void *data, unsigned threads, unsigned flags);
void GOMP_parallel_sections(region_function *fn, void *data, unsigned threads, unsigned count,
                            unsigned flags);

void GOMP_parallel(region_function *fn, void *data, unsigned threads, unsigned flags)
{
    REGION(fn, data)
    REAL(GOMP_parallel)(fn, data, threads, flags);
}

unsigned GOMP_parallel_reductions(region_function *fn, void *data, unsigned threads, unsigned flags)
{
    void *first = *(void **)data;
    REGION(fn, data)
    r.first = first;
    return REAL(GOMP_parallel_reductions)(fn, data, threads, flags);
}

void GOMP_parallel_sections(region_function *fn, void *data, unsigned threads, unsigned count,
                            unsigned flags)
{
    REGION(fn, data)
    REAL(GOMP_parallel_sections)(fn, data, threads, count, flags);
}

#define LOOP(name) \
    void GOMP_parallel_loop_##name(region_function *fn, void *data, unsigned threads, long start, \
                                   long end, long step, long chunk, unsigned flags); \
    void GOMP_parallel_loop_##name(region_function *fn, void *data, unsigned threads, long start, \
                                   long end, long step, long chunk, unsigned flags) \
    { \
        REGION(fn, data) \
        REAL(GOMP_parallel_loop_##name)(fn, data, threads, start, end, step, chunk, flags); \
    }
#define LOOP_AS_SET(name) \
    void GOMP_parallel_loop_##name(region_function *fn, void *data, unsigned threads, long start, \
                                   long end, long step, unsigned flags); \
    void GOMP_parallel_loop_##name(region_function *fn, void *data, unsigned threads, long start, \
                                   long end, long step, unsigned flags) \
    { \
        REGION(fn, data) \
        REAL(GOMP_parallel_loop_##name)(fn, data, threads, start, end, step, flags); \
    }

LOOP(static)
LOOP(dynamic)
LOOP(guided)
LOOP(nonmonotonic_dynamic)
LOOP(nonmonotonic_guided)
LOOP_AS_SET(runtime)
LOOP_AS_SET(nonmonotonic_runtime)
LOOP_AS_SET(maybe_nonmonotonic_runtime)

/* --- tasks ------------------------------------------------------------------------------------- */

/* In front of the program's data, wherever libgomp copies that. */
typedef struct job {
    thag_ctx ctx;
    const callback *cb;
    void *from; /* where the program's data is to be copied from, by its own function */
    void (*copy)(void *, void *);
} job;
enum { HEADER = (sizeof(job) + 63) & ~63u, SMALL = 2048 };

static void in_task(void *context)
{
    const job *j = context;
    thag_token token = adapter_enter(&j->ctx, j->cb);
    ((region_function *)j->cb->function)((char *)context + HEADER);
    adapter_leave(token);
}

static void copy_task(void *to, void *from)
{
    const job *j = from;
    memcpy(to, from, sizeof *j);
    j->copy((char *)to + HEADER, j->from);
}

void GOMP_task(region_function *fn, void *data, void (*copy)(void *, void *), long size, long align,
               bool is_deferred, unsigned flags, void **depend, int priority, void *detach);

void GOMP_task(region_function *fn, void *data, void (*copy)(void *, void *), long size, long align,
               bool is_deferred, unsigned flags, void **depend, int priority, void *detach)
{
    _Alignas(64) char room[HEADER + SMALL];
    const callback *cb = size <= SMALL && align <= 64 ? adapter_callback((uintptr_t)fn) : NULL;
    if (!cb) {
        REAL(GOMP_task)(fn, data, copy, size, align, is_deferred, flags, depend, priority, detach);
        return;
    }
    job j = {thag_ctx_capture(), cb, data, copy};
    memcpy(room, &j, sizeof j);
    if (!copy && size) memcpy(room + HEADER, data, (size_t)size);
    REAL(GOMP_task)
    (in_task, room, copy ? copy_task : NULL, size + HEADER, 64, is_deferred, flags, depend,
     priority, detach);
}

/* --- loops of tasks ---------------------------------------------------------------------------- */

/* libgomp writes each task's part of the loop into the first two words of its data, and looks for
   reductions in the third. */
typedef struct loop_job {
    long long part[2];
    void *reductions;
    job j;
} loop_job;
enum { LOOP_HEADER = (sizeof(loop_job) + 63) & ~63u };

static void in_loop(void *context)
{
    const loop_job *l = context;
    char *data = (char *)context + LOOP_HEADER;
    memcpy(data, l->part, sizeof l->part);
    thag_token token = adapter_enter(&l->j.ctx, l->j.cb);
    ((region_function *)l->j.cb->function)(data);
    adapter_leave(token);
}

static void copy_loop(void *to, void *from)
{
    const loop_job *l = from;
    memcpy(to, from, sizeof *l);
    l->j.copy((char *)to + LOOP_HEADER, l->j.from);
}

/* The program's data with ours in front, in `room`. 0: to be left as it is. */
static int loop_job_make(char *room, region_function *fn, void *data, void (*copy)(void *, void *),
                         long size, long align)
{
    loop_job l = {.j = {.from = data, .copy = copy}};
    l.j.cb = size <= SMALL && align <= 64 ? adapter_callback((uintptr_t)fn) : NULL;
    if (!l.j.cb) return 0;
    l.j.ctx = thag_ctx_capture();
    if (size >= (long)offsetof(loop_job, j)) memcpy(&l, data, offsetof(loop_job, j));
    memcpy(room, &l, sizeof l);
    if (!copy) memcpy(room + LOOP_HEADER, data, (size_t)size);
    return 1;
}

#define TASKLOOP(name, type) \
    void name(region_function *fn, void *data, void (*copy)(void *, void *), long size, \
              long align, unsigned flags, unsigned long tasks, int priority, type start, type end, \
              type step); \
    void name(region_function *fn, void *data, void (*copy)(void *, void *), long size, \
              long align, unsigned flags, unsigned long tasks, int priority, type start, type end, \
              type step) \
    { \
        _Alignas(64) char room[LOOP_HEADER + SMALL]; \
        if (loop_job_make(room, fn, data, copy, size, align)) REAL(name) \
        (in_loop, room, copy ? copy_loop : NULL, size + LOOP_HEADER, 64, flags, tasks, priority, \
         start, end, step); \
        else REAL(name)(fn, data, copy, size, align, flags, tasks, priority, start, end, step); \
    }

TASKLOOP(GOMP_taskloop, long)
TASKLOOP(GOMP_taskloop_ull, unsigned long long)
