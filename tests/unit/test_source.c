/*
 * The finder of functions, case by case. In a case @ stands where the macro is to be put: the text
 * without the @s is scanned, and must come back with all of them, and no others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "source/source.h"

#define PUT      " THAG_PROFILED();" SOURCE_MARK
#define PUT_MAIN " THAG_ENABLE_PROFILING(yes);" SOURCE_MARK
#define INCLUDE  "#include \"thag_profiler.h\"" SOURCE_MARK

static const source_opts plain_c = {.header = ""};
static const source_opts plain_cxx = {.language = SOURCE_CXX, .header = ""};
static const source_opts trigraphs = {.has_trigraphs = 1, .header = ""};

/* `text` with every `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to)
{
    size_t room = (strlen(text) + 1) * (strlen(to) + 1), len = 0;
    char *out = malloc(room);

    assert_non_null(out);
    while (*text) {
        if (strncmp(text, from, strlen(from)) == 0) {
            len += (size_t)sprintf(out + len, "%s", to);
            text += strlen(from);
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = 0;
    return out;
}

static char *put(const char *text, size_t len, const source_opts *opts)
{
    source_buffer b;
    char *out;

    assert_int_equal(source_instrument(&b, text, len, opts, NULL), THAG_OK);
    out = malloc(b.len + 1);
    assert_non_null(out);
    memcpy(out, b.text, b.len);
    out[b.len] = 0;
    source_buffer_release(&b);
    return out;
}

/* remove(put(text)) is text, and put(put(text)) is put(text). */
static void check_laws(const char *text, size_t len, const source_opts *opts)
{
    source_buffer once, twice, back;

    assert_int_equal(source_instrument(&once, text, len, opts, NULL), THAG_OK);
    assert_int_equal(source_instrument(&twice, once.text, once.len, opts, NULL), THAG_OK);
    assert_int_equal(source_remove(&back, once.text, once.len, opts, NULL), THAG_OK);
    assert_int_equal(twice.len, once.len);
    assert_memory_equal(twice.text, once.text, once.len);
    assert_int_equal(back.len, len);
    assert_int_equal(back.changes, once.changes);
    assert_memory_equal(back.text, text, len);
    source_buffer_release(&once);
    source_buffer_release(&twice);
    source_buffer_release(&back);
}

static void check_case(const char *with_sites, const source_opts *opts)
{
    char *text = replaced(with_sites, "@", ""), *made = put(text, strlen(text), opts);
    char *as_put = replaced(made, PUT, "@"), *found = replaced(as_put, PUT_MAIN, "@");

    assert_string_equal(found, with_sites);
    check_laws(text, strlen(text), opts);
    free(text);
    free(made);
    free(as_put);
    free(found);
}

static void check_cases(const char *const *cases, const source_opts *opts)
{
    for (; *cases; cases++) check_case(*cases, opts);
}

