/* prog.c - a stranger's program. */
#include <stdio.h>
#include <thag_profiler.h>

static int answer(void)
{
    THAG_PROFILED();
    return 42;
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    THAG_PROFILE("ask");
    printf("%d\n", answer());
    THAG_END("ask");
    return 0;
}
