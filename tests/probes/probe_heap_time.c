/*
 * probe_heap_time.c - a heap of a known course: ten blocks of 100,000 bytes, one each 30 ms; then five of
 * them freed, and the end that the argument says: exit or kill. With a second argument, another thread
 * allocates and frees beside that all the time.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS 10
#define BYTES  100000

static void *kept[BLOCKS];
static int is_over;

static void rest(void)
{
    const struct timespec time = {.tv_nsec = 30000000};

    nanosleep(&time, NULL);
}

static void *churn(void *unused)
{
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        void *volatile block = malloc(5000);

        free(block);
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    if (argc > 2 && pthread_create(&thread, NULL, churn, NULL)) return 1;
    for (int i = 0; i < BLOCKS; i++, rest()) kept[i] = malloc(BYTES);
    for (int i = 0; i < BLOCKS / 2; i++, rest()) free(kept[i]);
    if (argc > 1 && strcmp(argv[1], "kill") == 0) kill(getpid(), SIGKILL);
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    if (argc > 2) pthread_join(thread, NULL);
    return 0;
}
