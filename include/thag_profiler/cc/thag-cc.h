/*
 * thag-cc.h - what thag-cc includes in front of every source that it compiles. Not for programs: they
 * include thag_profiler.h. It has a folder of its own, which goes into no search path but thag-cc's.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#if !defined(THAG_CC_H) && !defined(__ASSEMBLER__)
#define THAG_CC_H
#if defined(__GNUC__)
#pragma GCC system_header
#endif
#if !defined(THAG_TIME_PROFILING) && !defined(THAG_FULL_PROFILING)
#define THAG_FULL_PROFILING
#endif
#include "../../thag_profiler.h"

/*
 * THAG_PROFILED() in gcc's C for x86-64: asm that keeps nearly all registers, one instruction each at begin and end
 * to the compiler. Nothing is spilled around it, it makes no branches to be thought about, even the site is
 * left to the assembler: once for each function and line, under the name of the symbol that holds the
 * function's. And nothing is kept from begin to end: the end finds its span by the function's place in the
 * stack, and its line. While nothing is recorded a function pays two tests of a byte. What runs when
 * something is stands behind the rest of the section; it skips the red zone, and tells in r11 where it goes
 * on, for who unwinds the stack. See src/runtime/span_kept.c, and docs/decisions.
 *
 * thag-cc defines THAG_CC_KEEPS where it also gives -fno-defer-pop and -fno-combine-stack-adjustments: the
 * stack pointer at a begin tells which functions are still running, and must not depend on arguments that
 * are not popped yet, or have their room already.
 */
#if defined(THAG_CC_KEEPS) && defined(__x86_64__) && defined(__LP64__) && defined(__ELF__) && \
    defined(__SSE2__) && !defined(__code_model_large__) && !defined(__clang__) && \
    !defined(__cplusplus) && __GNUC__ >= 9

#undef THAG_COMPILED_MODES_
#define THAG_COMPILED_MODES_ (3 | THAG_KEEPING_CALLS_)

#define THAG_KEPT_CALL_(function) \
    "lea 2b(%%rip), %%r11\n\t" \
    "lea -128(%%rsp), %%rsp\n\t" \
    "call *" function "@GOTPCREL(%%rip)\n\t" \
    "lea 128(%%rsp), %%rsp\n\t" \
    "jmp 2b\n\t"

#define THAG_KEPT_SITE_ ".thag_%c[name]_%c[line]"
#define THAG_KEPT_MAKE_SITE_ \
    ".ifndef " THAG_KEPT_SITE_ "\n\t" \
    ".pushsection .data.rel.ro.local, \"aw\"\n\t" \
    ".balign 8\n" THAG_KEPT_SITE_ ":\n\t" \
    ".quad %c[name], %c[name], %c[file]\n\t" /* a thag_site */ \
    ".long %c[line]\n\t" \
    ".short 0, %c[flags]\n\t" \
    ".popsection\n\t" \
    ".endif\n\t"

#define THAG_KEPT_BEGIN_(flags_given) \
    __asm__ volatile __inline__( \
        "testb %[kinds], %[active]\n\t" \
        "jnz 1f\n" \
        "2:\n\t" \
        ".subsection 1\n" \
        "1:\tlea " THAG_KEPT_SITE_ "(%%rip), %%r10\n\t" THAG_KEPT_CALL_("thag_span_keep_begin") \
            THAG_KEPT_MAKE_SITE_ ".previous" \
        : \
        : [kinds] "i"(THAG_KINDS_(flags_given)), [active] "m"(thag_active), \
          [name] "i"(THAG_FUNC_), [file] "i"(__FILE__), [line] "i"(__LINE__), \
          [flags] "i"((flags_given)&0xffff) \
        : "rax", "r10", "r11")

THAG_INLINE_ void thag_kept_leave_(const unsigned *line);
THAG_INLINE_ void thag_kept_leave_(const unsigned *line)
{
    __asm__ volatile __inline__(
        "cmpb $0, %[active]\n\t"
        "jne 1f\n"
        "2:\n\t"
        ".subsection 1\n"
        "1:\tmov %[line], %%r10d\n\t"
        "lea %[frame], %%r9\n\t" THAG_KEPT_CALL_("thag_span_keep_end") ".previous"
        :
        : [active] "m"(thag_active), [line] "g"(*line),
          [frame] "m"(*(const char *)__builtin_dwarf_cfa())
        : "r9", "r10", "r11", "xmm15");
}

#undef THAG_FUNCTION_
#define THAG_FUNCTION_(flags_given) \
    const unsigned THAG_CONCAT_(thag_span_, __LINE__) \
        __attribute__((__cleanup__(thag_kept_leave_), __unused__)) = __extension__({ \
            THAG_KEPT_BEGIN_(flags_given); \
            __LINE__; \
        })
#endif
#endif
