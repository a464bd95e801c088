#include "fixture.h"

/* A second unit, with a function of the same file scope name as the first one's. */

extern const int fixture_other_line;
void *fixture_other(void);

__attribute__((__noinline__)) void *fixture_here(void)
{
    return __builtin_return_address(0);
}

static __attribute__((__noinline__)) void *inner(void)
{
    void *volatile at = fixture_here();
    return at;
}
const int fixture_other_line = __LINE__ - 3;

void *fixture_other(void)
{
    void *volatile at = inner();
    return at;
}
