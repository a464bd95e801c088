/*
 * words.h - splits text into words and counts them.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 32 }; /* longer words are cut */

/* One word of a text, in lower case. */
typedef struct word {
    char text[WORD_MAX];
    uint8_t length;
    uint32_t hash;
} word;

/* Where words are read from; `at` moves on with each word. */
typedef struct word_reader {
    const char *at;
    const char *end;
} word_reader;

/** Read the next word. Returns false at the end of the text. */
bool word_next(word_reader *reader, word *next);

typedef struct word_entry {
    word word;
    uint32_t count; /* 0: the entry is free */
} word_entry;

/* Open addressing; the number of entries is a power of two and at most 3/4 are taken. */
typedef struct word_table {
    word_entry *entries;
    size_t entry_room;
    size_t distinct_count;
    size_t word_count;
} word_table;

/** Count every word of a text. `table` starts as {0}. Returns 0, or -1 when out of memory. */
int count_words(word_table *table, const char *text, size_t text_bytes);

/** How often a word was counted. */
uint32_t word_table_count(const word_table *table, const word *wanted);

/** Add the counts of another table. Returns 0, or -1 when out of memory. */
int word_table_merge(word_table *into, const word_table *from);

void word_table_release(word_table *table);

#endif
