/*
 * function.c - functions that are known by their address. Each gets a site at first sight, found again
 * by a hash table that grows by atomic pushes: no lock, so that a handler may meet a new function, too.
 * In the trace it is a place in code, which is named offline.
 */
#include <errno.h>
#include <string.h>

#include "runtime/runtime.h"
#include "thag_profiler/function.h"

#define FUNCTION_BUCKETS_LOG2 14
#define FUNCTION_PAGE_BYTES   65536

/* Never freed: cells and frames point at the site. */
typedef struct function_site {
    thag_site site; /* func is the address; NULL once the code is gone */
    thagi_plat_object object;
    int has_object;
    struct function_site *next;
} function_site;

typedef struct function_page {
    struct function_page *before;
    uint32_t used; /* function sites; may count beyond the last one */
    function_site sites[];
} function_page;
#define FUNCTION_PAGE_SITES ((FUNCTION_PAGE_BYTES - sizeof(function_page)) / sizeof(function_site))

static function_site *function_buckets[1 << FUNCTION_BUCKETS_LOG2];
static function_page *function_pages;

/* --- the table --------------------------------------------------------------------------------- */

static function_site **function_bucket(const void *function)
{
    uint64_t hash = ((uintptr_t)function >> 2) * UINT64_C(0x9e3779b97f4a7c15);
    return &function_buckets[hash >> (64 - FUNCTION_BUCKETS_LOG2)];
}

static function_site *function_find(function_site *from, const function_site *to,
                                    const void *function)
{
    for (; from != to; from = from->next)
        if (from->site.func == function) return from;
    return NULL;
}

static function_site *function_room(void)
{
    for (;;) {
        function_page *now = __atomic_load_n(&function_pages, __ATOMIC_ACQUIRE);
        if (now) {
            uint32_t at = __atomic_fetch_add(&now->used, 1, __ATOMIC_RELAXED);
            if (at < FUNCTION_PAGE_SITES) return &now->sites[at];
        }
        function_page *fresh = thagi_plat_map(FUNCTION_PAGE_BYTES);
        if (!fresh) return NULL;
        fresh->before = now;
        if (!__atomic_compare_exchange_n(&function_pages, &now, fresh, 0, __ATOMIC_RELEASE,
                                         __ATOMIC_RELAXED))
            thagi_plat_unmap(fresh, FUNCTION_PAGE_BYTES); /* another thread was faster */
    }
}

static __attribute__((__noinline__)) const thag_site *function_add(const void *function)
{
    int saved_errno = errno;
    function_site *made = function_room(), **bucket = function_bucket(function);
    if (made) {
        function_site *head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE), *other;
        made->site = (thag_site){.func = function, .kind = TRACE_SITE_ADDRESS};
        /* Here, for the dynamic linker's lock must not be waited for below the session's. */
        made->has_object = thagi_plat_object_of((uintptr_t)function, &made->object);
        made->next = NULL;
        do {
            other = function_find(head, made->next, function);
            if (other) break;
            made->next = head;
        } while (!__atomic_compare_exchange_n(bucket, &head, made, 0, __ATOMIC_RELEASE,
                                              __ATOMIC_ACQUIRE));
        if (other) made = other;
    }
    errno = saved_errno;
    return made ? &made->site : NULL;
}

static const thag_site *function_site_of(const void *function)
{
    const function_site *known =
        function_find(__atomic_load_n(function_bucket(function), __ATOMIC_ACQUIRE), NULL, function);
    return THAGI_LIKELY(known != NULL) ? &known->site : function_add(function);
}

static int is_function(const thag_site *site, const void *function)
{
    return site && site->kind == TRACE_SITE_ADDRESS && site->func == function;
}

/* --- in the trace: under the lock -------------------------------------------------------------- */

static size_t put_hexadecimal(char *to, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 1;
    while (len < 16 && number >> (4 * len)) len++;
    for (size_t i = len; i-- > 0; number >>= 4) to[i] = digits[number & 15];
    return len;
}

