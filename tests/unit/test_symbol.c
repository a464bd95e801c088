#include "cmocka_all.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/symbol.h"

/*
 * The fixtures are libraries with functions that return an address within themselves, through inlined
 * calls, and constants with the lines of these calls. Their files are then taken apart.
 */

static char folder[256];

/* ---- helpers ---- */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0) fail_msg("failed: %s", command);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", "/tmp/test_symbol.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    run("rm -rf '%s'", folder);
    return 0;
}

/* A path in the folder. Four at a time. */
static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

typedef void *(*address_of)(int);

/* A library of this process: where one of its functions leads, and what its constants say. */
typedef struct library {
    void *handle;
    uint64_t bias;
} library;

static library load(const char *path)
{
    library l = {.handle = dlopen(path, RTLD_NOW)};
    Dl_info info;
    void *any;

    if (!l.handle) fail_msg("%s", dlerror());
    any = dlsym(l.handle, strstr(path, "cxx") ? "fixture_cxx" : "fixture_outer");
    assert_non_null(any);
    assert_true(dladdr(any, &info));
    l.bias = (uint64_t)(uintptr_t)info.dli_fbase;
    return l;
}

static uint64_t address_in(const library *l, const char *function)
{
    address_of call;
    void *at = dlsym(l->handle, function);

    assert_non_null(at);
    memcpy(&call, &at, sizeof call);
    return (uint64_t)(uintptr_t)call(1) - 1;
}

static int line_in(const library *l, const char *name)
{
    const int *line = dlsym(l->handle, name);

    assert_non_null(line);
    return *line;
}

/* A symbolizer with one module. */
typedef struct one {
    symbolizer *s;
    uint32_t id;
    const symbol_frame *frames;
    size_t count;
} one;

static one open_one(const char *path, uint64_t bias, const uint8_t *id, size_t id_len)
{
    one o = {0};
    const char *folders[] = {in_folder("debug")};
    symbol_module m = {.path = path, .bias = bias, .build_id = id, .build_id_len = id_len};

    assert_int_equal(symbolizer_new(&o.s, folders, 1), THAG_OK);
    assert_int_equal(symbolizer_add(o.s, &m, &o.id), THAG_OK);
    assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_NOT_ASKED);
    return o;
}

static void ask(one *o, uint64_t address)
{
    assert_int_equal(symbolizer_resolve(o->s, o->id, address, &o->frames, &o->count), THAG_OK);
    assert_true(o->count >= 1);
    for (size_t i = 0; i < o->count; i++) assert_non_null(o->frames[i].function);
}

static void assert_frame(const one *o, size_t i, const char *function, const char *file, int line)
{
    assert_true(i < o->count);
    assert_string_equal(o->frames[i].function, function);
    assert_non_null(o->frames[i].file);
    assert_non_null(strstr(o->frames[i].file, file));
    assert_int_equal(o->frames[i].line, line);
}

/* What the code of fixture_inline.c looks like when all is known. */
static void assert_inlined_calls(one *o, const library *l)
{
    ask(o, address_in(l, "fixture_outer"));
    assert_int_equal(symbolizer_status(o->s, o->id), SYMBOL_LINES);
    assert_null(symbolizer_problem(o->s, o->id));
    if (o->count != 3) fail_msg("%zu frames, the first is %s", o->count, o->frames[0].function);
    assert_frame(o, 0, "inner", "fixture_inline.c", line_in(l, "fixture_inner_line"));
    assert_frame(o, 1, "middle", "fixture_inline.c", line_in(l, "fixture_middle_line"));
    assert_frame(o, 2, "fixture_outer", "fixture_inline.c", line_in(l, "fixture_outer_line"));
    assert_true(o->frames[0].is_inlined && o->frames[1].is_inlined && !o->frames[2].is_inlined);
}

/* ---- tests ---- */

