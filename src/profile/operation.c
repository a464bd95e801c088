#include "profile/operation.h"

#include <stdlib.h>

typedef struct operation {
    operation_kind kind;
    pattern **patterns; /* any of them */
    size_t pattern_count;
} operation;

typedef thag_err (*on_marked)(profile **, const profile *, const unsigned char *marks, fault *);
typedef thag_err (*on_all)(profile **, const profile *, fault *);

#define IGNORE_MEMORY(name, kind) \
    static thag_err name(profile **out, const profile *p, fault *f) \
    { \
        return profile_ignore_memory(out, p, kind, f); \
    }

IGNORE_MEMORY(ignore_large, MEMORY_LARGE)
IGNORE_MEMORY(ignore_temporary, MEMORY_TEMPORARY)
IGNORE_MEMORY(ignore_leaked, MEMORY_LEAKED)
IGNORE_MEMORY(ignore_frequent, MEMORY_FREQUENT)

/* One of the two. */
static const struct {
    on_marked marked;
    on_all all;
} facts[OPERATION_COUNT] = {
    [OPERATION_FOCUS] = {profile_focus, NULL},
    [OPERATION_IGNORE] = {profile_ignore, NULL},
    [OPERATION_IGNORE_SELF] = {profile_ignore_self, NULL},
    [OPERATION_IGNORE_LARGE] = {NULL, ignore_large},
    [OPERATION_IGNORE_TEMPORARY] = {NULL, ignore_temporary},
    [OPERATION_IGNORE_LEAKED] = {NULL, ignore_leaked},
    [OPERATION_IGNORE_FREQUENT] = {NULL, ignore_frequent},
    [OPERATION_HIDE] = {profile_hide, NULL},
    [OPERATION_CALLERS] = {profile_callers, NULL},
    [OPERATION_CALLEES] = {profile_callees, NULL},
    [OPERATION_COLLAPSE_RECURSION] = {NULL, profile_collapse_recursion},
    [OPERATION_COLLAPSE_WRAPPERS] = {NULL, profile_collapse_wrappers},
    [OPERATION_INVERT] = {NULL, profile_invert},
};

const char *operation_name(operation_kind kind)
{
#define OPERATION_NAME(id, option, argument, help) option,
    static const char *const names[] = {OPERATIONS(OPERATION_NAME)};

    return names[kind];
}

/* ---- the list ---- */

static void release(operation *o)
{
    for (size_t i = 0; i < o->pattern_count; i++) pattern_free(o->patterns[i]);
    free(o->patterns);
}

typedef thag_err (*make_pattern)(pattern **, const char *text, fault *);

static thag_err add(operation_list *list, operation_kind kind, const char *const *texts,
                    size_t count, make_pattern make, fault *f)
{
    operation o = {.kind = kind, .patterns = calloc(count + 1, sizeof *o.patterns)};
    operation *items = realloc(list->items, (list->count + 1) * sizeof *items);
    thag_err err = THAG_OK;

    if (items) list->items = items;
    if (!items || !o.patterns) err = fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "operations");
    for (; !err && o.pattern_count < count; o.pattern_count++) {
        err = make(&o.patterns[o.pattern_count], texts[o.pattern_count], f);
        if (err) break;
    }
    if (err)
        release(&o);
    else
        list->items[list->count++] = o;
    return err;
}

thag_err operation_add(operation_list *list, operation_kind kind, const char *regex, fault *f)
{
    return add(list, kind, &regex, regex ? 1 : 0, pattern_new, f);
}

thag_err operation_add_names(operation_list *list, operation_kind kind, const char *const *names,
                             size_t name_count, fault *f)
{
    return add(list, kind, names, name_count, pattern_new_exact, f);
}

int operation_list_has(const operation_list *list, operation_kind kind)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind == kind) return 1;
    return 0;
}

int operation_keeps_paths(const operation_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind > OPERATION_IGNORE_FREQUENT) return 0;
    return 1;
}

void operation_list_release(operation_list *list)
{
    for (size_t i = 0; i < list->count; i++) release(&list->items[i]);
    free(list->items);
    *list = (operation_list){0};
}

/* ---- doing them ---- */

static thag_err apply_one(const operation *o, profile **out, const profile *p, fault *f)
{
    unsigned char *marks;
    thag_err err;

    if (facts[o->kind].all) return facts[o->kind].all(out, p, f);
    err = profile_mark(&marks, p, o->patterns, o->pattern_count, f);
    if (!err) err = facts[o->kind].marked(out, p, marks, f);
    free(marks);
    return err;
}

thag_err operation_result(const operation_list *list, profile **out, const profile *p, fault *f)
{
    profile *now = NULL, *next;

    *out = NULL;
    for (size_t i = 0; i < list->count; i++) {
        thag_err err = apply_one(&list->items[i], &next, now ? now : p, f);

        profile_free(now);
        if (err) return err;
        now = next;
    }
    *out = now;
    return THAG_OK;
}

thag_err operation_apply(const operation_list *list, profile **p, fault *f)
{
    profile *result;
    thag_err err = operation_result(list, &result, *p, f);

    if (err || !result) return err;
    profile_free(*p);
    *p = result;
    return THAG_OK;
}
