/*
 * source_head.h - what the tokens before a `{` say that it begins.
 *
 * The head of a brace is what stands between it and the end of the declaration or statement before.
 * Everything here looks at these tokens alone, so it can be read, and tested, without the scanner.
 */
#ifndef THAG_SOURCE_HEAD_H
#define THAG_SOURCE_HEAD_H

#include "source/source.h"
#include "source/source_lex.h"

/* Words that mean something in a head. */
typedef enum word {
    WORD_NONE,      /* any other name */
    WORD_ATTRIBUTE, /* with a group in parentheses: __attribute__, __declspec, alignas, asm */
    WORD_ASM,       /* the same, for assembly */
    WORD_IGNORED,   /* __extension__, export */
    WORD_CLASS,     /* struct, union, class */
    WORD_ENUM,
    WORD_NAMESPACE,
    WORD_EXTERN,
    WORD_TEMPLATE,
    WORD_OPERATOR,
    WORD_TYPEDEF,
    WORD_USING,
    WORD_CONTROL, /* begins a statement: if, for, return, ... */
    WORD_CATCH,
    WORD_TRY,
    WORD_CONSTEXPR, /* constexpr, consteval, static_assert */
    WORD_CONCEPT,
    WORD_REQUIRES,
    WORD_BEFORE_GROUP, /* decltype, noexcept, throw, ...: never the name of a function */
    WORD_TRAILER,      /* may stand behind the parameters: const, override, ... */
    WORD_STATIC,
    WORD_TYPE,  /* void, int, unsigned, ... */
    WORD_ACCESS /* public, private, protected, signals */
} word;

/** The meaning of a name in a language. */
word word_of(const lexer *l, token t, source_language language);

/** A reason that an attribute or the name of a macro gives, or SOURCE_REASON_NONE. */
source_reason reason_of_attribute(const lexer *l, token t);

/* A head. The scanner fills tokens; head_prepare() the rest. */
typedef struct head {
    const lexer *lex;
    source_language language;
    token *tokens;   /* room for count; attributes and template parameters are dropped from it */
    uint32_t *match; /* room for count; of a bracket the index of its partner, else its own */
    uint8_t *words;  /* room for count; a word each */
    uint32_t count;
    source_reason reason; /* what the dropped attributes say */
    int is_constexpr;
} head;

typedef enum head_kind {
    HEAD_BLOCK, /* statements, or nothing that is known */
    HEAD_VALUE, /* an initializer or another part of an expression; the head goes on behind it */
    HEAD_ENUM,  /* an enumeration; the same */
    HEAD_CLASS, /* struct, union, class */
    HEAD_NAMESPACE,
    HEAD_LINKAGE, /* extern "C" */
    HEAD_CONTROL, /* a statement, which belongs into a function */
    HEAD_TRY,     /* a function-try-block */
    HEAD_LAMBDA,
    HEAD_FUNCTION
} head_kind;

/* What a head is. */
typedef struct verdict {
    head_kind kind;
    uint32_t name_from, name_to; /* tokens of the name; equal: it has none */
    int is_weak;                 /* a function without a type: it may be a macro with a table */
    int is_qualified;            /* A::f */
    int is_static;
} verdict;

/** Find partners and words, drop attributes and template parameters. */
void head_prepare(head *h);

/** What a prepared head at file, namespace or class scope is. */
verdict head_classify(const head *h);

/** Whether a prepared head up to its first `;` is a K&R definition: int f(a, b) int a, b; */
int head_is_old_style(const head *h, verdict *v);

/** What a prepared head within a function is: a nested function, a lambda, a class, or a block. */
verdict head_classify_in_body(const head *h);

/** Whether a prepared head ends as a lambda: [x](int a) -> int. */
int head_is_lambda(const head *h);

#endif
