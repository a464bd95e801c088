/* cases.c - the cases in C, and functions that are inline in every way C has. */
#include "cases.h"

int sink;

void call_inlines(void);
int main(void);

static __inline__ int static_inline(int n)
{
    THAG_PROFILED();

    THAG_PROFILE("in static inline");
    sink += n;
    THAG_END("in static inline");
    return n;
}

#ifdef __GNUC_STDC_INLINE__
/* Inline as C99 has it: the definition here, the external one by the declaration below it. */
inline int plain_inline(int n)
{
    THAG_PROFILED();

    THAG_PROFILE("in inline");
    sink += n;
    THAG_END("in inline");
    return n;
}
extern inline int plain_inline(int n);

extern inline int extern_inline(int n);
extern inline int extern_inline(int n)
{
    THAG_PROFILED(time);

    return sink + n;
}
#else
/* Inline as gnu89 has it: external by itself; with extern it is never emitted. */
__inline__ int plain_inline(int n);
__inline__ int plain_inline(int n)
{
    THAG_PROFILED();

    THAG_PROFILE("in inline");
    sink += n;
    THAG_END("in inline");
    return n;
}

extern __inline__ __attribute__((__always_inline__)) int extern_inline(int n);
extern __inline__ __attribute__((__always_inline__)) int extern_inline(int n)
{
    THAG_PROFILED(time);

    return sink + n;
}
#endif

static __inline__ __attribute__((__always_inline__)) void always_inline(void)
{
    THAG_PROFILED();

    sink++;
}

void call_inlines(void)
{
    sink += static_inline(1) + plain_inline(2) + extern_inline(3);
    always_inline();
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);
    int n = 3;

    first_declaration(n);
    call_inlines();
    return programmatic();
}
