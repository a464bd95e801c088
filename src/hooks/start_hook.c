/*
 * start_hook.c - preloaded into a program that knows nothing of profiling, for what it loads: plugins and
 * libraries whose functions are profiled, as extensions of an interpreter. Somebody has to switch them on.
 */
#include <stddef.h>

#define THAG_FULL_PROFILING
#include "thag_profiler.h"

/* Before constructors of the libraries, whose functions may be profiled. */
__attribute__((__constructor__(101))) static void start(void)
{
    (void)thag_enable(THAG_MODE_runtime, THAG_COMPILED_MODES_);
}
