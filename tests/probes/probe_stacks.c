/* Allocations from known stacks. See stacks.sh. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thag_profiler.h"

#define APART __attribute__((__noinline__))

void *kept[64]; /* not static: it is read by somebody, for all that the compiler knows */
int kept_count;
static volatile int sink;

static APART void *leaf(size_t n)
{
    void *p = malloc(n);
    sink = (int)n;
    return p;
}

static APART void *middle(size_t n)
{
    void *p = leaf(n);
    sink = 2;
    return p;
}

static APART void drop(void *p)
{
    free(p);
    sink = 3;
}

static inline __attribute__((__always_inline__)) void *inlined(size_t n)
{
    void *p = malloc(n);
    sink = 4;
    return p;
}
enum { LINE_OF_LEAK = __LINE__ - 4 };

/* The leak that has to be found, with its line. */
static APART void leaks(void)
{
    for (int i = 0; i < 7; i++) kept[kept_count++] = inlined(48);
    sink = 5;
}

/* A frame of a size that is known at run time only, and one on a stack that is realigned. */
static APART void *variable(int n)
{
    char room[n];
    memset(room, 1, (size_t)n);
    void *p = leaf(100);
    sink = room[n - 1];
    return p;
}

static APART void *aligned(void)
{
    __attribute__((__aligned__(64))) char room[64];
    memset(room, (int)sizeof room, sizeof room);
    void *p = leaf(200);
    sink = room[sink & 63];
    return p;
}

static APART void *recursive(int depth)
{
    void *p = depth ? recursive(depth - 1) : leaf(300);
    sink = depth;
    return p;
}

static int compare(const void *a, const void *b)
{
    drop(leaf(8));
    return *(const int *)a - *(const int *)b;
}

static void stacks(void)
{
    int numbers[2] = {2, 1};
    for (int i = 0; i < 5; i++) drop(middle(1000));
    leaks();
    drop(variable(1000));
    drop(variable(5000));
    drop(aligned());
    drop(recursive(3));
    qsort(numbers, 2, sizeof *numbers, compare);
    char *p = malloc(10);
    p = realloc(p, 400);
    drop(p);
}

/* With spans: stacks go no further than to the function that has the span. */
static APART void plain_span(void)
{
    THAG_PROFILED(mem_summary);
    drop(middle(64));
}

static APART void detailed_span(void)
{
    THAG_PROFILED(mem_detail);
    drop(middle(32));
    plain_span();
    THAG_PROFILE("part", mem_summary);
    drop(leaf(16));
    THAG_END("part");
}

static void spans(void)
{
    plain_span();
    detailed_span();
}

static void closed(const char *path)
{
    for (int i = 0; i < 2; i++) {
        void *library = dlopen(path, RTLD_NOW);
        void *(*plugin_alloc)(size_t);
        void *at = library ? dlsym(library, "plugin_alloc") : NULL;
        if (!at) {
            fprintf(stderr, "%s\n", dlerror());
            exit(1);
        }
        memcpy(&plugin_alloc, &at, sizeof at);
        free(plugin_alloc(70));
        dlclose(library);
    }
}

int main(int argc, char **argv)
{
    THAG_ENABLE_PROFILING(runtime);
    const char *what = argc > 1 ? argv[1] : "";
    if (argc > 1 && strcmp(what, "line") == 0) fprintf(stdout, "%d\n", LINE_OF_LEAK);
    if (strcmp(what, "stacks") == 0) stacks();
    if (strcmp(what, "spans") == 0) spans();
    if (strcmp(what, "closed") == 0) closed(argv[2]);
    return 0;
}
