/*
 * sentiment.c - word lists, sorted so that bsearch finds its way.
 */
#include "sentiment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "thag_profiler.h"
#include "words.h"

static const char *const positive[] = {
    "accept",  "accurate",   "agree",   "benefit",   "best",    "clear",   "effective", "encourage",
    "fair",    "free",       "freedom", "good",      "grant",   "granted", "help",      "hope",
    "improve", "permission", "permit",  "permitted", "protect", "right",   "rights",    "safe",
    "share",   "thank",      "useful",  "valid",     "welcome", "worth",
};

static const char *const negative[] = {
    "against",     "damage",    "damages",  "deny",        "discriminatory", "exclude",
    "fail",        "failure",   "forbid",   "harm",        "infringe",       "infringement",
    "invalid",     "liability", "liable",   "limited",     "loss",           "losses",
    "prohibit",    "refuse",    "restrict", "restriction", "restrictions",   "terminate",
    "termination", "trouble",   "violate",  "void",        "warranties",     "warranty",
};

static int compare_words(const void *wanted, const void *listed)
{
    return strcmp(wanted, *(const char *const *)listed);
}

static bool is_in(const char *text, const char *const *list, size_t count)
{
    return bsearch(text, list, count, sizeof *list, compare_words) != NULL;
}

sentiment calculate_sentiment(const char *text, size_t text_bytes)
{
    THAG_PROFILED();
    word_reader reader = {text, text + text_bytes};
    sentiment counts = {0, 0};
    bool negated = false;
    word next;

    while (word_next(&reader, &next)) {
        if (is_in(next.text, positive, sizeof positive / sizeof *positive)) {
            *(negated ? &counts.negative_count : &counts.positive_count) += 1;
        } else if (is_in(next.text, negative, sizeof negative / sizeof *negative)) {
            *(negated ? &counts.positive_count : &counts.negative_count) += 1;
        }
        negated = strcmp(next.text, "not") == 0 || strcmp(next.text, "no") == 0;
    }
    return counts;
}

int sentiment_score(sentiment counts)
{
    int positive_count = (int)counts.positive_count;
    int negative_count = (int)counts.negative_count;
    int both = positive_count + negative_count;

    return both ? 100 * (positive_count - negative_count) / both : 0;
}
