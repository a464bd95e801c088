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

    THAG_PROFILE("warm up");
    unsigned small = fib(10);
    THAG_END("warm up");

    printf("fib(10) = %u, fib(25) = %u\n", small, fib(25));
    return 0;
}
