/*
 * trace_code.c - the modules of a trace, and the places in their code that allocated.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace_internal.h"

/* ---- modules ---- */

/* Length of the record if it can be believed, else 0. */
static uint32_t module_length(const trace_module *m, uint32_t left)
{
    uint32_t text = (uint32_t)m->path_len + m->build_id_len;

    if (m->bytes < sizeof *m + text || m->bytes > left || m->bytes % 8) return 0;
    return m->path_len <= TRACE_NAME_MAX && m->build_id_len <= TRACE_BUILD_ID_MAX ? m->bytes : 0;
}

static thag_err keep_module(trace *t, const trace_module *m, const uint8_t *text)
{
    static const char digits[] = "0123456789abcdef";
    module_entry *e = &t->modules[m->id];
    uint8_t hex[2 * TRACE_BUILD_ID_MAX];

    for (uint32_t i = 0; i < m->build_id_len; i++) {
        hex[2 * i] = (uint8_t)digits[text[m->path_len + i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[text[m->path_len + i] & 15];
    }
    e->path_off = trace_keep_string(t, text, m->path_len);
    e->build_id_off = trace_keep_string(t, hex, 2 * (size_t)m->build_id_len);
    if (e->path_off == SIZE_MAX || e->build_id_off == SIZE_MAX) return THAG_ERR_MEMORY;
    e->bias = m->bias;
    e->lo = m->lo;
    e->hi = m->hi;
    t->module_count = m->id + 1;
    return THAG_OK;
}

static thag_err read_modules(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint32_t pos = sizeof(trace_chunk);

    while (pos + sizeof(trace_module) <= ref->used) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_module m;
        uint32_t len;

        memcpy(&m, bytes + pos, sizeof m);
        len = module_length(&m, ref->used - pos);
        if (!len) {
            trace_note(t, offset, "module record of %u bytes", m.bytes);
            return THAG_OK;
        }
        if (m.id != t->module_count || m.id >= bound) {
            trace_note(t, offset, "module %u where %u was expected", m.id, t->module_count);
        } else if (keep_module(t, &m, bytes + pos + sizeof m)) {
            return THAG_ERR_MEMORY;
        }
        pos += len;
    }
    return THAG_OK;
}

/* ---- code ---- */

static void read_codes(trace *t, const chunk_ref *ref, const uint8_t *bytes, uint64_t bound)
{
    uint64_t id = ref->base;

    for (uint32_t pos = sizeof(trace_chunk); pos + sizeof(trace_code) <= ref->used;
         pos += sizeof(trace_code), id++) {
        uint64_t offset = CHUNK_OFFSET(ref->chunk) + pos;
        trace_code c;

        memcpy(&c, bytes + pos, sizeof c);
        if (id != t->code_count || id >= bound) {
            trace_note(t, offset, "code %llu where %u was expected", (unsigned long long)id,
                       t->code_count);
            return;
        }
        if (c.module != TRACE_NONE && c.module >= t->module_count) {
            trace_note(t, offset, "code in module %u of %u", c.module, t->module_count);
            c.module = TRACE_NONE;
        }
        t->codes[t->code_count++] = c;
    }
}

thag_err trace_load_code(trace *t, uint8_t *buffer, fault *f)
{
    const chunk_list *modules = &t->chunks[TRACE_MODULES], *codes = &t->chunks[TRACE_CODE];
    uint64_t module_bound = trace_id_bound(t, TRACE_MODULES, sizeof(trace_module));
    uint64_t code_bound = trace_id_bound(t, TRACE_CODE, sizeof(trace_code));

    if (!modules->count && !codes->count) return THAG_OK;
    t->modules = calloc((size_t)module_bound + 1, sizeof *t->modules);
    t->codes = calloc((size_t)code_bound + 1, sizeof *t->codes);
    if (!t->modules || !t->codes) return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "code");
    for (size_t i = 0; i < modules->count; i++) {
        trace_load_chunk(t, &modules->items[i], buffer);
        if (read_modules(t, &modules->items[i], buffer, module_bound)) {
            return fault_set(f, THAG_ERR_MEMORY, UINT64_MAX, "names of modules");
        }
    }
    for (size_t i = 0; i < codes->count; i++) {
        trace_load_chunk(t, &codes->items[i], buffer);
        read_codes(t, &codes->items[i], buffer, code_bound);
    }
    return THAG_OK;
}

static int code_get(const trace *t, uint32_t id, trace_code_info *out)
{
    const module_entry *m;

    if (id >= t->code_count) return 0;
    *out = (trace_code_info){.path = "", .build_id = "", .offset = t->codes[id].offset};
    if (t->codes[id].module == TRACE_NONE) return 1;
    m = &t->modules[t->codes[id].module];
    out->path = t->strings + m->path_off;
    out->build_id = t->strings + m->build_id_off;
    out->bias = m->bias;
    return 1;
}

int trace_code_get(const trace *t, const trace_node *node, trace_code_info *out)
{
    return trace_node_is_code(node) && code_get(t, node->site & ~TRACE_NODE_CODE, out);
}

int trace_site_code(const trace *t, uint32_t id, trace_code_info *out)
{
    if (id >= t->site_count || !t->sites[id].present) return 0;
    if (t->sites[id].kind != TRACE_SITE_ADDRESS || !code_get(t, t->sites[id].code, out)) return 0;
    out->is_begin = 1;
    return 1;
}

uint32_t trace_module_count(const trace *t)
{
    return t->module_count;
}

trace_module_info trace_module_get(const trace *t, uint32_t id)
{
    const module_entry *m = &t->modules[id];

    return (trace_module_info){.path = t->strings + m->path_off,
                               .build_id = t->strings + m->build_id_off,
                               .bias = m->bias,
                               .lo = m->lo,
                               .hi = m->hi};
}
