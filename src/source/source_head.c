#include "source/source_head.h"

#include <string.h>

#define LAMBDA_TAIL_MAX 64 /* tokens between the parameters and the brace */

static int is_punct_at(const head *h, uint32_t i, int punct)
{
    return i < h->count && token_is_punct(h->tokens[i], punct);
}

static int is_name_at(const head *h, uint32_t i)
{
    return i < h->count && h->tokens[i].kind == TOKEN_NAME;
}

static word word_at(const head *h, uint32_t i)
{
    return i < h->count ? (word)h->words[i] : WORD_NONE;
}

/* ---- preparing ---- */

/* Partners of brackets. While open, match[] links the stack of open ones. */
static void find_partners(head *h)
{
    uint32_t top = UINT32_MAX, below;

    for (uint32_t i = 0; i < h->count; i++) {
        int punct = h->tokens[i].kind == TOKEN_PUNCT ? h->tokens[i].punct : 0;

        h->match[i] = i;
        if (punct == '(' || punct == '[') {
            h->match[i] = top;
            top = i;
        } else if ((punct == ')' || punct == ']') && top != UINT32_MAX &&
                   is_punct_at(h, top, punct == ')' ? '(' : '[')) {
            below = h->match[top];
            h->match[top] = i;
            h->match[i] = top;
            top = below;
        }
    }
    for (; top != UINT32_MAX; top = below) {
        below = h->match[top];
        h->match[top] = top;
    }
}

/* The token behind the angle brackets that open at `i`; i itself if they do not close. */
static uint32_t behind_angles(const head *h, uint32_t i)
{
    uint32_t depth = 0;

    for (uint32_t k = i; k < h->count; k++) {
        if (is_punct_at(h, k, '<')) depth++;
        if (is_punct_at(h, k, '>') && --depth == 0) return k + 1;
        if (h->match[k] > k) k = h->match[k];
    }
    return i;
}

static void take_reason(head *h, source_reason reason)
{
    if (reason == SOURCE_REASON_CONSTEXPR)
        h->is_constexpr = h->language == SOURCE_CXX;
    else if (reason != SOURCE_REASON_NONE)
        h->reason = reason;
}

/* The first token behind what is to be dropped at `i`; i itself if nothing is. */
static uint32_t behind_dropped(head *h, uint32_t i)
{
    word w = word_at(h, i);
    uint32_t end = i;

    if (w == WORD_IGNORED) return i + 1;
    if ((w == WORD_ATTRIBUTE || w == WORD_ASM) && is_punct_at(h, i + 1, '('))
        end = h->match[i + 1] > i + 1 ? h->match[i + 1] + 1 : i;
    else if (is_punct_at(h, i, '[') && is_punct_at(h, i + 1, '[') &&
             h->match[i] == h->match[i + 1] + 1)
        end = h->match[i] + 1;
    else if (w == WORD_TEMPLATE && is_punct_at(h, i + 1, '<'))
        return behind_angles(h, i + 1) > i + 1 ? behind_angles(h, i + 1) : i;
    for (uint32_t k = i + 1; k < end; k++)
        take_reason(h, reason_of_attribute(h->lex, h->tokens[k]));
    return end;
}

/* In C++ a macro with this in its name usually is constexpr where the compiler can. */
static int names_constexpr(const head *h, token t)
{
    return h->language == SOURCE_CXX && t.end - t.start >= 9 && t.end - t.start < 64 &&
           memmem(h->lex->text + t.start, t.end - t.start, "CONSTEXPR", 9) != NULL;
}

void head_prepare(head *h)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        token t = h->tokens[i];
        h->words[i] = t.kind == TOKEN_NAME ? (uint8_t)word_of(h->lex, t, h->language) : WORD_NONE;
    }
    find_partners(h);
    for (uint32_t i = 0; i < h->count;) {
        uint32_t next = behind_dropped(h, i);

        if (next == i) {
            h->is_constexpr |= h->words[i] == WORD_CONSTEXPR || names_constexpr(h, h->tokens[i]);
            h->words[kept] = h->words[i];
            h->tokens[kept++] = h->tokens[i++];
        }
        if (next > i) i = next;
    }
    h->count = kept;
    find_partners(h);
}

