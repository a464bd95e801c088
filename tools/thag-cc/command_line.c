#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/word.h"
#include "thag-cc/command_line.h"

#define RESPONSE_FILES_MAX 100 /* one may name another, and so itself */

/* ---- arguments, with response files read ---- */

typedef struct words {
    char **items;
    size_t count, room;
    int is_short_of_memory;
    int files_left;
} words;

static void words_add(words *w, const char *text)
{
    if (w->count + 1 >= w->room) {
        size_t room = w->room ? 2 * w->room : 64;
        char **items = realloc(w->items, room * sizeof *items);

        if (!items) {
            w->is_short_of_memory = 1;
            return;
        }
        w->items = items;
        w->room = room;
    }
    w->items[w->count] = strdup(text);
    if (!w->items[w->count]) {
        w->is_short_of_memory = 1;
        return;
    }
    w->items[++w->count] = NULL;
}

static void words_add_argument(words *w, const char *text);

static int add_response_file(words *w, const char *path)
{
    FILE *file = w->files_left > 0 ? fopen(path, "re") : NULL;
    char *text = NULL, *rest, *word;
    size_t room = 0;
    ssize_t len;

    if (!file) return 0;
    w->files_left--;
    len = getdelim(&text, &room, 0, file);
    fclose(file);
    rest = text;
    while (len > 0 && (word = word_next(&rest)) != NULL) words_add_argument(w, word);
    free(text);
    return 1;
}

static void words_add_argument(words *w, const char *text)
{
    /* A file that is not there is an ordinary argument, as gcc has it. */
    if (text[0] == '@' && add_response_file(w, text + 1)) return;
    words_add(w, text);
}

/* ---- what single arguments say ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int is_among(const char *text, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(text, *list) == 0) return 1;
    }
    return 0;
}

static int is_launcher(const char *argument)
{
    static const char *const launchers[] = {"ccache", "distcc", "sccache", "icecc", "buildcache",
                                            "env",    "nice",   "time",    "pump",  NULL};

    return is_among(base_name(argument), launchers);
}

/* Options whose argument is the next word. */
static int takes_next(const char *option)
{
    static const char *const options[] = {"-o",          "-I",           "-D",
                                          "-U",          "-L",           "-l",
                                          "-x",          "-T",           "-u",
                                          "-z",          "-e",           "-A",
                                          "-B",          "-b",           "-V",
                                          "-G",          "-include",     "-imacros",
                                          "-isystem",    "-iquote",      "-idirafter",
                                          "-iprefix",    "-isysroot",    "-iwithprefix",
                                          "-MF",         "-MT",          "-MQ",
                                          "-Xlinker",    "-Xclang",      "-Xassembler",
                                          "-arch",       "-target",      "-aux-info",
                                          "--param",     "-mllvm",       "-Xpreprocessor",
                                          "-dumpdir",    "-dumpbase",    "-dumpbase-ext",
                                          "-framework",  "-wrapper",     "-iwithprefixbefore",
                                          "-specs",      "--sysroot",    "-imultilib",
                                          "-imultiarch", "-include-pch", "-MJ",
                                          NULL};

    return is_among(option, options);
}

/* The language of a source that text can be put into; CC_BY_NAME: it is none. */
static cc_language language_of(const char *path)
{
    static const char *const c[] = {".c", NULL};
    static const char *const cxx[] = {".cc", ".cp", ".cxx", ".cpp", ".CPP", ".c++", ".C", NULL};
    const char *dot = strrchr(base_name(path), '.');

    if (!dot) return CC_BY_NAME;
    return is_among(dot, c) ? CC_C : is_among(dot, cxx) ? CC_CXX : CC_BY_NAME;
}

static cc_language language_named(const char *name)
{
    if (strcmp(name, "c") == 0 || strcmp(name, "c-header") == 0) return CC_C;
    if (strcmp(name, "c++") == 0 || strcmp(name, "c++-header") == 0) return CC_CXX;
    return CC_BY_NAME;
}

/* A header by itself is compiled to a precompiled one: nothing is linked. */
static int is_header(const char *path, const char *language)
{
    static const char *const endings[] = {".h",   ".hh",  ".H",   ".hp",  ".hxx",
                                          ".hpp", ".HPP", ".h++", ".tcc", NULL};
    const char *dot = strrchr(base_name(path), '.'),
               *dash = language ? strrchr(language, '-') : NULL;

    if (language) return dash && strcmp(dash, "-header") == 0;
    return dot && is_among(dot, endings);
}

/* Tests of a build system for what a compiler and a system can do: their answers must not depend on
   us. */
static int is_feature_test(const char *path)
{
    static const char *const folders[] = {"/CMakeFiles/CMakeTmp", "/CMakeFiles/CMakeScratch",
                                          "/CMakeFiles/3.",       "/meson-private/",
                                          "/CompilerIdC",         NULL};
    const char *base = base_name(path);

    if (strncmp(base, "conftest.", 9) == 0 || strncmp(base, "CMakeCCompilerId.", 17) == 0) return 1;
    for (size_t i = 0; folders[i]; i++) {
        if (strstr(path, folders[i])) return 1;
    }
    return 0;
}

