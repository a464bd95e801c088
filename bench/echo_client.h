/*
 * echo_client.h - what the benchmarks of event loops measure a server with: a thread that sends lines on
 * several connections and waits for each to come back.
 */
#ifndef THAG_BENCH_ECHO_CLIENT_H
#define THAG_BENCH_ECHO_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ECHO_CONNECTIONS = 8, ECHO_BYTES = 64 };

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef struct echo_client {
    struct sockaddr_in to;
    int rounds;
    pthread_t thread;
} echo_client;

static void echo_failed(const char *what)
{
    perror(what);
    exit(1);
}

static void *echo_run(void *context)
{
    echo_client *c = context;
    int fds[ECHO_CONNECTIONS], yes = 1;
    char line[ECHO_BYTES] = "an echo";

    for (int i = 0; i < ECHO_CONNECTIONS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fds[i], (struct sockaddr *)&c->to, sizeof c->to) != 0) echo_failed("connect");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    double from = now_ns();
    for (int round = 0; round < c->rounds; round++) {
        for (int i = 0; i < ECHO_CONNECTIONS; i++)
            if (write(fds[i], line, sizeof line) != sizeof line) echo_failed("write");
        for (int i = 0; i < ECHO_CONNECTIONS; i++)
            if (recv(fds[i], line, sizeof line, MSG_WAITALL) != sizeof line) echo_failed("recv");
    }
    printf("echoes_a_second %.0f\n", 1e9 * c->rounds * ECHO_CONNECTIONS / (now_ns() - from));
    for (int i = 0; i < ECHO_CONNECTIONS; i++) close(fds[i]);
    return NULL;
}

static void echo_start(echo_client *c, int port, int rounds)
{
    *c = (echo_client){.rounds = rounds};
    c->to.sin_family = AF_INET;
    c->to.sin_port = htons((uint16_t)port);
    c->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (pthread_create(&c->thread, NULL, echo_run, c) != 0) echo_failed("pthread_create");
}

#endif
