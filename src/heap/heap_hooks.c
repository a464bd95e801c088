/*
 * heap_hooks.c - stands in front of the allocation functions of the process.
 *
 * Each hook calls the real function first and counts what it did: the host gets what it would have
 * got. In live mode 8 bytes more are asked for, where heap_record.h keeps its record. While memory is
 * not recorded a hook is a test and a jump.
 *
 * No hook allocates, locks on its usual way, or changes errno. The usual ways of malloc and free are
 * written out in full here, for glibc's blocks; everything else goes by charge() and discharge_slow().
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "heap/heap_real.h"
#include "heap/heap_record.h"
#include "heap/native_stack.h"
#include "runtime/memory.h"

/* Defining them by these keeps the names out of reach of the compiler's knowledge of them. */
#define HOOK(type, name) __attribute__((__visibility__("default"))) type name
#define LIKELY(x)        __builtin_expect(!!(x), 1)
#define UNLIKELY(x)      __builtin_expect(!!(x), 0)
#define APART            static __attribute__((__noinline__))
#define INLINED          static inline __attribute__((__always_inline__))
/* Of a hook: where its caller goes on, and where the stack stands. */
#define CALLER()        ((uintptr_t)__builtin_return_address(0))
#define STACK_POINTER() ((uintptr_t)__builtin_frame_address(0))

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
int thagi_heap_hooks(void);
int thagi_heap_hooks(void)
{
    thagi_heap_find();
    return thagi_real_is_glibc;
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

/* What to ask for in place of size. */
static inline size_t with_record(size_t size)
{
    return thagi_memory_is_live && size < PTRDIFF_MAX - 64 ? size + RECORD_BYTES : size;
}

static void count_skipped(thagi_task *task, trace_mem *row, uint64_t size)
{
    (void)row; /* that it is there says that the sizes are, too */
    thagi_own_add(&task->thread->memory.sizes->skipped_blocks, 1);
    thagi_own_add(&task->thread->memory.sizes->skipped_bytes, size);
}

/* Whether the native stack of the hook's caller is asked for. */
INLINED int wants_stack(const thagi_task *task)
{
    return thagi_memory_stacks == THAGI_STACKS_ALL ||
           (thagi_memory_stacks == THAGI_STACKS_FLAGGED &&
            thagi_native_is_wanted(thagi_session_now, task));
}

/* Who pays for what the hook's caller allocates. */
INLINED trace_mem *payer_of(thagi_task *task, uintptr_t pc)
{
    trace_mem *row = NULL;
    if (UNLIKELY(thagi_memory_stacks) && wants_stack(task) && thagi_memory_wake(task))
        row = thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0), pc,
                                 THAGI_STACK_ALLOC);
    return row ? row : thagi_memory_payer(task, pc);
}

/* Count an allocation, whatever it takes. Its row; NULL: it is not to be recorded, or was lost. */
APART trace_mem *charge_slow(uintptr_t pc, const void *block, size_t size)
{
    uintptr_t was;
    if (!thagi_memory_is_on) return NULL;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return NULL;
    uint64_t threshold = thagi_session_now->heap->threshold;
    trace_mem *row = payer_of(task, pc);
    if (row && threshold && size <= threshold) {
        count_skipped(task, row, size);
        row = NULL;
    } else if (row) {
        thagi_memory_add(task, row, block, size, thagi_memory_is_live);
    }
    thagi_memory_leave_task(task, was);
    return row;
}

INLINED trace_mem *charge(uintptr_t pc, const void *block, size_t size)
{
    trace_mem *row = NULL;
    if (thagi_memory_way == THAGI_MEMORY_LIVE)
        row = thagi_memory_add_fast(pc, block, size, 1);
    else if (thagi_memory_way == THAGI_MEMORY_SUMMARY)
        row = thagi_memory_add_fast(pc, block, size, 0);
    return row ? row : charge_slow(pc, block, size);
}

/* A block as its record has it. */
typedef struct old_block {
    void *block;
    uint32_t node; /* TRACE_NONE: it has no record */
    size_t size;
} old_block;

INLINED void count_release(trace_release *release, size_t size)
{
    if (!release) return;
    thagi_own_add(&release->blocks, 1);
    thagi_own_add(&release->bytes, size);
}

APART void discharge_slow(const old_block *old, int is_free, uintptr_t pc)
{
    uintptr_t was;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return;
    thagi_memory_sub(task, old->block, old->node, old->size, is_free);
    if (UNLIKELY(thagi_memory_stacks) && wants_stack(task))
        count_release(thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0), pc,
                                         THAGI_STACK_FREE),
                      old->size);
    thagi_memory_leave_task(task, was);
}

