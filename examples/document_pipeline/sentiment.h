/*
 * sentiment.h - is a text friendly? Judged by two lists of words.
 */
#ifndef SENTIMENT_H
#define SENTIMENT_H

#include <stddef.h>

typedef struct sentiment {
    unsigned positive_count;
    unsigned negative_count;
} sentiment;

/** Count the friendly and the unfriendly words of a text; "not" turns the next one round. */
sentiment calculate_sentiment(const char *text, size_t text_bytes);

/** From -100, nothing but unfriendly words, to 100. 0 if there are none of either kind. */
int sentiment_score(sentiment counts);

#endif
