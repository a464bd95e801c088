/*
 * clock.c - which clock the ticks are from, and the pairs that its rate is derived from.
 *
 * The counter's rate is never asked for: nobody can tell it exactly, least of all a virtual machine.
 * The trace holds two moments, each in ticks and in nanoseconds of CLOCK_MONOTONIC; the later one is
 * renewed as the program runs, so the longer a run, the more exact the rate.
 */
#include "runtime/runtime.h"

int thagi_use_counter = PLAT_HAS_COUNTER;

uint64_t thagi_monotonic_ticks(void)
{
    return thagi_plat_monotonic_ns();
}

/* Both clocks at one moment: of a few tries the one in which the counter moved least. */
static trace_snapshot clock_pair(void)
{
    trace_snapshot best = {0, 0};
    uint64_t best_gap = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = thagi_ticks(), ns = thagi_plat_monotonic_ns(), after = thagi_ticks();
        if (after - before >= best_gap) continue;
        best_gap = after - before;
        best.ticks = thagi_use_counter ? before + best_gap / 2 : ns;
        best.ns = ns;
    }
    return best;
}

void thagi_clock_start(trace_file *file, int want_counter)
{
    thagi_use_counter = PLAT_HAS_COUNTER && want_counter && thagi_plat_counter_is_steady();
    file->clock_kind = thagi_use_counter ? PLAT_COUNTER_KIND : TRACE_CLOCK_MONOTONIC;
    file->clock_first = clock_pair();
    file->clock_last[0] = file->clock_first;
    file->clock_last_idx = 0;
    file->start_ticks = file->clock_first.ticks;
}

void thagi_clock_snapshot(thagi_session *session, int force)
{
    trace_file *file = session->trace.file;
    /* A million ticks: 1 ms or less, whatever the clock. */
    if (!force && thagi_ticks() - session->snapshot_ticks < 1000000) return;
    trace_snapshot now = clock_pair();
    uint32_t idx = file->clock_last_idx;
    session->snapshot_ticks = now.ticks;
    file->clock_last[idx ^ 1] = now;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    file->clock_last_idx = idx ^ 1; /* last: the other one stays whole until now */
}
