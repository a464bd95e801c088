#include "profile/profile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile/profile_tables.h"

#define TEXT_BLOCK_BYTES 65536u
#define FIRST_BITS       10u
#define FIRST_ROOM       256u

struct profile_text {
    struct profile_text *next;
    size_t used;
    size_t room;
    char bytes[];
};

/* Not a secret of cryptographic strength: it keeps prepared files from degenerating the tables. */
static uint64_t table_seed(const void *somewhere)
{
    uint64_t seed = (uint64_t)(uintptr_t)somewhere ^ (uint64_t)clock() << 40;
    struct timespec now;

    if (timespec_get(&now, TIME_UTC)) seed ^= (uint64_t)now.tv_nsec << 16 ^ (uint64_t)now.tv_sec;
    return profile_hash_step(profile_hash_step(PROFILE_MIX, seed), seed);
}

static struct profile_tables *tables_new(void)
{
    struct profile_tables *t = calloc(1, sizeof *t);

    if (!t) return NULL;
    t->seed = table_seed(t);
    t->frame_slots = calloc((size_t)1 << FIRST_BITS, sizeof *t->frame_slots);
    t->node_slots = calloc((size_t)1 << FIRST_BITS, sizeof *t->node_slots);
    t->frame_mask = (1u << FIRST_BITS) - 1;
    t->node_bits = FIRST_BITS;
    if (t->frame_slots && t->node_slots) return t;
    free(t->frame_slots);
    free(t->node_slots);
    free(t);
    return NULL;
}

static void tables_free(struct profile_tables *t)
{
    if (!t) return;
    while (t->text) {
        struct profile_text *block = t->text;
        t->text = block->next;
        free(block);
    }
    free(t->frame_slots);
    free(t->node_slots);
    free(t);
}

/* A NUL-terminated copy that lives as long as the profile. */
static char *text_copy(struct profile_tables *t, const char *bytes, size_t len)
{
    struct profile_text *block = t->text;
    char *copy;

    if (!block || block->room - block->used <= len) {
        size_t room = len < TEXT_BLOCK_BYTES ? TEXT_BLOCK_BYTES : len + 1;
        block = malloc(sizeof *block + room);
        if (!block) return NULL;
        block->next = t->text;
        block->used = 0;
        block->room = room;
        t->text = block;
    }
    copy = block->bytes + block->used;
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    block->used += len + 1;
    return copy;
}

const char *profile_keep_text(profile *p, const char *bytes, size_t len)
{
    return text_copy(p->tables, bytes, len);
}

static int grow_array(void *array, size_t item_bytes, size_t room)
{
    void **at = array;
    void *grown;

    if (room > SIZE_MAX / item_bytes) return 0;
    grown = realloc(*at, room * item_bytes);
    if (grown) *at = grown;
    return grown != NULL;
}

/* An array that has grown while a later one failed stays grown: the room only says what all have. */
static thag_err nodes_reserve(profile *p)
{
    struct profile_tables *t = p->tables;
    uint64_t room = t->node_room ? (uint64_t)t->node_room + t->node_room / 2 : FIRST_ROOM;

    if (p->node_count < t->node_room) return THAG_OK;
    if (room > PROFILE_NONE) room = PROFILE_NONE;
    if (p->node_count >= room) return THAG_ERR_TOO_LARGE;
    if (!grow_array(&p->parent, sizeof *p->parent, room) ||
        !grow_array(&p->frame, sizeof *p->frame, room) ||
        !grow_array(&p->self, sizeof *p->self, room) ||
        (p->calls && !grow_array(&p->calls, sizeof *p->calls, room)) ||
        (p->memory && !grow_array(&p->memory, sizeof *p->memory, room)))
        return THAG_ERR_MEMORY;
    t->node_room = (uint32_t)room;
    return THAG_OK;
}

static void node_append(profile *p, uint32_t parent, uint32_t frame)
{
    uint32_t node = p->node_count++;

    p->parent[node] = parent;
    p->frame[node] = frame;
    p->self[node] = 0;
    if (p->calls) p->calls[node] = (profile_calls){.min_ns = UINT64_MAX};
    if (p->memory) p->memory[node] = (profile_memory){0};
}

static thag_err profile_start(profile *p, int with_calls)
{
    p->tables = tables_new();
    if (!p->tables) return THAG_ERR_MEMORY;
    /* The array's being there is what says that the profile has calls. */
    if (with_calls && !(p->calls = malloc(sizeof *p->calls))) return THAG_ERR_MEMORY;
    if (nodes_reserve(p)) return THAG_ERR_MEMORY;
    node_append(p, PROFILE_NONE, PROFILE_NONE);
    return THAG_OK;
}

