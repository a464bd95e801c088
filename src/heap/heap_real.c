/*
 * heap_real.c - finds the real allocation functions, at the first allocation of the process, which is
 * before any constructor.
 */
#include "heap/heap_real.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/memory.h"

char thagi_boot[THAGI_BOOT_BYTES] __attribute__((__aligned__(64)));
int thagi_real_is_glibc;

#define BOOT_HEAD 16

static size_t boot_used;
static thagi_heap_real found; /* .alloc NULL: not yet */
static __thread int is_finding __attribute__((__tls_model__("initial-exec")));

void *thagi_boot_alloc(size_t bytes, size_t align)
{
    if (align < 16) align = 16;
    if (bytes > THAGI_BOOT_BYTES || align > 4096) return NULL;
    size_t used = __atomic_load_n(&boot_used, __ATOMIC_RELAXED), at;
    do {
        uintptr_t free_at = (uintptr_t)thagi_boot + used + BOOT_HEAD;
        at = used + BOOT_HEAD + (size_t)(-free_at & (align - 1));
        if (at + bytes > THAGI_BOOT_BYTES) return NULL;
    } while (!__atomic_compare_exchange_n(&boot_used, &used, at + (bytes ? bytes : 1), 0,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    char *block = thagi_boot + at; /* zeroed: static, and never reused */
    static const size_t mapped =
        GLIBC_MAPPED; /* as glibc says it, so that free() looks at it twice */
    memcpy(block - sizeof mapped, &mapped, sizeof mapped);
    return block;
}

size_t thagi_boot_room(const void *block)
{
    return (size_t)(thagi_boot + THAGI_BOOT_BYTES - (const char *)block);
}

/* ISO C has no conversion from void * to a function; POSIX has. */
static void find(void *function, const char *name)
{
    void *at = dlsym(RTLD_NEXT, name);
    memcpy(function, &at, sizeof at);
}

#define FIND(member, name) find(&functions.member, name)

#if defined(__GLIBC__) && defined(__LP64__)
/* Asked about a block of our own making: the heap is the host's. */
static int usable_is_as_in(size_t word, size_t (*usable)(void *))
{
    enum { SIZE_WORD = 1, BLOCK = 2, WORDS = 64, PREVIOUS_IN_USE = 1 };
    __attribute__((__aligned__(16))) size_t chunk[WORDS] = {[SIZE_WORD] = word};
    size_t next = (word & ~(size_t)7) / sizeof *chunk;
    if (next + SIZE_WORD < WORDS) chunk[next + SIZE_WORD] = 4 * sizeof *chunk | PREVIOUS_IN_USE;
    return usable(&chunk[BLOCK]) == thagi_glibc_usable(word);
}
#endif

/*
 * Whether sizes may be read before the blocks: malloc and malloc_usable_size are those of one library
 * that calls itself libc.so.6, and what it says of blocks is what we read there.
 */
static int looks_like_glibc(const thagi_heap_real *functions)
{
#if defined(__GLIBC__) && defined(__LP64__)
    static const size_t words[] = {0x21, 0x20, 0x31, 0x95, 0x1f1, 0x1002, 0x493f02};
    int is_glibc = 1;
    void *alloc, *usable;
    Dl_info a, u;
    memcpy(&alloc, &functions->alloc, sizeof alloc);
    memcpy(&usable, &functions->usable, sizeof usable);
    if (!dladdr(alloc, &a) || !dladdr(usable, &u) || a.dli_fbase != u.dli_fbase) return 0;
    const char *slash = a.dli_fname ? strrchr(a.dli_fname, '/') : NULL;
    if (!slash || strcmp(slash, "/libc.so.6") != 0) return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        is_glibc &= usable_is_as_in(words[i], functions->usable);
    return thagi_real_is_glibc = is_glibc;
#else
    (void)functions;
    return 0;
#endif
}

/* The functions; NULL while this very thread is looking for them: its allocations come from the arena. */
static const thagi_heap_real *ready(void)
{
    if (!__atomic_load_n(&found.alloc, __ATOMIC_ACQUIRE)) {
        if (is_finding) return NULL;
        is_finding = 1;
        thagi_heap_real functions = {0};
        FIND(alloc, "malloc");
        FIND(zeroed, "calloc");
        FIND(resize, "realloc");
        FIND(resize_array, "reallocarray");
        FIND(release, "free");
        FIND(aligned_posix, "posix_memalign");
        FIND(aligned, "aligned_alloc");
        FIND(aligned_old, "memalign");
        FIND(page, "valloc");
        FIND(pages, "pvalloc");
        FIND(usable, "malloc_usable_size");
        FIND(unload, "dlclose");
        looks_like_glibc(&functions);
        /* Two threads find the same; `alloc` last, for it says that all are there. */
        void *(*alloc)(size_t) = functions.alloc;
        functions.alloc = found.alloc;
        if (!found.alloc) found = functions;
        __atomic_store_n(&found.alloc, alloc, __ATOMIC_RELEASE);
        is_finding = 0;
    }
    if (!is_finding && thagi_heap_found()) {
        thagi_real = found;
        if (!__atomic_load_n(&boot_used, __ATOMIC_RELAXED)) thagi_heap_shorten(&found);
    }
    return &found;
}

void thagi_heap_find(void)
{
    ready();
}

/* A program that is linked to a fixed place has its own entry for a function whose address it takes: a
   jump to the true one, which dlsym() gives away as if it were that. */
static int is_entry_only(void *function)
{
#if defined(__GLIBC__)
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    return dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol &&
           symbol->st_shndx == SHN_UNDEF;
#else
    (void)function;
    return 0;
#endif
}

const char *thagi_heap_stranger(void)
{
    Dl_info theirs, ours;
    void *first = dlsym(RTLD_DEFAULT, "malloc");
    void (*mine)(void) = thagi_heap_find;
    void *here;
    memcpy(&here, &mine, sizeof here);
    if (!first || !dladdr(first, &theirs) || !dladdr(here, &ours)) return NULL;
    if (theirs.dli_fbase == ours.dli_fbase || is_entry_only(first)) return NULL;
    return theirs.dli_fname ? theirs.dli_fname : "another library";
}

/* --- stand-ins --------------------------------------------------------------------------------- */

/* The first allocation may have been what started recording: then it goes through its hook again, and
   is counted. */
#define IF_STARTED(f) if ((f) && thagi_memory_is_on)

static void *first_alloc(size_t size)
{
    const thagi_heap_real *f = ready();
    IF_STARTED(f) return (malloc)(size);
    return f ? f->alloc(size) : thagi_boot_alloc(size, 16);
}

static void *first_zeroed(size_t count, size_t size)
{
    const thagi_heap_real *f = ready();
    size_t total;
    IF_STARTED(f) return (calloc)(count, size);
    if (f) return f->zeroed(count, size);
    return __builtin_mul_overflow(count, size, &total) ? NULL : thagi_boot_alloc(total, 16);
}

static void *first_resize(void *block, size_t size)
{
    const thagi_heap_real *f = ready();
    IF_STARTED(f) return (realloc)(block, size);
    if (f) return f->resize(block, size);
    return block ? NULL : thagi_boot_alloc(size, 16); /* it can only be one of the arena */
}

static void *first_resize_array(void *block, size_t count, size_t size)
{
    const thagi_heap_real *f = ready();
    size_t total;
    if (f && f->resize_array) return f->resize_array(block, count, size);
    return __builtin_mul_overflow(count, size, &total) ? NULL : first_resize(block, total);
}

static void first_release(void *block)
{
    const thagi_heap_real *f = ready();
    if (f) f->release(block);
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

static int first_aligned_posix(void **out, size_t align, size_t size)
{
    const thagi_heap_real *f = ready();
    IF_STARTED(f) return posix_memalign(out, align, size);
    if (f) return f->aligned_posix(out, align, size);
    return (*out = thagi_boot_alloc(size, align)) ? 0 : ENOMEM;
}

static void *first_aligned(size_t align, size_t size)
{
    const thagi_heap_real *f = ready();
    if (!f) return thagi_boot_alloc(size, align);
    return f->aligned ? f->aligned(align, size) : no_memory();
}

static void *first_aligned_old(size_t align, size_t size)
{
    const thagi_heap_real *f = ready();
    if (!f) return thagi_boot_alloc(size, align);
    return f->aligned_old ? f->aligned_old(align, size) : no_memory();
}

static void *first_page(size_t size)
{
    const thagi_heap_real *f = ready();
    if (!f) return thagi_boot_alloc(size, 4096);
    return f->page ? f->page(size) : no_memory();
}

static void *first_pages(size_t size)
{
    const thagi_heap_real *f = ready();
    if (!f) return thagi_boot_alloc(size, 4096);
    return f->pages ? f->pages(size) : no_memory();
}

static size_t first_usable(void *block)
{
    const thagi_heap_real *f = ready();
    return f ? f->usable(block) : 0;
}

static int first_unload(void *handle)
{
    const thagi_heap_real *f = ready();
    return f && f->unload ? f->unload(handle) : -1;
}

thagi_heap_real thagi_real = {first_alloc,   first_zeroed,        first_resize,  first_resize_array,
                              first_release, first_aligned_posix, first_aligned, first_aligned_old,
                              first_page,    first_pages,         first_usable,  first_unload};
