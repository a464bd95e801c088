/*
 * gen_folded.c - writes collapsed stacks for measuring readers: gen_folded distinct|repeat LINES
 *
 * distinct: nearly every line is a stack of its own, 20 frames deep on average, of 3000 names, in
 *           random order: the worst case of a profile that was aggregated already.
 * repeat:   lines are drawn from some 10,000 stacks: a dump of samples that nobody aggregated.
 * The seed is fixed: the same arguments give the same bytes everywhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 3000u

static uint64_t state = 0x853c49e6748fea9bu;

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint32_t below(uint32_t limit)
{
    state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((mix(state) >> 32) * limit >> 32);
}

static void put_name(uint32_t n)
{
    static const char *const nouns[] = {"parser",  "session", "buffer", "request",
                                        "texture", "index",   "socket", "allocator"};
    static const char *const verbs[] = {"read",  "write_all", "find", "update",
                                        "flush", "reset",     "map",  "walk"};

    printf("%s_%s_%04u", nouns[n & 7], verbs[n >> 3 & 7], n);
}

/* A walk down one fixed random tree: the name of a child follows from its path. */
static void put_stack(uint64_t (*choose)(uint32_t limit))
{
    uint32_t depth = 14 + (uint32_t)choose(14);
    uint64_t path = 1;

    printf("main");
    for (uint32_t level = 1; level < depth; level++) {
        path = mix(path * 4 + choose(level < 3 || level > 13 ? 4 : 2));
        putchar(';');
        put_name((uint32_t)(path % NAMES));
    }
}

static uint64_t choose_any(uint32_t limit)
{
    return below(limit);
}

static uint64_t stack_state;

static uint64_t choose_of_stack(uint32_t limit)
{
    stack_state += 0x9e3779b97f4a7c15u;
    return (mix(stack_state) >> 32) * limit >> 32;
}

int main(int argc, char **argv)
{
    int repeat = argc == 3 && strcmp(argv[1], "repeat") == 0;
    unsigned long lines = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

    if (lines == 0 || (!repeat && strcmp(argv[1], "distinct") != 0)) {
        fprintf(stderr, "usage: gen_folded distinct|repeat LINES\n");
        return 2;
    }
    for (unsigned long i = 0; i < lines; i++) {
        stack_state = mix(below(10000));
        put_stack(repeat ? choose_of_stack : choose_any);
        printf(" %" PRIu32 "\n", 1 + below(1000));
    }
    return fflush(stdout) || ferror(stdout) ? 4 : 0;
}
