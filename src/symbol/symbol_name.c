/*
 * symbol_name.c - names as they stand in the source.
 *
 * By libiberty, which GDB and binutils use: C++ and Rust, and no C++ runtime in our tools. Its
 * callback form allocates nothing, so a hostile name, which may expand without end, is left by a
 * longjmp as soon as the text is full.
 */
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "symbol/symbol_internal.h"

#define MANGLED_MAX 8192

typedef struct name_sink {
    char *text;
    size_t room, len;
    jmp_buf full;
} name_sink;

static void take_piece(const char *piece, size_t len, void *to)
{
    name_sink *sink = to;
    size_t left = sink->room - 1 - sink->len;

    memcpy(sink->text + sink->len, piece, len < left ? len : left);
    sink->len += len < left ? len : left;
    if (len > left) longjmp(sink->full, 1);
}

int name_demangle(const char *mangled, char *text, size_t room, size_t *size)
{
    name_sink sink = {.text = text, .room = room};
    int is_cxx = strncmp(mangled, "_Z", 2) == 0, is_rust = strncmp(mangled, "_R", 2) == 0;
    int is_good;

    if ((!is_cxx && !is_rust) || strnlen(mangled, MANGLED_MAX + 1) > MANGLED_MAX) return 0;
    if (setjmp(sink.full)) {
        memcpy(text + room - 4, "...", 3);
        text[room - 1] = '\0';
        *size = room - 1;
        return 1;
    }
    /* Rust's older names are C++ names with a hash: ask for them first. */
    is_good = rust_demangle_callback(mangled, DMGL_NO_OPTS, take_piece, &sink);
    if (!is_good && is_cxx) {
        sink.len = 0;
        is_good = cplus_demangle_v3_callback(mangled, DMGL_NO_OPTS, take_piece, &sink);
    }
    text[sink.len] = '\0';
    *size = sink.len;
    return is_good && sink.len > 0;
}
