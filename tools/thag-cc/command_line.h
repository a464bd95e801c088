/*
 * command_line.h - what a compiler's command line asks for, as far as thag-cc has to know: gcc's and
 * clang's, with launchers such as ccache in front. Nothing is changed; what is not known is passed over.
 */
#ifndef THAG_CC_COMMAND_LINE_H
#define THAG_CC_COMMAND_LINE_H

#include <stddef.h>

typedef enum cc_language { CC_BY_NAME, CC_C, CC_CXX } cc_language;

typedef struct command_line {
    size_t compiler;        /* index of the compiler in argv: behind the launchers */
    size_t source_count;    /* C and C++ inputs, that text can be put into */
    size_t input_count;     /* all inputs, objects and libraries too */
    cc_language language;   /* what -x or the compiler's name says */
    const char *standard;   /* of -std=; NULL: the compiler's own. Borrowed */
    const char *source;     /* the first source, for messages. Borrowed */
    int links;              /* ends in a program or a shared library */
    int ends_in_language;   /* a -x holds for what would follow the last argument */
    int is_static;          /* -static, -static-pie */
    int is_freestanding;    /* its code has no libc to count on: a kernel's, a libc's own */
    int is_narrow;          /* -m32 and the like: pointers that the runtime does not have */
    int lists_dependencies; /* -M, -MM: nothing else comes out */
    int precompiles;        /* a header by itself: a precompiled one comes out */
    int preprocesses;       /* -E */
    int is_feature_test;    /* of configure, CMake or Meson */
    int has_intel_syntax;   /* -masm=intel */
    int has_colour_option;  /* -fdiagnostics-color and the like */
    char **system_dirs;     /* of -isystem and -idirafter; NULL-terminated */
    size_t system_dir_count;
    char **named; /* sources that are such because -x says so; NULL-terminated */
    size_t named_count;
    char **expanded; /* owned: all arguments, response files read */
} command_line;

/** Read argv[0..argc), which begins with the first launcher or the compiler. 0: out of memory. */
int command_line_read(command_line *c, int argc, char **argv);
void command_line_release(command_line *c);

#endif
