/* Reading pprof and the text of perf script, hostile ones too; telling kinds apart; gzip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "output/export/export.h"
#include "output/export/folded_writer.h"
#include "output/export/protobuf_writer.h"
#include "profile/load/profile_folded.h"
#include "profile/load/profile_load.h"
#include "profile/load/profile_perf.h"
#include "profile/load/profile_pprof.h"
#include "profile/load/protobuf_reader.h"

typedef thag_err load_function(profile **out, byte_source *src, fault *why);

static thag_err load_bytes(load_function *load, profile **p, const void *bytes, size_t len,
                           fault *why)
{
    byte_source src = {.path = "dir/test", .head = bytes, .head_len = len, .fd = -1};

    return load(p, &src, why);
}

static void check_written(const profile *p, const char *expected)
{
    folded_write_opts opts = {.divisor = 1};
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    assert_int_equal(folded_write(to, p, &opts, NULL), THAG_OK);
    fclose(to);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- perf script ---- */

static void check_perf(const char *text, const char *expected)
{
    profile *p = NULL;
    fault why = {0};

    if (load_bytes(perf_load, &p, text, strlen(text), &why)) {
        fail_msg("line %d: %s", (int)why.line, why.what);
    }
    assert_string_equal(p->title, "test");
    assert_true(perf_looks_like(text, strlen(text)));
    check_written(p, expected);
    profile_free(p);
}

static void perf_call_chains(void **state)
{
    (void)state;
    check_perf("# captured on: today\n"
               "app  1234/1235 [001]  5000.123456:     250000 cpu-clock:u: \n"
               "\t          55d0c0 parse+0x1f (/usr/bin/app)\n"
               "\t          55d000 main+0x80 (/usr/bin/app)\n"
               "\n"
               "app  1234/1235 [001]  5000.223456:     250000 cpu-clock:u: \n"
               "\t          55d000 main+0x80 (/usr/bin/app)\n"
               "\n"
               "my thread  77 [000] 5001.0: 1 cpu-clock:u:\r\n"
               "\tffffffff81 [unknown] ([kernel.kallsyms])\r\n"
               "\t7f00 [unknown] (/lib/x86 64/libz (1).so.1 (deleted))\r\n"
               "\t0 [unknown] ([unknown])\n",
               "app;main 1\n"
               "app;main;parse 1\n"
               "my thread;[unknown];[libz (1).so.1];[kernel.kallsyms] 1\n");
}

static void perf_names_of_all_sorts(void **state)
{
    (void)state;
    check_perf(
        "a 1 1.5: 1 cycles: \n"
        "\t10 std::vector<int, (anonymous namespace)::x>::push_back(int const&)+0x1a (/a b/c)\n"
        "\t20 operator()(int) const (/x)\n"
        "\t30 f+0xzz (/x)\n"
        "\t40 +0x10 (/x)\n",
        "a;+0x10;f+0xzz;operator()(int) const;std::vector<int, (anonymous "
        "namespace)::x>::push_back(int const&) 1\n");
}

static void perf_without_call_chains(void **state)
{
    (void)state;
    check_perf(
        "swapper     0 [000]  1.000001:          1 cycles:  ffff8110 native_write+0x4 (vmlinux)\n"
        "  sh  12 [000]  1.000002:          1 cycles:  ffff8110 [unknown] (/bin/sh)\n"
        "sched 5 [1] d..2. 2.5: sched:sched_switch: prev_comm=a prev_pid=5\n",
        "[event sched:sched_switch];sched 1\nsh;[sh] 1\nswapper;native_write 1\n");
}

static void check_perf_fault(const char *text, size_t len, thag_err err, uint64_t line,
                             uint64_t offset)
{
    profile *p = NULL;
    fault why = {0};

    assert_int_equal(load_bytes(perf_load, &p, text, len, &why), err);
    assert_null(p);
    assert_int_equal(why.err, err);
    assert_int_equal(why.line, line);
    assert_int_equal(why.offset, offset);
    assert_string_equal(why.path, "dir/test");
    assert_int_equal(load_bytes(perf_load, &p, text, len, NULL), err);
}

