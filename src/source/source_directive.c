/*
 * Directives: conditionals, which fork the scanner's state; definitions, in which functions are
 * reported but left alone; includes, in case one of them is ours.
 */
#include <string.h>

#include "source/source_scanner.h"

#define ARM_DEPTH_MAX 200 /* deeper arms are taken for the one around them */
#define HEADER        "thag_profiler.h"

/* ---- conditionals ---- */

static uint32_t new_arm(scanner *s, uint32_t parent)
{
    arm *a;

    if (s->arms[parent].depth >= ARM_DEPTH_MAX) return parent;
    if (!SCANNER_ROOM(s, arms, 1)) return parent;
    a = &s->arms[s->arms_count];
    a->parent = parent;
    a->depth = s->arms[parent].depth + 1;
    a->blank = a->header = NO_BLANK;
    return s->arms_count++;
}

/* From here on, what there is of scopes and tokens stays. */
static void raise_floors(scanner *s)
{
    s->scope_floor = s->scopes_count;
    s->token_floor = s->tokens_count;
}

static void begin_if(scanner *s, int is_zero, token macro, int is_positive)
{
    conditional *c;

    if (!SCANNER_ROOM(s, conditionals, 1)) {
        return;
    }
    c = &s->conditionals[s->conditionals_count++];
    memset(c, 0, sizeof *c);
    c->before = s->now;
    c->scope_floor = s->scope_floor;
    c->token_floor = s->token_floor;
    c->opened_scopes = s->scopes_count;
    c->arm = s->arm;
    c->is_skipping = (uint8_t)is_zero;
    c->macro = macro;
    c->is_positive = (uint8_t)is_positive;
    s->arm = new_arm(s, c->arm);
    raise_floors(s);
}

/* The last in the chain of twins stands for all. What is walked becomes shorter for the next. */
static uint32_t last_twin(scanner *s, uint32_t function)
{
    for (uint32_t next; (next = s->functions[function].twin) != NO_FUNCTION; function = next) {
        if (s->functions[next].twin != NO_FUNCTION)
            s->functions[function].twin = s->functions[next].twin;
    }
    return function;
}

/* Chains are joined at their ends, so that none becomes a ring. */
static void make_twins(scanner *s, uint32_t a, uint32_t b)
{
    uint32_t last_a = last_twin(s, a), last_b = last_twin(s, b);

    if (last_a != last_b) s->functions[last_a].twin = last_b;
}

/* Functions that a dropped arm left open share their body with the one of the arm that is kept. */
static void note_twins(scanner *s, const conditional *c, const state *dropped, const state *kept)
{
    uint32_t twin = s->scopes[kept->scope].function;

    for (uint32_t i = dropped->scope; i >= c->opened_scopes && i != 0; i = s->scopes[i].parent) {
        uint32_t function = s->scopes[i].function;

        if (s->scopes[i].kind != SCOPE_FUNCTION || function == NO_FUNCTION) continue;
        if (twin != NO_FUNCTION) make_twins(s, function, twin);
    }
}

static int is_same_macro(const scanner *s, token a, token b)
{
    return a.end - a.start == b.end - b.start &&
           memcmp(s->lex.text + a.start, s->lex.text + b.start, a.end - a.start) == 0;
}

/* Whether the macro is defined, as assumed from now on if not before. */
static int assume(scanner *s, token macro, int is_defined)
{
    for (uint32_t i = 0; i < s->assumptions_count; i++) {
        if (is_same_macro(s, s->assumptions[i].macro, macro)) return s->assumptions[i].is_defined;
    }
    if (s->assumptions_count < ASSUMPTIONS)
        s->assumptions[s->assumptions_count++] = (assumption){macro, is_defined};
    return is_defined;
}

/*
 * Which state goes on behind #endif: that of the first arm. But where two arms differ in the braces
 * they open or close, it must be the arm of a macro that was chosen at its last such place.
 */
static state state_behind(scanner *s, const conditional *c)
{
    state first = c->has_after ? c->after : s->now;
    state second = c->else_count ? s->now : c->before;
    int is_even = s->scopes[first.scope].depth == s->scopes[second.scope].depth &&
                  first.parens == second.parens;

    if (is_even || c->macro.kind != TOKEN_NAME || c->else_count > 1) return first;
    return assume(s, c->macro, c->is_positive) == c->is_positive ? first : second;
}

