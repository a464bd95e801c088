/*
 * trace_tree.c - the call tree of a trace: its sites and its nodes.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

/* ---- sites ---- */

/* How many ids there can be: what the chunks of the kind hold, and those that may have been some. */
uint64_t trace_id_bound(const trace *t, int kind, size_t record_bytes)
{
    uint64_t unwritten = t->census.chunks[0] < 64 ? t->census.chunks[0] : 64;
    uint64_t chunks = t->chunks[kind].count + t->lost_chunks + unwritten;
    uint64_t bound = chunks * (TRACE_CHUNK_BYTES / record_bytes);

    return bound < TRACE_NONE ? bound : TRACE_NONE;
}

size_t trace_keep_string(trace *t, const uint8_t *bytes, size_t len)
{
    size_t at = t->strings_len;

    while (t->strings_cap - t->strings_len < len + 1) {
        if (!trace_grow((void **)&t->strings, &t->strings_cap, t->strings_cap, 1)) return SIZE_MAX;
    }
    for (size_t i = 0; i < len; i++) {
        t->strings[at + i] = bytes[i] ? (char)bytes[i] : '?';
    }
    t->strings[at + len] = 0;
    t->strings_len += len + 1;
    return at;
}

static thag_err keep_site(trace *t, const trace_site *s, const uint8_t *text)
{
    site_entry *e = &t->sites[s->id];

    e->name_off = trace_keep_string(t, text, s->name_len);
    e->func_off = trace_keep_string(t, text + s->name_len, s->func_len);
    e->file_off = trace_keep_string(t, text + s->name_len + s->func_len, s->file_len);
    if (e->name_off == SIZE_MAX || e->func_off == SIZE_MAX || e->file_off == SIZE_MAX) {
        return THAG_ERR_MEMORY;
    }
    e->line = s->kind == TRACE_SITE_ADDRESS ? 0 : s->line;
    e->code = s->kind == TRACE_SITE_ADDRESS ? s->line : TRACE_NONE;
    e->name_len = s->name_len;
    e->func_len = s->func_len;
    e->file_len = s->file_len;
    e->kind = s->kind;
    e->flags = s->flags;
    e->present = 1;
    if (s->id >= t->site_count) t->site_count = s->id + 1;
    return THAG_OK;
}

/* Length of the record if it can be believed, else 0. */
static uint32_t site_length(const trace_site *s, uint32_t left)
{
    uint32_t text = (uint32_t)s->name_len + s->func_len + s->file_len;

    if (s->bytes < sizeof *s + text || s->bytes > left || s->bytes % 8) return 0;
    if (s->name_len > TRACE_NAME_MAX || s->func_len > TRACE_NAME_MAX ||
        s->file_len > TRACE_NAME_MAX) {
        return 0;
    }
    return s->bytes;
}

static thag_err read_sites(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint64_t id = ref->base;
    uint32_t pos = sizeof(trace_chunk);

    for (; pos + sizeof(trace_site) <= ref->used; id++) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_site s;
        uint32_t len;

        memcpy(&s, bytes + pos, sizeof s);
        len = site_length(&s, ref->used - pos);
        if (!len) {
            trace_note(t, offset, "site record of %u bytes", s.bytes);
            return THAG_OK;
        }
        if (s.id != id || id >= bound || t->sites[id].present) {
            trace_note(t, offset, "site %u where %llu was expected", s.id, (unsigned long long)id);
        } else if (keep_site(t, &s, bytes + pos + sizeof s)) {
            return THAG_ERR_MEMORY;
        }
        pos += len;
    }
    if (pos != ref->used) {
        trace_note(t, CHUNK_OFFSET(ref->chunk) + pos, "%u bytes of a site", ref->used - pos);
    }
    return THAG_OK;
}

static thag_err load_sites(trace *t, uint8_t *buffer, fault *f)
{
    const chunk_list *list = &t->chunks[TRACE_SITES];
    uint64_t bound = trace_id_bound(t, TRACE_SITES, sizeof(trace_site));

    if (!list->count) return THAG_OK;
    t->sites = calloc((size_t)bound, sizeof *t->sites);
    if (!t->sites) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "sites");
    for (size_t i = 0; i < list->count; i++) {
        trace_load_chunk(t, &list->items[i], buffer);
        if (read_sites(t, &list->items[i], buffer, bound)) {
            return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "names of sites");
        }
    }
    return THAG_OK;
}

