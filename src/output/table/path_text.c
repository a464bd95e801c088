#include "output/table/path_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv_text.h"
#include "output/utf8.h"

/* Those below `top`, from there down; NULL if out of memory. */
static uint32_t *path_nodes(const profile *p, uint32_t top, uint32_t node, size_t *depth)
{
    uint32_t *nodes;

    *depth = 0;
    for (uint32_t n = node; n != top; n = p->parent[n]) ++*depth;
    nodes = malloc((*depth + 1) * sizeof *nodes);
    for (size_t i = *depth; nodes && i-- > 0; node = p->parent[node]) nodes[i] = node;
    return nodes;
}

/* Does its name tell the place already? That of a call does: "work (file.c:12)". */
static int names_place(const profile_frame *f)
{
    char line[16];
    size_t len = (size_t)snprintf(line, sizeof line, ":%" PRIu32 ")", f->line);

    return f->name_len > len && strcmp(f->name + f->name_len - len, line) == 0;
}

void path_put_text(FILE *to, const profile *p, uint32_t top, uint32_t node)
{
    size_t depth;
    uint32_t *nodes = path_nodes(p, top, node, &depth);

    for (size_t i = 0; nodes && i < depth; i++) {
        const char *label = p->frames[p->frame[nodes[i]]].label;

        if (i) fputs(" > ", to);
        utf8_put_plain(to, label, strlen(label), SIZE_MAX);
    }
    if (nodes && depth) {
        const profile_frame *f = &p->frames[p->frame[nodes[depth - 1]]];

        if (f->file && f->line && !names_place(f)) {
            fputs(" (", to);
            utf8_put_plain(to, f->file, strlen(f->file), SIZE_MAX);
            fprintf(to, ":%" PRIu32 ")", f->line);
        }
    }
    free(nodes);
}

void path_put_csv(FILE *to, const profile *p, uint32_t top, uint32_t node)
{
    size_t depth, room = 1;
    uint32_t *nodes = path_nodes(p, top, node, &depth);
    char *path;

    for (size_t i = 0; nodes && i < depth; i++) room += p->frames[p->frame[nodes[i]]].name_len + 1;
    path = malloc(room);
    if (path) *path = 0;
    for (size_t i = 0; nodes && path && i < depth; i++) {
        if (i) strcat(path, ";");
        strcat(path, p->frames[p->frame[nodes[i]]].name);
    }
    if (path) csv_text(to, path);
    free(path);
    free(nodes);
}

void path_put_json(json *j, const char *key, const profile *p, uint32_t top, uint32_t node)
{
    size_t depth;
    uint32_t *nodes = path_nodes(p, top, node, &depth);

    json_begin_array(j, key, 0);
    for (size_t i = 0; nodes && i < depth; i++)
        json_text(j, NULL, p->frames[p->frame[nodes[i]]].name);
    json_end(j);
    free(nodes);
}
