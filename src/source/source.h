/*
 * source.h - finds the functions in C and C++ source text, puts the profiler's macros into them, and
 * takes them out again.
 *
 * The scanner is lexical and tolerant: it reads what a person wrote, before the preprocessor, so it
 * sees every arm of every #if, and needs neither the headers nor the flags of a build. It never fails
 * on a text; where it loses the thread it leaves functions alone and says so. ARCHITECTURE.md tells
 * why it is no parser, docs/instrument.md what users see of it.
 *
 * What is put in, always on a line that is there already, so that no line number moves:
 *
 *     int area(int a, int b)
 *     { THAG_PROFILED();^
 *         return a * b;
 *     }
 *
 * where ^ stands for the mark, the eight bytes of a comment that holds the word thag, after a blank.
 * main() gets THAG_ENABLE_PROFILING(MODE) instead. The #include takes the place of an empty line above
 * the first function, or, where there is none, stands at the top with a #line behind it. The mark is
 * how source_remove() knows its own: it takes out nothing else, and so gives back the same bytes.
 *
 * Law:  remove(instrument(text)) = remove(text), which is text itself if nothing was put in before;
 *       instrument(instrument(text)) = instrument(text).
 *
 * Text may hold any bytes in any encoding that extends ASCII, NUL too. Threads: no state is shared.
 * Nothing here prints, exits, or touches files.
 */
#ifndef THAG_SOURCE_H
#define THAG_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

/* Behind everything that is put in. */
#define SOURCE_MARK     " /*thag*/"
#define SOURCE_MARK_LEN (sizeof SOURCE_MARK - 1)

typedef enum source_language { SOURCE_C, SOURCE_CXX } source_language;

/* Why a function is left alone: name, key in machine-readable output, text for people. */
#define SOURCE_REASONS(X) \
    X(NONE, "", "") \
    X(ALREADY, "already", "is profiled already") \
    X(NAKED, "naked", "naked: it has no prologue that could be added to") \
    X(NO_INSTRUMENT, "no-instrument", "declared no_instrument_function") \
    X(CONSTRUCTOR, "constructor", "a constructor runs before profiling can start") \
    X(IFUNC, "ifunc", "an ifunc resolver runs before the program is linked") \
    X(INTERRUPT, "interrupt", "an interrupt handler") \
    X(ASM, "asm", "its body is assembly that counts on the registers of the caller") \
    X(LABEL, "label", "begins with __label__, which must come first") \
    X(MUSTTAIL, "musttail", "has a musttail call, which allows no work after it") \
    X(CONSTEXPR, "constexpr", "constexpr or consteval: runs in the compiler") \
    X(COROUTINE, "coroutine", "a coroutine does not end where it returns") \
    X(MACRO, "macro", "stands in a macro") \
    X(TRY, "try", "a function-try-block has no brace of its own") \
    X(UNSURE, "unsure", "may be no function") \
    X(NAME, "name", "its name is not selected") \
    X(FILE, "file", "its file is not selected") \
    X(SHORT, "short", "has too few lines") \
    X(LONG, "long", "has too many lines") \
    X(PROFILE, "profile", "not worth it according to the profile")

typedef enum source_reason {
#define SOURCE_REASON_ENUM(id, key, text) SOURCE_REASON_##id,
    SOURCE_REASONS(SOURCE_REASON_ENUM)
#undef SOURCE_REASON_ENUM
        SOURCE_REASON_COUNT
} source_reason;

typedef enum source_kind {
    SOURCE_FUNCTION, /* at file scope, in a namespace, or nested in another */
    SOURCE_METHOD,   /* in a class, or with a qualified name */
    SOURCE_LAMBDA,
    SOURCE_MAIN /* main() at file scope, the program's */
} source_kind;

/* A function definition. Offsets are bytes of the text that was scanned. */
typedef struct source_function {
    const char *name; /* NUL-terminated, qualified as far as the text shows; owned by the scan */
    size_t head;      /* where its first token begins */
    size_t brace;     /* of the `{`, or the digraph or trigraph for it */
    size_t body;      /* behind that: where text is put in */
    size_t end;       /* behind the closing brace; the text's length if that is missing */
    uint32_t line;    /* of the brace, from 1, as a compiler counts */
    uint32_t end_line;
    source_kind kind;
    source_reason reason; /* SOURCE_REASON_NONE: it will be profiled */
} source_function;

