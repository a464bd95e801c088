/*
 * diff.c - unified diffs, of texts that are the same line for line but for changes within lines, and
 * for the two lines that hold the #include where there was no empty one. So no search is needed.
 */
#include <string.h>

#include "thag-instrument/instrument.h"

#define CONTEXT     3
#define EXTRA_LINES 2 /* #include and #line */

typedef struct side {
    const char *text;
    size_t len, at;
    size_t line; /* of the line at `at`, from 1 */
} side;

static size_t line_len(const side *s)
{
    const char *newline = s->at < s->len ? memchr(s->text + s->at, '\n', s->len - s->at) : NULL;

    return newline ? (size_t)(newline - s->text) + 1 - s->at : s->len - s->at;
}

static void next_line(side *s)
{
    s->at += line_len(s);
    s->line++;
}

static int is_same(const side *a, const side *b)
{
    size_t len = line_len(a);

    return len == line_len(b) && memcmp(a->text + a->at, b->text + b->at, len) == 0;
}

static void put_line(FILE *to, char sign, const side *s)
{
    size_t len = line_len(s);

    fputc(sign, to);
    fwrite(s->text + s->at, 1, len, to);
    if (len == 0 || s->text[s->at + len - 1] != '\n') fputs("\n\\ No newline at end of file\n", to);
}

/* Whether the lines at s are the two that an #include takes, and the line behind them is other's. */
static int is_extra(const side *s, const side *other)
{
    side behind = *s;

    if (s->len - s->at < 9 || memcmp(s->text + s->at, "#include ", 9) != 0) return 0;
    if (!memmem(s->text + s->at, line_len(s), SOURCE_MARK, SOURCE_MARK_LEN)) return 0;
    next_line(&behind);
    if (behind.len - behind.at < 6 || memcmp(behind.text + behind.at, "#line ", 6) != 0) return 0;
    next_line(&behind);
    return behind.at == behind.len || is_same(&behind, other) || !is_same(s, other);
}

/* One step through both texts: lines taken from each, nothing if both are at their end. */
typedef struct step {
    unsigned old_lines, new_lines;
    int is_change;
} step;

static step next_step(const side *a, const side *b)
{
    int a_ended = a->at >= a->len, b_ended = b->at >= b->len;

    if (a_ended && b_ended) return (step){0, 0, 0};
    if (!a_ended && !b_ended && is_same(a, b)) return (step){1, 1, 0};
    if (!b_ended && is_extra(b, a)) return (step){0, EXTRA_LINES, 1};
    if (!a_ended && is_extra(a, b)) return (step){EXTRA_LINES, 0, 1};
    return (step){!a_ended, !b_ended, 1};
}

static void take(side *a, side *b, step s)
{
    for (unsigned i = 0; i < s.old_lines; i++) next_line(a);
    for (unsigned i = 0; i < s.new_lines; i++) next_line(b);
}

/* The end of the hunk that begins at a, b: behind the context of its last change. */
static void find_hunk_end(side a, side b, side *old_end, side *new_end)
{
    unsigned same = CONTEXT; /* the hunk begins with up to so many */
    int was_changed = 0;
    step s;

    *old_end = a;
    *new_end = b;
    while ((s = next_step(&a, &b)).old_lines || s.new_lines) {
        take(&a, &b, s);
        same = s.is_change ? 0 : same + 1;
        if (s.is_change) was_changed = 1;
        if (was_changed && same > 2 * CONTEXT) return;
        if (!was_changed || same <= CONTEXT) {
            *old_end = a;
            *new_end = b;
        }
    }
}

/* All removals of a run of changes, then all additions. */
static void put_changes(FILE *to, side *a, side *b, const side *a_end, const side *b_end)
{
    side c = *a, d = *b;
    step s;

    while ((c.at < a_end->at || d.at < b_end->at) && (s = next_step(&c, &d)).is_change)
        take(&c, &d, s);
    for (; a->at < c.at; next_line(a)) put_line(to, '-', a);
    for (; b->at < d.at; next_line(b)) put_line(to, '+', b);
}

static void put_hunk(FILE *to, side *a, side *b)
{
    side a_end, b_end;
    size_t old_lines, new_lines;

    find_hunk_end(*a, *b, &a_end, &b_end);
    old_lines = a_end.line - a->line;
    new_lines = b_end.line - b->line;
    fprintf(to, "@@ -%zu,%zu +%zu,%zu @@\n", old_lines ? a->line : a->line - 1, old_lines,
            new_lines ? b->line : b->line - 1, new_lines);
    while (a->at < a_end.at || b->at < b_end.at) {
        if (next_step(a, b).is_change) {
            put_changes(to, a, b, &a_end, &b_end);
        } else {
            put_line(to, ' ', a);
            take(a, b, (step){1, 1, 0});
        }
    }
}

/* Go on to CONTEXT lines before the next change. 0: there is none. */
static int find_change(side *a, side *b)
{
    side old[CONTEXT + 1], new[CONTEXT + 1];
    size_t count = 0;
    step s;

    while ((s = next_step(a, b)).old_lines || s.new_lines) {
        if (s.is_change) {
            if (count) {
                size_t back = count < CONTEXT ? 0 : count % CONTEXT;
                *a = old[back];
                *b = new[back];
            }
            return 1;
        }
        old[count % CONTEXT] = *a;
        new[count % CONTEXT] = *b;
        count++;
        take(a, b, s);
    }
    return 0;
}

void diff_write(FILE *to, const char *path, const char *old, size_t old_len, const char *new,
                size_t new_len)
{
    side a = {old, old_len, 0, 1}, b = {new, new_len, 0, 1};
    int is_first = 1;

    while (find_change(&a, &b)) {
        if (is_first) fprintf(to, "--- %s\n+++ %s\n", path, path);
        is_first = 0;
        put_hunk(to, &a, &b);
    }
}
