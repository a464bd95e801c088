/*
 * heap_bench.c - what counting memory costs: a pair of malloc and free, without the hooks, with the
 * hooks but nothing recorded, and in each mode. Round by round, the least of all rounds.
 *
 * usage: heap_bench LIBTHAG_HEAP.SO [ROUNDS]
 *        heap_bench --run COMMAND...    its CPU time in ms and its largest resident memory in KiB
 *
 * "tight" frees what it has just allocated, 64 bytes; it takes turns with libc's own functions in the same
 * process, and the ratio is to those. "mixed" has 10,000 blocks of 16 to 4,096 bytes and replaces one at
 * random, ten calls deep, on 64 different stacks. Times are of the thread's processor clock.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIGHT   20000
#define TURNS   100
#define MIXED   10000
#define BATCHES 60
#define LIVE    10000
#define DEPTH   10
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- tight ------------------------------------------------------------------------------------- */

static void tight(void *(*alloc)(size_t), void (*release)(void *))
{
    for (int i = 0; i < TIGHT; i++) {
        void *p = alloc(64);
        KEEP(p);
        release(p);
    }
}

static double least(double least, double start)
{
    double ns = (now_ns() - start) / TIGHT;
    return ns < least ? ns : least;
}

static void measure_tight(double *hooked, double *direct)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *found[2] = {NULL, NULL};
    void *(*alloc)(size_t) = malloc;
    void (*release)(void *) = free;
    if (libc) found[0] = dlsym(libc, "malloc");
    if (libc) found[1] = dlsym(libc, "free");
    if (found[0]) memcpy(&alloc, &found[0], sizeof alloc);
    if (found[1]) memcpy(&release, &found[1], sizeof release);
    *hooked = *direct = 1e9;
    for (int i = 0; i < TURNS; i++) {
        double start = now_ns();
        tight(malloc, free);
        *hooked = least(*hooked, start);
        start = now_ns();
        tight(alloc, release);
        *direct = least(*direct, start);
    }
}

/* --- mixed ------------------------------------------------------------------------------------- */

typedef struct load {
    uint64_t x;
    double best_ns;
    char *blocks[LIVE];
} load;

static void replace(char **at, size_t size)
{
    free(*at);
    *at = malloc(size);
    (*at)[0] = 1;
}

/* Two functions, for two ways at each of the first six calls; no tail calls, for the frames are to stay. */
static void one_way(char **at, size_t size, unsigned path, int depth);
static void other_way(char **at, size_t size, unsigned path, int depth);
#define GO_ON(at, size, path, depth) \
    if ((depth) == 0) \
        replace(at, size); \
    else if ((path)&1) \
        other_way(at, size, (path) >> 1, (depth)-1); \
    else \
        one_way(at, size, (path) >> 1, (depth)-1); \
    KEEP(at)
static __attribute__((__noinline__)) void one_way(char **at, size_t size, unsigned path, int depth)
{
    GO_ON(at, size, path, depth);
}
static __attribute__((__noinline__)) void other_way(char **at, size_t size, unsigned path,
                                                    int depth)
{
    GO_ON(at, size, path, depth);
    KEEP(at);
}

static void *mixed(void *arg)
{
    load *l = arg;
    l->best_ns = 1e9;
    for (int batch = 0; batch < BATCHES; batch++) {
        double start = now_ns();
        for (int i = 0; i < MIXED; i++) {
            l->x ^= l->x << 13;
            l->x ^= l->x >> 7;
            l->x ^= l->x << 17;
            one_way(&l->blocks[l->x % LIVE], 16 + (l->x >> 32) % 4081, l->x >> 20 & 63, DEPTH);
        }
        double ns = (now_ns() - start) / MIXED;
        if (batch && ns < l->best_ns) l->best_ns = ns;
    }
    return NULL;
}

static load loads[2] = {{.x = 88172645463325252u}, {.x = 2463534242u}};