/* Where the #include goes. */
typedef enum source_include {
    SOURCE_INCLUDE_NONE,  /* nowhere: not asked for, not needed, or there already */
    SOURCE_INCLUDE_BLANK, /* on an empty line */
    SOURCE_INCLUDE_LINE   /* on a line of its own, with a #line behind it */
} source_include;

/* What to do. All zero is the default: C, GNU dialect, mode yes, "thag_profiler.h", every function. */
typedef struct source_opts {
    source_language language;
    int has_trigraphs; /* as with -std=c11 rather than gnu11; not in C23 and C++17 */
    const char *mode;  /* of THAG_ENABLE_PROFILING() in main; NULL: yes; "": main is no exception */
    const char *flags; /* of THAG_PROFILED(), e.g. "time"; NULL: none */
    const char *header; /* as it stands behind #include, "x.h" or <x.h>; NULL: "thag_profiler.h";
                           "": no #include, the compiler is told by -include */
    /* Asked about each function that could be profiled: SOURCE_REASON_NONE, or why not. May be NULL. */
    source_reason (*select)(void *context, const source_function *f);
    void *context;
} source_opts;

/* What was found in a text. */
typedef struct source_scan {
    source_function *functions; /* by brace */
    size_t count;
    source_include include; /* what source_put() is to do */
    size_t include_at;
    uint32_t include_line; /* the number of the line at include_at */
    size_t marks;          /* what was put in before, the #include not counted */
    uint32_t lost_line;    /* where the thread was lost first; 0: nowhere */
    size_t line_count;
    char *names; /* the scan's own */
} source_scan;

/**
 * Find the functions of a text, and say which will be profiled. *out is the caller's, for
 * source_scan_free(). opts may be NULL. What is below #if 0 is not looked at. Fails with
 * THAG_ERR_MEMORY, or THAG_ERR_TOO_LARGE from 4 GiB on.
 */
thag_err source_scan_new(source_scan **out, const char *text, size_t len, const source_opts *opts);

/** NULL is accepted. */
void source_scan_free(source_scan *s);

/* A text that was made. */
typedef struct source_buffer {
    char *text; /* malloc'ed; the caller's, for source_buffer_release(); NULL if len is 0 */
    size_t len;
    size_t changes; /* functions that something was put into, or taken out of */
} source_buffer;

/** Free what it holds; it is all zero then. */
void source_buffer_release(source_buffer *b);

/**
 * The text with what the scan of it asks for put in. Fails with THAG_ERR_MEMORY, or THAG_ERR_PATTERN if
 * source_opts_are_valid() does not hold.
 */
thag_err source_put(source_buffer *out, const char *text, size_t len, const source_scan *s,
                    const source_opts *opts);

/** Scan and put in one step; *left_alone, if given, counts functions that were not touched. */
thag_err source_instrument(source_buffer *out, const char *text, size_t len,
                           const source_opts *opts, size_t *left_alone);

/**
 * The text without what source_put() put in. Marks that stand where it never puts one are left, and
 * *strays counts them: in strings and comments, or moved by an editor since. opts: as it was then.
 */
thag_err source_remove(source_buffer *out, const char *text, size_t len, const source_opts *opts,
                       size_t *strays);

/** Set language and trigraphs from the name of a standard, c89 to c23, gnu89 to gnu23, c++98 to
    c++26, gnu++98 to gnu++26. 0 if it is none. */
int source_opts_standard(source_opts *opts, const char *standard);

/** The language of a file by its ending, of a .h by what is in it. 0 if it is neither. */
int source_language_of(source_language *language, const char *path, const char *text, size_t len);

/** Whether mode, flags and header are such that source_put() takes them. */
int source_opts_are_valid(const source_opts *opts);

/** Key and text of a reason. Never NULL. */
const char *source_reason_key(source_reason reason);
const char *source_reason_text(source_reason reason);

#endif