static void perf_faults(void **state)
{
    static const char nul[] = "a 1 1.5: 1 cycles:\n\t1 a\0b (x)\n";
    size_t len = (2u << 20) + 30;
    char *large = malloc(len);

    (void)state;
    check_perf_fault("a 1 1.5: 1 cycles:\n\nnonsense\n", 29, THAG_ERR_FORMAT, 3, 20);
    check_perf_fault("\t10 f (x)\n", 10, THAG_ERR_FORMAT, 1, 0);
    check_perf_fault(nul, sizeof nul - 1, THAG_ERR_FORMAT, 2, 23);
    check_perf_fault("# nothing\n", 10, THAG_ERR_EMPTY, 0, 0);
    assert_non_null(large);
    memset(large, ':', len);
    memcpy(large, "a 1 1.5: x:\n", 12);
    check_perf_fault(large, len, THAG_ERR_TOO_LARGE, 2, 12);
    free(large);
}

static void perf_deep_stack(void **state)
{
    static const char line[] = "\t1 f (x)\n";
    size_t count = 70000, len;
    char *text;
    FILE *to = open_memstream(&text, &len);

    (void)state;
    fputs("a 1 1.5: x:\n", to);
    for (size_t i = 0; i < count; i++) fputs(line, to);
    fclose(to);
    check_perf_fault(text, len, THAG_ERR_TOO_LARGE, 65538, 12 + 65536 * 9);
    free(text);
}

/* ---- pprof ---- */

static void put_text(protobuf *pb, const char *text)
{
    protobuf_bytes(pb, 6, text, strlen(text));
}

static void put_type(protobuf *pb, uint64_t type, uint64_t unit)
{
    size_t at = protobuf_begin(pb, 1);

    protobuf_uint(pb, 1, type);
    protobuf_uint(pb, 2, unit);
    protobuf_end(pb, at);
}

/* Location with up to two lines of functions, or none; ids far from 1. */
static void put_location(protobuf *pb, uint64_t id, uint64_t inner, uint64_t outer)
{
    size_t at = protobuf_begin(pb, 4);

    protobuf_uint(pb, 1, id);
    protobuf_uint(pb, 2, 5);
    protobuf_uint(pb, 3, 0xabc);
    for (int i = 0; i < 2; i++) {
        uint64_t function = i ? outer : inner;
        size_t line;

        if (!function) continue;
        line = protobuf_begin(pb, 4);
        protobuf_uint(pb, 1, function);
        protobuf_end(pb, line);
    }
    protobuf_end(pb, at);
}

static void put_function(protobuf *pb, uint64_t id, uint64_t name, uint64_t system_name)
{
    size_t at = protobuf_begin(pb, 5);

    protobuf_uint(pb, 1, id);
    protobuf_uint(pb, 2, name);
    protobuf_uint(pb, 3, system_name);
    protobuf_end(pb, at);
}

static void put_mapping(protobuf *pb, uint64_t id, uint64_t name)
{
    size_t at = protobuf_begin(pb, 3);

    protobuf_uint(pb, 1, id);
    protobuf_uint(pb, 5, name);
    protobuf_end(pb, at);
}

/* Two values; a path of two locations, packed or one by one. */
static void put_sample(protobuf *pb, uint64_t leaf, uint64_t root, int64_t value, int is_packed)
{
    size_t at = protobuf_begin(pb, 2);

    if (is_packed) {
        size_t list = protobuf_begin(pb, 1);

        protobuf_packed(pb, leaf);
        protobuf_packed(pb, root);
        protobuf_end(pb, list);
    } else {
        protobuf_uint(pb, 1, leaf);
        protobuf_uint(pb, 1, root);
    }
    protobuf_uint(pb, 2, 2);
    protobuf_uint(pb, 2, (uint64_t)value);
    protobuf_end(pb, at);
}

static void put_tables(protobuf *pb)
{
    static const char *const texts[] = {"",         "calls",        "count",
                                        "cpu",      "microseconds", "main",
                                        "inl;ined", "_Zsystem",     "/usr/lib/libx.so"};

    put_location(pb, 900, 30, 0);
    put_location(pb, 17, 31, 32);
    put_location(pb, 18, 0, 0);
    put_function(pb, 32, 0, 7);
    put_function(pb, 31, 6, 0);
    put_function(pb, 30, 5, 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) put_text(pb, texts[i]);
}

