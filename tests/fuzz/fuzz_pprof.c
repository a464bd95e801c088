/*
 * fuzz_pprof.c - pprof from anywhere, gzipped or not: read, write in every format of the tree.
 *
 * Besides not crashing: what was refused must say why, within the input; and what was accepted must
 * be the same once it was written as pprof and read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/export/export.h"
#include "profile/load/profile_pprof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz_pprof: %s\n", what);
    abort();
}

static int64_t total_of(const profile *p)
{
    int64_t sum = 0;

    for (uint32_t n = 0; n < p->node_count; n++) sum += p->self[n];
    return sum;
}

static char *written(const profile *p, const char *format, size_t *len)
{
    export_source from = {.profile = p, .program = "fuzz"};
    char *bytes = NULL;
    FILE *to = open_memstream(&bytes, len);
    thag_err err;

    require(to != NULL, "out of memory");
    err = export_write(export_format_named(format), to, &from, NULL);
    require(err == THAG_OK || err == THAG_ERR_TOO_LARGE, "cannot write");
    fclose(to);
    return bytes;
}

static thag_err load(profile **p, const void *bytes, size_t len, fault *why)
{
    byte_source packed = {.head = bytes, .head_len = len, .fd = -1}, plain;
    thag_err err;

    if (len < 2 || memcmp(bytes, "\x1f\x8b", 2) != 0) return pprof_load(p, &packed, why);
    err = byte_source_inflate(&plain, &packed, why);
    if (!err) err = pprof_load(p, &plain, why);
    byte_source_release(&plain);
    return err;
}

static void check_round_trip(const profile *p)
{
    profile *again = NULL;
    size_t len;
    char *bytes = written(p, "pprof", &len);
    thag_err err = load(&again, bytes, len, NULL);

    require(err == THAG_OK || (err == THAG_ERR_EMPTY && total_of(p) == 0), "not read again");
    require(!again || (again->unit == p->unit && total_of(again) == total_of(p)), "total differs");
    profile_free(again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"speedscope", "firefox", "callgrind", "csv", "otlp"};
    profile *p = NULL;
    fault why = {0};

    (void)pprof_looks_like(data, size);
    if (load(&p, data, size, &why)) {
        require(why.err != THAG_OK && why.what[0], "a fault without a reason");
        return 0;
    }
    check_round_trip(p);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t len;

        free(written(p, formats[i], &len));
    }
    profile_free(p);
    return 0;
}
