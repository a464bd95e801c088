/* probe_kill.h - what the victim tells the driver, in a file that both have mapped. */
#ifndef PROBE_KILL_H
#define PROBE_KILL_H

#include <stdint.h>

enum { KILL_THREADS = 4 };

typedef struct kill_board {
    struct {
        uint64_t begun; /* before the begin of a leaf span */
        uint64_t done;  /* after its end returned */
        uint64_t padding[6];
    } thread[KILL_THREADS];
    uint32_t running; /* threads that have begun to record */
} kill_board;

/* How many leaf spans there were so far. */
static inline uint64_t kill_board_leaves(const kill_board *board)
{
    uint64_t leaves = 0;
    for (int i = 0; i < KILL_THREADS; i++)
        leaves += __atomic_load_n(&board->thread[i].begun, __ATOMIC_RELAXED);
    return leaves;
}

#endif
