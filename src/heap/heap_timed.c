/*
 * heap_timed.c - takes what the hooks cost off the spans that are open, where times are recorded, too: so
 * that a function which allocates much is not shown to take longer than it does without.
 *
 * In the usual ways by a constant, measured at the start with the real thing, on a block of our own: to
 * read the clock would cost more than what it measures. What takes native stacks, or is not as usual, is
 * measured each time (heap_ways.h). Estimates both: processors do much of it in the shadow of other work.
 *
 * Each function here does that and jumps on, so that what the others take for their caller is the hook's.
 */
#include "heap/heap_ways.h"

/* Ticks of an event, by way: half of what a pair of malloc and free takes. A realloc is two. */
static uint32_t event_ticks[THAGI_MEMORY_WAYS];
uint32_t thagi_clock_ticks;

INLINED const thagi_heap_way *plain_way(void)
{
    return &thagi_heap_ways[thagi_memory_way->way];
}

INLINED void correct(uint64_t ticks)
{
    thagi_task *task = thagi_current;
    if (LIKELY(thagi_task_is_ready(task))) thagi_memory_shift(task, ticks);
}

void thagi_heap_correct(enum thagi_memory_way way)
{
    correct(event_ticks[way]);
}

static void *malloc_timed(size_t size)
{
    const thagi_heap_way *way = plain_way();
    correct(event_ticks[way->way]);
    return way->alloc(size);
}

static void *calloc_timed(size_t count, size_t size)
{
    const thagi_heap_way *way = plain_way();
    correct(event_ticks[way->way]);
    return way->zeroed(count, size);
}

static void *realloc_timed(void *block, size_t size)
{
    const thagi_heap_way *way = plain_way();
    correct((block && way->way != THAGI_MEMORY_SUMMARY ? 2 : 1) * event_ticks[way->way]);
    return way->resize(block, size);
}

static void free_timed(void *block)
{
    const thagi_heap_way *way = plain_way();
    if (LIKELY(block)) correct(event_ticks[way->way]);
    way->release(block);
}

static void free_summary(void *block)
{
    thagi_heap_ways[THAGI_MEMORY_SUMMARY].release(block);
}

#define TIMED(number, release) \
    [number] = {malloc_timed, calloc_timed, realloc_timed, release, number, NULL}
const thagi_heap_way thagi_heap_timed_ways[THAGI_MEMORY_WAYS] = {
    TIMED(THAGI_MEMORY_OFF, free_timed),    TIMED(THAGI_MEMORY_CAREFUL, free_timed),
    TIMED(THAGI_MEMORY_DETAIL, free_timed), TIMED(THAGI_MEMORY_SUMMARY, free_summary),
    TIMED(THAGI_MEMORY_MANY, free_timed),   TIMED(THAGI_MEMORY_ALONE, free_timed)};

/* --- measuring --------------------------------------------------------------------------------- */

enum { BATCHES = 128, EVENTS = 32, BLOCK_BYTES = 16 };

/* A block as glibc has them, and a place that pays for it: where nothing but this loop sees them. */
typedef struct pretence {
    __attribute__((__aligned__(16))) size_t chunk[8];
    thagi_row row;
    thagi_places places;
} pretence;

/* Ticks of EVENTS allocations, each with its free where that counts, too; the least of some batches. */
static uint64_t measure(pretence *p, enum thagi_memory_way way)
{
    uint64_t best = UINT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t start = thagi_ticks();
        for (int i = 0; i < EVENTS; i++) {
            correct(0);
            thagi_heap_pretend(&p->chunk[2], BLOCK_BYTES, p->row.pc, way);
            if (way == THAGI_MEMORY_SUMMARY) continue;
            correct(0);
            thagi_heap_pretend_free(&p->chunk[2]);
        }
        uint64_t took = thagi_ticks() - start;
        if (took < best) best = took;
    }
    return best;
}

/* Of two readings one lies between them. */
static void measure_clock(void)
{
    uint64_t best = UINT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t start = thagi_ticks(), end = start;
        for (int i = 0; i < 8; i++) end = thagi_ticks();
        if (end - start < best) best = end - start;
    }
    thagi_clock_ticks = (uint32_t)(best / 8);
}

/* Called by the runtime, if we are there: src/runtime/memory.c. */
void thagi_heap_calibrate(thagi_task *task);
void thagi_heap_calibrate(thagi_task *task)
{
    measure_clock();
    if (thagi_memory_period) return; /* nearly all pass by, and those that do not are measured */
    thagi_memory *memory = &task->thread->memory, saved = *memory;
    pretence p = {
        .chunk = {[1] = 0x21}, /* 32 bytes */
        .row = {.kind = TRACE_MEM_USUAL, .size = BLOCK_BYTES, .pc = 1, .span = task->top->node},
        .places = {.at = {&p.row}}};
    thagi_row *rows = &p.row;
    p.row.peak_seen = thagi_memory_peak;
    memory->places = &p.places;
    memory->rows = &rows;
    memory->row_room = 1;
    memory->above = INT64_MIN / 2; /* far from every margin */
    memory->free_low = INT64_MIN;
    memory->free_left = UINT64_MAX / 2;
    if (thagi_memory_is_live)
        event_ticks[THAGI_MEMORY_ALONE] = event_ticks[THAGI_MEMORY_MANY] =
            (uint32_t)(measure(&p, THAGI_MEMORY_MANY) / (2 * EVENTS));
    else
        event_ticks[THAGI_MEMORY_SUMMARY] = (uint32_t)(measure(&p, THAGI_MEMORY_SUMMARY) / EVENTS);
    *memory = saved;
}