static void test_inlined_and_second_unit(void **state)
{
    static const char *const libraries[] = {FIXTURE_C, FIXTURE_C_DWARF4, FIXTURE_C_CLANG};
    (void)state;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (!*libraries[i]) continue; /* no such compiler here */
        library l = load(libraries[i]);
        one o = open_one(libraries[i], l.bias, NULL, 0);

        assert_inlined_calls(&o, &l);
        ask(&o, address_in(&l, "fixture_other"));
        assert_int_equal(o.count, 1);
        assert_frame(&o, 0, "inner", "fixture_other.c", line_in(&l, "fixture_other_line"));
        symbolizer_free(o.s);
    }
}

static void test_cxx_names(void **state)
{
    (void)state;
    library l = load(FIXTURE_CXX);
    one o = open_one(FIXTURE_CXX, l.bias, NULL, 0);

    ask(&o, address_in(&l, "fixture_cxx"));
    assert_non_null(strstr(o.frames[0].function, "shop::cart<std::"));
    assert_non_null(strstr(o.frames[0].function, ">::add"));
    assert_null(strchr(o.frames[0].function, '(')); /* no parameters */
    assert_int_equal(o.frames[0].line, line_in(&l, "fixture_cxx_line"));
    symbolizer_free(o.s);
}

static void test_same_answer_again(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    one o = open_one(FIXTURE_C, l.bias, NULL, 0);
    uint64_t address = address_in(&l, "fixture_outer");

    ask(&o, address);
    const symbol_frame *first = o.frames;
    for (uint64_t a = 0; a < 3000; a++) ask(&o, l.bias + a * 7); /* the table grows */
    ask(&o, address);
    assert_ptr_equal(first, o.frames);
    symbolizer_free(o.s);
}

static void test_debug_file_by_link(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    const char *bare = in_folder("bare.so");
    run("cd %s && objcopy --only-keep-debug %s bare.dbg && "
        "objcopy --strip-all --add-gnu-debuglink=bare.dbg %s bare.so",
        folder, FIXTURE_C, FIXTURE_C);
    one o = open_one(bare, l.bias, NULL, 0);
    assert_inlined_calls(&o, &l);
    symbolizer_free(o.s);

    /* A debug file of another build has another checksum. */
    run("printf x >>%s", in_folder("bare.dbg"));
    o = open_one(bare, l.bias, NULL, 0);
    ask(&o, address_in(&l, "fixture_outer"));
    assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_NAMES);
    assert_string_equal(o.frames[0].function, "fixture_outer"); /* from .dynsym */
    assert_null(o.frames[0].file);
    assert_non_null(symbolizer_problem(o.s, o.id));
    symbolizer_free(o.s);
}

/* The build-id that CMake gave the fixture. */
static const uint8_t fixture_id[] = {0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89};

static void test_debug_file_by_build_id(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    run("cd %s && mkdir -p debug/.build-id/ab && "
        "objcopy --only-keep-debug %s debug/.build-id/ab/cdef0123456789.debug && "
        "objcopy --strip-all %s naked.so",
        folder, FIXTURE_C, FIXTURE_C);
    one o = open_one(in_folder("naked.so"), l.bias, fixture_id, sizeof fixture_id);
    assert_inlined_calls(&o, &l);
    symbolizer_free(o.s);

    /* The debug file alone is enough when the module itself is gone. */
    o = open_one("/nowhere/naked.so", l.bias, fixture_id, sizeof fixture_id);
    assert_inlined_calls(&o, &l);
    symbolizer_free(o.s);
    run("rm -r %s", in_folder("debug"));
}

static void test_module_that_moved(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    run("mkdir -p %s && cp %s %s", in_folder("debug"), FIXTURE_C, in_folder("debug/moved.so"));
    one o = open_one("/was/here/moved.so", l.bias, fixture_id, sizeof fixture_id);
    assert_inlined_calls(&o, &l);
    symbolizer_free(o.s);
    run("rm -r %s", in_folder("debug"));
}

