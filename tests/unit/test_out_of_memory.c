/*
 * Every allocation of a reader, a transformation or a writer fails once: the first, the second, and
 * so on until one run needs no more. Each failure must come back as THAG_ERR_MEMORY, with everything
 * given back (a sanitizer watches that). The linker puts the functions below before the real ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "output/export/export.h"
#include "output/export/folded_writer.h"
#include "output/picture/chart_writer.h"
#include "output/picture/svg_writer.h"
#include "output/viewer/viewer_writer.h"
#include "profile/load/profile_folded.h"
#include "profile/load/profile_perf.h"
#include "profile/load/profile_pprof.h"
#include "profile/load/profile_saved.h"
#include "profile/operation.h"
#include "profile/timeline/profile_slice.h"
#include "source/source.h"
#include "trace_builder.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);

static _Atomic long allocations_left = -1; /* -1: nothing fails */

static int fails(void)
{
    if (allocations_left < 0) return 0;
    return allocations_left-- == 0;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *block, size_t bytes)
{
    return fails() ? NULL : __real_realloc(block, bytes);
}

/* Distinct paths enough for both tables to grow, and a line longer than the first buffer. */
static char *input;
static profile *sample;
static FILE *nowhere;

static thag_err load_input(profile **p, fault *why)
{
    folded_source src = {.path = "a/b.folded", .head = input, .head_len = strlen(input), .fd = -1};

    return folded_load(p, &src, NULL, why);
}

static thag_err run_load(fault *why)
{
    profile *p = NULL;
    thag_err err = load_input(&p, why);

    assert_true((err == THAG_OK) == (p != NULL));
    profile_free(p);
    return err;
}

static thag_err run_merge(fault *why)
{
    profile *into = NULL;
    thag_err err = profile_new(&into, PROFILE_SAMPLES, 1);

    if (!err) err = profile_merge(into, sample);
    if (!err) assert_int_equal(into->node_count, sample->node_count);
    if (err) fault_set(why, err, 0, "");
    profile_free(into);
    return err;
}

static operation_kind tried;

static thag_err run_operation(fault *why)
{
    static const char text[] = "main;group_3;leaf 5\nmain;other;leaf 3\nmain;main 2\n";
    folded_source src = {.path = "x", .head = text, .head_len = sizeof text - 1, .fd = -1};
    operation_list list = {0};
    profile *p = NULL;
    thag_err err = folded_load(&p, &src, NULL, why);

    if (!err) {
        err = profile_add_memory(p, PROFILE_LIVE);
        if (err) fault_set(why, err, 0, "");
    }
    if (!err) err = operation_add(&list, tried, "group_3", why);
    if (!err) err = operation_apply(&list, &p, why);
    operation_list_release(&list);
    profile_free(p);
    return err;
}

static thag_err run_write(fault *why)
{
    return folded_write(nowhere, sample, NULL, why);
}

static thag_err run_draw(fault *why)
{
    return svg_write(nowhere, sample, NULL, why);
}

/* What reads a timeline. */
static trace_builder built;

static thag_err open_built(loaded *l, timeline **tl, fault *why)
{
    trace_source source;
    thag_err err = trace_source_bytes(&source, built.bytes, builder_size(&built));

    memset(l, 0, sizeof *l);
    *tl = NULL;
    if (err) return fault_set(why, err, 0, "");
    err = trace_open_source(&l->trace, &source, why);
    if (!err) err = profile_from_trace_nodes(&l->profile, l->trace, &l->info, &l->node_of, why);
    if (!err) err = timeline_new(tl, l, why);
    return err;
}

static thag_err run_chart(fault *why)
{
    loaded l;
    timeline *tl;
    thag_err err = open_built(&l, &tl, why);

    if (!err) err = chart_write(nowhere, tl, l.profile, &(chart_write_opts){0}, why);
    timeline_free(tl);
    loaded_close(&l);
    return err;
}

