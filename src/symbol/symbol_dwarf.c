/*
 * symbol_dwarf.c - functions, inlined calls and lines from DWARF, through libdw.
 *
 * libdw alone would find the unit by .debug_aranges, which clang does not write, and the function by
 * walking the whole unit for each address. So we keep two indexes: addresses of units, made when a
 * file is opened, and addresses of functions, made when a unit is first asked for. With them an
 * address costs microseconds, also among a million functions.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "symbol/symbol_internal.h"

#define NESTING_MAX 32 /* of namespaces and classes around a function */

/* ---- ranges ---- */

thag_err ranges_add(symbol_ranges *ranges, uint64_t low, uint64_t high, uint32_t index)
{
    /* Code that the linker dropped begins at 0, or at the highest addresses. */
    if (low == 0 || low >= high || low >= UINT64_MAX - 2) return THAG_OK;
    if (ranges->count == ranges->room) {
        size_t room = ranges->room ? ranges->room * 2 : 64;
        symbol_range *items = realloc(ranges->items, room * sizeof *items);

        if (!items) return THAG_ERR_MEMORY;
        ranges->items = items;
        ranges->room = room;
    }
    ranges->items[ranges->count++] = (symbol_range){low, high, 0, index};
    return THAG_OK;
}

static int by_low(const void *left, const void *right)
{
    const symbol_range *a = left, *b = right;

    if (a->low != b->low) return a->low < b->low ? -1 : 1;
    if (a->high != b->high) return a->high > b->high ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

void ranges_sort(symbol_ranges *ranges)
{
    uint64_t highest = 0;

    if (ranges->count) qsort(ranges->items, ranges->count, sizeof *ranges->items, by_low);
    for (size_t i = 0; i < ranges->count; i++) {
        if (ranges->items[i].high > highest) highest = ranges->items[i].high;
        ranges->items[i].highest = highest;
    }
}

const symbol_range *ranges_find(const symbol_ranges *ranges, uint64_t address)
{
    enum { STEPS_MAX = 256 }; /* sound files need one or two */
    size_t low = 0, high = ranges->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ranges->items[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (int step = 0; low > 0 && step < STEPS_MAX; low--, step++) {
        const symbol_range *r = &ranges->items[low - 1];

        if (address < r->high) return r;
        if (address >= r->highest) return NULL;
    }
    return NULL;
}

static thag_err add_die_ranges(symbol_ranges *ranges, Dwarf_Die *die, uint32_t index)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    uint64_t left = 1u << 20; /* a hostile list may have no end */

    while (left-- && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
        if (ranges_add(ranges, low, high, index)) return THAG_ERR_MEMORY;
    }
    return THAG_OK;
}

/* ---- units ---- */

static thag_err add_unit(symbol_dwarf *d, const Dwarf_Die *die, const Dwarf_Die *body)
{
    if (d->unit_count == d->unit_room) {
        size_t room = d->unit_room ? d->unit_room * 2 : 64;
        symbol_unit *units = realloc(d->units, room * sizeof *units);

        if (!units) return THAG_ERR_MEMORY;
        d->units = units;
        d->unit_room = room;
    }
    d->units[d->unit_count++] = (symbol_unit){.die = *die, .body = *body};
    return add_die_ranges(&d->ranges, &d->units[d->unit_count - 1].die,
                          (uint32_t)(d->unit_count - 1));
}

thag_err dwarf_open(symbol_dwarf *d, Elf *elf)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die, body;
    thag_err err = THAG_OK;

    d->dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    if (!d->dwarf) return THAG_OK;
    while (!err && dwarf_get_units(d->dwarf, unit, &unit, &version, &type, &die, &body) == 0) {
        if (type == DW_UT_compile || type == DW_UT_partial) err = add_unit(d, &die, &die);
        /* Without its .dwo file a skeleton still has the lines. */
        if (type == DW_UT_skeleton) err = add_unit(d, &die, body.addr ? &body : &die);
    }
    ranges_sort(&d->ranges);
    if (!d->ranges.count) dwarf_close(d);
    return err;
}

void dwarf_close(symbol_dwarf *d)
{
    for (size_t i = 0; i < d->unit_count; i++) {
        free(d->units[i].functions.items);
        free(d->units[i].offsets);
    }
    free(d->units);
    free(d->ranges.items);
    if (d->dwarf) dwarf_end(d->dwarf);
    *d = (symbol_dwarf){0};
}

/* ---- functions of a unit ---- */

static thag_err add_function(symbol_unit *u, Dwarf_Die *die)
{
    size_t before = u->functions.count;
    thag_err err = add_die_ranges(&u->functions, die, (uint32_t)u->offset_count);

    if (err || u->functions.count == before) return err;
    if (u->offset_count == u->offset_room) {
        size_t room = u->offset_room ? u->offset_room * 2 : 64;
        Dwarf_Off *offsets = realloc(u->offsets, room * sizeof *offsets);

        if (!offsets) return THAG_ERR_MEMORY;
        u->offsets = offsets;
        u->offset_room = room;
    }
    u->offsets[u->offset_count++] = dwarf_dieoffset(die);
    return THAG_OK;
}

