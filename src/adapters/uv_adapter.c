/*
 * uv_adapter.c - libuv: callbacks, and jobs of uv_queue_work(), go on where they were asked for.
 *
 * What a request's callback needs to know lies in the request, in words that libuv keeps reserved: a
 * request is for one callback, so there is nothing to free. A handle has no room for it; there it is a
 * record of ours, which two of the handle's reserved words lead to, and which goes with uv_close(). What
 * these words hold before is whatever the memory held: they count only if the second one confirms the
 * first.
 *
 * libuv calls its own exported functions through us as well, with callbacks of its own, which
 * adapter_callback() knows, or with one of ours that it was given: uv_write() is a uv_write2().
 */
#include <uv.h>

#include "adapters/callback.h"

#define SONAME "libuv.so.1"
/* The library's own function of the hook that this stands in. */
#define REAL(name) \
    (__extension__({ \
        static __typeof__(name) *real_; \
        if (__builtin_expect(!real_, 0)) real_ = (__typeof__(name) *)adapter_real(#name, SONAME); \
        real_; \
    }))

/* --- requests ---------------------------------------------------------------------------------- */

typedef struct request {
    thag_ctx ctx;
    const callback *done, *work;
} request;
_Static_assert(sizeof(request) <= sizeof(((uv_req_t *)0)->reserved), "fits into the request");

static request *request_of(void *req)
{
    return (request *)(void *)((uv_req_t *)req)->reserved;
}

/* Remember the callback; NULL: it is to be passed on as it is. */
static request *request_keep(void *req, uintptr_t function)
{
    const callback *done = adapter_callback(function);
    if (!done) return NULL;
    request *r = request_of(req);
    *r = (request){.ctx = thag_ctx_capture(), .done = done};
    return r;
}

/* NAME(req, rest): what libuv calls when a request of that type is done. The request may be freed, or used
   again, within. */
#define ON_DONE(name, type, parameters, arguments) \
    static void name parameters \
    { \
        const callback *cb = request_of(req)->done; \
        thag_token token = adapter_enter(&request_of(req)->ctx, cb); \
        ((type)cb->function) arguments; \
        adapter_leave(token); \
    }

ON_DONE(on_write, uv_write_cb, (uv_write_t * req, int status), (req, status))
ON_DONE(on_connect, uv_connect_cb, (uv_connect_t * req, int status), (req, status))
ON_DONE(on_shutdown, uv_shutdown_cb, (uv_shutdown_t * req, int status), (req, status))
ON_DONE(on_udp_send, uv_udp_send_cb, (uv_udp_send_t * req, int status), (req, status))
ON_DONE(on_fs, uv_fs_cb, (uv_fs_t * req), (req))
ON_DONE(on_after_work, uv_after_work_cb, (uv_work_t * req, int status), (req, status))
ON_DONE(on_getaddrinfo, uv_getaddrinfo_cb,
        (uv_getaddrinfo_t * req, int status, struct addrinfo *res), (req, status, res))
ON_DONE(on_getnameinfo, uv_getnameinfo_cb,
        (uv_getnameinfo_t * req, int status, const char *host, const char *service),
        (req, status, host, service))
ON_DONE(on_random, uv_random_cb, (uv_random_t * req, int status, void *buffer, size_t size),
        (req, status, buffer, size))

/* What to pass the library. It may be ours already. */
#define KEPT(req, cb, ours) ((cb) != (ours) && request_keep(req, (uintptr_t)(cb)) ? (ours) : (cb))

int uv_write(uv_write_t *req, uv_stream_t *handle, const uv_buf_t bufs[], unsigned count,
             uv_write_cb cb)
{
    return REAL(uv_write)(req, handle, bufs, count, KEPT(req, cb, on_write));
}

int uv_write2(uv_write_t *req, uv_stream_t *handle, const uv_buf_t bufs[], unsigned count,
              uv_stream_t *sent, uv_write_cb cb)
{
    return REAL(uv_write2)(req, handle, bufs, count, sent, KEPT(req, cb, on_write));
}

int uv_tcp_connect(uv_connect_t *req, uv_tcp_t *handle, const struct sockaddr *to, uv_connect_cb cb)
{
    return REAL(uv_tcp_connect)(req, handle, to, KEPT(req, cb, on_connect));
}

void uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle, const char *name, uv_connect_cb cb)
{
    REAL(uv_pipe_connect)(req, handle, name, KEPT(req, cb, on_connect));
}

int uv_shutdown(uv_shutdown_t *req, uv_stream_t *handle, uv_shutdown_cb cb)
{
    return REAL(uv_shutdown)(req, handle, KEPT(req, cb, on_shutdown));
}

