/*
 * heap_cxx.c - operators new and delete in all their forms, so that who says `new` pays, and not the C++ library, whose
 * operators call malloc for everybody.
 *
 * Each does what the standard's own does. Where there is no memory the library's own is called, which knows
 * new handlers, and how to throw. All are weak, for a program may replace any; those that it leaves then
 * call its own, as the library's would. And delete, for allocators that bring operators along (jemalloc,
 * mimalloc, tcmalloc) do not call free() in them.
 */
#include <stdlib.h>
#include <string.h>

#include "heap/heap_real.h"

typedef struct nothrow nothrow; /* std::nothrow_t */

#define OPERATOR(name) __attribute__((__weak__, __visibility__("default"))) void *name

/* Names of the Itanium ABI, where size_t is unsigned long. */
OPERATOR(_Znwm)(size_t size);
OPERATOR(_Znam)(size_t size);
OPERATOR(_ZnwmRKSt9nothrow_t)(size_t size, const nothrow *tag);
OPERATOR(_ZnamRKSt9nothrow_t)(size_t size, const nothrow *tag);
OPERATOR(_ZnwmSt11align_val_t)(size_t size, size_t align);
OPERATOR(_ZnamSt11align_val_t)(size_t size, size_t align);
OPERATOR(_ZnwmSt11align_val_tRKSt9nothrow_t)(size_t size, size_t align, const nothrow *tag);
OPERATOR(_ZnamSt11align_val_tRKSt9nothrow_t)(size_t size, size_t align, const nothrow *tag);

/* The same under names that always lead here. */
#define HERE(name) __attribute__((__alias__(name), __visibility__("hidden")))
extern void *thagi_new(size_t) HERE("_Znwm");
extern void *thagi_new_array(size_t) HERE("_Znam");
extern void *thagi_new_aligned(size_t, size_t) HERE("_ZnwmSt11align_val_t");
extern void *thagi_new_aligned_array(size_t, size_t) HERE("_ZnamSt11align_val_t");

/* The C++ library's, where it is linked statically. */
extern void (*_ZSt15get_new_handlerv(void))(void) __attribute__((__weak__));
extern void _ZSt17__throw_bad_allocv(void) __attribute__((__weak__));

/* Of an operator: what its caller is found by. */
#define FRAME() ((const uintptr_t *)__builtin_frame_address(0))

/* Whether two names are of one function, of which the compiler is not to know. */
#define IS_SAME(type, a, b) \
    __extension__({ \
        void *(*volatile name)type = (a); \
        name == (b); \
    })

static int is_plain_ours(void)
{
    return IS_SAME((size_t), _Znwm, thagi_new);
}
static int is_array_ours(void)
{
    return is_plain_ours() && IS_SAME((size_t), _Znam, thagi_new_array);
}
static int is_aligned_ours(void)
{
    return IS_SAME((size_t, size_t), _ZnwmSt11align_val_t, thagi_new_aligned);
}
static int is_aligned_array_ours(void)
{
    return is_aligned_ours() &&
           IS_SAME((size_t, size_t), _ZnamSt11align_val_t, thagi_new_aligned_array);
}

/* --- without memory ---------------------------------------------------------------------------- */

/* ISO C has no conversion from void * to a function; POSIX has. */
#define LIBRARY(function, name) \
    do { \
        void *at = thagi_heap_next(name); \
        memcpy(&(function), &at, sizeof at); \
    } while (0)

/* In a static program, what the library's would do. Returns to try again. */
static void call_handler(void)
{
    void (*handler)(void) = _ZSt15get_new_handlerv ? _ZSt15get_new_handlerv() : NULL;
    if (handler)
        handler();
    else if (_ZSt17__throw_bad_allocv)
        _ZSt17__throw_bad_allocv();
    else
        abort();
}

static void *new_failed(size_t size, const uintptr_t *frame)
{
    void *(*library)(size_t), *block = NULL;
    LIBRARY(library, "_Znwm");
    if (library) return library(size);
    while (!block) {
        call_handler();
        block = thagi_heap_alloc(size, frame);
    }
    return block;
}

static void *aligned_failed(size_t size, size_t align, const uintptr_t *frame)
{
    void *(*library)(size_t, size_t), *block = NULL;
    LIBRARY(library, "_ZnwmSt11align_val_t");
    if (library) return library(size, align);
    while (!block) {
        call_handler();
        block = thagi_heap_aligned(align, size, frame);
    }
    return block;
}

/* --- the operators ----------------------------------------------------------------------------- */

static inline void *new_block(size_t size, const uintptr_t *frame)
{
    if (!size) size = 1;
    void *block = thagi_heap_alloc(size, frame);
    return __builtin_expect(block != NULL, 1) ? block : new_failed(size, frame);
}

static void *new_aligned(size_t size, size_t align, const uintptr_t *frame)
{
    if (!size) size = 1;
    void *block = thagi_heap_aligned(align, size, frame);
    return block ? block : aligned_failed(size, align, frame);
}

OPERATOR(_Znwm)(size_t size)
{
    return new_block(size, FRAME());
}
OPERATOR(_Znam)(size_t size)
{
    return is_plain_ours() ? new_block(size, FRAME()) : _Znwm(size);
}
OPERATOR(_ZnwmSt11align_val_t)(size_t size, size_t align)
{
    return new_aligned(size, align, FRAME());
}
OPERATOR(_ZnamSt11align_val_t)(size_t size, size_t align)
{
    return is_aligned_ours() ? new_aligned(size, align, FRAME())
                             : _ZnwmSt11align_val_t(size, align);
}

