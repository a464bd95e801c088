/*
 * summary.h - the sentence that says most about a text.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stddef.h>

#include "words.h"

/* A part of the text, which it borrows. */
typedef struct summary {
    const char *sentence;
    size_t sentence_bytes;
    double score;
} summary;

/**
 * Find the sentence whose words are, on average, the most frequent of the text. Short words do not
 * count, nor do sentences with fewer than eight words or more than forty.
 */
summary summarize(const char *text, size_t text_bytes, const word_table *frequencies);

#endif
