/*
 * bare_malloc.c - an allocator that has malloc's family, but nothing that tells the size of a block: for libthag_heap to
 * stand above. Blocks are never used again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static char arena[64 << 20] __attribute__((__aligned__(16)));
static size_t used;

void *malloc(size_t size)
{
    size_t whole = (size + 31) & ~(size_t)15;
    size_t at = __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED);
    if (size > sizeof arena || at + whole > sizeof arena) return NULL;
    memcpy(arena + at, &size, sizeof size);
    return arena + at + 16;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? NULL : malloc(total);
}

void *realloc(void *block, size_t size)
{
    char *moved = malloc(size);
    size_t old = 0;
    if (block) memcpy(&old, (char *)block - 16, sizeof old);
    if (moved && block) memcpy(moved, block, old < size ? old : size);
    return moved;
}