/* ---- functions ---- */

/* NAMES_LIKE_THIS and __names_like_this are taken for macros that stand for attributes. */
static int looks_like_attribute(const head *h, token t)
{
    const char *text = h->lex->text + t.start;
    uint32_t len = t.end - t.start;

    if (len > 2 && text[0] == '_' && text[1] == '_') return 1;
    for (uint32_t i = 0; i < len; i++) {
        if (text[i] >= 'a' && text[i] <= 'z') return 0;
    }
    return 1;
}

typedef enum tail {
    TAIL_NONE,   /* nothing that may stand behind parameters */
    TAIL_PLAIN,  /* qualifiers and attributes, up to the brace */
    TAIL_INIT,   /* a list of member initializers */
    TAIL_RETURN, /* a return type or a constraint */
    TAIL_TRY
} tail;

/* What stands behind a parameter list: from token `i` to the end of the head. */
static tail tail_from(const head *h, uint32_t i)
{
    int is_cxx = h->language == SOURCE_CXX;

    while (i < h->count) {
        word w = word_at(h, i);

        if (is_cxx && is_punct_at(h, i, ':')) return TAIL_INIT;
        if (is_cxx && is_punct_at(h, i, PUNCT_ARROW)) return TAIL_RETURN;
        if (w == WORD_REQUIRES) return TAIL_RETURN;
        if (w == WORD_TRY)
            return is_punct_at(h, i + 1, ':') || i + 1 == h->count ? TAIL_TRY : TAIL_NONE;
        if (is_cxx && is_punct_at(h, i, '&')) {
            i++;
            continue;
        }
        if (!is_name_at(h, i)) return TAIL_NONE;
        if (w != WORD_TRAILER && w != WORD_BEFORE_GROUP &&
            (w != WORD_NONE || !looks_like_attribute(h, h->tokens[i]))) {
            return TAIL_NONE;
        }
        i++;
        if (is_punct_at(h, i, '(') && h->match[i] > i) i = h->match[i] + 1;
    }
    return TAIL_PLAIN;
}

/* The `<` of the template arguments that end at token `end`, which is `>`; end itself if none. */
static uint32_t angles_back(const head *h, uint32_t end)
{
    uint32_t depth = 0;

    for (uint32_t k = end;; k--) {
        if (is_punct_at(h, k, '>')) depth++;
        if (is_punct_at(h, k, '<') && --depth == 0) return k;
        if (h->match[k] < k) k = h->match[k];
        if (k == 0) return end;
    }
}

/* Widen a name to the left over A::, A<int>:: and ~. */
static uint32_t qualified_from(const head *h, uint32_t from, int *is_qualified)
{
    if (from > 0 && is_punct_at(h, from - 1, '~')) from--;
    while (from > 0 && is_punct_at(h, from - 1, PUNCT_SCOPE)) {
        uint32_t left = from - 1;

        if (left > 0 && is_punct_at(h, left - 1, '>')) {
            uint32_t open = angles_back(h, left - 1);
            if (open < left - 1) left = open;
        }
        if (left == 0 || !is_name_at(h, left - 1) || word_at(h, left - 1) != WORD_NONE) return from;
        from = left - 1;
        *is_qualified = 1;
    }
    return from;
}

/* The first name in parentheses: of (f), (*f(int a)). */
static uint32_t name_within(const head *h, uint32_t open)
{
    for (uint32_t i = open + 1; i < h->match[open]; i++) {
        if (is_name_at(h, i) && word_at(h, i) == WORD_NONE) return i;
    }
    return UINT32_MAX;
}

