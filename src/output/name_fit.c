#include "output/name_fit.h"

#include <string.h>

#include "output/utf8.h"

static size_t width_of(const char *text)
{
    return utf8_put_plain(NULL, text, strlen(text), SIZE_MAX);
}

const char *name_fit(const char *name, size_t room)
{
    size_t plain = strcspn(name, "(< "); /* beyond are types, not qualifiers */
    const char *at = name;

    if (width_of(name) <= room) return name;
    while ((at = strstr(at, "::")) && at < name + plain) {
        at += 2;
        if (width_of(at) + 1 <= room) return at;
    }
    return name;
}

size_t name_put(FILE *to, const char *name, size_t room)
{
    const char *from = name_fit(name, room);

    if (from == name) return utf8_put_plain(to, name, strlen(name), room);
    if (to) fputs("\xE2\x80\xA6", to);
    return 1 + utf8_put_plain(to, from, strlen(from), room - 1);
}
