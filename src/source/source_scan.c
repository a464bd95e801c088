/*
 * How the finder sees a text: a stack of scopes, and the head of the brace to come. A `{` asks what its
 * head is, a `;` or `}` ends it. Each arm of a conditional begins with the state before #if; behind
 * #endif the first arm's goes on, so functions whose heads differ by arm are all found, and
 * their common body is read once.
 */
#include <stdlib.h>
#include <string.h>

#include "source/source_mark.h"
#include "source/source_scanner.h"

#define NAME_MAX_LEN 400  /* of a qualified name; what is longer is cut */
#define HEAD_MAX     1024 /* tokens of a head that are looked at: the last ones */

/* ---- storage ---- */

void *scanner_grow(scanner *s, void *array, size_t *room, size_t count, size_t size)
{
    size_t wanted = *room ? *room * 2 : 64;
    void *grown;

    while (wanted < count) wanted *= 2;
    grown = s->is_out_of_memory ? NULL : realloc(array, wanted * size);
    s->is_out_of_memory |= !grown;
    if (!grown) return array;
    *room = wanted;
    return grown;
}

uint32_t scanner_line(scanner *s, uint32_t at)
{
    const char *text = s->lex.text;

    while (s->counted_to < at) {
        const char *newline = memchr(text + s->counted_to, '\n', at - s->counted_to);
        if (!newline) break;
        s->line++;
        s->counted_to = (uint32_t)(newline - text) + 1;
    }
    if (s->counted_to < at) s->counted_to = at;
    return s->line;
}

uint32_t scanner_add(scanner *s, const found *f, const char *name, size_t name_len)
{
    static const char unnamed[] = "(unnamed)"; /* of text that is damaged */
    found *to;

    if (!name_len) {
        name = unnamed;
        name_len = sizeof unnamed - 1;
    }
    if (!SCANNER_ROOM(s, functions, 1)) return NO_FUNCTION;
    if (!SCANNER_ROOM(s, names, name_len + 1)) return NO_FUNCTION;
    to = &s->functions[s->functions_count];
    *to = *f;
    to->name = s->names_count;
    to->arm = s->arm;
    to->twin = NO_FUNCTION;
    for (size_t i = 0; i < name_len; i++) /* a name is a string */
        s->names[s->names_count + i] = (char)(name[i] ? name[i] : '?');
    s->names[s->names_count + name_len] = 0;
    s->names_count += name_len + 1;
    return s->functions_count++;
}

/* ---- heads ---- */

static scope *scope_now(scanner *s)
{
    return &s->scopes[s->now.scope];
}

static int head_is_empty(scanner *s)
{
    return s->now.first == 0;
}

void scanner_reset_head(scanner *s)
{
    uint32_t base = scope_now(s)->base, keep = base > s->now.old_style ? base : s->now.old_style;

    s->now.last = base;
    s->now.first = 0;
    s->now.may_be_old_style = 0;
    s->now.closed = NO_FUNCTION;
    if (keep + 1 >= s->token_floor) s->tokens_count = keep + 1;
}

/* The token that was read last, which stands behind the others already, becomes a part of the head. */
static void take(scanner *s)
{
    s->tokens[s->tokens_count].before = s->now.last;
    s->now.last = s->tokens_count++;
    if (!s->now.first) s->now.first = s->now.last;
}

static void append(scanner *s, token t)
{
    if (!SCANNER_ROOM(s, tokens, 1)) return;
    s->tokens[s->tokens_count].token = t;
    take(s);
}

/* Copy the tokens from `last` back to `base` into the head, and prepare it. */
static head *gather(scanner *s, uint32_t last, uint32_t base)
{
    head *h = &s->head;
    uint32_t count = 0, i;

    for (i = last; i != base && count < HEAD_MAX; i = s->tokens[i].before) count++;
    h->count = 0;
    if (count > s->head_room) {
        size_t room = count + 64u;
        free(h->tokens);
        free(h->match);
        free(h->words);
        h->tokens = malloc(room * sizeof *h->tokens);
        h->match = malloc(room * sizeof *h->match);
        h->words = malloc(room);
        s->head_room = h->tokens && h->match && h->words ? room : 0;
        if (!s->head_room) {
            s->is_out_of_memory = 1;
            return h;
        }
    }
    h->count = count;
    h->lex = &s->lex;
    h->language = s->opts->language;
    h->reason = SOURCE_REASON_NONE;
    h->is_constexpr = 0;
    for (i = last; count > 0; i = s->tokens[i].before) h->tokens[--count] = s->tokens[i].token;
    head_prepare(h);
    return h;
}

