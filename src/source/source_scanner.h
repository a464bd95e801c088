/*
 * source_scanner.h - the state of a scan; shared by the files of the finder alone.
 *
 * Scopes and tokens are trees that grow: an entry never changes while a conditional that is open may
 * come back to it, so a state is a few numbers, and #else goes back to that of #if by copying it.
 * What lies above `scope_floor` and `token_floor` is reused as soon as its scope or statement ends.
 */
#ifndef THAG_SOURCE_SCANNER_H
#define THAG_SOURCE_SCANNER_H

#include "source/source.h"
#include "source/source_head.h"
#include "source/source_lex.h"

#define NO_FUNCTION UINT32_MAX
#define NO_BLANK    UINT32_MAX

typedef enum scope_kind {
    SCOPE_FILE,
    SCOPE_LINKAGE, /* extern "C" { */
    SCOPE_NAMESPACE,
    SCOPE_CLASS,
    SCOPE_FUNCTION,
    SCOPE_BLOCK,
    SCOPE_VALUE /* an initializer, an enumeration: what follows it belongs to the same head */
} scope_kind;

typedef struct scope {
    uint32_t parent;     /* in scopes; the file's is itself */
    uint32_t base;       /* last token before its brace */
    uint32_t first;      /* first token of the head around it, which goes on behind a value */
    uint32_t parens;     /* open parentheses around it */
    uint32_t depth;      /* of scopes around it */
    uint32_t function;   /* the innermost around it or itself; NO_FUNCTION */
    uint32_t prefix_len; /* of the qualified name of what is declared in it, in prefixes */
    size_t prefix;
    uint8_t kind;
    uint8_t is_constexpr;
} scope;

/* A token of the heads at hand. Entry 0 is before the first. */
typedef struct head_token {
    token token;
    uint32_t before;
} head_token;

typedef struct state {
    uint32_t scope;
    uint32_t last;      /* token of the head; its scope's base: the head is empty */
    uint32_t first;     /* token of the head; 0 if it is empty */
    uint32_t parens;    /* open since the scope began */
    uint32_t old_style; /* last token of a head that may be a K&R definition; 0 */
    uint32_t closed;    /* the function that has just ended, while the head has but one name */
    uint8_t may_be_old_style; /* a name stood behind parentheses */
    uint8_t is_lost;          /* nothing is found until a } in column 0 */
} state;

/* One branch between #if, #elif, #else and #endif. */
typedef struct arm {
    uint32_t parent;
    uint32_t depth;
    uint32_t blank;  /* its first empty line at file scope; NO_BLANK */
    uint32_t header; /* where it includes the profiler's header; NO_BLANK */
} arm;

typedef struct conditional {
    state before, after;               /* #if, and the end of the first arm that was read */
    uint32_t scope_floor, token_floor; /* of what is around it */
    uint32_t opened_scopes;            /* scopes from here on were made in it */
    uint32_t arm;                      /* around it */
    token macro;                       /* of #ifdef X and the like; otherwise no TOKEN_NAME */
    uint8_t is_positive;               /* not of #ifndef */
    uint8_t else_count;
    uint8_t has_after;
    uint8_t is_skipping; /* this arm is below #if 0 */
} conditional;

typedef struct found {
    source_function f;
    size_t name;   /* in names */
    uint32_t twin; /* a function in another arm with the same body; NO_FUNCTION */
    uint32_t arm;
    uint32_t statements; /* directly in it, as far as it matters: 0, 1, 2 */
    uint8_t is_weak;
    uint8_t does;   /* of a weak one: it has a statement that declares nothing */
    uint8_t is_asm; /* its first statement is assembly without operands */
} found;

typedef struct macro_reason {
    token name;
    source_reason reason;
} macro_reason;

/* Whether a macro was taken for defined where that decided how many braces are open. */
typedef struct assumption {
    token macro;
    int is_defined;
} assumption;

#define MACRO_REASONS 64
#define ASSUMPTIONS   64
#define RESOLVERS     64

typedef struct scanner {
    lexer lex;
    const source_opts *opts;
    state now;
    uint32_t previous_end; /* of the token before */
    uint32_t arm;
    uint32_t scope_floor, token_floor;

    scope *scopes;
    head_token *tokens;
    conditional *conditionals;
    arm *arms;
    found *functions;
    char *names;    /* of functions, NUL-terminated */
    char *prefixes; /* of scopes */
    uint32_t scopes_count, tokens_count, conditionals_count, arms_count, functions_count;
    size_t names_count, prefixes_count;
    size_t scopes_room, tokens_room, conditionals_room, arms_room, functions_room, names_room,
        prefixes_room;

    head head; /* room that is used again and again */
    size_t head_room;

    uint32_t counted_to, line; /* lines up to counted_to */
    uint32_t lost_line;
    uint32_t marks;

    macro_reason macro_reasons[MACRO_REASONS]; /* macros that stand for attributes */
    uint32_t macro_reason_count;
    assumption assumptions[ASSUMPTIONS];
    uint32_t assumptions_count;
    token resolvers[RESOLVERS]; /* functions named by an ifunc attribute */
    uint32_t resolver_count;
    int resolver_next; /* the next string names one */
    int is_out_of_memory;
} scanner;

/** Line of a place at or behind the last one asked for. */
uint32_t scanner_line(scanner *s, uint32_t at);

/** The array with room for `count` elements; the same, and is_out_of_memory, if there is none. */
void *scanner_grow(scanner *s, void *array, size_t *room, size_t count, size_t size);

/** Make room for more elements in a list of the scanner; 0 if there is none. */
#define SCANNER_ROOM(s, list, more) \
    ((s)->list##_count + (more) <= (s)->list##_room || \
     ((s)->list = scanner_grow(s, (s)->list, &(s)->list##_room, (s)->list##_count + (more), \
                               sizeof *(s)->list), \
      !(s)->is_out_of_memory))

/** Add a function; its number, NO_FUNCTION if out of memory. */
uint32_t scanner_add(scanner *s, const found *f, const char *name, size_t name_len);

/** Read the text to its end. */
void scanner_run(scanner *s);

/** Read a directive, whose # has just been read. */
void scanner_directive(scanner *s, token hash);

/** Forget the head at hand. */
void scanner_reset_head(scanner *s);

static inline int scope_is_declarative(const scope *s)
{
    return s->kind <= SCOPE_CLASS;
}

#endif
