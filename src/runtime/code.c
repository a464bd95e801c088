/*
 * code.c - places in machine code: which call allocated. Interned by module and offset, so that a
 * library that is unloaded and loaded again finds its places again, and one that is loaded where another
 * was does not. What is known of a module is copied into the trace when its first place is met: names
 * and lines are found offline, by path and build id.
 */
#include <limits.h>
#include <string.h>

#include "runtime/runtime.h"

/* --- modules: under the lock ------------------------------------------------------------------- */

static int module_equals(const trace_module *module, const thagi_plat_object *object,
                         size_t path_len)
{
    const char *path = (const char *)(module + 1);
    return module->lo == object->lo && module->bias == object->bias && module->hi == object->hi &&
           module->path_len == path_len && module->build_id_len == object->build_id_len &&
           memcmp(path, object->path, path_len) == 0 &&
           (!object->build_id_len ||
            memcmp(path + path_len, object->build_id, object->build_id_len) == 0);
}

static uint32_t module_append(thagi_session *session, const thagi_plat_object *object,
                              size_t path_len)
{
    thagi_array *modules = &session->modules;
    uint32_t bytes =
        (uint32_t)((sizeof(trace_module) + path_len + object->build_id_len + 7) & ~(size_t)7);
    if (!thagi_array_reserve(modules, modules->count + 1, sizeof(trace_module *)))
        return TRACE_NONE;
    trace_module *module =
        thagi_chunk_append(session, &session->module_chunk, TRACE_MODULES, modules->count, bytes);
    if (!module) return TRACE_NONE;
    *module = (trace_module){.bytes = bytes,
                             .id = modules->count,
                             .bias = object->bias,
                             .lo = object->lo,
                             .hi = object->hi,
                             .path_len = (uint16_t)path_len,
                             .build_id_len = (uint16_t)object->build_id_len};
    char *text = (char *)(module + 1);
    memcpy(text, object->path, path_len);
    if (object->build_id_len) memcpy(text + path_len, object->build_id, object->build_id_len);
    __atomic_signal_fence(__ATOMIC_RELEASE);
    session->module_chunk->used += bytes;
    ((trace_module **)modules->items)[modules->count] = module;
    return modules->count++;
}

/* Newest first: of two that were loaded at one place, the later one is there now. */
static uint32_t module_id(thagi_session *session, thagi_plat_object *object)
{
    static char program[PATH_MAX]; /* under the lock; a child of fork() has the same */
    if (!*object->path) {
        if (!*program) thagi_plat_program_path(program, sizeof program);
        object->path = program;
    }
    size_t path_len = strnlen(object->path, TRACE_NAME_MAX);
    if (object->build_id_len > TRACE_BUILD_ID_MAX) object->build_id_len = 0;
    trace_module **modules = session->modules.items;
    for (uint32_t i = session->modules.count; i-- > 0;)
        if (module_equals(modules[i], object, path_len)) return i;
    return module_append(session, object, path_len);
}

/* --- places: under the lock -------------------------------------------------------------------- */

static uint32_t code_slot(const trace_code *code, uint32_t mask)
{
    return (uint32_t)thagi_hash_mix(code->offset ^ (uint64_t)code->module << 48) & mask;
}

static int code_table_grow(thagi_session *session)
{
    thagi_array *table = &session->code_by_key, bigger = {0};
    if ((session->codes.count + 1) * 2 <= table->room) return 1;
    if (!thagi_array_reserve(&bigger, table->room ? table->room * 2 : 1024, sizeof(uint32_t)))
        return 0;
    const trace_code *codes = session->codes.items;
    uint32_t *slots = bigger.items, mask = bigger.room - 1;
    for (uint32_t id = 0; id < session->codes.count; id++) {
        uint32_t i = code_slot(&codes[id], mask);
        while (slots[i]) i = (i + 1) & mask;
        slots[i] = id + 1;
    }
    thagi_plat_unmap(table->items, table->room * sizeof(uint32_t));
    *table = bigger;
    return 1;
}

static uint32_t code_append(thagi_session *session, const trace_code *code)
{
    thagi_array *codes = &session->codes;
    if (codes->count >= UINT32_MAX / 4) return TRACE_NONE;
    if (!thagi_array_reserve(codes, codes->count + 1, sizeof *code)) return TRACE_NONE;
    trace_code *to =
        thagi_chunk_append(session, &session->code_chunk, TRACE_CODE, codes->count, sizeof *code);
    if (!to) return TRACE_NONE;
    *to = *code;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    session->code_chunk->used += (uint32_t)sizeof *code;
    ((trace_code *)codes->items)[codes->count] = *code;
    return codes->count++;
}

static uint32_t code_intern(thagi_session *session, const trace_code *code)
{
    if (!code_table_grow(session)) return TRACE_NONE;
    const trace_code *codes = session->codes.items;
    uint32_t *slots = session->code_by_key.items, mask = session->code_by_key.room - 1;
    uint32_t i = code_slot(code, mask);
    for (; slots[i]; i = (i + 1) & mask) {
        const trace_code *at = &codes[slots[i] - 1];
        if (at->offset == code->offset && at->module == code->module) return slots[i] - 1;
    }
    uint32_t id = code_append(session, code);
    if (id != TRACE_NONE) slots[i] = id + 1;
    return id;
}

uint32_t thagi_code_id(thagi_session *session, uintptr_t pc, thagi_plat_object *object)
{
    trace_code code = {.offset = pc, .module = TRACE_NONE};
    if (object) {
        code.offset = pc - object->bias;
        code.module = module_id(session, object);
        if (code.module == TRACE_NONE) return TRACE_NONE;
    }
    return code_intern(session, &code);
}

uint32_t thagi_code_child(thagi_session *session, uint32_t parent, uintptr_t pc)
{
    thagi_plat_object object;
    int is_known = thagi_plat_object_of(pc, &object);
    uint32_t node = TRACE_NONE;
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    uint32_t id = thagi_code_id(session, pc, is_known ? &object : NULL);
    if (id != TRACE_NONE) node = thagi_tree_child(session, parent, TRACE_NODE_CODE | id);
    thagi_unlock(session, &saved);
    return node;
}

/* --- usual sizes ------------------------------------------------------------------------------- */

/* They are kept as one more than they are: mapped memory, and so what nobody has set, is 0. */
static uint64_t *size_at(const thagi_session *session, uint32_t node)
{
    return node < session->sizes.room ? (uint64_t *)session->sizes.items + node : NULL;
}

int thagi_code_set_size(thagi_session *session, uint32_t node, uint64_t *bytes)
{
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    thagi_array *sizes = &session->sizes;
    if (node >= sizes->count && thagi_array_reserve(sizes, node + 1, sizeof(uint64_t)))
        sizes->count = node + 1;
    uint64_t *at = size_at(session, node);
    if (at && !*at) *at = *bytes + 1;
    if (at) *bytes = *at - 1;
    thagi_unlock(session, &saved);
    return at != NULL;
}

uint64_t thagi_code_size(thagi_session *session, uint32_t node)
{
    thagi_plat_signals saved;
    thagi_lock(session, &saved);
    const uint64_t *at = size_at(session, node);
    uint64_t bytes = at && *at ? *at - 1 : 0;
    thagi_unlock(session, &saved);
    return bytes;
}
