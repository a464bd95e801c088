#include "profile/load/profile_code.h"

#include <stdio.h>
#include <string.h>

#define NAME_ROOM 4096

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* What runs before main, and before the function of a thread. */
static int is_start(const char *function)
{
    static const char *const names[] = {"_start",
                                        "__libc_start_main",
                                        "__libc_start_main_impl",
                                        "__libc_start_call_main",
                                        "clone",
                                        "clone3",
                                        "__clone",
                                        "__clone3",
                                        "start_thread"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(function, names[i]) == 0) return 1;
    }
    return 0;
}

/* "shop::cart<int>::add" is the function that __func__ calls "add". */
static int is_function_of(const char *function, const trace_site_info *span)
{
    const char *wanted = span->kind == TRACE_SITE_SECTION ? span->func : span->name;
    size_t len = strlen(function), wanted_len = strlen(wanted);
    const char *tail;

    if (!wanted_len || len < wanted_len) return 0;
    tail = function + len - wanted_len;
    return strcmp(tail, wanted) == 0 && (tail == function || tail[-1] == ':');
}

static thag_err intern(profile *p, const code_frame *f, int with_lines, uint32_t *frame)
{
    char name[NAME_ROOM];
    int len;

    if (!with_lines || !f->file)
        len = snprintf(name, sizeof name, "%s", f->function);
    else
        len = snprintf(name, sizeof name, "%.3000s (%.900s:%u)", f->function, base_name(f->file),
                       f->line);
    if (len >= NAME_ROOM) len = NAME_ROOM - 1;
    return profile_intern(p, name, (size_t)len, f->file, with_lines ? f->line : 0, frame);
}

thag_err profile_code_sites(trace *t, const code_namer *namer)
{
    thag_err err = THAG_OK;

    for (uint32_t id = 0; !err && id < trace_site_count(t); id++) {
        const code_frame *frames, *f;
        trace_code_info code;
        size_t count;

        if (!trace_site_code(t, id, &code)) continue;
        err = namer->name(namer->context, &code, &frames, &count);
        if (err) break;
        f = &frames[count - 1]; /* the others are inlined into its beginning */
        err = trace_site_rename(t, id, f->function, f->file ? f->file : "", f->line);
    }
    return err;
}

thag_err profile_code_node(profile *p, const code_namer *namer, const trace_code_info *code,
                           uint32_t parent, const trace_site_info *span, uint32_t *node)
{
    const code_frame *frames, unknown = {"[callers unknown]", NULL, 0};
    size_t count = 1, first;
    thag_err err = THAG_OK;

    *node = parent;
    if (!code->offset && !*code->path)
        frames = &unknown;
    else
        err = namer->name(namer->context, code, &frames, &count);
    /* Outside of the span's function is what it was inlined into. */
    for (first = 0; !err && span && first < count && !is_function_of(frames[first].function, span);)
        first++;
    first = err ? 0 : first == count || !span ? count : first + (namer->with_lines != 0);
    for (size_t i = first; !err && i-- > 0;) {
        uint32_t frame;

        if (*node == PROFILE_ROOT && is_start(frames[i].function)) continue;
        err = intern(p, &frames[i], namer->with_lines, &frame);
        if (!err) err = profile_child(p, *node, frame, node);
    }
    return err;
}
