#include "output/frame_order.h"

#include <stdlib.h>
#include <string.h>

typedef struct ranked {
    const profile_frame *frame;
    uint32_t index;
} ranked;

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_ranked(const void *left, const void *right)
{
    const ranked *l = left, *r = right;
    const profile_frame *a = l->frame, *b = r->frame;
    int order = compare_bytes(a->name, a->name_len, b->name, b->name_len);

    if (!order) order = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    if (!order) order = (a->line > b->line) - (a->line < b->line);
    return order ? order : (l->index > r->index) - (l->index < r->index);
}

uint32_t *frame_ranks(const profile *p)
{
    ranked *sorted = malloc((p->frame_count + 1) * sizeof *sorted);
    uint32_t *rank = malloc((p->frame_count + 1) * sizeof *rank);

    if (sorted && rank) {
        for (uint32_t f = 0; f < p->frame_count; f++) sorted[f] = (ranked){&p->frames[f], f};
        qsort(sorted, p->frame_count, sizeof *sorted, compare_ranked);
        for (uint32_t i = 0; i < p->frame_count; i++) rank[sorted[i].index] = i;
    } else {
        free(rank);
        rank = NULL;
    }
    free(sorted);
    return rank;
}

/* Nodes (without the root) by the rank of their frame: a counting sort. */
static uint32_t *nodes_by_rank(const profile *p)
{
    uint32_t *rank = frame_ranks(p);
    uint32_t *sorted = malloc(p->node_count * sizeof *sorted);
    uint32_t *next = calloc((size_t)p->frame_count + 1, sizeof *next);

    if (rank && sorted && next) {
        for (uint32_t n = 1; n < p->node_count; n++) next[rank[p->frame[n]] + 1]++;
        for (uint32_t f = 1; f < p->frame_count; f++) next[f] += next[f - 1];
        for (uint32_t n = 1; n < p->node_count; n++) sorted[next[rank[p->frame[n]]]++] = n;
    } else {
        free(sorted);
        sorted = NULL;
    }
    free(rank);
    free(next);
    return sorted;
}

thag_err frame_children_init(frame_children *c, const profile *p)
{
    uint32_t *sorted = nodes_by_rank(p);
    uint32_t *first = calloc((size_t)p->node_count + 2, sizeof *first);
    uint32_t *child = malloc(p->node_count * sizeof *child);
    thag_err err = THAG_ERR_MEMORY;

    *c = (frame_children){0};
    if (!sorted || !first || !child) goto done;
    for (uint32_t n = 1; n < p->node_count; n++) first[p->parent[n] + 2]++;
    for (uint32_t n = 2; n <= p->node_count; n++) first[n] += first[n - 1];
    /* first[n + 1] is where n's next child goes, and so ends up as where n + 1's begin. */
    for (uint32_t i = 0; i + 1 < p->node_count; i++) {
        uint32_t n = sorted[i];
        child[first[p->parent[n] + 1]++] = n;
    }
    *c = (frame_children){first, child};
    first = child = NULL;
    err = THAG_OK;
done:
    free(sorted);
    free(first);
    free(child);
    return err;
}

void frame_children_release(frame_children *c)
{
    free(c->first);
    free(c->child);
    *c = (frame_children){0};
}

uint32_t *frame_tree_order(const profile *p, uint32_t *count)
{
    frame_children c;
    uint32_t *order = malloc(p->node_count * sizeof *order);
    uint32_t *next = malloc(p->node_count * sizeof *next);
    uint32_t n = PROFILE_ROOT;
    thag_err err = frame_children_init(&c, p);

    *count = 0;
    if (err || !order || !next) {
        free(order);
        order = NULL;
        goto done;
    }
    memcpy(next, c.first, p->node_count * sizeof *next);
    for (;;) {
        if (next[n] < c.first[n + 1]) {
            n = c.child[next[n]++];
            order[(*count)++] = n;
        } else if (n == PROFILE_ROOT) {
            break;
        } else {
            n = p->parent[n];
        }
    }
done:
    frame_children_release(&c);
    free(next);
    return order;
}
