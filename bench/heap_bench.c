/*
 * heap_bench.c - what counting memory costs: a pair of malloc and free, without the hooks, with the
 * hooks but nothing recorded, in summary and in live mode. Round by round, the least of all rounds.
 *
 * usage: heap_bench LIBTHAG_HEAP.SO [ROUNDS]
 *
 * "tight" frees what it has just allocated, 64 bytes. "mixed" has 10,000 blocks of 16 to 4,096 bytes and
 * replaces one at random. Times are of the thread's processor clock.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH   200000
#define BATCHES 10
#define LIVE    10000
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void tight(void)
{
    for (int i = 0; i < BATCH; i++) {
        void *p = malloc(64);
        KEEP(p);
        free(p);
    }
}

static char *blocks[LIVE];

static void mixed(void)
{
    static uint64_t x = 88172645463325252u;
    for (int i = 0; i < BATCH; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        char **at = &blocks[x % LIVE];
        free(*at);
        *at = malloc(16 + (x >> 32) % 4081);
        (*at)[0] = 1;
    }
}

/* The child: the best batch of each, in ns a pair. */
static int measure(void)
{
    void (*const loads[])(void) = {tight, mixed};
    double best[2] = {1e9, 1e9};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < BATCHES; i++) {
            double start = now_ns();
            loads[k]();
            double ns = (now_ns() - start) / BATCH;
            if (i && ns < best[k]) best[k] = ns;
        }
    printf("%.3f %.3f\n", best[0], best[1]);
    return 0;
}

static int run_child(const char *self, const char *library, const char *mode, double best[2])
{
    char command[8192], folder[] = "/tmp/heap_bench.XXXXXX";
    double ns[2];
    if (!mkdtemp(folder)) return 0;
    snprintf(command, sizeof command, "%s%s%s %s%s %s%s '%s' --measure; rm -rf '%s'",
             strcmp(mode, "plain") ? "LD_PRELOAD='" : "", strcmp(mode, "plain") ? library : "",
             strcmp(mode, "plain") ? "'" : "",
             mode[0] == 's' || mode[0] == 'l' ? "THAG_MEMORY=" : "",
             mode[0] == 's' || mode[0] == 'l' ? mode : "",
             mode[0] == 's' || mode[0] == 'l' ? "THAG_PROFILER=memory," : "",
             mode[0] == 's' || mode[0] == 'l' ? folder : "", self, folder);
    FILE *child = popen(command, "r");
    int ok = child && fscanf(child, "%lf %lf", &ns[0], &ns[1]) == 2;
    if (child) ok &= pclose(child) == 0;
    for (int k = 0; ok && k < 2; k++)
        if (ns[k] < best[k]) best[k] = ns[k];
    return ok;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"plain", "off", "summary", "live"};
    double best[4][2];
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    if (argc > 1 && !strcmp(argv[1], "--measure")) return measure();
    if (argc < 2) {
        fprintf(stderr, "usage: heap_bench LIBTHAG_HEAP.SO [ROUNDS]\n");
        return 2;
    }
    unsetenv("LD_PRELOAD");
    unsetenv("THAG_PROFILER");
    for (int m = 0; m < 4; m++) best[m][0] = best[m][1] = 1e9;
    for (int r = 0; r < rounds; r++)
        for (int m = 0; m < 4; m++)
            if (!run_child(argv[0], argv[1], modes[m], best[m])) {
                fprintf(stderr, "heap_bench: %s: the child failed\n", modes[m]);
                return 1;
            }
    printf("%-10s %10s %8s %12s %8s\n", "mode", "tight ns", "ratio", "mixed ns", "ratio");
    for (int m = 0; m < 4; m++)
        printf("%-10s %10.2f %8.2f %12.2f %8.2f\n", modes[m], best[m][0], best[m][0] / best[0][0],
               best[m][1], best[m][1] / best[0][1]);
    return 0;
}
