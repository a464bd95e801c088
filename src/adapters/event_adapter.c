/*
 * event_adapter.c - libevent: callbacks of events, bufferevents and listeners go on where they were asked
 * for.
 *
 * libevent passes its callbacks an argument of the program's choice; here it gets a record of ours in its
 * place, with the program's argument inside. So the functions that give callback and argument back, to the
 * program or to libevent's own code in another library, are stood in for, too. A record goes when its event
 * is freed or set up anew; of an event in the program's own memory (event_assign) that is never set up
 * again, it stays.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "adapters/callback.h"

#define REAL_IN(part, name) \
    (__extension__({ \
        static __typeof__(name) *real_; \
        if (__builtin_expect(!real_, 0)) real_ = (__typeof__(name) *)adapter_real(#name, part); \
        real_; \
    }))
#define REAL(name)  REAL_IN("libevent_core-2.1.so.7", name)
#define EXTRA(name) REAL_IN("libevent_extra-2.1.so.7", name)

typedef struct record {
    thag_ctx ctx;
    const callback *cb[3]; /* a bufferevent's: read, write, event; else the first */
    uintptr_t plain[3];    /* what the program passed */
    void *arg;
} record;

static adapter_pool records = {.size = sizeof(record)};

/* A record for callbacks, of which at least one is the program's; NULL: pass all on as it is. */
static record *record_make(uintptr_t first, uintptr_t second, uintptr_t third, void *arg)
{
    const uintptr_t functions[3] = {first, second, third};
    const callback *cb[3];
    int count = 0;
    for (int i = 0; i < 3; i++) count += (cb[i] = adapter_callback(functions[i])) != NULL;
    record *r = count ? adapter_pool_take(&records) : NULL;
    if (!r) return NULL;
    for (int i = 0; i < 3; i++) {
        r->cb[i] = cb[i];
        r->plain[i] = functions[i];
    }
    r->ctx = adapter_watch();
    r->arg = arg;
    return r;
}

static void record_drop(void *r)
{
    if (r) adapter_pool_give(&records, r);
}

/* Continue, call, leave. The record may go within. */
#define CALL(type, r, which, ...) \
    do { \
        const callback *cb = (r)->cb[which]; \
        uintptr_t function = (r)->plain[which]; \
        thag_token token = cb ? adapter_enter(&(r)->ctx, cb) : 0; \
        ((type)function)(__VA_ARGS__); \
        adapter_leave(token); \
    } while (0)

/* --- events ------------------------------------------------------------------------------------ */

static void on_event(evutil_socket_t fd, short what, void *context)
{
    const record *r = context;
    CALL(event_callback_fn, r, 0, fd, what, r->arg);
}

/* The record of an event; NULL: it has none. What was never an event has no such callback. */
static record *record_of(const struct event *ev)
{
    if (REAL(event_get_callback)(ev) != on_event) return NULL;
    void *arg = REAL(event_get_callback_arg)(ev);
    return adapter_pool_has(&records, arg) ? arg : NULL;
}

/* An argument that means the event itself. */
static void *self_or(const struct event *ev, void *arg)
{
    return arg == REAL(event_self_cbarg)() ? (void *)(uintptr_t)ev : arg;
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
                        event_callback_fn function, void *arg)
{
    record *r = function != on_event ? record_make((uintptr_t)function, 0, 0, arg) : NULL;
    struct event *ev = REAL(event_new)(base, fd, what, r ? on_event : function, r ? r : arg);
    if (!ev) record_drop(r);
    if (ev && r) r->arg = self_or(ev, arg);
    return ev;
}

int event_assign(struct event *ev, struct event_base *base, evutil_socket_t fd, short what,
                 event_callback_fn function, void *arg)
{
    record *r =
        function != on_event ? record_make((uintptr_t)function, 0, 0, self_or(ev, arg)) : NULL;
    int status = REAL(event_assign)(ev, base, fd, what, r ? on_event : function, r ? r : arg);
    if (status != 0) record_drop(r);
    return status;
}

void event_free(struct event *ev)
{
    record *r = ev ? record_of(ev) : NULL;
    REAL(event_free)(ev);
    record_drop(r);
}

/* A timer, or a wait for one event, is waited for from when it is set. */
int event_add(struct event *ev, const struct timeval *timeout)
{
    record *r = record_of(ev);
    if (r) {
        int repeats = REAL(event_get_events)(ev) & EV_PERSIST;
        r->ctx = repeats ? adapter_watch() : thag_ctx_capture();
    }
    return REAL(event_add)(ev, timeout);
}

event_callback_fn event_get_callback(const struct event *ev)
{
    const record *r = record_of(ev);
    return r ? (event_callback_fn)r->plain[0] : REAL(event_get_callback)(ev);
}

void *event_get_callback_arg(const struct event *ev)
{
    const record *r = record_of(ev);
    return r ? r->arg : REAL(event_get_callback_arg)(ev);
}

void event_get_assignment(const struct event *ev, struct event_base **base, evutil_socket_t *fd,
                          short *what, event_callback_fn *function, void **arg)
{
    REAL(event_get_assignment)(ev, base, fd, what, function, arg);
    if (function) *function = event_get_callback(ev);
    if (arg) *arg = event_get_callback_arg(ev);
}