int trace_site_get(const trace *t, uint32_t id, trace_site_info *out)
{
    const site_entry *e;

    if (id >= t->site_count || !t->sites[id].present) return 0;
    e = &t->sites[id];
    *out = (trace_site_info){.name = t->strings + e->name_off,
                             .func = t->strings + e->func_off,
                             .file = t->strings + e->file_off,
                             .name_len = e->name_len,
                             .func_len = e->func_len,
                             .file_len = e->file_len,
                             .line = e->line,
                             .kind = e->kind,
                             .flags = e->flags};
    return 1;
}

thag_err trace_site_rename(trace *t, uint32_t id, const char *name, const char *file, uint32_t line)
{
    site_entry *e = &t->sites[id];
    size_t name_len = strnlen(name, TRACE_NAME_MAX), file_len = strnlen(file, TRACE_NAME_MAX);
    size_t name_off = trace_keep_string(t, (const uint8_t *)name, name_len);
    size_t file_off = trace_keep_string(t, (const uint8_t *)file, file_len);

    if (name_off == SIZE_MAX || file_off == SIZE_MAX) return THAG_ERR_MEMORY;
    e->name_off = name_off;
    e->name_len = (uint16_t)name_len;
    e->file_off = file_off;
    e->file_len = (uint16_t)file_len;
    e->line = line;
    return THAG_OK;
}

/* ---- nodes ---- */

static int node_is_sound(const trace *t, uint64_t id, const trace_node *n)
{
    if (id == 0) return n->parent == TRACE_NONE && n->site == TRACE_NONE;
    if (trace_node_is_code(n))
        return n->parent < id && (n->site & ~TRACE_NODE_CODE) < t->code_count;
    /* Below code there is more code, or nothing. */
    if (n->parent < id && trace_node_is_code(&t->nodes[n->parent])) return 0;
    return n->parent < id && n->site < t->site_count && t->sites[n->site].present;
}

static void read_nodes(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint64_t id = ref->base;

    for (uint32_t pos = sizeof(trace_chunk); pos + sizeof(trace_node) <= ref->used;
         pos += sizeof(trace_node), id++) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_node n;

        memcpy(&n, bytes + pos, sizeof n);
        if (id >= bound) {
            trace_note(t, offset, "node %llu of a smaller tree", (unsigned long long)id);
            return;
        }
        if (id < t->node_count) {
            trace_note(t, offset, "node %llu twice", (unsigned long long)id);
            continue;
        }
        if (id > t->node_count) {
            trace_note(t, offset, "nodes %u to %llu are missing", t->node_count,
                       (unsigned long long)id - 1);
        }
        if (!node_is_sound(t, id, &n)) {
            trace_note(t, offset, "node %llu with parent %u and site %u", (unsigned long long)id,
                       n.parent, n.site);
            /* A sound parent is kept: what hangs below stays in its place. */
            n.site = TRACE_NONE;
            if (n.parent >= id) n.parent = TRACE_NONE;
        }
        t->nodes[id] = n;
        t->node_count = (uint32_t)id + 1;
    }
}

static thag_err load_nodes(trace *t, uint8_t *buffer, fault *f)
{
    const chunk_list *list = &t->chunks[TRACE_TREE];
    uint64_t bound = trace_id_bound(t, TRACE_TREE, sizeof(trace_node)) + 1;

    t->nodes = malloc((size_t)bound * sizeof *t->nodes);
    if (!t->nodes) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "call tree");
    memset(t->nodes, 0xff, (size_t)bound * sizeof *t->nodes);
    for (size_t i = 0; i < list->count; i++) {
        trace_load_chunk(t, &list->items[i], buffer);
        read_nodes(t, &list->items[i], buffer, bound);
    }
    if (!t->node_count) t->node_count = 1; /* the root needs no record */
    return THAG_OK;
}

thag_err trace_load_tree(trace *t, uint8_t *buffer, fault *f)
{
    thag_err err = load_sites(t, buffer, f);

    if (!err) err = trace_load_code(t, buffer, f);
    return err ? err : load_nodes(t, buffer, f);
}
