/*
 * heap_hooks.c - stands in front of the allocation functions of the process.
 *
 * Each hook calls the real function first and counts what it did: the host gets what it would have
 * got. In live mode 8 bytes more are asked for, where heap_record.h keeps its record. While memory is
 * not recorded a hook is a test and a jump.
 *
 * No hook allocates, locks on its usual way, or changes errno. Counting holds the thread's task, as
 * beginning a span does; so what a signal handler allocates that interrupted us is counted elsewhere.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "heap/heap_real.h"
#include "heap/heap_record.h"
#include "runtime/memory.h"

/* Defining them by these keeps the names out of reach of the compiler's knowledge of them. */
#define HOOK(type, name) __attribute__((__visibility__("default"))) type name
#define IS_ON()          __builtin_expect(thagi_memory_is_on, 1)
#define STACK_POINTER()  ((uintptr_t)__builtin_frame_address(0))

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
HOOK(void, free_sized)(void *, size_t);
HOOK(void, free_aligned_sized)(void *, size_t, size_t);

/* That it is there tells the runtime that we are. */
void thagi_heap_hooks(void);
void thagi_heap_hooks(void)
{
    thagi_heap_find();
}

/* --- the first allocation ---------------------------------------------------------------------- */

#ifdef THAGI_HEAP_PRELOAD
/* Preloaded into a program that starts no profiling itself: THAG_PROFILER decides, as soon as there is
   an environment to read. */
int thagi_heap_found(void)
{
    static int is_tried;
    int saved_errno = errno;
    if (!environ) return 0;
    if (__atomic_exchange_n(&is_tried, 1, __ATOMIC_ACQ_REL)) return 1;
    const char *preloaded = thagi_plat_getenv("LD_PRELOAD");
    const char *setting = thagi_plat_getenv("THAG_PROFILER");
    if (!setting) setting = thagi_plat_getenv("THAG_PROFILE");
    if (preloaded && strstr(preloaded, "thag_heap") && setting) {
        setting += strspn(setting, " \t");
        /* A setting for time only is for programs that have spans, and start by themselves. */
        if (strncasecmp(setting, "memory", 6) == 0 || strncasecmp(setting, "both", 4) == 0)
            thag_enable(THAG_MODE_runtime, TRACE_TIME | TRACE_MEMORY);
    }
    errno = saved_errno;
    return 1;
}
#else
int thagi_heap_found(void)
{
    return 1;
}
#endif

/* --- counting ---------------------------------------------------------------------------------- */

/* What an allocation came from, if not from nothing. */
typedef struct old_block {
    void *block;
    uint32_t node; /* TRACE_NONE: unknown */
    size_t size;
    int is_block; /* 0: a plain allocation */
} old_block;

static void count_reallocs(thagi_thread *thread, uint32_t node, const old_block *old)
{
    trace_mem *row = thagi_memory_row(thread, node);
    if (!row) return;
    row->reallocs++;
    if (old->node != TRACE_NONE) row->realloc_bytes += old->size;
}

static __attribute__((__noinline__)) void count_skipped(thagi_task *task, uint64_t size)
{
    thagi_thread *thread = task->thread;
    if (!thagi_memory_row(thread, task->top->node)) return; /* that makes the sizes, too */
    thagi_memory_pair(&thread->memory.sizes->skipped_blocks, 1, size);
}

/* Count the end of `old` and the allocation of `block`, either of which may be NULL. The node to be
   kept in the block; TRACE_NONE: none. */
static inline __attribute__((__always_inline__)) uint32_t
count(uintptr_t sp, const old_block *old, void *block, size_t size, int is_live)
{
    uintptr_t was;
    uint32_t node = TRACE_NONE;
    thagi_task *task = thagi_memory_enter(sp, &was);
    if (!task) return TRACE_NONE;
    thagi_session *session = thagi_session_now;
    if (is_live && old && old->node != TRACE_NONE)
        thagi_memory_sub(session, task, old->block, old->node, old->size, !old->is_block);
    if (block) {
        if (__builtin_expect(size <= session->heap->threshold, 0) && session->heap->threshold) {
            count_skipped(task, size);
        } else {
            node = thagi_memory_add(session, task, block, size, is_live);
            if (old && node != TRACE_NONE) count_reallocs(task->thread, node, old);
        }
    }
    thagi_memory_leave_task(task, was);
    return node;
}

