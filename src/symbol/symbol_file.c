/*
 * symbol_file.c - finds the file of a module, and the one that has its debug information.
 *
 * Every file has to prove that it is the right one: by its build-id, or, found by .gnu_debuglink, by the
 * checksum that stands there. Nothing is asked of the network.
 */
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "symbol/symbol_internal.h"

#define SYSTEM_FOLDER "/usr/lib/debug"
#define BUILD_ID_MAX  64
#define PATH_ROOM     8192

/* ---- one file ---- */

static void file_close(symbol_file *f)
{
    if (!f->elf) return;
    elf_end(f->elf);
    close(f->fd);
    *f = (symbol_file){0};
}

/* 0 and errno: it cannot be read. errno 0: it is no ELF file. */
static int file_open(symbol_file *f, const char *path)
{
    struct stat st;
    /* The path is the trace's word: no waiting for a pipe, no devices. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) return 0;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        f->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
        f->fd = fd;
        errno = 0;
        if (f->elf && elf_kind(f->elf) == ELF_K_ELF) return 1;
        if (f->elf) elf_end(f->elf);
    }
    int saved = errno;
    *f = (symbol_file){0};
    close(fd);
    errno = saved;
    return 0;
}

const uint8_t *file_build_id(Elf *elf, size_t *len)
{
    const void *id;
    ssize_t size = dwelf_elf_gnu_build_id(elf, &id);

    *len = size > 0 && size <= BUILD_ID_MAX ? (size_t)size : 0;
    return *len ? id : NULL;
}

/* ---- is it the right one? ---- */

static int has_build_id(Elf *elf, const uint8_t *wanted, size_t len)
{
    size_t have_len;
    const uint8_t *have = file_build_id(elf, &have_len);

    return have && have_len == len && memcmp(have, wanted, len) == 0;
}

static int has_checksum(int fd, uint32_t wanted)
{
    static unsigned char buffer[1 << 16];
    uLong sum = crc32(0, NULL, 0);
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        sum = crc32(sum, buffer, (uInt)n);
        at += n;
    }
    return n == 0 && sum == wanted;
}

static void print_id(char *to, size_t room, const uint8_t *id, size_t len)
{
    size_t at = 0;

    for (size_t i = 0; i < len && at + 3 < room && i < 8; i++) {
        at += (size_t)snprintf(to + at, room - at, "%02x", id[i]);
    }
    snprintf(to + at, room - at, "%s", len > 8 ? ".." : "");
}

/* ---- the module's own file ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Open one candidate, and note in the module why not. 1: it is the one. */
static int try_main(module *m, const char *path)
{
    char have[24], want[24];
    size_t len;
    const uint8_t *id;

    if (!file_open(&m->main, path)) {
        if (m->status > SYMBOL_MISSING) return 0; /* says more */
        m->status = errno ? SYMBOL_MISSING : SYMBOL_DAMAGED;
        snprintf(m->problem, sizeof m->problem, "%s",
                 errno ? strerror(errno) : "is not an ELF file");
        return 0;
    }
    if (!m->build_id_len || has_build_id(m->main.elf, m->build_id, m->build_id_len)) return 1;
    id = file_build_id(m->main.elf, &len);
    print_id(have, sizeof have, id, len);
    print_id(want, sizeof want, m->build_id, m->build_id_len);
    m->status = SYMBOL_CHANGED;
    snprintf(m->problem, sizeof m->problem,
             "changed since the run: its build-id is %s, the one that ran had %s",
             id ? have : "missing", want);
    file_close(&m->main);
    return 0;
}

void symbol_kept_name(char *name, size_t room, const char *path, const char *build_id)
{
    snprintf(name, room, "%s-%.8s.program", base_name(path), build_id);
}

/* One that thag-run made, and kept beside its traces. */
static int try_kept(module *m, const char *folder)
{
    char path[PATH_ROOM], name[1024], id[24];

    if (m->build_id_len < 4) return 0;
    print_id(id, sizeof id, m->build_id, m->build_id_len);
    symbol_kept_name(name, sizeof name, m->path, id);
    snprintf(path, sizeof path, "%.4000s/%s", folder, name);
    return access(path, F_OK) == 0 && try_main(m, path);
}

static int find_main(module *m, const folder_list *folders)
{
    char path[PATH_ROOM];

    if (try_main(m, m->path)) return 1;
    for (size_t i = 0; i < folders->count; i++) {
        snprintf(path, sizeof path, "%s/%s", folders->items[i], m->path);
        if (try_main(m, path)) return 1;
        snprintf(path, sizeof path, "%s/%s", folders->items[i], base_name(m->path));
        if (try_main(m, path) || try_kept(m, folders->items[i])) return 1;
    }
    return 0;
}

/* ---- the debug file ---- */

