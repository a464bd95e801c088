/*
 * malloc_hooks.c - blocks of the size that stacks have may become one. Of the preloaded library only: in a
 * program that is linked statically there may be another malloc of the program's own.
 *
 * It is the whole family, for the allocation hooks of libthag_heap, if they come before these, take all from
 * one library or not at all. Smaller blocks go straight through, by a jump: whoever stands behind us sees our
 * caller as its own.
 */
#include <errno.h>
#include <string.h>

#include "hooks/hooks.h"
#include "hooks/stack_sizes.h"

typedef void *alloc_function(size_t);
typedef void *two_function(size_t, size_t);
typedef void *resize_function(void *, size_t);
typedef int posix_function(void **, size_t, size_t);
typedef void release_function(void *);
typedef size_t usable_function(void *);

/* Defining them by this keeps the names out of reach of the compiler's knowledge of them. */
#define HOOK(type, name) type name
HOOK(void *, malloc)(size_t);
HOOK(void *, calloc)(size_t, size_t);
HOOK(void *, realloc)(void *, size_t);
HOOK(void *, reallocarray)(void *, size_t, size_t);
HOOK(void, free)(void *);
HOOK(int, posix_memalign)(void **, size_t, size_t);
HOOK(void *, aligned_alloc)(size_t, size_t);
HOOK(void *, memalign)(size_t, size_t);
HOOK(void *, valloc)(size_t);
HOOK(void *, pvalloc)(size_t);
HOOK(size_t, malloc_usable_size)(void *);

extern alloc_function __libc_malloc __attribute__((__weak__));
extern two_function __libc_calloc __attribute__((__weak__));
extern resize_function __libc_realloc __attribute__((__weak__));
extern release_function __libc_free __attribute__((__weak__));

static alloc_function first_malloc, *real_malloc = first_malloc, *real_valloc, *real_pvalloc;
static two_function first_calloc, *real_calloc = first_calloc, *real_aligned, *real_memalign;
static resize_function first_realloc, *real_realloc = first_realloc;
static release_function first_free, *real_free = first_free;
static posix_function *real_posix;
static usable_function *real_usable;

/* At the first call, which is before all constructors. The dynamic linker may allocate meanwhile. */
static void find_all(void)
{
    alloc_function *found_malloc;
    two_function *found_calloc;
    resize_function *found_realloc;
    release_function *found_free;
    real_malloc = __libc_malloc;
    real_calloc = __libc_calloc;
    real_realloc = __libc_realloc;
    real_free = __libc_free;
    hooks_find(&found_malloc, "malloc");
    hooks_find(&found_calloc, "calloc");
    hooks_find(&found_realloc, "realloc");
    hooks_find(&found_free, "free");
    hooks_find(&real_posix, "posix_memalign");
    hooks_find(&real_aligned, "aligned_alloc");
    hooks_find(&real_memalign, "memalign");
    hooks_find(&real_valloc, "valloc");
    hooks_find(&real_pvalloc, "pvalloc");
    hooks_find(&real_usable, "malloc_usable_size");
    real_malloc = found_malloc;
    real_calloc = found_calloc;
    real_realloc = found_realloc;
    real_free = found_free;
}

/* For libthag_heap, which would take us for somebody else's allocator. */
void *thagi_hooks_next_malloc(void);
void *thagi_hooks_next_malloc(void)
{
    alloc_function *next;
    void *address;
    hooks_find(&next, "malloc");
    memcpy(&address, &next, sizeof address);
    return address;
}

static void *first_malloc(size_t bytes)
{
    find_all();
    return real_malloc(bytes);
}

static void *first_calloc(size_t count, size_t bytes)
{
    find_all();
    return real_calloc(count, bytes);
}

static void *first_realloc(void *block, size_t bytes)
{
    find_all();
    return real_realloc(block, bytes);
}

static void first_free(void *block)
{
    find_all();
    real_free(block);
}

static __attribute__((__noinline__)) void *made(void *block, size_t bytes)
{
    if (block) thag_stack_add(block, bytes, NULL);
    return block;
}

static int was_large(void *block)
{
    return block && real_usable && real_usable(block) >= HOOKS_STACK_LEAST;
}

HOOK(void *, malloc)(size_t bytes)
{
    if (!HOOKS_STACK_SIZE(bytes)) return real_malloc(bytes);
    return made(real_malloc(bytes), bytes);
}

HOOK(void *, calloc)(size_t count, size_t bytes)
{
    size_t all;
    if (__builtin_mul_overflow(count, bytes, &all) || !HOOKS_STACK_SIZE(all))
        return real_calloc(count, bytes);
    return made(real_calloc(count, bytes), all);
}

HOOK(void, free)(void *block)
{
    if (was_large(block)) thag_stack_remove(block, 0); /* before another thread can get it */
    real_free(block);
}

static void *resized(void *block, size_t bytes)
{
    if (was_large(block)) thag_stack_remove(block, 0);
    if (!HOOKS_STACK_SIZE(bytes)) return real_realloc(block, bytes);
    return made(real_realloc(block, bytes), bytes);
}

HOOK(void *, realloc)(void *block, size_t bytes)
{
    return resized(block, bytes);
}

HOOK(void *, reallocarray)(void *block, size_t count, size_t bytes)
{
    size_t all;
    if (!__builtin_mul_overflow(count, bytes, &all)) return resized(block, all);
    errno = ENOMEM;
    return NULL;
}

static int are_found(void)
{
    if (!real_aligned) find_all();
    return real_aligned && real_posix && real_memalign && real_valloc;
}

HOOK(int, posix_memalign)(void **block, size_t alignment, size_t bytes)
{
    if (!are_found()) return ENOMEM;
    int error = real_posix(block, alignment, bytes);
    if (!error && HOOKS_STACK_SIZE(bytes)) made(*block, bytes);
    return error;
}

HOOK(void *, aligned_alloc)(size_t alignment, size_t bytes)
{
    if (!are_found()) return NULL;
    if (!HOOKS_STACK_SIZE(bytes)) return real_aligned(alignment, bytes);
    return made(real_aligned(alignment, bytes), bytes);
}

HOOK(void *, memalign)(size_t alignment, size_t bytes)
{
    if (!are_found()) return NULL;
    if (!HOOKS_STACK_SIZE(bytes)) return real_memalign(alignment, bytes);
    return made(real_memalign(alignment, bytes), bytes);
}

HOOK(void *, valloc)(size_t bytes)
{
    if (!are_found()) return NULL;
    if (!HOOKS_STACK_SIZE(bytes)) return real_valloc(bytes);
    return made(real_valloc(bytes), bytes);
}

HOOK(void *, pvalloc)(size_t bytes)
{
    if (!are_found() || !real_pvalloc) return NULL;
    if (!HOOKS_STACK_SIZE(bytes)) return real_pvalloc(bytes);
    return made(real_pvalloc(bytes), bytes);
}

HOOK(size_t, malloc_usable_size)(void *block)
{
    if (!real_usable) find_all();
    return real_usable ? real_usable(block) : 0;
}