/* The child: ns a pair of tight with the hooks and without, of mixed by one thread and by each of two. */
static int measure(void)
{
    double hooked, direct, alone;
    pthread_t second;
    measure_tight(&hooked, &direct);
    mixed(&loads[0]);
    alone = loads[0].best_ns;
    if (pthread_create(&second, NULL, mixed, &loads[1]) != 0) return 1;
    mixed(&loads[0]);
    pthread_join(second, NULL);
    printf("%.3f %.3f %.3f %.3f\n", hooked, direct, alone,
           (loads[0].best_ns + loads[1].best_ns) / 2);
    return 0;
}

/* --- the parent -------------------------------------------------------------------------------- */

typedef struct mode {
    const char *name, *memory, *setting; /* THAG_MEMORY; what follows "memory,FOLDER" */
    const char *sample;                  /* THAG_MEMORY_SAMPLE; NULL: every block */
    int is_preloaded;
    double tight, ratio, mixed, mixed_two;
} mode;

static void lower(double *least, double value)
{
    if (value < *least) *least = value;
}

static int run_child(const char *self, const char *library, mode *m)
{
    char command[8192], folder[] = "/tmp/heap_bench.XXXXXX";
    double hooked, direct, one, two;
    if (!mkdtemp(folder)) return 0;
    unsetenv("THAG_PROFILER");
    if (m->setting) {
        snprintf(command, sizeof command, "memory,%s%s", folder, m->setting);
        setenv("THAG_PROFILER", command, 1);
        setenv("THAG_MEMORY", m->memory, 1);
        setenv("THAG_MEMORY_SAMPLE", m->sample ? m->sample : "", 1);
    }
    snprintf(command, sizeof command, "%s%s%s '%s' --measure; rm -rf '%s'",
             m->is_preloaded ? "LD_PRELOAD='" : "", m->is_preloaded ? library : "",
             m->is_preloaded ? "'" : "", self, folder);
    FILE *child = popen(command, "r");
    int ok = child && fscanf(child, "%lf %lf %lf %lf", &hooked, &direct, &one, &two) == 4;
    if (child) ok &= pclose(child) == 0;
    if (!ok) return 0;
    lower(&m->tight, hooked);
    lower(&m->ratio, hooked / direct);
    lower(&m->mixed, one);
    lower(&m->mixed_two, two);
    return 1;
}

static int run(char **command)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0 || status != 0) {
        fprintf(stderr, "heap_bench: %s: it failed\n", command[0]);
        return 1;
    }
    double ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
    printf("%.1f %ld\n", ms, usage.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    mode modes[] = {{.name = "plain"},
                    {.name = "off", .is_preloaded = 1},
                    {"sampled", "live", "", "512K", 1, 0, 0, 0, 0},
                    {"sampled+", "live", ",,true", "512K", 1, 0, 0, 0, 0}, /* with stacks */
                    {"summary", "summary", "", NULL, 1, 0, 0, 0, 0},
                    {"live", "live", "", NULL, 1, 0, 0, 0, 0},
                    {"detail", "live", ",,true", NULL, 1, 0, 0, 0, 0}};
    const int count = sizeof modes / sizeof *modes;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    if (argc > 2 && !strcmp(argv[1], "--run")) return run(argv + 2);
    if (argc > 1 && !strcmp(argv[1], "--measure")) return measure();
    if (argc < 2) {
        fprintf(stderr, "usage: heap_bench LIBTHAG_HEAP.SO [ROUNDS] | --run COMMAND...\n");
        return 2;
    }
    unsetenv("LD_PRELOAD");
    for (int i = 0; i < count; i++)
        modes[i].tight = modes[i].ratio = modes[i].mixed = modes[i].mixed_two = 1e9;
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < count; i++)
            if (!run_child(argv[0], argv[1], &modes[i])) {
                fprintf(stderr, "heap_bench: %s: the child failed\n", modes[i].name);
                return 1;
            }
    printf("%-10s %9s %7s %10s %9s %18s\n", "mode", "tight ns", "ratio", "mixed ns", "more ns",
           "two threads, scale");
    for (int i = 0; i < count; i++)
        printf("%-10s %9.2f %7.2f %10.2f %9.2f %18.2f\n", modes[i].name, modes[i].tight,
               modes[i].ratio, modes[i].mixed, modes[i].mixed - modes[0].mixed,
               2 * modes[i].mixed / modes[i].mixed_two);
    return 0;
}
