/*
 * loop_event.c - what the libevent adapter stands in for: two connections over socket pairs, timers, and
 * the functions that give an argument back.
 */
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "thag_profiler.h"

enum { LINES = 20, TICKS = 30, BYTES = 16 };
static struct event_base *base;
static int lines, ticks, mark;

static void echo(struct bufferevent *b, void *arg)
{
    char line[BYTES];

    assert(arg == &mark);
    while (evbuffer_get_length(bufferevent_get_input(b)) >= BYTES) {
        bufferevent_read(b, line, BYTES);
        bufferevent_write(b, line, BYTES);
    }
}

static void closed(struct bufferevent *b, short what, void *arg)
{
    assert(arg == &mark && (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)));
    bufferevent_free(b);
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                     int size, void *arg)
{
    bufferevent_data_cb reads = NULL;
    void *context = NULL;
    struct bufferevent *b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)from, (void)size;
    assert(arg == &lines);
    bufferevent_setcb(b, echo, NULL, closed, &mark);
    bufferevent_getcb(b, &reads, NULL, NULL, &context);
    assert(reads == echo && context == &mark);
    bufferevent_enable(b, EV_READ | EV_WRITE);
    evconnlistener_free(listener);
}

static void answered(struct bufferevent *b, void *arg)
{
    char line[BYTES];

    (void)arg;
    while (evbuffer_get_length(bufferevent_get_input(b)) >= BYTES) {
        bufferevent_read(b, line, BYTES);
        if (++lines < LINES)
            bufferevent_write(b, line, BYTES);
        else
            bufferevent_free(b);
        if (lines == LINES) return;
    }
}

/* Its argument is itself. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
    const struct timeval soon = {0, 200};
    struct event *self = arg;

    (void)fd, (void)what;
    assert(event_get_callback(self) == tick && event_get_callback_arg(self) == self);
    if (++ticks < TICKS)
        event_add(self, &soon);
    else
        event_free(self);
}

static void only_once(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    assert(arg == &ticks);
}

static void start_client(const struct sockaddr *to, int size)
{
    THAG_PROFILED();
    struct bufferevent *b = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    char line[BYTES] = "a line";

    bufferevent_setcb(b, answered, NULL, NULL, NULL);
    bufferevent_enable(b, EV_READ | EV_WRITE);
    bufferevent_socket_connect(b, to, size);
    bufferevent_write(b, line, BYTES);
}

static void start(void)
{
    THAG_PROFILED();
    const struct timeval soon = {0, 100};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    struct event *timer = event_new(base, -1, 0, tick, event_self_cbarg());
    struct evconnlistener *listener =
        evconnlistener_new_bind(base, accepted, &lines, LEV_OPT_CLOSE_ON_FREE, -1,
                                (struct sockaddr *)&address, sizeof address);

    assert(timer && listener);
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size);
    event_add(timer, &soon);
    event_base_once(base, -1, EV_TIMEOUT, only_once, &ticks, &soon);
    start_client((struct sockaddr *)&address, sizeof address);
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    base = event_base_new();
    start();
    event_base_dispatch(base);
    event_base_free(base);
    return lines == LINES && ticks == TICKS ? 0 : 1;
}
