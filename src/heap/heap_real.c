/*
 * heap_real.c - finds the real allocation functions, at the first allocation of the process, which is
 * before any constructor.
 */
#include "heap/heap_real.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    *thagi_mark_of(block) = UINT8_MAX;
    static const size_t mapped =
        GLIBC_MAPPED; /* as glibc says it, so that free() looks at it twice */
    memcpy(block - sizeof mapped, &mapped, sizeof mapped);
    return block;
}

size_t thagi_boot_room(const void *block)
{
    return (size_t)(thagi_boot + THAGI_BOOT_BYTES - (const char *)block);
}

#ifdef THAGI_HEAP_WRAP
/* The linker's names for what was wrapped. Weak are those that a libc may be without. */
#define REAL(name)        extern __typeof__(name) __real_##name
#define REAL_IF_ANY(name) REAL(name) __attribute__((__weak__))
#if defined( \
    __GLIBC__) /* has all in one; from another's archive the linker takes only what is asked for */
#define REAL_IN_PARTS REAL_IF_ANY
#else
#define REAL_IN_PARTS REAL
#endif
REAL(malloc);
REAL(calloc);
REAL(realloc);
REAL(free);
REAL(posix_memalign);
REAL(malloc_usable_size);
REAL_IN_PARTS(aligned_alloc);
REAL_IN_PARTS(memalign);
REAL_IN_PARTS(reallocarray);
REAL_IN_PARTS(valloc);
void *pvalloc(size_t); /* of which musl has nothing */
REAL_IF_ANY(pvalloc);
#define FIND(member, name) (functions.member = __real_##name)

void *thagi_heap_next(const char *name)
{
    (void)name;
    return NULL;
}

const char *thagi_heap_stranger(void)
{
    return NULL;
}

static int is_sanitized(void)
{
    return 0; /* no sanitizer is linked statically */
}
#else
#define FIND(member, name) find(&functions.member, #name)

void *thagi_heap_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static const char *stranger; /* set before anything is found */

/* A program that is linked to a fixed place has its own entry for a function whose address it takes: a
   jump to the true one, which dlsym() gives away as if it were that. */
static int is_entry_only(void *function)
{
#if defined(__GLIBC__)
    Dl_info info;
    void *at = NULL;
    if (!dladdr1(function, &info, &at, RTLD_DL_SYMENT) || !at) return 0;
    const ElfW(Sym) *symbol = at;
    return symbol->st_shndx == SHN_UNDEF;
#else
    (void)function;
    return 0;
#endif
}

/* libthag_async looks at blocks in passing; here is whom it passes them to. */
extern void *thagi_hooks_next_malloc(void) __attribute__((__weak__));

/* Not by dladdr(), which looks through all symbols of a file: that was two million instructions in all. */
static int is_of_same_file(const void *a, const void *b)
{
    thagi_plat_object of_a, of_b;
    return thagi_plat_object_of((uintptr_t)a, &of_a) && thagi_plat_object_of((uintptr_t)b, &of_b) &&
           of_a.lo == of_b.lo;
}

/* What a sanitizer brings into the process. With a malloc of its own, which is not to be called while it starts. */
extern void __asan_init(void) __attribute__((__weak__));
extern void __lsan_init(void) __attribute__((__weak__));
extern void __tsan_init(void) __attribute__((__weak__));

static int is_sanitized(void)
{
    return __asan_init || __lsan_init || __tsan_init;
}

/* The file whose malloc comes first, unless that is ours. ThreadSanitizer is one that we must not come before: it
   cannot see the order of what we do, and says so of the program; and it ends what allocates in its handlers. */
static void find_stranger(void)
{
    Dl_info theirs;
    if (__tsan_init) {
        stranger = "ThreadSanitizer";
        return;
    }
    void *first = dlsym(RTLD_DEFAULT, "malloc"), *passing;
    void *(*next)(void) = thagi_hooks_next_malloc;
    memcpy(&passing, &next, sizeof passing);
    if (first && passing && is_of_same_file(first, passing)) first = next();
    if (!first || is_of_same_file(first, thagi_boot) || is_entry_only(first)) return;
    if (!dladdr(first, &theirs)) return;
    stranger = theirs.dli_fname ? theirs.dli_fname : "another library";
}

const char *thagi_heap_stranger(void)
{
    return stranger;
}

/*
 * All of one family, or blocks would go to an allocator that did not make them: what another one than
 * malloc's has by that name is as good as not there. Not so if a stranger comes first: what the program
 * calls of ours then it would have called of whoever comes next. (ISO C has no conversion from void * to
 * a function; POSIX has.)
 */
static void find(void *function, const char *name)
{
    void *at = thagi_heap_next(name), *alloc = thagi_heap_next("malloc");
    if (at && alloc && !stranger && !is_of_same_file(at, alloc)) at = NULL;
    memcpy(function, &at, sizeof at);
}
#endif

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

#if defined(__GLIBC__) && defined(THAGI_HEAP_WRAP)
extern __typeof__(malloc) __libc_malloc __attribute__((__weak__));
static int is_of_glibc(const thagi_heap_real *functions)
{
    return functions->alloc == __libc_malloc;
}
#elif defined(__GLIBC__)
/* malloc and malloc_usable_size are those of one library that calls itself libc.so.6. */
static int is_of_glibc(const thagi_heap_real *functions)
{
    void *alloc, *usable;
    thagi_plat_object object;
    memcpy(&alloc, &functions->alloc, sizeof alloc);
    memcpy(&usable, &functions->usable, sizeof usable);
    if (!is_of_same_file(alloc, usable) || !thagi_plat_object_of((uintptr_t)alloc, &object))
        return 0;
    const char *slash = strrchr(object.path, '/');
    return slash && strcmp(slash, "/libc.so.6") == 0;
}
#endif

