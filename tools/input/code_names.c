#include "input/code_names.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "symbol/symbol.h"
#include "trace/trace_format.h"

/* A module by what identifies it, wherever a trace says that it was loaded. */
typedef struct known_module {
    char *path, *build_id;
    uint32_t id;
} known_module;

struct code_names {
    code_namer namer;
    symbolizer *symbols;
    known_module *modules;
    size_t module_count, module_room;
    code_frame *frames;
    size_t frame_room;
};

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static thag_err add_module(code_names *n, const trace_code_info *code, uint32_t *id)
{
    uint8_t bytes[TRACE_BUILD_ID_MAX];
    symbol_module m = {.path = code->path, .build_id = bytes};
    known_module *k;
    thag_err err;

    if (n->module_count == n->module_room) {
        size_t room = n->module_room ? 2 * n->module_room : 16;
        known_module *modules = realloc(n->modules, room * sizeof *modules);

        if (!modules) return THAG_ERR_MEMORY;
        n->modules = modules;
        n->module_room = room;
    }
    for (const char *c = code->build_id; c[0] && c[1] && m.build_id_len < sizeof bytes; c += 2)
        bytes[m.build_id_len++] = (uint8_t)(digit(c[0]) << 4 | digit(c[1]));
    err = symbolizer_add(n->symbols, &m, id);
    if (err) return err;
    k = &n->modules[n->module_count];
    *k = (known_module){strdup(code->path), strdup(code->build_id), *id};
    n->module_count++; /* so that what was copied is freed */
    return k->path && k->build_id ? THAG_OK : THAG_ERR_MEMORY;
}

static thag_err find_module(code_names *n, const trace_code_info *code, uint32_t *id)
{
    for (size_t i = n->module_count; i-- > 0;) {
        const known_module *k = &n->modules[i];

        if (strcmp(k->path, code->path) == 0 && strcmp(k->build_id, code->build_id) == 0) {
            *id = k->id;
            return THAG_OK;
        }
    }
    return add_module(n, code, id);
}

static thag_err name_call(void *context, const trace_code_info *code, const code_frame **frames,
                          size_t *count)
{
    code_names *n = context;
    const symbol_frame *found;
    uint32_t id;
    thag_err err = find_module(n, code, &id);

    /* A call returns to the instruction behind it. */
    if (!err)
        err = symbolizer_resolve(n->symbols, id, code->offset - !code->is_begin, &found, count);
    if (err) return err;
    if (*count > n->frame_room) {
        code_frame *room = realloc(n->frames, *count * sizeof *room);

        if (!room) return THAG_ERR_MEMORY;
        n->frames = room;
        n->frame_room = *count;
    }
    for (size_t i = 0; i < *count; i++)
        n->frames[i] = (code_frame){found[i].function, found[i].file, found[i].line};
    *frames = n->frames;
    return THAG_OK;
}

typedef struct folder_list {
    const char **items; /* first those of the user; then as many owned ones */
    size_t count, owned;
} folder_list;

/* That of a path, unless it is the one before. */
static int add_folder_of(folder_list *list, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + (slash == path) : 1;
    char *folder = slash ? strndup(path, len) : strdup(".");

    if (!folder) return 0;
    if (list->owned && strcmp(list->items[list->count - 1], folder) == 0) {
        free(folder);
        return 1;
    }
    list->items[list->count++] = folder;
    list->owned++;
    return 1;
}

static void folders_release(folder_list *list)
{
    while (list->owned-- > 0) free((char *)(uintptr_t)list->items[--list->count]);
    free(list->items);
}

/* The user's come first. */
static thag_err symbols_new(symbolizer **out, const debug_folders *folders, char **traces,
                            int count)
{
    folder_list all = {
        .items = malloc(((size_t)folders->count + (size_t)count + 1) * sizeof *all.items)};
    thag_err err = all.items ? THAG_OK : THAG_ERR_MEMORY;

    for (int i = 0; !err && i < folders->count; i++) all.items[all.count++] = folders->items[i];
    for (int i = 0; !err && i < count; i++)
        if (!add_folder_of(&all, traces[i])) err = THAG_ERR_MEMORY;
    if (!err) err = symbolizer_new(out, all.items, all.count);
    folders_release(&all);
    return err;
}

int code_names_new(code_names **out, const debug_folders *folders, char **traces, int count,
                   code_calls calls, int with_lines)
{
    code_names *n = calloc(1, sizeof *n);

    *out = NULL;
    if (!n || symbols_new(&n->symbols, folders, traces, count)) {
        free(n);
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    n->namer =
        (code_namer){.name = name_call, .context = n, .calls = calls, .with_lines = with_lines};
    *out = n;
    return EXIT_FINE;
}

void code_names_free(code_names *n)
{
    if (!n) return;
    for (size_t i = 0; i < n->module_count; i++) {
        free(n->modules[i].path);
        free(n->modules[i].build_id);
    }
    symbolizer_free(n->symbols);
    free(n->modules);
    free(n->frames);
    free(n);
}

const code_namer *code_names_namer(const code_names *n)
{
    return &n->namer;
}

void code_names_report(const code_names *n)
{
    for (size_t i = 0; i < n->module_count; i++) {
        const known_module *k = &n->modules[i];
        const char *problem = symbolizer_problem(n->symbols, k->id);
        symbol_status status = symbolizer_status(n->symbols, k->id);

        /* System libraries without debug files are the rule. */
        if (!problem || (status <= SYMBOL_STRIPPED && !n->namer.with_lines)) continue;
        complain(0, *k->path ? k->path : "unknown module", "%s", problem);
    }
}
