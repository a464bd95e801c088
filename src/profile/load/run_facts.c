#include "profile/load/run_facts.h"

#include <string.h>

run_facts run_facts_of_trace(const trace *t, const profile_trace_info *info)
{
    const trace_file *head = trace_head(t);
    run_facts facts = {.program = head->program,
                       .damages = info->damages,
                       .clamped_ns = info->clamped_ns,
                       .file_count = 1,
                       .killed_count = !info->ended,
                       .pool_count = trace_pool_count(t),
                       .start_real_ns = head->start_real_ns,
                       .memory = *trace_memory_of(t)};

    facts.end_real_ns = head->start_real_ns + trace_ns(t, trace_end_ticks(t) - head->start_ticks);
    for (unsigned loss = 0; loss < TRACE_LOSS_KINDS; loss++) {
        facts.losses[loss] = head->losses[loss];
    }
    return facts;
}

static void sizes_add(struct trace_size_bucket *sum, const struct trace_size_bucket *more)
{
    for (int b = 0; b < TRACE_SIZE_BUCKETS; b++) {
        sum[b].blocks += more[b].blocks;
        sum[b].bytes += more[b].bytes;
    }
}

int run_facts_use_pool(run_facts *facts, const trace *t, const char *name)
{
    int is_known = 0;

    facts->memory = (trace_memory_info){.mode = facts->memory.mode};
    facts->pool_count = 0; /* it is not beside what is shown */
    for (uint32_t id = 0; id < trace_pool_count(t); id++) {
        trace_pool_info pool = trace_pool_get(t, id);

        if (strcmp(pool.name, name) != 0 || !pool.sizes) continue;
        is_known = 1;
        sizes_add(facts->memory.sizes, pool.sizes);
    }
    return is_known;
}

static void sampling_add(trace_sampling *sum, const trace_sampling *more)
{
    uint64_t period = more->period > sum->period ? more->period : sum->period;

    if (!more->period) return;
#define ADD(member) sum->member += more->member
    ADD(samples);
    ADD(freed_samples);
    ADD(allocated);
#undef ADD
    /* In units of the larger one. */
#define ADD(member) \
    sum->member = (uint64_t)(((double)sum->member * (double)sum->period + \
                              (double)more->member * (double)more->period) / \
                             (double)period)
    ADD(blocks_variance);
    ADD(bytes_variance);
    ADD(freed_blocks_variance);
    ADD(freed_bytes_variance);
#undef ADD
    sum->period = period;
}

static void memory_add(trace_memory_info *sum, const trace_memory_info *more)
{
    /* Of several, what all have: one that did not see frees makes the sum one that did not. */
    if (!sum->mode || (more->mode && more->mode < sum->mode)) sum->mode = more->mode;
    if (more->threshold > sum->threshold) sum->threshold = more->threshold;
    sum->skipped_blocks += more->skipped_blocks;
    sum->skipped_bytes += more->skipped_bytes;
    sum->unknown_frees += more->unknown_frees;
    sum->peak += more->peak;
    sampling_add(&sum->sampling, &more->sampling);
    sizes_add(sum->sizes, more->sizes);
}

void run_facts_add(run_facts *sum, const run_facts *more)
{
    if (!sum->program) sum->program = more->program;
    for (unsigned loss = 0; loss < TRACE_LOSS_KINDS; loss++) {
        sum->losses[loss] += more->losses[loss];
    }
    sum->damages += more->damages;
    sum->clamped_ns += more->clamped_ns;
    sum->file_count += more->file_count;
    sum->killed_count += more->killed_count;
    sum->pool_count += more->pool_count;
    if (more->start_real_ns && (!sum->start_real_ns || more->start_real_ns < sum->start_real_ns)) {
        sum->start_real_ns = more->start_real_ns;
    }
    if (more->end_real_ns > sum->end_real_ns) sum->end_real_ns = more->end_real_ns;
    memory_add(&sum->memory, &more->memory);
}
