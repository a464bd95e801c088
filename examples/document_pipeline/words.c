/*
 * words.c - a hash table of words.
 */
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "thag_profiler.h"

enum { FIRST_ROOM = 256 };

bool word_next(word_reader *reader, word *next)
{
    const char *at = reader->at;
    uint32_t hash = 2166136261u; /* FNV-1a */
    uint8_t length = 0;

    while (at < reader->end && !isalpha((unsigned char)*at)) at++;
    for (; at < reader->end && isalpha((unsigned char)*at); at++) {
        if (length == WORD_MAX - 1) continue;
        next->text[length] = (char)tolower((unsigned char)*at);
        hash = (hash ^ (unsigned char)next->text[length]) * 16777619u;
        length++;
    }
    next->text[length] = '\0';
    next->length = length;
    next->hash = hash;
    reader->at = at;
    return length > 0;
}

/* The entry of a word, or the free one where it belongs. */
static word_entry *find_entry(const word_table *table, const word *wanted)
{
    size_t mask = table->entry_room - 1;
    size_t at = wanted->hash & mask;

    for (;; at = (at + 1) & mask) {
        word_entry *entry = &table->entries[at];

        if (entry->count == 0) return entry;
        if (entry->word.hash == wanted->hash && entry->word.length == wanted->length &&
            memcmp(entry->word.text, wanted->text, wanted->length) == 0)
            return entry;
    }
}

static int word_table_grow(word_table *table)
{
    THAG_PROFILED();
    word_table bigger = *table;

    bigger.entry_room = table->entry_room ? 2 * table->entry_room : FIRST_ROOM;
    bigger.entries = calloc(bigger.entry_room, sizeof *bigger.entries);
    if (!bigger.entries) return -1;
    for (size_t i = 0; i < table->entry_room; i++) {
        const word_entry *entry = &table->entries[i];

        if (entry->count > 0) *find_entry(&bigger, &entry->word) = *entry;
    }
    free(table->entries);
    *table = bigger;
    return 0;
}

static int word_table_add(word_table *table, const word *added, uint32_t count)
{
    word_entry *entry;

    if (4 * (table->distinct_count + 1) > 3 * table->entry_room && word_table_grow(table) != 0)
        return -1;
    entry = find_entry(table, added);
    if (entry->count == 0) {
        entry->word = *added;
        table->distinct_count++;
    }
    entry->count += count;
    table->word_count += count;
    return 0;
}

int count_words(word_table *table, const char *text, size_t text_bytes)
{
    THAG_PROFILED();
    word_reader reader = {text, text + text_bytes};
    word next;

    while (word_next(&reader, &next)) {
        if (word_table_add(table, &next, 1) != 0) return -1;
    }
    return 0;
}

uint32_t word_table_count(const word_table *table, const word *wanted)
{
    return table->entry_room ? find_entry(table, wanted)->count : 0;
}

int word_table_merge(word_table *into, const word_table *from)
{
    THAG_PROFILED();

    for (size_t i = 0; i < from->entry_room; i++) {
        const word_entry *entry = &from->entries[i];

        if (entry->count > 0 && word_table_add(into, &entry->word, entry->count) != 0) return -1;
    }
    return 0;
}

void word_table_release(word_table *table)
{
    free(table->entries);
    *table = (word_table){0};
}
