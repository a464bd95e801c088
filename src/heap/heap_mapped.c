/*
 * heap_mapped.c - what the program maps itself, where THAG_MAPPINGS asks for it: a pool of the name
 * "[mapped]", apart from the heap, for allocators map what they hand out. What libc maps for its own use,
 * as for threads and large blocks, does not come by here.
 *
 * A mapping may go in parts, or be replaced by another one. Regions are as many as the program has
 * mappings, and looking through all of them is little beside the system call.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap/heap_real.h"
#include "runtime/pool.h"

#undef mmap64 /* one libc's is a macro */

/* Weak: libthag_async has hooks of the same names, which serve it where both are linked statically. */
#define HOOK(type, name) __attribute__((__weak__, __visibility__("default"))) type name

HOOK(void *, mmap)(void *, size_t, int, int, int, off_t);
HOOK(void *, mmap64)(void *, size_t, int, int, int, off_t);
HOOK(int, munmap)(void *, size_t);
HOOK(void *, mremap)(void *, size_t, size_t, int, ...);

typedef struct region {
    uintptr_t lo, hi;
    trace_pool_row *row;
    uint64_t blocks; /* 1; 0: the part of one whose other part has it */
} region;

/* Who comes after us, once that is known; before, the system is asked. */
static struct {
    void *(*map)(void *, size_t, int, int, int, off_t);
    int (*unmap)(void *, size_t);
    void *(*remap)(void *, size_t, size_t, int, ...);
} next;

static void find_one(void *function, const char *name)
{
    void *at = thagi_heap_next(name);
    memcpy(function, &at, sizeof at);
}

static __attribute__((__constructor__)) void find_all(void)
{
    find_one(&next.map, "mmap");
    find_one(&next.unmap, "munmap");
    find_one(&next.remap, "mremap");
}

/* Under the lock of the pools that they belong to: a child of fork() has others. */
static struct {
    const struct thagi_pools *pools;
    thagi_array array;
} regions;

static uint64_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) & ~(page - 1);
}

static void keep(uintptr_t lo, uintptr_t hi, trace_pool_row *row, uint64_t blocks)
{
    thagi_array *array = &regions.array;
    if (!thagi_array_reserve(array, array->count + 1, sizeof(region))) {
        thagi_count(TRACE_LOST_HEAP, 1);
        return;
    }
    ((region *)array->items)[array->count++] = (region){lo, hi, row, blocks};
}

/* Whatever was mapped in [lo, hi) is not any more. */
static void forget(thagi_pool_call *call, uintptr_t lo, uintptr_t hi)
{
    for (uint32_t i = regions.array.count; i-- > 0;) {
        region *all = regions.array.items, old = all[i];
        if (old.hi <= lo || old.lo >= hi) continue;
        uintptr_t from = old.lo > lo ? old.lo : lo, to = old.hi < hi ? old.hi : hi;
        int is_all = from == old.lo && to == old.hi;
        thagi_pool_sub(call, old.row, is_all ? old.blocks : 0, to - from);
        all[i] = all[--regions.array.count];
        if (old.lo < from) keep(old.lo, from, old.row, old.blocks);
        if (old.hi > to) keep(to, old.hi, old.row, old.lo < from ? 0 : old.blocks);
    }
}

static int enter(thagi_pool_call *call)
{
    if (!thagi_pool_enter(call)) return 0;
    if (regions.pools != call->pools) {
        memset(&regions, 0, sizeof regions);
        regions.pools = call->pools;
    }
    return 1;
}

static trace_pool_row *add(thagi_pool_call *call, uintptr_t lo, uint64_t bytes)
{
    trace_pool_row *row = thagi_memory_is_on ? thagi_pool_row(call, "[mapped]") : NULL;
    if (!row) return NULL;
    thagi_pool_add(call, row, bytes);
    keep(lo, lo + bytes, row, 1);
    return row;
}

#define CALL_OF_USER() \
    { \
        .pc = (uintptr_t)__builtin_return_address(0), .frame = __builtin_frame_address(0) \
    }

HOOK(void *, mmap)(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    void *mapped = next.map ? next.map(at, bytes, protection, flags, fd, offset)
                            : (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
    thagi_pool_call call = CALL_OF_USER();
    if (!thagi_memory_maps || mapped == MAP_FAILED || !enter(&call)) return mapped;
    forget(&call, (uintptr_t)mapped, (uintptr_t)mapped + whole_pages(bytes)); /* MAP_FIXED */
    add(&call, (uintptr_t)mapped, whole_pages(bytes));
    thagi_pool_leave(&call);
    return mapped;
}

HOOK(void *, mmap64)(void *, size_t, int, int, int, off_t) __attribute__((__alias__("mmap")));

/* Forgotten before it goes: another thread may be given the address. */
HOOK(int, munmap)(void *at, size_t bytes)
{
    thagi_pool_call call = CALL_OF_USER();
    if (thagi_memory_maps && (uintptr_t)at % whole_pages(1) == 0 && enter(&call)) {
        forget(&call, (uintptr_t)at, (uintptr_t)at + whole_pages(bytes));
        thagi_pool_leave(&call);
    }
    return next.unmap ? next.unmap(at, bytes) : (int)syscall(SYS_munmap, at, bytes);
}

HOOK(void *, mremap)(void *at, size_t old_bytes, size_t bytes, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    void *wanted = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
    va_end(args);
    void *moved = next.remap ? next.remap(at, old_bytes, bytes, flags, wanted)
                             : (void *)syscall(SYS_mremap, at, old_bytes, bytes, flags, wanted);
    thagi_pool_call call = CALL_OF_USER();
    if (!thagi_memory_maps || moved == MAP_FAILED || !enter(&call)) return moved;
    forget(&call, (uintptr_t)at, (uintptr_t)at + whole_pages(old_bytes));
    forget(&call, (uintptr_t)moved, (uintptr_t)moved + whole_pages(bytes));
    trace_pool_row *row = add(&call, (uintptr_t)moved, whole_pages(bytes));
    if (row) row->resized_blocks++;
    if (row) row->resized += whole_pages(old_bytes);
    thagi_pool_leave(&call);
    return moved;
}
