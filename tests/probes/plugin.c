/* plugin.c - a plugin with a function of its own name; built twice. See plugins.sh. */
#include "thag_profiler.h"

#define FUNCTION_I(name) name##_work
#define FUNCTION(name)   FUNCTION_I(name)
#define TEXT_I(name)     #name
#define TEXT(name)       TEXT_I(name)

static __attribute__((__noinline__)) void FUNCTION(PLUGIN)(const char *name)
{
    THAG_PROFILED();
    THAG_PROFILE(TEXT(PLUGIN) " section");
    THAG_END(TEXT(PLUGIN) " section");
    THAG_PROFILE(name);
    THAG_END(name);
    __asm__ volatile("");
}

int plugin_run(int turns);
int plugin_run(int turns)
{
    for (int i = 0; i < turns; i++) FUNCTION(PLUGIN)(TEXT(PLUGIN) " by variable");
    return turns;
}
