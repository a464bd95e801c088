/*
 * operation.h - the transformations of profile_ops.h by name, with their patterns, to be done one
 * after the other: what the command line, the menu and the terminal viewer share.
 */
#ifndef THAG_OPERATION_H
#define THAG_OPERATION_H

#include "profile/profile_ops.h"

/* Id, name on the command line, what its argument is called, what it does. */
#define OPERATIONS(X) \
    X(FOCUS, "focus", "REGEX", "keep the stacks that have a matching function") \
    X(IGNORE, "ignore", "REGEX", "drop matching functions and all that they call (Recursive)") \
    X(IGNORE_SELF, "ignore-self", "REGEX", \
      "drop what matching functions do themselves (Exact); they stay above what they call") \
    X(IGNORE_LARGE, "ignore-large", NULL, "drop allocations of more than 1 MB a block") \
    X(IGNORE_TEMPORARY, "ignore-temporary", NULL, "drop allocations that were soon freed") \
    X(IGNORE_LEAKED, "ignore-leaked", NULL, "drop allocations that were not freed at the end") \
    X(IGNORE_FREQUENT, "ignore-frequent", NULL, "drop paths with 1 % of the allocations or more") \
    X(HIDE, "hide", "REGEX", "take matching functions out; their callers get their time") \
    X(CALLERS, "callers", "REGEX", "who calls the matching functions, from them up") \
    X(CALLEES, "callees", "REGEX", "what the matching functions do, whoever calls them") \
    X(COLLAPSE_RECURSION, "collapse-recursion", NULL, "a function once on each path") \
    X(COLLAPSE_WRAPPERS, "collapse-wrappers", NULL, \
      "take out functions that do nothing but call one other") \
    X(INVERT, "invert", NULL, "bottom up: below each function its callers")

typedef enum operation_kind {
#define OPERATION_ENUM(id, option, argument, help) OPERATION_##id,
    OPERATIONS(OPERATION_ENUM)
#undef OPERATION_ENUM
        OPERATION_COUNT
} operation_kind;

typedef struct operation_list {
    struct operation *items;
    size_t count;
} operation_list;

/** Name on the command line. */
const char *operation_name(operation_kind kind);

/** Add one, with its pattern or NULL. Fails with THAG_ERR_PATTERN, THAG_ERR_MEMORY. */
thag_err operation_add(operation_list *list, operation_kind kind, const char *regex, fault *fault);

/** Add one for functions of exactly these names. */
thag_err operation_add_names(operation_list *list, operation_kind kind, const char *const *names,
                             size_t name_count, fault *fault);

void operation_list_release(operation_list *list);

/** Is one of that kind among them? */
int operation_list_has(const operation_list *list, operation_kind kind);

/** Do they only leave out, so that each path of the result is one of the profile before? */
int operation_keeps_paths(const operation_list *list);

/** Do all of them, one at least, on p, which stays as it is. *out is the caller's. */
thag_err operation_result(const operation_list *list, profile **out, const profile *p,
                          fault *fault);

/** Do all of them: *p is replaced by the result. After an error *p is what it was. */
thag_err operation_apply(const operation_list *list, profile **p, fault *fault);

#endif
