#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/installation.h"
#include "cli/message.h"
#include "cli/word.h"
#include "thag-run/run.h"
#include "thag-run/script.h"

enum { WORDS_MAX = 256, HEADER_LINES = 40 };

static int has_ending(const char *path, const char *const *endings)
{
    const char *dot = strrchr(path, '.');

    for (; dot && *endings; endings++) {
        if (strcmp(dot, *endings) == 0) return 1;
    }
    return 0;
}

static int is_cxx(const char *path)
{
    static const char *const endings[] = {".cc", ".cpp", ".cxx", ".C", NULL};

    return has_ending(path, endings);
}

int script_is_source(const char *command)
{
    static const char *const endings[] = {".c", NULL};
    struct stat st;

    return (has_ending(command, endings) || is_cxx(command)) && stat(command, &st) == 0 &&
           S_ISREG(st.st_mode);
}

/* ---- the header line ---- */

typedef enum script_key { KEY_NONE, KEY_CC, KEY_CFLAGS, KEY_LIBS, KEY_COUNT } script_key;

typedef struct header {
    char *line; /* owns the words */
    const char *words[KEY_COUNT][WORDS_MAX];
    size_t counts[KEY_COUNT];
} header;

/* The line behind "thag:", without the end of a comment; malloc'ed. NULL: there is none. */
static char *find_line(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, *found = NULL;
    size_t room = 0;

    for (int i = 0; file && i < HEADER_LINES && !found && getline(&line, &room, file) > 0; i++) {
        const char *at = line + strspn(line, " \t*/");
        char *end;

        if (at == line || strncmp(at, "thag:", 5) != 0) continue;
        found = strdup(at + 5);
        end = found ? strstr(found, "*/") : NULL;
        if (end) *end = 0;
    }
    free(line);
    if (file) fclose(file);
    return found;
}

/* The key that a word begins with; *value is behind it. */
static script_key key_of(const char *word, const char **value)
{
    static const char *const names[KEY_COUNT] = {NULL, "cc=", "cflags=", "libs="};

    for (int key = KEY_CC; key < KEY_COUNT; key++) {
        size_t len = strlen(names[key]);

        if (strncmp(word, names[key], len) != 0) continue;
        *value = word + len;
        return (script_key)key;
    }
    *value = word;
    return KEY_NONE;
}

static int read_header(header *h, const char *path)
{
    script_key key = KEY_NONE;
    char *rest, *word;

    memset(h, 0, sizeof *h);
    rest = h->line = find_line(path);
    while (rest && (word = word_next(&rest)) != NULL) {
        const char *value;
        script_key found = key_of(word, &value);

        if (found != KEY_NONE) key = found;
        if (key == KEY_NONE) {
            return complain(RUN_FAILED, path,
                            "thag: line: expected cc=, cflags= or libs=, found %s", word);
        }
        if (h->counts[key] == WORDS_MAX) {
            return complain(RUN_FAILED, path, "thag: line: more than %d words", WORDS_MAX);
        }
        if (*value) h->words[key][h->counts[key]++] = value;
    }
    return EXIT_FINE;
}

/* ---- compiling ---- */

typedef struct command {
    const char *words[3 * WORDS_MAX + 16];
    size_t count;
} command;

static void add(command *c, const char *word)
{
    c->words[c->count++] = word;
}

static void add_all(command *c, const header *h, script_key key)
{
    for (size_t i = 0; i < h->counts[key]; i++) add(c, h->words[key][i]);
}

static int run(const command *c)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, saved;
    pid_t child;
    int status = 0;

    sigaction(SIGINT, &ignore, &saved); /* the compiler gets it, and we clean up */
    child = fork();
    if (child == 0) {
        sigaction(SIGINT, &saved, NULL);
        execv(c->words[0], (char **)(uintptr_t)c->words);
        _exit(complain(RUN_NOT_FOUND, c->words[0], "cannot run (%s)", strerror(errno)));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    sigaction(SIGINT, &saved, NULL);
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_FINE
                                                                      : RUN_CANNOT_INVOKE;
}

/* A folder, and in it a program named after the source, for that is what the trace is named after. */
static int make_place(script *s, const char *source)
{
    const char *tmp = getenv("TMPDIR"), *slash = strrchr(source, '/');
    const char *base = slash ? slash + 1 : source;
    char *dir;

    if (asprintf(&dir, "%s/thag-run-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0) dir = NULL;
    if (!dir || !mkdtemp(dir)) {
        int status = complain(RUN_FAILED, dir, "cannot make a folder (%s)", strerror(errno));

        free(dir);
        return status;
    }
    s->dir = dir;
    if (asprintf(&s->program, "%s/%.*s", dir, (int)(strrchr(base, '.') - base), base) < 0) {
        s->program = NULL;
        return complain(RUN_FAILED, NULL, "out of memory");
    }
    return EXIT_FINE;
}

int script_compile(script *s, const char *source)
{
    header h;
    command c = {0};
    char *cc = installation_tool("thag-cc"), *include_dir = installation_include_dir();
    int status = read_header(&h, source);

    memset(s, 0, sizeof *s);
    if (status == EXIT_FINE && !cc) status = complain(RUN_FAILED, NULL, "thag-cc is not there");
    if (status == EXIT_FINE) status = make_place(s, source);
    if (status == EXIT_FINE) {
        add(&c, cc);
        add_all(&c, &h, KEY_CC);
        if (c.count == 1) add(&c, is_cxx(source) ? "c++" : "cc");
        add(&c, "-O2");
        add(&c, "-g");
        add(&c, "-Wl,--build-id"); /* the program is kept by it */
        add_all(&c, &h, KEY_CFLAGS);
        if (include_dir) { /* for a source that has the macros in it */
            add(&c, "-idirafter");
            add(&c, include_dir);
        }
        add(&c, "-o");
        add(&c, s->program);
        add(&c, source);
        add_all(&c, &h, KEY_LIBS);
        status = run(&c);
        if (status != EXIT_FINE) complain(0, source, "does not compile");
    }
    free(h.line);
    free(cc);
    free(include_dir);
    return status;
}

void script_remove(script *s)
{
    if (s->program) unlink(s->program);
    if (s->dir) rmdir(s->dir);
    free(s->program);
    free(s->dir);
    memset(s, 0, sizeof *s);
}
