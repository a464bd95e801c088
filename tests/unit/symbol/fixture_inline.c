#include "fixture.h"

/* Two functions that are inlined into a third. Not static: the compiler must not drop their names. */

extern const int fixture_inner_line, fixture_middle_line, fixture_outer_line;
void *fixture_outer(int n);

static volatile int sink;

static inline __attribute__((always_inline)) void *inner(int n)
{
    void *at;
    sink = n;
    at = fixture_here();
    sink = n + 1;
    return at;
}
const int fixture_inner_line = __LINE__ - 4;

static inline __attribute__((always_inline)) void *middle(int n)
{
    sink = n * 2;
    return inner(n + 3);
}
const int fixture_middle_line = __LINE__ - 2;

void *fixture_outer(int n)
{
    void *at;
    sink =
        3; /* gcc 12, DWARF 4: a list of ranges that starts with its function seems to be empty */
    at = middle(n + 5);
    sink = 7;
    return at;
}
const int fixture_outer_line = __LINE__ - 4;
