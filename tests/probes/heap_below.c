/*
 * heap_below.c - stands below the hooks and writes down what reaches it: one hash and two sums over all
 * calls of the malloc family, at the end of the process, to the file that HEAP_BELOW names.
 *
 * HEAP_BELOW_RECORD: so many bytes of each block are a record of the hooks above, and not of the program.
 * HEAP_BELOW_FAIL: which call is to fail, by its number.
 * Where this file is called libc.so.6 the hooks take their short ways, as with the true one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    void *(*alloc)(size_t);
    void *(*zeroed)(size_t, size_t);
    void *(*resize)(void *, size_t);
    void (*release)(void *);
    size_t (*usable)(void *);
    int (*aligned_posix)(void **, size_t, size_t);
    void *(*aligned)(size_t, size_t);
    void *(*aligned_old)(size_t, size_t);
    void *(*page)(size_t);
    void *(*pages)(size_t);
} real;
static char boot[4096];
static size_t boot_used;
static size_t record_bytes = SIZE_MAX; /* not known yet */
static uint64_t fail_at;
static uint64_t calls, bytes, order = 14695981039346656037u;
static int finding;

static void find(void *function, const char *name)
{
    void *at = dlsym(RTLD_NEXT, name);
    memcpy(function, &at, sizeof at);
}

enum { NOTE_MALLOC = 1, NOTE_CALLOC, NOTE_REALLOC, NOTE_FREE, NOTE_ALIGNED };

static int ready(void)
{
    if (real.alloc) return 1;
    if (finding) return 0;
    finding = 1;
    find(&real.zeroed, "calloc");
    find(&real.resize, "realloc");
    find(&real.release, "free");
    find(&real.usable, "malloc_usable_size");
    find(&real.aligned_posix, "posix_memalign");
    find(&real.aligned, "aligned_alloc");
    find(&real.aligned_old, "memalign");
    find(&real.page, "valloc");
    find(&real.pages, "pvalloc");
    find(&real.alloc, "malloc");
    return 1;
}

static size_t without_record(size_t size)
{
    if (record_bytes == SIZE_MAX) {
        const char *record = getenv("HEAP_BELOW_RECORD"), *fail = getenv("HEAP_BELOW_FAIL");
        record_bytes = record ? (size_t)(*record - '0') : 0;
        fail_at = fail ? strtoull(fail, NULL, 10) : 0;
    }
    if (size > PTRDIFF_MAX / 2)
        return 1; /* more than there is: asked for with a record or without */
    return size < record_bytes ? size : size - record_bytes;
}

/* 0: the call is to fail. */
static int note(uint64_t what, uint64_t size)
{
    size = without_record(size);
    __atomic_fetch_add(&bytes, size, __ATOMIC_RELAXED);
    order = (order ^ (what << 56 ^ size)) * 1099511628211u; /* of one thread: exact */
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) != fail_at || what == NOTE_FREE) return 1;
    errno = ENOMEM;
    return 0;
}

void *malloc(size_t size)
{
    if (!ready()) return boot + ((boot_used += (size + 15) & ~15u) - ((size + 15) & ~15u));
    return note(NOTE_MALLOC, size) ? real.alloc(size) : NULL;
}

void *calloc(size_t count, size_t size)
{
    if (!ready()) return malloc(count * size);
    return note(NOTE_CALLOC, count * size) ? real.zeroed(count, size) : NULL;
}

void *realloc(void *block, size_t size)
{
    ready();
    return note(NOTE_REALLOC, size) ? real.resize(block, size) : NULL;
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (!__builtin_mul_overflow(count, size, &total)) return realloc(block, total);
    errno = ENOMEM;
    return NULL;
}

void free(void *block)
{
    if ((uintptr_t)block - (uintptr_t)boot < sizeof boot) return;
    if (!ready()) return;
    if (block) note(NOTE_FREE, 0);
    real.release(block);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    int saved = errno;
    if (ready() && note(NOTE_ALIGNED, size)) return real.aligned_posix(out, align, size);
    errno = saved; /* it says so by its result */
    return ENOMEM;
}

void *aligned_alloc(size_t align, size_t size)
{
    if (size % align) { /* as C has it, and not every library */
        errno = EINVAL;
        return NULL;
    }
    without_record(0);
    size_t noted = record_bytes ? size - align + record_bytes : size;
    return ready() && note(NOTE_ALIGNED, noted) ? real.aligned(align, size) : NULL;
}

void *memalign(size_t align, size_t size)
{
    return ready() && note(NOTE_ALIGNED, size) ? real.aligned_old(align, size) : NULL;
}

void *valloc(size_t size)
{
    return ready() && note(NOTE_ALIGNED, size) ? real.page(size) : NULL;
}

void *pvalloc(size_t size)
{
    return ready() && note(NOTE_ALIGNED, size) ? real.pages(size) : NULL;
}

size_t malloc_usable_size(void *block)
{
    return block && ready() ? real.usable(block) : 0;
}

static __attribute__((__destructor__)) void tell(void)
{
    char text[128];
    const char *path = getenv("HEAP_BELOW");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0) return;
    int len =
        snprintf(text, sizeof text, "%llu calls, %llu bytes, order %llx\n",
                 (unsigned long long)calls, (unsigned long long)bytes, (unsigned long long)order);
    if (write(fd, text, (size_t)len) != len) _exit(71);
    close(fd);
}
