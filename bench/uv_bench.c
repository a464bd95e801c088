/*
 * uv_bench.c - programs of libuv's that know no profiler: a timer that sets itself again, for what a
 * callback costs, and an echo server in the shape of libuv's own example. Run bare, and with the adapters
 * preloaded.
 *
 * usage: uv_bench callback | uv_bench echo ROUNDS
 */
#include <uv.h>

#include "echo_client.h"

/* --- a callback -------------------------------------------------------------------------------- */

enum { ROUNDS = 40, EACH = 50000 };
static int left;

static void on_timer(uv_timer_t *timer)
{
    if (--left > 0) uv_timer_start(timer, on_timer, 0, 0);
}

static void callbacks(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t timer;
    double best = 1e18;

    uv_timer_init(loop, &timer);
    for (int round = 0; round < ROUNDS; round++) {
        double from = now_ns(), took;
        left = EACH;
        uv_timer_start(&timer, on_timer, 0, 0);
        uv_run(loop, UV_RUN_DEFAULT);
        took = (now_ns() - from) / EACH;
        if (took < best) best = took;
    }
    printf("callback_ns %.1f\n", best);
}

/* --- an echo ----------------------------------------------------------------------------------- */

static int open_connections = ECHO_CONNECTIONS;
static uv_tcp_t server;

typedef struct answer {
    uv_write_t request;
    uv_buf_t buffer;
} answer;

static void give_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle;
    *buffer = uv_buf_init(malloc(wanted), (unsigned)wanted);
}

static void on_written(uv_write_t *request, int status)
{
    answer *a = (answer *)(void *)request;

    (void)status;
    free(a->buffer.base);
    free(a);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
    if (--open_connections == 0) uv_close((uv_handle_t *)&server, NULL);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    answer *a;

    if (size <= 0) {
        free(buffer->base);
        if (size < 0) uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    a = malloc(sizeof *a);
    if (!a) abort();
    a->buffer = uv_buf_init(buffer->base, (unsigned)size);
    uv_write(&a->request, stream, &a->buffer, 1, on_written);
}

static void on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *stream = malloc(sizeof *stream);

    if (status < 0 || !stream) abort();
    uv_tcp_init(listener->loop, stream);
    uv_accept(listener, (uv_stream_t *)stream);
    uv_read_start((uv_stream_t *)stream, give_buffer, on_read);
}

static void echo(int rounds)
{
    uv_loop_t *loop = uv_default_loop();
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int size = sizeof bound;
    echo_client client;

    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(loop, &server);
    uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
    uv_listen((uv_stream_t *)&server, 128, on_connection);
    uv_tcp_getsockname(&server, (struct sockaddr *)&bound, &size);
    echo_start(&client, ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port), rounds);
    uv_run(loop, UV_RUN_DEFAULT);
    pthread_join(client.thread, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "callback") == 0)
        callbacks();
    else if (argc == 3 && strcmp(argv[1], "echo") == 0)
        echo(atoi(argv[2]));
    else
        return 2;
    return 0;
}
