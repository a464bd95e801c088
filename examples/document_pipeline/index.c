/*
 * index.c - merges word tables under a lock. The wait for the lock is a section of its own, so that
 * the profile tells waiting from working.
 */
#include "index.h"

#include <string.h>

#include "thag_profiler.h"

void index_init(word_index *index)
{
    pthread_mutex_init(&index->lock, NULL);
    index->words = (word_table){0};
}

int index_add(word_index *index, const word_table *words)
{
    THAG_PROFILED();
    int status;

    THAG_PROFILE("wait for index");
    pthread_mutex_lock(&index->lock);
    THAG_END("wait for index");

    status = word_table_merge(&index->words, words);
    pthread_mutex_unlock(&index->lock);
    return status;
}

/* More frequent first; the alphabet decides a tie, so that the order is always the same. */
static int comes_before(const word_entry *a, const word_entry *b)
{
    if (a->count != b->count) return a->count > b->count;
    return strcmp(a->word.text, b->word.text) < 0;
}

size_t index_top(const word_index *index, const word_entry **top, size_t room)
{
    THAG_PROFILED();
    size_t count = 0;

    for (size_t i = 0; i < index->words.entry_room; i++) {
        const word_entry *entry = &index->words.entries[i];
        size_t at;

        if (entry->count == 0 || entry->word.length <= 4) continue;
        if (count == room && !comes_before(entry, top[count - 1])) continue;
        at = count < room ? count++ : room - 1;
        for (; at > 0 && comes_before(entry, top[at - 1]); at--) top[at] = top[at - 1];
        top[at] = entry;
    }
    return count;
}

void index_release(word_index *index)
{
    word_table_release(&index->words);
    pthread_mutex_destroy(&index->lock);
}