thag_err profile_new(profile **out, profile_unit unit, int with_calls)
{
    profile *p = calloc(1, sizeof *p);
    thag_err err = THAG_OK;

    if (!p) return THAG_ERR_MEMORY;
    p->unit = unit;
    p->sample_period = 1;
    err = profile_start(p, with_calls);
    if (err) goto done;

    *out = p;
    p = NULL;
done:
    profile_free(p);
    return err;
}

static void calls_free(profile *p)
{
    if (!p->calls) return;
    for (uint32_t n = 0; n < p->node_count; n++) free(p->calls[n].hist.counts);
    free(p->calls);
    p->calls = NULL;
}

void profile_free(profile *p)
{
    if (!p) return;
    calls_free(p);
    free(p->memory);
    tables_free(p->tables);
    free(p->frames);
    free(p->parent);
    free(p->frame);
    free(p->self);
    free(p->title);
    free(p);
}

uint64_t profile_hash(const struct profile_tables *t, const char *bytes, size_t len)
{
    uint64_t hash = t->seed;
    size_t left = len;

    for (; left >= 8; left -= 8, bytes += 8) hash = profile_hash_step(hash, profile_word(bytes));
    if (left) {
        char tail[8] = {0};
        memcpy(tail, bytes, left);
        hash = profile_hash_step(hash, profile_word(tail));
    }
    return profile_hash_end(hash, len);
}

