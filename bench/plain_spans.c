/*
 * plain_spans.c - N calls of an empty function, for tracers that instrument by compiler flag (-pg).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static __attribute__((__noinline__)) void empty(void)
{
    __asm__ volatile("");
}

__attribute__((__no_instrument_function__)) int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 1000000;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (long i = 0; i < n; i++) empty();
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.2f\n",
           ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n);
    return 0;
}
