/*
 * heap_hooks.c - stands in front of the allocation functions of the process.
 *
 * Each hook calls the real function first and counts what it did: the host gets what it would have
 * got. In live mode 8 bytes more are asked for, where heap_record.h keeps its record. While memory is
 * not recorded a hook is a test and a jump.
 *
 * No hook allocates, locks on its usual way, or changes errno. malloc, calloc, realloc and free jump to
 * functions that heap_usual.c has for each way of recording; what is not as usual for them, and
 * everything else, goes by charge() and thagi_heap_discharge().
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "heap/heap_ways.h"

/* Linked with --wrap, the real functions keep their names, and calls of them come to __wrap_malloc. */
#ifdef THAGI_HEAP_WRAP
#define HOOK(type, name) __attribute__((__visibility__("hidden"))) type __wrap_##name
#else
#define HOOK(type, name) __attribute__((__visibility__("default"))) type name
#endif
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
#ifndef THAGI_HEAP_WRAP
HOOK(int, dlclose)(void *);
#endif

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
static int wants_memory(void)
{
    const char *preloaded = thagi_plat_getenv("LD_PRELOAD");
    const char *setting = thagi_plat_getenv("THAG_PROFILER");
    if (!setting) setting = thagi_plat_getenv("THAG_PROFILE");
    if (!preloaded || !strstr(preloaded, "thag_heap") || !setting) return 0;
    setting += strspn(setting, " \t");
    /* A setting for time only is for programs that have spans, and start by themselves. */
    return strncasecmp(setting, "memory", 6) == 0 || strncasecmp(setting, "both", 4) == 0;
}

/* A program with a runtime of its own is not ours to start. */
static int has_runtime(void)
{
    return thagi_plat_program_has_note("thag");
}

/* Where no allocation comes to us this is the only chance to say so, and to leave a trace that does. */
static __attribute__((__constructor__)) void look_around(void)
{
    int saved_errno = errno;
    thagi_heap_find();
    const char *stranger = wants_memory() ? thagi_heap_stranger() : NULL;
    if (stranger && !has_runtime()) thag_enable(THAG_MODE_runtime, TRACE_TIME | TRACE_MEMORY);
    if (!stranger && wants_memory() && has_runtime())
        thagi_complain(
            "libthag_heap is preloaded, but the program has a runtime in it, and there can "
            "be one only; no memory is recorded (link it with thag::full, or with the "
            "shared libthag_profiler)");
    errno = saved_errno;
}

int thagi_heap_found(void)
{
    static int is_tried;
    int saved_errno = errno;
    if (!environ) return 0;
    if (__atomic_exchange_n(&is_tried, 1, __ATOMIC_ACQ_REL)) return 1;
    if (wants_memory() && !has_runtime()) thag_enable(THAG_MODE_runtime, TRACE_TIME | TRACE_MEMORY);
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

/* That a block was resized from `old`, which may be none of ours; NULL: it was not. */
static void count_resized(thagi_task *task, const thagi_row *row, const thagi_old_block *old)
{
    if (old) thagi_memory_add_resized(task, row, 1, old->node != TRACE_NONE ? old->size : 0);
}

/* Count an allocation, whatever it takes. Its row; NULL: it is not to be recorded, or was lost. */
APART thagi_row *charge_slow(uintptr_t pc, const void *block, size_t size,
                             const thagi_old_block *old)
{
    uintptr_t was;
    if (!thagi_memory_is_on) return NULL;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return NULL;
    uint64_t since = thagi_clock_begin(task);
    thagi_row *row = payer_of(task, pc, size);
    if (row && thagi_memory_skip(task, size)) row = NULL;
    if (row && !thagi_memory_add(task, row, block, size, thagi_memory_is_live)) row = NULL;
    if (row) count_resized(task, row, old);
    thagi_clock_end(task, since);
    thagi_memory_leave_task(task, was);
    return row;
}

/* The usual way, of any mode; then the slow one. */
static thagi_row *charge(uintptr_t pc, const void *block, size_t size, const thagi_old_block *old)
{
    thagi_task *task = thagi_current;
    enum thagi_memory_way way = thagi_memory_way->way;
    int is_live = way >= THAGI_MEMORY_MANY;
    if (way < THAGI_MEMORY_SUMMARY) return charge_slow(pc, block, size, old);
    thagi_row *row = thagi_memory_payer_current(task, pc, is_live);
    if (!row || !thagi_memory_has_room(&task->thread->memory, row, size, old != NULL))
        return charge_slow(pc, block, size, old);
    if (thagi_memory_add_fast(task, row, block, size,
                              is_live ? THAGI_MEMORY_MANY : THAGI_MEMORY_SUMMARY))
        thagi_memory_used_up(task);
    count_resized(task, row, old);
    return row;
}

APART void discharge_slow(const thagi_old_block *old, int is_free, uintptr_t pc)
{
    uintptr_t was;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return;
    uint64_t since = thagi_clock_begin(task);
    thagi_memory_sub(task, old->block, old->node, old->size, is_free);
    if (UNLIKELY(thagi_memory_stacks) && thagi_wants_stack(task))
        thagi_count_release(task, 1,
                            thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0),
                                               pc, THAGI_STACK_FREE, 0),
                            old->node, 1, old->size);
    thagi_clock_end(task, since);
    thagi_memory_leave_task(task, was);
}

