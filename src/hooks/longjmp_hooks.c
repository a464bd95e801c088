/*
 * longjmp_hooks.c - longjmp, _longjmp, siglongjmp: spans that are jumped over end at once; a jump to
 * another stack, as QEMU's and OpenSSL's coroutines make, is a switch of tasks.
 *
 * The target's stack pointer is in the jmp_buf, scrambled by glibc in a way that has not changed since
 * 2005 on x86-64. Elsewhere jumps go through untouched.
 */
#include <setjmp.h>

#include "hooks/hooks.h"

const char thagi_jump_hooks;

typedef void jump_function(struct __jmp_buf_tag *, int);
static jump_function *real_longjmp, *real_longjmp_bsd, *real_siglongjmp, *real_longjmp_chk;

__attribute__((__constructor__)) static void find_all(void)
{
    hooks_find(&real_longjmp, "longjmp");
    hooks_find(&real_longjmp_bsd, "_longjmp");
    hooks_find(&real_siglongjmp, "siglongjmp");
    hooks_find(&real_longjmp_chk, "__longjmp_chk");
}

#if defined(__x86_64__) && defined(__GLIBC__)
/* Scrambled is: xor with a word of the thread's control block, then rotated left by 17. */
static uintptr_t target_sp(const struct __jmp_buf_tag *buf)
{
    uintptr_t scrambled = (uintptr_t)buf->__jmpbuf[6], guard;
    __asm__("mov %%fs:0x30, %0" : "=r"(guard));
    return (scrambled >> 17 | scrambled << 47) ^ guard;
}
#else
static uintptr_t target_sp(const struct __jmp_buf_tag *buf)
{
    (void)buf;
    return 0;
}
#endif

#define HOOK(name, real) \
    __attribute__((__noreturn__)) void name(struct __jmp_buf_tag buf[1], int value); \
    void name(struct __jmp_buf_tag buf[1], int value) \
    { \
        if (!real) hooks_need(&real, #name); \
        hooks_jump_to(target_sp(buf)); \
        real(buf, value); \
        __builtin_unreachable(); \
    }

HOOK(longjmp, real_longjmp)
HOOK(_longjmp, real_longjmp_bsd)
HOOK(siglongjmp, real_siglongjmp)
HOOK(__longjmp_chk, real_longjmp_chk)