/* "libfoo.so+0x1f00": what it is called until somebody looks into the file. */
static void put_function_name(char *to, size_t room, const char *path, uint64_t offset)
{
    const char *slash = strrchr(path, '/');
    size_t len = strnlen(slash ? slash + 1 : path, room - 24);
    memcpy(to, slash ? slash + 1 : path, len);
    memcpy(to + len, "+0x", 3);
    len += 3;
    to[len + put_hexadecimal(to + len, offset)] = 0;
}

uint32_t thagi_function_site(thagi_session *session, const thag_site *site)
{
    static char name[512];
    const function_site *f = (const function_site *)(const void *)site;
    thagi_plat_object object = f->object;
    uintptr_t function = (uintptr_t)site->func;
    uint32_t code = thagi_code_id(session, function, f->has_object ? &object : NULL);
    if (code == TRACE_NONE) return TRACE_NONE;
    if (f->has_object)
        put_function_name(name, sizeof name, object.path, function - object.bias);
    else
        put_function_name(name, sizeof name, "unknown", function);
    return thagi_site_by_text(session,
                              &(thag_site){.name = name, .line = code, .kind = TRACE_SITE_ADDRESS});
}

/* --- spans ------------------------------------------------------------------------------------- */

void thag_function_begin(const void *function, const void *stack, const void *place)
{
    if (!(THAG_ACTIVE_ & THAGI_RECORDING)) return;
    thagi_task *task = thagi_current;
    uint64_t where = (uint64_t)(uintptr_t)stack << 16 | ((uintptr_t)place & 0xffff);
    const thag_site *site = NULL;
    if (THAGI_LIKELY(thagi_task_is_ready(task))) {
        site = thagi_frame_cell(task->top)->last->next->site; /* as last time */
        if (!is_function(site, function)) site = NULL;
    }
    if (!site) site = function_site_of(function);
    if (site)
        (void)thagi_span_begin_slow(task, site, where);
    else
        thagi_count(TRACE_LOST_MEMORY, 1);
}

/* The stack pointer does not tell: a compiler moves it in a function, and calls the hook at its end in
   place of a return. */
static int is_open_function(const trace_frame *frame, const void *function)
{
    return is_function(thagi_frame_cell(frame)->site, function) &&
           frame->start_ticks != TRACE_CLOSED;
}

static __attribute__((__noinline__)) void end_function_below(const void *function, uintptr_t sp)
{
    thagi_task *task = thagi_task_usable(thagi_current, sp);
    if (!task) return;
    const trace_frame *frame = task->top;
    while (frame > task->base && !is_open_function(frame, function)) frame--;
    if (frame > task->base) thagi_span_end_slow(thagi_current, frame->start_ticks, sp);
}

void thag_function_end(const void *function, const void *stack)
{
    if (!THAG_ACTIVE_) return;
    const thagi_task *task = thagi_current;
    if (THAGI_LIKELY(thagi_task_is_ready(task)) && THAGI_LIKELY(task->top > task->base) &&
        THAGI_LIKELY(is_open_function(task->top, function)))
        thag_span_end(task->top->start_ticks);
    else
        end_function_below(function, (uintptr_t)stack);
}

void thag_functions_unloaded(void)
{
    int saved_errno = errno;
    thagi_plat_object object;
    for (function_page *p = __atomic_load_n(&function_pages, __ATOMIC_ACQUIRE); p; p = p->before)
        for (uint32_t i = 0; i < FUNCTION_PAGE_SITES; i++) {
            const char *function = __atomic_load_n(&p->sites[i].site.func, __ATOMIC_RELAXED);
            if (function && !thagi_plat_object_of((uintptr_t)function, &object))
                __atomic_store_n(&p->sites[i].site.func, NULL, __ATOMIC_RELAXED);
        }
    errno = saved_errno;
}
