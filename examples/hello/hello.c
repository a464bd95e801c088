/* hello.c - the smallest profiled program. See README.md, "Five minutes". */
#include "thag_profiler.h"

#include <stdio.h>

static unsigned fib(unsigned n)
{
    THAG_PROFILED();

    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);

    THAG_PROFILE("compute");
    unsigned result = fib(25);
    THAG_END("compute");

    printf("fib(25) = %u\n", result);
    return 0;
}
