/*
 * glib_adapter.c - GLib's main loop: timeouts, idle functions, watches, and GTask go on where they were
 * asked for.
 *
 * Every one of these functions takes the program's data and a function that frees it; here both become a
 * record of ours. GLib and GIO do not come this way with callbacks of their own: they bind their calls
 * among themselves. Nothing here calls one of them by its name: programs without GLib load this, too.
 */
#include <gio/gio.h>

#include "adapters/callback.h"

#define SONAME "libglib-2.0.so.0"
#define REAL_IN(soname, name) \
    (__extension__({ \
        static __typeof__(name) *real_; \
        if (__builtin_expect(!real_, 0)) real_ = (__typeof__(name) *)adapter_real(#name, soname); \
        real_; \
    }))
#define REAL(name)    REAL_IN(SONAME, name)
#define GIO(name)     REAL_IN("libgio-2.0.so.0", name)
#define GOBJECT(name) REAL_IN("libgobject-2.0.so.0", name)

typedef struct record {
    thag_ctx ctx;
    const callback *cb;
    gpointer data;
    GDestroyNotify destroy;
    int is_waited_for; /* until it is called for the first time */
} record;

static adapter_pool records = {.size = sizeof(record)};

static record *record_make(uintptr_t function, gpointer data, GDestroyNotify destroy)
{
    const callback *cb = adapter_callback(function);
    record *r = cb ? adapter_pool_take(&records) : NULL;
    if (r) *r = (record){thag_ctx_capture(), cb, data, destroy, 1};
    return r;
}

static void record_drop(gpointer context)
{
    record last = *(record *)context;
    adapter_pool_give(&records, context);
    if (last.destroy) last.destroy(last.data);
}

/* From the second call on a source is watched, and not waited for. */
static thag_token enter(record *r)
{
    thag_token token = adapter_enter(&r->ctx, r->cb);
    r->ctx.since = 0;
    return token;
}

/* --- sources ----------------------------------------------------------------------------------- */

static gboolean on_source(gpointer context)
{
    record *r = context;
    thag_token token = enter(r);
    gboolean goes_on = ((GSourceFunc)r->cb->function)(r->data);
    adapter_leave(token);
    return goes_on;
}

guint g_timeout_add_full(gint priority, guint ms, GSourceFunc function, gpointer data,
                         GDestroyNotify destroy)
{
    record *r = record_make((uintptr_t)function, data, destroy);
    return r ? REAL(g_timeout_add_full)(priority, ms, on_source, r, record_drop)
             : REAL(g_timeout_add_full)(priority, ms, function, data, destroy);
}

guint g_timeout_add(guint ms, GSourceFunc function, gpointer data)
{
    return g_timeout_add_full(G_PRIORITY_DEFAULT, ms, function, data, NULL);
}

guint g_timeout_add_seconds_full(gint priority, guint seconds, GSourceFunc function, gpointer data,
                                 GDestroyNotify destroy)
{
    record *r = record_make((uintptr_t)function, data, destroy);
    return r ? REAL(g_timeout_add_seconds_full)(priority, seconds, on_source, r, record_drop)
             : REAL(g_timeout_add_seconds_full)(priority, seconds, function, data, destroy);
}

guint g_timeout_add_seconds(guint seconds, GSourceFunc function, gpointer data)
{
    return g_timeout_add_seconds_full(G_PRIORITY_DEFAULT, seconds, function, data, NULL);
}

guint g_idle_add_full(gint priority, GSourceFunc function, gpointer data, GDestroyNotify destroy)
{
    record *r = record_make((uintptr_t)function, data, destroy);
    return r ? REAL(g_idle_add_full)(priority, on_source, r, record_drop)
             : REAL(g_idle_add_full)(priority, function, data, destroy);
}

guint g_idle_add(GSourceFunc function, gpointer data)
{
    return g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}

void g_main_context_invoke_full(GMainContext *context, gint priority, GSourceFunc function,
                                gpointer data, GDestroyNotify destroy)
{
    record *r = record_make((uintptr_t)function, data, destroy);
    if (r)
        REAL(g_main_context_invoke_full)(context, priority, on_source, r, record_drop);
    else
        REAL(g_main_context_invoke_full)(context, priority, function, data, destroy);
}

void g_main_context_invoke(GMainContext *context, GSourceFunc function, gpointer data)
{
    g_main_context_invoke_full(context, G_PRIORITY_DEFAULT, function, data, NULL);
}

static gboolean on_channel(GIOChannel *channel, GIOCondition condition, gpointer context)
{
    record *r = context;
    thag_token token = enter(r);
    gboolean goes_on = ((GIOFunc)r->cb->function)(channel, condition, r->data);
    adapter_leave(token);
    return goes_on;
}

guint g_io_add_watch_full(GIOChannel *channel, gint priority, GIOCondition condition,
                          GIOFunc function, gpointer data, GDestroyNotify destroy)
{
    record *r = record_make((uintptr_t)function, data, destroy);
    if (!r) return REAL(g_io_add_watch_full)(channel, priority, condition, function, data, destroy);
    r->ctx.since = 0;
    return REAL(g_io_add_watch_full)(channel, priority, condition, on_channel, r, record_drop);
}

guint g_io_add_watch(GIOChannel *channel, GIOCondition condition, GIOFunc function, gpointer data)
{
    return g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, condition, function, data, NULL);
}

/* --- GTask ------------------------------------------------------------------------------------- */

static void on_ready(GObject *source, GAsyncResult *result, gpointer context)
{
    record r = *(record *)context;
    adapter_pool_give(&records, context);
    thag_token token = adapter_enter(&r.ctx, r.cb);
    ((GAsyncReadyCallback)r.cb->function)(source, result, r.data);
    adapter_leave(token);
}

GTask *(g_task_new)(gpointer source, GCancellable *cancellable, GAsyncReadyCallback function,
                    gpointer data)
{
    record *r = record_make((uintptr_t)function, data, NULL);
    return GIO(g_task_new)(source, cancellable, r ? on_ready : function, r ? r : data);
}

static GQuark key(void)
{
    static GQuark quark;
    if (!quark) quark = REAL(g_quark_from_static_string)("thag-profiler-job");
    return quark;
}

static void in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    record *r = GOBJECT(g_object_get_qdata)((GObject *)task, key());
    thag_token token = adapter_enter(&r->ctx, r->cb);
    ((GTaskThreadFunc)r->cb->function)(task, source, data, cancellable);
    adapter_leave(token);
}

/* There is no data of its own to put the record in: it hangs from the task. */
static GTaskThreadFunc job_kept(GTask *task, GTaskThreadFunc function)
{
    record *r = record_make((uintptr_t)function, NULL, NULL);
    if (!r) return function;
    GOBJECT(g_object_set_qdata_full)((GObject *)task, key(), r, record_drop);
    return in_thread;
}

void g_task_run_in_thread(GTask *task, GTaskThreadFunc function)
{
    GIO(g_task_run_in_thread)(task, job_kept(task, function));
}

void g_task_run_in_thread_sync(GTask *task, GTaskThreadFunc function)
{
    GIO(g_task_run_in_thread_sync)(task, job_kept(task, function));
}
