/*
 * thag_profiler.h - profile wall time and heap memory of a C program, by function and by
 * section, exactly and at about the cost of reading the clock.
 *
 *     #include "thag_profiler.h"
 *
 *     static void work(void)
 *     {
 *         THAG_PROFILED();               a span for the whole function
 *         ...
 *         THAG_PROFILE("parse");         a span for a section
 *         ...
 *         THAG_END("parse");
 *     }
 *
 *     int main(void)
 *     {
 *         THAG_ENABLE_PROFILING(yes);    profile this run; main is the root
 *         ...
 *     }
 *
 * Compile with -DTHAG_TIME_PROFILING (or -DTHAG_FULL_PROFILING) and link libthag_profiler. Without
 * either, every macro is inactive: no library is needed and the object code is the same as without
 * the macros.
 *
 * A run writes PROG-YYYYMMDD-HHMMSS.thag (the trace; complete however the program ends) and, at a
 * normal end, PROG-YYYYMMDD-HHMMSS.folded (collapsed stacks, microseconds). See thag-analyze(1).
 *
 * Languages: C89 with GNU extensions, C99 and later, C++11 and later; gcc and clang.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef THAG_PROFILER_H
#define THAG_PROFILER_H

#define THAG_PROFILER_VERSION "0.1.0"

/* The macros need GNU extensions that -Wpedantic would report in the user's code. */
#if defined(__GNUC__)
#pragma GCC system_header
#endif

/* ------------------------------------------------------------------------------------------------
 * Modes and flags
 * ------------------------------------------------------------------------------------------------ */

/** What to record: the argument of THAG_ENABLE_PROFILING() and thag_enable_profiling(). */
typedef enum thag_mode {
    THAG_MODE_no = 0,     /* nothing; no file is made */
    THAG_MODE_time = 1,   /* wall time */
    THAG_MODE_memory = 2, /* heap memory; needs THAG_FULL_PROFILING */
    THAG_MODE_both = 3,   /* both */
    THAG_MODE_yes = 4,    /* all that was compiled in */
    THAG_MODE_runtime = 8 /* what the environment variable THAG_PROFILER says; unset: no */
} thag_mode;
#define THAG_MODE_ THAG_MODE_yes /* THAG_ENABLE_PROFILING() */

/* Flags of functions and sections. None given = whatever the program records. */
#define THAG_FLAG_            0
#define THAG_FLAG_none        0
#define THAG_FLAG_time        1
#define THAG_FLAG_memory      2
#define THAG_FLAG_mem_summary 2
#define THAG_FLAG_both        3
#define THAG_FLAG_mem_detail  10 /* memory, with full stacks */
#define THAG_FLAG_async_fn    16 /* part of an asynchronous function; shown as async::NAME */
#define THAG_FLAG_async       16
#define THAG_FLAG_unbounded   32 /* a section that ends where its scope does */

#if defined(THAG_FULL_PROFILING) && defined(__has_feature)
#if __has_feature(memory_sanitizer)
#error "MemorySanitizer wants a malloc of its own: build with -DTHAG_TIME_PROFILING, for times only"
#endif
#endif
#if (defined(THAG_TIME_PROFILING) || defined(THAG_FULL_PROFILING)) && \
    defined(__SIZEOF_POINTER__) && __SIZEOF_POINTER__ < 8
#error "profiling is for 64-bit programs: without -DTHAG_TIME_PROFILING the macros are empty"
#endif
#if defined(THAG_FULL_PROFILING)
#define THAG_COMPILED_MODES_ 3
#elif defined(THAG_TIME_PROFILING)
#define THAG_COMPILED_MODES_ 1
#else
#define THAG_COMPILED_MODES_ 0
#endif

