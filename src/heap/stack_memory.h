/*
 * stack_memory.h - what a slot knows of native stacks: how to get from a return address to the caller,
 * which node of the call tree a call is below another one, and the last walk.
 *
 * All of it belongs to one slot, and is used with the task held: so nothing here takes a lock. What the
 * session has to be asked for (a number of a place in code, a new node) is asked for once.
 */
#ifndef THAGI_STACK_MEMORY_H
#define THAGI_STACK_MEMORY_H

#include "heap/eh_frame.h"
#include "heap/native_stack.h"

/* Of a walk; a frame reads one word, or two. What is deeper counts as unknown. */
#define THAGI_READS_MAX 512u

/* A return address. */
typedef struct thagi_place {
    uintptr_t address; /* 0: free */
    thagi_unwind_row row;
    uint32_t code; /* its number in the session */
} thagi_place;

/* A call below another one, or below a span. */
typedef struct thagi_call {
    uintptr_t address; /* where it returns to; 0: unknown */
    uint32_t parent, node;
} thagi_call;

/* A word of the stack that a walk reads: a return address; or THAGI_READ_OTHER, most often a frame pointer. */
typedef struct thagi_seen {
    uintptr_t at, word;
    uintptr_t bp_at;   /* where the frame pointer was saved when the walk came here */
    uint32_t node;     /* of the call; or THAGI_READ_OTHER */
    uint16_t uses_bp;  /* it is a frame pointer; of a call: what is further out depends on it */
    uint16_t saves_bp; /* the function that is returned to had saved it */
} thagi_seen;
#define THAGI_READ_OTHER TRACE_NONE

/* The same as it is kept: what is compared when a stack may be that one again, and what follows from it. */
typedef struct thagi_read {
    uintptr_t at, word;
} thagi_read;
typedef struct thagi_step {
    uint32_t node;
    uint32_t bp_below : 30; /* words that bp_at is below the read */
    uint32_t uses_bp : 1;
    uint32_t saves_bp : 1;
} thagi_step;
#define THAGI_BP_BELOW_MAX ((1u << 30) - 1)

/*
 * The reads of a walk, the outermost first, but for the return address of the hook. It was made below this
 * span and this limit, in this stack. What walks from further in had read stays there as long as nothing
 * outside of it changes.
 */
typedef struct thagi_path {
    uintptr_t limit, hi;
    uint64_t where; /* the span's, from which the limit follows */
    uint32_t anchor;
    uint32_t count;   /* of reads, with [0], which is none: its word is never there */
    uint32_t serial;  /* changes when a read does */
    uint32_t room;    /* for reads */
    thagi_read *read; /* both in the pool; or that of no stack, which has no room */
    thagi_step *step;
    uint32_t from, to; /* the part of the pool, in words */
} thagi_path;
#define THAGI_PATHS 256u

/* The pool gives room in turns: who was given it longest ago loses it. */
#define THAGI_POOL_WORDS 9216u
#define THAGI_READ_WORDS ((sizeof(thagi_read) + sizeof(thagi_step)) / sizeof(uint64_t))

/* A call of malloc or free, whose stack went on with read[top] of the path; and who pays for it. */
typedef struct thagi_leaf {
    uintptr_t pc, sp;
    void *counters; /* thagi_row of those that allocate, or trace_release */
    uint32_t serial;
    uint16_t top;
    uint8_t path, kind;
} thagi_leaf;
#define THAGI_LEAVES_LOG2      9
#define THAGI_LEAVES_LIKE_LOG2 9

/* Of one slot. */
struct thagi_stacks {
    uint32_t generation; /* of the modules that the addresses belong to */
    uint32_t flag_room, release_room;
    uint32_t place_count, call_count;
    uint32_t place_mask, call_mask; /* room less 1 */
    thagi_place *places;            /* hash tables */
    thagi_call *calls;
    uint8_t *flags;           /* by node: whether it, or a span around it, wants stacks */
    trace_release **releases; /* by node; NULL: nothing was freed there. Outlives the rest */
    uint64_t sentinel;        /* 0; what read[0] of the paths reads */
    thagi_read no_read;       /* of a path that has no room */
    thagi_step no_step;
    thagi_path *path; /* of the last walk */
    uint32_t path_new,
        path_old;       /* of all paths that were made: the next one, the oldest that has room */
    uint32_t pool_used; /* where the next one's room begins */
    thagi_leaf
        leaves[1u << THAGI_LEAVES_LOG2]; /* by the call and the last walk's path: what came next */
    /* By what the stack looks like; the newest first. */
    thagi_leaf like[1u << THAGI_LEAVES_LIKE_LOG2][2];
    thagi_path paths[THAGI_PATHS];
    uint64_t pool[THAGI_POOL_WORDS];
    thagi_seen fresh[THAGI_READS_MAX]; /* of a walk that is being made: the innermost first */
    uint64_t spare[(THAGI_READS_MAX + 1) * THAGI_READ_WORDS]; /* of a path that is being copied */
};

/** The slot's, fit for the modules of now. NULL: no memory. */
thagi_stacks *thagi_stacks_of(thagi_thread *thread);

/** A place that was not met before, known from now on. NULL: no memory, or *is_code 0: it is in no module. */
const thagi_place *thagi_place_new(thagi_session *session, thagi_stacks *s, uintptr_t address,
                                   int *is_code);

/** The node of a call that was not met before below `parent`. Under the lock. 0: no room. */
uint32_t thagi_call_new(thagi_session *session, thagi_stacks *s, uint32_t parent,
                        uintptr_t address);

/** What a node freed. NULL: no memory. */
trace_release *thagi_release_of(thagi_thread *thread, uint32_t node);

/* Of addresses; the factors fit into one instruction. */
static inline uint32_t thagi_place_hash_of(uintptr_t address)
{
    return (uint32_t)(address * UINT64_C(0x5bd1e995) >> 24);
}
static inline uint32_t thagi_call_hash_of(uint32_t parent, uintptr_t address)
{
    return (uint32_t)((address * UINT64_C(0x5bd1e995) + parent * UINT64_C(0x27d4eb2f)) >> 24);
}

/** NULL: not met yet. */
static inline const thagi_place *thagi_place_find(const thagi_stacks *s, uintptr_t address)
{
    uint32_t i = thagi_place_hash_of(address) & s->place_mask;
    for (; s->places[i].address != address; i = (i + 1) & s->place_mask)
        if (!s->places[i].address) return NULL;
    return &s->places[i];
}

/** 0: not met yet. */
static inline uint32_t thagi_call_find(const thagi_stacks *s, uint32_t parent, uintptr_t address)
{
    uint32_t i = thagi_call_hash_of(parent, address) & s->call_mask;
    for (;; i = (i + 1) & s->call_mask) {
        const thagi_call *call = &s->calls[i];
        if ((call->address == address && call->parent == parent) || !call->node) return call->node;
    }
}

#endif
