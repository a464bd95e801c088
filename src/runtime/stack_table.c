/*
 * stack_table.c - a hash by pieces of 64 KiB of address space: each has a list of the stacks that reach
 * into it. Links and records are never unmapped, but used again: a reader may be led astray by a change. So
 * the table counts its changes, and who has not found, while there was one, looks again under the lock.
 *
 * The lock is held with all signals blocked, and only for a few stores, so that nobody waits for himself. A
 * child of fork() finds it free, whatever way it was forked: it lies in memory that is wiped then. Whether
 * somebody was changing the table the count tells, which is not wiped; of such a table nothing is kept.
 */
#include "runtime/stack_table.h"

#include <string.h>

#define PIECE_LOG2  16
#define HEADS       (1u << 16)
#define BYTES_MAX   ((uintptr_t)64 << 20) /* of a stack that is named; a guess is in one piece only */
#define STEPS_MAX   4096                  /* of a reader whose list is changed under it */
#define BATCH_BYTES ((size_t)1 << 20)

typedef struct stack_record {
    thagi_stack stack;
    uint32_t version; /* odd: in change */
    struct stack_record *next_spare;
} stack_record;

typedef struct stack_link {
    struct stack_link *next;
    stack_record *record;
} stack_link;

static stack_link **heads; /* NULL: nothing is watched */
static stack_link *spare_links;
static stack_record *spare_records;
static uint32_t *table_lock;   /* there if there are heads */
static uint32_t table_changes; /* odd: in change */

/* --- memory, and the lock ---------------------------------------------------------------------- */

