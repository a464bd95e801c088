#include "output/csv_text.h"

#include <stdint.h>
#include <string.h>

#include "output/utf8.h"

void csv_text(FILE *to, const char *text)
{
    fputc('"', to);
    if (*text && strchr("=+-@\t\r", *text)) fputc('\'', to);
    while (*text) {
        /* Between the quotes of its name, all is plain. */
        size_t part = strcspn(text, "\"");

        utf8_put_plain(to, text, part, SIZE_MAX);
        text += part;
        if (!*text) break;
        fputs("\"\"", to);
        text++;
    }
    fputc('"', to);
}
