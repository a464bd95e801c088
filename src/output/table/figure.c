#include "output/table/figure.h"

#include <inttypes.h>
#include <string.h>

#include "output/name_fit.h"
#include "output/utf8.h"

size_t figure_text_width(const char *text)
{
    return utf8_put_plain(NULL, text, strlen(text), SIZE_MAX);
}

void figure_put_left(FILE *to, const char *text, size_t width)
{
    size_t have = name_put(to, text, width);

    for (; have < width; have++) fputc(' ', to);
}

void figure_put_right(FILE *to, const char *text, size_t width)
{
    for (size_t have = figure_text_width(text); have < width; have++) fputc(' ', to);
    utf8_put_plain(to, text, strlen(text), SIZE_MAX);
}

static void value_text(char *text, const figure *f)
{
    if (f->unit == PROFILE_SAMPLES)
        quantity_count(text, f->value);
    else
        quantity_text(text, f->unit, f->value < INT64_MAX ? (int64_t)f->value : INT64_MAX, NULL);
}

/* ---- text ---- */

void figures_start(size_t *widths, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        widths[k] = row[k].heading && row[k].is_known ? figure_text_width(row[k].heading) : 0;
    }
}

void figures_measure(size_t *widths, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        char text[QUANTITY_ROOM];
        size_t width;

        if (!widths[k]) continue;
        value_text(text, &row[k]);
        width = figure_text_width(text);
        if (width > widths[k]) widths[k] = width;
    }
}

size_t figures_width(const size_t *widths, size_t count)
{
    size_t sum = 0;

    for (size_t k = 0; k < count; k++) sum += widths[k] ? widths[k] + 2 : 0;
    return sum;
}

void figures_put_text(FILE *to, const size_t *widths, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        char text[QUANTITY_ROOM];

        if (!widths[k]) continue;
        value_text(text, &row[k]);
        fputs("  ", to);
        figure_put_right(to, text, widths[k]);
    }
}

void figures_put_headings(FILE *to, const size_t *widths, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (!widths[k]) continue;
        fputs("  ", to);
        figure_put_right(to, row[k].heading, widths[k]);
    }
}

/* ---- for machines ---- */

void figures_put_csv(FILE *to, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        fputc(',', to);
        if (row[k].is_known) fprintf(to, "%" PRIu64, row[k].value);
    }
}

void figures_put_csv_keys(FILE *to, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) fprintf(to, ",%s", row[k].key);
}

void figures_put_json(json *j, const figure *row, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (row[k].is_known)
            json_uint(j, row[k].key, row[k].value);
        else
            json_null(j, row[k].key);
    }
}
