/*
 * queue.h - a bounded queue of jobs between the main thread and the workers.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUEUE_ROOM = 16 };

/* All fields are under the lock. */
typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    size_t jobs[QUEUE_ROOM]; /* a ring */
    size_t first;
    size_t job_count;
    bool closed;
} queue;

void queue_init(queue *q);

/** Add a job; waits while the queue is full. */
void queue_put(queue *q, size_t job);

/** Take a job; waits while there is none. Returns false when the queue is closed and empty. */
bool queue_take(queue *q, size_t *job);

/** No more jobs will come. */
void queue_close(queue *q);

void queue_release(queue *q);

#endif
