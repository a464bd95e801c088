/* plain.c - a stranger's program that knows nothing of the profiler. */
#include <stdio.h>

static int answer(void)
{
    return 42;
}

int main(void)
{
    printf("%d\n", answer());
    return 0;
}
