/* probe_host.c - a host that does to its descriptors, folders and limits what hosts do. See host.sh. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

static PROBE_NOINLINE void step(void)
{
    THAG_PROFILED();
}
static void steps(int n)
{
    while (n--) step();
}

/* All descriptors closed, and every number given to a file of the host's own. */
static void close_all(void)
{
    steps(1000);
    PROBE_MUST(syscall(SYS_close_range, 3, ~0u, 0) == 0); /* not every libc has closefrom() */
    int fds[600], count = 0;
    char text[] = "the host's own\n";
    for (; count < 600; count++) {
        char name[32];
        snprintf(name, sizeof name, "own-%d", count);
        fds[count] = open(name, O_RDWR | O_CREAT, 0600);
        if (fds[count] < 0) break;
        PROBE_MUST(write(fds[count], text, sizeof text - 1) == sizeof text - 1);
    }
    PROBE_MUST(count > 500);
    steps(100000); /* many chunks of timeline are written meanwhile */
    for (int i = 0; i < count; i++) {
        struct stat st;
        char back[64];
        PROBE_MUST(!fstat(fds[i], &st) && st.st_size == sizeof text - 1);
        PROBE_MUST(pread(fds[i], back, sizeof back, 0) == sizeof text - 1 &&
                   !memcmp(back, text, sizeof text - 1));
    }
}

static void change_folder(void)
{
    PROBE_MUST(!chdir("/"));
    steps(100000);
}

static void many(void)
{
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "path_%d", i);
        THAG_PROFILE(name);
        steps(1000);
        THAG_END(name);
    }
    puts("many done");
}

/* Few paths, and more timeline than a small disk holds. */
static void long_run(void)
{
    steps(200000);
    puts("long run done");
}

static pthread_barrier_t all_there;
static void *crowd_thread(void *arg)
{
    steps(1000);
    pthread_barrier_wait(&all_there);
    return arg;
}
/* 40 threads at a time need some 80 chunks. */
static void crowd(void)
{
    pthread_t threads[40];
    pthread_barrier_init(&all_there, NULL, 40);
    for (int i = 0; i < 40; i++) PROBE_MUST(!pthread_create(&threads[i], NULL, crowd_thread, NULL));
    for (int i = 0; i < 40; i++) pthread_join(threads[i], NULL);
    steps(100000);
    puts("crowd done");
}

/* Limits that come after the start. */
static void limit_files(void)
{
    struct rlimit three = {3, 3};
    PROBE_MUST(!setrlimit(RLIMIT_NOFILE, &three));
    steps(100000);
    puts("few files done");
}
static void limit_memory(void)
{
    struct rlimit tight = {1, 1}; /* not one mapping more */
    steps(10);
    PROBE_MUST(!setrlimit(RLIMIT_AS, &tight));
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof name, "path_%d", i);
        THAG_PROFILE(name);
        steps(1000);
        THAG_END(name);
    }
    puts("no memory done");
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);

    PROBE_CASE("close", close_all())
    PROBE_CASE("chdir", change_folder())
    PROBE_CASE("many", many())
    PROBE_CASE("long_run", long_run())
    PROBE_CASE("crowd", crowd())
    PROBE_CASE("limit_files", limit_files())
    PROBE_CASE("limit_memory", limit_memory())
    PROBE_CASE("fail", puts("failing"); exit(41))
    PROBE_NO_CASE();
}
