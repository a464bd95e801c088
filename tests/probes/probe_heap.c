/*
 * probe_heap.c - allocations that can be counted by hand. See heap.sh.
 *
 * KEEP() makes a pointer escape, so that no compiler drops the pair of calls around it.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "thag_profiler.h"

#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

static PROBE_NOINLINE void *take(size_t size)
{
    void *p = malloc(size);
    PROBE_MUST(p);
    KEEP(p);
    return p;
}

/* --- P1 to P4 ---------------------------------------------------------------------------------- */

static void *kept[6000];

static PROBE_NOINLINE void allocate_vectors(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 1000; i++) memset(kept[i] = take(1024), i, 1024);
}

static PROBE_NOINLINE void allocate_and_deallocate(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 2000; i++) free(take((size_t)(1000 + i % 1000) * 8));
}

static PROBE_NOINLINE void nested_allocations(void)
{
    THAG_PROFILED();
    char text[64];
    for (int i = 0, n = 0; i < 10; i++)
        for (int j = 0; j < 20; j++)
            for (int k = 0; k < 30; k++) {
                snprintf(text, sizeof text, "string_%d_%d__%d", i, j, k);
                char *copy = take(strlen(text) + 1);
                kept[n++] = strcpy(copy, text);
            }
}

/* 500 keys and values of 800 bytes in a table of 1,024 slots. */
typedef struct slot {
    char *key;
    double *value;
} slot;
enum { SLOTS = 1024, VALUES = 500 };
static slot *table;

static slot *slot_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    while (table[hash % SLOTS].key && strcmp(table[hash % SLOTS].key, key) != 0) hash++;
    return &table[hash % SLOTS];
}

static PROBE_NOINLINE void allocate_hashmap(void)
{
    THAG_PROFILED();
    char key[32];
    table = calloc(SLOTS, sizeof *table);
    PROBE_MUST(table);
    for (int i = 0; i < VALUES; i++) {
        snprintf(key, sizeof key, "key_%d", i);
        slot *at = slot_of(key);
        at->key = strcpy(take(strlen(key) + 1), key);
        at->value = take(100 * sizeof(double));
        for (int k = 0; k < 100; k++) at->value[k] = i;
    }
}

static PROBE_NOINLINE void free_hashmap(void)
{
    THAG_PROFILED();
    PROBE_MUST(slot_of("key_499")->value[99] == 499);
    for (int i = 0; i < SLOTS; i++) {
        free(table[i].key);
        free(table[i].value);
    }
    free(table);
}

static void known(void)
{
    allocate_hashmap();
    free_hashmap();
    allocate_vectors();
    for (int i = 0; i < 1000; i++) {
        PROBE_MUST(((unsigned char *)kept[i])[1023] == (unsigned char)i);
        free(kept[i]);
    }
    allocate_and_deallocate();
    nested_allocations();
}

/* --- P12, P13 ---------------------------------------------------------------------------------- */

static PROBE_NOINLINE void sections(void)
{
    THAG_PROFILED();
    void *p[20];
    int n = 0;
    p[n++] = take(1024);
    THAG_PROFILE("one", mem_detail);
    p[n++] = take(4096);
    THAG_END("one");
    p[n++] = take(2048);
    THAG_PROFILE("two", mem_summary);
    p[n++] = take(8192);
    THAG_PROFILE("outer", time);
    p[n++] = take(2048);
    THAG_PROFILE("inner", mem_detail);
    p[n++] = take(4096);
    THAG_END("inner");
    THAG_END("outer");
    THAG_END("two");
    for (int i = 1; i <= 5; i++) {
        THAG_PROFILE("persistent");
        p[n++] = take(1024u * (unsigned)i);
        THAG_END("persistent");
    }
    THAG_PROFILE("first");
    p[n++] = take(100);
    THAG_PROFILE("second");
    p[n++] = take(200);
    THAG_END("first"); /* out of order */
    p[n++] = take(400);
    THAG_END("second");
    {
        THAG_PROFILE("to the end", unbounded);
        p[n++] = take(8192);
    }
    while (n) free(p[--n]);
}

static PROBE_NOINLINE void recurse(int depth)
{
    THAG_PROFILED();
    kept[depth] = take(16);
    if (depth) recurse(depth - 1);
    free(kept[depth]);
}

/* --- every function of the family -------------------------------------------------------------- */

static PROBE_NOINLINE void family(void)
{
    THAG_PROFILED();
    void *p = NULL;
    free(take(1));
    p = calloc(7, 3);
    for (int i = 0; i < 21; i++) PROBE_MUST(((char *)p)[i] == 0);
    KEEP(p);
    free(p);
    p = realloc(NULL, 100);
    KEEP(p);
    memset(p, 7, 100);
    p = realloc(p, 200000); /* moves */
    PROBE_MUST(((char *)p)[99] == 7);
    p = realloc(p, 50);
    PROBE_MUST(((char *)p)[49] == 7);
    p = reallocarray(p, 10, 30);
    PROBE_MUST(((char *)p)[49] == 7);
    free(p);
    PROBE_MUST(!posix_memalign(&p, 256, 1000) && (uintptr_t)p % 256 == 0);
    free(p);
    p = aligned_alloc(64, 640);
    PROBE_MUST(p && (uintptr_t)p % 64 == 0);
    free(p);
    p = memalign(4096, 3);
    PROBE_MUST(p && (uintptr_t)p % 4096 == 0);
    free(p);
    p = valloc(5);
    free(p);
    p = pvalloc(6);
    free(p);
    p = strdup("twelve bytes"); /* 13 */
    KEEP(p);
    free(p);
    p = malloc(0);
    KEEP(p);
    free(p);
    free(NULL);
    errno = 5;
    size_t huge = SIZE_MAX / 2;
    KEEP(huge);
    void *none = malloc(huge); /* clang takes it for granted that there is some, if nobody looks */
    KEEP(none);
    PROBE_MUST(!none && errno == ENOMEM);
    none = calloc(huge, 3);
    KEEP(none);
    PROBE_MUST(!none);
    p = take(77);
    none = realloc(p, huge);
    PROBE_MUST(!none);
    none = reallocarray(p, huge, 4);
    PROBE_MUST(!none);
    free(p);
    errno = 99;
    p = take(24);
    memset(p, 1, malloc_usable_size(p)); /* all that it says may be used */
    free(p);
    PROBE_MUST(errno == 99);
}