/* ---- names ---- */

/* Append tokens without what stands between them, but for words that would run together. */
static size_t put_tokens(scanner *s, const head *h, uint32_t from, uint32_t to, char *out,
                         size_t len)
{
    for (uint32_t i = from; i < to && len + 1 < NAME_MAX_LEN; i++) {
        token t = h->tokens[i];

        if (i > from && t.kind == TOKEN_NAME && h->tokens[i - 1].kind == TOKEN_NAME)
            out[len++] = ' ';
        len += token_copy(&s->lex, t, out + len, NAME_MAX_LEN - len);
    }
    return len;
}

/* The qualified name of what a head declares, in `out` of NAME_MAX_LEN bytes. */
static size_t qualified_name(scanner *s, const head *h, const verdict *v, char *out)
{
    const scope *around = scope_now(s);
    size_t len = 0;

    if (s->opts->language == SOURCE_CXX && around->prefix_len) {
        len = around->prefix_len;
        memcpy(out, s->prefixes + around->prefix, len);
        if (len + 3 < NAME_MAX_LEN) {
            memcpy(out + len, "::", 2);
            len += 2;
        }
    }
    if (v->kind == HEAD_LAMBDA && len + 9 < NAME_MAX_LEN) {
        memcpy(out + len, "<lambda>", 8);
        len += 8;
    }
    return put_tokens(s, h, v->name_from, v->name_to, out, len);
}

/* ---- scopes ---- */

static void push(scanner *s, scope_kind kind)
{
    scope *around, *to;

    if (!SCANNER_ROOM(s, scopes, 1)) return;
    around = scope_now(s);
    to = &s->scopes[s->scopes_count];
    *to = *around;
    to->parent = s->now.scope;
    to->base = s->now.last;
    to->first = s->now.first;
    to->parens = s->now.parens;
    to->depth = around->depth + 1;
    to->kind = (uint8_t)kind;
    s->now.scope = s->scopes_count++;
    s->now.parens = 0;
    s->now.first = 0;
    s->now.old_style = 0;
    s->now.may_be_old_style = 0;
    s->now.closed = NO_FUNCTION;
}

/* Give the scope just pushed the name that what it declares is qualified with. */
static void set_prefix(scanner *s, const char *name, size_t len)
{
    if (s->opts->language != SOURCE_CXX || len == 0) return;
    if (!SCANNER_ROOM(s, prefixes, len)) return;
    memcpy(s->prefixes + s->prefixes_count, name, len);
    scope_now(s)->prefix = s->prefixes_count;
    scope_now(s)->prefix_len = (uint32_t)len;
    s->prefixes_count += len;
}

static void lose(scanner *s, uint32_t at)
{
    s->now.is_lost = 1;
    if (!s->lost_line) s->lost_line = scanner_line(s, at);
}

/* ---- functions ---- */

static source_kind kind_of_function(scanner *s, const head *h, const verdict *v)
{
    const scope *around = scope_now(s);

    if (v->kind == HEAD_LAMBDA) return SOURCE_LAMBDA;
    if (around->kind == SCOPE_CLASS || v->is_qualified) return SOURCE_METHOD;
    if (around->kind <= SCOPE_LINKAGE && !v->is_static && v->name_to == v->name_from + 1 &&
        token_is(&s->lex, h->tokens[v->name_from], "main")) {
        return SOURCE_MAIN;
    }
    return SOURCE_FUNCTION;
}

/* What macros in the head stand for, as far as this file defines them. */
static source_reason reason_of_macros(scanner *s, const head *h)
{
    for (uint32_t i = 0; s->macro_reason_count && i < h->count; i++) {
        token t = h->tokens[i];

        for (uint32_t k = 0; t.kind == TOKEN_NAME && k < s->macro_reason_count; k++) {
            token name = s->macro_reasons[k].name;
            if (t.end - t.start == name.end - name.start &&
                memcmp(s->lex.text + t.start, s->lex.text + name.start, t.end - t.start) == 0) {
                return s->macro_reasons[k].reason;
            }
        }
    }
    return SOURCE_REASON_NONE;
}