/* ---- the whole ---- */

typedef struct reading {
    command_line *c;
    const char *language_option; /* of the last -x; NULL: none */
    int stops_before_link;
    int is_partial; /* -r */
} reading;

static void read_input(reading *r, char *path)
{
    command_line *c = r->c;
    cc_language language;

    c->input_count++;
    if (is_feature_test(path)) c->is_feature_test = 1;
    if (is_header(path, r->language_option)) c->precompiles = 1;
    language = r->language_option ? language_named(r->language_option) : language_of(path);
    if (language == CC_BY_NAME || strcmp(path, "-") == 0) return;
    c->source_count++;
    if (!c->source) c->source = path;
    if (!r->language_option) return;
    c->language = language;
    c->named[c->named_count++] = path;
}

static void set_language(reading *r, const char *name)
{
    r->language_option = strcmp(name, "none") == 0 ? NULL : name;
}

static void read_flag(reading *r, const char *flag)
{
    static const char *const stops[] = {"-c",   "-S",           "-E", "-M", "-MM", "-fsyntax-only",
                                        "-###", "--precompile", NULL};
    static const char *const statics[] = {"-static", "--static", "-static-pie", NULL};
    static const char *const bare[] = {"-ffreestanding", "-fno-hosted", "-nostdlib",
                                       "-nostartfiles",  "-nolibc",     "-nodefaultlibs",
                                       "-D__KERNEL__",   NULL};

    static const char *const narrow[] = {"-m32", "-mx32", "-m16", NULL};

    if (is_among(flag, narrow)) r->c->is_narrow = 1;
    if (strcmp(flag, "-m64") == 0) r->c->is_narrow = 0;
    if (is_among(flag, stops)) r->stops_before_link = 1;
    if (strcmp(flag, "-M") == 0 || strcmp(flag, "-MM") == 0) r->c->lists_dependencies = 1;
    if (strcmp(flag, "-E") == 0) r->c->preprocesses = 1;
    if (is_among(flag, statics)) r->c->is_static = 1;
    if (is_among(flag, bare)) r->c->is_freestanding = 1;
    if (strcmp(flag, "-r") == 0) r->is_partial = 1;
    if (strcmp(flag, "-masm=intel") == 0) r->c->has_intel_syntax = 1;
    if (strncmp(flag, "-std=", 5) == 0) r->c->standard = flag + 5;
    if (strncmp(flag, "-x", 2) == 0 && flag[2]) set_language(r, flag + 2);
    if (strstr(flag, "diagnostics-color") || strstr(flag, "color-diagnostics"))
        r->c->has_colour_option = 1;
}

static void read_pair(reading *r, const char *flag, char *argument)
{
    if (strcmp(flag, "-x") == 0) set_language(r, argument);
    if (strcmp(flag, "-isystem") == 0 || strcmp(flag, "-idirafter") == 0)
        r->c->system_dirs[r->c->system_dir_count++] = argument;
}

/* Behind the launchers, and what they are told. */
static size_t find_compiler(int argc, char **argv)
{
    int at = 0;

    while (at + 1 < argc && is_launcher(argv[at])) {
        at++;
        while (at + 1 < argc && (argv[at][0] == '-' || strchr(argv[at], '='))) at++;
    }
    return (size_t)at;
}

int command_line_read(command_line *c, int argc, char **argv)
{
    words w = {.files_left = RESPONSE_FILES_MAX};
    reading r = {.c = c};
    char here[4096];

    memset(c, 0, sizeof *c);
    c->compiler = find_compiler(argc, argv);
    for (int i = (int)c->compiler; i < argc; i++) words_add_argument(&w, argv[i]);
    c->expanded = w.items;
    c->system_dirs = calloc(w.count + 1, sizeof *c->system_dirs);
    c->named = calloc(w.count + 1, sizeof *c->named);
    if (w.is_short_of_memory || !c->system_dirs || !c->named) return 0;
    for (size_t i = 1; i < w.count; i++) {
        char *argument = w.items[i];

        if (takes_next(argument) && i + 1 < w.count)
            read_pair(&r, argument, w.items[++i]);
        else if (argument[0] == '-' && argument[1])
            read_flag(&r, argument);
        else
            read_input(&r, argument);
    }
    if (getcwd(here, sizeof here - 1) && is_feature_test(strcat(here, "/"))) c->is_feature_test = 1;
    if (c->language == CC_BY_NAME && strstr(base_name(w.items[0]), "++")) c->language = CC_CXX;
    c->links = c->input_count > 0 && !r.stops_before_link && !r.is_partial && !c->precompiles;
    c->ends_in_language = r.language_option != NULL;
    return 1;
}

void command_line_release(command_line *c)
{
    for (size_t i = 0; c->expanded && c->expanded[i]; i++) free(c->expanded[i]);
    free(c->expanded);
    free(c->system_dirs);
    free(c->named);
    memset(c, 0, sizeof *c);
}
