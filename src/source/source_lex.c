#include "source/source_lex.h"

#include <string.h>

#define RAW_MISSES_MAX 8
#define RAW_DELIM_MAX  16

enum { NAME = 1, DIGIT = 2, BLANK = 4, PLAIN = 8 };

/* What a byte may be part of. E ends the plain part of a string or character constant; bytes of
   other alphabets and $ are letters. */
enum { E = 0, P = PLAIN, B = PLAIN | BLANK, D = PLAIN | NAME | DIGIT, N = PLAIN | NAME };
/* clang-format off */
static const uint8_t class_of[256] = {
    P, P, P, P, P, P, P, P, P, B, E, B, B, B, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,
    B, P, E, P, N, P, P, E, P, P, P, P, P, P, P, P, D, D, D, D, D, D, D, D, D, D, P, P, P, P, P, E,
    P, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, P, E, P, P, N,
    P, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, P, P, P, P, P,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
};
/* clang-format on */

static inline int is_class(char byte, int class)
{
    return class_of[(unsigned char)byte] & class;
}

static inline char byte_at(const lexer *l, uint32_t at)
{
    return at < l->len ? l->text[at] : 0;
}

/* ---- splices ---- */

/* The length of a backslash at `at`, also of the trigraph for it; 0 if there is none. */
static uint32_t backslash_len(const lexer *l, uint32_t at)
{
    if (byte_at(l, at) == '\\') return 1;
    if (l->has_trigraphs && l->len - at >= 3 &&
        memcmp(l->text + at,
               "?"
               "?/",
               3) == 0)
        return 3;
    return 0;
}

/* Behind the splice at `at`: a backslash, blanks, a line end. `at` itself if there is none. */
static uint32_t behind_splice(const lexer *l, uint32_t at)
{
    uint32_t len = at < l->len ? backslash_len(l, at) : 0, end = at + len;

    if (!len) return at;
    while (end < l->len && is_class(l->text[end], BLANK)) end++;
    return end < l->len && l->text[end] == '\n' ? end + 1 : at;
}

static uint32_t behind_splices(const lexer *l, uint32_t at)
{
    uint32_t end;

    while ((end = behind_splice(l, at)) != at) at = end;
    return at;
}

static inline int may_splice(char byte)
{
    return byte == '\\' || byte == '?';
}

/* ---- what is no token: blanks and comments ---- */

/* Behind the comment that begins at `at` with two characters, the second of which ends at `body`. */
static uint32_t behind_block_comment(const lexer *l, uint32_t body)
{
    uint32_t at = body;

    while (at < l->len) {
        const char *star = memchr(l->text + at, '*', l->len - at);

        if (!star) break;
        at = (uint32_t)(star - l->text) + 1;
        if (at < l->len && may_splice(l->text[at])) {
            uint32_t slash = behind_splices(l, at);
            if (byte_at(l, slash) == '/') return slash + 1;
        } else if (byte_at(l, at) == '/') {
            return at + 1;
        }
    }
    return l->len;
}

/* To the newline that ends the comment. */
static uint32_t behind_line_comment(const lexer *l, uint32_t body)
{
    uint32_t at = body;

    while (at < l->len) {
        const char *newline = memchr(l->text + at, '\n', l->len - at);
        uint32_t end = newline ? (uint32_t)(newline - l->text) : l->len, back = end;

        if (end == l->len) break;
        while (back > body && is_class(l->text[back - 1], BLANK)) back--;
        if (back > body && l->text[back - 1] == '\\') {
            at = end + 1;
        } else if (l->has_trigraphs && back >= body + 3 &&
                   memcmp(l->text + back - 3,
                          "?"
                          "?/",
                          3) == 0) {
            at = end + 1;
        } else {
            return end;
        }
    }
    return l->len;
}

/* If a comment begins at l->at, skip it. */
static int skip_comment(lexer *l)
{
    uint32_t second = l->at + 1;

    if (second < l->len && may_splice(l->text[second])) second = behind_splices(l, second);
    switch (byte_at(l, second)) {
    case '*': l->at = behind_block_comment(l, second + 1); return 1;
    case '/': l->at = behind_line_comment(l, second + 1); return 1;
    default: return 0;
    }
}

/* Behind the line ends and blanks at l->at, the first of which ends a line. Notes empty lines. */
static void skip_lines(lexer *l, uint32_t empty_from)
{
    const char *text = l->text;
    uint32_t at = l->at, len = l->len, line_start = l->line_start;

    for (; at < len && (text[at] == '\n' || is_class(text[at], BLANK)); at++) {
        if (text[at] != '\n') continue;
        if (l->blank == LEXER_NO_BLANK) l->blank = empty_from;
        line_start = empty_from = at + 1;
    }
    l->at = at;
    l->line_start = line_start;
    l->is_line_new = 1;
}

