/* Profiles in files of our own: what is written is read again, sums are exact, damage is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "output/export/export.h"
#include "profile/load/profile_saved.h"

static uint32_t path(profile *p, uint32_t parent, const char *name)
{
    uint32_t frame, node;

    assert_int_equal(profile_intern(p, name, strlen(name), "a.c", 7, &frame), THAG_OK);
    assert_int_equal(profile_child(p, parent, frame, &node), THAG_OK);
    return node;
}

static void set_calls(profile_calls *c, uint64_t factor)
{
    static const uint64_t counts[] = {3, 0, 4};

    *c = (profile_calls){
        .calls = 7 * factor, .open = factor, .timed = 7 * factor, .min_ns = 0, .max_ns = 35};
    c->hist = (profile_hist){.first = 30, .len = 3, .counts = malloc(sizeof counts)};
    assert_non_null(c->hist.counts);
    for (int i = 0; i < 3; i++) c->hist.counts[i] = counts[i] * factor;
}

/* main > work, all columns set; each count is so many times what it is for 1. */
static profile *sample(uint64_t factor)
{
    profile *p;
    uint32_t work;

    assert_int_equal(profile_new(&p, PROFILE_NS, 1), THAG_OK);
    assert_int_equal(profile_add_memory(p, PROFILE_LIVE), THAG_OK);
    p->title = strdup("prog");
    p->sample_period = 16;
    p->probe_inside_ns = 8.25;
    work = path(p, path(p, PROFILE_ROOT, "main"), "work \xFF;");
    p->self[work] = (int64_t)(1000 * factor);
    set_calls(&p->calls[work], factor);
    for (size_t i = 0; i < sizeof(profile_memory) / sizeof(uint64_t); i++) {
        ((uint64_t *)&p->memory[work])[i] = (i + 1) * factor;
    }
    return p;
}

static const run_facts runs_of_sample = {
    .losses = {[TRACE_LOST_MEMORY] = 5},
    .file_count = 2,
    .killed_count = 1,
    .start_real_ns = 10,
    .end_real_ns = 20,
    .memory = {.mode = TRACE_HEAP_LIVE, .sizes = {[9] = {3, 900}}}};

/* Unpacked, as saved_load() takes it. */
static char *written(const profile *p, size_t *len)
{
    const export_source from = {.profile = p, .program = p->title, .runs = &runs_of_sample};
    byte_source packed = {.fd = -1}, plain;
    char *bytes = NULL;
    unsigned char *all = NULL;
    FILE *to = open_memstream(&bytes, len);

    assert_non_null(to);
    assert_int_equal(saved_write(to, &from, NULL), THAG_OK);
    fclose(to);
    packed.head = bytes;
    packed.head_len = *len;
    assert_int_equal(byte_source_inflate(&plain, &packed, NULL), THAG_OK);
    assert_int_equal(byte_source_all(&plain, SAVED_BYTES_MAX, &all, len, NULL), THAG_OK);
    byte_source_release(&plain);
    free(bytes);
    return (char *)all;
}

static thag_err load(profile **p, run_facts *runs, const char *bytes, size_t len, fault *f)
{
    byte_source src = {.head = bytes, .head_len = len, .fd = -1};

    *p = NULL;
    return saved_load(p, runs, &src, f);
}

static void require_same(const profile *a, const profile *b)
{
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->memory_mode, b->memory_mode);
    assert_int_equal(a->sample_period, b->sample_period);
    assert_true(a->probe_inside_ns == b->probe_inside_ns);
    assert_string_equal(a->title, b->title);
    assert_memory_equal(a->parent, b->parent, a->node_count * sizeof *a->parent);
    assert_memory_equal(a->self, b->self, a->node_count * sizeof *a->self);
    assert_memory_equal(a->memory, b->memory, a->node_count * sizeof *a->memory);
    for (uint32_t n = 1; n < a->node_count; n++) {
        const profile_calls *c = &a->calls[n], *d = &b->calls[n];

        assert_string_equal(a->frames[a->frame[n]].name, b->frames[b->frame[n]].name);
        assert_string_equal(a->frames[a->frame[n]].file, b->frames[b->frame[n]].file);
        assert_memory_equal(c, d, offsetof(profile_calls, hist));
        assert_int_equal(c->hist.len, d->hist.len);
        if (!c->hist.len) continue;
        assert_int_equal(c->hist.first, d->hist.first);
        assert_memory_equal(c->hist.counts, d->hist.counts, c->hist.len * sizeof *c->hist.counts);
    }
}