static source_reason reason_of_head(scanner *s, const head *h, const verdict *v)
{
    source_reason reason = h->reason ? h->reason : reason_of_macros(s, h);

    if (v->kind == HEAD_TRY) return SOURCE_REASON_TRY;
    if (scope_now(s)->is_constexpr || h->is_constexpr) return SOURCE_REASON_CONSTEXPR;
    return reason == SOURCE_REASON_MUSTTAIL ? SOURCE_REASON_NONE : reason;
}

static void open_function(scanner *s, token brace, const head *h, const verdict *v)
{
    char name[NAME_MAX_LEN];
    size_t name_len = qualified_name(s, h, v, name);
    found f = {.is_weak = (uint8_t)v->is_weak};
    uint32_t number;
    int is_marked = mark_put_len(s->lex.text, s->lex.len, brace.end) > 0;

    f.f.head = s->now.first ? s->tokens[s->now.first].token.start : brace.start;
    if (s->now.old_style) f.f.head = h->count ? h->tokens[0].start : brace.start;
    f.f.brace = brace.start;
    f.f.body = brace.end;
    f.f.end = s->lex.len;
    f.f.line = scanner_line(s, brace.start);
    f.f.kind = kind_of_function(s, h, v);
    f.f.reason = is_marked ? SOURCE_REASON_ALREADY : reason_of_head(s, h, v);
    s->marks += (uint32_t)is_marked;
    number = scanner_add(s, &f, name, name_len);
    push(s, SCOPE_FUNCTION);
    scope_now(s)->function = number;
    scope_now(s)->is_constexpr |= f.f.reason == SOURCE_REASON_CONSTEXPR;
    set_prefix(s, name, name_len);
}

/* A table or a struct, or a function? A macro with arguments and braces may begin each. */
static int is_doubtful(const found *f, uint32_t last_end)
{
    int is_empty = last_end == f->f.body;

    return f->is_weak && !is_empty && !f->does;
}

static void give_reason(found *f, source_reason reason)
{
    if (f->f.reason == SOURCE_REASON_NONE) f->f.reason = reason;
}

static void close_function(scanner *s, token brace)
{
    found *f = &s->functions[scope_now(s)->function];

    f->f.end = brace.end;
    f->f.end_line = scanner_line(s, brace.start);
    if (is_doubtful(f, s->previous_end)) give_reason(f, SOURCE_REASON_UNSURE);
    if (f->is_asm && f->statements == 1) give_reason(f, SOURCE_REASON_ASM);
}

/* ---- braces ---- */

static void open_named(scanner *s, const head *h, const verdict *v, scope_kind kind)
{
    char name[NAME_MAX_LEN];
    size_t len = v->name_to > v->name_from ? qualified_name(s, h, v, name) : 0;
    int is_constexpr = h->is_constexpr && kind == SCOPE_VALUE;

    push(s, kind);
    set_prefix(s, name, len);
    scope_now(s)->is_constexpr |= (uint8_t)is_constexpr;
}

static void open_by_verdict(scanner *s, token brace, const head *h, const verdict *v)
{
    switch (v->kind) {
    case HEAD_FUNCTION:
    case HEAD_TRY:
    case HEAD_LAMBDA: open_function(s, brace, h, v); break;
    case HEAD_CLASS: open_named(s, h, v, SCOPE_CLASS); break;
    case HEAD_NAMESPACE: open_named(s, h, v, SCOPE_NAMESPACE); break;
    case HEAD_LINKAGE: push(s, SCOPE_LINKAGE); break;
    case HEAD_ENUM:
    case HEAD_VALUE:
        push(s, SCOPE_VALUE);
        scope_now(s)->is_constexpr |= (uint8_t)h->is_constexpr;
        break;
    case HEAD_CONTROL:
        if (scope_is_declarative(scope_now(s))) lose(s, brace.start);
        push(s, SCOPE_BLOCK);
        break;
    case HEAD_BLOCK: push(s, SCOPE_BLOCK); break;
    }
}