static void count_change(void)
{
    __atomic_store_n(&table_changes, table_changes + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void table_take(thagi_plat_signals *saved)
{
    thagi_lock_take(table_lock, saved);
    if (table_changes & 1) { /* whoever was at it is not in this process */
        memset(heads, 0, HEADS * sizeof(stack_link *));
        spare_links = NULL;
        spare_records = NULL;
        count_change();
    }
    count_change();
}

static void table_give(const thagi_plat_signals *saved)
{
    count_change();
    thagi_lock_give(table_lock, saved);
}

void thagi_stack_table_child(void)
{
    if (table_lock) __atomic_store_n(table_lock, 0, __ATOMIC_RELEASE);
}

static stack_link *new_link(void)
{
    if (!spare_links) {
        stack_link *batch = thagi_plat_map(BATCH_BYTES);
        if (!batch) return NULL;
        for (size_t i = 0; i < BATCH_BYTES / sizeof *batch; i++) {
            batch[i].next = spare_links;
            spare_links = &batch[i];
        }
    }
    stack_link *l = spare_links;
    spare_links = l->next;
    return l;
}

static stack_record *new_record(void)
{
    if (!spare_records) {
        stack_record *batch = thagi_plat_map(BATCH_BYTES);
        if (!batch) return NULL;
        for (size_t i = 0; i < BATCH_BYTES / sizeof *batch; i++) {
            batch[i].next_spare = spare_records;
            spare_records = &batch[i];
        }
    }
    stack_record *r = spare_records;
    spare_records = r->next_spare;
    return r;
}

static int lock_start(void)
{
    if (__atomic_load_n(&table_lock, __ATOMIC_ACQUIRE)) return 1;
    int wiped;
    uint32_t *map = thagi_plat_map_wiped_by_fork(sizeof *map, &wiped), *none = NULL;
    if (!map) return 0;
    if (!__atomic_compare_exchange_n(&table_lock, &none, map, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        thagi_plat_unmap(map, sizeof *map);
    return 1;
}

int thagi_stack_table_start(void)
{
    if (__atomic_load_n(&heads, __ATOMIC_ACQUIRE)) return 1;
    if (!lock_start()) return 0;
    stack_link **map = thagi_plat_map(HEADS * sizeof *map), **none = NULL;
    if (!map) return 0;
    if (!__atomic_compare_exchange_n(&heads, &none, map, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        thagi_plat_unmap(map, HEADS * sizeof *map);
    return 1;
}

static stack_link **head_of(uintptr_t piece)
{
    return &heads[(piece * UINT64_C(0x9E3779B97F4A7C15)) >> 48];
}

/* --- reading ----------------------------------------------------------------------------------- */

/* A whole copy; 0: it is in change. */
static int read_record(const stack_record *r, thagi_stack *out)
{
    uint32_t version = __atomic_load_n(&r->version, __ATOMIC_ACQUIRE);
    out->lo = __atomic_load_n(&r->stack.lo, __ATOMIC_RELAXED);
    out->hi = __atomic_load_n(&r->stack.hi, __ATOMIC_RELAXED);
    out->task = __atomic_load_n(&r->stack.task, __ATOMIC_RELAXED);
    out->is_guess = __atomic_load_n(&r->stack.is_guess, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(version & 1) && __atomic_load_n(&r->version, __ATOMIC_RELAXED) == version;
}

/* The stack that holds the address, a guess only if there is no other; 0: none, or it was missed. */
static int search(uintptr_t address, thagi_stack *out)
{
    int found = 0, steps = 0;
    const stack_link *l = __atomic_load_n(head_of(address >> PIECE_LOG2), __ATOMIC_ACQUIRE);
    for (; l && steps < STEPS_MAX; l = __atomic_load_n(&l->next, __ATOMIC_ACQUIRE), steps++) {
        const stack_record *r = __atomic_load_n(&l->record, __ATOMIC_ACQUIRE);
        thagi_stack stack;
        if (!r || !read_record(r, &stack)) continue;
        if (address < stack.lo || address >= stack.hi) continue;
        *out = stack;
        found = 1;
        if (!stack.is_guess) break;
    }
    return found;
}

int thagi_stack_find(uintptr_t address, thagi_stack *out)
{
    if (!__atomic_load_n(&heads, __ATOMIC_ACQUIRE)) return 0;
    uint32_t before = __atomic_load_n(&table_changes, __ATOMIC_ACQUIRE);
    int found = search(address, out);
    if (found && !out->is_guess) return 1;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!(before & 1) && __atomic_load_n(&table_changes, __ATOMIC_RELAXED) == before) return found;
    thagi_plat_signals saved;
    table_take(&saved);
    found = search(address, out);
    table_give(&saved);
    return found;
}

/* --- changing: under the lock ------------------------------------------------------------------- */

static void write_record(stack_record *r, const thagi_stack *stack)
{
    __atomic_store_n(&r->version, r->version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&r->stack.lo, stack->lo, __ATOMIC_RELAXED);
    __atomic_store_n(&r->stack.hi, stack->hi, __ATOMIC_RELAXED);
    __atomic_store_n(&r->stack.task, stack->task, __ATOMIC_RELAXED);
    __atomic_store_n(&r->stack.is_guess, stack->is_guess, __ATOMIC_RELAXED);
    __atomic_store_n(&r->version, r->version + 1, __ATOMIC_RELEASE);
}

static void unlink_record(uintptr_t piece, const stack_record *r)
{
    for (stack_link **at = head_of(piece); *at; at = &(*at)->next) {
        stack_link *l = *at;
        if (l->record != r) continue;
        __atomic_store_n(at, l->next, __ATOMIC_RELEASE);
        __atomic_store_n(&l->next, spare_links, __ATOMIC_RELAXED);
        spare_links = l;
        return;
    }
}

static void remove_record(stack_record *r)
{
    uintptr_t first = r->stack.lo >> PIECE_LOG2, last = (r->stack.hi - 1) >> PIECE_LOG2;
    for (uintptr_t piece = first; piece <= last; piece++) unlink_record(piece, r);
    write_record(r, &(thagi_stack){0});
    r->next_spare = spare_records;
    spare_records = r;
}

/* 0: no memory; nothing was changed. */
static int insert_record(const thagi_stack *stack)
{
    stack_record *r = new_record();
    if (!r) return 0;
    write_record(r, stack);
    uintptr_t first = stack->lo >> PIECE_LOG2, last = (stack->hi - 1) >> PIECE_LOG2;
    for (uintptr_t piece = first; piece <= last; piece++) {
        stack_link *l = new_link(), **head = head_of(piece);
        if (!l) {
            remove_record(r);
            return 0;
        }
        __atomic_store_n(&l->record, r, __ATOMIC_RELEASE);
        __atomic_store_n(&l->next, *head, __ATOMIC_RELEASE);
        __atomic_store_n(head, l, __ATOMIC_RELEASE);
    }
    return 1;
}

int thagi_stack_insert(const thagi_stack *stack)
{
    if (!heads || stack->lo >= stack->hi || stack->hi - stack->lo > BYTES_MAX) return 0;
    thagi_plat_signals saved;
    table_take(&saved);
    int is_done = insert_record(stack);
    table_give(&saved);
    return is_done;
}

static stack_record *overlapping(uintptr_t lo, uintptr_t hi)
{
    for (uintptr_t piece = lo >> PIECE_LOG2; piece <= (hi - 1) >> PIECE_LOG2; piece++)
        for (stack_link *l = *head_of(piece); l; l = l->next)
            if (!l->record->stack.is_guess && l->record->stack.lo < hi && lo < l->record->stack.hi)
                return l->record;
    return NULL;
}

static int take_out(stack_record *r, thagi_stack *out)
{
    if (!r) return 0;
    *out = r->stack;
    remove_record(r);
    return 1;
}

int thagi_stack_take_out(uintptr_t lo, uintptr_t hi, thagi_stack *out)
{
    if (!heads || lo >= hi || hi - lo > BYTES_MAX) return 0;
    thagi_plat_signals saved;
    table_take(&saved);
    int is_there = take_out(overlapping(lo, hi), out);
    table_give(&saved);
    return is_there;
}

static stack_record *beginning_at(uintptr_t lo)
{
    for (stack_link *l = *head_of(lo >> PIECE_LOG2); l; l = l->next)
        if (l->record->stack.lo == lo && !l->record->stack.is_guess) return l->record;
    return NULL;
}

int thagi_stack_take_out_at(uintptr_t lo, thagi_stack *out)
{
    thagi_stack there;
    /* Without the lock, for most of what is freed is nothing of ours. */
    if (!thagi_stack_find(lo, &there) || there.lo != lo || there.is_guess) return 0;
    thagi_plat_signals saved;
    table_take(&saved);
    int is_there = take_out(beginning_at(lo), out);
    table_give(&saved);
    return is_there;
}

int thagi_stack_give(uintptr_t lo, thag_task *task)
{
    if (!heads) return 0;
    thagi_plat_signals saved;
    table_take(&saved);
    stack_record *r = beginning_at(lo);
    if (r) {
        thagi_stack stack = r->stack;
        stack.task = task;
        write_record(r, &stack);
    }
    table_give(&saved);
    return r != NULL;
}