void thagi_heap_discharge(const thagi_old_block *old, int is_free, uintptr_t pc)
{
    thagi_row *row = NULL;
    if (thagi_memory_way->way >= THAGI_MEMORY_MANY) row = thagi_memory_creditor_current(old->node);
    if (!row || !thagi_memory_has_room(thagi_memory_here, row, old->size, 0))
        discharge_slow(old, is_free, pc);
    else if (thagi_memory_sub_fast(thagi_memory_here, row, old->block, old->size, is_free,
                                   THAGI_MEMORY_CAREFUL))
        thagi_memory_used_up(thagi_current);
}

/* Of the blocks of a node that are as usual. From the row, if this thread has one. */
static uint64_t usual_size(uint32_t node)
{
    const thagi_memory *memory = thagi_memory_here;
    if (node < memory->row_room && memory->rows[node]->kind) return memory->rows[node]->size;
    return thagi_code_size(thagi_session_now, node);
}

/* Take the record out of a block that is about to go. 0: it has none. Not by thagi_memory_key: a forked
   child does not know its parent's blocks. */
static int take_record(thagi_old_block *old, void *block)
{
    uint64_t key = thagi_session_now->memory_key;
    size_t usable = thagi_usable(block);
    old->node = TRACE_NONE;
    if (!key || !record_get(block, usable, key, usual_size, &old->node, &old->size)) return 0;
    old->block = block;
    record_spoil(record_at(block, usable));
    return 1;
}

static void put_record(void *block, uint32_t node, size_t size)
{
    record_put(block, thagi_usable(block), thagi_session_now->memory_key, node, size);
}

/* A block without a record, while there are some: from before, from elsewhere, or too small. */
APART void unknown_free(void)
{
    uintptr_t was;
    if (!thagi_memory_is_on || !thagi_task_is_at_rest(thagi_current)) return;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return;
    if (task->thread->memory.sizes) task->thread->memory.sizes->unknown_frees++;
    thagi_memory_leave_task(task, was);
}

void *thagi_heap_made(void *block, size_t size, uintptr_t pc)
{
    if (thagi_memory_period) return thagi_sampled_made(block, size, pc);
    const thagi_row *row = block ? charge(pc, block, size, NULL) : NULL;
    if (row && thagi_memory_is_live) put_record(block, row->node, size);
    return block;
}

/* The same for functions that no way has: what the others do for it is done here. */
static void *made_apart(void *block, size_t size, uintptr_t pc)
{
    if (block && thagi_memory_is_timed) thagi_heap_correct(thagi_memory_way->way);
    return thagi_heap_made(block, size, pc);
}

void *thagi_heap_aligned(size_t align, size_t size, const uintptr_t *frame)
{
    if (thagi_heap_stranger()) return (memalign)(align, size);
    if (!thagi_real.aligned_old) return NULL;
    if (!thagi_memory_is_on) return thagi_real.aligned_old(align, size);
    return made_apart(thagi_real.aligned_old(align, thagi_with_record(size)), size, frame[1]);
}

/* --- malloc, calloc, free ---------------------------------------------------------------------- */

/* Jumps: what the others take for their caller is ours. */
HOOK(void *, malloc)(size_t size)
{
    if (thagi_heap_is_within()) return thagi_real.alloc(size);
    return thagi_memory_way->alloc(size);
}

HOOK(void *, calloc)(size_t count, size_t size)
{
    return thagi_memory_way->zeroed(count, size);
}

HOOK(void *, realloc)(void *block, size_t size)
{
    return thagi_memory_way->resize(block, size);
}

HOOK(void, free)(void *block)
{
    thagi_memory_way->release(block);
}

