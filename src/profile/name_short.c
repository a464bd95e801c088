#include "profile/name_short.h"

#include <string.h>

/*
 * One pass over the name with no more state than this. What is read outside of all brackets is copied to
 * out; a blank there ends a return type, and out begins anew. Bytes that no C++ name has there end the
 * attempt, and the name stays as it is.
 */
typedef struct scan {
    const char *text;
    size_t len, at;
    char *out;
    size_t used;
    size_t path;        /* where in text out began last */
    size_t clause;      /* where a clause begins; len: none */
    int depth;          /* of "(*": a function that returns a pointer to a function */
    int has_parameters; /* behind what is in out */
    int is_broken;      /* not a C++ name */
} scan;

static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '~' || (unsigned char)c >= 0x80;
}

static int next_is(const scan *s, const char *text)
{
    size_t len = strlen(text);

    return s->len - s->at >= len && memcmp(s->text + s->at, text, len) == 0;
}

static char peek(const scan *s)
{
    return s->at < s->len ? s->text[s->at] : 0;
}

static void put(scan *s, const char *text, size_t len)
{
    memcpy(s->out + s->used, text, len);
    s->used += len;
}

static void skip_blanks(scan *s)
{
    while (peek(s) == ' ') s->at++;
}

static void begin_anew(scan *s)
{
    s->used = 0;
    s->has_parameters = 0;
    s->path = s->at;
}

static int is_opening(char c)
{
    return c == '(' || c == '[' || c == '{' || c == '<';
}

/* The end of an operator's name within brackets: its < and > are none. Otherwise at. */
static size_t operator_end(const char *text, size_t len, size_t at)
{
    static const char word[] = "operator";
    size_t end = at + sizeof word - 1;

    if (len - at < sizeof word || memcmp(text + at, word, sizeof word - 1) != 0) return at;
    if (at > 0 && is_word(text[at - 1])) return at;
    while (end < len && text[end] && strchr("<>=-", text[end])) end++;
    return end;
}

/*
 * Past the bracket that opens here, and all that is within. Parentheses, square brackets and braces count
 * as one kind: a name in which they cross is nobody's. > closes only where < was the last to open, for
 * it is an operator, too. A name that was cut off ends here.
 */
static void skip_bracket(scan *s)
{
    size_t angles = 0, others = 0;

    do {
        char c = s->text[s->at];
        size_t after = operator_end(s->text, s->len, s->at);

        if (after > s->at) {
            s->at = after;
            continue;
        }
        if (c == '<')
            angles++;
        else if (c == '>' && angles && s->text[s->at - 1] != '-')
            angles--;
        else if (is_opening(c))
            others++;
        else if ((c == ')' || c == ']' || c == '}') && others)
            others--;
        s->at++;
    } while (s->at < s->len && (angles || others));
}

/* ---- what stands within a path ---- */

/* A part of the path that has no name: 1 if one is here, past which *s is then. */
static int skip_nameless(scan *s)
{
    static const char *const spaces[] = {
        "(anonymous namespace)::", "{anonymous}::", "<unnamed>::", "__cxx11::", "__1::"};

    if (s->used && s->out[s->used - 1] != ':') return 0;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        if (!next_is(s, spaces[i])) continue;
        s->at += strlen(spaces[i]);
        return 1;
    }
    return 0;
}

/* The number that a demangler gives a lambda: "#1" at the end of text[from..at). */
static void put_number(scan *s, size_t from)
{
    size_t number = s->at - 1;

    while (number > from && s->text[number] != '#') number--;
    if (number > from) put(s, s->text + number, s->at - 1 - number);
}

/* A lambda as gcc, clang and the demanglers write it; it ends in its operator(), or has none. */
static int take_lambda(scan *s)
{
    static const char *const forms[] = {"<lambda(", "(lambda at ", "(anonymous class)", "{lambda("};
    static const char call[] = "::operator()";
    size_t from = s->at;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (!next_is(s, forms[i])) continue;
        skip_bracket(s);
        put(s, "<lambda", 7);
        if (s->text[from] == '{') put_number(s, from);
        put(s, ">", 1);
        if (next_is(s, call)) s->at += sizeof call - 1;
        s->has_parameters = 1;
        return 1;
    }
    return 0;
}

/* "operator" and the sign of it, but for a conversion, whose type follows. */
static size_t operator_sign(const scan *s, size_t at)
{
    static const char *const signs[] = {
        "()", "[]", "<=>", "<<=", ">>=", "->*", "->", "<<", ">>", "<=", ">=", "==", "!=",
        "&&", "||", "++",  "--",  "+=",  "-=",  "*=", "/=", "%=", "^=", "&=", "|=", "<",
        ">",  "=",  "+",   "-",   "*",   "/",   "%",  "^",  "&",  "|",  "~",  "!",  ","};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i]);

        if (s->len - at >= len && memcmp(s->text + at, signs[i], len) == 0) return len;
    }
    return 0;
}

/* The type of a conversion, new [], "" and its suffix: up to the parameters. */
static void take_operator_words(scan *s)
{
    while (s->at < s->len && peek(s) != '(') {
        if (peek(s) == '<')
            skip_bracket(s);
        else
            put(s, s->text + s->at++, 1);
    }
    while (s->used && s->out[s->used - 1] == ' ') s->used--;
}

