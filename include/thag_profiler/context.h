/*
 * thag_profiler/context.h - a captured position, by value: for callbacks, jobs of a thread pool, and
 * whatever else is begun here and goes on there.
 *
 *     job->context = thag_ctx_capture();             where it is submitted
 *     queue_put(job);
 *
 *     void on_job(struct job *job)                   where it goes on, on any thread, any number of times
 *     {
 *         THAG_CONTINUE(&job->context, "on_job");
 *         ...
 *     }
 *
 * The callback's path is that of the span that submitted it, with async::on_job below. Its time is no
 * part of the span that called it, the event loop's for instance; the time from capture to call counts as
 * waiting. A thag_ctx is 24 bytes, to be copied freely; it owns nothing and needs no release.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_CONTEXT_H
#define THAG_PROFILER_CONTEXT_H

#include "task.h"

/** A position. All zeros: none; what continues it starts at the root. */
typedef struct thag_ctx {
    __extension__ unsigned long long task;  /* that was running; 0: none */
    __extension__ unsigned long long since; /* when it was captured; 0: waiting is not counted */
    unsigned node;                          /* the path */
    unsigned process;                       /* in which that path is known */
} thag_ctx;

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

THAG_API_ void thag_ctx_capture_to(thag_ctx *ctx);
/** What THAG_CONTINUE() calls: begins, and ends, a span that continues a position. Since: 0.1 */
THAG_API_ thag_token thag_ctx_attach(const thag_ctx *ctx, const thag_site *site, const char *name);
THAG_API_ void thag_ctx_detach(thag_token token);

/**
 * Where the calling thread is.
 *
 * Threads: any.   Signals: safe.   Allocates: never.   errno: kept.   Cost: a clock read.   Since: 0.1
 */
THAG_INLINE_ thag_ctx thag_ctx_capture(void);
THAG_INLINE_ thag_ctx thag_ctx_capture(void)
{
    thag_ctx ctx = {0, 0, 0, 0};
    if (__builtin_expect(THAG_ACTIVE_ & 3, 0)) thag_ctx_capture_to(&ctx);
    return ctx;
}

THAG_INLINE_ void thag_ctx_left_(thag_token *token);
THAG_INLINE_ void thag_ctx_left_(thag_token *token)
{
    if (__builtin_expect(*token != 0, 0)) thag_ctx_detach(*token);
}

#ifdef __cplusplus
}
#endif

/**
 * Continue a position to the end of the scope. A declaration.
 *
 * @param ctx   Pointer to it; stays the caller's, and may be continued again.
 * @param name  As in THAG_PROFILE().
 */
#define THAG_CONTINUE(ctx, name) \
    thag_token THAG_CONCAT_(thag_went_on_, __LINE__) \
        __attribute__((__cleanup__(thag_ctx_left_), __unused__)) = \
            __builtin_expect(THAG_ACTIVE_ & 3, 0) ? __extension__({ \
                THAG_SITE_(thag_site_, THAG_NAME_(name), 5, THAG_FLAG_async_fn); \
                thag_ctx_attach(ctx, &thag_site_, name); \
            }) \
                                                  : 0

#else /* inactive */

static __inline__ thag_ctx thag_ctx_nothing_(void)
{
    thag_ctx ctx = {0, 0, 0, 0};
    return ctx;
}
#define thag_ctx_capture()       thag_ctx_nothing_()
#define THAG_CONTINUE(ctx, name) THAG_OFF_(sizeof(ctx) * 0 + sizeof(name) * 0)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_CONTEXT_H */
