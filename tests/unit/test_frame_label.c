/* Short forms of names, and labels that tell frames apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "profile/frame_label.h"
#include "profile/name_short.h"

/* In exactly the room that is promised, which the sanitizers watch. */
static char *shortened(const char *name)
{
    size_t len = strlen(name), used;
    char *in = malloc(len ? len : 1), *out = malloc(len ? len : 1), *text;
    name_parts parts;

    memcpy(in, name, len);
    used = name_shorten(out, in, len, &parts);
    assert_true(used <= len);
    assert_true(parts.path <= len && parts.clause <= len);
    text = strndup(out, used);
    free(in);
    free(out);
    return text;
}

static void check(const char *name, const char *expected)
{
    char *text = shortened(name);

    assert_string_equal(text, expected);
    free(text);
}

static void stays(const char *name)
{
    check(name, name);
}

/* ---- short forms ---- */

static void names_of_gcc(void **state)
{
    (void)state;
    check("int f(int)", "f");
    check("std::map<K, std::vector<V> > geo::group(const std::vector<V>&, std::function<K(const "
          "V&)>) "
          "[with K = std::__cxx11::basic_string<char>; V = int]",
          "geo::group");
    check("geo::Matrix<T, N>& geo::Matrix<T, N>::operator*=(const geo::Matrix<U, N>&) "
          "[with U = float; T = double; int N = 3]",
          "geo::Matrix::operator*=");
    check("geo::Matrix<T, N>::operator bool() const [with T = double; int N = 3]",
          "geo::Matrix::operator bool");
    check("geo::Matrix<T, N>::~Matrix() [with T = float; int N = 3]", "geo::Matrix::~Matrix");
    check("T geo::Matrix<T, N>::operator()(int) const [with T = double]",
          "geo::Matrix::operator()");
    check("main(int, char**)::<lambda(const int&)>", "main::<lambda>");
    check("make()::<lambda(auto:1)> [with auto:1 = int; decltype (x) = int]", "make::<lambda>");
    check("void* operator new [](size_t, int)", "operator new []");
    check("long long int operator\"\"_km(long long unsigned int)", "operator\"\"_km");
    check("int {anonymous}::Local::run(int)", "Local::run");
    check("static void (* {anonymous}::Local::pick(int))(int)", "Local::pick");
    check("std::size_t std::hash<{anonymous}::Local>::operator()(const {anonymous}::Local&) const",
          "std::hash::operator()");
    check("std::string f[abi:cxx11](int)", "f");
    check("virtual void A::B::f(int) &&", "A::B::f");
    check("std::ostream& operator<<(std::ostream&, const X&)", "operator<<");
    check("bool operator<(const X&, const X&)", "operator<");
    check("decltype(auto) f(int)", "f");
    check("A* A::operator->()", "A::operator->");
    check("void f(void (*)(int), int (&)[3])", "f");
}

static void names_of_clang(void **state)
{
    (void)state;
    check("std::map<K, std::vector<V>> geo::group(const std::vector<V> &, std::function<K (const V "
          "&)>) "
          "[K = std::basic_string<char>, V = int]",
          "geo::group");
    check("auto main(int, char **)::(anonymous class)::operator()(const int &) const",
          "main::<lambda>");
    check("auto f()::(lambda at a.cpp:3:4)::operator()(int) const", "f::<lambda>");
    check("Matrix<T, N> &geo::Matrix<double, 3>::operator*=(const Matrix<U, N> &) [T = double, U = "
          "float]",
          "geo::Matrix::operator*=");
    check("static void (*(anonymous namespace)::Local::pick(int))(int)", "Local::pick");
    check("void *operator new[](size_t, int)", "operator new[]");
    check("std::size_t std::hash<(anonymous namespace)::Local>::operator()(const int &) const",
          "std::hash::operator()");
}

static void names_of_demanglers(void **state)
{
    (void)state;
    check("std::vector<int, std::allocator<int> >::push_back", "std::vector::push_back");
    check("operator< <int>", "operator<");
    check("operator<< <char, std::char_traits<char> >", "operator<<");
    check("main::{lambda(int const&)#1}::operator()", "main::<lambda#1>");
    check("f<(A)1, (a>b)>(int)", "f<(A)1, (a>b)>(int)"); /* nobody can tell */
    check("void f<bool (*)(int)>(int) [clone .isra.0]", "f");
    check("std::__cxx11::basic_string<char>::basic_string(char const*)",
          "std::basic_string::basic_string");
    check("A<&(B::operator<)>::f()", "A::f");
    check("core::ptr::drop_in_place<alloc::string::String>", "core::ptr::drop_in_place");
}

static void what_the_profiler_adds_stays(void **state)
{
    (void)state;
    check("ns::X<int>::f (file.cpp:12)", "ns::X::f (file.cpp:12)");
    check("int ns::f(int)#12", "ns::f#12");
    check("int ns::f(int) (others: 12)", "ns::f (others: 12)");
    stays("step#12");
    stays("12)");
    stays("#1");
    check("async::task<int> net::Client::get(std::string)", "async::net::Client::get");
    stays("async::fetch");
}

