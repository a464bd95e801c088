#include "adapters/callback.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "adapters/function_name.h"

enum { BUCKETS = 1024, NAME_ROOM = 128, POOL_BYTES = 1 << 28, PAGES = 1 << 16 };

/* --- callbacks --------------------------------------------------------------------------------- */

typedef struct known {
    callback cb;
    thag_site site;
    char name[NAME_ROOM];
} known;

/* Read without the lock: an entry is whole before it is linked, and stays. */
static callback *buckets[BUCKETS];
static int lock;
static char *pages_next, *pages_end;

/* Callbacks that these register are theirs, and say nothing about the program. */
static const char *const libraries[] = {"libuv.",  "libevent",    "libglib-2.0.", "libgio-2.0.",
                                        "libgomp", "libgobject-", "libomp.",      "libthag_"};

static int is_of_library(uintptr_t function)
{
    Dl_info info;
    if (!dladdr((const void *)function, &info) || !info.dli_fname) return 0;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *file = slash ? slash + 1 : info.dli_fname;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strncmp(file, libraries[i], strlen(libraries[i])) == 0) return 1;
    return 0;
}

static void *map(size_t bytes, int protection)
{
    void *mem = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

static known *known_alloc(void)
{
    if ((size_t)(pages_end - pages_next) < sizeof(known)) {
        char *mem = map(PAGES, PROT_READ | PROT_WRITE);
        if (!mem) return NULL;
        pages_next = mem;
        pages_end = mem + PAGES;
    }
    known *k = (known *)(void *)pages_next;
    pages_next += sizeof *k;
    return k;
}

static callback *find(callback *const *bucket, uintptr_t function)
{
    callback *cb = __atomic_load_n(bucket, __ATOMIC_ACQUIRE); /* pairs with add() */
    while (cb && cb->function != function) cb = cb->next;
    return cb;
}

static __attribute__((__noinline__)) callback *add(callback **bucket, uintptr_t function,
                                                   const char *prefix)
{
    int saved_errno = errno;
    char name[NAME_ROOM]; /* not under the lock: the dynamic linker has locks of its own */
    int is_program = !is_of_library(function);
    size_t prefix_len = strlen(prefix);
    memcpy(name, prefix, prefix_len);
    if (is_program) function_name(name + prefix_len, sizeof name - prefix_len, function);
    adapter_lock(&lock);
    callback *cb = find(bucket, function);
    known *k = cb ? NULL : known_alloc();
    if (k) {
        k->cb = (callback){function, is_program ? &k->site : NULL, *bucket};
        if (is_program) memcpy(k->name, name, sizeof name);
        k->site = (thag_site){k->name, k->name, "", 0, 5, THAG_FLAG_async_fn};
        cb = &k->cb;
        __atomic_store_n(bucket, cb, __ATOMIC_RELEASE);
    }
    adapter_unlock(&lock);
    errno = saved_errno;
    return cb;
}

static const callback *known_at(uintptr_t function, const char *prefix)
{
    if (!function || !(THAG_ACTIVE_ & 3)) return NULL;
    callback **bucket = &buckets[(function >> 4 ^ function >> 14) % BUCKETS];
    callback *cb = find(bucket, function);
    if (__builtin_expect(!cb, 0)) cb = add(bucket, function, prefix);
    return cb && cb->site ? cb : NULL;
}

const callback *adapter_callback(uintptr_t function)
{
    return known_at(function, "");
}

const callback *adapter_place(uintptr_t address, const char *what)
{
    return known_at(address, what);
}

/* --- the library behind ------------------------------------------------------------------------ */

uintptr_t adapter_real(const char *name, const char *soname)
{
    void *address = dlsym(RTLD_NEXT, name);
    if (!address) { /* it came with a plugin */
        void *library = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
        if (library) address = dlsym(library, name);
    }
    if (!address) __builtin_trap(); /* nobody could have linked a call of it */
    return (uintptr_t)address;
}

/* --- records ----------------------------------------------------------------------------------- */

void *adapter_pool_take(adapter_pool *pool)
{
    int saved_errno = errno;
    void *record = NULL;
    adapter_lock(&pool->lock);
    if (!pool->first) {
        char *first = map(POOL_BYTES, PROT_READ | PROT_WRITE);
        pool->next = first;
        __atomic_store_n(&pool->first, first, __ATOMIC_RELAXED);
    }
    if (pool->spare) {
        record = pool->spare;
        memcpy(&pool->spare, record, sizeof pool->spare);
        memset(record, 0, pool->size);
    } else if (pool->first && (size_t)(pool->next - pool->first) <= POOL_BYTES - pool->size) {
        record = pool->next;
        pool->next += pool->size;
    }
    adapter_unlock(&pool->lock);
    errno = saved_errno;
    return record;
}

void adapter_pool_give(adapter_pool *pool, void *record)
{
    adapter_lock(&pool->lock);
    memset(record, 0, pool->size);
    memcpy(record, &pool->spare, sizeof pool->spare);
    pool->spare = record;
    adapter_unlock(&pool->lock);
}

int adapter_pool_has(const adapter_pool *pool, const void *record)
{
    uintptr_t first = (uintptr_t)__atomic_load_n(&pool->first, __ATOMIC_RELAXED);
    uintptr_t offset = (uintptr_t)record - first;
    return first && offset < POOL_BYTES && offset % pool->size == 0;
}

/* --- preloaded --------------------------------------------------------------------------------- */

#ifdef THAGI_ADAPTERS_PRELOAD
/* A program that was never changed does not begin to record by itself. */
__attribute__((__constructor__)) static void start(void)
{
    (void)thag_enable(THAG_MODE_runtime, 3);
}
#endif
