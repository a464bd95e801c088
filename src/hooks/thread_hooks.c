/*
 * thread_hooks.c - pthread_create, thrd_create: a thread knows which thread, task and span made it.
 *
 * It begins in a function of ours, which goes on to the program's own by a jump and leaves no frame. What
 * that needs to know lies in a table: nothing is allocated that the program did not ask for.
 */
#include <pthread.h>
#include <threads.h>

#include "hooks/hooks.h"
#include "thag_profiler/thread.h"

const char thagi_thread_hooks;

#define WORDS    64
#define STARTS   (WORDS * 64) /* threads that are made at one time, and have not begun */
#define ALL_USED (~UINT64_C(0))

typedef struct thread_start {
    thag_origin origin;
    union {
        void *(*posix)(void *);
        thrd_start_t standard;
    } function;
    void *argument;
} thread_start;

static thread_start starts[STARTS];
static uint64_t used[WORDS]; /* a bit for each */

static thread_start *take(void)
{
    for (unsigned w = 0; w < WORDS; w++) {
        uint64_t bits = __atomic_load_n(&used[w], __ATOMIC_RELAXED);
        while (bits != ALL_USED) {
            unsigned bit = (unsigned)__builtin_ctzll(~bits);
            if (__atomic_compare_exchange_n(&used[w], &bits, bits | UINT64_C(1) << bit, 1,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                return &starts[w * 64 + bit];
        }
    }
    return NULL;
}

static void give(const thread_start *start)
{
    size_t i = (size_t)(start - starts);
    __atomic_fetch_and(&used[i / 64], ~(UINT64_C(1) << i % 64), __ATOMIC_RELEASE);
}

/* NULL: the thread is to be made as if we were not there. */
static thread_start *start_here(void *argument)
{
    thread_start *start = THAG_ACTIVE_ && hooks_come_first() ? take() : NULL;
    if (!start) return NULL;
    start->origin = thag_origin_capture();
    start->argument = argument;
    return start;
}

static void *run_posix(void *context)
{
    const thread_start *start = context;
    void *(*function)(void *) = start->function.posix;
    void *argument = start->argument;
    thag_thread_begin(&start->origin);
    give(start);
    return function(argument);
}

static int run_standard(void *context)
{
    const thread_start *start = context;
    thrd_start_t function = start->function.standard;
    void *argument = start->argument;
    thag_thread_begin(&start->origin);
    give(start);
    return function(argument);
}

typedef int posix_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int standard_create(thrd_t *, thrd_start_t, void *);

/* Found at first use, by whoever comes first: a library's constructor may make threads before ours runs. */
static posix_create *real_posix;
static standard_create *real_standard;

int pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *argument)
{
    if (!real_posix) hooks_need(&real_posix, "pthread_create");
    thread_start *start = start_here(argument);
    if (!start) return real_posix(id, attributes, function, argument);
    start->function.posix = function;
    int error = real_posix(id, attributes, run_posix, start);
    if (error) give(start);
    return error;
}

int thrd_create(thrd_t *id, thrd_start_t function, void *argument)
{
    if (!real_standard) hooks_need(&real_standard, "thrd_create");
    thread_start *start = start_here(argument);
    if (!start) return real_standard(id, function, argument);
    start->function.standard = function;
    int error = real_standard(id, run_standard, start);
    if (error != thrd_success) give(start);
    return error;
}
