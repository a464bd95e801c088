/*
 * index.h - the words of all documents together. The workers share it.
 */
#ifndef INDEX_H
#define INDEX_H

#include <pthread.h>
#include <stddef.h>

#include "words.h"

typedef struct word_index {
    pthread_mutex_t lock;
    word_table words; /* under the lock */
} word_index;

void index_init(word_index *index);

/** Add the words of one document. Any thread. Returns 0, or -1 when out of memory. */
int index_add(word_index *index, const word_table *words);

/**
 * The most frequent words of more than four letters, most frequent first. Fills `top` and returns
 * how many there are, at most `room`. No other thread may be adding.
 */
size_t index_top(const word_index *index, const word_entry **top, size_t room);

void index_release(word_index *index);

#endif