/* Skip blanks, comments, splices, and line ends, which end a directive. 1 if a directive ended. */
static int skip_space(lexer *l)
{
    const char *text = l->text;
    uint32_t empty_from = l->at == l->line_start ? l->at : LEXER_NO_BLANK, at, end;

    for (;;) {
        for (at = l->at; at < l->len && is_class(text[at], BLANK); at++) continue;
        l->at = at;
        if (at >= l->len) return l->is_directive;
        if (text[at] == '\n') {
            if (l->is_directive) return 1;
            skip_lines(l, empty_from);
            empty_from = l->line_start;
        } else if (text[at] == '/') {
            if (!skip_comment(l)) return 0;
            empty_from = LEXER_NO_BLANK;
        } else if (may_splice(text[at]) && (end = behind_splice(l, at)) != at) {
            l->at = end;
            empty_from = LEXER_NO_BLANK;
        } else {
            return 0;
        }
    }
}

/* ---- strings ---- */

/* Behind a string or character constant whose opening quote is at `at`. */
static uint32_t behind_quoted(const lexer *l, uint32_t at, uint8_t *flags)
{
    char quote = l->text[at++];

    while (at < l->len) {
        char byte = l->text[at];
        uint32_t len, end;

        if (is_class(byte, PLAIN)) {
            at++;
            continue;
        }
        if (byte == quote) return at + 1;
        if (byte == '\n') return at;
        len = may_splice(byte) ? backslash_len(l, at) : 0;
        if (!len) {
            at++;
            continue;
        }
        end = behind_splice(l, at);
        if (end != at) *flags |= TOKEN_SPLICED;
        /* An escaped character: the quote or backslash behind the backslash is no end. */
        at = end != at ? end : at + len + (at + len < l->len);
    }
    return l->len;
}

/* Behind a raw string whose quote is at `at`; `at` itself if it is none. */
static uint32_t behind_raw(lexer *l, uint32_t at)
{
    char close[RAW_DELIM_MAX + 2];
    uint32_t open = at + 1, n = 0;
    const char *end;

    while (n <= RAW_DELIM_MAX && byte_at(l, open + n) != '(') {
        char byte = byte_at(l, open + n);
        if (!byte || byte == ')' || byte == '\\' || byte == '"' || byte == '\n' ||
            is_class(byte, BLANK)) {
            return at;
        }
        n++;
    }
    if (n > RAW_DELIM_MAX || l->raw_misses >= RAW_MISSES_MAX) return at;
    close[0] = ')';
    memcpy(close + 1, l->text + open, n);
    close[n + 1] = '"';
    end = memmem(l->text + open + n, l->len - open - n, close, n + 2);
    if (end) return (uint32_t)(end - l->text) + n + 2;
    l->raw_misses++; /* or a text full of them takes for ever */
    return at;
}

static int is_raw_prefix(const char *name, uint32_t len)
{
    if (name[len - 1] != 'R') return 0;
    return len == 1 || (len == 2 && (name[0] == 'u' || name[0] == 'U' || name[0] == 'L')) ||
           (len == 3 && name[0] == 'u' && name[1] == '8');
}

/* ---- tokens ---- */

static void finish(lexer *l, token *t, token_kind kind, uint32_t end)
{
    t->kind = (uint8_t)kind;
    t->end = end;
    l->at = end;
}

static void lex_quoted(lexer *l, token *t)
{
    finish(l, t, TOKEN_TEXT, behind_quoted(l, l->at, &t->flags));
}

static void lex_name(lexer *l, token *t)
{
    const char *text = l->text;
    uint32_t at = l->at, len = l->len;
    token_kind kind = TOKEN_NAME;

    for (;;) {
        while (at < len && is_class(text[at], NAME)) at++;
        if (at < len && may_splice(text[at])) {
            uint32_t end = behind_splices(l, at);
            if (end != at && end < l->len && is_class(l->text[end], NAME)) {
                t->flags |= TOKEN_SPLICED;
                at = end;
                continue;
            }
        }
        break;
    }
    if (byte_at(l, at) == '"' && is_raw_prefix(l->text + t->start, at - t->start)) {
        uint32_t end = behind_raw(l, at);
        if (end != at) {
            kind = TOKEN_TEXT;
            at = end;
        }
    }
    finish(l, t, kind, at);
}

static void lex_number(lexer *l, token *t)
{
    uint32_t at = l->at + 1;

    while (at < l->len) {
        char byte = l->text[at], before = l->text[at - 1];
        int is_sign =
            (byte == '+' || byte == '-') && ((before | 0x20) == 'e' || (before | 0x20) == 'p');
        int is_separator = byte == '\'' && is_class(byte_at(l, at + 1), NAME);

        if (!is_class(byte, NAME) && byte != '.' && !is_sign && !is_separator) break;
        at++;
    }
    finish(l, t, TOKEN_NUMBER, at);
}

/* Trigraphs, by their third character. */
static char trigraph(const lexer *l, uint32_t at)
{
    static const char third[] = "=()<>!'-", meant[] = "#[]{}|^~";
    const char *found;

    if (!l->has_trigraphs || byte_at(l, at + 1) != '?' || !byte_at(l, at + 2)) return 0;
    found = strchr(third, byte_at(l, at + 2));
    return found ? meant[found - third] : 0;
}

