/*
 * probe_addresses.c - prints one number for all addresses that it got from malloc, less that of the heap:
 * whoever else uses the heap changes it.
 */
#include "probe.h"
#include <unistd.h>

/* As it is linked to a fixed place, this makes it have an entry of its own for malloc. */
static void *(*volatile allocate)(size_t) = malloc;

int main(void)
{
    enum { BLOCKS = 64 };
    char *heap = sbrk(0), *blocks[BLOCKS] = {0};
    uint64_t x = 1, sum = 14695981039346656037u;
    heap -= (uintptr_t)heap % 4096; /* before the first block: at the end of the program, or near */
    for (int i = 0; i < 20000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        char **block = &blocks[x >> 40 & (BLOCKS - 1)];
        free(*block);
        *block = allocate(x >> 48 & 0x7ff);
        PROBE_MUST(*block);
        sum = (sum ^ (uint64_t)(*block - heap)) * 1099511628211u;
    }
    char text[32];
    int len = snprintf(text, sizeof text, "%llx\n", (unsigned long long)sum);
    return write(1, text, (size_t)len) != len;
}