/* The token that names the function whose parameters open at `open`; UINT32_MAX if none does. */
static uint32_t declared_name(const head *h, uint32_t open)
{
    uint32_t before = open - 1;

    if (open == 0) return UINT32_MAX;
    if (is_name_at(h, before)) return word_at(h, before) == WORD_NONE ? before : UINT32_MAX;
    if (is_punct_at(h, before, ')') && h->match[before] < before)
        return name_within(h, h->match[before]);
    if (h->language == SOURCE_CXX && is_punct_at(h, before, '>')) {
        uint32_t angle = angles_back(h, before);
        if (angle < before && angle > 0 && is_name_at(h, angle - 1) &&
            word_at(h, angle - 1) == WORD_NONE) {
            return angle - 1;
        }
    }
    return UINT32_MAX;
}

/* Whether what stands before a function's name can be the end of a type. */
static int is_type_end(const head *h, uint32_t from)
{
    if (from == 0) return 0;
    if (is_name_at(h, from - 1)) return word_at(h, from - 1) != WORD_CONTROL;
    return is_punct_at(h, from - 1, '*') || is_punct_at(h, from - 1, '&') ||
           is_punct_at(h, from - 1, '>') || is_punct_at(h, from - 1, '(');
}

static void take_name(const head *h, uint32_t name, uint32_t open, verdict *v)
{
    v->name_from = qualified_from(h, name, &v->is_qualified);
    v->name_to = open > name && is_name_at(h, open - 1) ? open : name + 1;
    v->is_weak =
        !is_type_end(h, v->name_from) && !v->is_qualified && !is_punct_at(h, v->name_from, '~');
}

/* The kind that a tail leads to. */
static head_kind kind_of_tail(const head *h, tail t)
{
    uint32_t last = h->count - 1;

    if (t == TAIL_TRY) return HEAD_TRY;
    /* a{1} in a list of initializers is a member; the body comes behind `)` or `}`. */
    if (t == TAIL_INIT && (is_name_at(h, last) || is_punct_at(h, last, '>'))) return HEAD_VALUE;
    if (t == TAIL_RETURN && word_at(h, last) == WORD_REQUIRES) return HEAD_VALUE;
    if (t == TAIL_RETURN && is_punct_at(h, last, ')') && h->match[last] > 0 &&
        word_at(h, h->match[last] - 1) == WORD_REQUIRES) {
        return HEAD_VALUE;
    }
    return HEAD_FUNCTION;
}

/* operator+, operator(), operator bool, operator""_x. 1 if the head declares one. */
static int classify_operator(const head *h, verdict *v)
{
    for (uint32_t i = 0; i < h->count; i++) {
        uint32_t open = i + 1;

        if (h->match[i] > i) i = h->match[i];
        if (word_at(h, i) != WORD_OPERATOR) continue;
        if (is_punct_at(h, open, '(') && is_punct_at(h, open + 1, ')')) open += 2;
        while (open < h->count && !is_punct_at(h, open, '(')) open++;
        if (open >= h->count || h->match[open] <= open) return 0;
        v->name_from = qualified_from(h, i, &v->is_qualified);
        v->name_to = open;
        v->kind = kind_of_tail(h, tail_from(h, h->match[open] + 1));
        return 1;
    }
    return 0;
}

/*
 * Which of the groups in parentheses holds the parameters? The first behind which only what may
 * stand behind parameters follows; so macros with arguments may come before and behind. Failing
 * that, the last group, if it ends the head.
 */
static int classify_function(const head *h, verdict *v)
{
    uint32_t last_name = UINT32_MAX, last_open = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        uint32_t name;
        tail t;

        if (!is_punct_at(h, i, '(') || h->match[i] <= i) {
            if (h->match[i] > i) i = h->match[i];
            continue;
        }
        name = declared_name(h, i);
        if (name != UINT32_MAX && !(name > 0 && word_at(h, name - 1) == WORD_CLASS)) {
            last_name = name;
            last_open = i;
            t = tail_from(h, h->match[i] + 1);
            if (t != TAIL_NONE) {
                take_name(h, name, i, v);
                /* enum e F(int) { may be an enumeration of that type */
                v->is_weak |=
                    word_at(h, 0) == WORD_ENUM && looks_like_attribute(h, h->tokens[name]);
                v->kind = kind_of_tail(h, t);
                return 1;
            }
        }
        i = h->match[i];
    }
    if (last_name == UINT32_MAX) return 0;
    for (uint32_t i = h->match[last_open] + 1; i < h->count; i++) {
        if (!is_name_at(h, i)) return 0;
    }
    take_name(h, last_name, last_open, v);
    v->kind = HEAD_FUNCTION;
    return 1;
}

