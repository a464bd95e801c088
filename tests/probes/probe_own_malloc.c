/*
 * probe_own_malloc.c - a program with an allocator of its own in it, as with jemalloc linked statically.
 */
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

void *malloc(size_t size)
{
    return __libc_malloc(size);
}

void free(void *block)
{
    __libc_free(block);
}

int main(void)
{
    void *block = malloc(100);
    __asm__ volatile("" : "+r"(block) : : "memory");
    free(block);
    puts("done");
    return 0;
}
