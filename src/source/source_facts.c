/* Reasons, standards, endings of files. */
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "source/source_lex.h"

const char *source_reason_key(source_reason reason)
{
    static const char *const keys[] = {
#define SOURCE_REASON_KEY(id, key, text) key,
        SOURCE_REASONS(SOURCE_REASON_KEY)
#undef SOURCE_REASON_KEY
    };

    return (unsigned)reason < SOURCE_REASON_COUNT ? keys[reason] : "unknown";
}

const char *source_reason_text(source_reason reason)
{
    static const char *const texts[] = {
#define SOURCE_REASON_TEXT(id, key, text) text,
        SOURCE_REASONS(SOURCE_REASON_TEXT)
#undef SOURCE_REASON_TEXT
    };

    return (unsigned)reason < SOURCE_REASON_COUNT ? texts[reason] : "unknown";
}

/* ---- standards ---- */

typedef struct standard {
    const char *year;
    source_language language;
    int has_trigraphs; /* unless in a GNU dialect */
} standard;

static const standard standards[] = {
    {"89", SOURCE_C, 1},   {"90", SOURCE_C, 1},   {"99", SOURCE_C, 1},   {"9x", SOURCE_C, 1},
    {"11", SOURCE_C, 1},   {"1x", SOURCE_C, 1},   {"17", SOURCE_C, 1},   {"18", SOURCE_C, 1},
    {"23", SOURCE_C, 0},   {"2x", SOURCE_C, 0},   {"98", SOURCE_CXX, 1}, {"03", SOURCE_CXX, 1},
    {"11", SOURCE_CXX, 1}, {"0x", SOURCE_CXX, 1}, {"14", SOURCE_CXX, 1}, {"1y", SOURCE_CXX, 1},
    {"17", SOURCE_CXX, 0}, {"1z", SOURCE_CXX, 0}, {"20", SOURCE_CXX, 0}, {"2a", SOURCE_CXX, 0},
    {"23", SOURCE_CXX, 0}, {"2b", SOURCE_CXX, 0}, {"26", SOURCE_CXX, 0}, {"2c", SOURCE_CXX, 0},
};

int source_opts_standard(source_opts *opts, const char *text)
{
    const char *year = text;
    source_language language = SOURCE_C;
    int is_gnu = strncmp(text, "gnu", 3) == 0;

    if (is_gnu)
        year += 3;
    else if (*year++ != 'c')
        return 0;
    if (strncmp(year, "++", 2) == 0) {
        language = SOURCE_CXX;
        year += 2;
    }
    for (size_t i = 0; i < sizeof standards / sizeof *standards; i++) {
        const standard *s = &standards[i];
        if (s->language != language || strcmp(s->year, year) != 0) continue;
        opts->language = language;
        opts->has_trigraphs = s->has_trigraphs && !is_gnu;
        return 1;
    }
    return 0;
}

/* ---- languages ---- */

static int is_one_of(const char *ending, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(ending, *list) == 0) return 1;
    }
    return 0;
}

/* Whether a token tells that this is C++: template <, class X, namespace, std::, public: */
static int tells_of_cxx(lexer *l, token t, token before)
{
    if (token_is_punct(t, PUNCT_SCOPE)) return 1;
    if (token_is_punct(t, '<')) return token_is(l, before, "template");
    if (token_is_punct(t, '{')) return token_is(l, before, "namespace");
    if (token_is_punct(t, ':'))
        return token_is(l, before, "public") || token_is(l, before, "private") ||
               token_is(l, before, "protected");
    return t.kind == TOKEN_NAME &&
           (token_is(l, before, "namespace") || token_is(l, before, "class"));
}

/* Skip what only a C++ compiler sees: a header that has it is meant for C, too. */
static void skip_cxx_arm(lexer *l)
{
    unsigned depth = 0;
    token t;

    while (lexer_skip_to_hash(l).kind != TOKEN_END) {
        l->is_directive = 1;
        t = lexer_next(l);
        if (token_is(l, t, "if") || token_is(l, t, "ifdef") || token_is(l, t, "ifndef")) depth++;
        if (depth == 0 && (token_is(l, t, "else") || token_is(l, t, "endif"))) return;
        if (token_is(l, t, "endif")) depth--;
        lexer_end_directive(l);
    }
}

/* #ifdef __cplusplus or #if defined(__cplusplus), and nothing with a "not" in it */
static int is_cxx_condition(lexer *l)
{
    token t = lexer_next(l);
    int is_if = token_is(l, t, "ifdef") || token_is(l, t, "if"), found = 0;

    while (l->is_directive) {
        t = lexer_next(l);
        if (token_is_punct(t, '!')) is_if = 0;
        found |= token_is(l, t, "__cplusplus");
    }
    return is_if && found;
}

static source_language language_of_header(const char *text, size_t len)
{
    token t, before = {0};
    lexer l;

    if (len >= UINT32_MAX) return SOURCE_C;
    lexer_init(&l, text, (uint32_t)len, 0);
    while ((t = lexer_next(&l)).kind != TOKEN_END) {
        if (t.kind == TOKEN_HASH) {
            l.is_directive = 1;
            if (is_cxx_condition(&l)) skip_cxx_arm(&l);
            lexer_end_directive(&l);
        } else if (tells_of_cxx(&l, t, before)) {
            return SOURCE_CXX;
        }
        before = t;
    }
    return SOURCE_C;
}

int source_language_of(source_language *language, const char *path, const char *text, size_t len)
{
    static const char *const c[] = {"c", "i", NULL};
    static const char *const cxx[] = {"cc",  "cpp", "cxx", "c++", "C",   "cp",  "ii",  "hh",
                                      "hpp", "hxx", "h++", "H",   "tcc", "ipp", "ixx", NULL};
    static const char *const either[] = {"h", "inc", "inl", NULL};
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

    if (!dot) return 0;
    if (is_one_of(dot + 1, c))
        *language = SOURCE_C;
    else if (is_one_of(dot + 1, cxx))
        *language = SOURCE_CXX;
    else if (is_one_of(dot + 1, either))
        *language = language_of_header(text, len);
    else
        return 0;
    return 1;
}
