/*
 * source_lex.h - the tokens of C and C++ text, as a person wrote it: comments, strings, raw strings,
 * line splices, digraphs and trigraphs are dealt with here and nowhere else.
 *
 * The same rules hold for every language version, so that what source_put() changed lexes the same
 * way when source_remove() reads it: raw strings and digit separators are known in C, too. Nothing
 * is an error: a string ends with its line, a comment with the text.
 */
#ifndef THAG_SOURCE_LEX_H
#define THAG_SOURCE_LEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NAME, /* an identifier or keyword */
    TOKEN_NUMBER,
    TOKEN_TEXT, /* a string or character constant */
    TOKEN_PUNCT,
    TOKEN_HASH,     /* the # that begins a directive */
    TOKEN_LINE_END, /* the end of a directive */
    TOKEN_GROUP     /* a pair of braces and all between; only the scanner makes it */
} token_kind;

/* Punctuators of more than one character that matter; others are their characters one by one. */
enum {
    PUNCT_SCOPE = 128, /* :: */
    PUNCT_ARROW,       /* -> */
    PUNCT_COMPARE      /* an operator with = in it that is no assignment of an initial value */
};

enum {
    TOKEN_AT_COLUMN_0 = 1,
    TOKEN_SPLICED = 2 /* has a line splice within */
};

typedef struct token {
    uint32_t start, end; /* in the text */
    uint8_t kind;        /* token_kind */
    uint8_t punct;       /* of TOKEN_PUNCT: the character, digraphs and trigraphs translated */
    uint8_t flags;
} token;

#define LEXER_NO_BLANK UINT32_MAX

typedef struct lexer {
    const char *text;
    uint32_t at, len;
    uint32_t line_start;  /* of the line at hand */
    uint32_t blank;       /* the first empty line before the token; LEXER_NO_BLANK if none */
    uint8_t is_line_new;  /* no token yet on this logical line */
    uint8_t is_directive; /* line ends are tokens; set by the user of a TOKEN_HASH */
    uint8_t has_trigraphs;
    uint8_t raw_misses; /* raw strings that never ended; after a few there are none any more */
} lexer;

/** Where C begins: behind a byte order mark, and a first line #!, which is for whoever runs the text. */
uint32_t lexer_top(const char *text, uint32_t len);

/** Begin at the top of a text. len: below UINT32_MAX. */
void lexer_init(lexer *l, const char *text, uint32_t len, int has_trigraphs);

/** The next token. After TOKEN_LINE_END lexing is ordinary again. At the end TOKEN_END for ever. */
token lexer_next(lexer *l);

/** The same, written where it is to stay: a copy would wait for what was written bytewise. */
void lexer_read(lexer *l, token *t);

/** Skip the rest of a directive: is_directive must be set. */
void lexer_end_directive(lexer *l);

/** Skip to the next line that begins with #, taking notice of comments only. Gives that token. */
token lexer_skip_to_hash(lexer *l);

/** Whether a name with splices in it is this word. */
int token_is_spliced(const lexer *l, token t, const char *word);

/** Whether the token is this word. */
static inline int token_is(const lexer *l, token t, const char *word)
{
    size_t len = strlen(word);

    if (t.kind != TOKEN_NAME) return 0;
    if (t.flags & TOKEN_SPLICED) return token_is_spliced(l, t, word);
    return t.end - t.start == len && memcmp(l->text + t.start, word, len) == 0;
}

/** Copy a token without its splices, at most room - 1 bytes and a NUL. The length. */
size_t token_copy(const lexer *l, token t, char *to, size_t room);

/** Whether the token is this punctuator. */
static inline int token_is_punct(token t, int punct)
{
    return t.kind == TOKEN_PUNCT && t.punct == punct;
}

#endif
