#include <stdlib.h>

/* A library that is closed before anybody asks what its addresses mean. */

void *plugin_alloc(size_t n);

static volatile int sink;

static __attribute__((__noinline__)) void *inside(size_t n)
{
    void *p = malloc(n);
    sink = 1;
    return p;
}

void *plugin_alloc(size_t n)
{
    void *p = inside(n);
    sink = 2;
    return p;
}
