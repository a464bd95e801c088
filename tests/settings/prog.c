/* prog.c - profiled with the mode that it is compiled with; see settings.sh. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "thag_profiler.h"

/* One step more, so that MODE is expanded before it is pasted. */
#define ENABLE(mode) THAG_ENABLE_PROFILING(mode)

static void work(void)
{
    THAG_PROFILED();
}

/* on, off, and on again: what was recorded before stays. */
static int toggle(void)
{
    if (thag_enable_profiling(THAG_MODE_time) != 0) return 1;
    work();
    thag_disable_profiling();
    for (int i = 0; i < 10; i++) work();
    if (thag_enable_profiling(THAG_MODE_yes) != 0) return 1;
    work();
    work();
    return 0;
}

int main(int argc, char **argv)
{
    ENABLE(MODE);

    if (argc > 1 && strcmp(argv[1], "toggle") == 0) return toggle();
    if (argc > 1 && chdir(argv[1]) != 0) return 1;
    work();
    puts("finished");
    return 0;
}