/* What to ask for in place of size. */
static inline size_t with_record(size_t size)
{
    return thagi_memory_is_live && size < PTRDIFF_MAX - 64 ? size + RECORD_BYTES : size;
}

/* A new block of `size`, for which with_record(size) was asked. */
static inline __attribute__((__always_inline__)) void made_live(uintptr_t sp, const old_block *old,
                                                                void *block, size_t size)
{
    uint32_t node = count(sp, old, block, size, 1);
    if (node >= RECORD_NODES) return;
    record_put(block, thagi_usable(block), thagi_session_now->memory_key, node, size);
}

static __attribute__((__noinline__)) void made(uintptr_t sp, const old_block *old, void *block,
                                               size_t size)
{
    if (thagi_memory_is_live)
        made_live(sp, old, block, size);
    else
        count(sp, old, block, size, 0);
}

/* Take the record out of a block that is about to go. 0: it has none. */
static inline int take_record(old_block *old, void *block)
{
    const thagi_session *session = thagi_session_now;
    if (!session->memory_key) return 0;
    size_t usable = thagi_usable(block);
    if (!record_get(block, usable, session->memory_key, &old->node, &old->size)) return 0;
    old->block = block;
    record_clear(block, usable);
    return 1;
}

/* A block without a record, while there are some: from before, from elsewhere, or too small. */
static __attribute__((__noinline__)) void unknown_free(uintptr_t sp)
{
    uintptr_t was;
    if (!IS_ON() || thagi_current->state - 1 >= THAGI_TASK_CAREFUL) return; /* not worth a slot */
    thagi_task *task = thagi_memory_enter(sp, &was);
    if (!task) return;
    if (task->thread->memory.sizes) task->thread->memory.sizes->unknown_frees++;
    thagi_memory_leave_task(task, was);
}

/* --- the hooks --------------------------------------------------------------------------------- */

/* Apart, so that the hook itself needs no stack frame while nothing is recorded. */
static __attribute__((__noinline__)) void *alloc_live(size_t size)
{
    void *block = thagi_real.alloc(with_record(size));
    if (block) made_live(STACK_POINTER(), NULL, block, size);
    return block;
}

static __attribute__((__noinline__)) void *alloc_summary(size_t size)
{
    void *block = thagi_real.alloc(size);
    if (block) count(STACK_POINTER(), NULL, block, size, 0);
    return block;
}

HOOK(void *, malloc)(size_t size)
{
    if (!IS_ON()) return thagi_real.alloc(size);
    return thagi_memory_is_live ? alloc_live(size) : alloc_summary(size);
}

HOOK(void *, calloc)(size_t count, size_t size)
{
    size_t total;
    if (!IS_ON() || __builtin_mul_overflow(count, size, &total))
        return thagi_real.zeroed(count, size);
    /* The real one knows which memory is zero already, and does not touch it. */
    void *block = thagi_memory_is_live ? thagi_real.zeroed(1, with_record(total))
                                       : thagi_real.zeroed(count, size);
    if (block) made(STACK_POINTER(), NULL, block, total);
    return block;
}

static __attribute__((__noinline__)) void release_live(void *block)
{
    old_block old = {.node = TRACE_NONE};
    if (__builtin_expect(take_record(&old, block), 1))
        count(STACK_POINTER(), &old, NULL, 0, 1);
    else
        unknown_free(STACK_POINTER());
    thagi_real.release(block);
}

HOOK(void, free)(void *block)
{
    if (__builtin_expect(thagi_boot_has(block), 0)) return;
    if (thagi_memory_is_live && block)
        release_live(block);
    else
        thagi_real.release(block);
}

