#include "profile/frame_label.h"

#include <stdlib.h>
#include <string.h>

#include "profile/name_short.h"
#include "profile/profile_tables.h"

/* How much of the name a label tells. */
typedef enum label_form { LABEL_SHORT, LABEL_WITH_CLAUSE, LABEL_PATH, LABEL_NAME } label_form;

typedef struct entry {
    profile_frame *frame;
    const char *label; /* as it is in this round */
    label_form form;
} entry;

typedef struct labelling {
    profile *p;
    entry *entries; /* of all frames */
    char *room;     /* for a short form and a clause: twice the longest name */
} labelling;

static int by_label(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    int order = strcmp(a->label, b->label);

    return order ? order : strcmp(a->frame->name, b->frame->name);
}

/* The label of an entry's form; 0: out of memory. A name that has nothing to leave out is its label. */
static int set_label(const labelling *l, entry *e)
{
    const profile_frame *f = e->frame;
    name_parts parts;
    size_t len = name_shorten(l->room, f->name, f->name_len, &parts);

    if (len == f->name_len) e->form = LABEL_NAME;
    switch (e->form) {
    case LABEL_SHORT: break;
    case LABEL_WITH_CLAUSE:
        if (parts.clause < f->name_len) l->room[len++] = ' '; /* there is one before the clause */
        memcpy(l->room + len, f->name + parts.clause, f->name_len - parts.clause);
        len += f->name_len - parts.clause;
        break;
    case LABEL_PATH: e->label = f->name + parts.path; return 1;
    case LABEL_NAME: e->label = f->name; return 1;
    }
    e->label = profile_keep_text(l->p, l->room, len);
    return e->label != NULL;
}

/*
 * Of labels that several names share, each tells more. Returns how many did; -1: out of memory. Frames
 * of one name, from several files, are not told apart by it anyway.
 */
static int64_t tell_apart(const labelling *l)
{
    uint32_t count = l->p->frame_count, end;
    int64_t changed = 0;

    qsort(l->entries, count, sizeof *l->entries, by_label);
    for (uint32_t from = 0; from < count; from = end) {
        const entry *first = &l->entries[from];

        for (end = from + 1; end < count && !strcmp(l->entries[end].label, first->label);) end++;
        if (strcmp(first->frame->name, l->entries[end - 1].frame->name) == 0) continue;
        for (entry *e = &l->entries[from]; e < &l->entries[end]; e++) {
            if (e->form == LABEL_NAME) continue;
            e->form++;
            if (!set_label(l, e)) return -1;
            changed++;
        }
    }
    return changed;
}

/* Whether any name has a short form. -1: out of memory. */
static int shorten(const labelling *l)
{
    int is_any = 0;

    for (uint32_t i = 0; i < l->p->frame_count; i++) {
        entry *e = &l->entries[i];

        *e = (entry){.frame = &l->p->frames[i]};
        if (!set_label(l, e)) return -1;
        if (e->form != LABEL_NAME) is_any = 1;
    }
    return is_any;
}

thag_err profile_label_frames(profile *p)
{
    labelling l = {.p = p, .entries = malloc((p->frame_count + 1) * sizeof *l.entries)};
    size_t longest = 0;
    int64_t result = -1;

    for (uint32_t i = 0; i < p->frame_count; i++)
        if (p->frames[i].name_len > longest) longest = p->frames[i].name_len;
    l.room = malloc(2 * longest + 2);
    if (l.entries && l.room) result = shorten(&l);
    while (result > 0) result = tell_apart(&l);
    if (result == 0) {
        for (uint32_t i = 0; i < p->frame_count; i++) {
            profile_frame *f = l.entries[i].frame;

            f->label = l.entries[i].label;
        }
    }
    free(l.entries);
    free(l.room);
    return result < 0 ? THAG_ERR_MEMORY : THAG_OK;
}
