/*
 * heap_record.h - the record that a block carries in live mode: who allocated it, and how much.
 *
 * 8 bytes in the tail of the block, for which 8 bytes more are asked for. In the tail, not the head:
 * a block that some code frees or resizes behind our back (a library bound to libc's own functions) is
 * then still a good block, and one that we did not make is recognized by its record's being wrong.
 *
 *     node 24 | slack 16 | check 24        slack: usable size - 8 - size asked for
 *
 * The check covers the address and a key of the process, so that neither stale records nor those of a
 * parent process pass. A slack of SLACK_FAR leaves room for the size itself, in the 8 bytes before.
 * A record is cleared when its block is freed.
 */
#ifndef THAGI_HEAP_RECORD_H
#define THAGI_HEAP_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RECORD_BYTES 8u
#define RECORD_NODES (1u << 24)
#define SLACK_FAR    0xFFFFu

static inline uint64_t record_sealed(const void *block, uint64_t key, uint64_t node_slack)
{
    uint64_t x = (uint64_t)(uintptr_t)block ^ key ^ node_slack << 20;
    return node_slack << 24 | (x * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
}

/** usable: of the block, at least size + 8. node < RECORD_NODES. */
static inline void record_put(void *block, size_t usable, uint64_t key, uint32_t node, size_t size)
{
    char *at = (char *)block + usable - RECORD_BYTES;
    size_t slack = usable - RECORD_BYTES - size;
    if (slack >= SLACK_FAR) {
        uint64_t far = size;
        memcpy(at - sizeof far, &far, sizeof far);
        slack = SLACK_FAR;
    }
    uint64_t record = record_sealed(block, key, (uint64_t)node << 16 | slack);
    memcpy(at, &record, sizeof record);
}

/** 1 if the block has a record: then *node and *size are set. */
static inline int record_get(const void *block, size_t usable, uint64_t key, uint32_t *node,
                             size_t *size)
{
    if (usable < RECORD_BYTES) return 0;
    const char *at = (const char *)block + usable - RECORD_BYTES;
    uint64_t record;
    memcpy(&record, at, sizeof record);
    uint64_t node_slack = record >> 24, slack = node_slack & SLACK_FAR;
    if (record_sealed(block, key, node_slack) != record) return 0;
    if (slack > usable - RECORD_BYTES) return 0;
    *node = (uint32_t)(node_slack >> 16);
    *size = usable - RECORD_BYTES - slack;
    if (__builtin_expect(slack == SLACK_FAR, 0)) {
        uint64_t far;
        memcpy(&far, at - sizeof far, sizeof far);
        if (far > *size) return 0;
        *size = far;
    }
    return 1;
}

static inline void record_clear(void *block, size_t usable)
{
    uint64_t none = 0;
    memcpy((char *)block + usable - RECORD_BYTES, &none, sizeof none);
}

#endif
