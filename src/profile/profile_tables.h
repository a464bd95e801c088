/*
 * profile_tables.h - the interning tables of a profile: profile.c's own, and for loaders that look
 * up millions of paths and want to overlap the cache misses.
 *
 * Both tables are open addressing with linear probing, sizes are powers of two. A slot holds an
 * index only, the keys are in the profile's own arrays, so that a path costs 16 bytes in the columns
 * and 8 to 16 in the table. The hashes are seeded per profile: a file cannot be made to collide.
 *
 * Invariants: a free slot is 0 (the root is nobody's child, and frames are stored plus one); at least
 * a quarter of the slots is free; a table is never NULL once profile_new() succeeded.
 */
#ifndef THAG_PROFILE_TABLES_H
#define THAG_PROFILE_TABLES_H

#include <string.h>

#include "profile/profile.h"

#define PROFILE_MIX 0x9E3779B97F4A7C15u

struct profile_text; /* a block of names */

struct profile_tables {
    uint64_t seed;
    uint64_t *frame_slots; /* upper half: hash, lower half: frame + 1 */
    uint32_t *node_slots;  /* node */
    uint64_t frame_mask;
    unsigned node_shift; /* 64 - log2(slots): the top bits of the hash are the slot */
    uint64_t node_mask;
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

static inline uint64_t profile_node_hash(const struct profile_tables *t, uint32_t parent,
                                         uint32_t frame)
{
    uint64_t key = ((uint64_t)parent << 32 | frame) ^ t->seed;

    key *= PROFILE_MIX;
    key ^= key >> 32;
    return key * PROFILE_MIX;
}

static inline uint64_t profile_node_slot(const struct profile_tables *t, uint32_t parent,
                                         uint32_t frame)
{
    return profile_node_hash(t, parent, frame) >> t->node_shift;
}

uint64_t profile_hash(const struct profile_tables *t, const char *bytes, size_t len);

/* As profile_intern() without file and line, where the caller has the hash of the name already. */
thag_err profile_intern_hashed(profile *p, const char *name, size_t name_len, uint64_t hash,
                               uint32_t *frame);

/* As profile_child(), where the caller has profile_node_slot() already. */
thag_err profile_child_at(profile *p, uint64_t slot, uint32_t parent, uint32_t frame,
                          uint32_t *node);

#endif