void thagi_heap_release(void *block, uintptr_t pc)
{
    thagi_old_block old;
    if (!block || thagi_boot_has(block)) return;
    if (thagi_memory_period) {
        thagi_sampled_release(block, pc);
        return;
    }
    if (thagi_memory_is_live) {
        if (take_record(&old, block))
            thagi_heap_discharge(&old, 1, pc);
        else
            unknown_free();
    }
    thagi_real.release(block);
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

void thagi_heap_moved(const thagi_old_block *old, void *block, size_t size, uintptr_t pc)
{
    const thagi_row *row = charge(pc, block, size, old);
    if (row && thagi_memory_is_live) put_record(block, row->node, size);
}

/* The record goes before the real call, for another thread may get the address before it returns; and
   comes back if nothing happened. */
APART void *resize(void *block, size_t size, uintptr_t pc)
{
    thagi_old_block old = {.node = TRACE_NONE};
    int is_ours = thagi_memory_is_live && take_record(&old, block);
    /* Zero bytes may mean to free: ask for just that. */
    size_t asked = thagi_memory_is_on && size ? thagi_with_record(size) : size;
    void *moved = thagi_real.resize(block, asked);
    if (!moved && size) {
        if (is_ours) put_record(block, old.node, old.size);
        return NULL;
    }
    if (is_ours) thagi_heap_discharge(&old, 0, pc);
    if (moved && size && thagi_memory_is_on) thagi_heap_moved(&old, moved, size, pc);
    return moved;
}

void *thagi_heap_resize(void *block, size_t size, uintptr_t pc)
{
    if (UNLIKELY(thagi_boot_has(block))) return boot_resize(block, size);
    if (thagi_memory_period) return thagi_sampled_resize(block, size, pc);
    if (block) return resize(block, size, pc);
    size_t asked = thagi_memory_is_on ? thagi_with_record(size) : size;
    return thagi_heap_made(thagi_real.resize(NULL, asked), size, pc);
}

HOOK(void *, reallocarray)(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    if (UNLIKELY(thagi_boot_has(block)) || thagi_memory_way->way != THAGI_MEMORY_OFF)
        return thagi_heap_resize(block, total, CALLER());
    if (thagi_real.resize_array) return thagi_real.resize_array(block, count, size);
    return thagi_real.resize(block, total);
}

/* --- the others -------------------------------------------------------------------------------- */

HOOK(int, posix_memalign)(void **out, size_t align, size_t size)
{
    if (!thagi_memory_is_on) return thagi_real.aligned_posix(out, align, size);
    int err = thagi_real.aligned_posix(out, align, thagi_with_record(size));
    if (!err) made_apart(*out, size, CALLER());
    return err;
}

/* aligned_alloc, memalign, valloc and pvalloc. */
#define ALIGNED(member, args_plain, args_recorded) \
    if (UNLIKELY(!thagi_real.member)) { \
        errno = ENOMEM; \
        return NULL; \
    } \
    if (!thagi_memory_is_on || thagi_heap_is_within()) return thagi_real.member args_plain; \
    return made_apart(thagi_real.member args_recorded, size, CALLER())

/* Some libraries insist on a multiple of the alignment: what was one stays one. */
static size_t multiple_with_record(size_t align, size_t size)
{
    size_t asked = thagi_with_record(size), whole;
    if (asked == size || !align || size % align) return asked;
    size_t more = (thagi_record_bytes() + align - 1) / align * align;
    return __builtin_add_overflow(size, more, &whole) ? size : whole;
}

HOOK(void *, aligned_alloc)(size_t align, size_t size)
{
    ALIGNED(aligned, (align, size), (align, multiple_with_record(align, size)));
}
HOOK(void *, memalign)(size_t align, size_t size)
{
    ALIGNED(aligned_old, (align, size), (align, thagi_with_record(size)));
}
HOOK(void *, valloc)(size_t size)
{
    ALIGNED(page, (size), (thagi_with_record(size)));
}
HOOK(void *, pvalloc)(size_t size)
{
    ALIGNED(pages, (size), (thagi_with_record(size)));
}

/* Without the record: the host may write to all that it is told of. */
HOOK(size_t, malloc_usable_size)(void *block)
{
    if (!block || thagi_boot_has(block)) return 0;
    size_t usable = thagi_real.usable(block), size;
    if (thagi_memory_period) return thagi_sampled_usable(block, usable);
    uint32_t node;
    uint64_t key = thagi_memory_is_live ? thagi_session_now->memory_key : 0;
    if (!key || !record_get(block, usable, key, usual_size, &node, &size)) return usable;
    usable -= RECORD_BYTES;
    /* The size itself may stand before the record: it has to stay, too. */
    return usable - size >= sizeof(uint64_t) ? usable - sizeof(uint64_t) : usable;
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

/* --- code that goes ---------------------------------------------------------------------------- */

#ifndef THAGI_HEAP_WRAP
/* What is loaded where this was is other code: its calls are looked up again. */
HOOK(int, dlclose)(void *handle)
{
    int result = thagi_real.unload ? thagi_real.unload(handle) : -1;
    thagi_memory_forget();
    return result;
}
#endif
