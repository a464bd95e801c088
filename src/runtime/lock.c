/*
 * lock.c - locks that may be taken anywhere, in a signal handler too: held with all signals blocked, and
 * waited for by the kernel's means.
 */
#include "runtime/runtime.h"

void thagi_lock_take(uint32_t *lock, thagi_plat_signals *saved)
{
    thagi_plat_signals_block(saved);
    uint32_t expected = 0;
    if (__atomic_compare_exchange_n(lock, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    /* U. Drepper, "Futexes Are Tricky", mutex 2. */
    while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0) thagi_plat_wait(lock, 2);
}

void thagi_lock_give(uint32_t *lock, const thagi_plat_signals *saved)
{
    if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2) thagi_plat_wake(lock);
    thagi_plat_signals_restore(saved);
}
