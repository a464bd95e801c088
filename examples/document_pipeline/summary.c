/*
 * summary.c - scores sentences by the frequency of their words.
 */
#include "summary.h"

#include "thag_profiler.h"

enum { SHORT_WORD = 4, SENTENCE_MIN_WORDS = 8, SENTENCE_MAX_WORDS = 40 };

/* A sentence ends at a full stop before a space, or at an empty line. */
static const char *sentence_end(const char *at, const char *end)
{
    for (; at + 1 < end; at++) {
        if (*at == '.' && (at[1] == ' ' || at[1] == '\n')) return at + 1;
        if (*at == '\n' && at[1] == '\n') return at;
    }
    return end;
}

static double score_sentence(const char *sentence, const char *end, const word_table *frequencies)
{
    THAG_PROFILED();
    word_reader reader = {sentence, end};
    unsigned words = 0;
    double sum = 0;
    word next;

    while (word_next(&reader, &next)) {
        words++;
        if (next.length > SHORT_WORD) sum += word_table_count(frequencies, &next);
    }
    return words < SENTENCE_MIN_WORDS || words > SENTENCE_MAX_WORDS ? 0 : sum / words;
}

summary summarize(const char *text, size_t text_bytes, const word_table *frequencies)
{
    THAG_PROFILED();
    const char *end = text + text_bytes;
    summary best = {text, 0, 0};

    for (const char *at = text; at < end;) {
        const char *stop = sentence_end(at, end);
        double score = score_sentence(at, stop, frequencies);

        if (score > best.score) best = (summary){at, (size_t)(stop - at), score};
        at = stop == end ? end : stop + 1;
    }
    return best;
}
