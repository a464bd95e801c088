/*
 * function_hooks.c - -finstrument-functions on top of the profiler's spans, for benchmarks: every
 * function of a real program, without touching its source.
 *
 * Functions are known by address. Each gets a site whose name is that address; `nm` tells the rest.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "thag_profiler.h"

#define SITES   65536 /* power of two; more functions than that are not profiled */
#define DEPTH   200000
#define NO_HOOK __attribute__((__no_instrument_function__))

typedef struct function_site {
    thag_site site;
    void *function;
    char name[24];
} function_site;

static function_site sites[SITES];
static __thread thag_token tokens[DEPTH];
static __thread size_t depth;

void __cyg_profile_func_enter(void *function, void *call_site) NO_HOOK;
void __cyg_profile_func_exit(void *function, void *call_site) NO_HOOK;

static NO_HOOK function_site *site_of(void *function)
{
    uintptr_t hash = ((uintptr_t)function >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 48;
    for (size_t i = hash & (SITES - 1);; i = (i + 1) & (SITES - 1)) {
        function_site *s = &sites[i];
        if (__builtin_expect(s->function == function, 1)) return s;
        if (s->function) continue;
        snprintf(s->name, sizeof s->name, "%p", function);
        s->site = (thag_site){s->name, s->name, "", 0, 0, 0};
        s->function = function;
        return s;
    }
}

void __cyg_profile_func_enter(void *function, void *call_site)
{
    (void)call_site;
    if (depth < DEPTH)
        tokens[depth] = thag_active & 1 ? thag_span_begin(&site_of(function)->site) : 0;
    depth++;
}

void __cyg_profile_func_exit(void *function, void *call_site)
{
    (void)function;
    (void)call_site;
    if (--depth < DEPTH && tokens[depth]) thag_span_end(tokens[depth]);
}

static NO_HOOK __attribute__((__constructor__)) void start(void)
{
    thag_enable(THAG_MODE_runtime, THAG_COMPILED_MODES_);
}
