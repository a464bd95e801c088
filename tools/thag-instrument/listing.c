#include <stdlib.h>
#include <string.h>

#include "output/json_writer.h"
#include "output/utf8.h"
#include "thag-instrument/instrument.h"

struct listing {
    FILE *to;
    int is_json;
    json j;
};

static const char *const kinds[] = {"function", "method", "lambda", "main"};

listing *listing_new(FILE *to, int is_json)
{
    listing *l = calloc(1, sizeof *l);

    if (!l) return NULL;
    l->to = to;
    l->is_json = is_json;
    if (is_json) {
        json_init(&l->j, to);
        json_begin_object(&l->j, NULL, 1);
        json_begin_array(&l->j, "functions", 1);
    }
    return l;
}

static void add_json(json *j, const char *path, const source_function *f)
{
    json_begin_object(j, NULL, 0);
    json_text(j, "file", path);
    json_uint(j, "line", f->line);
    json_uint(j, "end_line", f->end_line);
    json_uint(j, "brace", f->brace);
    json_text(j, "name", f->name);
    json_text(j, "kind", kinds[f->kind]);
    json_text(j, "reason", source_reason_key(f->reason));
    json_end(j);
}

static void add_line(FILE *to, const char *path, const source_function *f)
{
    utf8_put_plain(to, path, strlen(path), SIZE_MAX);
    fprintf(to, ":%u: ", (unsigned)f->line);
    utf8_put_plain(to, f->name, strlen(f->name), SIZE_MAX);
    if (f->reason != SOURCE_REASON_NONE) fprintf(to, " (%s)", source_reason_text(f->reason));
    fputc('\n', to);
}

void listing_add(listing *l, const char *path, const source_scan *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (l->is_json)
            add_json(&l->j, path, &s->functions[i]);
        else
            add_line(l->to, path, &s->functions[i]);
    }
}

void listing_end(listing *l)
{
    if (!l) return;
    if (l->is_json) {
        json_end(&l->j);
        json_end(&l->j);
        json_finish(&l->j);
    }
    free(l);
}