/* FOLDER/.build-id/ab/cdef.debug */
static int debug_by_id(module *m, const char *folder)
{
    char path[PATH_ROOM];
    int at = snprintf(path, sizeof path, "%s/.build-id/", folder);

    if (at + 3 * BUILD_ID_MAX >= PATH_ROOM) return 0;
    for (size_t i = 0; i < m->build_id_len; i++) {
        at += snprintf(path + at, (size_t)(PATH_ROOM - at), i == 0 ? "%02x/" : "%02x",
                       m->build_id[i]);
    }
    snprintf(path + at, (size_t)(PATH_ROOM - at), ".debug");
    if (!file_open(&m->debug, path)) return 0;
    if (has_build_id(m->debug.elf, m->build_id, m->build_id_len)) return 1;
    file_close(&m->debug);
    return 0;
}

static int try_link(module *m, const char *path, GElf_Word checksum)
{
    if (!file_open(&m->debug, path)) return 0;
    if (has_checksum(m->debug.fd, checksum)) return 1;
    file_close(&m->debug);
    return 0;
}

/* The places where GDB looks for the name in .gnu_debuglink. */
static int debug_by_link(module *m, const folder_list *folders)
{
    char path[PATH_ROOM], folder[PATH_ROOM];
    GElf_Word checksum;
    const char *name = m->main.elf ? dwelf_elf_gnu_debuglink(m->main.elf, &checksum) : NULL;

    if (!name || !*name || strchr(name, '/')) return 0;
    snprintf(folder, sizeof folder, "%s", m->path);
    if (strrchr(folder, '/')) *strrchr(folder, '/') = '\0';
    snprintf(path, sizeof path, "%.4000s/%.4000s", folder, name);
    if (try_link(m, path, checksum)) return 1;
    snprintf(path, sizeof path, "%.4000s/.debug/%.4000s", folder, name);
    if (try_link(m, path, checksum)) return 1;
    for (size_t i = 0; i <= folders->count; i++) {
        const char *root = i < folders->count ? folders->items[i] : SYSTEM_FOLDER;

        snprintf(path, sizeof path, "%.2000s/%.4000s/%.2000s", root, folder, name);
        if (try_link(m, path, checksum)) return 1;
        snprintf(path, sizeof path, "%.4000s/%.4000s", root, name);
        if (i < folders->count && try_link(m, path, checksum)) return 1;
    }
    return 0;
}

static int find_debug(module *m, const folder_list *folders)
{
    for (size_t i = 0; m->build_id_len && i <= folders->count; i++) {
        if (debug_by_id(m, i < folders->count ? folders->items[i] : SYSTEM_FOLDER)) return 1;
    }
    return debug_by_link(m, folders);
}

/* ---- all of it ---- */

/* A module whose id the trace did not know has one in its file. */
static thag_err learn_build_id(module *m)
{
    size_t len;
    const uint8_t *id = m->main.elf && !m->build_id_len ? file_build_id(m->main.elf, &len) : NULL;

    if (!id) return THAG_OK;
    m->build_id = malloc(len);
    if (!m->build_id) return THAG_ERR_MEMORY;
    memcpy(m->build_id, id, len);
    m->build_id_len = len;
    return THAG_OK;
}

static thag_err load_names(module *m)
{
    thag_err err = THAG_OK;

    if (m->debug.elf) err = table_load(&m->table, m->debug.elf);
    if (!err && !m->table.count && m->main.elf) err = table_load(&m->table, m->main.elf);
    return err;
}

static void settle_status(module *m)
{
    int is_found = m->main.elf || m->debug.elf;

    if (!is_found) return; /* and why has been noted */
    m->problem[0] = '\0';
    m->status = m->dwarf.dwarf ? SYMBOL_LINES : m->table.count ? SYMBOL_NAMES : SYMBOL_STRIPPED;
    if (m->status == SYMBOL_NAMES)
        snprintf(m->problem, sizeof m->problem,
                 "no debug information: functions have names, but no lines");
    if (m->status == SYMBOL_STRIPPED)
        snprintf(m->problem, sizeof m->problem, "stripped, and no debug file was found");
}

thag_err module_open(module *m, const folder_list *folders)
{
    thag_err err = THAG_OK;

    if (elf_version(EV_CURRENT) == EV_NONE) return THAG_ERR_MEMORY;
    if (!m->path[0]) {
        m->status = SYMBOL_MISSING;
        snprintf(m->problem, sizeof m->problem, "no file: code that was made at run time");
        return THAG_OK;
    }
    if (find_main(m, folders)) {
        err = learn_build_id(m);
        if (!err) err = dwarf_open(&m->dwarf, m->main.elf);
    }
    if (!err && !m->dwarf.dwarf && find_debug(m, folders))
        err = dwarf_open(&m->dwarf, m->debug.elf);
    if (!err) err = load_names(m);
    settle_status(m);
    return err;
}

void module_close(module *m)
{
    dwarf_close(&m->dwarf);
    table_free(&m->table);
    file_close(&m->debug);
    file_close(&m->main);
    free(m->path);
    free(m->build_id);
}
