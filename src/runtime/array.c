/*
 * array.c - growing arrays in mapped memory, for the tables behind the session's lock; and records in
 * the trace, appended one by one.
 */
#include <string.h>

#include "runtime/runtime.h"

/* Doubling, by a new mapping: mremap is not everywhere, and this happens a few times in a run. */
int thagi_array_reserve(thagi_array *array, uint32_t count, size_t item_bytes)
{
    if (count <= array->room) return 1;
    if (count > UINT32_MAX / 2) return 0;
    uint32_t room = array->room ? array->room : 256;
    while (room < count) room *= 2;
    void *items = thagi_plat_map((size_t)room * item_bytes);
    if (!items) return 0;
    if (array->items) {
        memcpy(items, array->items, (size_t)array->count * item_bytes);
        thagi_plat_unmap(array->items, (size_t)array->room * item_bytes);
    }
    array->items = items;
    array->room = room;
    return 1;
}

uint64_t thagi_hash_mix(uint64_t x)
{
    /* The finalizer of MurmurHash3 (A. Appleby, public domain description). */
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

void *thagi_chunk_append(thagi_session *session, trace_chunk **chunk, enum trace_chunk_kind kind,
                         uint64_t next_id, size_t bytes)
{
    if (!*chunk || (*chunk)->used + bytes > TRACE_CHUNK_BYTES) {
        uint32_t index;
        trace_chunk *fresh = thagi_trace_chunk_new(&session->trace, TRACE_NONE, 1, &index);
        if (!fresh) return NULL;
        fresh->base = next_id;
        thagi_chunk_publish(fresh, kind);
        *chunk = fresh;
    }
    return (char *)*chunk + (*chunk)->used;
}
