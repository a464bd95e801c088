/*
 * symbol.h - from an address in the profiled process to a function, a file and a line.
 *
 * Offline: the trace says which modules (the program, its libraries) were loaded where; this reads
 * their files, as they are now. A symbolizer knows the modules; each file is opened when the first of
 * its addresses is asked for.
 *
 *     symbolizer_new() -> symbolizer_add() for each module -> symbolizer_resolve() -> symbolizer_free()
 *
 * What is looked at, in this order, for a module:
 *     its file, and the debug information in it
 *     a separate debug file: by build-id, then by .gnu_debuglink, in the search folders, then in
 *     /usr/lib/debug
 *     the symbol table of either, else the dynamic one: names without lines
 * A file that is not the one that ran (its build-id is another) is not used at all: a wrong name is
 * worse than none. An address without a name is shown as module+0xOFFSET, where the offset is what
 * addr2line takes.
 *
 * Files are hostile: what is damaged is not found, nothing more. Not for use by several threads.
 */
#ifndef THAG_SYMBOL_H
#define THAG_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

typedef struct symbolizer symbolizer;

/* A module as the process had it. The strings and bytes are copied. */
typedef struct symbol_module {
    const char *path;        /* "" if unknown */
    const uint8_t *build_id; /* NULL if it has none: then the file cannot be checked */
    size_t build_id_len;
    uint64_t bias; /* address in the process - address in the file */
} symbol_module;

/* One function at an address. With inlining there are several. All strings live as long as the
   symbolizer. */
typedef struct symbol_frame {
    const char *function; /* demangled, without parameters; never NULL */
    const char *file;     /* NULL if unknown */
    uint32_t line;        /* 0 if unknown */
    int is_inlined;       /* into the next frame */
    int is_unknown;       /* function is module+0xOFFSET */
} symbol_frame;

/* How much could be found out about a module. */
typedef enum symbol_status {
    SYMBOL_NOT_ASKED, /* no address of it was resolved */
    SYMBOL_LINES,     /* debug information */
    SYMBOL_NAMES,     /* names only: a symbol table */
    SYMBOL_STRIPPED,  /* neither, and no debug file was found */
    SYMBOL_MISSING,   /* the file is not there, or cannot be read */
    SYMBOL_CHANGED,   /* the file is not the one that ran */
    SYMBOL_DAMAGED    /* not an ELF file, or one that makes no sense */
} symbol_status;

/**
 * A symbolizer without modules. `folders` are searched for debug files (FOLDER/.build-id/..., and
 * FOLDER/path/of/module.debug) and for modules that have moved (FOLDER/path/of/module,
 * FOLDER/module, and by symbol_kept_name()). They are copied.
 */
thag_err symbolizer_new(symbolizer **out, const char *const *folders, size_t folder_count);

/** NULL is accepted. */
void symbolizer_free(symbolizer *s);

/** Add a module; *id is for symbolizer_resolve(). */
thag_err symbolizer_add(symbolizer *s, const symbol_module *module, uint32_t *id);

/**
 * What is at `address` of the process in that module: the innermost function first, *count of them,
 * at least one. For a return address ask for the byte before it, which is in the call. Asked again for
 * the same address it answers from memory. Fails with THAG_ERR_MEMORY only.
 */
thag_err symbolizer_resolve(symbolizer *s, uint32_t id, uint64_t address,
                            const symbol_frame **frames, size_t *count);

/** The name under which a program is kept that is deleted after its run, for who looks for it in that folder:
    "NAME-1a2b3c4d.program", with the beginning of its build-id, which is in hexadecimal. */
void symbol_kept_name(char *name, size_t room, const char *path, const char *build_id);

symbol_status symbolizer_status(const symbolizer *s, uint32_t id);

/** What stands in the way of better answers, a phrase for a report; NULL if nothing does. */
const char *symbolizer_problem(const symbolizer *s, uint32_t id);

#endif