/* Take the record out of a block that is about to go. 0: it has none. Not by thagi_memory_key: a forked
   child does not know its parent's blocks. */
static int take_record(old_block *old, void *block)
{
    uint32_t key = thagi_session_now->memory_key;
    size_t usable = thagi_usable(block);
    old->node = TRACE_NONE;
    if (!key || !record_get(block, usable, key, &old->node, &old->size)) return 0;
    old->block = block;
    record_clear(block, usable);
    return 1;
}

static void put_record(void *block, uint32_t node, size_t size)
{
    if (node < THAGI_RECORD_NODES)
        record_put(block, thagi_usable(block), thagi_session_now->memory_key, node, size);
}

/* A block without a record, while there are some: from before, from elsewhere, or too small. */
APART void unknown_free(void)
{
    uintptr_t was;
    if (!thagi_memory_is_on || !thagi_task_is_ready(thagi_current)) return;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return;
    if (task->thread->memory.sizes) task->thread->memory.sizes->unknown_frees++;
    thagi_memory_leave_task(task, was);
}

/* A new block of `size`, for which with_record(size) was asked. */
APART void *made(void *block, size_t size, uintptr_t pc)
{
    const trace_mem *row = block ? charge(pc, block, size) : NULL;
    if (row && thagi_memory_is_live) put_record(block, row->node, size);
    return block;
}

/* --- malloc, calloc, free ---------------------------------------------------------------------- */

/* In live mode, of a block of glibc's that is not mapped: its length with all that belongs to it, but
   for a record's own length. Its size stands before it. */
#define GLIBC_MAPPED 2u
INLINED size_t room_of(size_t word)
{
    return (word & ~(size_t)7) - 8 - RECORD_BYTES;
}

/* The usual way of an allocation whose stack is wanted: one that is known. `frame`: the hook's own. */
INLINED trace_mem *charge_detail(const uintptr_t *frame, const void *block, size_t size)
{
    thagi_task *task = thagi_current;
    if (UNLIKELY(!thagi_task_is_ready(task))) return NULL;
    if (UNLIKELY(thagi_memory_is_alert(&task->thread->memory))) return NULL;
    if (!wants_stack(task)) return thagi_memory_add_fast(frame[1], block, size, 1);
    trace_mem *row = thagi_native_known(task, frame, THAGI_STACK_ALLOC);
    return LIKELY(row) ? thagi_memory_count_fast(task, row, block, size, 1) : NULL;
}

/* frame: NULL, or the hook's own if stacks are wanted. */
INLINED void *made_live(void *block, size_t size, uintptr_t pc, const uintptr_t *frame)
{
    if (UNLIKELY(!block)) return NULL;
    size_t word = ((const size_t *)block)[-1], slack = room_of(word) - size;
    /* Another length than usual, or a mapped block. Before it is counted: made() does that, too. */
    if (UNLIKELY((word & GLIBC_MAPPED) || slack >= SLACK_FAR)) return made(block, size, pc);
    const trace_mem *row =
        frame ? charge_detail(frame, block, size) : thagi_memory_add_fast(pc, block, size, 1);
    if (UNLIKELY(!row)) return made(block, size, pc);
    record *at = (record *)(void *)((char *)block + room_of(word));
    at->check = record_check(block, thagi_memory_key);
    at->node_slack = row->node << 8 | (uint32_t)slack;
    return block;
}

INLINED void *made_summary(void *block, size_t size, uintptr_t pc)
{
    if (UNLIKELY(!block)) return NULL;
    if (UNLIKELY(!thagi_memory_add_fast(pc, block, size, 0))) return made(block, size, pc);
    return block;
}

/* Apart, so that the hook itself needs no stack frame while nothing is recorded. */
APART void *malloc_summary(size_t size, uintptr_t pc)
{
    return made_summary(thagi_real.alloc(size), size, pc);
}

APART void *malloc_careful(size_t size, uintptr_t pc)
{
    return made(thagi_real.alloc(with_record(size)), size, pc);
}

APART void *malloc_live(size_t size, uintptr_t pc)
{
    if (UNLIKELY(size >= PTRDIFF_MAX - 64)) return malloc_careful(size, pc);
    return made_live(thagi_real.alloc(size + RECORD_BYTES), size, pc, NULL);
}

