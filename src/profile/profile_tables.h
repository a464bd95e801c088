/*
 * profile_tables.h - the interning tables of a profile: profile.c's own, and for loaders that look
 * up millions of paths and want to overlap the cache misses.
 *
 * Both tables are open addressing with linear probing, sizes are powers of two. A slot holds an
 * index and what bits of the hash there is room for; the keys are in the profile's own arrays. So a
 * path costs 16 bytes in the columns and 6 to 13 in the table, and a foreign slot on the way is
 * passed without a look at its node. The hashes are seeded per profile: a file cannot be made to
 * collide.
 *
 * Invariants: a free slot is 0 (the root is nobody's child, and frames are stored plus one); at least
 * a quarter of the slots is free; a table is never NULL once profile_new() succeeded, but for
 * node_slots after profile_pack(); there are fewer
 * nodes than slots, so that a node fits the lower node_bits of its slot.
 */
#ifndef THAG_PROFILE_TABLES_H
#define THAG_PROFILE_TABLES_H

#include <string.h>

#include "profile/profile.h"

/** A copy that the profile owns, with a NUL behind it; NULL: out of memory. */
const char *profile_keep_text(profile *p, const char *bytes, size_t len);

#define PROFILE_MIX           0x9E3779B97F4A7C15u
#define PROFILE_NODE_BITS_MAX 31u

struct profile_text; /* a block of names */

struct profile_tables {
    uint64_t seed;
    uint64_t *frame_slots; /* upper half: hash, lower half: frame + 1 */
    uint32_t *node_slots;  /* upper bits: hash, lower node_bits: node */
    uint64_t frame_mask;
    unsigned node_bits; /* log2(slots), at most PROFILE_NODE_BITS_MAX */
    uint32_t frame_room;
    uint32_t node_room;
    struct profile_text *text; /* newest block first */
    const char *last_file;     /* frames of one file come in runs */
};

/* The bytes as a little-endian number on every machine, so that the word-wise hash of a name does
   not depend on how it was fed. */
static inline uint64_t profile_word(const void *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t profile_hash_step(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * PROFILE_MIX;
    return hash ^ (hash >> 29);
}

/* Hash of a name: a step for each 8 bytes, the last padded with NUL, then one for the length. A name
   of a multiple of 8 bytes has no padded word. */
static inline uint64_t profile_hash_end(uint64_t hash, size_t len)
{
    hash = profile_hash_step(hash, len);
    return hash ^ (hash >> 32);
}

/* The upper node_bits are the slot, the rest is what a slot has besides its node. */
static inline uint32_t profile_node_hash(const struct profile_tables *t, uint32_t parent,
                                         uint32_t frame)
{
    uint64_t key = ((uint64_t)parent << 32 | frame) ^ t->seed;

    key *= PROFILE_MIX;
    key ^= key >> 32;
    return (uint32_t)(key * PROFILE_MIX >> 32);
}

static inline uint32_t profile_node_slot(const struct profile_tables *t, uint32_t hash)
{
    return hash >> (32 - t->node_bits);
}

static inline uint32_t profile_next_slot(const struct profile_tables *t, uint32_t slot)
{
    return (slot + 1) & ((1u << t->node_bits) - 1);
}

/* The node in a slot if the hashes agree, PROFILE_NONE if not; 0 if the slot is free. */
static inline uint32_t profile_slot_node(const struct profile_tables *t, uint32_t slot,
                                         uint32_t hash)
{
    uint32_t held = t->node_slots[slot];

    if (held == 0) return 0;
    /* The hash less its upper bits, in the upper bits. */
    if ((held ^ hash << t->node_bits) >> t->node_bits) return PROFILE_NONE;
    return held & ((1u << t->node_bits) - 1);
}

uint64_t profile_hash(const struct profile_tables *t, const char *bytes, size_t len);

/* As profile_intern() without file and line, where the caller has the hash of the name already. */
thag_err profile_intern_hashed(profile *p, const char *name, size_t name_len, uint64_t hash,
                               uint32_t *frame);

/* As profile_child(), where the caller has profile_node_hash() already. Not after profile_pack(). */
thag_err profile_child_hashed(profile *p, uint32_t hash, uint32_t parent, uint32_t frame,
                              uint32_t *node);

#endif
