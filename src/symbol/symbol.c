#include "symbol/symbol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/symbol_internal.h"

#define PAGE_BYTES 65536u
#define NAME_ROOM  4096u

/* Strings and answers are cut from pages, and go all at once. */
typedef struct page {
    struct page *next;
    size_t used, room;
    char bytes[];
} page;

/* What was found at an address. */
typedef struct answer {
    uint64_t address;
    uint32_t module;
    uint32_t count;
    const symbol_frame *frames; /* NULL: a free place in the table */
} answer;

struct symbolizer {
    folder_list folders;
    module *modules;
    size_t module_count, module_room;
    page *pages;
    answer *answers; /* hash: open addressing, linear probing, a power of two */
    size_t answer_count, answer_room;
};

/* ---- memory ---- */

static void *keep(symbolizer *s, const void *bytes, size_t len)
{
    page *p = s->pages;
    size_t size = (len + 15) & ~(size_t)15;
    void *to;

    if (!p || p->room - p->used < size) {
        size_t room = size > PAGE_BYTES ? size : PAGE_BYTES;

        p = malloc(sizeof *p + room);
        if (!p) return NULL;
        *p = (page){.next = s->pages, .room = room};
        s->pages = p;
    }
    to = p->bytes + p->used;
    memcpy(to, bytes, len);
    p->used += size;
    return to;
}

thag_err symbolizer_new(symbolizer **out, const char *const *folders, size_t folder_count)
{
    symbolizer *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s) return THAG_ERR_MEMORY;
    s->folders.items = calloc(folder_count + 1, sizeof *s->folders.items);
    for (size_t i = 0; s->folders.items && i < folder_count; i++) {
        s->folders.items[i] = strdup(folders[i]);
        if (!s->folders.items[i]) break;
        s->folders.count++;
    }
    if (!s->folders.items || s->folders.count < folder_count) {
        symbolizer_free(s);
        return THAG_ERR_MEMORY;
    }
    *out = s;
    return THAG_OK;
}

void symbolizer_free(symbolizer *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->module_count; i++) module_close(&s->modules[i]);
    for (size_t i = 0; i < s->folders.count; i++) free(s->folders.items[i]);
    for (page *p = s->pages, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(s->folders.items);
    free(s->modules);
    free(s->answers);
    free(s);
}

/* ---- modules ---- */

thag_err symbolizer_add(symbolizer *s, const symbol_module *from, uint32_t *id)
{
    module m = {.bias = from->bias, .build_id_len = from->build_id ? from->build_id_len : 0};

    if (s->module_count == s->module_room) {
        size_t room = s->module_room ? s->module_room * 2 : 16;
        module *modules = realloc(s->modules, room * sizeof *modules);

        if (!modules) return THAG_ERR_MEMORY;
        s->modules = modules;
        s->module_room = room;
    }
    m.path = strdup(from->path);
    if (m.build_id_len) m.build_id = malloc(m.build_id_len);
    if (!m.path || (m.build_id_len && !m.build_id)) {
        free(m.path);
        free(m.build_id);
        return THAG_ERR_MEMORY;
    }
    if (m.build_id_len) memcpy(m.build_id, from->build_id, m.build_id_len);
    *id = (uint32_t)s->module_count;
    s->modules[s->module_count++] = m;
    return THAG_OK;
}

symbol_status symbolizer_status(const symbolizer *s, uint32_t id)
{
    return s->modules[id].status;
}

const char *symbolizer_problem(const symbolizer *s, uint32_t id)
{
    return s->modules[id].problem[0] ? s->modules[id].problem : NULL;
}

/* ---- answers ---- */

static answer *place(const symbolizer *s, uint32_t id, uint64_t address)
{
    size_t mask = s->answer_room - 1;
    uint64_t mixed = (address ^ (uint64_t)id << 48) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(mixed >> 32) & mask;

    while (s->answers[i].frames && (s->answers[i].address != address || s->answers[i].module != id))
        i = (i + 1) & mask;
    return &s->answers[i];
}

static thag_err make_room(symbolizer *s)
{
    answer *old = s->answers;
    size_t old_room = s->answer_room, room = old_room ? old_room * 2 : 1024;

    if ((s->answer_count + 1) * 2 <= old_room) return THAG_OK;
    s->answers = calloc(room, sizeof *s->answers);
    if (!s->answers) {
        s->answers = old;
        return THAG_ERR_MEMORY;
    }
    s->answer_room = room;
    for (size_t i = 0; i < old_room; i++) {
        if (old[i].frames) *place(s, old[i].module, old[i].address) = old[i];
    }
    free(old);
    return THAG_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* The name as the source has it, or where there is none, module+0xOFFSET. */
static thag_err finish_name(symbolizer *s, const module *m, uint64_t offset, symbol_frame *f)
{
    char text[NAME_ROOM];
    size_t len = 0;

    if (!f->function) {
        f->is_unknown = 1;
        len = (size_t)snprintf(text, sizeof text, "%.4000s+0x%llx",
                               m->path[0] ? base_name(m->path) : "[no file]",
                               (unsigned long long)offset);
    } else if (!name_demangle(f->function, text, sizeof text, &len)) {
        return THAG_OK; /* lives in the file's memory */
    }
    f->function = keep(s, text, len + 1);
    return f->function ? THAG_OK : THAG_ERR_MEMORY;
}

static thag_err find(symbolizer *s, module *m, uint64_t address, symbol_frame *frames, size_t room,
                     size_t *count)
{
    uint64_t offset = address - m->bias;
    thag_err err = THAG_OK;

    if (m->status == SYMBOL_NOT_ASKED) err = module_open(m, &s->folders);
    if (!err) err = dwarf_frames(&m->dwarf, offset, frames, room, count);
    if (err) return err;
    if (!*count) {
        frames[0] = (symbol_frame){0};
        *count = 1;
    }
    if (!frames[*count - 1].function) frames[*count - 1].function = table_name(&m->table, offset);
    for (size_t i = 0; !err && i < *count; i++) err = finish_name(s, m, offset, &frames[i]);
    return err;
}

thag_err symbolizer_resolve(symbolizer *s, uint32_t id, uint64_t address,
                            const symbol_frame **frames, size_t *count)
{
    symbol_frame found[SYMBOL_INLINES_MAX + 1];
    thag_err err = make_room(s);
    answer *a;

    if (err) return err;
    a = place(s, id, address);
    if (!a->frames) {
        size_t n = 0;

        err = find(s, &s->modules[id], address, found, sizeof found / sizeof *found, &n);
        if (err) return err;
        const symbol_frame *kept = keep(s, found, n * sizeof *found);
        if (!kept) return THAG_ERR_MEMORY;
        *a = (answer){address, id, (uint32_t)n, kept};
        s->answer_count++;
    }
    *frames = a->frames;
    *count = a->count;
    return THAG_OK;
}