/* ---- everything else ---- */

/* The first token outside brackets that is the word; count if there is none. */
static uint32_t find_word(const head *h, word w)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (word_at(h, i) == w) return i;
        if (h->match[i] > i) i = h->match[i];
    }
    return h->count;
}

/* Whether an = outside brackets begins an initial value. operator= is none. */
static int has_initializer(const head *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (is_punct_at(h, i, '=') && !(i > 0 && word_at(h, i - 1) == WORD_OPERATOR)) return 1;
        if (h->match[i] > i) i = h->match[i];
    }
    return 0;
}

/* A class whose key is at `key`: its name is the last before its bases. */
static void take_class_name(const head *h, uint32_t key, verdict *v)
{
    v->kind = word_at(h, key) == WORD_ENUM ? HEAD_ENUM : HEAD_CLASS;
    for (uint32_t i = key + 1; i < h->count && !is_punct_at(h, i, ':'); i++) {
        if (is_punct_at(h, i, '<')) {
            uint32_t end = behind_angles(h, i);
            if (end > i) i = end - 1;
        } else if (is_name_at(h, i) && word_at(h, i) == WORD_NONE) {
            v->name_from = qualified_from(h, i, &v->is_qualified);
            v->name_to = i + 1;
        }
        if (i < h->count && h->match[i] > i) i = h->match[i];
    }
}

/* struct A {, class B : public C {; but not struct A *f(void) {. */
static int classify_class(const head *h, verdict *v)
{
    uint32_t key = find_word(h, WORD_CLASS), enum_key = find_word(h, WORD_ENUM);
    uint32_t colon;

    if (enum_key < key) {
        key = enum_key;
        if (word_at(h, key + 1) == WORD_CLASS) { /* enum class A MACRO(int) { */
            take_class_name(h, key, v);
            return 1;
        }
    }
    if (key == h->count) return 0;
    for (colon = key; colon < h->count && !is_punct_at(h, colon, ':'); colon++) {
        if (is_punct_at(h, colon, '(')) {
            verdict f = {0};
            if (classify_function(h, &f) && f.kind != HEAD_BLOCK) return 0;
        }
        if (h->match[colon] > colon) colon = h->match[colon];
    }
    take_class_name(h, key, v);
    return 1;
}

static void classify_namespace(const head *h, uint32_t key, verdict *v)
{
    v->kind = HEAD_NAMESPACE;
    v->name_from = v->name_to = key + 1;
    /* The last names are it: a macro may stand before. */
    for (uint32_t i = key + 1; i < h->count; i++) {
        if (is_name_at(h, i) && !is_punct_at(h, i - 1, PUNCT_SCOPE)) v->name_from = i;
        v->name_to = i + 1;
    }
}

/* extern "C" {, also behind a macro that needs no semicolon. */
static int is_linkage(const head *h)
{
    return h->count >= 2 && word_at(h, h->count - 2) == WORD_EXTERN &&
           h->tokens[h->count - 1].kind == TOKEN_TEXT;
}

/* bison's YY_DECL is all of a function's head. */
static int is_whole_head(const head *h)
{
    return h->count == 1 && token_is(h->lex, h->tokens[0], "YY_DECL");
}

static int has_control(const head *h)
{
    return find_word(h, WORD_CONTROL) < h->count;
}

