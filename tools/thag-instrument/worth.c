#include "thag-instrument/worth.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "profile/profile_stats.h"
#include "thag-instrument/instrument.h"

struct worth {
    char **names; /* of what is worth it; sorted */
    size_t count, room;
    double least_percent, least_mean_ns;
};

/* ---- names ---- */

/* Drop <...>, template arguments, but not <lambda. */
static void drop_arguments(char *name)
{
    char *to = name;
    unsigned depth = 0;

    for (const char *from = name; *from; from++) {
        if (*from == '<' && (depth || strncmp(from, "<lambda", 7) != 0)) depth++;
        if (depth == 0) *to++ = *from;
        if (*from == '>' && depth) depth--;
    }
    *to = 0;
}

/*
 * The name as the finder has it, of one as a compiler prints it: "T ns::a<T>::f(int) const [with T = int]"
 * is ns::a::f, and "main()::<lambda(int)>" is main::<lambda>.
 */
static char *plain_name(const char *name)
{
    const char *end = strchr(name, '('), *start, *lambda = strstr(name, "<lambda");
    char *plain = NULL;

    if (strncmp(name, "async::", 7) == 0) name += 7;
    /* operator()(int) */
    if (end && end - name >= 8 && memcmp(end - 8, "operator", 8) == 0 && end[1] == ')')
        end = strchr(end + 1, '(');
    if (!end) return strdup(name);
    start = end;
    while (start > name && start[-1] != ' ' && start[-1] != '*' && start[-1] != '&') start--;
    if (asprintf(&plain, "%.*s%s", (int)(end - start), start, lambda ? "::<lambda>" : "") < 0)
        return NULL;
    if (!strstr(plain, "operator")) drop_arguments(plain);
    return plain;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(worth *w, const char *name)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 64;
        char **grown = realloc(w->names, room * sizeof *grown);
        if (!grown) return 0;
        w->names = grown;
        w->room = room;
    }
    w->names[w->count] = plain_name(name);
    return w->names[w->count] ? (w->count++, 1) : 0;
}

/* mean_ns: negative if it is not known. */
static int consider(worth *w, const char *name, double inclusive, double mean_ns, double total)
{
    if (total <= 0 || 100 * inclusive / total < w->least_percent) return 1;
    if (mean_ns >= 0 && mean_ns < w->least_mean_ns) return 1;
    return add_name(w, name);
}

/* ---- profiles ---- */

static int from_profile(worth *w, const char *path)
{
    profile *p = NULL;
    stats *s = NULL;
    fault f = {0};
    int is_fine = 1;
    thag_err err = profile_load(&p, path, &f);

    if (!err) err = stats_new(&s, p, &f);
    if (err) {
        profile_free(p);
        return complain_fault(&f);
    }
    for (size_t i = 0; i < s->row_count && is_fine; i++) {
        const stats_row *r = &s->rows[i];
        is_fine = consider(w, r->name, (double)r->value[STATS_INCLUSIVE],
                           s->has_calls ? (double)r->value[STATS_MEAN] : -1, (double)s->total);
    }
    stats_free(s);
    profile_free(p);
    return is_fine ? EXIT_FINE : complain(EXIT_SYSTEM, path, "out of memory");
}

/* ---- what thag-analyze stats printed ---- */

static double number_of(const json_t *row, const char *key, double otherwise)
{
    const json_t *value = json_object_get(row, key);

    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static int from_json(worth *w, const char *path, const file_text *f)
{
    json_error_t error;
    json_t *all = json_loadb(f->text, f->len, 0, &error);
    const json_t *rows = json_object_get(all, "functions"), *row;
    double total = number_of(all, "total", 0);
    int is_fine = 1;
    size_t i;

    if (!all) return complain(EXIT_INPUT, path, "line %d: %s", error.line, error.text);
    if (!json_is_array(rows)) {
        json_decref(all);
        return complain(EXIT_INPUT, path, "is not what thag-analyze stats --json prints");
    }
    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name && is_fine) {
            is_fine = consider(w, name, number_of(row, "inclusive_ns", 0),
                               number_of(row, "mean_ns", -1), total);
        }
    }
    json_decref(all);
    return is_fine ? EXIT_FINE : complain(EXIT_SYSTEM, path, "out of memory");
}

