/* primes.c - a program that knows nothing of profiling. See README.md, "Five minutes".
   thag: cflags=-O2 -Wall */
#include <stdio.h>
#include <stdlib.h>

static int is_prime(unsigned n, const unsigned *primes, size_t count)
{
    for (size_t i = 0; i < count && primes[i] * primes[i] <= n; i++)
        if (n % primes[i] == 0) return 0;
    return 1;
}

static unsigned *add_prime(unsigned *primes, size_t *count, unsigned n)
{
    if ((*count & (*count - 1)) == 0)
        primes = realloc(primes, (*count ? 2 * *count : 1) * sizeof *primes);
    if (primes) primes[(*count)++] = n;
    return primes;
}

int main(int argc, char **argv)
{
    unsigned last = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
    unsigned *primes = NULL;
    size_t count = 0;

    for (unsigned n = 2; n <= last; n++) {
        if (!is_prime(n, primes, count)) continue;
        primes = add_prime(primes, &count, n);
        if (!primes) return 1;
    }
    printf("%zu primes up to %u\n", count, last);
    free(primes);
    return 0;
}
