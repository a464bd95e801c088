#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/installation.h"
#include "cli/message.h"
#include "thag-cc/command_line.h"
#include "thag-cc/compile.h"

/* The compiler's arguments with ours. Ours are few, and are freed by the end of the process. */
typedef struct arguments {
    char **items;
    size_t count;
} arguments;

static int cannot_run(const char *compiler)
{
    return complain(errno == ENOENT ? 127 : 126, compiler, "cannot run (%s)", strerror(errno));
}

static int is_same_file(const char *path, const char *other)
{
    struct stat a, b;

    return other && stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

char *compiler_find(const char *command, const char *but)
{
    const char *path = getenv("PATH");
    char *candidate;

    if (strchr(command, '/')) return strdup(command);
    while (path && *path) {
        size_t len = strcspn(path, ":");

        if (asprintf(&candidate, "%.*s/%s", (int)len, path, command) < 0) return NULL;
        if (access(candidate, X_OK) == 0 && !is_same_file(candidate, but)) return candidate;
        free(candidate);
        path += len + (path[len] == ':');
    }
    return NULL;
}

int compile_plainly(char **argv)
{
    execvp(argv[0], argv);
    return cannot_run(argv[0]);
}

/* ---- arguments ---- */

enum { OWN_ARGUMENTS_MAX = 16 };

static void add(arguments *a, const char *text)
{
    a->items[a->count++] = (char *)(uintptr_t)text;
}

/* By the name of what it is in the end: cc may be either. */
static int is_gcc(const char *command)
{
    char *found = compiler_find(command, NULL), *program = found ? realpath(found, NULL) : NULL;
    const char *slash = program ? strrchr(program, '/') : NULL;
    int is = slash && strstr(slash, "gcc") && !strstr(slash, "clang");

    free(found);
    free(program);
    return is;
}

static int wants_asm(void)
{
    const char *calls = getenv("THAG_CC_CALLS");

    return calls && strcmp(calls, "asm") == 0;
}

/* Before all others: what the user includes may be instrumented, too. gcc may take the form of the macros
   that keeps registers; what is only preprocessed now may be compiled without the options for it. */
static int add_header(arguments *a, const command_line *c)
{
    char *include_dir = installation_include_dir(), *own_dir;

    if (!include_dir || asprintf(&own_dir, "%s/thag_profiler/cc", include_dir) < 0) return 0;
    add(a, "-isystem");
    add(a, own_dir);
    add(a, "-include");
    add(a, "thag-cc.h");
    if (wants_asm() && !c->preprocesses && !c->has_intel_syntax && is_gcc(c->expanded[0])) {
        add(a, "-DTHAG_CC_KEEPS");
        add(a, "-fno-defer-pop");
        add(a, "-fno-combine-stack-adjustments");
    }
    return 1;
}

/* Behind all others, and only where something refers to it: a test of configure links nothing. */
static int add_runtime(arguments *a, const command_line *c)
{
    const char *kind = getenv("THAG_CC_LINK");
    int is_static = c->is_static || (kind && strcmp(kind, "static") == 0);
    char *library = installation_library(is_static ? "libthag_profiler.a" : "libthag_profiler.so");
    char *rpath;

    if (!library) return 0;
    if (c->ends_in_language) {
        add(a, "-x");
        add(a, "none");
    }
    if (is_static) {
        add(a, library);
        add(a, "-lpthread");
        return 1;
    }
    if (asprintf(&rpath, "-Wl,-rpath,%.*s", (int)(strrchr(library, '/') - library), library) < 0)
        return 0;
    add(a, "-Wl,--push-state,-Bdynamic,--as-needed");
    add(a, library);
    add(a, "-Wl,--pop-state");
    add(a, rpath);
    return 1;
}

static int make_arguments(arguments *a, const command_line *c, int argc, char **argv,
                          int with_header)
{
    int complete = 1;

    a->items = calloc((size_t)argc + OWN_ARGUMENTS_MAX, sizeof *a->items);
    if (!a->items) return 0;
    for (int i = 0; i < argc; i++) {
        add(a, argv[i]);
        if (i == (int)c->compiler && with_header) complete = add_header(a, c);
        if (!complete) return 0;
    }
    return !c->links || add_runtime(a, c);
}

/* ---- the shim ---- */

static int put_list(const char *name, char *const *items, size_t count)
{
    size_t len = 1;
    char *text, *to;
    int ok;

    for (size_t i = 0; i < count; i++) len += strlen(items[i]) + 1;
    text = to = malloc(len);
    if (!text) return 0;
    *to = 0;
    for (size_t i = 0; i < count; i++) to += sprintf(to, "%s%s", i ? ":" : "", items[i]);
    ok = setenv(name, text, 1) == 0;
    free(text);
    return ok;
}

/* The shim is preloaded into the compiler, and reads the rest. */
static int set_shim(const command_line *c)
{
    char *shim = installation_library("libthag_cc.so"), *all;
    const char *others = getenv("LD_PRELOAD");
    int ok;

    if (!shim) return 0;
    ok = asprintf(&all, "%s%s%s", shim, others && *others ? ":" : "", others ? others : "") >= 0 &&
         setenv("LD_PRELOAD", all, 1) == 0 &&
         setenv("THAG_CC_LANGUAGE",
                c->language == CC_CXX ? "c++"
                : c->language == CC_C ? "c"
                                      : "",
                1) == 0 &&
         setenv("THAG_CC_STANDARD", c->standard ? c->standard : "", 1) == 0 &&
         put_list("THAG_CC_SYSTEM", c->system_dirs, c->system_dir_count) &&
         put_list("THAG_CC_SOURCES", c->named, c->named_count);
    free(shim);
    return ok;
}

/* ---- running ---- */

/* With errors >= 0, standard error goes there. Returns the status as waitpid() has it. */
static int run(char **argv, const command_line *with_shim, int errors)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* make ends us, and means the compiler */
        if (errors >= 0) dup2(errors, STDERR_FILENO);
        if (with_shim && !set_shim(with_shim)) {
            _exit(complain(EXIT_SYSTEM, NULL, "libthag_cc.so is not where it was installed"));
        }
        execvp(argv[0], argv);
        _exit(cannot_run(argv[0]));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return child > 0 ? status : complain(EXIT_SYSTEM, NULL, "fork failed (%s)", strerror(errno));
}

