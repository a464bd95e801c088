/*
 * thag_profiler/async.h - a span for a function that returns at each await and is called again to go on:
 * protothreads, async.h, hand-written state machines. The span lives in the state struct:
 *
 *     struct fetch { struct pt pt; thag_async span; ... };          zeroed before the first call
 *
 *     PT_THREAD(fetch(struct fetch *f))
 *     {
 *         THAG_ASYNC(&f->span, "fetch");       first: begins at the first call, resumes at later ones
 *         PT_BEGIN(&f->pt);
 *         PT_WAIT_UNTIL(&f->pt, is_ready(f));  leaving the scope suspends it
 *         THAG_ASYNC_END(&f->span);            before the last return
 *         PT_END(&f->pt);
 *     }
 *
 * However often it is resumed, that is one call; its time is that in which it ran, the time between counts
 * as waiting. Do not use THAG_PROFILED() or an unbounded section around an await in such a function:
 * re-entry jumps over their beginning. clang refuses that; gcc compiles it, and the run time counts it as
 * an end without a begin.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_ASYNC_H
#define THAG_PROFILER_ASYNC_H

#include "task.h"

/** The span of one run of the function, in its state. All zeros: not begun. */
typedef struct thag_async {
    __extension__ unsigned long long since;  /* suspended since then */
    __extension__ unsigned long long active; /* ticks that it has run */
    unsigned node;
    unsigned
        state; /* 0 not begun, 1 under way, 2 to end at the next leaving; process in the rest */
} thag_async;

#if THAG_COMPILED_MODES_

#ifdef __cplusplus
extern "C" {
#endif

/* What the scope has of it. */
typedef struct thag_async_scope {
    thag_async *span;
    thag_token token;
} thag_async_scope;

/** What THAG_ASYNC() calls. Since: 0.1 */
THAG_API_ thag_token thag_async_resume(thag_async *span, const thag_site *site, const char *name);
THAG_API_ void thag_async_suspend(thag_async *span, thag_token token);

/**
 * The function will not be called again, and its state is about to go: end the span as it is.
 *
 * Threads: any, unless it is running.   Signals: not in handlers.   Allocates: never.   Since: 0.1
 */
THAG_API_ void thag_async_cancel(thag_async *span);

THAG_INLINE_ thag_async_scope thag_async_scope_(thag_async *span, thag_token token);
THAG_INLINE_ thag_async_scope thag_async_scope_(thag_async *span, thag_token token)
{
    thag_async_scope scope;
    scope.span = span;
    scope.token = token;
    return scope;
}

THAG_INLINE_ void thag_async_left_(thag_async_scope *scope);
THAG_INLINE_ void thag_async_left_(thag_async_scope *scope)
{
    if (__builtin_expect(scope->token != 0, 0)) thag_async_suspend(scope->span, scope->token);
}

#ifdef __cplusplus
}
#endif

/** Begin or resume; leaving the scope suspends. A declaration, before the function's own switch. */
#define THAG_ASYNC(async, name) \
    thag_async_scope THAG_CONCAT_(thag_async_, __LINE__) \
        __attribute__((__cleanup__(thag_async_left_), __unused__)) = \
            thag_async_scope_(async, __builtin_expect(THAG_ACTIVE_ & 3, 0) ? __extension__({ \
                                  THAG_SITE_(thag_site_, THAG_NAME_(name), 5, THAG_FLAG_async_fn); \
                                  thag_async_resume(async, &thag_site_, name); \
                              }) \
                                                                           : 0)

/** The function is about to return for the last time. */
#define THAG_ASYNC_END(async) ((void)((async)->state = ((async)->state & ~3u) | 2u))

#else /* inactive */

#define THAG_ASYNC(async, name)  THAG_OFF_(sizeof(async) * 0 + sizeof(name) * 0)
#define THAG_ASYNC_END(async)    ((void)sizeof(async))
#define thag_async_cancel(async) ((void)sizeof(async))

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_ASYNC_H */