/* THAG_FLAGS_(a, b, ...): the flags or'ed, up to five. An unknown one is an undeclared name. */
#define THAG_FLAGS_(...) THAG_FLAGS_6_(__VA_ARGS__, none, none, none, none, none, none)
#define THAG_FLAGS_6_(a, b, c, d, e, f, ...) \
    (THAG_FLAG_##a | THAG_FLAG_##b | THAG_FLAG_##c | THAG_FLAG_##d | THAG_FLAG_##e | THAG_FLAG_##f)

/* THAG_HAS_UNBOUNDED_(flags...): 1 if `unbounded` is among them, else 0; as a preprocessor token. */
#define THAG_IS_UNBOUNDED_unbounded ~, 1
#define THAG_SECOND_(a, b, ...)     b
#define THAG_PROBE_(...)            THAG_SECOND_(__VA_ARGS__, 0, 0)
#define THAG_IS_UNBOUNDED_(flag)    THAG_PROBE_(THAG_IS_UNBOUNDED_##flag)
#define THAG_OR_(a, b)              THAG_OR_I_(a, b)
#define THAG_OR_I_(a, b)            THAG_OR_##a##b
#define THAG_OR_00                  0
#define THAG_OR_01                  1
#define THAG_OR_10                  1
#define THAG_OR_11                  1
#define THAG_HAS_UNBOUNDED_(...) \
    THAG_HAS_UNBOUNDED_6_(__VA_ARGS__, none, none, none, none, none, none)
#define THAG_HAS_UNBOUNDED_6_(a, b, c, d, e, f, ...) \
    THAG_OR_(THAG_OR_(THAG_OR_(THAG_IS_UNBOUNDED_(a), THAG_IS_UNBOUNDED_(b)), \
                      THAG_OR_(THAG_IS_UNBOUNDED_(c), THAG_IS_UNBOUNDED_(d))), \
             THAG_OR_(THAG_IS_UNBOUNDED_(e), THAG_IS_UNBOUNDED_(f)))
#define THAG_CONCAT_(a, b)   THAG_CONCAT_I_(a, b)
#define THAG_CONCAT_I_(a, b) a##b

/* ------------------------------------------------------------------------------------------------
 * The macros
 * ------------------------------------------------------------------------------------------------ */

/**
 * Profile this run, and main itself. First declaration of main().
 *
 * @param mode  One of both, memory, time, no, yes (also when empty), runtime; see thag_mode.
 *
 * What cannot be started is said in one line on stderr, and the program runs unprofiled.
 */
#define THAG_ENABLE_PROFILING(mode) THAG_MAIN_(THAG_MODE_##mode)

/**
 * A span for the function it stands in, from here to wherever the function is left. A declaration.
 *
 * @param ...  Flags: none, or time, memory, both, mem_summary, mem_detail, async_fn.
 */
#define THAG_PROFILED(...) THAG_FUNCTION_(THAG_FLAGS_(none, ##__VA_ARGS__))

/** As THAG_PROFILED(), if the constant expression cond is true. */
#define THAG_PROFILED_IF(cond, ...) THAG_FUNCTION_IF_(cond, THAG_FLAGS_(none, ##__VA_ARGS__))

/**
 * Begin a section. A statement; with the flag unbounded a declaration that ends the section where
 * its scope ends.
 *
 * @param ...  Name: a string literal, or a const char * whose text is copied. Then flags, up to
 *             five: time, mem_summary, mem_detail, both, async_fn, unbounded.
 */
#define THAG_PROFILE(...) THAG_PROFILE_I_(__VA_ARGS__, none)
#define THAG_PROFILE_I_(name, ...) \
    THAG_CONCAT_(THAG_SECTION_, THAG_HAS_UNBOUNDED_(__VA_ARGS__))(name, THAG_FLAGS_(__VA_ARGS__))

/**
 * End the innermost open section of that name on this thread. A statement.
 *
 * A section that is never ended is closed with the function around it, one that is ended out of
 * order at its own end; both are counted, and reported once in the debug log.
 */
#define THAG_END(name) THAG_SECTION_END_(name)

/**
 * Record no functions and sections from here to the end of the block, on this thread (in this task, if
 * it is one of the user's). A declaration. What runs meanwhile belongs to the span around it, as code
 * without macros does; so does memory.
 */
#define THAG_PAUSED() THAG_PAUSE_SCOPE_()

/* Only in builds without NDEBUG. */
#ifndef NDEBUG
#define THAG_DEBUG_PROFILED(...) THAG_PROFILED(__VA_ARGS__)
#define THAG_DEBUG_PROFILE(...)  THAG_PROFILE(__VA_ARGS__)
#define THAG_DEBUG_END(name)     THAG_END(name)
#else
#define THAG_DEBUG_PROFILED(...) struct thag_off_
#define THAG_DEBUG_PROFILE(...)  ((void)0)
#define THAG_DEBUG_END(name)     ((void)0)
#endif

#if THAG_COMPILED_MODES_

#if !defined(__GNUC__)
#error "thag_profiler: profiling needs gcc or clang (the cleanup attribute)"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define THAG_API_ __attribute__((__visibility__("default")))

/* ------------------------------------------------------------------------------------------------
 * The functions. The macros above are the usual way to them.
 * ------------------------------------------------------------------------------------------------ */

/** A place in the source. Constant; made by the macros, one for each. */
typedef struct thag_site {
    const char *name; /* NULL: given at run time (a section whose name is a variable) */
    const char *func;
    const char *file;
    unsigned line;
    /* 0 function, 1 section, 2 main. A span that is begun in a helper, which returns before it ends, is a
       section: others end with the function they begin in. */
    unsigned short kind;
    unsigned short flags; /* THAG_FLAG_* */
} thag_site;

/** Ends a span: unique on its thread, never 0. 0 means: no span was begun. */
__extension__ typedef unsigned long long thag_token;

/**
 * Bits of what is being recorded now: 1 time, 2 memory; 4: it was, and sections may have to end.
 * Read by the macros, written by the runtime.
 */
extern THAG_API_ unsigned thag_active;
#define THAG_ACTIVE_ __atomic_load_n(&thag_active, __ATOMIC_RELAXED) /* a plain load */

/**
 * Begin a span on the calling thread.
 *
 * @param site  Where the span is. Borrowed until its module is unloaded; not NULL; name not NULL.
 * @return      Token for thag_span_end(). Cannot fail: what cannot be recorded is counted in the
 *              trace, and the token is 0.
 *
 * Threads: any; end it on the same thread.   Signals: safe.   Allocates: never.   errno: kept.
 * Cost:    see bench/span_bench.c.           Since: 0.1
 */
THAG_API_ thag_token thag_span_begin(const thag_site *site);

/**
 * End a span, and whatever was begun inside it and not ended.
 *
 * @param token  From thag_span_begin(). An unknown one is ignored, and counted.
 *
 * Threads: the one that began it.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ void thag_span_end(thag_token token);

/**
 * Begin a section. name as in THAG_PROFILE(). Not recorded (and token 0) if its flags ask only for
 * what is not being recorded. Otherwise as thag_span_begin(). Since: 0.1
 */
THAG_API_ thag_token thag_section_begin(const thag_site *site, const char *name);

/** End the innermost open section of that name. Otherwise as thag_span_end(). Since: 0.1 */
THAG_API_ void thag_section_end(const char *name);

/** What THAG_ENABLE_PROFILING() calls. modes: what was compiled in, and a bit of its own if functions begin
    and end as thag-cc has it (thag_profiler/cc/thag-cc.h). Since: 0.1 */
#define THAG_KEEPING_CALLS_ 0x100
THAG_API_ thag_token thag_main_begin(const thag_site *site, thag_mode mode, unsigned modes);

/** What thag_enable_profiling() calls. Since: 0.1 */
THAG_API_ int thag_enable(thag_mode mode, unsigned modes);

/**
 * Switch recording off, at once, for all threads. Spans that are open end as usual. What was recorded
 * stays; thag_enable_profiling() goes on in the same trace.
 *
 * Threads: any.   Signals: safe.   Since: 0.1
 */
THAG_API_ void thag_disable_profiling(void);

/**
 * As THAG_PAUSED(), until the matching thag_resume(); pauses nest. Spans that are open may end.
 *
 * @return  1; or 0 if nothing is being recorded: then nothing is to be resumed.
 *
 * Threads: any; resume on the same one.   Signals: safe.   Allocates: never.   errno: kept.   Since: 0.1
 */
THAG_API_ int thag_pause(void);

/** End a pause. Without one, nothing happens. Otherwise as thag_pause(). Since: 0.1 */
THAG_API_ void thag_resume(void);

/** Called when a module with sites is unloaded; marker is an address in it. Since: 0.1 */
THAG_API_ void thag_module_unload(const void *marker);

#ifndef THAG_RUNTIME_ITSELF_
/* The runtime keeps pointers to sites; the one destructor of each shared object takes them back. */
void thag_module_gone_(void);
__attribute__((__weak__, __visibility__("hidden"), __destructor__, __used__)) void
thag_module_gone_(void)
{
    __extension__ thag_module_unload((const void *)thag_module_gone_);
}
#endif

/* Inlined everywhere, never emitted, and with external linkage, so that inline functions of any
   kind may use them. */
#ifdef __cplusplus
#define THAG_INLINE_ inline __attribute__((__always_inline__, __artificial__))
#define THAG_FUNC_   __PRETTY_FUNCTION__
#else
#define THAG_INLINE_ \
    extern __inline__ __attribute__((__gnu_inline__, __always_inline__, __artificial__))
#define THAG_FUNC_ __FUNCTION__
#endif

THAG_INLINE_ void thag_span_leave_(thag_token *token);
THAG_INLINE_ void thag_span_leave_(thag_token *token)
{
    if (__builtin_expect(*token != 0, 0)) thag_span_end(*token);
}

THAG_INLINE_ void thag_pause_leave_(int *paused);
THAG_INLINE_ void thag_pause_leave_(int *paused)
{
    if (*paused) thag_resume();
}

/**
 * Switch recording on for all threads, the first time also the trace.
 *
 * @param mode  As in THAG_ENABLE_PROFILING().
 * @return      0; or -1 if the trace could not be started (one line on stderr says why), or what is
 *              asked for was not compiled in.
 *
 * Threads: any.   Allocates: never (memory comes from mmap).   Since: 0.1
 */
THAG_INLINE_ int thag_enable_profiling(thag_mode mode);
THAG_INLINE_ int thag_enable_profiling(thag_mode mode)
{
    return thag_enable(mode, THAG_COMPILED_MODES_);
}

#ifdef __cplusplus
}
#endif

