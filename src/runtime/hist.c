/*
 * hist.c - distribution of a call path's durations: one block for each octave that occurs.
 *
 * The first two durations of a path are its min and max, so blocks are only made with the third
 * call: most paths of a deep recursion never need any.
 *
 * The blocks of an entry are a ring. The cell knows the one that was wanted last, which is where the hot
 * path looks; a new one comes behind it. So each change is one store, and a signal handler that leaves by
 * longjmp in the middle of any of this leaves a ring that is whole: see thagi_hist_recover().
 */
#include <string.h>

#include "runtime/runtime.h"

thagi_hist thagi_no_hist = {.octave = UINT16_MAX};

/* The next one of the ring that begins at *entry; NULL: that was all. */
static thagi_hist *ring_next(thagi_hist *const *entry, const thagi_hist *hist)
{
    thagi_hist *next = hist ? hist->next : *entry;
    return next == (hist ? *entry : &thagi_no_hist) ? NULL : next;
}

static void hist_publish(thagi_hist *hist)
{
    __atomic_signal_fence(__ATOMIC_RELEASE);
    hist->kind = TRACE_HIST; /* last: now a reader sees it */
    __atomic_signal_fence(__ATOMIC_RELEASE);
}

static thagi_hist *hist_block(thagi_thread *thread, thagi_cell *cell, unsigned octave,
                              unsigned weight_log2)
{
    thagi_hist **entry = &cell->hist[octave & 7], *first = *entry, *hist = NULL;
    int is_empty = first == &thagi_no_hist;
    while ((hist = ring_next(entry, hist)))
        if (hist->octave == octave && hist->weight_log2 == weight_log2) return hist;
    hist = thagi_thread_alloc(thread, sizeof *hist);
    if (!hist) return NULL;
    hist->node = cell->node;
    hist->octave = (uint16_t)octave;
    hist->weight_log2 = (uint16_t)weight_log2;
    hist->next = is_empty ? hist : first->next;
    hist_publish(hist);
    if (is_empty)
        *entry = hist;
    else
        first->next = hist;
    return hist;
}

/* Carries are never in front: there the hot path looks for plain blocks. */
static void hist_count(thagi_thread *thread, thagi_cell *cell, uint64_t ticks)
{
    unsigned bucket, octave = thagi_hist_place(ticks, &bucket);
    thagi_hist *hist = hist_block(thread, cell, octave, 0);
    if (!hist) return; /* the reader sees that the counts do not add up to the calls */
    cell->hist[octave & 7] = hist;
    if (hist->count[bucket] == UINT32_MAX) {
        thagi_hist *carry = hist_block(thread, cell, octave, 32);
        if (!carry) return; /* the counter stays full: percentiles lose weight, counts do not */
        thagi_plat_signals saved;
        thagi_plat_signals_block(
            &saved); /* once in four thousand million calls: the two belong together */
        carry->count[bucket]++;
        hist->count[bucket] = 0;
        thagi_plat_signals_restore(&saved);
        return;
    }
    hist->count[bucket]++;
}

void thagi_hist_slow(thagi_thread *thread, thagi_cell *cell, uint64_t ticks)
{
    if (cell->calls < 3) return; /* calls counts this one already */
    if (cell->calls == 3) {
        hist_count(thread, cell, cell->min_ticks);
        hist_count(thread, cell, cell->max_ticks);
    }
    hist_count(thread, cell, ticks);
}

/* --- all blocks -------------------------------------------------------------------------------- */

static uint64_t ring_sum(thagi_hist *const *entry)
{
    uint64_t sum = 0;
    for (const thagi_hist *hist = NULL; (hist = ring_next(entry, hist));)
        for (int b = 0; b < 32; b++) sum += (uint64_t)hist->count[b] << hist->weight_log2;
    return sum;
}

/* The blocks stay in the trace, empty. */
static void ring_forget(thagi_hist **entry)
{
    for (thagi_hist *hist = NULL; (hist = ring_next(entry, hist));)
        memset(hist->count, 0, sizeof hist->count);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    *entry = &thagi_no_hist;
}

void thagi_hist_renounce(const thagi_cell *cell)
{
    for (int i = 0; i < 8; i++)
        for (thagi_hist *hist = NULL; (hist = ring_next(&cell->hist[i], hist));)
            hist->node = TRACE_NONE;
}

int thagi_hist_recover(thagi_cell *cell)
{
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++) sum += ring_sum(&cell->hist[i]);
    if (cell->calls != 3 || sum == 3) return sum == cell->calls;
    for (int i = 0; i < 8; i++) ring_forget(&cell->hist[i]); /* it brings all three */
    return 0;
}
