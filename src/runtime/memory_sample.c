/*
 * memory_sample.c - counting heap memory by samples. See heap_sample.h, memory.h.
 *
 * The rows are those that count every block, and what a sample stands for is added to them: so all that
 * reads them has estimates. As a sample stands for blocks of all sizes, none is of the usual size of its
 * row.
 */
#include "runtime/memory.h"

#include <errno.h>

/* What no slot has a place for yet. */
static uint64_t no_seed;

static int samples_new(thagi_thread *thread)
{
    thagi_memory *memory = &thread->memory;
    trace_samples *samples = thagi_thread_alloc(thread, sizeof *samples);
    if (!samples) return 0;
    samples->kind = TRACE_SAMPLES;
    memory->sample_seed =
        thagi_hash_mix(thagi_session_now->memory_key ^ thagi_ticks()) + thread->slot;
    memory->samples = samples;
    return 1;
}

/* Give the thread a slot, and that its counters. */
static void samples_start(void)
{
    uintptr_t was;
    thagi_task *task = thagi_memory_enter((uintptr_t)__builtin_frame_address(0), &was);
    if (!task) return;
    if (!task->thread->memory.samples && !samples_new(task->thread))
        thagi_count(TRACE_LOST_HEAP, 1);
    thagi_memory_leave_task(task, was);
}

static void count_allocated(thagi_memory *memory, uint64_t before, uint64_t size)
{
    if (before < memory->sample_mark) size += memory->sample_mark - before;
    thagi_own_add(&memory->samples->allocated, size);
}

int thagi_memory_sample_due(size_t size)
{
    thagi_memory *memory = thagi_memory_here;
    uint64_t before = memory->sample_left + size, length = size ? size : 1;
    int saved_errno = errno;
    if (!memory->samples) {
        samples_start();
        memory = thagi_memory_here;
        before = 0;
    }
    errno = saved_errno;
    if (!memory->samples) { /* by itself: what others have left is not for it */
        memory->sample_left = 0;
        return (uint64_t)thagi_sample_distance(&no_seed, thagi_memory_period) <= length;
    }
    count_allocated(memory, before, size);
    if (!before)
        before = (uint64_t)thagi_sample_distance(&memory->sample_seed, thagi_memory_period);
    int is_due = before <= length;
    memory->sample_left = memory->sample_mark =
        is_due ? (uint64_t)thagi_sample_distance(&memory->sample_seed, thagi_memory_period)
               : before - length;
    return is_due;
}

void thagi_samples_settle(thagi_memory *memory)
{
    if (!memory->samples || memory->sample_left > memory->sample_mark) return;
    thagi_own_add(&memory->samples->allocated, memory->sample_mark - memory->sample_left);
    memory->sample_mark = memory->sample_left;
}

int thagi_memory_add_sample(thagi_task *task, thagi_row *row, const void *block,
                            const thagi_sample *sample)
{
    thagi_memory *memory = &task->thread->memory;
    struct trace_size_bucket *bucket = &memory->sizes->bucket[thagi_size_bucket(sample->size)];
    if (thagi_memory_is_live) thagi_memory_touch(memory, row);
    trace_mem_other *other = thagi_memory_other_of(task->thread, row);
    if (!other) return 0;
    thagi_own_add(&other->bytes, sample->bytes);
    thagi_own_add(&other->blocks, sample->blocks);
    thagi_own_add(&bucket->bytes, sample->bytes);
    thagi_own_add(&bucket->blocks, sample->blocks);
    thagi_memory_pay(task, sample->blocks, sample->bytes);
    if (memory->samples || samples_new(task->thread)) {
        memory->samples->samples++;
        memory->samples->blocks_variance += sample->blocks_variance;
        memory->samples->bytes_variance += sample->bytes_variance;
    }
    memory->last_block = block;
    if (thagi_memory_is_live && thagi_own_add_above(&memory->above, sample->bytes))
        thagi_memory_settle(thagi_session_now, task->thread);
    return 1;
}

/* Freed by the thread that made it, and nothing was allocated since. */
static int is_temporary(const thagi_memory *memory, const void *block)
{
    return memory->last_block == block && memory->sample_left == memory->sample_mark;
}

void thagi_memory_sub_sample(thagi_task *task, const void *block, uint32_t node,
                             const thagi_sample *sample, int is_free)
{
    thagi_memory *memory = &task->thread->memory;
    thagi_row *row = thagi_memory_row(task->thread, node, 0);
    if (!row) return;
    if (thagi_memory_may_peak(memory)) thagi_memory_flush(thagi_session_now, task->thread, 1);
    thagi_memory_touch(memory, row);
    trace_mem_other *other = thagi_memory_other_of(task->thread, row);
    if (!other) return;
    thagi_own_add(&other->freed_blocks, sample->blocks);
    thagi_own_add(&other->freed_bytes, sample->bytes);
    if (is_free && is_temporary(memory, block)) thagi_own_add(&row->temporary, sample->blocks);
    if (memory->last_block == block) memory->last_block = NULL;
    if (memory->samples || samples_new(task->thread)) {
        memory->samples->freed_samples++;
        memory->samples->freed_blocks_variance += sample->blocks_variance;
        memory->samples->freed_bytes_variance += sample->bytes_variance;
    }
    thagi_own_sub((uint64_t *)&memory->above, sample->bytes);
    if (thagi_own_sub_below(&memory->free_left, sample->bytes) || memory->above < memory->free_low)
        thagi_memory_settle(thagi_session_now, task->thread);
}
