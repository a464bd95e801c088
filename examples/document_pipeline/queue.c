/*
 * queue.c - one lock, two conditions.
 */
#include "queue.h"

#include "thag_profiler.h"

void queue_init(queue *q)
{
    *q = (queue){.first = 0};
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->not_empty, NULL);
    pthread_cond_init(&q->not_full, NULL);
}

void queue_put(queue *q, size_t job)
{
    THAG_PROFILED();

    pthread_mutex_lock(&q->lock);
    while (q->job_count == QUEUE_ROOM) pthread_cond_wait(&q->not_full, &q->lock);
    q->jobs[(q->first + q->job_count++) % QUEUE_ROOM] = job;
    pthread_cond_signal(&q->not_empty);
    pthread_mutex_unlock(&q->lock);
}

bool queue_take(queue *q, size_t *job)
{
    THAG_PROFILED();
    bool taken;

    pthread_mutex_lock(&q->lock);
    while (q->job_count == 0 && !q->closed) pthread_cond_wait(&q->not_empty, &q->lock);
    taken = q->job_count > 0;
    if (taken) {
        *job = q->jobs[q->first];
        q->first = (q->first + 1) % QUEUE_ROOM;
        q->job_count--;
        pthread_cond_signal(&q->not_full);
    }
    pthread_mutex_unlock(&q->lock);
    return taken;
}

void queue_close(queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->not_empty);
    pthread_mutex_unlock(&q->lock);
}

void queue_release(queue *q)
{
    pthread_cond_destroy(&q->not_full);
    pthread_cond_destroy(&q->not_empty);
    pthread_mutex_destroy(&q->lock);
}
