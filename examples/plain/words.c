/*
 * words.c - counts the words of a text, and forgets to give something back: the README's example of a
 * leak. Nothing in it knows of the profiler.
 *
 * usage: words FILE...
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    struct entry *next;
    char *word;
    long count;
} entry;

static entry *table[1024];

static unsigned hash(const char *word)
{
    unsigned h = 5381;
    for (; *word; word++) h = h * 33 + (unsigned char)*word;
    return h % 1024;
}

static char *lower_case(const char *word)
{
    size_t len = strlen(word);
    char *copy = malloc(len + 1);
    if (!copy) exit(1);
    for (size_t i = 0; i <= len; i++) copy[i] = (char)tolower((unsigned char)word[i]);
    return copy;
}

static void count_word(const char *text)
{
    char *word = lower_case(text);
    entry **at = &table[hash(word)];
    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->word, word) == 0) {
            (*at)->count++;
            return; /* without free(word) */
        }
    }
    *at = calloc(1, sizeof **at);
    if (!*at) exit(1);
    (*at)->word = word;
    (*at)->count = 1;
}

static void count_file(FILE *file)
{
    char word[256];
    size_t len = 0;
    for (int c = fgetc(file);; c = fgetc(file)) {
        if (c != EOF && isalpha(c) && len < sizeof word - 1) {
            word[len++] = (char)c;
            continue;
        }
        word[len] = 0;
        if (len) count_word(word);
        len = 0;
        if (c == EOF) return;
    }
}

static long clear_table(void)
{
    long different = 0;
    for (int i = 0; i < 1024; i++) {
        while (table[i]) {
            entry *first = table[i];
            table[i] = first->next;
            free(first->word);
            free(first);
            different++;
        }
    }
    return different;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        count_file(file);
        fclose(file);
    }
    printf("%ld different words\n", clear_table());
    return 0;
}