static int holds_functions(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
           tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* The next sibling; 0: none. A hostile file may lead back to where we were. */
static int step(Dwarf_Die *die)
{
    Dwarf_Off before = dwarf_dieoffset(die);

    return dwarf_siblingof(die, die) == 0 && dwarf_dieoffset(die) > before;
}

static thag_err index_functions(symbol_unit *u)
{
    Dwarf_Die path[NESTING_MAX];
    int depth = 0;

    u->is_indexed = 1;
    if (dwarf_child(&u->body, &path[0]) != 0) return THAG_OK;
    while (depth >= 0) {
        Dwarf_Die *die = &path[depth];
        int tag = dwarf_tag(die);

        if (tag == DW_TAG_subprogram && add_function(u, die)) return THAG_ERR_MEMORY;
        if (holds_functions(tag) && depth + 1 < NESTING_MAX &&
            dwarf_child(die, &path[depth + 1]) == 0) {
            depth++;
            continue;
        }
        while (depth >= 0 && !step(&path[depth])) depth--;
    }
    ranges_sort(&u->functions);
    return THAG_OK;
}

/* ---- names and places ---- */

static const char *string_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute found;

    return dwarf_formstring(dwarf_attr_integrate(die, name, &found));
}

/* In C the linkage name is an alias of the library's own ("__GI_" and such). */
static const char *name_of(Dwarf_Die *die)
{
    const char *linkage = string_of(die, DW_AT_linkage_name), *name;

    if (!linkage) linkage = string_of(die, DW_AT_MIPS_linkage_name);
    if (linkage && linkage[0] == '_' && (linkage[1] == 'Z' || linkage[1] == 'R')) return linkage;
    name = string_of(die, DW_AT_name);
    return name ? name : linkage;
}

/* Where the code of an inlined function was called: the place within the next outer one. */
static void place_of_call(const symbol_unit *u, Dwarf_Die *inlined, symbol_frame *outer)
{
    Dwarf_Attribute found;
    Dwarf_Word file = 0, line = 0;
    Dwarf_Files *files;
    size_t count;
    Dwarf_Die unit = u->body;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &found), &line) == 0 &&
        line <= UINT32_MAX)
        outer->line = (uint32_t)line;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &found), &file) == 0 &&
        dwarf_getsrcfiles(&unit, &files, &count) == 0 && file < count)
        outer->file = dwarf_filesrc(files, file, NULL, NULL);
}

static void place_of_address(symbol_unit *u, uint64_t address, symbol_frame *frame)
{
    Dwarf_Line *found = dwarf_getsrc_die(&u->die, address);
    int line;

    if (!found) return;
    frame->file = dwarf_linesrc(found, NULL, NULL);
    if (dwarf_lineno(found, &line) == 0 && line > 0) frame->line = (uint32_t)line;
}

/* ---- inlined calls ---- */

/*
 * The inlined calls around an address within a function, outermost first. Only those branches are
 * walked that hold the address.
 */
static size_t inlined_calls(Dwarf_Die *function, uint64_t address, Dwarf_Die *calls, size_t room)
{
    Dwarf_Die die;
    size_t count = 0;
    int more = dwarf_child(function, &die) == 0;

    while (more) {
        int tag = dwarf_tag(&die);
        int is_inlined = tag == DW_TAG_inlined_subroutine;

        if ((is_inlined || tag == DW_TAG_lexical_block) && dwarf_haspc(&die, address) > 0) {
            if (is_inlined && count < room) calls[count++] = die;
            Dwarf_Die child;
            more = dwarf_child(&die, &child) == 0;
            die = child;
            continue;
        }
        more = step(&die);
    }
    return count;
}

thag_err dwarf_frames(symbol_dwarf *d, uint64_t address, symbol_frame *frames, size_t room,
                      size_t *count)
{
    const symbol_range *range = d->dwarf ? ranges_find(&d->ranges, address) : NULL;
    symbol_unit *u;
    Dwarf_Die function, calls[SYMBOL_INLINES_MAX];
    size_t call_count;

    *count = 0;
    if (!range || !room) return THAG_OK;
    u = &d->units[range->index];
    frames[0] = (symbol_frame){0};
    place_of_address(u, address, &frames[0]);
    if (!u->is_indexed && index_functions(u)) return THAG_ERR_MEMORY;
    range = ranges_find(&u->functions, address);
    *count = frames[0].file || range ? 1 : 0;
    if (!range || !dwarf_offdie(dwarf_cu_getdwarf(u->body.cu), u->offsets[range->index], &function))
        return THAG_OK;
    call_count = inlined_calls(&function, address, calls, room - 1);
    for (size_t i = 0; i < call_count; i++) {
        Dwarf_Die *call = &calls[call_count - 1 - i];

        frames[i].function = name_of(call);
        frames[i].is_inlined = 1;
        frames[i + 1] = (symbol_frame){.file = frames[i].file};
        place_of_call(u, call, &frames[i + 1]);
    }
    frames[call_count].function = name_of(&function);
    *count = call_count + 1;
    return THAG_OK;
}