/* A function that begins in column 0 where a body should still go on: a brace was missed. */
static int begins_anew(scanner *s, head *h, verdict *v)
{
    token first = s->tokens[s->now.first].token;

    if (!s->now.first || !(first.flags & TOKEN_AT_COLUMN_0) || s->now.parens) return 0;
    *v = head_classify(h);
    return v->kind == HEAD_FUNCTION && !v->is_weak;
}

static void leave_to_declarations(scanner *s)
{
    state *now = &s->now;

    while (!scope_is_declarative(scope_now(s)) || scope_now(s)->kind == SCOPE_CLASS) {
        if (now->scope == 0) break;
        now->scope = scope_now(s)->parent;
    }
}

static void open_in_body(scanner *s, token brace)
{
    head *h;
    verdict v;

    if (s->opts->language == SOURCE_C && s->now.first) {
        /* Nearly all: if (x) {, for (...) {, else {. */
        const token *first = &s->tokens[s->now.first].token;
        if (first->kind == TOKEN_NAME && !(first->flags & TOKEN_AT_COLUMN_0) && !s->now.parens &&
            word_of(&s->lex, *first, SOURCE_C) == WORD_CONTROL) {
            push(s, SCOPE_BLOCK);
            return;
        }
    }
    h = gather(s, s->now.last, scope_now(s)->base);
    if (begins_anew(s, h, &v)) {
        if (!s->lost_line) s->lost_line = scanner_line(s, brace.start);
        leave_to_declarations(s);
        open_function(s, brace, h, &v);
        return;
    }
    v = head_classify_in_body(h);
    if (s->now.parens && v.kind == HEAD_BLOCK) v.kind = HEAD_VALUE;
    open_by_verdict(s, brace, h, &v);
}

static void open_declared(scanner *s, token brace)
{
    head *h;
    verdict v;

    if (head_is_empty(s) && s->now.old_style) {
        h = gather(s, s->now.old_style, scope_now(s)->base);
        if (head_is_old_style(h, &v)) {
            open_function(s, brace, h, &v);
            return;
        }
    }
    h = gather(s, s->now.last, scope_now(s)->base);
    v = s->now.parens ? head_classify_in_body(h) : head_classify(h);
    if (s->now.parens && v.kind != HEAD_LAMBDA) v.kind = HEAD_VALUE;
    open_by_verdict(s, brace, h, &v);
}

static void open_brace(scanner *s, token brace)
{
    scope_kind kind = (scope_kind)scope_now(s)->kind;

    if (s->now.is_lost)
        push(s, SCOPE_BLOCK);
    else if (kind == SCOPE_VALUE && s->opts->language == SOURCE_C)
        push(s, SCOPE_VALUE);
    else if (scope_is_declarative(scope_now(s)))
        open_declared(s, brace);
    else
        open_in_body(s, brace);
}

/* The braces are a part of the head around them, which goes on. */
static void go_on_behind(scanner *s, const scope *closed, token brace)
{
    token group = {brace.start, brace.end, TOKEN_GROUP, 0, 0};

    s->now.last = closed->base;
    s->now.first = closed->first;
    s->now.parens = closed->parens;
    /* What is longer than any head begins anew, or a text of nothing but {} would take for ever. */
    if (s->now.last - scope_now(s)->base > HEAD_MAX) scanner_reset_head(s);
    append(s, group);
}

static void close_brace(scanner *s, token brace)
{
    scope closed = *scope_now(s);
    uint32_t number = s->now.scope;

    if (brace.flags & TOKEN_AT_COLUMN_0 && s->now.is_lost) {
        s->now.is_lost = 0;
        leave_to_declarations(s);
        s->now.parens = 0;
        scanner_reset_head(s);
        return;
    }
    if (number == 0) {
        scanner_reset_head(s); /* one too many */
        return;
    }
    if (closed.kind == SCOPE_FUNCTION && closed.function != NO_FUNCTION) close_function(s, brace);
    s->now.scope = closed.parent;
    if (number + 1 == s->scopes_count && number >= s->scope_floor) s->scopes_count--;
    s->now.old_style = 0;
    if (closed.kind == SCOPE_VALUE || closed.kind == SCOPE_CLASS || closed.parens) {
        go_on_behind(s, &closed, brace);
        return;
    }
    if (closed.kind == SCOPE_BLOCK && scope_now(s)->kind == SCOPE_FUNCTION) {
        s->functions[scope_now(s)->function].statements = 2;
        s->functions[scope_now(s)->function].does = 1;
    }
    s->now.parens = 0;
    if (s->opts->language == SOURCE_CXX && closed.kind == SCOPE_FUNCTION &&
        closed.function != NO_FUNCTION && s->functions[closed.function].f.kind == SOURCE_LAMBDA) {
        go_on_behind(s, &closed, brace);
        return;
    }
    scanner_reset_head(s);
    if (closed.kind == SCOPE_FUNCTION) s->now.closed = closed.function;
}

