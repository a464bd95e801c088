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

int code_names_new(code_names **out, const debug_folders *folders, int with_lines)
{
    code_names *n = calloc(1, sizeof *n);

    *out = NULL;
    if (!n || symbolizer_new(&n->symbols, folders->items, (size_t)folders->count)) {
        free(n);
        return complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    n->namer = (code_namer){.name = name_call, .context = n, .with_lines = with_lines};
    *out = n;
    return EXIT_FINE;
}

void code_names_sites_only(code_names *n)
{
    n->namer.sites_only = 1;
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
