/*
 * async_libuv_server.c - a server on libuv, with its clients in the same process: each line that a client
 * sends is turned around by a job of libuv's thread pool, and sent back.
 *
 * There is nothing in it for callbacks: linked with thag_adapters, or with that preloaded, each is shown
 * below the place that asked for it, on whichever thread it runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "thag_profiler.h"

enum { CLIENTS = 8, LINES = 25, LINE_BYTES = 32 };

typedef struct connection { /* of the server's */
    uv_tcp_t stream;
    char buffer[LINE_BYTES];
    size_t filled;
    uv_work_t job;
    uv_write_t answer;
} connection;

typedef struct client {
    uv_tcp_t stream;
    uv_connect_t connecting;
    uv_write_t request;
    char line[LINE_BYTES], buffer[LINE_BYTES];
    size_t filled;
    int lines;
} client;

static uv_tcp_t server;
static uv_timer_t ticker;
static client clients[CLIENTS];
static int left = CLIENTS, lines_seen, ticks;

static void spin_us(long us)
{
    struct timespec from, now;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

static void must(int status)
{
    if (status >= 0) return;
    fprintf(stderr, "async_libuv_server: %s\n", uv_strerror(status));
    exit(1);
}

/* --- the server -------------------------------------------------------------------------------- */

static void turn_around(char *line)
{
    THAG_PROFILED();
    for (int i = 0; i < LINE_BYTES / 2; i++) {
        char c = line[i];
        line[i] = line[LINE_BYTES - 1 - i];
        line[LINE_BYTES - 1 - i] = c;
    }
    spin_us(60);
}

static void work(uv_work_t *job)
{
    connection *c = job->data;

    turn_around(c->buffer);
}

static void listen_to(connection *c);

static void on_answered(uv_write_t *answer, int status)
{
    connection *c = answer->data;

    must(status);
    c->filled = 0;
    listen_to(c);
}

static void after_work(uv_work_t *job, int status)
{
    connection *c = job->data;
    uv_buf_t buffer = uv_buf_init(c->buffer, LINE_BYTES);

    must(status);
    c->answer.data = c;
    must(uv_write(&c->answer, (uv_stream_t *)&c->stream, &buffer, 1, on_answered));
}

static void give_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    connection *c = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(c->buffer + c->filled, (unsigned)(LINE_BYTES - c->filled));
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_line(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    connection *c = stream->data;

    (void)buffer;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    c->filled += (size_t)size;
    if (c->filled < LINE_BYTES) return;
    spin_us(10);
    lines_seen++;
    uv_read_stop(stream); /* one line at a time */
    c->job.data = c;
    must(uv_queue_work(stream->loop, &c->job, work, after_work));
}

static void listen_to(connection *c)
{
    must(uv_read_start((uv_stream_t *)&c->stream, give_buffer, on_line));
}

static void on_connection(uv_stream_t *listener, int status)
{
    connection *c = calloc(1, sizeof *c);

    must(status);
    if (!c) abort();
    must(uv_tcp_init(listener->loop, &c->stream));
    c->stream.data = c;
    must(uv_accept(listener, (uv_stream_t *)&c->stream));
    listen_to(c);
}

/* --- its clients ------------------------------------------------------------------------------- */

static void send_line(client *c);

static void give_client_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    client *c = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(c->buffer + c->filled, (unsigned)(LINE_BYTES - c->filled));
}

static void on_answer(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    client *c = stream->data;

    (void)buffer;
    if (size < 0) must((int)size);
    c->filled += (size_t)size;
    if (c->filled < LINE_BYTES) return;
    c->filled = 0;
    if (++c->lines < LINES) {
        send_line(c);
        return;
    }
    uv_close((uv_handle_t *)stream, NULL);
    if (--left) return;
    uv_close((uv_handle_t *)&server, NULL);
    uv_close((uv_handle_t *)&ticker, NULL);
}

static void send_line(client *c)
{
    uv_buf_t buffer = uv_buf_init(c->line, LINE_BYTES);

    must(uv_write(&c->request, (uv_stream_t *)&c->stream, &buffer, 1, NULL));
}

static void on_connected(uv_connect_t *connecting, int status)
{
    client *c = connecting->handle->data;

    must(status);
    must(uv_read_start((uv_stream_t *)&c->stream, give_client_buffer, on_answer));
    send_line(c);
}

static void start_clients(const struct sockaddr *address)
{
    THAG_PROFILED();
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &clients[i];

        memset(c->line, 'a' + i, LINE_BYTES);
        must(uv_tcp_init(server.loop, &c->stream));
        c->stream.data = c;
        must(uv_tcp_connect(&c->connecting, &c->stream, address, on_connected));
    }
}

/* --- both -------------------------------------------------------------------------------------- */

/* Sets itself again: the call path does not grow by that. */
static void on_tick(uv_timer_t *timer)
{
    ticks++;
    must(uv_timer_start(timer, on_tick, 1, 0));
}

static void start_server(uv_loop_t *loop)
{
    THAG_PROFILED();
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int size = sizeof bound;

    must(uv_ip4_addr("127.0.0.1", 0, &address));
    must(uv_tcp_init(loop, &server));
    must(uv_tcp_bind(&server, (const struct sockaddr *)&address, 0));
    must(uv_listen((uv_stream_t *)&server, 128, on_connection));
    must(uv_timer_init(loop, &ticker));
    must(uv_timer_start(&ticker, on_tick, 1, 0));
    must(uv_tcp_getsockname(&server, (struct sockaddr *)&bound, &size));
    start_clients((const struct sockaddr *)&bound);
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);
    uv_loop_t *loop = uv_default_loop();

    start_server(loop);
    THAG_PROFILE("loop");
    must(uv_run(loop, UV_RUN_DEFAULT));
    THAG_END("loop");
    must(uv_loop_close(loop));
    printf("%d lines\n", lines_seen);
    return 0;
}
