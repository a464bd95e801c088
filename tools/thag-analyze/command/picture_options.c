#include "thag-analyze/command/picture_options.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

const char *palette_choice(size_t n)
{
    const palette *p = palette_chosen(n);

    return n == 0 ? "auto" : p ? p->name : NULL;
}

const palette *palette_chosen(size_t n)
{
    return n ? palette_at(n - 1) : NULL;
}

int set_time(void *value, const struct option_fact *f, const char *arg)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1},   {"us", 1e3}, {"\xC2\xB5s", 1e3},
                 {"ms", 1e6}, {"s", 1e9},  {"min", 60e9}};
    char *unit;
    double number;

    errno = 0;
    number = strtod(arg, &unit);
    for (size_t i = 0; unit != arg && !errno && i < sizeof units / sizeof *units; i++) {
        double ns = number * units[i].ns;

        if (strcmp(unit, units[i].name) != 0 || !(ns >= 0 && ns < 0x1p62)) continue;
        *(uint64_t *)value = (uint64_t)(ns + 0.5);
        return EXIT_FINE;
    }
    return complain(EXIT_USAGE, NULL, "--%s: %s is not a time such as 250ms, 1.5s or 10us", f->name,
                    arg);
}

int thread_is_listed(const void *context, uint32_t tid, const char *name)
{
    char item[64], number[16];

    snprintf(number, sizeof number, "%u", (unsigned)tid);
    for (const char *at = context; *at;) {
        size_t len = strcspn(at, ",");

        snprintf(item, sizeof item, "%.*s", (int)(len < 60 ? len : 60), at);
        if (strcmp(item, number) == 0 || fnmatch(item, name, 0) == 0) return 1;
        at += len + (at[len] == ',');
    }
    return 0;
}
