#include "profile/profile_walk.h"

#include <stdlib.h>
#include <string.h>

thag_err profile_walk_init(profile_walk *w, const profile *p)
{
    size_t bytes = p->node_count * sizeof *w->first_child;

    w->first_child = malloc(bytes);
    w->next_sibling = malloc(bytes);
    if (!w->first_child || !w->next_sibling) return THAG_ERR_MEMORY;
    memset(w->first_child, 0xFF, bytes);
    memset(w->next_sibling, 0xFF, bytes);
    for (uint32_t n = p->node_count; n-- > 1;) {
        w->next_sibling[n] = w->first_child[p->parent[n]];
        w->first_child[p->parent[n]] = n;
    }
    return THAG_OK;
}

void profile_walk_release(profile_walk *w)
{
    free(w->first_child);
    free(w->next_sibling);
}

uint32_t profile_walk_next(const profile_walk *w, const profile *p, uint32_t n, uint32_t *left)
{
    if (left) *left = PROFILE_NONE;
    if (w->first_child[n] != PROFILE_NONE) return w->first_child[n];
    while (n != PROFILE_ROOT) {
        if (left) *left = n;
        if (w->next_sibling[n] != PROFILE_NONE) return w->next_sibling[n];
        n = p->parent[n];
    }
    return PROFILE_NONE;
}
