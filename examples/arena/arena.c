/*
 * arena.c - an allocator of one's own that says what it hands out: words go into an arena, which is
 * emptied after every line.
 *
 *     cc -DTHAG_FULL_PROFILING arena.c $(pkg-config --cflags --libs thag_profiler-full) -o arena
 *     ./arena <text && thag-analyze pools arena-*.thag
 *     thag-analyze peak --pool words arena-*.thag
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thag_profiler.h"
#include "thag_profiler/pool.h"

typedef struct arena {
    size_t used, room;
    char *memory;
} arena;

static void *arena_alloc(arena *a, size_t size)
{
    void *block;

    size = (size + 15) & ~(size_t)15;
    if (size > a->room - a->used) return NULL;
    block = a->memory + a->used;
    a->used += size;
    thag_pool_alloc(a, "words", block, size); /* here one more block is out */
    return block;
}

static void arena_reset(arena *a)
{
    thag_pool_reset(a); /* here none is */
    a->used = 0;
}

static size_t keep_words(arena *a, char *line)
{
    THAG_PROFILED();
    size_t count = 0;

    for (char *word = strtok(line, " \t\n"); word; word = strtok(NULL, " \t\n")) {
        char *kept = arena_alloc(a, strlen(word) + 1);

        if (!kept) break;
        strcpy(kept, word);
        count++;
    }
    return count;
}

int main(void)
{
    THAG_ENABLE_PROFILING(yes);
    arena a = {.room = 1 << 16};
    char line[1024];
    size_t words = 0;

    a.memory = malloc(a.room);
    if (!a.memory) return 1;
    while (fgets(line, sizeof line, stdin)) {
        words += keep_words(&a, line);
        arena_reset(&a);
    }
    printf("%zu words\n", words);
    free(a.memory);
    return 0;
}
