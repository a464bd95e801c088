/*
 * thag-cc - stands in front of a compiler: the same compiler, the same command line, but every function
 * of the sources is profiled. CC="thag-cc gcc" make.
 *
 * The compiler reads instrumented text where it opens a source (shim.c), so that paths, dependencies,
 * __FILE__, line numbers and debug information are those of the files as they are. Links get the
 * runtime, and only where something refers to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/option.h"
#include "thag-cc/compile.h"

static const char help[] =
    "Usage: thag-cc COMPILER [ARGUMENT]...\n"
    "\n"
    "Compile as COMPILER does, gcc or clang, with every function of C and C++ sources profiled:\n"
    "\n"
    "  CC=\"thag-cc gcc\" CXX=\"thag-cc g++\" make\n"
    "  CC=\"thag-cc ccache gcc\" ./configure\n"
    "  cmake -DCMAKE_C_COMPILER=thag-gcc -DCMAKE_CXX_COMPILER=thag-g++ ...\n"
    "  thag-run ./prog\n"
    "\n"
    "No source is changed, line numbers stay. A program that thag-run has not started runs\n"
    "unprofiled. thag-cc takes no options of its own beside these; the environment says\n"
    "\n"
    "  THAG_CC=off        compile exactly as without thag-cc\n"
    "  THAG_CC_SKIP=GLOB  leave sources alone whose path matches; several with : between\n"
    "  THAG_CC_MIN_LINES=N\n"
    "                     leave functions alone that have fewer lines\n"
    "  THAG_CC_LOG=FILE   append what was done, one line a source\n"
    "  THAG_CC_CALLS=asm  in C by gcc for x86-64, call so that builds, and runs without "
    "profiling,\n"
    "                     cost less, and recorded calls a little more\n"
    "  THAG_CC_LINK=static\n"
    "                     link the static runtime; otherwise the shared one\n"
    "  THAG_CC_VERBOSE=1  say why a source was compiled without profiling\n"
    "\n"
    "  --completion=SHELL write the completion script for a shell and exit: bash, zsh, fish\n"
    "  -h, --help         show this help and exit\n"
    "  -V, --version      show the version and exit\n";

static int is_off(void)
{
    const char *setting = getenv("THAG_CC");

    return setting && (strcasecmp(setting, "off") == 0 || strcasecmp(setting, "no") == 0 ||
                       strcmp(setting, "0") == 0);
}

/*
 * The compiler that a link to this program stands for: thag-g++ for g++, and g++ itself for the next in PATH. It
 * is one word where CC has to be one, and passes for the compiler where a build asks for its path. NULL: none.
 */
static const char *compiler_meant(const char *self)
{
    static const char own[] = "thag-";
    const char *slash = strrchr(self, '/'), *name = slash ? slash + 1 : self;

    if (strcmp(name, "thag-cc") == 0) return NULL;
    return strncmp(name, own, sizeof own - 1) == 0 ? name + sizeof own - 1 : name;
}

static int run_compiler(int argc, char **argv)
{
    return is_off() ? compile_plainly(argv) : compile(argc, argv);
}

static int run_meant(const char *name, int argc, char **argv)
{
    char *compiler = compiler_find(name, "/proc/self/exe");

    if (!compiler) return complain(127, name, "not in PATH, which %s is for", argv[0]);
    argv[0] = compiler;
    return run_compiler(argc, argv);
}

int main(int argc, char **argv)
{
    static const char completion[] = "--completion=";
    static const option_set options = {
        .program = "thag-cc", .stops_at_input = 1, .groups = {{.facts = options_common}}};
    const char *first = argc > 1 ? argv[1] : "", *meant = compiler_meant(argv[0]);

    message_program("thag-cc");
    if (meant) return run_meant(meant, argc, argv);
    if (argc < 2) return complain(EXIT_USAGE, NULL, "no compiler; try: thag-cc gcc -c prog.c");
    if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0) {
        fputs(help, stdout);
        return EXIT_FINE;
    }
    if (strcmp(first, "-V") == 0 || strcmp(first, "--version") == 0) {
        printf("thag-cc %s\n", THAG_VERSION);
        return EXIT_FINE;
    }
    if (strncmp(first, completion, sizeof completion - 1) == 0)
        return options_complete(&options, first + sizeof completion - 1);
    if (first[0] == '-') {
        return complain(EXIT_USAGE, first, "not a compiler (thag-cc gcc %s ...?)", first);
    }
    return run_compiler(argc - 1, argv + 1);
}