static void copy_out(int from)
{
    char buffer[4096];
    ssize_t n;

    for (off_t at = 0; (n = pread(from, buffer, sizeof buffer, at)) > 0; at += n) {
        if (write(STDERR_FILENO, buffer, (size_t)n) != n) return;
    }
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * What the compiler says of instrumented text is shown if it compiles; if not, the text itself decides,
 * compiled plainly. So errors are those of the text, and nothing that compiles ceases to.
 */
static int compile_text(const command_line *c, char **with_profiling, char **plain)
{
    int errors = memfd_create("thag-cc", MFD_CLOEXEC), status;

    if (errors < 0) return complain(EXIT_SYSTEM, NULL, "no memory file (%s)", strerror(errno));
    status = run(with_profiling, c, errors);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 0) {
        copy_out(errors);
        return exit_status(status);
    }
    status = run(plain, NULL, -1);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        complain(0, c->source,
                 "compiled without profiling: its instrumented text does not compile "
                 "(THAG_CC_VERBOSE=1 shows why)");
        if (getenv("THAG_CC_VERBOSE")) copy_out(errors);
    }
    return exit_status(status);
}

/* ccache knows neither our settings nor our version, and would hand out what was compiled with others. */
static int is_behind_ccache(void)
{
    static const char name[] = "/ccache";
    char link[40], path[PATH_MAX];
    ssize_t len;

    if (!getenv("CCACHE_DISABLE")) return 0; /* which it sets for the compilers that it runs */
    snprintf(link, sizeof link, "/proc/%ld/exe", (long)getppid());
    len = readlink(link, path, sizeof path);
    return len >= (ssize_t)sizeof name &&
           memcmp(path + len - (sizeof name - 1), name, sizeof name - 1) == 0;
}

static int compile_cached(const command_line *c, char **argv)
{
    if (!c->preprocesses)
        complain(0, c->source,
                 "compiled without profiling: ccache is in front of thag-cc, and may be behind it "
                 "only (CC=\"thag-cc ccache gcc\"; with CMake no COMPILER_LAUNCHER)");
    return compile_plainly(argv);
}

int compile(int argc, char **argv)
{
    command_line c;
    arguments with_profiling = {0}, plain = {0};
    int has_text;

    if (!command_line_read(&c, argc, argv)) return complain(EXIT_SYSTEM, NULL, "out of memory");
    /* A precompiled header knows the sizes of the files in it, and they are those on the disk. */
    has_text = c.source_count && !c.is_freestanding && !c.is_feature_test && !c.precompiles;
    if (!c.input_count || c.lists_dependencies || c.is_narrow) return compile_plainly(argv);
    if (has_text && is_behind_ccache()) return compile_cached(&c, argv);
    if (!make_arguments(&with_profiling, &c, argc, argv, has_text) ||
        !make_arguments(&plain, &c, argc, argv, 0)) {
        return complain(EXIT_SYSTEM, NULL,
                        "thag_profiler's header and library are not where they were installed");
    }
    if (!has_text) return compile_plainly(with_profiling.items);
    if (c.preprocesses) return exit_status(run(with_profiling.items, &c, -1));
    /* A terminal gets colours, which a file between would take away. */
    if (!c.has_colour_option && isatty(STDERR_FILENO) && !getenv("NO_COLOR"))
        add(&with_profiling, "-fdiagnostics-color=always");
    return compile_text(&c, with_profiling.items, plain.items);
}
