/*
 * heap_hooks.c - stands in front of the allocation functions of the process.
 *
 * Each hook calls the real function first and counts what it did: the host gets what it would have
 * got. In live mode 8 bytes more are asked for, where heap_record.h keeps its record. While memory is
 * not recorded a hook is a test and a jump.
 *
 * No hook allocates, locks on its usual way, or changes errno. The usual ways of malloc and free are
 * written out in full here, for glibc's blocks; everything else goes by charge() and discharge().
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
#define CALLER() ((uintptr_t)__builtin_return_address(0))
#if defined(__x86_64__)
/* The same, read where it stands when it is wanted: after the real function, when it need not be kept. */
#define CALLER_LATE() (((const volatile uintptr_t *)__builtin_dwarf_cfa())[-1])
#else
#define CALLER_LATE() CALLER()
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
HOOK(int, dlclose)(void *);

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

/* Where no allocation comes to us, this is the only chance to say so. */
static __attribute__((__constructor__)) void look_around(void)
{
    int saved_errno = errno;
    const char *stranger = wants_memory() ? thagi_heap_stranger() : NULL;
    if (stranger)
        thagi_complain("malloc is that of %s, not of libthag_heap; no memory is recorded",
                       stranger);
    errno = saved_errno;
}

int thagi_heap_found(void)
{
    static int is_tried;
    int saved_errno = errno;
    if (!environ) return 0;
    if (__atomic_exchange_n(&is_tried, 1, __ATOMIC_ACQ_REL)) return 1;
    if (wants_memory()) thag_enable(THAG_MODE_runtime, TRACE_TIME | TRACE_MEMORY);
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

static void count_skipped(thagi_task *task, uint64_t size)
{
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
INLINED thagi_row *payer_of(thagi_task *task, uintptr_t pc, size_t size)
{
    thagi_row *row = NULL;
    if (UNLIKELY(thagi_memory_stacks) && wants_stack(task) && thagi_memory_wake(task))
        row = thagi_native_stack(thagi_session_now, task, __builtin_frame_address(0), pc,
                                 THAGI_STACK_ALLOC);
    return row ? row : thagi_memory_payer(task, pc, size);
}

/* Count an allocation, whatever it takes. Its row; NULL: it is not to be recorded, or was lost. */
APART thagi_row *charge_slow(uintptr_t pc, const void *block, size_t size)
{
    uintptr_t was;
    if (!thagi_memory_is_on) return NULL;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return NULL;
    uint64_t threshold = thagi_session_now->heap->threshold;
    thagi_row *row = payer_of(task, pc, size);
    if (row && threshold && size <= threshold) {
        count_skipped(task, size);
        row = NULL;
    } else if (row) {
        thagi_memory_add(task, row, block, size, thagi_memory_is_live);
    }
    thagi_memory_leave_task(task, was);
    return row;
}

/* The usual way, of any mode; then the slow one. */
static thagi_row *charge(uintptr_t pc, const void *block, size_t size)
{
    thagi_task *task = thagi_current;
    enum thagi_memory_way way = thagi_memory_way->way;
    int is_live = way >= THAGI_MEMORY_MANY;
    if (way < THAGI_MEMORY_SUMMARY) return charge_slow(pc, block, size);
    thagi_row *row = thagi_memory_payer_fast(task, pc, is_live);
    if (!row) return charge_slow(pc, block, size);
    if (thagi_memory_add_fast(task, row, block, size,
                              is_live ? THAGI_MEMORY_MANY : THAGI_MEMORY_SUMMARY))
        thagi_memory_used_up(task);
    return row;
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

static void discharge(const old_block *old, int is_free, uintptr_t pc)
{
    thagi_memory *memory = thagi_memory_here;
    thagi_row *row = NULL;
    if (thagi_memory_way->way >= THAGI_MEMORY_MANY)
        row = thagi_memory_creditor_fast(memory, old->node, THAGI_MEMORY_ALONE);
    if (!row)
        discharge_slow(old, is_free, pc);
    else if (thagi_memory_sub_fast(memory, row, old->block, old->size, is_free, THAGI_MEMORY_MANY))
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
static int take_record(old_block *old, void *block)
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
    if (!thagi_memory_is_on || !thagi_task_is_ready(thagi_current)) return;
    thagi_task *task = thagi_memory_enter(STACK_POINTER(), &was);
    if (!task) return;
    if (task->thread->memory.sizes) task->thread->memory.sizes->unknown_frees++;
    thagi_memory_leave_task(task, was);
}

/* A new block of `size`, for which with_record(size) was asked. */
APART void *made(void *block, size_t size, uintptr_t pc)
{
    const thagi_row *row = block ? charge(pc, block, size) : NULL;
    if (row && thagi_memory_is_live) put_record(block, row->node, size);
    return block;
}

/* --- malloc, calloc, free ---------------------------------------------------------------------- */

/*
 * The usual ways in live mode, of blocks of glibc's. The word before a block says how long it is, with
 * all that belongs to it, and in its last bits whether it is mapped: then it ends 8 bytes earlier. The
 * blocks of the boot's arena say that of themselves, too, so that they are looked at twice.
 */
INLINED size_t glibc_word(const void *block)
{
    return ((const size_t *)block)[-1];
}
INLINED record *glibc_record(void *block, size_t word)
{
    /* Blocks are aligned: what the last bits of the word add is taken off again. */
    return (record *)(((uintptr_t)block + word - 8 - RECORD_BYTES) & ~(uintptr_t)7);
}

APART void *left_margin(void *block)
{
    thagi_memory_used_up(thagi_current);
    return block;
}

INLINED void *made_live(void *block, size_t size, uintptr_t pc, enum thagi_memory_way way)
{
    if (UNLIKELY(!block)) return NULL;
    thagi_task *task = thagi_current;
    thagi_row *row = thagi_memory_payer_fast(task, pc, 1);
    size_t word = glibc_word(block);
    if (UNLIKELY(!row) || UNLIKELY(row->size != size) || UNLIKELY(word & GLIBC_MAPPED))
        return made(block, size, pc);
    int is_left = thagi_memory_add_fast(task, row, block, size, way);
    uint64_t node_kind;
    memcpy(&node_kind, row, sizeof node_kind); /* kind, node */
    record_seal(glibc_record(block, word), block, thagi_memory_key, node_kind);
    return UNLIKELY(is_left) ? left_margin(block) : block;
}

INLINED void *made_summary(void *block, size_t size, uintptr_t pc)
{
    if (UNLIKELY(!block)) return NULL;
    thagi_task *task = thagi_current;
    thagi_row *row = thagi_memory_payer_fast(task, pc, 0);
    if (UNLIKELY(!row) || UNLIKELY(row->size != size)) return made(block, size, pc);
    thagi_memory_add_fast(task, row, block, size, THAGI_MEMORY_SUMMARY);
    return block;
}

/* The usual way of an allocation whose stack is wanted: one that is known. `frame`: the hook's own. */
INLINED thagi_row *charge_detail(const uintptr_t *frame, const void *block, size_t size)
{
    thagi_task *task = thagi_current;
    if (UNLIKELY(!thagi_task_is_ready(task))) return NULL;
    if (UNLIKELY(thagi_memory_is_alert(&task->thread->memory))) return NULL;
    thagi_row *row = wants_stack(task) ? thagi_native_known(task, frame, THAGI_STACK_ALLOC)
                                       : thagi_memory_payer_fast(task, frame[1], 1);
    if (UNLIKELY(!row) || UNLIKELY(row->peak_seen != thagi_memory_peak)) return NULL;
    if (thagi_memory_add_fast(task, row, block, size, THAGI_MEMORY_MANY))
        thagi_memory_used_up(task);
    return row;
}

/* Jumped to by the hook, so that their frame is its frame. */
static void *malloc_detail(size_t size)
{
    const uintptr_t *frame = __builtin_frame_address(0);
    void *block = thagi_real.alloc(with_record(size));
    const thagi_row *row = LIKELY(block) ? charge_detail(frame, block, size) : NULL;
    if (UNLIKELY(!row)) return made(block, size, frame[1]);
    put_record(block, row->node, size);
    return block;
}

static void *malloc_off(size_t size)
{
    return thagi_real.alloc(size);
}

static void *malloc_careful(size_t size)
{
    return made(thagi_real.alloc(with_record(size)), size, CALLER());
}

static void *malloc_summary(size_t size)
{
    void *block = thagi_real.alloc(size);
    return made_summary(block, size, CALLER_LATE());
}

APART void *malloc_large(size_t size, uintptr_t pc)
{
    return made(thagi_real.alloc(with_record(size)), size, pc);
}

static void *malloc_many(size_t size)
{
    size_t asked;
    if (UNLIKELY(__builtin_add_overflow(size, RECORD_BYTES, &asked)))
        return malloc_large(size, CALLER());
    void *block = thagi_real.alloc(asked);
    return made_live(block, size, CALLER_LATE(), THAGI_MEMORY_MANY);
}

static void *malloc_alone(size_t size)
{
    size_t asked;
    if (UNLIKELY(__builtin_add_overflow(size, RECORD_BYTES, &asked)))
        return malloc_large(size, CALLER());
    void *block = thagi_real.alloc(asked);
    return made_live(block, size, CALLER_LATE(), THAGI_MEMORY_ALONE);
}

/* Jumps: what the others take for their caller is ours. */
HOOK(void *, malloc)(size_t size)
{
    return thagi_memory_way->alloc(size);
}

HOOK(void *, calloc)(size_t count, size_t size)
{
    size_t total;
    enum thagi_memory_way way = thagi_memory_way->way;
    if (way == THAGI_MEMORY_OFF || __builtin_mul_overflow(count, size, &total))
        return thagi_real.zeroed(count, size);
    /* The real one knows which memory is zero already, and does not touch it. */
    if (way == THAGI_MEMORY_SUMMARY)
        return made_summary(thagi_real.zeroed(count, size), total, CALLER());
    void *block = thagi_real.zeroed(1, with_record(total));
    if (way >= THAGI_MEMORY_MANY) return made_live(block, total, CALLER(), THAGI_MEMORY_MANY);
    return made(block, total, CALLER());
}

APART void release_carefully(void *block, uintptr_t pc)
{
    old_block old;
    if (!block || thagi_boot_has(block)) return;
    if (thagi_memory_is_live) {
        if (take_record(&old, block))
            discharge(&old, 1, pc);
        else
            unknown_free();
    }
    thagi_real.release(block);
}

static void free_careful(void *block)
{
    release_carefully(block, CALLER());
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

static void free_detail(void *block)
{
    const uintptr_t *frame = __builtin_frame_address(0);
    if (UNLIKELY(!block) || UNLIKELY(thagi_boot_has(block))) return;
    thagi_memory *memory = thagi_memory_here;
    uint64_t key = thagi_session_now->memory_key;
    size_t usable = thagi_usable(block), size;
    uint32_t node;
    thagi_row *row = NULL;
    trace_release *release = NULL;
    if (key && record_get(block, usable, key, usual_size, &node, &size) &&
        release_known(frame, &release))
        row = thagi_memory_creditor_fast(memory, node, THAGI_MEMORY_ALONE);
    if (UNLIKELY(!row)) {
        release_carefully(block, frame[1]);
        return;
    }
    if (thagi_memory_sub_fast(memory, row, block, size, 1, THAGI_MEMORY_MANY))
        thagi_memory_used_up(thagi_current);
    count_release(release, size);
    record_spoil(record_at(block, usable));
    thagi_real.release(block);
}

/* While no block has a record. */
static void free_off(void *block)
{
    if (LIKELY(!thagi_boot_has(block))) thagi_real.release(block);
}

APART void free_and_settle(void *block)
{
    thagi_memory_used_up(thagi_current);
    thagi_real.release(block);
}

INLINED void free_live(void *block, enum thagi_memory_way way)
{
    if (UNLIKELY(!block)) return;
    size_t word = glibc_word(block);
    record *at = glibc_record(block, word);
    thagi_memory *memory = thagi_memory_here;
    thagi_row *row = NULL;
    if (LIKELY(!(word & GLIBC_MAPPED))) {
        uint64_t opened = record_open(at, block, thagi_memory_key);
        if (LIKELY(record_kind(opened) == RECORD_USUAL))
            row = thagi_memory_creditor_fast(memory, record_node(opened), way);
    }
    if (UNLIKELY(!row)) {
        release_carefully(block, CALLER());
        return;
    }
    record_spoil(at);
    if (UNLIKELY(thagi_memory_sub_fast(memory, row, block, row->size, 1, way)))
        free_and_settle(block);
    else
        thagi_real.release(block);
}

static void free_many(void *block)
{
    free_live(block, THAGI_MEMORY_MANY);
}

static void free_alone(void *block)
{
    free_live(block, THAGI_MEMORY_ALONE);
}

HOOK(void, free)(void *block)
{
    thagi_memory_way->release(block);
}

const thagi_heap_way thagi_heap_ways[THAGI_MEMORY_WAYS] = {
    [THAGI_MEMORY_OFF] = {malloc_off, free_off, THAGI_MEMORY_OFF},
    [THAGI_MEMORY_CAREFUL] = {malloc_careful, free_careful, THAGI_MEMORY_CAREFUL},
    [THAGI_MEMORY_DETAIL] = {malloc_detail, free_detail, THAGI_MEMORY_DETAIL},
    [THAGI_MEMORY_SUMMARY] = {malloc_summary, free_off, THAGI_MEMORY_SUMMARY},
    [THAGI_MEMORY_MANY] = {malloc_many, free_many, THAGI_MEMORY_MANY},
    [THAGI_MEMORY_ALONE] = {malloc_alone, free_alone, THAGI_MEMORY_ALONE}};
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
    thagi_row *row = frame ? charge_detail(frame, block, size) : NULL;
    if (!row) row = charge(pc, block, size);
    if (!row) return;
    thagi_own_add(&row->reallocs, 1);
    if (old->node != TRACE_NONE) thagi_own_add(&row->realloc_bytes, old->size);
    if (thagi_memory_is_live) put_record(block, row->node, size);
}

/* The end of a resized block whose stack is wanted, in the usual way. 0: nothing was done. */
INLINED int moved_from(const old_block *old, const uintptr_t *frame)
{
    trace_release *release = NULL;
    thagi_memory *memory = thagi_memory_here;
    if (!frame || !release_known(frame, &release)) return 0;
    thagi_row *row = thagi_memory_creditor_fast(memory, old->node, THAGI_MEMORY_ALONE);
    if (!row) return 0;
    if (thagi_memory_sub_fast(memory, row, old->block, old->size, 0, THAGI_MEMORY_MANY))
        thagi_memory_used_up(thagi_current);
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
    if (is_ours && !moved_from(&old, frame)) discharge(&old, 0, pc);
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
    return made(thagi_real.resize(NULL, with_record(size)), size, frame[1]);
}

HOOK(void *, realloc)(void *block, size_t size)
{
    if (UNLIKELY(thagi_boot_has(block))) return boot_resize(block, size);
    if (thagi_memory_way->way == THAGI_MEMORY_OFF) return thagi_real.resize(block, size);
    if (thagi_memory_way->way == THAGI_MEMORY_DETAIL) return resize_detail(block, size);
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
    if (thagi_memory_way->way != THAGI_MEMORY_OFF) return resize_recorded(block, total, CALLER());
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

/* What is loaded where this was is other code: its calls are looked up again. */
HOOK(int, dlclose)(void *handle)
{
    int result = thagi_real.unload ? thagi_real.unload(handle) : -1;
    thagi_memory_forget();
    return result;
}
