/*
 * run_facts.h - what is known of the runs that a profile came from, beside the profile itself: what
 * was lost, when they ran, how large the blocks were that they allocated.
 */
#ifndef THAG_RUN_FACTS_H
#define THAG_RUN_FACTS_H

#include "profile/load/profile_trace.h"

/* Of several runs, summed. Starts as all zero. */
typedef struct run_facts {
    const char *program;               /* NULL if unknown; borrowed */
    uint64_t losses[TRACE_LOSS_KINDS]; /* by enum trace_loss */
    uint64_t damages;                  /* damaged places in the files, which were skipped */
    uint64_t clamped_ns;               /* time that children have beyond their parents */
    uint64_t file_count, killed_count; /* files; of these, traces that did not end normally */
    uint64_t pool_count;               /* pools and mappings: memory apart from the heap's */
    /* CLOCK_REALTIME from the first to begin to the last to end; 0 if unknown. */
    uint64_t start_real_ns, end_real_ns;
    trace_memory_info memory; /* mode 0: not recorded, or not known */
} run_facts;

/** Of one trace; the program is the trace's. */
run_facts run_facts_of_trace(const trace *t, const profile_trace_info *info);

/** Of a trace: the sizes of the blocks of that pool in place of the heap's. 0: they are not known. */
int run_facts_use_pool(run_facts *facts, const trace *t, const char *name);

/** Add more runs. The program of the first stays. */
void run_facts_add(run_facts *sum, const run_facts *more);

#endif