static void once(evutil_socket_t fd, short what, void *context)
{
    record r = *(record *)context;
    record_drop(context);
    CALL(event_callback_fn, &r, 0, fd, what, r.arg);
}

int event_base_once(struct event_base *base, evutil_socket_t fd, short what,
                    event_callback_fn function, void *arg, const struct timeval *timeout)
{
    record *r = record_make((uintptr_t)function, 0, 0, arg);
    if (r) r->ctx = thag_ctx_capture();
    int status = REAL(event_base_once)(base, fd, what, r ? once : function, r ? r : arg, timeout);
    if (status != 0) record_drop(r);
    return status;
}

/* --- bufferevents ------------------------------------------------------------------------------ */

static void on_readable(struct bufferevent *b, void *context)
{
    const record *r = context;
    CALL(bufferevent_data_cb, r, 0, b, r->arg);
}

static void on_writable(struct bufferevent *b, void *context)
{
    const record *r = context;
    CALL(bufferevent_data_cb, r, 1, b, r->arg);
}

static void on_state(struct bufferevent *b, short what, void *context)
{
    const record *r = context;
    CALL(bufferevent_event_cb, r, 2, b, what, r->arg);
}

/* What libevent has of it is ours. */
static record *record_of_buffer(struct bufferevent *b)
{
    bufferevent_data_cb reads, writes;
    bufferevent_event_cb state;
    void *arg;
    REAL(bufferevent_getcb)(b, &reads, &writes, &state, &arg);
    if (reads != on_readable && writes != on_writable && state != on_state) return NULL;
    return adapter_pool_has(&records, arg) ? arg : NULL;
}

void bufferevent_setcb(struct bufferevent *b, bufferevent_data_cb reads, bufferevent_data_cb writes,
                       bufferevent_event_cb state, void *arg)
{
    record *before = record_of_buffer(b);
    record *r = record_make((uintptr_t)reads, (uintptr_t)writes, (uintptr_t)state, arg);
    if (r) REAL(bufferevent_setcb)
    (b, reads ? on_readable : NULL, writes ? on_writable : NULL, state ? on_state : NULL, r);
    else REAL(bufferevent_setcb)(b, reads, writes, state, arg);
    record_drop(before);
}

void bufferevent_getcb(struct bufferevent *b, bufferevent_data_cb *reads,
                       bufferevent_data_cb *writes, bufferevent_event_cb *state, void **arg)
{
    const record *r = record_of_buffer(b);
    REAL(bufferevent_getcb)(b, reads, writes, state, arg);
    if (!r) return;
    if (reads) *reads = (bufferevent_data_cb)r->plain[0];
    if (writes) *writes = (bufferevent_data_cb)r->plain[1];
    if (state) *state = (bufferevent_event_cb)r->plain[2];
    if (arg) *arg = r->arg;
}

/* libevent takes the callbacks away itself, and by a way that we may not see. */
void bufferevent_free(struct bufferevent *b)
{
    record *r = record_of_buffer(b);
    if (r) REAL(bufferevent_setcb)(b, NULL, NULL, NULL, NULL);
    REAL(bufferevent_free)(b);
    record_drop(r);
}

/* --- listeners, and what is served ------------------------------------------------------------- */

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int size,
                      void *context)
{
    const record *r = context;
    CALL(evconnlistener_cb, r, 0, l, fd, from, size, r->arg);
}

struct evconnlistener *evconnlistener_new(struct event_base *base, evconnlistener_cb function,
                                          void *arg, unsigned flags, int backlog,
                                          evutil_socket_t fd)
{
    record *r = function != on_accept ? record_make((uintptr_t)function, 0, 0, arg) : NULL;
    struct evconnlistener *l =
        REAL(evconnlistener_new)(base, r ? on_accept : function, r ? r : arg, flags, backlog, fd);
    if (!l) record_drop(r);
    return l;
}

struct evconnlistener *evconnlistener_new_bind(struct event_base *base, evconnlistener_cb function,
                                               void *arg, unsigned flags, int backlog,
                                               const struct sockaddr *to, int size)
{
    record *r = record_make((uintptr_t)function, 0, 0, arg);
    struct evconnlistener *l = REAL(evconnlistener_new_bind)(base, r ? on_accept : function,
                                                             r ? r : arg, flags, backlog, to, size);
    if (!l) record_drop(r);
    return l;
}

typedef void request_function(struct evhttp_request *, void *);

static void on_request(struct evhttp_request *request, void *context)
{
    const record *r = context;
    CALL(request_function *, r, 0, request, r->arg);
}

int evhttp_set_cb(struct evhttp *http, const char *path, request_function *function, void *arg)
{
    record *r = record_make((uintptr_t)function, 0, 0, arg);
    int status = EXTRA(evhttp_set_cb)(http, path, r ? on_request : function, r ? r : arg);
    if (status != 0) record_drop(r);
    return status;
}

void evhttp_set_gencb(struct evhttp *http, request_function *function, void *arg)
{
    record *r = record_make((uintptr_t)function, 0, 0, arg);
    EXTRA(evhttp_set_gencb)(http, r ? on_request : function, r ? r : arg);
}