static void take_operator(scan *s)
{
    static const char word[] = "operator";
    size_t len;

    put(s, word, sizeof word - 1);
    s->at += sizeof word - 1;
    len = operator_sign(s, s->at);
    put(s, s->text + s->at, len);
    s->at += len;
    if (!len) take_operator_words(s);
    skip_blanks(s); /* "operator< <int>" */
    if (peek(s) == '<') skip_bracket(s);
}

static int is_operator(const scan *s)
{
    size_t after = s->at + 8;

    return next_is(s, "operator") && (after == s->len || !is_word(s->text[after]));
}

/* ---- the whole ---- */

/* Behind parameters: qualifiers, up to a clause or the end. 0: something else follows. */
static int skip_qualifiers(scan *s)
{
    static const char *const words[] = {"const", "volatile", "noexcept", "&&", "&", "mutable"};
    size_t at = s->at, i;

    for (;;) {
        skip_blanks(s);
        for (i = 0; i < sizeof words / sizeof *words && !next_is(s, words[i]); i++) continue;
        if (i == sizeof words / sizeof *words) break;
        s->at += strlen(words[i]);
    }
    if (s->at == s->len || peek(s) == '[' || next_is(s, "::")) return 1;
    if (peek(s) == ')' && s->depth) return 1;
    s->at = at;
    return 0;
}

static void take_parenthesis(scan *s)
{
    if (!s->used) { /* "void (* f(int))(char)" */
        s->at++;
        s->depth++;
        begin_anew(s);
        return;
    }
    /* Nobody writes a blank in front of parameters; a dot is Go's. */
    if (s->text[s->at - 1] == ' ' && !s->has_parameters) s->is_broken = 1;
    if (s->text[s->at - 1] == '.') s->is_broken = 1;
    skip_bracket(s);
    s->has_parameters = 1;
    if (!skip_qualifiers(s) && peek(s) != ' ' && s->at < s->len) s->is_broken = 1;
}

static void take_blank(scan *s)
{
    skip_blanks(s);
    if (peek(s) == '[' && s->used) {
        s->clause = s->at;
        s->at = s->len;
    } else {
        begin_anew(s);
    }
}

/* Template arguments, or an ABI tag, of what is in out. Cut off, they may be those of a return type. */
static void take_arguments(scan *s)
{
    char close = peek(s) == '<' ? '>' : ']';

    if (s->used && is_word(s->out[s->used - 1])) {
        skip_bracket(s);
        s->is_broken = s->text[s->at - 1] != close;
    } else {
        s->is_broken = 1;
    }
}

static void step(scan *s)
{
    char c = peek(s);

    if (skip_nameless(s) || take_lambda(s)) return;
    if (is_operator(s) && (!s->used || s->out[s->used - 1] == ':')) {
        take_operator(s);
    } else if (is_word(c)) {
        while (is_word(peek(s))) put(s, s->text + s->at++, 1);
    } else if (next_is(s, "::") && s->used) {
        put(s, "::", 2);
        s->at += 2;
        s->has_parameters = 0;
    } else if (c == '<' || next_is(s, "[abi:")) {
        take_arguments(s);
    } else if (c == '[' && s->has_parameters) {
        s->clause = s->at;
        s->at = s->len;
    } else if (c == '(') {
        take_parenthesis(s);
    } else if (c == ' ') {
        take_blank(s);
    } else if (c == '*' || c == '&') {
        s->at++;
        begin_anew(s);
    } else if (c == ')' && s->depth && s->has_parameters) {
        s->at = s->len; /* what the pointer's function takes */
    } else {
        s->is_broken = 1;
    }
}

/* The path is one if nothing stood in front of it, or it has parameters. */
static int is_good(const scan *s)
{
    return !s->is_broken && s->used && s->out[s->used - 1] != ':' &&
           (s->has_parameters || (s->path == 0 && s->clause == s->len));
}

/*
 * What the profiler itself puts behind names: " (file.cpp:12)" of calls that allocated, "#12" and
 * " (others: 12)" of tasks shown one by one. Where it begins; len: there is none.
 */
static size_t addition_begin(const char *name, size_t len)
{
    int is_closed = len && name[len - 1] == ')';
    size_t end = len - (size_t)is_closed, at = end;

    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') at--;
    if (at == end || at < 2) return len;
    if (!is_closed) return name[at - 1] == '#' ? at - 1 : len;
    if (name[at - 1] != ':' && name[at - 1] != ' ') return len;
    while (at > 1 && !(name[at] == '(' && name[at - 1] == ' ')) at--;
    return at > 1 ? at - 1 : len;
}

size_t name_shorten(char *out, const char *name, size_t len, name_parts *parts)
{
    static const char async[] = "async::";
    size_t start = len > 7 && memcmp(name, async, 7) == 0 ? 7 : 0, end = addition_begin(name, len);
    scan s = {.text = name + start, .len = end - start, .out = out + start, .clause = end - start};

    while (s.at < s.len && !s.is_broken) step(&s);
    if (!is_good(&s)) {
        memcpy(out, name, len);
        *parts = (name_parts){.path = 0, .clause = len};
        return len;
    }
    memcpy(out, name, start);
    put(&s, name + end, len - end);
    *parts =
        (name_parts){.path = start + s.path, .clause = s.clause < s.len ? start + s.clause : len};
    return start + s.used;
}
