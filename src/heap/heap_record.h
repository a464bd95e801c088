/*
 * heap_record.h - the record that a block carries in live mode: who allocated it, and how much.
 *
 * 8 bytes in the tail of the block, for which 8 bytes more are asked for. In the tail, not the head:
 * a block that some code frees or resizes behind our back (a library bound to libc's own functions) is
 * then still a good block, and one that we did not make is recognized by its record's being wrong.
 *
 *     node 32 | zero 24 | kind 8          xor address, xor a key of the process
 *
 * By the key neither stale records nor those of a parent process pass. The kind says how large the block
 * is: RECORD_USUAL, as usual for its node; RECORD_FAR, as the 8 bytes before say; else the kind less
 * RECORD_SLACK is its slack, i.e. usable size - 8 - size asked for. A record is spoilt when its block is
 * freed. RECORD_USUAL is what stands before the node in a row: so they are one load.
 */
#ifndef THAGI_HEAP_RECORD_H
#define THAGI_HEAP_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trace/trace_format.h"

#define RECORD_BYTES 8u
#define RECORD_USUAL ((uint32_t)TRACE_MEM_USUAL)
#define RECORD_SLACK (RECORD_USUAL + 1)
#define RECORD_FAR   255u

/* At any address, with some allocators. */
typedef struct __attribute__((__packed__)) record {
    uint64_t sealed;
} record;

/** Where it is, in a block of that usable size. */
static inline record *record_at(void *block, size_t usable)
{
    return (record *)(void *)((char *)block + usable - RECORD_BYTES);
}

static inline void record_seal(record *at, const void *block, uint64_t key, uint64_t node_kind)
{
    at->sealed = node_kind ^ (uintptr_t)block ^ key;
}

/** Node and kind. It was no record if record_kind() is more than RECORD_FAR. */
static inline uint64_t record_open(const record *at, const void *block, uint64_t key)
{
    return at->sealed ^ (uintptr_t)block ^ key;
}
static inline uint32_t record_kind(uint64_t opened)
{
    return (uint32_t)opened;
}
static inline uint32_t record_node(uint64_t opened)
{
    return (uint32_t)(opened >> 32);
}

static inline void record_spoil(record *at)
{
    at->sealed = ~at->sealed;
}

/** usable: at least size + 8. */
static inline void record_put(void *block, size_t usable, uint64_t key, uint32_t node, size_t size)
{
    record *at = record_at(block, usable);
    size_t kind = usable - RECORD_BYTES - size + RECORD_SLACK;
    if (__builtin_expect(kind >= RECORD_FAR, 0)) {
        uint64_t far = size;
        memcpy((char *)at - sizeof far, &far, sizeof far);
        kind = RECORD_FAR;
    }
    record_seal(at, block, key, (uint64_t)node << 32 | kind);
}

/** 1 if the block has a record: then *node and *size are set, of a usual one by usual_size(). */
static inline int record_get(void *block, size_t usable, uint64_t key,
                             uint64_t (*usual_size)(uint32_t node), uint32_t *node, size_t *size)
{
    if (__builtin_expect(usable < RECORD_BYTES, 0)) return 0;
    const record *at = record_at(block, usable);
    uint64_t opened = record_open(at, block, key), room = usable - RECORD_BYTES, far;
    uint32_t kind = record_kind(opened);
    if (kind < RECORD_USUAL || kind > RECORD_FAR || (kind == RECORD_FAR && room < sizeof far))
        return 0;
    *node = record_node(opened);
    if (kind == RECORD_USUAL) {
        *size = usual_size(*node);
    } else if (kind != RECORD_FAR) {
        *size = room - (kind - RECORD_SLACK);
    } else {
        memcpy(&far, (const char *)at - sizeof far, sizeof far);
        *size = far;
    }
    return *size <= room;
}

#endif
