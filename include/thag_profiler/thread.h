/*
 * thag_profiler/thread.h - which thread, task and span began a thread: for what makes threads by other
 * ways than pthread_create() and thrd_create(), which libthag_async sees without being told.
 *
 *     job->origin = thag_origin_capture();           just before the thread is made
 *
 *     static void *run(void *job)                    first of all in the thread
 *     {
 *         thag_thread_begin(&job->origin);
 *         ...
 *     }
 *
 * That is a link, not a call: the thread's spans begin at the root, for a pool that is made inside the
 * first request does not belong to that request. `thag-analyze info` lists the links, and pictures along
 * time have them as arrows. For work that is handed to a thread see thag_profiler/context.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_THREAD_H
#define THAG_PROFILER_THREAD_H

#include "task.h"

/** Where a thread was begun. All zeros: nobody knows. */
typedef struct thag_origin {
    __extension__ unsigned long long task;  /* that was running; 0: none */
    __extension__ unsigned long long since; /* when */
    unsigned node;                          /* the path that was open */
    unsigned thread;                        /* id of the thread */
    unsigned slot, number;                  /* what it recorded into */
} thag_origin;

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/** What thag_origin_capture() calls. Since: 0.1 */
THAG_API_ void thag_origin_capture_to(thag_origin *origin);

/**
 * Where the calling thread is, which is about to make another one.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_INLINE_ thag_origin thag_origin_capture(void);
THAG_INLINE_ thag_origin thag_origin_capture(void)
{
    thag_origin origin = {0, 0, 0, 0, 0, 0};
    if (__builtin_expect(THAG_ACTIVE_ & 3, 0)) thag_origin_capture_to(&origin);
    return origin;
}

/**
 * The calling thread was begun there. It counts if the thread has recorded nothing yet; of a thread that
 * never does, nothing is kept.
 *
 * @param origin  Copied. NULL: nothing happens.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_thread_begin(const thag_origin *origin);

#ifdef __cplusplus
}
#endif

#else /* inactive */

static __inline__ thag_origin thag_origin_nothing_(void)
{
    thag_origin origin = {0, 0, 0, 0, 0, 0};
    return origin;
}
#define thag_origin_capture()     thag_origin_nothing_()
#define thag_thread_begin(origin) ((void)sizeof(origin))

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_THREAD_H */