static void test_missing_changed_damaged(void **state)
{
    static const uint8_t other_id[] = {1, 2, 3, 4, 5, 6, 7, 8};
    (void)state;
    one o = open_one("/no/such/libx.so", 0x1000, NULL, 0);
    ask(&o, 0x1234);
    assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_MISSING);
    assert_string_equal(o.frames[0].function, "libx.so+0x234");
    assert_true(o.frames[0].is_unknown);
    assert_string_equal(symbolizer_problem(o.s, o.id), "No such file or directory");
    symbolizer_free(o.s);

    o = open_one(FIXTURE_C, 0, other_id, sizeof other_id);
    ask(&o, 0x1234);
    assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_CHANGED);
    assert_true(o.frames[0].is_unknown);
    assert_non_null(strstr(symbolizer_problem(o.s, o.id), "abcdef0123456789"));
    assert_non_null(strstr(symbolizer_problem(o.s, o.id), "0102030405060708"));
    symbolizer_free(o.s);

    run("echo text >%s", in_folder("text"));
    o = open_one(in_folder("text"), 0, NULL, 0);
    ask(&o, 0x1234);
    assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_DAMAGED);
    symbolizer_free(o.s);

    /* What waits for ever when it is opened, and what is no file at all. */
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    const char *paths[] = {in_folder("pipe"), "/dev/zero", folder, ""};
    for (size_t i = 0; i < 4; i++) {
        o = open_one(paths[i], 0, NULL, 0);
        ask(&o, 0x1234);
        assert_int_equal(symbolizer_status(o.s, o.id), SYMBOL_MISSING);
        symbolizer_free(o.s);
    }
}

static void test_stripped(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    run("cd %s && objcopy --strip-all %s bare2.so", folder, FIXTURE_C);
    one o = open_one(in_folder("bare2.so"), l.bias, NULL, 0);

    ask(&o, address_in(&l, "fixture_other")); /* in a static function: .dynsym has no name */
    assert_int_equal(o.count, 1);
    assert_null(o.frames[0].file);
    symbolizer_free(o.s);
}

/* Whatever is flipped in a file, answers come, or none; the library is told to stay within bounds. */
static void test_flipped_bytes(void **state)
{
    (void)state;
    library l = load(FIXTURE_C);
    uint64_t address = address_in(&l, "fixture_outer");
    const char *path = in_folder("flipped.so");
    static unsigned char bytes[1 << 20];
    FILE *f = fopen(FIXTURE_C, "rb");
    size_t len = fread(bytes, 1, sizeof bytes, f);
    uint32_t seed = 12345;

    fclose(f);
    assert_in_range(len, 1000, sizeof bytes - 1);
    for (int round = 0; round < FLIP_ROUNDS; round++) {
        unsigned char was[8];
        size_t at[8];

        for (int i = 0; i < 8; i++) {
            seed = seed * 1664525u + 1013904223u;
            at[i] = (seed >> 3) % len;
            was[i] = bytes[at[i]];
            bytes[at[i]] = (unsigned char)(round % 3 ? seed >> 24 : was[i] ^ 1u << (seed >> 29));
        }
        f = fopen(path, "wb");
        fwrite(bytes, 1, len, f);
        fclose(f);
        for (int i = 7; i >= 0; i--) bytes[at[i]] = was[i];
        one o = open_one(path, l.bias, NULL, 0);
        ask(&o, address);
        for (uint64_t a = 0; a < 0x2000; a += 0x81) ask(&o, l.bias + a);
        symbolizer_free(o.s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inlined_and_second_unit), cmocka_unit_test(test_cxx_names),
        cmocka_unit_test(test_same_answer_again),       cmocka_unit_test(test_debug_file_by_link),
        cmocka_unit_test(test_debug_file_by_build_id),  cmocka_unit_test(test_module_that_moved),
        cmocka_unit_test(test_missing_changed_damaged), cmocka_unit_test(test_stripped),
        cmocka_unit_test(test_flipped_bytes),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