/* A block of the boot arena moves out of it, or within it while there is nothing else. */
static void *boot_resize(void *block, size_t size)
{
    void *moved = (malloc)(size);
    size_t room = thagi_boot_room(block);
    if (moved) memmove(moved, block, size < room ? size : room);
    return moved;
}

/* The record goes before the real call, for another thread may get the address before it returns; and
   comes back if nothing happened. */
static void *resize(uintptr_t sp, void *block, size_t size)
{
    old_block old = {.node = TRACE_NONE, .is_block = 1};
    int is_ours = thagi_memory_is_live && take_record(&old, block);
    /* Zero bytes may mean to free: ask for just that. */
    size_t asked = IS_ON() && size ? with_record(size) : size;
    void *moved = thagi_real.resize(block, asked);
    if (!moved && size) {
        if (is_ours)
            record_put(block, thagi_usable(block), thagi_session_now->memory_key, old.node,
                       old.size);
        return NULL;
    }
    if (moved && IS_ON() && size)
        made(sp, &old, moved, size);
    else if (is_ours)
        count(sp, &old, NULL, 0, 1);
    return moved;
}

HOOK(void *, realloc)(void *block, size_t size)
{
    if (__builtin_expect(thagi_boot_has(block), 0)) return boot_resize(block, size);
    if (!IS_ON() && !thagi_memory_is_live) return thagi_real.resize(block, size);
    if (block) return resize(STACK_POINTER(), block, size);
    block = thagi_real.resize(NULL, IS_ON() ? with_record(size) : size);
    if (block && IS_ON()) made(STACK_POINTER(), NULL, block, size);
    return block;
}

HOOK(void *, reallocarray)(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (thagi_real.resize_array && !IS_ON() && !thagi_memory_is_live && !thagi_boot_has(block))
        return thagi_real.resize_array(block, count, size);
    return (realloc)(block, total);
}

HOOK(int, posix_memalign)(void **out, size_t align, size_t size)
{
    if (!IS_ON()) return thagi_real.aligned_posix(out, align, size);
    int err = thagi_real.aligned_posix(out, align, with_record(size));
    if (!err && *out) made(STACK_POINTER(), NULL, *out, size);
    return err;
}

/* aligned_alloc, memalign, valloc and pvalloc. */
#define ALIGNED(member, args_plain, args_recorded) \
    if (__builtin_expect(!thagi_real.member, 0)) { \
        errno = ENOMEM; \
        return NULL; \
    } \
    if (!IS_ON()) return thagi_real.member args_plain; \
    void *block = thagi_real.member args_recorded; \
    if (block) made(STACK_POINTER(), NULL, block, size); \
    return block

HOOK(void *, aligned_alloc)(size_t align, size_t size)
{
    ALIGNED(aligned, (align, size), (align, with_record(size)));
}
HOOK(void *, memalign)(size_t align, size_t size)
{
    ALIGNED(aligned_old, (align, size), (align, with_record(size)));
}
HOOK(void *, valloc)(size_t size)
{
    ALIGNED(page, (size), (with_record(size)));
}
HOOK(void *, pvalloc)(size_t size)
{
    ALIGNED(pages, (size), (with_record(size)));
}

/* Without the record: the host may write to all that it is told of. */
HOOK(size_t, malloc_usable_size)(void *block)
{
    if (!block || thagi_boot_has(block)) return 0;
    size_t usable = thagi_real.usable(block), size;
    uint32_t node;
    const thagi_session *session = thagi_session_now;
    if (!thagi_memory_is_live || !session->memory_key ||
        !record_get(block, usable, session->memory_key, &node, &size))
        return usable;
    usable -= RECORD_BYTES;
    /* The size itself stands before the record if there is much room: it has to stay, too. */
    return usable - size >= SLACK_FAR ? usable - sizeof(uint64_t) : usable;
}

/* C23. Where libc has none of its own, nobody but us can be meant. */
HOOK(void, free_sized)(void *block, size_t size)
{
    (void)size; /* not the one that we asked for */
    (free)(block);
}
HOOK(void, free_aligned_sized)(void *block, size_t align, size_t size)
{
    (void)align;
    (void)size;
    (free)(block);
}
