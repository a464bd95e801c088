/*
 * heap_record.h - the record that a block carries in live mode: who allocated it, and how much.
 *
 * 8 bytes in the tail of the block, for which 8 bytes more are asked for. In the tail, not the head:
 * a block that some code frees or resizes behind our back (a library bound to libc's own functions) is
 * then still a good block, and one that we did not make is recognized by its record's being wrong.
 *
 *     check 32 | node 24 | slack 8         slack: usable size - 8 - size asked for
 *
 * The check is made of the address and a key of the process, so that neither stale records nor those of
 * a parent process pass. A slack of SLACK_FAR leaves room for the size itself, in the 8 bytes before.
 * A record is cleared when its block is freed.
 */
#ifndef THAGI_HEAP_RECORD_H
#define THAGI_HEAP_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RECORD_BYTES 8u
#define SLACK_FAR    0xFFu

typedef struct __attribute__((__packed__)) record { /* at any address, with some allocators */
    uint32_t check;
    uint32_t node_slack;
} record;

static inline uint32_t record_check(const void *block, uint32_t key)
{
    return (uint32_t)((uintptr_t)block >> 4) ^ key;
}

/** Where it is, in a block of that usable size. */
static inline record *record_of(void *block, size_t usable)
{
    return (record *)(void *)((char *)block + usable - RECORD_BYTES);
}

/** usable: at least size + 8. node < THAGI_RECORD_NODES. */
static inline void record_put(void *block, size_t usable, uint32_t key, uint32_t node, size_t size)
{
    record *at = record_of(block, usable);
    size_t slack = usable - RECORD_BYTES - size;
    if (__builtin_expect(slack >= SLACK_FAR, 0)) {
        uint64_t far = size;
        memcpy((char *)at - sizeof far, &far, sizeof far);
        slack = SLACK_FAR;
    }
    at->check = record_check(block, key);
    at->node_slack = node << 8 | (uint32_t)slack;
}

/** 1 if the block has a record: then *node and *size are set. */
static inline int record_get(void *block, size_t usable, uint32_t key, uint32_t *node, size_t *size)
{
    if (__builtin_expect(usable < RECORD_BYTES, 0)) return 0;
    const record *at = record_of(block, usable);
    if (at->check != record_check(block, key)) return 0;
    uint32_t node_slack = at->node_slack, slack = node_slack & SLACK_FAR;
    *node = node_slack >> 8;
    if (__builtin_expect(slack == SLACK_FAR, 0)) {
        uint64_t far;
        if (usable < RECORD_BYTES + sizeof far) return 0;
        memcpy(&far, (const char *)at - sizeof far, sizeof far);
        if (far > usable - RECORD_BYTES - sizeof far) return 0;
        *size = far;
        return 1;
    }
    if (__builtin_expect(slack > usable - RECORD_BYTES, 0)) return 0;
    *size = usable - RECORD_BYTES - slack;
    return 1;
}

static inline void record_clear(void *block, size_t usable)
{
    record *at = record_of(block, usable);
    at->check = ~at->check;
}

#endif
