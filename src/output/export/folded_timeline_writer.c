/*
 * Collapsed stacks in order of time, for `flamegraph.pl --flamechart` and the like: a line for each
 * stretch during which the innermost span stayed the same, in nanoseconds. The outermost frame is the
 * thread; threads follow each other.
 */
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "output/export/folded_writer.h"
#include "output/export/span_walk.h"

typedef struct writer {
    text_out out;
    const export_source *from;
    char label[SPAN_LABEL_ROOM];
    char **names;   /* by frame, cleaned */
    uint32_t *path; /* room for the deepest */
} writer;

static char *clean_copy(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy) return NULL;
    for (size_t i = 0; i < len; i++) copy[i] = folded_clean(text[i]);
    copy[len] = 0;
    return copy;
}

static int make_names(writer *w)
{
    const profile *p = w->from->profile;

    w->names = calloc((size_t)p->frame_count + 1, sizeof *w->names);
    w->path = malloc(p->node_count * sizeof *w->path);
    if (!w->names || !w->path) return 0;
    for (uint32_t f = 0; f < p->frame_count; f++) {
        w->names[f] = clean_copy(p->frames[f].name, p->frames[f].name_len);
        if (!w->names[f]) return 0;
    }
    return 1;
}

static void begin_thread(void *context, const span_track *track)
{
    writer *w = context;

    memcpy(w->label, track->label, sizeof w->label);
    for (char *c = w->label; *c; c++) *c = folded_clean(*c);
}

static void put_stretch(void *context, uint32_t node, uint64_t start_ns, uint64_t end_ns)
{
    writer *w = context;
    const profile *p = w->from->profile;
    uint32_t depth = 0;

    for (uint32_t n = node; n != PROFILE_ROOT; n = p->parent[n]) w->path[depth++] = p->frame[n];
    text_puts(&w->out, w->label);
    while (depth) {
        text_put(&w->out, ";", 1);
        text_puts(&w->out, w->names[w->path[--depth]]);
    }
    text_put(&w->out, " ", 1);
    text_uint(&w->out, end_ns - start_ns);
    text_put(&w->out, "\n", 1);
}

thag_err folded_timeline_write(FILE *to, const export_source *from, fault *why)
{
    static const span_visitor visitor = {.begin_thread = begin_thread, .stretch = put_stretch};
    writer w = {.out = {.to = to}, .from = from};
    thag_err err = make_names(&w) ? THAG_OK : THAG_ERR_MEMORY;

    if (!err) err = span_walk(from, &visitor, &w, why);
    text_flush(&w.out);
    if (!err && ferror(to)) err = THAG_ERR_WRITE;
    if (err) fault_set(why, err, UINT64_MAX, "writing collapsed stacks");
    for (uint32_t f = 0; w.names && f < from->profile->frame_count; f++) free(w.names[f]);
    free(w.names);
    free(w.path);
    return err;
}