int uv_udp_send(uv_udp_send_t *req, uv_udp_t *handle, const uv_buf_t bufs[], unsigned count,
                const struct sockaddr *to, uv_udp_send_cb cb)
{
    return REAL(uv_udp_send)(req, handle, bufs, count, to, KEPT(req, cb, on_udp_send));
}

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb, const char *node,
                   const char *service, const struct addrinfo *hints)
{
    return REAL(uv_getaddrinfo)(loop, req, KEPT(req, cb, on_getaddrinfo), node, service, hints);
}

int uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *req, uv_getnameinfo_cb cb,
                   const struct sockaddr *address, int flags)
{
    return REAL(uv_getnameinfo)(loop, req, KEPT(req, cb, on_getnameinfo), address, flags);
}

int uv_random(uv_loop_t *loop, uv_random_t *req, void *buffer, size_t size, unsigned flags,
              uv_random_cb cb)
{
    return REAL(uv_random)(loop, req, buffer, size, flags, KEPT(req, cb, on_random));
}

/* On a thread of libuv's pool: the job goes on where it was queued, not in what that thread is in. */
static void on_work(uv_work_t *req)
{
    request *r = request_of(req);
    thag_token token = adapter_enter(&r->ctx, r->work);
    ((uv_work_cb)r->work->function)(req);
    adapter_leave(token);
    r->ctx.since = thag_ctx_capture().since; /* now it waits for the loop */
}

int uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work, uv_after_work_cb after)
{
    const callback *job = adapter_callback((uintptr_t)work);
    const callback *done = adapter_callback((uintptr_t)after);
    if (!job) return REAL(uv_queue_work)(loop, req, work, KEPT(req, after, on_after_work));
    *request_of(req) = (request){.ctx = thag_ctx_capture(), .done = done, .work = job};
    return REAL(uv_queue_work)(loop, req, on_work, done ? on_after_work : after);
}