/* --- threads ----------------------------------------------------------------------------------- */

static void *four[4][200];
static pthread_barrier_t barrier;

static void *allocating(void *arg)
{
    THAG_PROFILED();
    void **mine = arg;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 200; i++) mine[i] = take(1000);
    return NULL;
}

static void *freeing(void *arg)
{
    THAG_PROFILED();
    void **theirs = arg;
    for (int i = 0; i < 200; i++) free(theirs[i]);
    return NULL;
}

static void threads(int with_frees)
{
    pthread_t t[4];
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++) PROBE_MUST(!pthread_create(&t[i], NULL, allocating, four[i]));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    if (!with_frees) return;
    for (int i = 0; i < 4; i++)
        PROBE_MUST(!pthread_create(&t[i], NULL, freeing, four[(i + 1) % 4]));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
}

/* Blocks go from thread to thread, and are resized on the way. All is freed. */
static void *exchange[64];
static uint64_t exchanged;

static void *churn(void *arg)
{
    THAG_PROFILED();
    uint64_t x = (uintptr_t)arg;
    for (int i = 0; i < 20000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t size = (x >> 33) % 3000 + 1;
        void *p = __atomic_exchange_n(&exchange[(x >> 50) % 64], NULL, __ATOMIC_ACQ_REL);
        p = realloc(p, size);
        KEEP(p);
        memset(p, 1, size);
        p = __atomic_exchange_n(&exchange[(x >> 44) % 64], p, __ATOMIC_ACQ_REL);
        free(p);
        __atomic_fetch_add(&exchanged, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void churning(void)
{
    pthread_t t[4];
    for (uintptr_t i = 0; i < 4; i++)
        PROBE_MUST(!pthread_create(&t[i], NULL, churn, (void *)(i + 1)));
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 64; i++) free(exchange[i]);
    printf("%llu\n", (unsigned long long)exchanged);
}

/* --- the ends of processes --------------------------------------------------------------------- */

static PROBE_NOINLINE void leak(int blocks)
{
    THAG_PROFILED();
    for (int i = 0; i < blocks; i++) kept[i] = take(48);
}

static void ending(const char *how)
{
    leak(20);
    allocate_and_deallocate();
    fflush(stdout);
    if (!strcmp(how, "kill")) raise(SIGKILL);
    if (!strcmp(how, "segv")) raise(SIGSEGV);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "_exit")) _exit(3);
    exit(3);
}

static PROBE_NOINLINE void of_child(void)
{
    THAG_PROFILED();
    for (int i = 0; i < 10; i++) free(take(500));
    for (int i = 0; i < 5; i++) free(kept[i]); /* the parent's: not its own to count */
}

static PROBE_NOINLINE void forking(void)
{
    THAG_PROFILED();
    leak(20);
    pid_t pid = fork();
    if (pid == 0) {
        of_child();
        _exit(0);
    }
    int status;
    PROBE_MUST(waitpid(pid, &status, 0) == pid && status == 0);
    for (int i = 0; i < 20; i++) free(kept[i]);
}

static volatile int handled;
static void handler(int signal)
{
    (void)signal;
    free(take(32));
    handled++;
}

/* Signals come while memory is counted, but never inside the host's own malloc: we raise them. */
static PROBE_NOINLINE void signals(void)
{
    THAG_PROFILED();
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 1000; i++) {
        void *p = take(64);
        raise(SIGUSR1);
        free(p);
    }
    PROBE_MUST(handled == 1000);
}

static PROBE_NOINLINE void lazily(void)
{
    THAG_PROFILED();
    char *p = calloc(1, (size_t)512 << 20);
    KEEP(p);
    PROBE_MUST(p && p[12345678] == 0);
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    PROBE_MUST(file && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    PROBE_MUST(resident < (100 << 20) / 4096);
    free(p);
}

/* Off, on again: what was allocated meanwhile is nobody's, and harms nobody. */
static PROBE_NOINLINE void switched(void)
{
    THAG_PROFILED();
    void *before = take(100);
    thag_disable_profiling();
    void *between = take(200);
    free(before);
    between = realloc(between, 300);
    thag_enable_profiling(THAG_MODE_memory);
    void *after = take(400);
    free(between);
    free(after);
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);

    PROBE_CASE("known", known())
    PROBE_CASE("sections", sections(); recurse(9))
    PROBE_CASE("family", family())
    PROBE_CASE("threads", threads(0))
    PROBE_CASE("crossed", threads(1))
    PROBE_CASE("churn", churning())
    PROBE_CASE("end", ending(argv[2]))
    PROBE_CASE("fork", forking())
    PROBE_CASE("signals", signals())
    PROBE_CASE("lazy", lazily())
    PROBE_CASE("switched", switched())
    PROBE_NO_CASE();
}