static thag_err run_view(fault *why)
{
    loaded l;
    timeline *tl;
    thag_err err = open_built(&l, &tl, why);
    operation_list ignore = {0};
    profile *part = NULL;
    viewer_opts opts = {.tl = tl, .recorded = l.profile, .max_spans = 3};
    task_turns *turns = NULL;

    if (!err) err = operation_add(&ignore, OPERATION_IGNORE, "work", why);
    if (!err) err = operation_result(&ignore, &part, l.profile, why);
    if (!err && (err = task_turns_new(&turns, tl)))
        fault_set(why, err, UINT64_MAX, "tasks along time");
    opts.turns = turns;
    if (!err) err = viewer_write(nowhere, part, &opts, why);
    task_turns_free(turns);
    profile_free(part);
    operation_list_release(&ignore);
    timeline_free(tl);
    loaded_close(&l);
    return err;
}

static thag_err run_compare(fault *why)
{
    static const char text[] = "main;a 5\nmain;b;c 6\n";
    folded_source src = {.path = "x", .head = text, .head_len = sizeof text - 1, .fd = -1};
    profile *p = NULL;
    thag_err err = folded_load(&p, &src, NULL, why);

    if (!err) err = viewer_write(nowhere, p, &(viewer_opts){.before = sample}, why);
    profile_free(p);
    return err;
}

static const export_format *format; /* that run_export() writes */

static thag_err run_export(fault *why)
{
    export_source from = {.profile = sample, .program = "sample"};

    return export_write(format, nowhere, &from, why);
}

static thag_err run_export_along_time(fault *why)
{
    loaded l;
    timeline *tl;
    thag_err err = open_built(&l, &tl, why);
    export_source from = {.profile = l.profile, .program = "built", .timeline = tl};

    if (!err) err = export_write(format, nowhere, &from, why);
    timeline_free(tl);
    loaded_close(&l);
    return err;
}

static thag_err run_perf(fault *why)
{
    static const char text[] = "a 1 1.5: 1 cycles:\n\t1 f+0x1 (/x)\n\t2 [unknown] (/y)\n\n"
                               "b 2 1.6: 1 faults:\n\t1 g (/x)\n";
    byte_source src = {.path = "x", .head = text, .head_len = sizeof text - 1, .fd = -1};
    profile *p = NULL;
    thag_err err = perf_load(&p, &src, why);

    profile_free(p);
    return err;
}

static thag_err run_slice(fault *why)
{
    loaded l;
    timeline *tl;
    profile *part = NULL;
    thag_err err = open_built(&l, &tl, why);

    timeline_free(tl);
    if (!err) err = profile_slice(&part, &l, &(slice_opts){.by_thread = 1}, NULL, why);
    profile_free(part);
    loaded_close(&l);
    return err;
}

/* Packed. */
typedef struct packed_file {
    char *bytes;
    size_t len;
} packed_file;

static packed_file pprof_file, saved_file;

static thag_err run_pprof(fault *why)
{
    byte_source packed = {.head = pprof_file.bytes, .head_len = pprof_file.len, .fd = -1}, plain;
    profile *p = NULL;
    thag_err err = byte_source_inflate(&plain, &packed, why);

    if (!err) err = pprof_load(&p, &plain, why);
    byte_source_release(&plain);
    profile_free(p);
    return err;
}

static thag_err run_saved(fault *why)
{
    byte_source packed = {.head = saved_file.bytes, .head_len = saved_file.len, .fd = -1}, plain;
    profile *p = NULL;
    run_facts runs;
    thag_err err = byte_source_inflate(&plain, &packed, why);

    if (!err) err = saved_load(&p, &runs, &plain, why);
    byte_source_release(&plain);
    profile_free(p);
    return err;
}

/* With more of everything than there is room for at first: scopes, arms, functions, names, tokens. */
static char *code;
static size_t code_len;

static thag_err run_source(fault *why)
{
    source_opts opts = {.language = SOURCE_CXX};
    source_buffer made = {0}, bare = {0};
    thag_err err = source_instrument(&made, code, code_len, &opts, NULL);

    if (!err) err = source_remove(&bare, made.text, made.len, &opts, NULL);
    if (!err) assert_true(bare.len == code_len && memcmp(bare.text, code, code_len) == 0);
    if (err) assert_null(bare.text);
    if (err) fault_set(why, err, 0, "");
    source_buffer_release(&made);
    source_buffer_release(&bare);
    return err;
}

