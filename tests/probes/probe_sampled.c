/*
 * probe_sampled.c - allocations of known sums, for sampled.sh: which estimates come of them.
 * usage: probe_sampled [kill]
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "thag_profiler.h"

#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

typedef struct item {
    struct item *next;
} item;

static item *push(item *list, size_t size)
{
    item *i = malloc(size);
    i->next = list;
    return i;
}

static void free_all(item *list)
{
    while (list) {
        item *next = list->next;
        free(list);
        list = next;
    }
}

/* 200,000 x 100 B */
static __attribute__((__noinline__)) item *leaked(void)
{
    THAG_PROFILED();
    item *list = NULL;
    for (int i = 0; i < 200000; i++) list = push(list, 100);
    return list;
}

/* 500,000 x 40 B */
static __attribute__((__noinline__)) void churned(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 500000; i++) {
        void *p = malloc(40);
        KEEP(p);
        free(p);
    }
}

/* 100 B more each time, up to 200,000: the sum is 200,100,000. */
static __attribute__((__noinline__)) void grown(void)
{
    THAG_PROFILED();
    char *p = NULL;
    for (size_t i = 1; i <= 2000; i++) {
        p = realloc(p, i * 100);
        p[i * 100 - 1] = (char)i;
        if (i > 1 && p[i * 100 - 101] != (char)(i - 1)) abort();
    }
    free(p);
}

/* Each a sample for certain, and not touched where calloc need not: 4 x 64 MiB. */
static __attribute__((__noinline__)) void large(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 4; i++) {
        char *p = calloc(64, 1 << 20);
        for (size_t at = 0; at < (64u << 20); at += 1 << 20)
            if (p[at]) abort();
        free(p);
    }
}

/* 20,000 each: of 64 B on 64, 1000 B on 128, 500 B on 16; what they say is usable is so. */
static __attribute__((__noinline__)) void aligned(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 20000; i++) {
        void *p[3] = {aligned_alloc(64, 64), NULL, malloc(500)};
        if (posix_memalign(&p[1], 128, 1000) != 0) abort();
        if ((uintptr_t)p[0] % 64 || (uintptr_t)p[1] % 128) abort();
        for (int k = 0; k < 3; k++) {
            memset(p[k], 0xee, k == 0 ? 64 : k == 1 ? 1000 : 500);
            free(p[k]);
        }
    }
}

static __attribute__((__noinline__)) void *make_list(void *arg)
{
    THAG_PROFILED();
    item *list = NULL;
    for (int i = 0; i < 50000; i++) list = push(list, 80);
    (void)arg;
    return list;
}

/* 4 x 50,000 x 80 B, freed by the main thread. */
static __attribute__((__noinline__)) void crossed(void)
{
    THAG_PROFILED();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, make_list, NULL);
    for (int i = 0; i < 4; i++) {
        void *list;
        pthread_join(threads[i], &list);
        free_all(list);
    }
}

/* 300,000 blocks of no bytes. */
static __attribute__((__noinline__)) void empty(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 300000; i++) {
        void *p = malloc(0);
        KEEP(p);
        free(p);
    }
}

/* A child with memory of its own to count, which frees its parent's. */
static __attribute__((__noinline__)) void forked(item *of_parent)
{
    pid_t pid = fork();
    if (pid == 0) {
        free_all(of_parent);
        churned();
        exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0) abort();
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);
    item *list = leaked();
    if (argc > 1 && strcmp(argv[1], "kill") == 0) raise(SIGKILL);
    if (argc > 1 && strcmp(argv[1], "fork") == 0) {
        forked(list);
        return 0;
    }
    churned();
    grown();
    large();
    aligned();
    crossed();
    empty();
    return list == NULL;
}