/* PLAIN is the list of parameters between the request and the callback, PASSED that of arguments. */
#define FS(name, plain, passed) \
    int uv_fs_##name(uv_loop_t *loop, uv_fs_t *req, UNPACK plain uv_fs_cb cb) \
    { \
        return REAL(uv_fs_##name)(loop, req, UNPACK passed KEPT(req, cb, on_fs)); \
    }
#define UNPACK(...)     __VA_ARGS__
#define PATH(name)      FS(name, (const char *path, ), (path, ))
#define FILE_ONLY(name) FS(name, (uv_file file, ), (file, ))
#define TWO_PATHS(name) FS(name, (const char *path, const char *to, ), (path, to, ))
#define BUFFERS(name) \
    FS(name, (uv_file file, const uv_buf_t bufs[], unsigned count, int64_t offset, ), \
       (file, bufs, count, offset, ))

PATH(unlink)
PATH(mkdtemp)
PATH(mkstemp)
PATH(rmdir)
PATH(stat)
PATH(lstat)
PATH(statfs)
PATH(readlink)
PATH(realpath)
PATH(opendir)
FILE_ONLY(close)
FILE_ONLY(fstat)
FILE_ONLY(fsync)
FILE_ONLY(fdatasync)
TWO_PATHS(rename)
TWO_PATHS(link)
BUFFERS(read)
BUFFERS(write)
FS(open, (const char *path, int flags, int mode, ), (path, flags, mode, ))
FS(mkdir, (const char *path, int mode, ), (path, mode, ))
FS(chmod, (const char *path, int mode, ), (path, mode, ))
FS(access, (const char *path, int mode, ), (path, mode, ))
FS(scandir, (const char *path, int flags, ), (path, flags, ))
FS(readdir, (uv_dir_t * dir, ), (dir, ))
FS(closedir, (uv_dir_t * dir, ), (dir, ))
FS(copyfile, (const char *path, const char *to, int flags, ), (path, to, flags, ))
FS(symlink, (const char *path, const char *to, int flags, ), (path, to, flags, ))
FS(ftruncate, (uv_file file, int64_t offset, ), (file, offset, ))
FS(fchmod, (uv_file file, int mode, ), (file, mode, ))
FS(sendfile, (uv_file out, uv_file in, int64_t offset, size_t size, ), (out, in, offset, size, ))
FS(utime, (const char *path, double atime, double mtime, ), (path, atime, mtime, ))
FS(lutime, (const char *path, double atime, double mtime, ), (path, atime, mtime, ))
FS(futime, (uv_file file, double atime, double mtime, ), (file, atime, mtime, ))
FS(chown, (const char *path, uv_uid_t user, uv_gid_t group, ), (path, user, group, ))
FS(lchown, (const char *path, uv_uid_t user, uv_gid_t group, ), (path, user, group, ))
FS(fchown, (uv_file file, uv_uid_t user, uv_gid_t group, ), (file, user, group, ))

/* --- handles ----------------------------------------------------------------------------------- */

typedef struct handle {
    thag_ctx ctx, closed_at;
    const callback *cb;           /* a stream reads, or listens: one is enough */
    const callback *alloc, *done; /* for uv_read_start(); of uv_close() */
    int lock;                     /* of ctx, where any thread may change it */
} handle;

static adapter_pool handles = {.size = sizeof(handle)};
enum { RECORD = 2, PROOF = 3 }; /* of the handle's reserved words: the last two */

static void *proof(const void *h, const handle *record)
{
    return (void *)((uintptr_t)h * 31 ^ (uintptr_t)record ^ 0x7468616775760000);
}

/* The record of a handle; NULL if it has none. */
static handle *handle_of(const void *h)
{
    const uv_handle_t *base = h;
    handle *record = base->u.reserved[RECORD];
    return base->u.reserved[PROOF] == proof(h, record) && adapter_pool_has(&handles, record)
               ? record
               : NULL;
}

static handle *handle_make(void *h)
{
    uv_handle_t *base = h;
    handle *record = handle_of(h);
    if (record) return record;
    record = adapter_pool_take(&handles);
    if (!record) return NULL;
    base->u.reserved[RECORD] = record;
    base->u.reserved[PROOF] = proof(h, record);
    return record;
}

/* Remember what a handle is to call; NULL: pass it on as it is. */
static handle *handle_keep(void *h, uintptr_t function, int is_waited_for)
{
    const callback *cb = adapter_callback(function);
    handle *record = cb ? handle_make(h) : NULL;
    if (!record) return NULL;
    record->ctx = is_waited_for ? thag_ctx_capture() : adapter_watch();
    record->cb = cb;
    return record;
}

#define ON_EVENT(name, type, parameters, arguments) \
    static void name parameters \
    { \
        const handle *record = handle_of(h); \
        const callback *cb = record->cb; \
        thag_token token = adapter_enter(&record->ctx, cb); \
        ((type)cb->function) arguments; \
        adapter_leave(token); \
    }

ON_EVENT(on_idle, uv_idle_cb, (uv_idle_t * h), (h))
ON_EVENT(on_prepare, uv_prepare_cb, (uv_prepare_t * h), (h))
ON_EVENT(on_check, uv_check_cb, (uv_check_t * h), (h))
ON_EVENT(on_timer, uv_timer_cb, (uv_timer_t * h), (h))
ON_EVENT(on_poll, uv_poll_cb, (uv_poll_t * h, int status, int events), (h, status, events))
ON_EVENT(on_signal, uv_signal_cb, (uv_signal_t * h, int number), (h, number))
ON_EVENT(on_exit_of, uv_exit_cb, (uv_process_t * h, int64_t status, int number),
         (h, status, number))
ON_EVENT(on_connection, uv_connection_cb, (uv_stream_t * h, int status), (h, status))
ON_EVENT(on_read, uv_read_cb, (uv_stream_t * h, ssize_t size, const uv_buf_t *buf), (h, size, buf))
ON_EVENT(on_receive, uv_udp_recv_cb,
         (uv_udp_t * h, ssize_t size, const uv_buf_t *buf, const struct sockaddr *from,
          unsigned flags),
         (h, size, buf, from, flags))
ON_EVENT(on_fs_event, uv_fs_event_cb, (uv_fs_event_t * h, const char *name, int events, int status),
         (h, name, events, status))
ON_EVENT(on_fs_poll, uv_fs_poll_cb,
         (uv_fs_poll_t * h, int status, const uv_stat_t *before, const uv_stat_t *now),
         (h, status, before, now))

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
    const handle *record = handle_of(h);
    const callback *cb = record->alloc;
    thag_token token = adapter_enter(&record->ctx, cb);
    ((uv_alloc_cb)cb->function)(h, size, buf);
    adapter_leave(token);
}

#define WATCHED(h, cb, ours) ((cb) != (ours) && handle_keep(h, (uintptr_t)(cb), 0) ? (ours) : (cb))

int uv_idle_start(uv_idle_t *h, uv_idle_cb cb)
{
    return REAL(uv_idle_start)(h, WATCHED(h, cb, on_idle));
}

int uv_prepare_start(uv_prepare_t *h, uv_prepare_cb cb)
{
    return REAL(uv_prepare_start)(h, WATCHED(h, cb, on_prepare));
}

int uv_check_start(uv_check_t *h, uv_check_cb cb)
{
    return REAL(uv_check_start)(h, WATCHED(h, cb, on_check));
}

/* Only a timer that comes once is waited for. */
int uv_timer_start(uv_timer_t *h, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
    int is_kept = cb != on_timer && handle_keep(h, (uintptr_t)cb, repeat == 0);
    return REAL(uv_timer_start)(h, is_kept ? on_timer : cb, timeout, repeat);
}

