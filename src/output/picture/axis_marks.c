#include "output/picture/axis_marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- steps ---- */

uint64_t axis_step_ns(uint64_t length_ns, unsigned most)
{
    static const unsigned factors[] = {2, 5, 10};
    uint64_t least = length_ns / most + (length_ns % most != 0), power = 1;

    if (least <= 1) return 1;
    while (power <= least / 10) power *= 10;
    for (size_t i = 0; power < least && i < 3; i++)
        if (power * factors[i] >= least) return power * factors[i];
    return power;
}

uint64_t axis_step_bytes(uint64_t length_bytes, unsigned most)
{
    uint64_t step = 1;

    while (step < UINT64_MAX / 4 && length_bytes / step > most) step *= 2;
    return step;
}

/* ---- texts ---- */

typedef struct unit {
    uint64_t ns;
    const char *name;
} unit;

static unit unit_of(uint64_t ns, uint64_t step_ns)
{
    if (ns >= 1000000000 || step_ns >= 1000000000) return (unit){1000000000, "s"};
    if (ns >= 1000000) return (unit){1000000, "ms"};
    if (ns >= 1000) return (unit){1000, "\xC2\xB5s"};
    return (unit){1, "ns"};
}

const char *axis_time(char *text, uint64_t ns, uint64_t step_ns)
{
    unit u = unit_of(ns, step_ns);
    uint64_t grain = u.ns;
    int digits = 0;

    if (!ns) return strcpy(text, "0 s");
    for (; grain > step_ns && digits < 9; grain /= 10) digits++;
    if (digits)
        snprintf(text, QUANTITY_ROOM, "%" PRIu64 ".%0*" PRIu64 " %s", ns / u.ns, digits,
                 ns % u.ns / grain, u.name);
    else
        snprintf(text, QUANTITY_ROOM, "%" PRIu64 " %s", ns / u.ns, u.name);
    return text;
}

const char *axis_bytes(char *text, uint64_t bytes)
{
    char *space, *point, *last;

    quantity_bytes(text, bytes);
    space = strchr(text, ' ');
    point = strchr(text, '.');
    if (!point || !space) return text;
    for (last = space; last[-1] == '0'; last--) continue;
    if (last[-1] == '.') last--;
    memmove(last, space, strlen(space) + 1);
    return text;
}