static void end_arm(scanner *s, conditional *c)
{
    if (c->is_skipping) {
        c->is_skipping = 0;
    } else if (!c->has_after) {
        c->after = s->now;
        c->has_after = 1;
    } else {
        note_twins(s, c, &s->now, &c->after);
    }
}

static void begin_else(scanner *s)
{
    conditional *c;

    if (!s->conditionals_count) return;
    c = &s->conditionals[s->conditionals_count - 1];
    end_arm(s, c);
    c->else_count += c->else_count < 2;
    s->now = c->before;
    s->arm = new_arm(s, c->arm);
    raise_floors(s);
}

static void end_if(scanner *s)
{
    conditional *c;
    state kept;
    int was_skipping;

    if (!s->conditionals_count) return;
    c = &s->conditionals[s->conditionals_count - 1];
    was_skipping = c->is_skipping;
    kept = was_skipping ? (c->has_after ? c->after : c->before) : state_behind(s, c);
    if (!was_skipping) end_arm(s, c);
    if (c->has_after && kept.scope != c->after.scope) note_twins(s, c, &c->after, &kept);
    s->now = kept;
    s->scope_floor = c->scope_floor;
    s->token_floor = c->token_floor;
    s->arm = c->arm;
    s->conditionals_count--;
}

/* ---- #define ---- */

static void note_macro_reason(scanner *s, token name, token t)
{
    source_reason reason = reason_of_attribute(&s->lex, t);

    if (reason == SOURCE_REASON_NONE || reason == SOURCE_REASON_CONSTEXPR) return;
    if (s->macro_reason_count == MACRO_REASONS) return;
    s->macro_reasons[s->macro_reason_count++] = (macro_reason){name, reason};
}

/* How far the text of a macro is on the way to `type name(...) {`. */
typedef struct macro_head {
    token before, last; /* the two tokens before this one */
    token name;         /* before the parentheses */
    uint32_t depth;
    int is_typed; /* the name stands behind a type */
    int is_ready; /* behind the parentheses */
} macro_head;

static void add_macro_function(scanner *s, token name, token brace)
{
    found f = {.f = {.head = name.start, .brace = brace.start, .body = brace.end}};

    f.f.end = brace.end;
    f.f.line = f.f.end_line = scanner_line(s, brace.start);
    f.f.reason = SOURCE_REASON_MACRO;
    f.twin = NO_FUNCTION;
    scanner_add(s, &f, s->lex.text + name.start, name.end - name.start);
}

static void macro_open_paren(scanner *s, macro_head *m)
{
    word w;

    if (m->depth++ || m->last.kind != TOKEN_NAME) return;
    w = word_of(&s->lex, m->last, s->opts->language);
    m->name = m->last;
    m->is_typed =
        w == WORD_NONE && (token_is_punct(m->before, '*') || token_is_punct(m->before, '#') ||
                           (m->before.kind == TOKEN_NAME &&
                            word_of(&s->lex, m->before, s->opts->language) != WORD_CONTROL));
}

static void macro_token(scanner *s, macro_head *m, token t)
{
    int punct = t.kind == TOKEN_PUNCT ? t.punct : 0;

    if (punct == '(') {
        macro_open_paren(s, m);
    } else if (punct == ')' || punct == '}') {
        if (m->depth) m->depth--;
        m->is_ready = punct == ')' && m->depth == 0 && m->is_typed;
    } else if (punct == '{') {
        if (m->depth == 0 && m->is_ready) add_macro_function(s, m->name, t);
        m->depth++;
        m->is_ready = 0;
    } else if (t.kind != TOKEN_NAME) {
        m->is_ready = 0;
    }
    m->before = m->last;
    m->last = t;
}