/* Which of the recorded kinds concern a site; no kind named = all. */
#define THAG_KINDS_(flags) (((flags)&3) ? ((flags)&3) : 3)

/* static const: the only static object that an inline function with external linkage may have. */
#define THAG_SITE_(id, name, kind, flags) \
    static const thag_site id = {name, THAG_FUNC_, __FILE__, __LINE__, kind, (flags)&0xffff}

#define THAG_SPAN_DECL_(begin) \
    thag_token THAG_CONCAT_(thag_span_, __LINE__) \
        __attribute__((__cleanup__(thag_span_leave_), __unused__)) = begin

#define THAG_FUNCTION_(flags) THAG_FUNCTION_IF_(1, flags)
#define THAG_FUNCTION_IF_(cond, flags) \
    THAG_SPAN_DECL_(((cond) && __builtin_expect(THAG_ACTIVE_ & THAG_KINDS_(flags), 0)) \
                        ? __extension__({ \
                              THAG_SITE_(thag_site_, THAG_FUNC_, 0, flags); \
                              thag_span_begin(&thag_site_); \
                          }) \
                        : 0)

#define THAG_MAIN_(mode) \
    THAG_SPAN_DECL_(__extension__({ \
        THAG_SITE_(thag_site_, "main", 2, 0); \
        thag_main_begin(&thag_site_, mode, THAG_COMPILED_MODES_); \
    }))