static void check(thag_err (*run)(fault *why))
{
    long failed = 0;

    for (;; failed++) {
        fault why = {0};
        thag_err err;
        allocations_left = failed;
        err = run(&why);
        if (allocations_left >= 0) {
            allocations_left = -1;
            assert_int_equal(err, THAG_OK);
            break;
        }
        assert_int_equal(err, THAG_ERR_MEMORY);
        assert_int_equal(why.err, THAG_ERR_MEMORY);
    }
    assert_true(failed > 2);
}

static void loading(void **state)
{
    (void)state;
    check(run_load);
}

static void merging(void **state)
{
    (void)state;
    check(run_merge);
}

static void transforming(void **state)
{
    (void)state;
    for (tried = 0; tried < OPERATION_COUNT; tried++) check(run_operation);
}

static void writing(void **state)
{
    (void)state;
    check(run_write);
}

static void drawing(void **state)
{
    (void)state;
    check(run_draw);
}

static void viewing(void **state)
{
    (void)state;
    builder_sample(&built);
    check(run_chart);
    check(run_view);
    check(run_slice);
    builder_free(&built);
    check(run_compare);
}

static void exporting(void **state)
{
    (void)state;
    builder_sample(&built);
    for (size_t i = 0; (format = export_format_at(i)) != NULL; i++) {
        check(format->needs_timeline ? run_export_along_time : run_export);
    }
    builder_free(&built);
}

static packed_file written_as(const char *name, const profile *p)
{
    export_source from = {.program = "x", .profile = p};
    packed_file file = {0};
    FILE *to = open_memstream(&file.bytes, &file.len);

    assert_int_equal(export_write(export_format_named(name), to, &from, NULL), THAG_OK);
    fclose(to);
    return file;
}

static void importing(void **state)
{
    static const char text[] = "main;a 5\nmain;b;c 6\n";
    folded_source src = {.path = "x", .head = text, .head_len = sizeof text - 1, .fd = -1};
    profile *p = NULL;

    (void)state;
    assert_int_equal(folded_load(&p, &src, NULL, NULL), THAG_OK);
    pprof_file = written_as("pprof", p);
    saved_file = written_as("thag", p);
    check(run_perf);
    check(run_pprof);
    check(run_saved);
    profile_free(p);
    free(pprof_file.bytes);
    free(saved_file.bytes);
}

static void instrumenting(void **state)
{
    FILE *to = open_memstream(&code, &code_len);

    (void)state;
    for (int i = 0; i < 200; i++) fprintf(to, "namespace n%d {\n#if A%d\n", i, i);
    fputs("int a = f(", to);
    for (int i = 0; i < 3000; i++) fputs("x, ", to);
    fputs("y);\n", to);
    for (int i = 0; i < 200; i++) fprintf(to, "#endif\nint f%d() { return %d; }\n", i, i);
    for (int i = 0; i < 200; i++) fputs("}\n", to);
    fclose(to);
    check(run_source);
    free(code);
}

static int make_sample(void **state)
{
    size_t len;
    FILE *to = open_memstream(&input, &len);

    (void)state;
    for (int i = 0; i < 3000; i++) fprintf(to, "main;group_%d;leaf_%d 5\n", i % 7, i);
    fprintf(to, "main");
    for (int i = 0; i < 150000; i++) fputs(";x", to);
    fprintf(to, " 1\n");
    fclose(to);
    nowhere = fopen("/dev/null", "w");
    return nowhere && load_input(&sample, NULL) == THAG_OK ? 0 : -1;
}

static int drop_sample(void **state)
{
    (void)state;
    profile_free(sample);
    free(input);
    return fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading),   cmocka_unit_test(merging), cmocka_unit_test(transforming),
        cmocka_unit_test(writing),   cmocka_unit_test(drawing), cmocka_unit_test(exporting),
        cmocka_unit_test(importing), cmocka_unit_test(viewing), cmocka_unit_test(instrumenting),
    };
    return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