/* What is no C++ signature is nobody's to shorten. */
static void other_names_stay(void **state)
{
    static const char *const names[] = {"",
                                        "main",
                                        "parse input",
                                        "load (cold)",
                                        "read [a]",
                                        "a < b",
                                        "thread-1 x(y)",
                                        "main.(*Server).Serve",
                                        "main.f[go.shape.int]",
                                        "<alloc::vec::Vec<T> as core::iter::Extend<T>>::extend",
                                        "foo (app.js:12:3)",
                                        "(garbage collector)",
                                        "[unknown]",
                                        "-[NSString length]",
                                        "Lcom/foo/Bar;::run",
                                        "operator",
                                        "memcpy@plt",
                                        "foo.part.0",
                                        "::",
                                        "()",
                                        "f()()",
                                        "a::",
                                        "a::()",
                                        "work (main.c:7)"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) stays(names[i]);
}

/* Names are cut off at 4095 bytes: what comes behind the path may be missing. */
static void names_that_are_cut_off(void **state)
{
    (void)state;
    check("int a::f(const std::vector<in", "a::f");
    check("int a::f() [with T = std::ve", "a::f");
    stays("std::map<int, std::ve");
    stays("int a::");
}

/* Any bytes at all: no more is written than came in, and nothing is read beyond. */
static void any_bytes(void **state)
{
    static const char pieces[][24] = {
        "<",   ">",        "(",        ")",        "[",
        "]",   "{",        "}",        "::",       " ",
        "*",   "&",        "operator", "f",        "#",
        ":9)", "\x80\xFF", "<lambda(", "{lambda(", "(anonymous class)",
        "~",   "[abi:",    "async::",  "#3",       " (others: 4)",
        " (",  "const",    "\"",       "->"};
    char name[400];
    uint32_t seed = 1;

    (void)state;
    for (int run = 0; run < 20000; run++) {
        size_t count = (seed >> 8) % 14;

        *name = 0;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            strcat(name, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        seed = seed * 1103515245 + 12345;
        free(shortened(name));
    }
}

/* ---- labels ---- */

static const char *label_of(const char *const *names, size_t count, size_t wanted)
{
    static char label[400];
    profile *p = NULL;
    uint32_t frame;

    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(profile_intern(p, names[i], strlen(names[i]), NULL, 0, &frame), THAG_OK);
    assert_int_equal(profile_label_frames(p), THAG_OK);
    snprintf(label, sizeof label, "%s", p->frames[wanted].label);
    assert_string_equal(p->frames[wanted].name, names[wanted]);
    profile_free(p);
    return label;
}

static void labels_tell_frames_apart(void **state)
{
    static const char *const names[] = {
        "int f(int)",                                               /* 0: overloads */
        "int f(double)",                                            /* 1 */
        "void std::vector<T>::push_back(const T&) [with T = int]",  /* 2: of one template */
        "void std::vector<T>::push_back(const T&) [with T = char]", /* 3 */
        "int only(int)",                                            /* 4 */
        "run",                                                      /* 5: of C, and of C++ */
        "int run(int)",                                             /* 6 */
        "char same(int)",                                           /* 7: but for the return type */
        "int same(int)",                                            /* 8 */
    };
    static const char *const labels[] = {"f(int)",
                                         "f(double)",
                                         "std::vector::push_back [with T = int]",
                                         "std::vector::push_back [with T = char]",
                                         "only",
                                         "run",
                                         "run(int)",
                                         "char same(int)",
                                         "int same(int)"};
    size_t count = sizeof names / sizeof *names;

    (void)state;
    for (size_t i = 0; i < count; i++) assert_string_equal(label_of(names, count, i), labels[i]);
}

/* The same function from two files is one to people, too. */
static void files_do_not_matter(void **state)
{
    profile *p = NULL;
    uint32_t a, b;

    (void)state;
    assert_int_equal(profile_new(&p, PROFILE_NS, 0), THAG_OK);
    assert_int_equal(profile_intern(p, "int f(int)", 10, "a.cpp", 1, &a), THAG_OK);
    assert_int_equal(profile_intern(p, "int f(int)", 10, "b.cpp", 1, &b), THAG_OK);
    assert_int_equal(profile_label_frames(p), THAG_OK);
    assert_int_not_equal(a, b);
    assert_string_equal(p->frames[a].label, "f");
    assert_string_equal(p->frames[b].label, "f");
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_gcc),        cmocka_unit_test(names_of_clang),
        cmocka_unit_test(names_of_demanglers), cmocka_unit_test(what_the_profiler_adds_stays),
        cmocka_unit_test(other_names_stay),    cmocka_unit_test(names_that_are_cut_off),
        cmocka_unit_test(any_bytes),           cmocka_unit_test(labels_tell_frames_apart),
        cmocka_unit_test(files_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
