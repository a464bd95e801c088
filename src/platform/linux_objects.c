/*
 * linux_objects.c - platform.h on the objects, the program and its libraries, that code lies in: their
 * extent, build id and unwind table. What is read is their headers, in memory.
 */
#include "platform/platform.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* Gives the object's extent, too. */
static int lies_in(const struct dl_phdr_info *info, uintptr_t addr, uintptr_t *lo, uintptr_t *hi)
{
    *lo = UINTPTR_MAX;
    *hi = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + ph->p_vaddr;
        if (ph->p_type != PT_LOAD) continue;
        if (start < *lo) *lo = start;
        if (start + ph->p_memsz > *hi) *hi = start + ph->p_memsz;
    }
    return addr >= *lo && addr < *hi;
}

/* --- modules ----------------------------------------------------------------------------------- */

struct module_query {
    uintptr_t addr, lo, hi;
    int index, found;
};

static int module_visit(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    struct module_query *q = data;
    q->found = lies_in(info, q->addr, &q->lo, &q->hi);
    q->index += !q->found;
    return q->found;
}

int thagi_plat_module_of(const void *addr, uintptr_t *lo, uintptr_t *hi, int *is_main)
{
    struct module_query q = {.addr = (uintptr_t)addr};
    dl_iterate_phdr(module_visit, &q);
    *lo = q.lo;
    *hi = q.hi;
    *is_main = q.index == 0; /* the program comes first */
    return q.found;
}

/* --- objects ----------------------------------------------------------------------------------- */

/* The build id is in a note of the object; both the headers and the note are in its memory. */
static void find_build_id(thagi_plat_object *object, const ElfW(Phdr) * ph, int count)
{
    for (int i = 0; i < count; i++) {
        if (ph[i].p_type != PT_NOTE) continue;
        uintptr_t at = object->bias + ph[i].p_vaddr, end = at + ph[i].p_memsz;
        if (at < object->lo || end > object->hi || end < at) continue;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            uintptr_t name = at + sizeof *note;
            uintptr_t desc = name + ((note->n_namesz + 3u) & ~3u);
            uintptr_t next = desc + ((note->n_descsz + 3u) & ~3u);
            if (next > end || next <= at) break;
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
                memcmp((const void *)name, "GNU", 4) == 0) {
                object->build_id = (const uint8_t *)desc;
                object->build_id_len = note->n_descsz;
                return;
            }
            at = next;
        }
    }
}

static void find_unwind(thagi_plat_object *object, const ElfW(Phdr) * ph, int count)
{
    uintptr_t at = 0;
    for (int i = 0; i < count && !at; i++)
        if (ph[i].p_type == PT_GNU_EH_FRAME) at = object->bias + ph[i].p_vaddr;
    for (int i = 0; i < count; i++) {
        uintptr_t lo = object->bias + ph[i].p_vaddr;
        if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_R) || at - lo >= ph[i].p_filesz)
            continue;
        object->unwind = (const uint8_t *)at;
        object->unwind_lo = (const uint8_t *)lo;
        object->unwind_hi = object->unwind_lo + ph[i].p_filesz;
    }
}

struct object_query {
    uintptr_t addr;
    thagi_plat_object *out;
};

static int object_visit(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    const struct object_query *q = data;
    thagi_plat_object *out = q->out;
    if (!lies_in(info, q->addr, &out->lo, &out->hi)) return 0;
    out->bias = info->dlpi_addr;
    out->path = info->dlpi_name;
    find_build_id(out, info->dlpi_phdr, info->dlpi_phnum);
    find_unwind(out, info->dlpi_phdr, info->dlpi_phnum);
    return 1;
}

/* From what the kernel told the program: the linker's locks may be held. */
int thagi_plat_program_has_note(const char *owner)
{
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM), owner_len = strlen(owner) + 1;
    uintptr_t bias = 0;
    for (size_t i = 0; ph && i < count; i++)
        if (ph[i].p_type == PT_PHDR) bias = (uintptr_t)ph - ph[i].p_vaddr;
    for (size_t i = 0; ph && i < count; i++) {
        if (ph[i].p_type != PT_NOTE) continue;
        uintptr_t at = bias + ph[i].p_vaddr, end = at + ph[i].p_memsz;
        while (end - at >= sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            size_t bytes = sizeof *note + ((note->n_namesz + 3ul) & ~3ul);
            bytes += (note->n_descsz + 3ul) & ~3ul;
            if (bytes > end - at) break;
            if (note->n_namesz == owner_len && memcmp(note + 1, owner, owner_len) == 0) return 1;
            at += bytes;
        }
    }
    return 0;
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
/* glibc 2.35 and later; a program that was built with it may run with an older one. */
#pragma weak _dl_find_object

static int object_without_lock(uintptr_t addr, thagi_plat_object *out)
{
    struct dl_find_object found;
    if (_dl_find_object((void *)addr, &found) != 0) return 0;
    out->lo = (uintptr_t)found.dlfo_map_start;
    out->hi = (uintptr_t)found.dlfo_map_end;
    out->bias = found.dlfo_link_map->l_addr;
    out->path = found.dlfo_link_map->l_name;
    const ElfW(Ehdr) *head = found.dlfo_map_start;
    /* Of a static program, where its code begins: without a lock, but also without the headers. */
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
        struct object_query q = {addr, out};
        return dl_iterate_phdr(object_visit, &q);
    }
    size_t table = head->e_phoff + (size_t)head->e_phnum * sizeof(ElfW(Phdr));
    if (table <= out->hi - out->lo) {
        const ElfW(Phdr) *ph = (const ElfW(Phdr) *)((const char *)head + head->e_phoff);
        find_build_id(out, ph, head->e_phnum);
        find_unwind(out, ph, head->e_phnum);
    }
    return 1;
}
#endif

int thagi_plat_object_of(uintptr_t addr, thagi_plat_object *out)
{
    struct object_query q = {addr, out};
    memset(out, 0, sizeof *out);
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    if (_dl_find_object) return object_without_lock(addr, out);
#endif
    return dl_iterate_phdr(object_visit, &q);
}
