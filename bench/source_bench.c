/*
 * source_bench.c - how fast functions are found and macros put in: MB of source a second of CPU.
 *
 * usage: source_bench FILE...
 * All files are read first; then each is scanned and instrumented in memory, a few times over. The best
 * round counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "source/source.h"

#define ROUNDS 7

typedef struct text {
    const char *path;
    char *bytes;
    size_t len;
} text;

static int read_file(text *t, const char *path)
{
    FILE *from = fopen(path, "rb");

    t->path = path;
    if (!from) return 0;
    fseek(from, 0, SEEK_END);
    t->len = (size_t)ftell(from);
    rewind(from);
    t->bytes = malloc(t->len + 1);
    if (t->bytes) t->len = fread(t->bytes, 1, t->len, from);
    fclose(from);
    return t->bytes != NULL;
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t instrument_all(const text *texts, int count)
{
    size_t functions = 0;

    for (int i = 0; i < count; i++) {
        source_opts opts = {0};
        source_buffer made;

        source_language_of(&opts.language, texts[i].path, texts[i].bytes, texts[i].len);
        if (source_instrument(&made, texts[i].bytes, texts[i].len, &opts, NULL)) exit(4);
        functions += made.changes;
        source_buffer_release(&made);
    }
    return functions;
}

int main(int argc, char **argv)
{
    text *texts = calloc((size_t)argc, sizeof *texts);
    double best = 1e9, bytes = 0;
    size_t functions = 0;
    int count = 0;

    if (!texts) return 4;
    for (int i = 1; i < argc; i++) {
        if (!read_file(&texts[count], argv[i])) continue;
        bytes += (double)texts[count++].len;
    }
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds(), taken;

        functions = instrument_all(texts, count);
        taken = cpu_seconds() - start;
        if (taken < best) best = taken;
    }
    printf("%d files, %.1f MB, %zu functions: %.0f MB/s\n", count, bytes / 1e6, functions,
           bytes / 1e6 / best);
    for (int i = 0; i < count; i++) free(texts[i].bytes);
    free(texts);
    return 0;
}
