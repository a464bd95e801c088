#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "profile/pattern.h"
#include "thag-instrument/instrument.h"
#include "thag-instrument/worth.h"

typedef struct rule {
    selector what;
    int is_exclusion;
    const char *text;
    pattern *regex; /* NULL: text is a glob */
} rule;

struct selection {
    rule *rules;
    size_t count;
    size_t least_lines, most_lines;
    int skips_headers;
    worth *worth;
    source_reason file_reason; /* why the file at hand is not selected */
};

selection *selection_new(void)
{
    return calloc(1, sizeof(selection));
}

void selection_free(selection *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) pattern_free(s->rules[i].regex);
    worth_free(s->worth);
    free(s->rules);
    free(s);
}

int selection_add(selection *s, selector what, int is_exclusion, const char *text)
{
    rule *grown = realloc(s->rules, (s->count + 1) * sizeof *grown), *r;
    fault f = {0};

    if (!grown) return complain(EXIT_SYSTEM, NULL, "out of memory");
    s->rules = grown;
    r = &grown[s->count];
    *r = (rule){what, is_exclusion, text, NULL};
    if (what == SELECT_REGEX && pattern_new(&r->regex, text, &f)) return complain_fault(&f);
    s->count++;
    return EXIT_FINE;
}

void selection_set_lines(selection *s, size_t least, size_t most)
{
    s->least_lines = least;
    s->most_lines = most;
}

void selection_skip_headers(selection *s)
{
    s->skips_headers = 1;
}

int selection_use_profile(selection *s, const char *path, double least_percent,
                          double least_mean_ns)
{
    worth_free(s->worth);
    return worth_load(&s->worth, path, least_percent, least_mean_ns);
}

/* Of ns::A::f, f: what follows the last :: */
static const char *last_part(const char *name)
{
    const char *part = name;

    for (const char *at = name; (at = strstr(at, "::")); at += 2) part = at + 2;
    return part;
}

static int rule_holds(const rule *r, const char *name)
{
    int is_match = 0;
    fault f = {0};

    if (r->regex) {
        if (pattern_match(r->regex, name, strlen(name), &is_match, &f)) return 0;
        return is_match;
    }
    if (fnmatch(r->text, name, 0) == 0) return 1;
    return r->what == SELECT_NAME && fnmatch(r->text, last_part(name), 0) == 0;
}

/* Whether rules about names, or about files, leave something out. is_excluded: one says so itself. */
static int is_left_out(const selection *s, int is_file, const char *name, int *is_excluded)
{
    int has_inclusion = 0, is_included = 0;

    *is_excluded = 0;
    for (size_t i = 0; i < s->count; i++) {
        const rule *r = &s->rules[i];
        int holds;

        if ((r->what == SELECT_FILE) != is_file) continue;
        holds = rule_holds(r, name);
        if (r->is_exclusion)
            *is_excluded |= holds;
        else
            is_included |= holds;
        has_inclusion |= !r->is_exclusion;
    }
    return *is_excluded || (has_inclusion && !is_included);
}

static int is_header(const char *path)
{
    static const char *const endings[] = {".h",   ".hh", ".hpp", ".hxx",
                                          ".h++", ".H",  ".inl", ".inc"};
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (strcmp(dot, endings[i]) == 0) return 1;
    }
    return 0;
}

void selection_begin_file(selection *s, const char *path)
{
    int is_excluded;

    s->file_reason = SOURCE_REASON_NONE;
    if ((s->skips_headers && is_header(path)) || is_left_out(s, 1, path, &is_excluded))
        s->file_reason = SOURCE_REASON_FILE;
}

source_reason selection_ask(void *context, const source_function *f)
{
    const selection *s = context;
    size_t lines = (size_t)f->end_line - f->line + 1;
    int is_excluded, is_left = is_left_out(s, 0, f->name, &is_excluded);

    if (s->file_reason != SOURCE_REASON_NONE) return s->file_reason;
    /* Without main() nothing would be recorded at all. */
    if (f->kind == SOURCE_MAIN) return is_excluded ? SOURCE_REASON_NAME : SOURCE_REASON_NONE;
    if (is_left) return SOURCE_REASON_NAME;
    if (lines < s->least_lines) return SOURCE_REASON_SHORT;
    if (s->most_lines && lines > s->most_lines) return SOURCE_REASON_LONG;
    if (s->worth && !worth_has(s->worth, f->name)) return SOURCE_REASON_PROFILE;
    return SOURCE_REASON_NONE;
}
