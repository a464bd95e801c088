/*
 * function_hooks.c - what code compiled with -finstrument-functions calls, gcc's and clang's: each of
 * its functions is a span. Linked before libc, which has empty ones of that name; or preloaded.
 */
#include <dlfcn.h>
#include <stddef.h>

#define THAG_FULL_PROFILING
#include "hooks/hooks.h"
#include "thag_profiler/function.h"

/* What is jumped over are spans, whatever the linker thinks. */
__attribute__((__used__)) static const char *const needed[] = {
    &thagi_jump_hooks, &thagi_context_hooks, &thagi_thread_hooks};

void __cyg_profile_func_enter(void *function, void *call_site);
void __cyg_profile_func_exit(void *function, void *call_site);

void __cyg_profile_func_enter(void *function, void *call_site)
{
    (void)call_site;
    thag_function_begin(function, __builtin_dwarf_cfa(), __builtin_return_address(0));
}

void __cyg_profile_func_exit(void *function, void *call_site)
{
    (void)call_site;
    thag_function_end(function, __builtin_dwarf_cfa());
}

/* Weak: the allocation hooks have one, too. */
__attribute__((__weak__)) int dlclose(void *handle)
{
    int (*real)(void *) = (__extension__(int (*)(void *)) dlsym(RTLD_NEXT, "dlclose"));
    int result = real ? real(handle) : -1;
    thag_functions_unloaded();
    return result;
}

/* Before constructors of the program, which are functions like others. */
static __attribute__((__constructor__(101))) void start(void)
{
    (void)thag_enable(THAG_MODE_runtime, THAG_COMPILED_MODES_);
}