static void finds_functions_of_c(void **state)
{
    static const char *const cases[] = {
        "int f(void) {@ return 1; }",
        "int f(void)\n{@\n    return 1;\n}\n",
        "void f(){@}",
        "main() {@ return 0; }",
        "static inline const struct a *f(struct b *c, int (*d)(int)) {@ }",
        "int (f)(int a) {@ return a; }",
        "int (*f(int a))(int) {@ return 0; }",
        "void (*signal(int sig, void (*func)(int)))(int) {@ return 0; }",
        "unsigned long long int f(int a[static 3]) {@ return a[0]; }",
        "struct s { int a; } x;\nint f(void) {@ return x.a; }",
        "struct s { int a; } f(void) {@ struct s x = {1}; return x; }",
        "typedef struct { int a; } s;\ns f(void) {@ return (s){1}; }",
        "enum e { A, B = 2 };\nenum e f(enum e x) {@ return x; }",
        "union u { int a; char b[4]; } v = {1};\nint f(void) {@ return v.a; }",
        "int a[] = {1, 2, 3}, b = 4;\nint f(void) {@ return b; }",
        "int (*p)(int) = f, q[2][2] = {{1, 2}, {3, 4}};\nint g(void) {@ return 0; }",
        "struct ops o = { .run = f, .n = (int[]){1, 2}[0] };\nint f(void) {@ return 0; }",
        "int f(void) {@ struct { int a; } x = {1}; return ({ int y = x.a; y; }); }",
        "int f(void) {@ if (1) { return 2; } else { for (;;) { break; } } do { } while (0); return "
        "0; }",
        "int f(void) {@ switch (1) { case 1: { return 1; } default: {} } return 0; }",
        "int f(int a, ...) {@ return a; }\nint g(void);\nint h(void) {@ return 0; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void finds_old_style_functions(void **state)
{
    static const char *const cases[] = {
        "int f(a, b)\nint a;\nchar *b;\n{@ return a; }",
        "f(a) {@ return a; }",
        "char **\nf (a, b)\n     char *a;\n     int (*b)();\n{@ return 0; }",
        "static int f(a) register int a; {@ return a; }\nint g(b) int b; {@ return b; }",
        "int f(a, b) int a, b[2]; {@ return a; }\n",
        "int f(int a) ATTR(x);\nint g(void) {@ return 0; }",
        "DECLARE(a) int x;\nint g(void) {@ return 0; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void sees_through_macros_and_attributes(void **state)
{
    static const char *const cases[] = {
        "__attribute__((unused)) static int f(void) {@ return 1; }",
        "int __attribute__((noinline)) f(void) {@ return 1; }",
        "[[nodiscard]] int f(void) [[gnu::pure]] {@ return 1; }",
        "_Alignas(8) int x; __declspec(dllexport) int f(void) {@ return 1; }",
        "EXPORT int f(void) {@ return 1; }",
        "EXPORT(int) f(void) {@ return 1; }",
        "int f(void) NOEXCEPT {@ return 1; }",
        "int f(const char *s, ...) PRINTF(1, 2) {@ return 1; }",
        "int f(void) __must_hold(&l) __releases(l) {@ return 1; }",
        "MODULE_LICENSE(\"GPL\")\nint f(void) {@ return 1; }",
        "TEST(area, of_nothing) {@ check(); }",
        "TEST(area, is_empty) {@}",
        "SYSCALL_DEFINE2(open, const char *, path, int, flags)\n{@\n return 0; \n}",
        "YY_DECL\n{@\n return 0; \n}",
        "TABLE(x) { A, B, C };\nint f(void) {@ return 1; }",
        "CATALOG(pg_x,12,X) BKI(3,Y) {\n int a; } FormData_x;\nint f(void) {@ return 1; }",
        "UNUSED(static void f(void)) {@ __asm__ volatile (\"nop\" ::: \"memory\"); }",
        "FIXTURE(x) {\n int a, *b;\n struct s c[2];\n};\nTEST(x) {@ int a; use(a); };",
        "ASN1_SEQUENCE(X) = { A, B } ASN1_SEQUENCE_END(X)\nint f(void) {@ return 1; }",
        "struct PACKED(1) s { int a; };\nint f(void) {@ return 1; }",
        "struct s { int a; } __attribute__((packed));\nint f(void) {@ return 1; }",
        "#define F(n) int n(void) { return 1; }\nF(a)\nint f(void) {@ return 1; }",
        "#define X {\nint f(void) {@ return 1; }",
        "int a __asm__(\"b\"); int f(void) __asm__(\"g\"); int f(void) {@ return 1; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void is_not_misled_by_comments_and_strings(void **state)
{
    static const char *const cases[] = {
        "// int f(void) {\nint g(void) {@ return '{'; }",
        "/* int f(void) { */ int g(void) /* { */ {@ return 0; } // }",
        "const char *s = \"int f(void) { \\\" {\"; int g(void) {@ return 0; }",
        "char c = '\\'', d = '\"'; int g(void) {@ return 0; }",
        "/* \\\n*/ int g(void) {@ return 0; }",
        "// a \\\nint f(void) {\nint g(void) {@ return 0; }",
        "int g(void) /\\\n* {{ *\\\n/ {@ return 0; }",
        "in\\\nt g(vo\\\nid) {@\\\n return 0; }",
        "int g(void) {@ return 0; /* never ends {",
        "const char *s = \"never ends\n;int g(void) {@ return 0; }",
        "const char *s = R\"x( int f(void) { )\" )x\"; int g(void) {@ return 0; }",
        "int n = 1'000'000; int g(void) {@ return 0; }",
        "#error don't\nint g(void) {@ return 0; }",
        "int a = 5 / 2, b = 3 /* x */ / 1; int g(void) {@ return a / b; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void knows_digraphs_and_trigraphs(void **state)
{
    (void)state;
    check_case("int f(int a<::>) <%@ return a<:0:>; %>\nint g(void) {@ return 0; }", &plain_c);
    check_case("%:define X <%\nint f(void) <%@ return 0; %>", &plain_c);
    check_case("int f(void) ?\?<@ return \"?\?/\"\"[0]; ?\?>\nint g(void) {@ return 0; }",
               &trigraphs);
    check_case("// what?\?/\nint f(void) {\nint g(void) {@ return 0; }", &trigraphs);
    check_case("// what?\?/\nint f(void) {@ return 0; }\nint g(void) {@ return 0; }", &plain_c);
    check_case("vector<::x> v; int f() {@ return 0; }", &plain_cxx);
}

static void follows_all_arms(void **state)
{
    static const char *const cases[] = {
        "#ifdef A\nint f(int a) {@\n#else\nint f(void) {@\n#endif\n return 0;\n}\nint g(void) {@ "
        "return 0; }",
        "#if A\nint f(void) {@ return 1; }\n#elif B\nint f(void) {@ return 2; }\n#else\n"
        "int f(void) {@ return 3; }\n#endif\n",
        "int f(void) {@\n#ifdef A\n if (a) {\n#else\n if (b) {\n#endif\n }\n}\nint g(void) {@ "
        "return 0; }",
        "int f(void) {@\n#ifdef A\n return 1;\n}\n#else\n return 2;\n}\n#endif\nint g(void) {@ "
        "return 0; }",
        "#if 0\nint f(void) { don't {\n#if 1\n}\n#endif\n#else\nint g(void) {@ return 0; "
        "}\n#endif\n",
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void) {@ return 0; }\n#ifdef "
        "__cplusplus\n}\n#endif\n",
        "#ifdef __cplusplus\n#ifdef A\nnamespace n {\n#else\nextern \"C\" {\n#endif\n#endif\n"
        "int f(void) {@ return 0; }\n#ifdef __cplusplus\n}\n#endif\nint g(void) {@ return 0; }",
        "int f(void) {@\n#ifdef A\n if (a)\n {\n#else\n if (b) {\n if (c) {\n#endif\n x();\n"
        "#ifndef A\n }\n#endif\n }\n}\nint g(void) {@ return 0; }",
        "static int\n#ifdef A\nf(int a)\n#else\nf(void)\n#endif\n{@ return 0; }",
        "int a = {\n#ifdef A\n1\n#else\n2\n#endif\n};\nint f(void) {@ return 0; }",
        "#endif\n#else\nint f(void) {@ return 0; }\n#if A\nint g(void) {@ return 0; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void recovers_where_braces_do_not_match(void **state)
{
    static const char *const cases[] = {
        "int f(void)\n{@\n if (a) {\n x();\n}\n\nint g(int a)\n{@\n return 0;\n}\n",
        "int f(void)\n{@\n }\n }\n if (b) {\n x();\n }\n}\nint g(int a)\n{@\n return 0;\n}\n",
        "}}}\nint g(int a)\n{@\n return 0;\n}\n", NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void finds_nested_functions(void **state)
{
    static const char *const cases[] = {
        "int f(void) {@ int g(int a) {@ return a; } auto void h(void); return g(1); }",
        "int f(void) {@ for_each(a, b) { x(); } MACRO list_for_each(p, q) { y(); } return 0; }",
        "int f(void) {@ else_if (a) { x(); } return 0; }", NULL};

    (void)state;
    check_cases(cases, &plain_c);
}

static void finds_functions_of_cxx(void **state)
{
    static const char *const cases[] = {
        "class a : public b { public: a() : c(1), d{2} {@ } ~a() {@ } int e() const noexcept "
        "override {@ return 1; } int c, d; };",
        "namespace n { namespace m::k { int f() {@ return 1; } } }",
        "inline namespace v1 { struct s final { s &operator=(const s &o) {@ return *this; } }; }",
        "a::a(int b) : a{b, 2}, c<int>{3}, d(4) {@ }",
        "int a::f() && {@ return 1; }\na::operator bool() const {@ return 1; }\nvoid *operator "
        "new(size_t n) {@ return 0; }",
        "bool operator==(const a &x, const a &y) {@ return 1; }\nint a::operator()(int b) {@ "
        "return b; }",
        "template <typename T, int N = (3 > 2), class U = v<T>> T f(T a) {@ return a; }",
        "template <> int f<int>(int a) {@ return a; }",
        "template <class T> struct s { T f(T a = T{}) {@ return a; } T b{1}; static const int c = "
        "3; };",
        "auto f(int a) -> std::vector<std::pair<int, int>> {@ return {}; }",
        "template <class T> requires c<T> void f(T t) requires d<T> {@ }",
        "template <class T> concept c = requires(T t) { t.f(); { t.g() } -> d; };\nint f() {@ "
        "return 1; }",
        "int f() {@ auto g = [](int a) {@ return a; }; return g(1); }",
        "int f() {@ h([&, this]() mutable -> int {@ return 1; }, x[1]); if (a[1]) { } return [] {@ "
        "return 1; }(); }",
        "int f() {@ std::sort(a, b, [](auto x, auto y) noexcept {@ return x < y; }); return 0; }",
        "int x[2]{1, 2}; std::vector<int> y{1}; int f() {@ int z{3}; return T{1}.a; }",
        "int f() {@ struct local { int g() {@ return 1; } }; for (auto &x : {1, 2}) { } try { } "
        "catch (...) { } return 0; }",
        "extern \"C\" int f() {@ return 1; }\nextern \"C\" { int g() {@ return 1; } }",
        "enum class e : int { a, b };\nenum class e2 MACRO(int) { a };\nint f() {@ return 1; }",
        "enum e MACRO(int) { a, b };\nenum e F(void) {@ return a; }",
        "class API s { s(); void f() {@ } Q_OBJECT public slots: void g() {@ } };",
        "friend_t f(struct a *b) {@ return 1; }\nstd::unique_ptr<struct x> g() {@ return {}; }",
        "decltype(auto) f() {@ return 1; }\n[[nodiscard]] auto g() noexcept(true) {@ return 1; }",
        "auto s = R\"(int f() { )\"; int f() {@ return 1; }",
        NULL};

    (void)state;
    check_cases(cases, &plain_cxx);
}

/* ---- what is left alone ---- */

typedef struct reason_case {
    const char *text;
    const char *key; /* of the first function */
} reason_case;

static void check_reasons(const reason_case *cases, const source_opts *opts)
{
    for (; cases->text; cases++) {
        source_scan *s = NULL;

        assert_int_equal(source_scan_new(&s, cases->text, strlen(cases->text), opts), THAG_OK);
        assert_true(s->count > 0);
        assert_string_equal(source_reason_key(s->functions[0].reason), cases->key);
        source_scan_free(s);
    }
}

static void leaves_alone_with_a_reason(void **state)
{
    static const reason_case c[] = {
        {"__attribute__((naked)) void f(void) { }", "naked"},
        {"void __attribute__((__no_instrument_function__)) f(void) { }", "no-instrument"},
        {"#define QUIET __attribute__((no_instrument_function))\nQUIET void f(void) { }",
         "no-instrument"},
        {"__attribute__((constructor(101))) static void f(void) { }", "constructor"},
        {"[[gnu::interrupt]] void f(void) { }", "interrupt"},
        {"static void *pick(void) { return 0; }\nvoid f(void) __attribute__((ifunc(\"pick\")));",
         "ifunc"},
        {"void f(void) { __asm__ volatile (\"ret\"); }", "asm"},
        {"void f(int a) { __asm__ volatile (\"\" : : \"r\"(a)); }", ""},
        {"int f(void) { __label__ out; goto out; out: return 0; }", "label"},
        {"int f(int a) { __attribute__((musttail)) return g(a); }", "musttail"},
        {"#define DEFINE(n) static int get_##n(void) { return 1; }", "macro"},
        {"int f(void) { THAG_PROFILED(time); return 1; }", "already"},
        {"int main(void) {\n int a;\n THAG_ENABLE_PROFILING(yes);\n}", "already"},
        {"#if A\nint f(int a) {\n#else\nint f(void) {\n#endif\nTHAG_PROFILED(); }", "already"},
        {"TABLE(x) { 1, 2 };", "unsure"},
        {NULL, NULL}};
    static const reason_case cxx[] = {{"constexpr int f() { return 1; }", "constexpr"},
                                      {"FMT_CONSTEXPR auto f() -> int { return 1; }", "constexpr"},
                                      {"consteval int f() { return 1; }", "constexpr"},
                                      {"static_assert([] { return 1; }(), \"\");", "constexpr"},
                                      {"task f() { co_await g(); }", "coroutine"},
                                      {"task f() { co_return 1; }", "coroutine"},
                                      {"a::a() try : b(1) { } catch (...) { }", "try"},
                                      {NULL, NULL}};

    (void)state;
    check_reasons(c, &plain_c);
    check_reasons(cxx, &plain_cxx);
}

static source_reason no_short_names(void *context, const source_function *f)
{
    (void)context;
    return strlen(f->name) < 2 ? SOURCE_REASON_NAME : SOURCE_REASON_NONE;
}

static void asks_which_to_take(void **state)
{
    source_opts opts = {.header = "", .select = no_short_names};

    (void)state;
    check_case("int f(void) { return 1; }\nint gg(void) {@ return 1; }", &opts);
}

/* ---- names and places ---- */

static void names_functions(void **state)
{
    static const char text[] = "namespace n { class c { c(); ~c() {} bool operator()(int) {} }; }\n"
                               "int n::c::f<int>() { auto g = [] { }; }\nn::c::operator bool() { }";
    static const char *const names[] = {"n::c::~c", "n::c::operator()", "n::c::f",
                                        "n::c::f::<lambda>", "n::c::operator bool"};
    source_scan *s = NULL;

    (void)state;
    assert_int_equal(source_scan_new(&s, text, sizeof text - 1, &plain_cxx), THAG_OK);
    assert_int_equal(s->count, 5);
    for (size_t i = 0; i < 5; i++) assert_non_null(strstr(s->functions[i].name, names[i]));
    assert_int_equal(s->functions[3].kind, SOURCE_LAMBDA);
    source_scan_free(s);
}

static void tells_where(void **state)
{
    static const char text[] = "\n/*\n*/ static int f(void)\r\n{\r\n\r\n}\nint main(void) { }";
    source_scan *s = NULL;

    (void)state;
    assert_int_equal(source_scan_new(&s, text, sizeof text - 1, NULL), THAG_OK);
    assert_int_equal(s->count, 2);
    assert_string_equal(s->functions[0].name, "f");
    assert_int_equal(s->functions[0].line, 4);
    assert_int_equal(s->functions[0].end_line, 6);
    assert_int_equal(text[s->functions[0].brace], '{');
    assert_int_equal(text[s->functions[0].end - 1], '}');
    assert_int_equal(strncmp(text + s->functions[0].head, "static", 6), 0);
    assert_int_equal(s->functions[1].kind, SOURCE_MAIN);
    assert_int_equal(s->line_count, 7);
    source_scan_free(s);
}

/* ---- the include ---- */

static void check_include(const char *text, const char *expected)
{
    source_opts opts = {0};
    char *made = put(text, strlen(text), &opts), *found = replaced(made, PUT, "@");

    assert_string_equal(found, expected);
    check_laws(text, strlen(text), &opts);
    free(made);
    free(found);
}

#define LINE_1 INCLUDE "\n#line 1" SOURCE_MARK "\n"

static void includes_without_moving_a_line(void **state)
{
    (void)state;
    check_include("/* x */\n\n#include <a.h>\n\nint f(void) {}\n",
                  "/* x */\n" INCLUDE "\n#include <a.h>\n\nint f(void) {@}\n");
    check_include("/* x\n\n*/\n \t\nint f(void) {}\n",
                  "/* x\n\n*/\n" INCLUDE " \t\nint f(void) {@}\n");
    check_include("int f(void) {}", LINE_1 "int f(void) {@}");
    check_include("int f(void)\n\n{}", LINE_1 "int f(void)\n\n{@}");
    check_include("int f(void) {}\r\n",
                  INCLUDE "\r\n#line 1" SOURCE_MARK "\r\nint f(void) {@}\r\n");
    check_include("\xEF\xBB\xBFint f(void) {}", "\xEF\xBB\xBF" LINE_1 "int f(void) {@}");
    check_include("#!/usr/bin/tcc -run\nint f(void) {}",
                  "#!/usr/bin/tcc -run\n" INCLUDE "\n#line 2" SOURCE_MARK "\nint f(void) {@}");
    check_include("\xEF\xBB\xBF#!/*\nint f(void) {} /* */",
                  "\xEF\xBB\xBF#!/*\n" INCLUDE "\n#line 2" SOURCE_MARK "\nint f(void) {@} /* */");
    check_include("#!\\\n\nint f(void) {}", "#!\\\n" INCLUDE "\nint f(void) {@}");
    check_include("#!/* int f(void) {}", "#!/* int f(void) {}");
    check_include("#define A \\\n\nint f(void) {}", LINE_1 "#define A \\\n\nint f(void) {@}");
    check_include("int a;\n", "int a;\n");
    check_include("#include <x/thag_profiler.h>\n\nint f(void) {}",
                  "#include <x/thag_profiler.h>\n\nint f(void) {@}");
}

static void includes_where_every_function_sees_it(void **state)
{
    (void)state;
    /* Within the guard of a header, not before it. */
    check_include("\n#ifndef H\n#define H\n\nint f(void) {}\n#endif\n",
                  "\n#ifndef H\n#define H\n" INCLUDE "\nint f(void) {@}\n#endif\n");
    /* Not within one of two arms. */
    check_include("#ifdef A\n\nint f(void) {}\n#else\nint f(void) {}\n#endif\n",
                  LINE_1 "#ifdef A\n\nint f(void) {@}\n#else\nint f(void) {@}\n#endif\n");
    /* The user's own include helps only where it is read. */
    check_include("\n#ifdef A\n#include \"thag_profiler.h\"\n#endif\nint f(void) {}\n",
                  INCLUDE "\n#ifdef A\n#include \"thag_profiler.h\"\n#endif\nint f(void) {@}\n");
    check_include("namespace n {\n\nint f(void) {}\n}\n",
                  LINE_1 "namespace n {\n\nint f(void) {@}\n}\n");
}

static void mode_flags_and_header_are_given(void **state)
{
    source_opts opts = {.mode = "runtime", .flags = "time", .header = "<thag_profiler.h>"};
    char *made = put("\nint main() {} int f() {}", 25, &opts);

    (void)state;
    assert_string_equal(made, "#include <thag_profiler.h> /*thag*/\n"
                              "int main() { THAG_ENABLE_PROFILING(runtime); /*thag*/} "
                              "int f() { THAG_PROFILED(time); /*thag*/}");
    free(made);
    opts.mode = "";
    made = put("\nint main() {}", 14, &opts);
    assert_non_null(strstr(made, "main() { THAG_PROFILED(time); /*thag*/}"));
    free(made);
}

static void bad_options_are_refused(void **state)
{
    static const source_opts bad[] = {{.mode = "a); b("},
                                      {.flags = "a/*b"},
                                      {.header = "x.h"},
                                      {.header = "\"a)\""},
                                      {.header = "<a\nb>"}};
    source_buffer b;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(source_opts_are_valid(&bad[i]));
        assert_int_equal(source_instrument(&b, "int f() {}", 10, &bad[i], NULL), THAG_ERR_PATTERN);
    }
}

/* ---- removing ---- */

static void check_removed(const char *text, const char *expected, size_t expected_strays)
{
    source_buffer b;
    size_t strays;

    assert_int_equal(source_remove(&b, text, strlen(text), NULL, &strays), THAG_OK);
    assert_int_equal(b.len, strlen(expected));
    assert_memory_equal(b.text, expected, b.len);
    assert_int_equal(strays, expected_strays);
    source_buffer_release(&b);
}

static void removes_its_own_only(void **state)
{
    (void)state;
    check_removed("int f() {" PUT " THAG_PROFILED(); }", "int f() { THAG_PROFILED(); }", 0);
    check_removed("int f() { THAG_PROFILED(); }", "int f() { THAG_PROFILED(); }", 0);
    check_removed("int f() {\n" PUT " }", "int f() {\n" PUT " }", 1);
    check_removed("char *s = \"{" PUT "\"; /* {" PUT " */",
                  "char *s = \"{" PUT "\"; /* {" PUT " */", 2);
    check_removed("#include \"thag_profiler.h\"\n" INCLUDE "\nint f() {" PUT "}",
                  "#include \"thag_profiler.h\"\n\nint f() {}", 0);
    check_removed("#if 0\nint f() {" PUT "}\n#endif\n", "#if 0\nint f() {}\n#endif\n", 0);
    check_removed("", "", 0);
}

static void any_bytes_survive(void **state)
{
    static const char text[] = "int f(void) {\0\xFF\xFE \0} caf\xE9 \r /*\0*/ int g(void) {\0}";

    (void)state;
    check_laws(text, sizeof text - 1, NULL);
    check_laws("", 0, NULL);
    check_laws("{", 1, NULL);
    check_laws("\xEF\xBB\xBF", 3, NULL);
}

/* ---- facts ---- */

static void knows_standards(void **state)
{
    source_opts o = {0};

    (void)state;
    assert_true(source_opts_standard(&o, "c11") && o.language == SOURCE_C && o.has_trigraphs);
    assert_true(source_opts_standard(&o, "gnu17") && o.language == SOURCE_C && !o.has_trigraphs);
    assert_true(source_opts_standard(&o, "c23") && !o.has_trigraphs);
    assert_true(source_opts_standard(&o, "c++20") && o.language == SOURCE_CXX);
    assert_true(source_opts_standard(&o, "gnu++2b") && o.language == SOURCE_CXX);
    assert_false(source_opts_standard(&o, "c12"));
    assert_false(source_opts_standard(&o, "2021"));
    assert_false(source_opts_standard(&o, ""));
}

static void check_language(const char *path, const char *text, int known, source_language expected)
{
    source_language found = SOURCE_C;

    assert_int_equal(source_language_of(&found, path, text, strlen(text)), known);
    if (known) assert_int_equal(found, expected);
}

static void knows_languages(void **state)
{
    (void)state;
    check_language("a/b.c", "", 1, SOURCE_C);
    check_language("a/b.cc", "", 1, SOURCE_CXX);
    check_language("a.d/b", "", 0, SOURCE_C);
    check_language("a.md", "", 0, SOURCE_C);
    check_language("a.h", "int class; #ifdef __cplusplus\n", 1, SOURCE_C);
    check_language("a.h", "#ifdef __cplusplus\nnamespace a {}\n#endif\nint f(void);", 1, SOURCE_C);
    check_language("a.h", "class a;", 1, SOURCE_CXX);
    check_language("a.h", "std::string f();", 1, SOURCE_CXX);
    check_language("a.h", "// class a;\n", 1, SOURCE_C);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_functions_of_c),
        cmocka_unit_test(finds_old_style_functions),
        cmocka_unit_test(sees_through_macros_and_attributes),
        cmocka_unit_test(is_not_misled_by_comments_and_strings),
        cmocka_unit_test(knows_digraphs_and_trigraphs),
        cmocka_unit_test(follows_all_arms),
        cmocka_unit_test(recovers_where_braces_do_not_match),
        cmocka_unit_test(finds_nested_functions),
        cmocka_unit_test(finds_functions_of_cxx),
        cmocka_unit_test(leaves_alone_with_a_reason),
        cmocka_unit_test(asks_which_to_take),
        cmocka_unit_test(names_functions),
        cmocka_unit_test(tells_where),
        cmocka_unit_test(includes_without_moving_a_line),
        cmocka_unit_test(includes_where_every_function_sees_it),
        cmocka_unit_test(mode_flags_and_header_are_given),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(removes_its_own_only),
        cmocka_unit_test(any_bytes_survive),
        cmocka_unit_test(knows_standards),
        cmocka_unit_test(knows_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