static void all_columns_are_read_again(void **state)
{
    profile *p = sample(1), *again;
    run_facts runs;
    size_t len;
    char *bytes = written(p, &len);
    (void)state;

    assert_int_equal(load(&again, &runs, bytes, len, NULL), THAG_OK);
    require_same(p, again);
    runs.program = NULL;
    assert_memory_equal(&runs, &runs_of_sample, sizeof runs);
    profile_free(again);
    profile_free(p);
    free(bytes);
}

/* Of several, trees and histograms add: what one twice has is what two have once. */
static void merged_with_itself_all_doubles(void **state)
{
    profile *twice = sample(1), *one = sample(1), *two = sample(2), *again;
    run_facts runs;
    size_t len;
    char *bytes;
    (void)state;

    assert_int_equal(profile_merge(twice, one), THAG_OK);
    require_same(twice, two);
    bytes = written(twice, &len);
    assert_int_equal(load(&again, &runs, bytes, len, NULL), THAG_OK);
    require_same(again, two);
    profile_free(twice);
    profile_free(one);
    profile_free(two);
    profile_free(again);
    free(bytes);
}

/* Wherever it is cut: refused with a place, or whole parts of it. */
static void cut_anywhere_it_does_no_harm(void **state)
{
    profile *p = sample(1), *again;
    run_facts runs;
    size_t len;
    char *bytes = written(p, &len);
    (void)state;

    for (size_t cut = 0; cut < len; cut++) {
        fault f = {0};

        if (load(&again, &runs, bytes, cut, &f)) {
            assert_true(f.err == THAG_ERR_FORMAT && f.what[0] && f.offset <= cut);
        }
        profile_free(again);
    }
    profile_free(p);
    free(bytes);
}

static void require_refused(const char *bytes, size_t len, thag_err err, const char *what)
{
    profile *p;
    run_facts runs;
    fault f = {0};

    assert_int_equal(load(&p, &runs, bytes, len, &f), err);
    assert_string_equal(f.what, what);
    assert_null(p);
}

#define REFUSED(bytes, err, what) \
    require_refused(SAVED_MAGIC bytes, sizeof SAVED_MAGIC bytes - 1, err, what)

/* Head with calls, one frame "a"; a node each: its number, a length, and its fields. */
#define HEAD "\x12\x02\x18\x01"
#define FRAME \
    "\x22\x03\x0A\x01" \
    "a"
#define ROOT "\x2A\x00"

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    REFUSED("", THAG_ERR_FORMAT, "expected more of a saved profile");
    REFUSED(FRAME, THAG_ERR_FORMAT, "expected the head first");
    REFUSED(HEAD HEAD, THAG_ERR_FORMAT, "expected one head");
    REFUSED("\x12\x02\x10\x09", THAG_ERR_FORMAT, "expected unit, mode and period of a profile");
    REFUSED("\x10\x01", THAG_ERR_FORMAT, "expected a message");
    REFUSED(HEAD "\x22\x04\x0A\x02"
                 "a\0",
            THAG_ERR_FORMAT, "expected no NUL in a name");
    REFUSED(HEAD FRAME ROOT "\x2A\x02\x08\x05", THAG_ERR_FORMAT,
            "expected parent and frame of a node");
    REFUSED(HEAD FRAME ROOT "\x2A\x00\x2A\x00", THAG_ERR_FORMAT, "expected each call path once");
    REFUSED(HEAD FRAME ROOT "\x2A\x0B\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
            THAG_ERR_TOO_LARGE, "the sum over all call paths");
    REFUSED(HEAD FRAME ROOT "\x2A\x05\x22\x03\x08\x01\x18\x02", THAG_ERR_FORMAT,
            "expected a field of protobuf");
    REFUSED(HEAD FRAME ROOT "\x2A\x06\x22\x04\x08\x01\x18\x02", THAG_ERR_FORMAT,
            "expected durations of calls");
    REFUSED(HEAD FRAME ROOT "\x2A\x08\x22\x06\x30\xFF\x7F\x3A\x01\x01", THAG_ERR_FORMAT,
            "expected buckets of durations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_columns_are_read_again),
                                       cmocka_unit_test(merged_with_itself_all_doubles),
                                       cmocka_unit_test(cut_anywhere_it_does_no_harm),
                                       cmocka_unit_test(what_cannot_be_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
