#include "adapters/function_name.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct elf_file {
    const unsigned char *bytes;
    size_t size;
} elf_file;

/* A piece of the file, which may be any bytes; NULL if it is not all there. */
static const void *piece(const elf_file *f, uint64_t at, uint64_t size)
{
    return at <= f->size && size <= f->size - at ? f->bytes + at : NULL;
}

static void copy(char *name, size_t size, const char *from, size_t from_size)
{
    size_t len = strnlen(from, from_size);
    if (len >= size) len = size - 1;
    memcpy(name, from, len);
    name[len] = 0;
}

/* The function of a symbol table that holds an address of the file's. */
static int find_in(const elf_file *f, const ElfW(Shdr) * table, const ElfW(Shdr) * strings,
                   uintptr_t address, char *name, size_t size)
{
    const unsigned char *symbols = piece(f, table->sh_offset, table->sh_size);
    const char *text = piece(f, strings->sh_offset, strings->sh_size);
    if (!symbols || !text) return 0;
    for (uint64_t at = 0; at + sizeof(ElfW(Sym)) <= table->sh_size; at += sizeof(ElfW(Sym))) {
        ElfW(Sym) symbol;
        memcpy(&symbol, symbols + at, sizeof symbol);
        if ((symbol.st_info & 15) != STT_FUNC || address < symbol.st_value ||
            (address != symbol.st_value && address - symbol.st_value >= symbol.st_size) ||
            symbol.st_name >= strings->sh_size)
            continue;
        copy(name, size, text + symbol.st_name, strings->sh_size - symbol.st_name);
        return name[0] != 0;
    }
    return 0;
}

static int find_name(const elf_file *f, uintptr_t address, uintptr_t base, char *name, size_t size)
{
    ElfW(Ehdr) head;
    if (f->size < sizeof head) return 0;
    memcpy(&head, f->bytes, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_shentsize != sizeof(ElfW(Shdr)))
        return 0;
    const unsigned char *sections =
        piece(f, head.e_shoff, (uint64_t)head.e_shnum * head.e_shentsize);
    if (!sections) return 0;
    if (head.e_type == ET_DYN) address -= base;
    for (unsigned i = 0; i < head.e_shnum; i++) {
        ElfW(Shdr) table, strings;
        memcpy(&table, sections + i * sizeof table, sizeof table);
        if (table.sh_type != SHT_SYMTAB || table.sh_link >= head.e_shnum) continue;
        memcpy(&strings, sections + table.sh_link * sizeof strings, sizeof strings);
        return find_in(f, &table, &strings, address, name, size);
    }
    return 0;
}

/* The program's own name may be relative to a directory that it has left. */
static const char *file_of(const Dl_info *module)
{
    Dl_info program;
    const void *headers = (const void *)getauxval(AT_PHDR);
    int is_program = headers && dladdr(headers, &program) && program.dli_fbase == module->dli_fbase;
    return is_program ? "/proc/self/exe" : module->dli_fname;
}

static int name_in_file(const Dl_info *module, uintptr_t address, char *name, size_t size)
{
    int fd = open(file_of(module), O_RDONLY | O_CLOEXEC), found = 0;
    struct stat status;
    if (fd < 0) return 0;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            elf_file f = {bytes, (size_t)status.st_size};
            found = find_name(&f, address, (uintptr_t)module->dli_fbase, name, size);
            munmap(bytes, f.size);
        }
    }
    close(fd);
    return found;
}

/* "PROG+0x1a2b", without streams. */
static void name_by_place(const Dl_info *module, uintptr_t address, char *name, size_t size)
{
    const char *file = module && module->dli_fname ? module->dli_fname : "?", *slash;
    char digits[2 * sizeof address + 4] = "+0x";
    uintptr_t offset = module ? address - (uintptr_t)module->dli_fbase : address;
    int count = 1;
    slash = strrchr(file, '/');
    if (slash) file = slash + 1;
    while (count < (int)(2 * sizeof address) && offset >> 4 * count) count++;
    for (int i = 0; i < count; i++)
        digits[3 + i] = "0123456789abcdef"[offset >> 4 * (count - 1 - i) & 15];
    copy(name, size - sizeof digits, file, strlen(file));
    memcpy(name + strlen(name), digits, (size_t)count + 4);
    name[size - 1] = 0;
}

void function_name(char *name, size_t size, uintptr_t address)
{
    Dl_info module;
    if (!dladdr((const void *)address, &module) || !module.dli_fname) {
        name_by_place(NULL, address, name, size);
    } else if (module.dli_sname && (uintptr_t)module.dli_saddr == address) {
        copy(name, size, module.dli_sname, strlen(module.dli_sname));
    } else if (!name_in_file(&module, address, name, size)) {
        name_by_place(&module, address, name, size);
    }
}
