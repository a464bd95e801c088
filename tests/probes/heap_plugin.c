/* heap_plugin.c - a library with an allocating function of its own name and size; built twice. See heap_safe.sh. */
#include <stdlib.h>

#define FUNCTION_I(name) name##_inside
#define FUNCTION(name)   FUNCTION_I(name)

static volatile int sink;

static __attribute__((__noinline__)) void *FUNCTION(PLUGIN)(void)
{
    void *p = malloc(PLUGIN_BYTES);
    sink = 1;
    return p;
}

void *plugin_allocate(void);
void *plugin_allocate(void)
{
    void *p = FUNCTION(PLUGIN)();
    sink = 2;
    return p;
}