/* ---- the other tokens ---- */

/* Whether the statement at hand is assembly without operands. */
static int is_basic_asm(scanner *s)
{
    if (!s->now.first) return 0;
    if (word_of(&s->lex, s->tokens[s->now.first].token, SOURCE_C) != WORD_ASM) return 0;
    for (uint32_t i = s->now.last; i != scope_now(s)->base; i = s->tokens[i].before) {
        token t = s->tokens[i].token;
        if (token_is_punct(t, ':') || token_is_punct(t, PUNCT_SCOPE)) return 0;
    }
    return 1;
}

/* Whether the statement at hand is more than a declaration, as the members of a struct are. */
static int does_something(scanner *s)
{
    token first = {0}, second = {0};
    word w;

    for (uint32_t i = s->now.last; i != scope_now(s)->base; i = s->tokens[i].before) {
        second = first;
        first = s->tokens[i].token;
        if (token_is_punct(first, '=') || token_is_punct(first, PUNCT_COMPARE)) return 1;
    }
    if (first.kind != TOKEN_NAME) return 1;
    w = word_of(&s->lex, first, s->opts->language);
    return w == WORD_CONTROL || w == WORD_ASM || second.kind == TOKEN_END ||
           (second.kind == TOKEN_PUNCT && second.punct != '*');
}

/* A statement has ended in a function: what does it tell about the function? */
static void note_statement(scanner *s)
{
    found *f = &s->functions[scope_now(s)->function];

    if (f->is_weak && !f->does) f->does = (uint8_t)does_something(s);
    if (f->statements >= 2) return;
    if (f->statements == 0) f->is_asm = (uint8_t)is_basic_asm(s);
    f->statements++;
}

/* } Name; behind braces: the declaration of a variable, not a function. */
static void note_declared_behind(scanner *s)
{
    if (s->now.closed == NO_FUNCTION || s->now.first != s->now.last || !s->now.first) return;
    if (s->tokens[s->now.first].token.kind == TOKEN_NAME && s->functions[s->now.closed].is_weak)
        give_reason(&s->functions[s->now.closed], SOURCE_REASON_UNSURE);
}

static void end_declaration(scanner *s)
{
    uint32_t pending = s->now.old_style;
    verdict v;

    note_declared_behind(s);
    if (s->now.may_be_old_style) {
        const head *h = gather(s, s->now.last, scope_now(s)->base);
        pending = head_is_old_style(h, &v) ? s->now.last : 0;
    }
    s->now.old_style = head_is_empty(s) ? 0 : pending;
    scanner_reset_head(s);
}

static void semicolon(scanner *s)
{
    scope *around = scope_now(s);

    if (s->now.parens) {
        take(s);
        return;
    }
    if (scope_is_declarative(around)) {
        end_declaration(s);
        return;
    }
    if (around->kind == SCOPE_FUNCTION && around->function != NO_FUNCTION) note_statement(s);
    scanner_reset_head(s);
}

/* public: and the like end a head in a class. */
static int is_access(scanner *s)
{
    return scope_now(s)->kind == SCOPE_CLASS && s->now.first && !s->now.parens &&
           word_of(&s->lex, s->tokens[s->now.first].token, s->opts->language) == WORD_ACCESS;
}

