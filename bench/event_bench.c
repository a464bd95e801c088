/*
 * event_bench.c - as uv_bench.c, on libevent: a timer that sets itself again, and an echo server on
 * bufferevents, which know no profiler.
 *
 * usage: event_bench callback | event_bench echo ROUNDS
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "echo_client.h"

static struct event_base *base;

/* --- a callback -------------------------------------------------------------------------------- */

enum { ROUNDS = 40, EACH = 20000 };
static int left;

static void on_active(evutil_socket_t fd, short what, void *self)
{
    (void)fd, (void)what;
    if (--left > 0) event_active(self, EV_TIMEOUT, 0);
}

static void callbacks(void)
{
    struct event *ev = event_new(base, -1, 0, on_active, event_self_cbarg());
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double from = now_ns(), took;
        left = EACH;
        event_active(ev, EV_TIMEOUT, 0);
        event_base_dispatch(base);
        took = (now_ns() - from) / EACH;
        if (took < best) best = took;
    }
    printf("callback_ns %.1f\n", best);
    event_free(ev);
}

/* --- an echo ----------------------------------------------------------------------------------- */

static int open_connections = ECHO_CONNECTIONS;

static void on_read(struct bufferevent *b, void *arg)
{
    (void)arg;
    evbuffer_add_buffer(bufferevent_get_output(b), bufferevent_get_input(b));
}

static void on_state(struct bufferevent *b, short what, void *arg)
{
    (void)arg;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))) return;
    bufferevent_free(b);
    if (--open_connections == 0) event_base_loopbreak(base);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int size,
                      void *arg)
{
    struct bufferevent *b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

    (void)l, (void)from, (void)size;
    bufferevent_setcb(b, on_read, NULL, on_state, arg);
    bufferevent_enable(b, EV_READ | EV_WRITE);
}

static void echo(int rounds)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    struct evconnlistener *l =
        evconnlistener_new_bind(base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, -1,
                                (struct sockaddr *)&address, sizeof address);
    echo_client client;

    if (!l) echo_failed("listen");
    getsockname(evconnlistener_get_fd(l), (struct sockaddr *)&address, &size);
    echo_start(&client, ntohs(address.sin_port), rounds);
    event_base_dispatch(base);
    pthread_join(client.thread, NULL);
    evconnlistener_free(l);
}

int main(int argc, char **argv)
{
    base = event_base_new();
    if (argc == 2 && strcmp(argv[1], "callback") == 0)
        callbacks();
    else if (argc == 3 && strcmp(argv[1], "echo") == 0)
        echo(atoi(argv[2]));
    else
        return 2;
    event_base_free(base);
    return 0;
}
