/*
 * fuzz_folded.c - collapsed stacks from anywhere: read, write, read again, draw.
 *
 * Besides not crashing: what was accepted must be the same after a round trip, and what was refused
 * must say where, within the input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/export/folded_writer.h"
#include "output/picture/svg_writer.h"
#include "profile/load/profile_folded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz_folded: %s\n", what);
    abort();
}

static char *written(const profile *p, size_t *len)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len);

    require(to != NULL, "out of memory");
    require(folded_write(to, p, NULL, NULL) == THAG_OK, "cannot write");
    fclose(to);
    return text;
}

static int64_t total_of(const profile *p)
{
    int64_t sum = 0;

    for (uint32_t n = 0; n < p->node_count; n++) sum += p->self[n];
    return sum;
}

static void check_drawing(const profile *p)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);

    require(to != NULL, "out of memory");
    require(svg_write(to, p, NULL, NULL) == THAG_OK, "cannot draw");
    fclose(to);
    require(memchr(text, '\0', len) == NULL, "a NUL in the picture");
    free(text);
}

/* NULL if nothing is left: a path of blanks, or one that begins with '#', is no line when read. */
static profile *read_back(const char *text, size_t len)
{
    folded_opts opts = {PROFILE_SAMPLES, 1};
    folded_source src = {.head = text, .head_len = len, .fd = -1};
    profile *p = NULL;

    folded_load(&p, &src, &opts, NULL);
    return p;
}

/* Cleaning joins names that differ in control bytes, so it is the second time that must be stable. */
static void check_round_trip(const profile *p)
{
    size_t len, first_len, second_len;
    char *text = written(p, &len), *first, *second;
    profile *clean = read_back(text, len), *again;

    free(text);
    if (!clean) return;
    first = written(clean, &first_len);
    again = read_back(first, first_len);
    require(again != NULL, "what was read once is not read again");
    second = written(again, &second_len);
    require(first_len == second_len && memcmp(first, second, first_len) == 0, "not stable");
    require(total_of(clean) == total_of(again), "the total differs");
    free(first);
    free(second);
    profile_free(clean);
    profile_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    folded_opts opts = {PROFILE_SAMPLES, 1};
    folded_source src = {.head = data, .head_len = size, .fd = -1};
    profile *p = NULL;
    fault why = {0};

    if (folded_load(&p, &src, &opts, &why) == THAG_OK) {
        check_round_trip(p);
        check_drawing(p);
        profile_free(p);
        return 0;
    }
    require(why.err != THAG_OK && why.offset <= size, "a fault without a place");
    require(why.line > 0 || why.err == THAG_ERR_EMPTY, "a fault without a line");
    return 0;
}