static void punctuator(scanner *s, const token *t)
{
    switch (t->punct) {
    case '{': open_brace(s, *t); return;
    case '}': close_brace(s, *t); return;
    case ';': semicolon(s); return;
    case '(':
    case '[': s->now.parens++; break;
    case ')':
    case ']': s->now.parens -= s->now.parens > 0; break;
    case ':':
        if (is_access(s)) {
            scanner_reset_head(s);
            return;
        }
        break;
    default: break;
    }
    take(s);
}

/* Names that tell something about the function they stand in. */
static void note_name_in_body(scanner *s, const token *t)
{
    const char *name = s->lex.text + t->start;
    uint32_t len = t->end - t->start, function = scope_now(s)->function;
    found *f;

    if (len < 8 || function == NO_FUNCTION) return;
    f = &s->functions[function];
    if (name[0] == 'T' && len >= 13 && memcmp(name, "THAG_", 5) == 0) {
        if (memcmp(name, "THAG_PROFILED", 13) == 0 || memcmp(name, "THAG_ENABLE_P", 13) == 0 ||
            (len == 19 && memcmp(name, "THAG_DEBUG_PROFILED", 19) == 0)) {
            f->f.reason = SOURCE_REASON_ALREADY;
        }
    } else if (name[0] == '_' && len == 9 && memcmp(name, "__label__", 9) == 0) {
        if (scope_now(s)->kind == SCOPE_FUNCTION) give_reason(f, SOURCE_REASON_LABEL);
    } else if (s->opts->language == SOURCE_CXX && name[0] == 'c' && len <= 9 &&
               (memcmp(name, "co_await", 8) == 0 || memcmp(name, "co_yield", 8) == 0 ||
                (len == 9 && memcmp(name, "co_return", 9) == 0))) {
        give_reason(f, SOURCE_REASON_COROUTINE);
    } else if ((len == 8 && memcmp(name, "musttail", 8) == 0) ||
               (len == 12 && memcmp(name, "__musttail__", 12) == 0)) {
        give_reason(f, SOURCE_REASON_MUSTTAIL);
    }
}

static void name_in_declaration(scanner *s, const token *t)
{
    const token *last = &s->tokens[s->now.last].token;

    if (token_is(&s->lex, *t, "ifunc") || token_is(&s->lex, *t, "__ifunc__")) s->resolver_next = 1;
    if (!s->now.first || s->now.parens) return;
    s->now.may_be_old_style |= token_is_punct(*last, ')') && s->opts->language == SOURCE_C;
    if (last->kind == TOKEN_GROUP) {
        /* int a[] = {1} END_OF_TABLE, without a semicolon, ends here. */
        token kept = *t;
        scanner_reset_head(s);
        s->tokens[s->tokens_count].token = kept;
    }
}

static void name(scanner *s, const token *t)
{
    if (scope_is_declarative(scope_now(s)))
        name_in_declaration(s, t);
    else
        note_name_in_body(s, t);
    take(s);
}

static void text(scanner *s, const token *t)
{
    if (s->resolver_next && s->resolver_count < RESOLVERS) s->resolvers[s->resolver_count++] = *t;
    s->resolver_next = 0;
    take(s);
}

/* The first empty line of an arm, for the #include. */
static void note_blank(scanner *s)
{
    arm *a = &s->arms[s->arm];

    if (a->blank != NO_BLANK || s->now.scope >= s->scopes_count) return;
    if (scope_now(s)->kind > SCOPE_LINKAGE || !head_is_empty(s) || s->now.old_style ||
        s->now.is_lost || s->now.parens) {
        return;
    }
    a->blank = s->lex.blank;
}

void scanner_run(scanner *s)
{
    while (!s->is_out_of_memory && SCANNER_ROOM(s, tokens, 1)) {
        /* Read to where it stays if it becomes a part of the head. */
        token *t = &s->tokens[s->tokens_count].token;
        uint32_t end;

        lexer_read(&s->lex, t);
        end = t->end;
        if (s->lex.blank != LEXER_NO_BLANK) note_blank(s);
        switch ((token_kind)t->kind) {
        case TOKEN_END: return;
        case TOKEN_HASH: scanner_directive(s, *t); continue;
        case TOKEN_PUNCT: punctuator(s, t); break;
        case TOKEN_NAME: name(s, t); break;
        case TOKEN_TEXT: text(s, t); break;
        default: take(s); break;
        }
        s->previous_end = end;
    }
}
