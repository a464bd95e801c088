/*
 * probe_failing.c - calls every function of the malloc family, and writes down what the program sees of
 * it. Some call may fail: that is seen, and nothing else. See heap_failing.sh.
 */
#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "probe.h"

static void *block;
static size_t block_size;

static void say(const char *what, int result)
{
    char text[128];
    int len = snprintf(text, sizeof text, "%s: %d, errno %d\n", what, result, errno);
    PROBE_MUST(write(1, text, (size_t)len) == len);
    errno = 77;
}

static void drop(void)
{
    for (size_t i = 0; i < block_size; i++) PROBE_MUST(((unsigned char *)block)[i] == (i & 255));
    free(block);
    block = NULL;
    block_size = 0;
}

/* What was got, in place of the block before it. */
static void got(const char *what, void *fresh, size_t size)
{
    say(what, fresh != NULL);
    if (!fresh) return;
    drop();
    PROBE_MUST(malloc_usable_size(fresh) >= size);
    for (size_t i = 0; i < size; i++) ((unsigned char *)fresh)[i] = (unsigned char)i;
    block = fresh;
    block_size = size;
}

/* A resized block keeps what was in it; one that could not be resized is as it was. */
static void resized(const char *what, void *fresh, size_t size)
{
    say(what, fresh != NULL);
    if (!fresh) return;
    block = fresh;
    if (block_size > size) block_size = size;
    for (size_t i = 0; i < block_size; i++) PROBE_MUST(((unsigned char *)block)[i] == (i & 255));
    for (size_t i = 0; i < size; i++) ((unsigned char *)block)[i] = (unsigned char)i;
    block_size = size;
}

static void *posix_aligned(size_t align, size_t size)
{
    void *fresh = &block;
    int err = posix_memalign(&fresh, align, size);
    say("posix_memalign", err);
    if (err) PROBE_MUST(fresh == &block); /* untouched */
    return err ? NULL : fresh;
}

/* What comes after this file's own functions may not be seen through. */
static void *(*volatile resize)(void *, size_t) = realloc;
static volatile size_t huge = PTRDIFF_MAX;

int main(void)
{
    errno = 77;
    for (int turn = 0; turn < 2; turn++) {
        got("malloc", malloc(100), 100);
        resized("realloc larger", resize(block, 5000), 5000);
        resized("realloc mapped", resize(block, 300000), 300000);
        resized("realloc smaller", resize(block, 40), 40);
        got("realloc of NULL", resize(NULL, 60), 60);
        got("calloc", calloc(10, 30), 300);
        resized("reallocarray", reallocarray(block, 20, 40), 800);
        got("posix_memalign", posix_aligned(128, 1000), 1000);
        got("aligned_alloc", aligned_alloc(64, 640), 640);
        got("memalign", memalign(512, 33), 33);
        got("valloc", valloc(44), 44);
        got("pvalloc", pvalloc(55), 55);
        got("malloc of 0", malloc(0), 0);
        got("malloc, mapped", malloc(400000), 400000);
    }
    drop();
    say("too much: malloc", malloc(huge) != NULL);
    say("too much: calloc", calloc(huge, 3) != NULL);
    say("too much: realloc", resize(NULL, 2 * huge - 5) != NULL);
    say("too much: reallocarray", reallocarray(NULL, huge, 4) != NULL);
    say("too much: posix_memalign", posix_memalign(&block, 64, huge - 3));
    say("too much: aligned_alloc", aligned_alloc(64, 2 * huge - 64) != NULL);
    say("bad alignment", posix_memalign(&block, 3, 10));
    return 0;
}
