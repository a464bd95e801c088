/*
 * map_hooks.c - mmap, munmap: memory of the size that stacks have may become one.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "hooks/stack_sizes.h"

#undef mmap
#undef mmap64
void *mmap64(void *, size_t, int, int, int, off_t);

typedef void *map_function(void *, size_t, int, int, int, off_t);
typedef int unmap_function(void *, size_t);

static map_function *real_mmap;
static unmap_function *real_munmap;

__attribute__((__constructor__)) static void find_all(void)
{
    hooks_find(&real_mmap, "mmap");
    hooks_find(&real_munmap, "munmap");
}

static int may_be_stack(size_t bytes, int flags)
{
    return HOOKS_STACK_SIZE(bytes) && (flags & MAP_ANONYMOUS) && !(flags & MAP_SHARED);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    void *memory = real_mmap
                       ? real_mmap(address, bytes, protection, flags, file, offset)
                       : (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
    if (memory != MAP_FAILED && may_be_stack(bytes, flags)) thag_stack_add(memory, bytes, NULL);
    return memory;
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return mmap(address, bytes, protection, flags, file, offset);
}

int munmap(void *address, size_t bytes)
{
    thag_stack_remove(address, bytes); /* before another thread can get the address */
    return real_munmap ? real_munmap(address, bytes) : (int)syscall(SYS_munmap, address, bytes);
}
