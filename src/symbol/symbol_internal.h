/*
 * symbol_internal.h - the parts of a symbolizer: which file has which function.
 *
 *     symbol.c         modules, answers, the strings that live as long as it
 *     symbol_file.c    a module's file and its debug file: found, checked, opened
 *     symbol_dwarf.c   debug information: units by address, functions of a unit, inlined calls
 *     symbol_table.c   ELF symbol tables
 *     symbol_name.c    demangling
 */
#ifndef THAG_SYMBOL_INTERNAL_H
#define THAG_SYMBOL_INTERNAL_H

#include <elfutils/libdw.h>
#include <libelf.h>

#include "symbol/symbol.h"

/* Deeper inlining than this is cut: the outermost function stays right, some between are missing. */
#define SYMBOL_INLINES_MAX 128

/* [low, high) of addresses in the file. */
typedef struct symbol_range {
    uint64_t low, high;
    uint64_t highest; /* of this and all before: how far back a search must go */
    uint32_t index;   /* of what it belongs to */
} symbol_range;

typedef struct symbol_ranges {
    symbol_range *items;
    size_t count, room;
} symbol_ranges;

/* symbol_dwarf.c */
typedef struct symbol_unit {
    Dwarf_Die die;           /* of the unit; in split debug information of the skeleton */
    Dwarf_Die body;          /* where the functions are */
    symbol_ranges functions; /* index into offsets */
    Dwarf_Off *offsets;
    size_t offset_count, offset_room;
    int is_indexed;
} symbol_unit;

typedef struct symbol_dwarf {
    Dwarf *dwarf; /* NULL: none */
    symbol_unit *units;
    size_t unit_count, unit_room;
    symbol_ranges ranges; /* index into units */
} symbol_dwarf;

/* symbol_table.c: the functions of an ELF symbol table, by address. */
typedef struct symbol_entry {
    uint64_t address, size;
    const char *name; /* in the file's memory */
    int rank;         /* of several names at an address the highest is taken */
} symbol_entry;

typedef struct symbol_table {
    symbol_entry *items;
    size_t count;
} symbol_table;

typedef struct symbol_file {
    int fd;
    Elf *elf; /* NULL: not open */
} symbol_file;

typedef struct module {
    char *path;
    uint8_t *build_id;
    size_t build_id_len;
    uint64_t bias;
    symbol_status status;
    char problem[256];
    symbol_file main, debug;
    symbol_dwarf dwarf;
    symbol_table table;
} module;

typedef struct folder_list {
    char **items;
    size_t count;
} folder_list;

/** Open what there is for the module, and set status and problem. Fails with THAG_ERR_MEMORY only. */
thag_err module_open(module *m, const folder_list *folders);
void module_close(module *m);

/** Build-id of an ELF file, as long as it is open; NULL: it has none. */
const uint8_t *file_build_id(Elf *elf, size_t *len);

/** Read which addresses belong to which unit. Without debug information d->dwarf stays NULL. */
thag_err dwarf_open(symbol_dwarf *d, Elf *elf);
void dwarf_close(symbol_dwarf *d);
/**
 * The functions at an address, innermost first, names not yet demangled (NULL where there is none).
 * *count 0: unknown.
 */
thag_err dwarf_frames(symbol_dwarf *d, uint64_t address, symbol_frame *frames, size_t room,
                      size_t *count);

thag_err table_load(symbol_table *table, Elf *elf);
void table_free(symbol_table *table);
/** Name of the function that covers an address; NULL: unknown. */
const char *table_name(const symbol_table *table, uint64_t address);

thag_err ranges_add(symbol_ranges *ranges, uint64_t low, uint64_t high, uint32_t index);
void ranges_sort(symbol_ranges *ranges);
/** The innermost range around an address; NULL: none. */
const symbol_range *ranges_find(const symbol_ranges *ranges, uint64_t address);

/**
 * A mangled name of C++ or Rust, written as in the source; without parameters. 0: it is none, or
 * makes no sense; use it as it is. *size is of the text, which is cut if too long.
 */
int name_demangle(const char *mangled, char *text, size_t room, size_t *size);

#endif
