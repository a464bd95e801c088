#include "hooks/stack_table.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

typedef struct stack {
    uintptr_t low, high;
    thag_task *task;
} stack;

/* Sorted by address. Grows in mapped memory: the program's own heap is none of ours. */
static stack *stacks;
static size_t count, room;
static int lock;

static void take(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
}

static void give(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* The first that ends above the address. */
static size_t position(uintptr_t address)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (stacks[mid].high <= address)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int grow(void)
{
    size_t more = room ? room * 2 : 512;
    void *mem = mmap(NULL, more * sizeof *stacks, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) return 0;
    if (stacks) {
        memcpy(mem, stacks, count * sizeof *stacks);
        munmap(stacks, room * sizeof *stacks);
    }
    stacks = mem;
    room = more;
    return 1;
}

void hooks_stack_add(uintptr_t low, uintptr_t high, thag_task *task)
{
    take();
    size_t at = position(low);
    /* Stacks that were here are gone. */
    size_t end = at;
    while (end < count && stacks[end].low < high) end++;
    if (count - (end - at) < room || grow()) {
        memmove(&stacks[at + 1], &stacks[end], (count - end) * sizeof *stacks);
        stacks[at] = (stack){low, high, task};
        count = count - (end - at) + 1;
    }
    give();
}

void hooks_stack_remove(const thag_task *task)
{
    take();
    for (size_t i = 0; i < count; i++) {
        if (stacks[i].task != task) continue;
        memmove(&stacks[i], &stacks[i + 1], (count - i - 1) * sizeof *stacks);
        count--;
        break;
    }
    give();
}

thag_task *hooks_stack_find(uintptr_t address)
{
    thag_task *task = NULL;
    take();
    size_t at = position(address);
    if (at < count && stacks[at].low <= address) task = stacks[at].task;
    give();
    return task;
}