/* These catch what the others throw: without memory, or if those are the program's own, that is for the
   library. Only a static program has none behind us. */
OPERATOR(_ZnwmRKSt9nothrow_t)(size_t size, const nothrow *tag)
{
    void *block = is_plain_ours() ? thagi_heap_alloc(size ? size : 1, FRAME()) : NULL;
    void *(*library)(size_t, const nothrow *);
    if (block) return block;
    LIBRARY(library, "_ZnwmRKSt9nothrow_t");
    if (library) return library(size, tag);
    return is_plain_ours() ? NULL : _Znwm(size);
}
OPERATOR(_ZnamRKSt9nothrow_t)(size_t size, const nothrow *tag)
{
    void *block = is_array_ours() ? thagi_heap_alloc(size ? size : 1, FRAME()) : NULL;
    void *(*library)(size_t, const nothrow *);
    if (block) return block;
    LIBRARY(library, "_ZnamRKSt9nothrow_t");
    if (library) return library(size, tag);
    return is_array_ours() ? NULL : _Znam(size);
}
OPERATOR(_ZnwmSt11align_val_tRKSt9nothrow_t)(size_t size, size_t align, const nothrow *tag)
{
    void *block = is_aligned_ours() ? thagi_heap_aligned(align, size ? size : 1, FRAME()) : NULL;
    void *(*library)(size_t, size_t, const nothrow *);
    if (block) return block;
    LIBRARY(library, "_ZnwmSt11align_val_tRKSt9nothrow_t");
    if (library) return library(size, align, tag);
    return is_aligned_ours() ? NULL : _ZnwmSt11align_val_t(size, align);
}
OPERATOR(_ZnamSt11align_val_tRKSt9nothrow_t)(size_t size, size_t align, const nothrow *tag)
{
    void *block =
        is_aligned_array_ours() ? thagi_heap_aligned(align, size ? size : 1, FRAME()) : NULL;
    void *(*library)(size_t, size_t, const nothrow *);
    if (block) return block;
    LIBRARY(library, "_ZnamSt11align_val_tRKSt9nothrow_t");
    if (library) return library(size, align, tag);
    return is_aligned_array_ours() ? NULL : _ZnamSt11align_val_t(size, align);
}

/* --- delete ------------------------------------------------------------------------------------ */

#define DELETE(name) __attribute__((__weak__, __visibility__("default"))) void name

/* l delete, a delete[]; the same order of letters as above. */
DELETE(_ZdlPv)(void *block);
DELETE(_ZdaPv)(void *block);
DELETE(_ZdlPvm)(void *block, size_t size);
DELETE(_ZdaPvm)(void *block, size_t size);
DELETE(_ZdlPvRKSt9nothrow_t)(void *block, const nothrow *tag);
DELETE(_ZdaPvRKSt9nothrow_t)(void *block, const nothrow *tag);
DELETE(_ZdlPvSt11align_val_t)(void *block, size_t align);
DELETE(_ZdaPvSt11align_val_t)(void *block, size_t align);
DELETE(_ZdlPvmSt11align_val_t)(void *block, size_t size, size_t align);
DELETE(_ZdaPvmSt11align_val_t)(void *block, size_t size, size_t align);
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)(void *block, size_t align, const nothrow *tag);
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)(void *block, size_t align, const nothrow *tag);

/* Each jumps to the next simpler one, and the last to free(): so that sees who deletes as its caller. */
DELETE(_ZdlPv)(void *block)
{
    (free)(block);
}
DELETE(_ZdaPv)(void *block)
{
    _ZdlPv(block);
}
DELETE(_ZdlPvm)(void *block, size_t size)
{
    (void)size;
    _ZdlPv(block);
}
DELETE(_ZdaPvm)(void *block, size_t size)
{
    (void)size;
    _ZdaPv(block);
}
DELETE(_ZdlPvRKSt9nothrow_t)(void *block, const nothrow *tag)
{
    (void)tag;
    _ZdlPv(block);
}
DELETE(_ZdaPvRKSt9nothrow_t)(void *block, const nothrow *tag)
{
    (void)tag;
    _ZdaPv(block);
}
DELETE(_ZdlPvSt11align_val_t)(void *block, size_t align)
{
    (void)align;
    (free)(block);
}
DELETE(_ZdaPvSt11align_val_t)(void *block, size_t align)
{
    _ZdlPvSt11align_val_t(block, align);
}
DELETE(_ZdlPvmSt11align_val_t)(void *block, size_t size, size_t align)
{
    (void)size;
    _ZdlPvSt11align_val_t(block, align);
}
DELETE(_ZdaPvmSt11align_val_t)(void *block, size_t size, size_t align)
{
    (void)size;
    _ZdaPvSt11align_val_t(block, align);
}
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)(void *block, size_t align, const nothrow *tag)
{
    (void)tag;
    _ZdlPvSt11align_val_t(block, align);
}
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)(void *block, size_t align, const nothrow *tag)
{
    (void)tag;
    _ZdaPvSt11align_val_t(block, align);
}
