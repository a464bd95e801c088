#include "profile/timeline/timeline_ahead.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define RING 8u /* batches: some 400 KiB, which a core's cache holds */

struct timeline_ahead {
    timeline *tl;
    /* the reader's */
    uint32_t thread; /* that is read */
    int is_begun;    /* ... or to be begun */
    size_t rest_count;
    timeline_span rest[TIMELINE_BATCH]; /* of another owner than those of the last batch */
    /* both sides' */
    pthread_t reader;
    int has_reader;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    size_t filled, taken; /* batches since the begin */
    int is_held;          /* the caller looks at one of those that are filled */
    int is_done, is_unwanted;
    thag_err err;
    timeline_batch ring[RING];
};

/* ---- reading ---- */

/* 0: there are no more threads, or *err. */
static int begin_thread(timeline_ahead *a, thag_err *err)
{
    uint32_t count;
    const timeline_thread *threads = timeline_threads(a->tl, &count);

    while (a->thread < count && !threads[a->thread].depth_count) a->thread++;
    if (a->thread == count) return 0;
    *err = timeline_begin(a->tl, a->thread);
    a->is_begun = !*err;
    return a->is_begun;
}

/* Those of a next owner are kept for the next batch. */
static void cut_owner(timeline_ahead *a, timeline_batch *b)
{
    size_t n = 0;

    if (b->spans[b->count - 1].owner == b->spans[0].owner) return;
    while (b->spans[n].owner == b->spans[0].owner) n++;
    a->rest_count = b->count - n;
    memcpy(a->rest, b->spans + n, a->rest_count * sizeof *a->rest);
    b->count = n;
}

static thag_err fill(timeline_ahead *a, timeline_batch *b)
{
    uint32_t count;
    thag_err err = THAG_OK;

    memcpy(b->spans, a->rest, a->rest_count * sizeof *a->rest);
    b->count = a->rest_count;
    a->rest_count = 0;
    b->thread = a->thread;
    if (b->count) cut_owner(a, b);
    while (!err && !a->rest_count && b->count < TIMELINE_BATCH) {
        size_t n = 0;

        if (!a->is_begun && !begin_thread(a, &err)) break;
        n = timeline_read(a->tl, b->spans + b->count, TIMELINE_BATCH - b->count, &err);
        b->thread = a->thread;
        b->count += n;
        if (n) {
            cut_owner(a, b);
            continue;
        }
        a->is_begun = 0;
        a->thread++;
        if (b->count) break;
    }
    if (b->count) b->owner = timeline_owners(a->tl, &count)[b->spans[0].owner];
    return err;
}

/* ---- the two sides ---- */

static void *read_ahead(void *context)
{
    timeline_ahead *a = context;

    pthread_mutex_lock(&a->lock);
    while (!a->is_done && !a->is_unwanted) {
        timeline_batch *b = &a->ring[a->filled % RING];
        thag_err err;

        if (a->filled - a->taken == RING) {
            pthread_cond_wait(&a->moved, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        err = fill(a, b);
        pthread_mutex_lock(&a->lock);
        a->err = err;
        a->is_done = err || !b->count;
        a->filled += !a->is_done;
        pthread_cond_signal(&a->moved);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

thag_err timeline_ahead_new(timeline_ahead **out, timeline *tl)
{
    timeline_ahead *a = malloc(sizeof *a);

    *out = NULL;
    if (!a) return THAG_ERR_MEMORY;
    memset(a, 0, offsetof(timeline_ahead, ring));
    a->tl = tl;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->moved, NULL);
    a->has_reader = pthread_create(&a->reader, NULL, read_ahead, a) == 0;
    *out = a;
    return THAG_OK;
}

static const timeline_batch *next_alone(timeline_ahead *a, thag_err *err)
{
    timeline_batch *b = &a->ring[0];

    *err = fill(a, b);
    return *err || !b->count ? NULL : b;
}

const timeline_batch *timeline_ahead_next(timeline_ahead *a, thag_err *err)
{
    const timeline_batch *b = NULL;

    if (!a->has_reader) return next_alone(a, err);
    pthread_mutex_lock(&a->lock);
    a->taken += (size_t)a->is_held;
    pthread_cond_signal(&a->moved);
    while (a->filled == a->taken && !a->is_done) pthread_cond_wait(&a->moved, &a->lock);
    a->is_held = a->filled != a->taken;
    if (a->is_held) b = &a->ring[a->taken % RING];
    *err = b ? THAG_OK : a->err;
    pthread_mutex_unlock(&a->lock);
    return b;
}

void timeline_ahead_free(timeline_ahead *a)
{
    if (!a) return;
    if (a->has_reader) {
        pthread_mutex_lock(&a->lock);
        a->is_unwanted = 1;
        pthread_cond_signal(&a->moved);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->reader, NULL);
    }
    pthread_cond_destroy(&a->moved);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