#define THAG_PAUSE_SCOPE_() \
    int THAG_CONCAT_(thag_pause_, __LINE__) \
        __attribute__((__cleanup__(thag_pause_leave_), __unused__)) = \
            __builtin_expect(THAG_ACTIVE_ & 3, 0) ? thag_pause() : 0

#define THAG_NAME_(name) (__builtin_constant_p(name) ? (name) : (const char *)0)
#define THAG_SECTION_0(name, flags) \
    do { \
        if (__builtin_expect(THAG_ACTIVE_ & 3, 0)) { \
            THAG_SITE_(thag_site_, THAG_NAME_(name), 1, flags); \
            (void)thag_section_begin(&thag_site_, name); \
        } \
    } while (0)
#define THAG_SECTION_1(name, flags) \
    THAG_SPAN_DECL_(__builtin_expect(THAG_ACTIVE_ & 3, 0) ? __extension__({ \
        THAG_SITE_(thag_site_, THAG_NAME_(name), 1, flags); \
        thag_section_begin(&thag_site_, name); \
    }) \
                                                          : 0)
#define THAG_SECTION_END_(name) \
    do { \
        if (__builtin_expect(THAG_ACTIVE_ != 0, 0)) thag_section_end(name); \
    } while (0)

#else /* inactive */

/* An enumeration is a declaration that makes no code: unlike an empty expansion it may be the first
   declaration of a C89 body, and an unknown mode or flag in it is an error, as when active. */
#define THAG_OFF_(checked)             enum { THAG_CONCAT_(thag_off_, __LINE__) = 0 * (int)(checked) }
#define THAG_MAIN_(mode)               THAG_OFF_(mode)
#define THAG_FUNCTION_(flags)          THAG_OFF_(flags)
#define THAG_FUNCTION_IF_(cond, flags) THAG_OFF_(flags)
#define THAG_SECTION_0(name, flags)    ((void)sizeof(name), (void)sizeof(char[1 + (flags)]))
#define THAG_SECTION_1(name, flags)    THAG_OFF_(sizeof(name) * 0 + (flags))
#define THAG_SECTION_END_(name)        ((void)sizeof(name))
#define thag_enable_profiling(mode)    ((void)(mode), 0)
#define THAG_PAUSE_SCOPE_()            THAG_OFF_(0)
#define thag_disable_profiling()       ((void)0)
#define thag_pause()                   0
#define thag_resume()                  ((void)0)

#endif /* THAG_COMPILED_MODES_ */

#endif /* THAG_PROFILER_H */
