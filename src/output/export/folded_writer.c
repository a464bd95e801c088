#include "output/export/folded_writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/frame_order.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

typedef struct writer {
    int is_begun; /* a line has been written */
    FILE *to;
    const profile *p;
    int64_t divisor;
    frame_children children;
    uint32_t *next; /* cursor into children.child of each open node */
    char *path;     /* text of the open nodes */
    size_t path_len;
    size_t path_room;
} writer;

char folded_clean(char c)
{
    if (c == ';') return ':';
    return (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
}

static int path_push(writer *w, const profile_frame *f)
{
    size_t need = w->path_len + f->name_len + 1;

    if (need > w->path_room) {
        size_t room = need * 2;
        char *grown = realloc(w->path, room);
        if (!grown) return 0;
        w->path = grown;
        w->path_room = room;
    }
    for (uint32_t i = 0; i < f->name_len; i++) w->path[w->path_len++] = folded_clean(f->name[i]);
    w->path[w->path_len++] = ';';
    return 1;
}

static int64_t divide_rounded(int64_t value, int64_t divisor)
{
    int64_t rest = value % divisor;

    return value / divisor + (rest >= divisor - divisor / 2);
}

static int has_line(const writer *w, uint32_t n)
{
    if (w->p->self[n] != 0 || w->children.first[n] == w->children.first[n + 1]) return 1;
    return w->p->calls && (w->p->calls[n].calls || w->p->calls[n].open);
}

static void put_line(writer *w, uint32_t n)
{
    if (!has_line(w, n)) return;
    /* What looks like a byte order mark at the start of a file would be taken for one. */
    if (!w->is_begun && w->path_len > 3 && memcmp(w->path, BYTE_ORDER_MARK, 3) == 0)
        fwrite(BYTE_ORDER_MARK, 1, 3, w->to);
    w->is_begun = 1;
    fwrite(w->path, 1, w->path_len - 1, w->to); /* without the last ';' */
    fprintf(w->to, " %" PRId64 "\n", divide_rounded(w->p->self[n], w->divisor));
}

/* Down the tree in order, without recursion: the parents are the stack. */
static thag_err put_tree(writer *w)
{
    uint32_t n = PROFILE_ROOT;

    for (;;) {
        if (w->next[n] < w->children.first[n + 1]) {
            n = w->children.child[w->next[n]++];
            if (!path_push(w, &w->p->frames[w->p->frame[n]])) return THAG_ERR_MEMORY;
            put_line(w, n);
            continue;
        }
        if (n == PROFILE_ROOT) return THAG_OK;
        w->path_len -= w->p->frames[w->p->frame[n]].name_len + 1u;
        n = w->p->parent[n];
    }
}

static int64_t divisor_for(const profile *p, const folded_write_opts *opts)
{
    if (opts && opts->divisor > 0) return opts->divisor;
    return p->unit == PROFILE_NS ? 1000 : 1;
}

thag_err folded_write(FILE *to, const profile *p, const folded_write_opts *opts, fault *why)
{
    writer w = {.to = to, .p = p, .divisor = divisor_for(p, opts)};
    thag_err err = frame_children_init(&w.children, p);

    if (err) goto done;
    err = THAG_ERR_MEMORY;
    w.next = malloc(p->node_count * sizeof *w.next);
    if (!w.next) goto done;
    for (uint32_t n = 0; n < p->node_count; n++) w.next[n] = w.children.first[n];
    err = put_tree(&w);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
done:
    if (err) fault_set(why, err, UINT64_MAX, "writing collapsed stacks");
    frame_children_release(&w.children);
    free(w.next);
    free(w.path);
    return err;
}