/* Jumped to by the hook, so that its frame is the hook's. */
APART void *malloc_detail(size_t size)
{
    const uintptr_t *frame = __builtin_frame_address(0);
    if (UNLIKELY(size >= PTRDIFF_MAX - 64)) return malloc_careful(size, frame[1]);
    return made_live(thagi_real.alloc(size + RECORD_BYTES), size, frame[1], frame);
}

HOOK(void *, malloc)(size_t size)
{
    if (LIKELY(thagi_memory_way == THAGI_MEMORY_LIVE)) return malloc_live(size, CALLER());
    if (LIKELY(thagi_memory_way == THAGI_MEMORY_OFF)) return thagi_real.alloc(size);
    if (thagi_memory_way == THAGI_MEMORY_SUMMARY) return malloc_summary(size, CALLER());
    if (thagi_memory_way == THAGI_MEMORY_DETAIL) return malloc_detail(size);
    return malloc_careful(size, CALLER());
}

HOOK(void *, calloc)(size_t count, size_t size)
{
    size_t total;
    unsigned char way = thagi_memory_way;
    if (way == THAGI_MEMORY_OFF || __builtin_mul_overflow(count, size, &total))
        return thagi_real.zeroed(count, size);
    /* The real one knows which memory is zero already, and does not touch it. */
    if (way == THAGI_MEMORY_SUMMARY)
        return made_summary(thagi_real.zeroed(count, size), total, CALLER());
    void *block = thagi_real.zeroed(1, with_record(total));
    if (way == THAGI_MEMORY_LIVE) return made_live(block, total, CALLER(), NULL);
    if (way == THAGI_MEMORY_DETAIL && total < PTRDIFF_MAX - 64)
        return made_live(block, total, CALLER(), __builtin_frame_address(0));
    return made(block, total, CALLER());
}

APART void free_careful(void *block, uintptr_t pc)
{
    old_block old;
    if (!block || thagi_boot_has(block)) return;
    if (thagi_memory_is_live) {
        if (take_record(&old, block))
            discharge_slow(&old, 1, pc);
        else
            unknown_free();
    }
    thagi_real.release(block);
}

/* Who pays for a free, *release, NULL if nobody is asked for. 0: it has to be found. */
INLINED int release_known(const uintptr_t *frame, trace_release **release)
{
    thagi_task *task = thagi_current;
    if (UNLIKELY(!thagi_task_is_ready(task))) return 0;
    if (!wants_stack(task)) return 1;
    *release = thagi_native_known(task, frame, THAGI_STACK_FREE);
    return *release != NULL;
}

/* Count the end of a block in the usual way. 0: nothing was done. */
INLINED int ended_live(void *block, const uintptr_t *frame)
{
    /* The arena of the boot, too, has words before its blocks, which say that they are mapped. */
    size_t word = ((const size_t *)block)[-1];
    record *at = (record *)(void *)((char *)block + room_of(word));
    uint32_t slack;
    trace_release *release = NULL;
    if (UNLIKELY(word & GLIBC_MAPPED) ||
        UNLIKELY(at->check != record_check(block, thagi_memory_key)) ||
        UNLIKELY((slack = at->node_slack & SLACK_FAR) == SLACK_FAR))
        return 0;
    size_t size = room_of(word) - slack;
    if (frame && UNLIKELY(!release_known(frame, &release))) return 0;
    if (UNLIKELY(!thagi_memory_sub_fast(block, at->node_slack >> 8, size, 1))) return 0;
    count_release(release, size);
    at->check = ~at->check;
    return 1;
}

APART void free_detail(void *block)
{
    const uintptr_t *frame = __builtin_frame_address(0);
    if (LIKELY(ended_live(block, frame)))
        thagi_real.release(block);
    else
        free_careful(block, frame[1]);
}

HOOK(void, free)(void *block)
{
    if (UNLIKELY(thagi_memory_way < THAGI_MEMORY_LIVE)) {
        if (thagi_memory_way == THAGI_MEMORY_DETAIL && LIKELY(block))
            free_detail(block);
        else if (!thagi_memory_is_live && LIKELY(!thagi_boot_has(block)))
            thagi_real.release(block);
        else
            free_careful(block, CALLER());
        return;
    }
    if (UNLIKELY(!block)) return;
    if (LIKELY(ended_live(block, NULL)))
        thagi_real.release(block);
    else
        free_careful(block, CALLER());
}

/* --- realloc ----------------------------------------------------------------------------------- */

