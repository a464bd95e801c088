/*
 * hist.c - distribution of a call path's durations: one block for each octave that occurs.
 *
 * The first two durations of a path are its min and max, so blocks are only made with the third
 * call: most paths of a deep recursion never need any.
 */
#include "runtime/runtime.h"

thagi_hist thagi_no_hist = {.octave = UINT16_MAX};

static thagi_hist *hist_block(thagi_thread *thread, thagi_cell *cell, unsigned octave,
                              unsigned weight_log2)
{
    thagi_hist **entry = &cell->hist[octave & 7];
    for (thagi_hist *hist = *entry; hist && hist != &thagi_no_hist; hist = hist->next)
        if (hist->octave == octave && hist->weight_log2 == weight_log2) return hist;
    thagi_hist *hist = thagi_thread_alloc(thread, sizeof *hist);
    if (!hist) return NULL;
    hist->node = cell->node;
    hist->octave = (uint16_t)octave;
    hist->weight_log2 = (uint16_t)weight_log2;
    /* Plain blocks in front, where the hot path looks; carries behind them. */
    if (weight_log2 && *entry != &thagi_no_hist) {
        hist->next = (*entry)->next;
        (*entry)->next = hist;
    } else {
        hist->next = *entry == &thagi_no_hist ? NULL : *entry;
        *entry = hist;
    }
    __atomic_signal_fence(__ATOMIC_RELEASE);
    hist->kind = TRACE_HIST; /* last: now a reader sees it */
    return hist;
}

static void hist_count(thagi_thread *thread, thagi_cell *cell, uint64_t ticks)
{
    unsigned bucket, octave = thagi_hist_place(ticks, &bucket);
    thagi_hist *hist = hist_block(thread, cell, octave, 0);
    if (!hist) return; /* the reader sees that the counts do not add up to the calls */
    if (hist->count[bucket] == UINT32_MAX) {
        thagi_hist *carry = hist_block(thread, cell, octave, 32);
        if (!carry) return; /* the counter stays full: percentiles lose weight, counts do not */
        carry->count[bucket]++;
        hist->count[bucket] = 0;
        return;
    }
    hist->count[bucket]++;
}

int thagi_hist_has(const thagi_cell *cell, uint64_t calls)
{
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++)
        for (const thagi_hist *hist = cell->hist[i]; hist; hist = hist->next)
            for (int b = 0; b < 32; b++) sum += (uint64_t)hist->count[b] << hist->weight_log2;
    return sum == calls;
}

/* Move a block to the front, so that the hot path finds the octave that is in use now. */
static void hist_to_front(thagi_cell *cell, unsigned octave)
{
    thagi_hist **link = &cell->hist[octave & 7];
    for (; *link && *link != &thagi_no_hist; link = &(*link)->next) {
        thagi_hist *hist = *link;
        if (hist->octave != octave || hist->weight_log2) continue;
        *link = hist->next;
        hist->next = cell->hist[octave & 7];
        cell->hist[octave & 7] = hist;
        return;
    }
}

void thagi_hist_slow(thagi_thread *thread, thagi_cell *cell, uint64_t ticks)
{
    if (cell->calls < 3) return; /* calls counts this one already */
    if (cell->calls == 3) {
        hist_count(thread, cell, cell->min_ticks);
        hist_count(thread, cell, cell->max_ticks);
    }
    hist_count(thread, cell, ticks);
    unsigned bucket, octave = thagi_hist_place(ticks, &bucket);
    hist_to_front(cell, octave);
}
