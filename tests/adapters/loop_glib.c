/*
 * loop_glib.c - what the GLib adapter stands in for: a timeout starts jobs on GTask's threads, each is
 * followed by an idle function.
 */
#include <assert.h>
#include <gio/gio.h>

#include "thag_profiler.h"

enum { JOBS = 40 };
static GMainLoop *loop;
static int begun, done, freed;

static void compute(void)
{
    THAG_PROFILED();
    g_usleep(200);
}

static void job(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    (void)source, (void)cancellable;
    assert(data == &begun);
    compute();
    g_task_return_int(task, 7);
}

static gboolean finish(gpointer data)
{
    assert(data == &done);
    if (++done == JOBS) g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void ready(GObject *source, GAsyncResult *result, gpointer data)
{
    (void)source;
    assert(data == &freed && g_task_propagate_int(G_TASK(result), NULL) == 7);
    g_idle_add(finish, &done);
}

static gboolean submit(gpointer data)
{
    GTask *task = g_task_new(NULL, NULL, ready, &freed);

    assert(data == &freed);
    g_task_set_task_data(task, &begun, NULL);
    g_task_run_in_thread(task, job);
    g_object_unref(task);
    return ++begun < JOBS;
}

static void was_freed(gpointer data)
{
    assert(data == &freed);
    freed++;
}

static void start(void)
{
    THAG_PROFILED();
    g_timeout_add_full(G_PRIORITY_DEFAULT, 1, submit, &freed, was_freed);
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    loop = g_main_loop_new(NULL, FALSE);
    start();
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    return done == JOBS && freed == 1 ? 0 : 1;
}