static void read_definition(scanner *s)
{
    token name = lexer_next(&s->lex), t = name;
    macro_head m = {0};
    int depth = 0;

    if (name.kind != TOKEN_NAME) return;
    if (s->lex.at < s->lex.len && s->lex.text[s->lex.at] == '(') {
        do {
            t = lexer_next(&s->lex);
            depth += token_is_punct(t, '(') - token_is_punct(t, ')');
        } while (depth > 0 && s->lex.is_directive);
    }
    while (s->lex.is_directive) {
        t = lexer_next(&s->lex);
        if (t.kind == TOKEN_NAME) note_macro_reason(s, name, t);
        macro_token(s, &m, t);
    }
}

/* ---- the others ---- */

static void read_include(scanner *s, token hash)
{
    const char *text = s->lex.text + s->lex.at;
    arm *a = &s->arms[s->arm];
    uint32_t from = s->lex.at;

    lexer_end_directive(&s->lex);
    if (a->header == NO_BLANK && memmem(text, s->lex.at - from, HEADER, sizeof HEADER - 1))
        a->header = hash.start;
}

/* #if 0, #if X, #if defined(X), #if !defined X; anything else is just a condition. */
static void read_if(scanner *s)
{
    token first = lexer_next(&s->lex), t = first, macro;
    int is_positive = 1, is_zero;

    if (token_is_punct(t, '!')) {
        is_positive = 0;
        t = lexer_next(&s->lex);
    }
    if (token_is(&s->lex, t, "defined")) t = lexer_next(&s->lex);
    if (token_is_punct(t, '(')) t = lexer_next(&s->lex);
    macro = t;
    while (s->lex.is_directive && token_is_punct(t = lexer_next(&s->lex), ')')) continue;
    is_zero = first.kind == TOKEN_NUMBER && first.end - first.start == 1 &&
              s->lex.text[first.start] == '0' && !s->lex.is_directive;
    if (s->lex.is_directive) macro.kind = TOKEN_END;
    begin_if(s, is_zero, macro, is_positive);
}

/* One directive. 1 if it was a conditional's. */
static void read_directive(scanner *s, token hash)
{
    token name;

    s->lex.is_directive = 1;
    name = lexer_next(&s->lex);
    if (token_is(&s->lex, name, "define"))
        read_definition(s);
    else if (token_is(&s->lex, name, "include") || token_is(&s->lex, name, "import") ||
             token_is(&s->lex, name, "include_next"))
        read_include(s, hash);
    else if (token_is(&s->lex, name, "if"))
        read_if(s);
    else if (token_is(&s->lex, name, "ifdef"))
        begin_if(s, 0, lexer_next(&s->lex), 1);
    else if (token_is(&s->lex, name, "ifndef"))
        begin_if(s, 0, lexer_next(&s->lex), 0);
    else if (token_is(&s->lex, name, "else") || token_is(&s->lex, name, "elif") ||
             token_is(&s->lex, name, "elifdef") || token_is(&s->lex, name, "elifndef"))
        begin_else(s);
    else if (token_is(&s->lex, name, "endif"))
        end_if(s);
    lexer_end_directive(&s->lex);
}

/* Below #if 0 only conditionals count. depth: of those that begin there. */
static void skip_directive(scanner *s, uint32_t *depth)
{
    token name;

    s->lex.is_directive = 1;
    name = lexer_next(&s->lex);
    if (token_is(&s->lex, name, "if") || token_is(&s->lex, name, "ifdef") ||
        token_is(&s->lex, name, "ifndef")) {
        ++*depth;
    } else if (token_is(&s->lex, name, "endif")) {
        if (*depth)
            --*depth;
        else
            end_if(s);
    } else if (*depth == 0 &&
               (token_is(&s->lex, name, "else") || token_is(&s->lex, name, "elif") ||
                token_is(&s->lex, name, "elifdef") || token_is(&s->lex, name, "elifndef"))) {
        begin_else(s);
    }
    lexer_end_directive(&s->lex);
}

static int is_skipping(const scanner *s)
{
    return s->conditionals_count && s->conditionals[s->conditionals_count - 1].is_skipping;
}

void scanner_directive(scanner *s, token hash)
{
    uint32_t depth = 0;

    read_directive(s, hash);
    while (is_skipping(s) && !s->is_out_of_memory) {
        if (lexer_skip_to_hash(&s->lex).kind == TOKEN_END) return;
        skip_directive(s, &depth);
    }
}
