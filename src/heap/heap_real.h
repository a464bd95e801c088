/*
 * heap_real.h - the allocation functions that the hooks stand in front of: the next ones in the order
 * of symbols, be they libc's, jemalloc's or another tool's.
 */
#ifndef THAGI_HEAP_REAL_H
#define THAGI_HEAP_REAL_H

#include <stddef.h>
#include <stdint.h>

typedef struct thagi_heap_real {
    void *(*alloc)(size_t); /* malloc */
    void *(*zeroed)(size_t, size_t);
    void *(*resize)(void *, size_t);
    void *(*resize_array)(void *, size_t,
                          size_t); /* NULL where libc has none; so those from aligned_posix on */
    void (*release)(void *);
    int (*aligned_posix)(void **, size_t, size_t);
    void *(*aligned)(size_t, size_t);
    void *(*aligned_old)(size_t, size_t); /* memalign */
    void *(*page)(size_t);                /* valloc */
    void *(*pages)(size_t);               /* pvalloc */
    size_t (*usable)(void *);             /* 0 of every block: the allocator has no such function */
    int (*unload)(void *);                /* dlclose */
} thagi_heap_real;

/* 1 while a real function runs that calls the hooks itself, as musl's calloc does malloc: what it gets of them
   is counted with what it gives. */
#if defined(__GLIBC__)
#define thagi_heap_is_within() 0
#else
#define THAGI_HEAP_WITHIN
extern __attribute__((__visibility__("hidden"))) __thread int thagi_heap_depth
    __attribute__((__tls_model__("initial-exec")));
static inline int thagi_heap_is_within(void)
{
    return thagi_heap_depth != 0;
}
#endif

/* At first stand-ins, which find the functions and then call them. */
extern __attribute__((__visibility__("hidden"))) thagi_heap_real thagi_real;

/** When all is found: the file whose malloc the program calls, if that is not this library's hook; NULL if it is. A program
    may have an allocator of its own in it, or another library may stand before this one. */
const char *thagi_heap_stranger(void);

/** What the program would call by that name if we were not there; NULL: nothing. */
void *thagi_heap_next(const char *name);

/** As malloc and memalign, for the hook with that frame, whose caller pays (heap_usual.c, heap_hooks.c). NULL: there is
    no memory, or no such function. */
void *thagi_heap_alloc(size_t size, const uintptr_t *frame);
void *thagi_heap_aligned(size_t align, size_t size, const uintptr_t *frame);

/** Whether blocks can be asked for their sizes, which the records in them need. */
int thagi_heap_knows_sizes(void);

/** Find the functions now. */
void thagi_heap_find(void);

/** What a stand-in calls when the functions are found: heap_hooks.c. 0: too early, keep it. */
int thagi_heap_found(void);

/** They are found, and no block of the arena below was needed: where there is nothing to count, the hooks
    may jump to them. heap_usual.c. */
void thagi_heap_shorten(const thagi_heap_real *real);

/* The word that glibc has before a block: its size with that word, and three bits. */
#define GLIBC_MAPPED 2u
static inline size_t thagi_glibc_usable(size_t word)
{
    return (word & ~(size_t)7) - (word & GLIBC_MAPPED ? 16 : 8);
}

/* Usable size. That of glibc is read where glibc has it, if it was seen to stand there. */
extern __attribute__((__visibility__("hidden"))) int thagi_real_is_glibc;
static inline size_t thagi_usable(void *block)
{
    if (__builtin_expect(thagi_real_is_glibc, 1))
        return thagi_glibc_usable(((const size_t *)block)[-1]);
    return thagi_real.usable(block);
}

/* What dlsym() itself allocates, before it has told us where from. Never given back. */
#define THAGI_BOOT_BYTES 32768
extern __attribute__((__visibility__("hidden"))) char thagi_boot[THAGI_BOOT_BYTES];
void *thagi_boot_alloc(size_t bytes, size_t align);
/** Which blocks are not to be passed on unseen, by samples: indexed by the block's address. heap_sampled.c */
#define THAGI_MARKS 65536u
extern __attribute__((__visibility__("hidden"))) uint8_t thagi_marks[THAGI_MARKS];
static inline uint8_t *thagi_mark_of(const void *block)
{
    return &thagi_marks[(uintptr_t)block / 16 % THAGI_MARKS];
}

/** What can have been asked for at most: up to the end of the arena. */
size_t thagi_boot_room(const void *block);
static inline int thagi_boot_has(const void *block)
{
    return (uintptr_t)block - (uintptr_t)thagi_boot < THAGI_BOOT_BYTES;
}

#endif
