/* From what the scanner found to what users get: reasons from afar, the place of the #include. */
#include <stdlib.h>
#include <string.h>

#include "source/source_scanner.h"

/* ---- reasons ---- */

/* A body that is read once belongs to the functions of all arms. */
static void settle_twins(scanner *s)
{
    for (uint32_t i = 0; i < s->functions_count; i++) {
        found *f = &s->functions[i];
        const found *twin = f;

        while (twin->twin != NO_FUNCTION) twin = &s->functions[twin->twin];
        if (twin == f) continue;
        f->twin = (uint32_t)(twin - s->functions); /* so that chains stay short */
        if (twin->f.end > f->f.body) {
            f->f.end = twin->f.end;
            f->f.end_line = twin->f.end_line;
        }
        if (f->f.reason == SOURCE_REASON_NONE) f->f.reason = twin->f.reason;
    }
}

static int is_resolver(const scanner *s, const found *f)
{
    const char *name = s->names + f->name;
    size_t len = strlen(name);

    for (uint32_t i = 0; i < s->resolver_count; i++) {
        token t = s->resolvers[i];
        if (t.end - t.start == len + 2 && memcmp(s->lex.text + t.start + 1, name, len) == 0)
            return 1;
    }
    return 0;
}

static void settle_reasons(scanner *s)
{
    settle_twins(s);
    for (uint32_t i = 0; i < s->functions_count; i++) {
        found *f = &s->functions[i];

        f->f.name = s->names + f->name;
        if (f->f.end_line == 0) f->f.end_line = s->line;
        if (f->f.reason != SOURCE_REASON_NONE) continue;
        if (is_resolver(s, f))
            f->f.reason = SOURCE_REASON_IFUNC;
        else if (s->opts->select)
            f->f.reason = s->opts->select(s->opts->context, &f->f);
    }
}

/* ---- the #include ---- */

/* The innermost arm around two. */
static uint32_t common_arm(const scanner *s, uint32_t a, uint32_t b)
{
    while (a != b) {
        if (s->arms[a].depth >= s->arms[b].depth)
            a = s->arms[a].parent;
        else
            b = s->arms[b].parent;
    }
    return a;
}

static const found *first_profiled(const scanner *s, uint32_t *around)
{
    const found *first = NULL;

    for (uint32_t i = 0; i < s->functions_count; i++) {
        const found *f = &s->functions[i];

        if (f->f.reason != SOURCE_REASON_NONE) continue;
        *around = first ? common_arm(s, *around, f->arm) : f->arm;
        if (!first) first = f;
    }
    return first;
}

static void place_on_top(const scanner *s, source_scan *to)
{
    uint32_t top = lexer_top(s->lex.text, s->lex.len);

    to->include = SOURCE_INCLUDE_LINE;
    to->include_at = top;
    to->include_line = top && s->lex.text[top - 1] == '\n' ? 2 : 1;
}

static void place_include(const scanner *s, source_scan *to)
{
    uint32_t around = 0;
    const found *first = first_profiled(s, &around);

    to->include = SOURCE_INCLUDE_NONE;
    if (!first || (s->opts->header && !*s->opts->header)) return;
    for (uint32_t a = around;; a = s->arms[a].parent) {
        if (s->arms[a].header < first->f.brace) return;
        if (a == 0) break;
    }
    for (uint32_t a = around;; a = s->arms[a].parent) {
        if (s->arms[a].blank < first->f.brace) {
            to->include = SOURCE_INCLUDE_BLANK;
            to->include_at = s->arms[a].blank;
            return;
        }
        if (a == 0) break;
    }
    place_on_top(s, to);
}

/* ---- the scan ---- */

static int begin(scanner *s, const char *text, uint32_t len, const source_opts *opts)
{
    memset(s, 0, sizeof *s);
    s->opts = opts;
    s->line = 1;
    lexer_init(&s->lex, text, len, opts->has_trigraphs);
    if (!SCANNER_ROOM(s, scopes, 1) || !SCANNER_ROOM(s, tokens, 1) || !SCANNER_ROOM(s, arms, 1)) {
        return 0;
    }
    s->scopes[0] = (scope){.function = NO_FUNCTION, .kind = SCOPE_FILE};
    memset(&s->tokens[0], 0, sizeof s->tokens[0]);
    s->arms[0] = (arm){.blank = NO_BLANK, .header = NO_BLANK};
    s->scopes_count = s->tokens_count = s->arms_count = 1;
    s->now.closed = NO_FUNCTION;
    return 1;
}

static void end(scanner *s)
{
    free(s->scopes);
    free(s->tokens);
    free(s->conditionals);
    free(s->arms);
    free(s->functions);
    free(s->names);
    free(s->prefixes);
    free(s->head.tokens);
    free(s->head.match);
    free(s->head.words);
}

static thag_err take_result(scanner *s, source_scan *to)
{
    scanner_line(s, s->lex.len);
    settle_reasons(s);
    to->count = s->functions_count;
    to->functions = malloc((to->count ? to->count : 1) * sizeof *to->functions);
    if (!to->functions) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < to->count; i++) to->functions[i] = s->functions[i].f;
    to->marks = s->marks;
    to->lost_line = s->lost_line;
    to->line_count = s->line;
    place_include(s, to);
    to->names = s->names;
    s->names = NULL;
    return THAG_OK;
}

thag_err source_scan_new(source_scan **out, const char *text, size_t len, const source_opts *opts)
{
    static const source_opts defaults;
    scanner s;
    source_scan *made = NULL;
    thag_err err = THAG_ERR_MEMORY;

    *out = NULL;
    if (len >= UINT32_MAX) return THAG_ERR_TOO_LARGE;
    if (!begin(&s, text, (uint32_t)len, opts ? opts : &defaults)) goto done;
    scanner_run(&s);
    made = s.is_out_of_memory ? NULL : calloc(1, sizeof *made);
    if (!made) goto done;
    err = take_result(&s, made);
    if (err) goto done;
    *out = made;
    made = NULL;
done:
    source_scan_free(made);
    end(&s);
    return err;
}

void source_scan_free(source_scan *s)
{
    if (!s) return;
    free(s->functions);
    free(s->names);
    free(s);
}