static head_kind kind_without_function(const head *h)
{
    uint32_t last = h->count - 1;

    if (has_control(h)) return HEAD_CONTROL;
    if (h->language == SOURCE_CXX && h->count &&
        (is_name_at(h, last) || is_punct_at(h, last, '>') || is_punct_at(h, last, ']') ||
         word_at(h, last) == WORD_REQUIRES || is_punct_at(h, last, ')'))) {
        return HEAD_VALUE;
    }
    return HEAD_BLOCK;
}

verdict head_classify(const head *h)
{
    verdict v = {0};
    uint32_t key;

    v.is_static = find_word(h, WORD_STATIC) < h->count;
    if (head_is_lambda(h)) {
        v.kind = HEAD_LAMBDA;
        return v;
    }
    if (h->count && word_at(h, 0) == WORD_CATCH) return v;
    if (find_word(h, WORD_CONCEPT) < h->count || has_initializer(h)) {
        v.kind = HEAD_VALUE;
        return v;
    }
    if (is_linkage(h)) {
        v.kind = HEAD_LINKAGE;
        return v;
    }
    key = find_word(h, WORD_NAMESPACE);
    /* In C it is an ordinary name, unless the text is for both and this the arm for C++. */
    if (key < h->count && (h->language == SOURCE_CXX || (key == 0 && h->count == 2))) {
        classify_namespace(h, key, &v);
        return v;
    }
    if (h->language == SOURCE_CXX && classify_operator(h, &v)) return v;
    if (classify_class(h, &v)) return v;
    if (h->count && word_at(h, 0) == WORD_CONTROL) {
        v.kind = HEAD_CONTROL;
        return v;
    }
    if (is_whole_head(h)) {
        v.kind = HEAD_FUNCTION;
        v.name_to = 1;
        return v;
    }
    if (find_word(h, WORD_TYPEDEF) == h->count && classify_function(h, &v)) return v;
    v.kind = kind_without_function(h);
    return v;
}

/* Whether the parameters are names alone: (a, b). */
static int are_names(const head *h, uint32_t open)
{
    uint32_t close = h->match[open];

    if (close <= open + 1) return 0;
    for (uint32_t i = open + 1; i < close; i++) {
        int is_comma = (i - open) % 2 == 0;
        if (is_comma ? !is_punct_at(h, i, ',') : !is_name_at(h, i)) return 0;
    }
    return (close - open) % 2 == 0;
}

int head_is_old_style(const head *h, verdict *v)
{
    if (find_word(h, WORD_TYPEDEF) < h->count) return 0;
    for (uint32_t i = 1; i < h->count; i++) {
        if (!is_punct_at(h, i, '(') || h->match[i] <= i) continue;
        uint32_t close = h->match[i], name = declared_name(h, i);

        if (name != UINT32_MAX && are_names(h, i) && is_name_at(h, close + 1) &&
            close + 3 <= h->count) {
            memset(v, 0, sizeof *v);
            v->kind = HEAD_FUNCTION;
            v->is_static = find_word(h, WORD_STATIC) < h->count;
            take_name(h, name, i, v);
            v->is_weak = 0;
            return 1;
        }
        i = close;
    }
    return 0;
}

/* ---- in bodies ---- */

/* Whether a `[` can begin a lambda: not behind what can be subscripted, nor behind delete. */
static int is_capture(const head *h, uint32_t open)
{
    if (open == 0) return 1;
    if (is_name_at(h, open - 1)) {
        return word_at(h, open - 1) == WORD_CONTROL ||
               token_is(h->lex, h->tokens[open - 1], "co_yield");
    }
    return !is_punct_at(h, open - 1, ')') && !is_punct_at(h, open - 1, ']') &&
           h->tokens[open - 1].kind != TOKEN_TEXT && h->tokens[open - 1].kind != TOKEN_GROUP;
}