/* Whether <: at `colon` - 1 is a bracket: vector<::x> begins with none. */
static int is_bracket(const lexer *l, uint32_t colon)
{
    char third = byte_at(l, colon + 1), fourth = byte_at(l, colon + 2);

    return third != ':' || fourth == ':' || fourth == '>';
}

/* What two characters mean together; 0: nothing. second_at: where the second is. */
static uint8_t punct_of_two(const lexer *l, char first, uint32_t second_at)
{
    char second = byte_at(l, second_at);

    if (second == '=' && first != ':') return PUNCT_COMPARE;
    switch (first) {
    case '<':
        if (second == '%') return '{';
        return second == ':' && is_bracket(l, second_at) ? '[' : 0;
    case '%':
        if (second == '>') return '}';
        return second == ':' ? '#' : 0;
    case ':':
        if (second == ':') return PUNCT_SCOPE;
        return second == '>' ? ']' : 0;
    case '-': return second == '>' ? PUNCT_ARROW : 0;
    default: return 0;
    }
}

static int begins_long_punct(char byte)
{
    switch (byte) {
    case '<':
    case '%':
    case ':':
    case '-':
    case '=':
    case '>':
    case '!':
    case '+':
    case '*':
    case '/':
    case '&':
    case '|':
    case '^': return 1;
    default: return 0;
    }
}

static void lex_punct(lexer *l, token *t, int was_line_new)
{
    char first = l->text[l->at];
    uint32_t end = l->at + 1;

    t->punct = (uint8_t)first;
    if (begins_long_punct(first)) {
        uint32_t second_at = may_splice(byte_at(l, end)) ? behind_splices(l, end) : end;
        uint8_t both = punct_of_two(l, first, second_at);

        if (both) {
            t->punct = both;
            end = second_at + 1;
        }
    } else if (first == '?' && trigraph(l, l->at)) {
        t->punct = (uint8_t)trigraph(l, l->at);
        end = l->at + 3;
    }
    finish(l, t, t->punct == '#' && was_line_new ? TOKEN_HASH : TOKEN_PUNCT, end);
}

void lexer_read(lexer *l, token *t)
{
    int was_line_new;
    char byte;

    l->blank = LEXER_NO_BLANK;
    if (skip_space(l)) {
        *t = (token){l->at, l->at, TOKEN_LINE_END, 0, 0};
        l->is_directive = 0;
        return;
    }
    *t = (token){l->at, l->at, TOKEN_END, 0, 0};
    if (l->at >= l->len) return;
    was_line_new = l->is_line_new;
    l->is_line_new = 0;
    if (l->at == l->line_start) t->flags = TOKEN_AT_COLUMN_0;
    byte = l->text[l->at];
    if (is_class(byte, DIGIT) || (byte == '.' && is_class(byte_at(l, l->at + 1), DIGIT)))
        lex_number(l, t);
    else if (is_class(byte, NAME))
        lex_name(l, t);
    else if (byte == '"' || byte == '\'')
        lex_quoted(l, t);
    else
        lex_punct(l, t, was_line_new);
}

token lexer_next(lexer *l)
{
    token t;

    lexer_read(l, &t);
    return t;
}

uint32_t lexer_top(const char *text, uint32_t len)
{
    uint32_t top = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *newline;

    if (len - top < 2 || memcmp(text + top, "#!", 2) != 0) return top;
    newline = memchr(text + top, '\n', len - top);
    return newline ? (uint32_t)(newline - text) + 1 : len;
}

void lexer_init(lexer *l, const char *text, uint32_t len, int has_trigraphs)
{
    memset(l, 0, sizeof *l);
    l->text = text;
    l->len = len;
    l->blank = LEXER_NO_BLANK;
    l->is_line_new = 1;
    l->has_trigraphs = (uint8_t)has_trigraphs;
    l->at = l->line_start = lexer_top(text, len);
}

void lexer_end_directive(lexer *l)
{
    while (l->is_directive) lexer_next(l);
}

token lexer_skip_to_hash(lexer *l)
{
    token t;

    for (;;) {
        t = lexer_next(l);
        if (t.kind == TOKEN_HASH || t.kind == TOKEN_END) return t;
    }
}

int token_is_spliced(const lexer *l, token t, const char *word)
{
    char clean[32];
    size_t len = token_copy(l, t, clean, sizeof clean);

    return len == strlen(word) && memcmp(clean, word, len) == 0;
}

size_t token_copy(const lexer *l, token t, char *to, size_t room)
{
    size_t len = 0;

    for (uint32_t at = t.start; at < t.end && len + 1 < room;) {
        uint32_t end = t.flags & TOKEN_SPLICED ? behind_splice(l, at) : at;
        if (end != at)
            at = end;
        else
            to[len++] = l->text[at++];
    }
    to[len] = 0;
    return len;
}