static void reads_pprof_of_others(void **state)
{
    protobuf pb = {0};
    profile *p = NULL;
    fault why = {0};

    (void)state;
    protobuf_uint(&pb, 9, 1700000000); /* as Go has it: the time first */
    put_type(&pb, 1, 2);
    put_type(&pb, 3, 4);
    put_sample(&pb, 17, 900, 5, 1);
    put_sample(&pb, 17, 900, 2, 0);
    put_sample(&pb, 18, 900, 1, 0);
    put_mapping(&pb, 5, 8);
    put_tables(&pb);
    assert_true(pprof_looks_like(pb.bytes, pb.len));
    assert_true(pprof_looks_like(pb.bytes, pb.len / 2));
    assert_int_equal(load_bytes(pprof_load, &p, pb.bytes, pb.len, &why), THAG_OK);
    assert_int_equal(p->unit, PROFILE_NS);
    check_written(p, "main;[libx.so] 1000\nmain;_Zsystem;inl:ined 7000\n");
    assert_int_equal(p->calls[p->node_count - 1].calls, 2);
    profile_free(p);
    protobuf_release(&pb);
}

static void check_pprof_fault(const protobuf *pb, thag_err err)
{
    profile *p = NULL;
    fault why = {0};

    assert_int_equal(load_bytes(pprof_load, &p, pb->bytes, pb->len, &why), err);
    assert_null(p);
    assert_int_equal(why.err, err);
    assert_true(why.offset == UINT64_MAX || why.offset <= pb->len);
    assert_string_equal(why.path, "dir/test");
    assert_int_equal(load_bytes(pprof_load, &p, pb->bytes, pb->len, NULL), err);
}