static int same_file(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int frame_is(const profile_frame *f, const char *name, size_t len, const char *file,
                    uint32_t line)
{
    return f->name_len == len && f->line == line && memcmp(f->name, name, len) == 0 &&
           same_file(f->file, file);
}

static thag_err frames_rehash(struct profile_tables *t)
{
    uint64_t mask = t->frame_mask * 2 + 1;
    uint64_t *slots = calloc(mask + 1, sizeof *slots);

    if (!slots) return THAG_ERR_MEMORY;
    for (uint64_t i = 0; i <= t->frame_mask; i++) {
        uint64_t at = t->frame_slots[i] >> 32 & mask;
        if (!t->frame_slots[i]) continue;
        while (slots[at]) at = (at + 1) & mask;
        slots[at] = t->frame_slots[i];
    }
    free(t->frame_slots);
    t->frame_slots = slots;
    t->frame_mask = mask;
    return THAG_OK;
}

static thag_err frames_reserve(profile *p)
{
    struct profile_tables *t = p->tables;

    /* The table starts with 32 bits of hash, so that is how far it can spread frames. */
    if (p->frame_count >= PROFILE_NONE / 2) return THAG_ERR_TOO_LARGE;
    if (p->frame_count == t->frame_room) {
        uint32_t room = t->frame_room ? t->frame_room * 2 : FIRST_ROOM;
        if (!grow_array(&p->frames, sizeof *p->frames, room)) return THAG_ERR_MEMORY;
        t->frame_room = room;
    }
    if (p->frame_count >= t->frame_mask / 2) return frames_rehash(t);
    return THAG_OK;
}

static thag_err frame_add(profile *p, const char *name, size_t len, const char *file, uint32_t line)
{
    struct profile_tables *t = p->tables;
    const char *copy;

    if (file && !same_file(t->last_file, file)) {
        const char *kept = text_copy(t, file, strlen(file));
        if (!kept) return THAG_ERR_MEMORY;
        t->last_file = kept;
    }
    copy = text_copy(t, name, len);
    if (!copy) return THAG_ERR_MEMORY;
    p->frames[p->frame_count++] = (profile_frame){.name = copy,
                                                  .label = copy,
                                                  .name_len = (uint32_t)len,
                                                  .file = file ? t->last_file : NULL,
                                                  .line = line};
    return THAG_OK;
}

static thag_err intern(profile *p, const char *name, size_t len, const char *file, uint32_t line,
                       uint64_t hash, uint32_t *frame)
{
    struct profile_tables *t = p->tables;
    uint64_t tag = hash >> 32 << 32;
    uint64_t at = hash >> 32 & t->frame_mask;
    thag_err err;

    for (; t->frame_slots[at]; at = (at + 1) & t->frame_mask) {
        uint32_t found = (uint32_t)t->frame_slots[at] - 1;
        if (t->frame_slots[at] >> 32 << 32 == tag &&
            frame_is(&p->frames[found], name, len, file, line)) {
            *frame = found;
            return THAG_OK;
        }
    }
    if (len >= UINT32_MAX) return THAG_ERR_TOO_LARGE;
    err = frames_reserve(p);
    if (err) return err;
    err = frame_add(p, name, len, file, line);
    if (err) return err;
    at = hash >> 32 & t->frame_mask; /* the table may have grown */
    while (t->frame_slots[at]) at = (at + 1) & t->frame_mask;
    t->frame_slots[at] = tag | p->frame_count;
    *frame = p->frame_count - 1;
    return THAG_OK;
}

thag_err profile_intern_hashed(profile *p, const char *name, size_t name_len, uint64_t hash,
                               uint32_t *frame)
{
    return intern(p, name, name_len, NULL, 0, hash, frame);
}

thag_err profile_intern(profile *p, const char *name, size_t name_len, const char *file,
                        uint32_t line, uint32_t *frame)
{
    uint64_t hash = profile_hash(p->tables, name, name_len);

    if (file) hash ^= profile_hash(p->tables, file, strlen(file)) * PROFILE_MIX;
    if (line) hash = profile_hash_step(hash, line);
    return intern(p, name, name_len, file, line, hash, frame);
}

thag_err profile_intern_like(profile *p, const profile_frame *other, uint32_t *frame)
{
    thag_err err = profile_intern(p, other->name, other->name_len, other->file, other->line, frame);
    profile_frame *f = err ? NULL : &p->frames[*frame];

    if (err || other->label == other->name || f->label != f->name) return err;
    f->label = profile_keep_text(p, other->label, strlen(other->label));
    if (f->label) return THAG_OK;
    f->label = f->name;
    return THAG_ERR_MEMORY;
}

static void slot_fill(struct profile_tables *t, uint32_t hash, uint32_t node)
{
    uint32_t slot = profile_node_slot(t, hash);

    while (t->node_slots[slot]) slot = profile_next_slot(t, slot);
    t->node_slots[slot] = hash << t->node_bits | node;
}

static thag_err nodes_rehash(profile *p, unsigned bits)
{
    struct profile_tables *t = p->tables;
    uint32_t *slots;

    if (bits > PROFILE_NODE_BITS_MAX) return THAG_ERR_TOO_LARGE;
    slots = calloc((size_t)1 << bits, sizeof *slots);
    if (!slots) return THAG_ERR_MEMORY;
    free(t->node_slots);
    t->node_slots = slots;
    t->node_bits = bits;
    for (uint32_t n = 1; n < p->node_count; n++)
        slot_fill(t, profile_node_hash(t, p->parent[n], p->frame[n]), n);
    return THAG_OK;
}

static thag_err node_add(profile *p, uint32_t hash, uint32_t parent, uint32_t frame, uint32_t *node)
{
    struct profile_tables *t = p->tables;
    thag_err err = nodes_reserve(p);

    if (err) return err;
    if (p->node_count > (1u << t->node_bits) / 8 * 5) {
        err = nodes_rehash(p, t->node_bits + 1);
        if (err) return err;
    }
    slot_fill(t, hash, p->node_count);
    *node = p->node_count;
    node_append(p, parent, frame);
    return THAG_OK;
}

thag_err profile_child_hashed(profile *p, uint32_t hash, uint32_t parent, uint32_t frame,
                              uint32_t *node)
{
    const struct profile_tables *t = p->tables;
    uint32_t slot = profile_node_slot(t, hash), found;

    for (; (found = profile_slot_node(t, slot, hash)) != 0; slot = profile_next_slot(t, slot)) {
        if (found == PROFILE_NONE) continue;
        if (p->parent[found] == parent && p->frame[found] == frame) {
            *node = found;
            return THAG_OK;
        }
    }
    return node_add(p, hash, parent, frame, node);
}

thag_err profile_child(profile *p, uint32_t parent, uint32_t frame, uint32_t *node)
{
    assert(parent < p->node_count && frame < p->frame_count);
    if (!p->tables->node_slots) { /* packed */
        thag_err err = nodes_rehash(p, p->tables->node_bits);

        if (err) return err;
    }
    return profile_child_hashed(p, profile_node_hash(p->tables, parent, frame), parent, frame,
                                node);
}

void profile_pack(profile *p)
{
    free(p->tables->node_slots);
    p->tables->node_slots = NULL;
}

static int64_t add_saturating(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b) return INT64_MAX;
    if (b < 0 && a < INT64_MIN - b) return INT64_MIN;
    return a + b;
}

int64_t *profile_inclusive(const profile *p)
{
    int64_t *sum = malloc(p->node_count * sizeof *sum);

    if (!sum) return NULL;
    memcpy(sum, p->self, p->node_count * sizeof *sum);
    /* Children have the larger index: from the back, every sum is ready when it is passed on. */
    for (uint32_t n = p->node_count - 1; n > 0; n--)
        sum[p->parent[n]] = add_saturating(sum[p->parent[n]], sum[n]);
    return sum;
}