/* A block of the boot arena moves out of it, or within it while there is nothing else. */
APART void *boot_resize(void *block, size_t size)
{
    void *moved = (malloc)(size);
    size_t room = thagi_boot_room(block);
    if (moved) memmove(moved, block, size < room ? size : room);
    return moved;
}

/* `old` has become `block`. frame: NULL, or the hook's own if stacks are wanted. */
INLINED void moved_to(const old_block *old, void *block, size_t size, uintptr_t pc,
                      const uintptr_t *frame)
{
    trace_mem *row = frame ? charge_detail(frame, block, size) : NULL;
    if (!row) row = charge(pc, block, size);
    if (!row) return;
    thagi_own_add(&row->reallocs, 1);
    if (old->node != TRACE_NONE) thagi_own_add(&row->realloc_bytes, old->size);
    if (thagi_memory_is_live) put_record(block, row->node, size);
}

/* Count the end of a resized block in the usual way. 0: nothing was done. */
INLINED int moved_from(const old_block *old, const uintptr_t *frame)
{
    trace_release *release = NULL;
    if (thagi_memory_way != (frame ? THAGI_MEMORY_DETAIL : THAGI_MEMORY_LIVE)) return 0;
    if (frame && !release_known(frame, &release)) return 0;
    if (!thagi_memory_sub_fast(old->block, old->node, old->size, 0)) return 0;
    count_release(release, old->size);
    return 1;
}

/* The record goes before the real call, for another thread may get the address before it returns; and
   comes back if nothing happened. */
INLINED void *resize(void *block, size_t size, uintptr_t pc, const uintptr_t *frame)
{
    old_block old = {.node = TRACE_NONE};
    int is_ours = thagi_memory_is_live && take_record(&old, block);
    /* Zero bytes may mean to free: ask for just that. */
    size_t asked = thagi_memory_is_on && size ? with_record(size) : size;
    void *moved = thagi_real.resize(block, asked);
    if (!moved && size) {
        if (is_ours) put_record(block, old.node, old.size);
        return NULL;
    }
    if (is_ours && !moved_from(&old, frame)) discharge_slow(&old, 0, pc);
    if (moved && size && thagi_memory_is_on) moved_to(&old, moved, size, pc, frame);
    return moved;
}

APART void *resize_recorded(void *block, size_t size, uintptr_t pc)
{
    if (block) return resize(block, size, pc, NULL);
    return made(thagi_real.resize(NULL, thagi_memory_is_on ? with_record(size) : size), size, pc);
}

/* Jumped to by the hook, so that its frame is the hook's. */
APART void *resize_detail(void *block, size_t size)
{
    const uintptr_t *frame = __builtin_frame_address(0);
    if (block) return resize(block, size, frame[1], frame);
    return made_live(thagi_real.resize(NULL, with_record(size)), size, frame[1], frame);
}

HOOK(void *, realloc)(void *block, size_t size)
{
    if (UNLIKELY(thagi_boot_has(block))) return boot_resize(block, size);
    if (thagi_memory_way == THAGI_MEMORY_OFF) return thagi_real.resize(block, size);
    if (thagi_memory_way == THAGI_MEMORY_DETAIL && size < PTRDIFF_MAX - 64)
        return resize_detail(block, size);
    return resize_recorded(block, size, CALLER());
}

HOOK(void *, reallocarray)(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (UNLIKELY(thagi_boot_has(block))) return boot_resize(block, total);
    if (thagi_memory_way != THAGI_MEMORY_OFF) return resize_recorded(block, total, CALLER());
    if (thagi_real.resize_array) return thagi_real.resize_array(block, count, size);
    return thagi_real.resize(block, total);
}

/* --- the others -------------------------------------------------------------------------------- */

HOOK(int, posix_memalign)(void **out, size_t align, size_t size)
{
    if (!thagi_memory_is_on) return thagi_real.aligned_posix(out, align, size);
    int err = thagi_real.aligned_posix(out, align, with_record(size));
    if (!err) made(*out, size, CALLER());
    return err;
}

/* aligned_alloc, memalign, valloc and pvalloc. */
#define ALIGNED(member, args_plain, args_recorded) \
    if (UNLIKELY(!thagi_real.member)) { \
        errno = ENOMEM; \
        return NULL; \
    } \
    if (!thagi_memory_is_on) return thagi_real.member args_plain; \
    return made(thagi_real.member args_recorded, size, CALLER())

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
    uint32_t node, key = thagi_memory_is_live ? thagi_session_now->memory_key : 0;
    if (!key || !record_get(block, usable, key, &node, &size)) return usable;
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