/* One sample that is wrong in some way. */
static void pprof_faults(void **state)
{
    static const struct {
        uint64_t leaf;
        int64_t value;
        uint64_t unit; /* string 4: microseconds */
        thag_err err;
    } cases[] = {
        {18, -1, 4, THAG_ERR_FORMAT},
        {555, 1, 4, THAG_ERR_FORMAT},
        {0, 1, 4, THAG_ERR_FORMAT},
        {18, INT64_MAX, 4, THAG_ERR_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        protobuf pb = {0};

        put_type(&pb, 1, 2);
        put_type(&pb, 3, cases[i].unit);
        put_sample(&pb, cases[i].leaf, 900, cases[i].value, 1);
        put_tables(&pb);
        check_pprof_fault(&pb, cases[i].err);
        protobuf_release(&pb);
    }
}

static void pprof_cut_and_incomplete(void **state)
{
    protobuf pb = {0};

    (void)state;
    put_tables(&pb);
    check_pprof_fault(&pb, THAG_ERR_FORMAT); /* no sample type */
    put_type(&pb, 1, 2);
    check_pprof_fault(&pb, THAG_ERR_EMPTY);
    put_sample(&pb, 17, 900, 5, 1);
    check_pprof_fault(&pb, THAG_ERR_FORMAT); /* two values, one type */
    pb.len--;
    check_pprof_fault(&pb, THAG_ERR_FORMAT);
    protobuf_release(&pb);
}

/* A location of very many inlined frames, and very many samples of it. */
static void pprof_inlined_bomb(void **state)
{
    enum { LINES = 30000, SAMPLES = 30000 };
    protobuf pb = {0};
    size_t at;

    (void)state;
    put_type(&pb, 1, 2);
    at = protobuf_begin(&pb, 4);
    protobuf_uint(&pb, 1, 1);
    for (int i = 0; i < LINES; i++) {
        size_t line = protobuf_begin(&pb, 4);

        protobuf_uint(&pb, 1, 30);
        protobuf_end(&pb, line);
    }
    protobuf_end(&pb, at);
    put_tables(&pb);
    for (int i = 0; i < SAMPLES; i++) {
        at = protobuf_begin(&pb, 2);
        protobuf_uint(&pb, 1, 1);
        protobuf_uint(&pb, 2, 1);
        protobuf_end(&pb, at);
    }
    check_pprof_fault(&pb, THAG_ERR_TOO_LARGE);
    protobuf_release(&pb);
}

/* ---- the wire ---- */

static void protobuf_reader_bounds(void **state)
{
    static const unsigned char bad[][12] = {
        {0x0a, 0x05, 'a'},                                                        /* 5 bytes of 1 */
        {0x08},                                                                   /* no number */
        {0x08, 0x80},                                                             /* half of one */
        {0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, /* 11 bytes */
        {0x09, 1, 2, 3},                                                          /* fixed64 of 3 */
        {0x0b},                                                                   /* a group */
        {0x00, 1},                                                                /* field 0 */
        {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},       /* 2^64 bytes */
    };
    static const size_t lens[] = {3, 1, 2, 12, 4, 1, 2, 11};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        protobuf_in in = {bad[i], bad[i] + lens[i]};
        protobuf_field f;

        assert_int_equal(protobuf_next(&in, &f), -1);
    }
}

/* ---- kinds, by file ---- */

static const char *file_with(const void *bytes, size_t len)
{
    static char path[] = "/tmp/thag-import-XXXXXX";
    int fd;

    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return path;
}

static thag_err load_file(const void *bytes, size_t len, profile **p, fault *why)
{
    const char *path = file_with(bytes, len);
    thag_err err = profile_load(p, path, why);

    unlink(path);
    return err;
}

/* Texts that begin as other kinds do. */
static void folded_stays_folded(void **state)
{
    static const char *const texts[] = {"H:MM 10.5: x;y 5\n", "[unknown];f 1\n",
                                        "{lambda()#1};f 1\n", "a 1 1.5: cycles 7\n",
                                        "\n\nx;y 1\n",        "\tx;y 1\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        profile *p = NULL;
        fault why = {0};

        if (load_file(texts[i], strlen(texts[i]), &p, &why)) fail_msg("%s: %s", texts[i], why.what);
        assert_int_equal(p->unit, PROFILE_SAMPLES);
        profile_free(p);
    }
}

static void gzip_of_anything(void **state)
{
    /* printf 'a;b 5\n' | gzip -n, twice in a row. */
    static const unsigned char member[] = {0x1f, 0x8b, 8,    0,    0,    0,    0,    0, 0,
                                           3,    0x4b, 0xb4, 0x4e, 0x52, 0x30, 0xe5, 2, 0,
                                           0x0b, 0xa6, 0x1d, 0x4f, 6,    0,    0,    0};
    unsigned char both[2 * sizeof member];
    profile *p = NULL;
    fault why = {0};

    (void)state;
    memcpy(both, member, sizeof member);
    memcpy(both + sizeof member, member, sizeof member);
    if (load_file(both, sizeof both, &p, &why)) fail_msg("%s", why.what);
    check_written(p, "a;b 10\n");
    profile_free(p);
    p = NULL;
    assert_int_equal(load_file(both, sizeof both - 3, &p, &why), THAG_ERR_DAMAGED);
    both[12] ^= 0x55;
    assert_int_equal(load_file(both, sizeof both, &p, &why), THAG_ERR_DAMAGED);
    assert_null(p);
}

/* What we export as pprof comes back as it was. */
static void pprof_round_trip(void **state)
{
    static const char text[] = "main;a;b 5\nmain;a 7\nmain 0\nx;<unusual \"name\"> 12\n";
    byte_source src = {.path = "t", .head = text, .head_len = sizeof text - 1, .fd = -1};
    profile *p = NULL, *again = NULL;
    char *bytes = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&bytes, &len);

    (void)state;
    assert_int_equal(folded_load(&p, &src, NULL, NULL), THAG_OK);
    export_source from = {.profile = p, .program = "p"};
    assert_int_equal(pprof_write(to, &from, NULL), THAG_OK);
    fclose(to);
    assert_int_equal(load_file(bytes, len, &again, NULL), THAG_OK);
    check_written(again, "main;a 7\nmain;a;b 5\nx;<unusual \"name\"> 12\n");
    profile_free(p);
    profile_free(again);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perf_call_chains),
        cmocka_unit_test(perf_names_of_all_sorts),
        cmocka_unit_test(perf_without_call_chains),
        cmocka_unit_test(perf_faults),
        cmocka_unit_test(perf_deep_stack),
        cmocka_unit_test(reads_pprof_of_others),
        cmocka_unit_test(pprof_faults),
        cmocka_unit_test(pprof_cut_and_incomplete),
        cmocka_unit_test(pprof_inlined_bomb),
        cmocka_unit_test(protobuf_reader_bounds),
        cmocka_unit_test(folded_stays_folded),
        cmocka_unit_test(gzip_of_anything),
        cmocka_unit_test(pprof_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