/* Whether `i` is the end of [x], of [x]<class T>, or of the parameters behind one of them. */
static int ends_lambda_at(const head *h, uint32_t i)
{
    if (is_punct_at(h, i, ')') && h->match[i] < i && h->match[i] > 0) i = h->match[i] - 1;
    if (is_punct_at(h, i, '>')) {
        uint32_t open = angles_back(h, i);
        if (open == i || open == 0) return 0;
        i = open - 1;
    }
    return is_punct_at(h, i, ']') && h->match[i] < i && is_capture(h, h->match[i]);
}

int head_is_lambda(const head *h)
{
    if (h->language != SOURCE_CXX) return 0;
    /* Back over mutable, noexcept(x), -> std::vector<int>. */
    for (uint32_t i = h->count; i-- > 0 && h->count - i <= LAMBDA_TAIL_MAX;) {
        if (ends_lambda_at(h, i)) return 1;
        if (is_punct_at(h, i, ';') || is_punct_at(h, i, '=') || is_punct_at(h, i, '(') ||
            is_punct_at(h, i, ',')) {
            return 0;
        }
        if (is_punct_at(h, i, '>')) i = angles_back(h, i);
        if (h->match[i] < i) i = h->match[i];
    }
    return 0;
}

/* Whether a group in parentheses can be parameters: (), (void), (int a), (struct a *b). */
static int are_parameters(const head *h, uint32_t open)
{
    uint32_t close = h->match[open];

    if (close == open + 1 || word_at(h, open + 1) == WORD_TYPE) return 1;
    for (uint32_t i = open + 1; i + 1 < close; i++) {
        int is_star = is_punct_at(h, i + 1, '*') && is_name_at(h, i + 2);
        if (is_name_at(h, i) && (is_name_at(h, i + 1) || is_star)) return 1;
    }
    return 0;
}

/* A function in a function, as GNU C has it; but not MACRO for_each(a, b) {. */
static int is_nested_function(const head *h, verdict *v)
{
    uint32_t open;

    if (!h->count || !is_name_at(h, 0) || word_at(h, 0) == WORD_CONTROL || has_initializer(h))
        return 0;
    if (!is_punct_at(h, h->count - 1, ')') || !classify_function(h, v)) return 0;
    if (v->is_weak || v->kind != HEAD_FUNCTION) return 0;
    for (uint32_t i = 0; i < v->name_from; i++) {
        if (!is_name_at(h, i) && !is_punct_at(h, i, '*')) return 0;
    }
    open = v->name_to;
    return is_punct_at(h, open, '(') && are_parameters(h, open);
}

/* A class in a function; but not struct a b{1}; */
static int is_local_class(const head *h, verdict *v)
{
    uint32_t key = find_word(h, WORD_CLASS), names = 0;

    if (key == h->count || has_initializer(h)) return 0;
    for (uint32_t i = key + 1; i < h->count && !is_punct_at(h, i, ':'); i++) {
        names += is_name_at(h, i) && word_at(h, i) == WORD_NONE;
        if (is_punct_at(h, i, '(')) return 0;
    }
    if (names > 1) return 0;
    take_class_name(h, key, v);
    return v->kind == HEAD_CLASS;
}

/* Whether the brace goes on with an expression rather than beginning a block. */
static int is_in_expression(const head *h)
{
    token last;
    word w;

    if (!h->count) return 0;
    last = h->tokens[h->count - 1];
    w = word_at(h, h->count - 1);
    if (last.kind == TOKEN_PUNCT) return strchr(")};:", last.punct) == NULL || last.punct > 127;
    if (h->language == SOURCE_C || last.kind != TOKEN_NAME) return 0;
    return w != WORD_TRY && !(w == WORD_CONTROL && !token_is(h->lex, last, "return"));
}

verdict head_classify_in_body(const head *h)
{
    verdict v = {0};

    if (head_is_lambda(h)) {
        v.kind = HEAD_LAMBDA;
        return v;
    }
    if (h->language == SOURCE_CXX ? is_local_class(h, &v) : is_nested_function(h, &v)) return v;
    memset(&v, 0, sizeof v);
    v.kind = is_in_expression(h) ? HEAD_VALUE : HEAD_BLOCK;
    return v;
}
