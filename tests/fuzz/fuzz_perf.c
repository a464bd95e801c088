/*
 * fuzz_perf.c - the text of perf script from anywhere: read, and count.
 *
 * Besides not crashing: what was refused must say where, within the input; what was accepted has at
 * most a sample for each line, and is told to be of this kind from its first line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/load/profile_perf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz_perf: %s\n", what);
    abort();
}

static void check_count(const profile *p, const uint8_t *data, size_t size)
{
    int64_t samples = 0, lines = 1;

    for (uint32_t n = 0; n < p->node_count; n++) samples += p->self[n];
    for (size_t i = 0; i < size; i++) lines += data[i] == '\n';
    require(samples > 0 && samples <= lines, "the number of samples");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    byte_source src = {.head = data, .head_len = size, .fd = -1};
    profile *p = NULL;
    fault why = {0};

    (void)perf_looks_like((const char *)data, size);
    if (perf_load(&p, &src, &why)) {
        require(why.err != THAG_OK && why.offset <= size, "a fault without a place");
        require(why.line > 0 || why.err == THAG_ERR_EMPTY, "a fault without a line");
        return 0;
    }
    check_count(p, data, size);
    profile_free(p);
    return 0;
}