int uv_poll_start(uv_poll_t *h, int events, uv_poll_cb cb)
{
    return REAL(uv_poll_start)(h, events, WATCHED(h, cb, on_poll));
}

int uv_signal_start(uv_signal_t *h, uv_signal_cb cb, int number)
{
    return REAL(uv_signal_start)(h, WATCHED(h, cb, on_signal), number);
}

int uv_signal_start_oneshot(uv_signal_t *h, uv_signal_cb cb, int number)
{
    return REAL(uv_signal_start_oneshot)(h, WATCHED(h, cb, on_signal), number);
}

int uv_listen(uv_stream_t *h, int backlog, uv_connection_cb cb)
{
    return REAL(uv_listen)(h, backlog, WATCHED(h, cb, on_connection));
}

int uv_fs_event_start(uv_fs_event_t *h, uv_fs_event_cb cb, const char *path, unsigned flags)
{
    return REAL(uv_fs_event_start)(h, WATCHED(h, cb, on_fs_event), path, flags);
}

int uv_fs_poll_start(uv_fs_poll_t *h, uv_fs_poll_cb cb, const char *path, unsigned interval)
{
    return REAL(uv_fs_poll_start)(h, WATCHED(h, cb, on_fs_poll), path, interval);
}

/* Which buffer is to be had is asked where the reading was begun, too. */
static uv_alloc_cb alloc_kept(void *h, uv_alloc_cb alloc)
{
    const callback *cb = adapter_callback((uintptr_t)alloc);
    handle *record = cb ? handle_make(h) : NULL;
    if (!record) return alloc;
    record->alloc = cb;
    record->ctx = adapter_watch();
    return on_alloc;
}

int uv_read_start(uv_stream_t *h, uv_alloc_cb alloc, uv_read_cb cb)
{
    alloc = alloc_kept(h, alloc);
    return REAL(uv_read_start)(h, alloc, WATCHED(h, cb, on_read));
}

int uv_udp_recv_start(uv_udp_t *h, uv_alloc_cb alloc, uv_udp_recv_cb cb)
{
    alloc = alloc_kept(h, alloc);
    return REAL(uv_udp_recv_start)(h, alloc, WATCHED(h, cb, on_receive));
}

int uv_spawn(uv_loop_t *loop, uv_process_t *h, const uv_process_options_t *options)
{
    uv_process_options_t ours = *options;
    if (handle_keep(h, (uintptr_t)options->exit_cb, 1)) ours.exit_cb = on_exit_of;
    return REAL(uv_spawn)(loop, h, &ours);
}

/* --- uv_async_t: any thread wakes the loop ----------------------------------------------------- */

static void on_async(uv_async_t *h)
{
    handle *record = handle_of(h);
    const callback *cb = record->cb;
    adapter_lock(&record->lock);
    thag_ctx ctx = record->ctx;
    adapter_unlock(&record->lock);
    thag_token token = adapter_enter(&ctx, cb);
    ((uv_async_cb)cb->function)(h);
    adapter_leave(token);
}

int uv_async_init(uv_loop_t *loop, uv_async_t *h, uv_async_cb cb)
{
    return REAL(uv_async_init)(loop, h, WATCHED(h, cb, on_async));
}

/* The callback goes on where it was sent from; of several senders before it runs, from the last. Signal
   handlers may send: who finds the lock taken leaves it to the other. */
int uv_async_send(uv_async_t *h)
{
    handle *record = handle_of(h);
    if (record && record->cb && !__atomic_exchange_n(&record->lock, 1, __ATOMIC_ACQUIRE)) {
        thag_ctx ctx = thag_ctx_capture();
        if (ctx.process) record->ctx = ctx;
        adapter_unlock(&record->lock);
    }
    return REAL(uv_async_send)(h);
}

/* --- the end of a handle ----------------------------------------------------------------------- */

static void on_close(uv_handle_t *h)
{
    handle *record = handle_of(h), last = *record;
    h->u.reserved[RECORD] = h->u.reserved[PROOF] = NULL;
    adapter_pool_give(&handles, record);
    if (!last.done) return;
    thag_token token = adapter_enter(&last.closed_at, last.done);
    ((uv_close_cb)last.done->function)(h);
    adapter_leave(token);
}

void uv_close(uv_handle_t *h, uv_close_cb cb)
{
    const callback *done = adapter_callback((uintptr_t)cb);
    handle *record = done ? handle_make(h) : cb ? NULL : handle_of(h);
    if (record) {
        record->closed_at = thag_ctx_capture();
        record->done = done;
    }
    REAL(uv_close)(h, record ? on_close : cb);
}