/* The field at *at of a line of CSV, unquoted in place; *at becomes that of the next, NULL at the end. */
static char *next_field(char **at)
{
    char *field = *at, *to = field, *from = field;
    int is_quoted = *from == '"';

    if (is_quoted) from++;
    for (; *from; from++) {
        if (is_quoted && *from == '"' && *++from != '"') break;
        if (!is_quoted && *from == ',') break;
        *to++ = *from;
    }
    *at = *from == ',' ? from + 1 : NULL;
    *to = 0;
    return field;
}

enum { CSV_NAME, CSV_INCLUSIVE = 2, CSV_SELF = 3, CSV_MEAN = 5, CSV_FIELDS };

/* The leading fields of a line. 0 if there are fewer. */
static int read_row(char *line, char *fields[CSV_FIELDS])
{
    char *at = line;

    for (int i = 0; i < CSV_FIELDS; i++) {
        if (!at) return 0;
        fields[i] = next_field(&at);
    }
    return 1;
}

/* A name may hold a line end, but then it is no function's. */
static int each_row(worth *w, char *text, double total, double *sum)
{
    char *line, *rest = text, *fields[CSV_FIELDS];

    while ((line = strsep(&rest, "\n"))) {
        if (!read_row(line, fields)) continue;
        *sum += strtod(fields[CSV_SELF], NULL);
        if (total > 0 &&
            !consider(w, fields[CSV_NAME], strtod(fields[CSV_INCLUSIVE], NULL),
                      *fields[CSV_MEAN] ? strtod(fields[CSV_MEAN], NULL) : -1, total)) {
            return 0;
        }
    }
    return 1;
}

static int from_csv(worth *w, const char *path, const file_text *f)
{
    char *copy = strndup(f->text, f->len), *again = strndup(f->text, f->len);
    double total = 0, sum = 0;
    int is_fine = copy && again;

    if (is_fine) each_row(w, copy, 0, &total);
    is_fine = is_fine && each_row(w, again, total, &sum);
    free(copy);
    free(again);
    return is_fine ? EXIT_FINE : complain(EXIT_SYSTEM, path, "out of memory");
}

static const char csv_head[] = "name,calls,inclusive_ns,self_ns,min_ns,mean_ns";

static int begins_with(const file_text *f, const char *what)
{
    return f->len >= strlen(what) && memcmp(f->text, what, strlen(what)) == 0;
}

int worth_load(worth **out, const char *path, double least_percent, double least_mean_ns)
{
    worth *w = calloc(1, sizeof *w);
    file_text f = {0};
    int status;

    *out = NULL;
    if (!w) return complain(EXIT_SYSTEM, NULL, "out of memory");
    w->least_percent = least_percent;
    w->least_mean_ns = least_mean_ns;
    status = file_read(&f, path);
    if (status == EXIT_FINE) {
        status = begins_with(&f, csv_head) ? from_csv(w, path, &f)
                 : begins_with(&f, "{")    ? from_json(w, path, &f)
                                           : from_profile(w, path);
    }
    file_release(&f);
    if (status != EXIT_FINE) {
        worth_free(w);
        return status;
    }
    if (w->count) qsort(w->names, w->count, sizeof *w->names, by_name);
    *out = w;
    return EXIT_FINE;
}

void worth_free(worth *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->count; i++) free(w->names[i]);
    free(w->names);
    free(w);
}

int worth_has(const worth *w, const char *name)
{
    return w->count && bsearch(&name, w->names, w->count, sizeof *w->names, by_name) != NULL;
}
