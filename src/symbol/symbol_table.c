#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/symbol_internal.h"

static int by_address(const void *left, const void *right)
{
    const symbol_entry *a = left, *b = right;

    if (a->address != b->address) return a->address < b->address ? -1 : 1;
    if (a->rank != b->rank) return a->rank > b->rank ? -1 : 1;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Of two names, the one that a programmer would know: global, not a compiler's or a linker's own. */
static int rank_of(const GElf_Sym *symbol, const char *name)
{
    int rank = GELF_ST_BIND(symbol->st_info) == STB_GLOBAL ? 2
               : GELF_ST_BIND(symbol->st_info) == STB_WEAK ? 1
                                                           : 0;

    return name[0] == '_' && name[1] != 'Z' ? rank : rank + 3;
}

static int is_function(const GElf_Sym *symbol)
{
    int type = GELF_ST_TYPE(symbol->st_info);

    return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
           symbol->st_value;
}

/* The symbol table, or else the dynamic one. NULL: neither. */
static Elf_Scn *find_section(Elf *elf, GElf_Shdr *head)
{
    Elf_Scn *dynamic = NULL, *section = NULL;
    GElf_Shdr dynamic_head = {0};

    while ((section = elf_nextscn(elf, section))) {
        if (!gelf_getshdr(section, head) || !head->sh_entsize) continue;
        if (head->sh_type == SHT_SYMTAB) return section;
        if (head->sh_type != SHT_DYNSYM) continue;
        dynamic = section;
        dynamic_head = *head;
    }
    *head = dynamic_head;
    return dynamic;
}

/* Drop all but the best name of each address. */
static void keep_best(symbol_table *table)
{
    size_t kept = 0;

    for (size_t i = 0; i < table->count; i++) {
        if (kept && table->items[kept - 1].address == table->items[i].address) continue;
        table->items[kept++] = table->items[i];
    }
    table->count = kept;
}

thag_err table_load(symbol_table *table, Elf *elf)
{
    GElf_Shdr head;
    Elf_Scn *section = find_section(elf, &head);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    size_t count = data ? data->d_size / head.sh_entsize : 0;

    if (!count || count > INT32_MAX) return THAG_OK;
    table->items = malloc(count * sizeof *table->items);
    if (!table->items) return THAG_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        const char *name;

        if (!gelf_getsym(data, (int)i, &symbol) || !is_function(&symbol)) continue;
        name = elf_strptr(elf, head.sh_link, symbol.st_name);
        if (!name || !*name) continue;
        table->items[table->count++] =
            (symbol_entry){symbol.st_value, symbol.st_size, name, rank_of(&symbol, name)};
    }
    if (table->count) qsort(table->items, table->count, sizeof *table->items, by_address);
    keep_best(table);
    return THAG_OK;
}

void table_free(symbol_table *table)
{
    free(table->items);
    *table = (symbol_table){0};
}

const char *table_name(const symbol_table *table, uint64_t address)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) return NULL;
    /* Hand-written assembly often has no size; then it reaches to the next one. */
    const symbol_entry *e = &table->items[low - 1];
    if (e->size) return address - e->address < e->size ? e->name : NULL;
    return low < table->count ? e->name : NULL;
}