/*
 * Whether sizes may be read before the blocks: malloc is glibc's, and what it says of blocks is what we
 * read there.
 */
static int looks_like_glibc(const thagi_heap_real *functions)
{
#if defined(__GLIBC__) && defined(__LP64__)
    static const size_t words[] = {0x21, 0x20, 0x31, 0x95, 0x1f1, 0x1002, 0x493f02};
    int is_glibc = 1;
    if (!is_of_glibc(functions)) return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        is_glibc &= usable_is_as_in(words[i], functions->usable);
    return thagi_real_is_glibc = is_glibc;
#else
    (void)functions;
    return 0;
#endif
}

/* In a program that is linked statically there is nothing behind us, and no malloc to be had. */
static void give_up(void)
{
    static const char *const advice =
        "no malloc behind libthag_heap.a: a program that is linked statically needs it wrapped "
        "(thag::full_wrap, or pkg-config thag_profiler-full-wrap)";
    thagi_complain("%s", advice);
    _exit(127);
}

/* --- what an allocator may lack ---------------------------------------------------------------- */

static const thagi_heap_real *ready(void);

static void *align_by_posix(size_t align, size_t size)
{
    void *block = NULL;
    int err = found.aligned_posix(&block, align < sizeof block ? sizeof block : align, size);
    if (err) errno = err;
    return err ? NULL : block;
}

static void *page_by_posix(size_t size)
{
    return align_by_posix((size_t)sysconf(_SC_PAGESIZE), size);
}

static void *pages_by_posix(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole;
    if (__builtin_add_overflow(size, page - 1, &whole)) whole = SIZE_MAX - page;
    return align_by_posix(page, whole & ~(page - 1));
}

static size_t unknown_size(void *block)
{
    (void)block;
    return 0;
}

int thagi_heap_knows_sizes(void)
{
    const thagi_heap_real *f = ready();
    return f && f->usable != unknown_size;
}

#ifdef THAGI_HEAP_WITHIN
/* --- what comes back to the hooks -------------------------------------------------------------- */

__thread int thagi_heap_depth __attribute__((__tls_model__("initial-exec")));
static thagi_heap_real callers; /* of the hooks: the true functions */

#define CALL_WITHIN(type, ...) \
    thagi_heap_depth++; \
    type result = callers.__VA_ARGS__; \
    thagi_heap_depth--; \
    return result

static void *zeroed_within(size_t count, size_t size)
{
    CALL_WITHIN(void *, zeroed(count, size));
}
static int aligned_posix_within(void **out, size_t align, size_t size)
{
    CALL_WITHIN(int, aligned_posix(out, align, size));
}
static void *aligned_within(size_t align, size_t size)
{
    CALL_WITHIN(void *, aligned(align, size));
}
static void *aligned_old_within(size_t align, size_t size)
{
    CALL_WITHIN(void *, aligned_old(align, size));
}
static void *page_within(size_t size)
{
    CALL_WITHIN(void *, page(size));
}

static void call_within(thagi_heap_real *functions)
{
    callers = *functions;
    functions->zeroed = zeroed_within;
    functions->aligned_posix = callers.aligned_posix ? aligned_posix_within : NULL;
    functions->aligned = callers.aligned ? aligned_within : NULL;
    functions->aligned_old = callers.aligned_old ? aligned_old_within : NULL;
    functions->page = callers.page ? page_within : NULL;
}
#endif

static void find_others(thagi_heap_real *functions)
{
    if (!functions->usable) functions->usable = unknown_size;
#ifdef THAGI_HEAP_WITHIN
    call_within(functions);
#endif
    if (functions->aligned_posix) {
        if (!functions->aligned) functions->aligned = align_by_posix;
        if (!functions->aligned_old) functions->aligned_old = align_by_posix;
        if (!functions->page) functions->page = page_by_posix;
        if (!functions->pages) functions->pages = pages_by_posix;
    }
#ifndef THAGI_HEAP_WRAP
    void *unload = thagi_heap_next("dlclose");
    memcpy(&functions->unload, &unload, sizeof unload);
#endif
}

/* The functions; NULL while this very thread is looking for them: its allocations come from the arena. */
static const thagi_heap_real *ready(void)
{
    if (!__atomic_load_n(&found.alloc, __ATOMIC_ACQUIRE)) {
        if (is_finding) return NULL;
        is_finding = 1;
        thagi_heap_real functions = {0};
#ifndef THAGI_HEAP_WRAP
        find_stranger();
#endif
        FIND(alloc, malloc);
        FIND(zeroed, calloc);
        FIND(resize, realloc);
        FIND(resize_array, reallocarray);
        FIND(release, free);
        FIND(aligned_posix, posix_memalign);
        FIND(aligned, aligned_alloc);
        FIND(aligned_old, memalign);
        FIND(page, valloc);
        FIND(pages, pvalloc);
        FIND(usable, malloc_usable_size);
        find_others(&functions);
        if (!functions.alloc) give_up();
        looks_like_glibc(&functions);
        /* tcmalloc's allocates when it is called for the first time: now that is none of the hooks'. */
        if (!thagi_real_is_glibc && !is_sanitized()) functions.usable(NULL);
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
