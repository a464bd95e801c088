#include "thag-analyze/menu/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/utf8.h"
#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/open.h"
#include "thag-analyze/menu/scheme.h"
#include "thag-analyze/menu/terminal.h"

#define ARGUMENTS_MAX 32

/* ---- options ---- */

int show_options_add(show_options *o, const char *name, const char *value)
{
    char *text = NULL;

    if (o->count == sizeof o->items / sizeof *o->items ||
        asprintf(&text, value ? "--%s=%s" : "--%s", name, value) < 0) {
        complain(EXIT_SYSTEM, NULL, "out of memory");
        return 0;
    }
    o->items[o->count++] = text;
    return 1;
}

void show_options_release(show_options *o)
{
    for (size_t i = 0; i < o->count; i++) free(o->items[i]);
    o->count = 0;
}

/* ---- running ---- */

/* As it would be typed. */
static void put_argument(const char *text)
{
    int is_plain = text[strcspn(text, " \t\n\"'\\$`!*?()[]{}<>|&;#~")] == 0 && *text;

    putchar(' ');
    if (is_plain) {
        utf8_put_plain(stdout, text, strlen(text), SIZE_MAX);
        return;
    }
    putchar('\'');
    while (*text) {
        size_t part = strcspn(text, "'");

        utf8_put_plain(stdout, text, part, SIZE_MAX);
        text += part;
        if (*text) fputs("'\\''", stdout);
        text += *text != 0;
    }
    putchar('\'');
}

int show_run(const char *const *arguments)
{
    const command *c = command_find(arguments[0]);
    char *argv[ARGUMENTS_MAX] = {NULL};
    int argc = 0, status = EXIT_FINE;
    const char *dim = terminal_is_able() && terminal_has_colours() ? "\033[2m" : "";

    printf("\n%s$ thag-analyze", dim);
    for (; arguments[argc] && argc < ARGUMENTS_MAX - 1; argc++) {
        put_argument(arguments[argc]);
        argv[argc] = strdup(arguments[argc]);
        if (!argv[argc]) status = complain(EXIT_SYSTEM, NULL, "out of memory");
    }
    printf("%s\n", *dim ? "\033[0m" : "");
    fflush(stdout);
    /* Parsing reorders argv, so what is freed below is what was put there, in another order. */
    if (status == EXIT_FINE) status = command_run(c, argc, argv);
    fflush(stdout);
    for (int i = 0; i < argc; i++) free(argv[i]);
    putchar('\n');
    return status;
}

/* ---- pictures ---- */

/* STEM-flamegraph.svg in the current directory. */
static void picture_name(char *name, size_t room, const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;
    const char *dot = strrchr(stem, '.');

    snprintf(name, room, "%.*s%s", dot ? (int)(dot - stem) : (int)strlen(stem), stem, ending);
}

/* *force: it may be written although it exists. */
static prompt_end may_write(const char *name, int *force)
{
    char question[700];
    prompt_end end;

    *force = access(name, F_OK) == 0;
    if (!*force) return PROMPT_DONE;
    snprintf(question, sizeof question, "%s exists. Overwrite it?", name);
    end = prompt_confirm(question, force);
    return end == PROMPT_DONE && !*force ? PROMPT_BACK : end;
}

static int is_for_browsers(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".html") == 0);
}

static void show_file(const char *name, const char *what)
{
    printf("%s: ", what);
    utf8_put_plain(stdout, name, strlen(name), SIZE_MAX);
    putchar('\n');
    if (is_for_browsers(name) && open_is_possible()) open_in_browser(name);
    putchar('\n');
}

prompt_end show_picture(const char *verb, const char *path, enum profile_kind kind,
                        const show_options *options)
{
    const char *arguments[ARGUMENTS_MAX] = {verb}, *palette;
    char name[600], ending[64], palette_option[64];
    size_t count = 1;
    int force, is_chart = strcmp(verb, "flamechart") == 0;
    int is_memory = kind == PROFILE_OF_MEMORY && !strstr(path, "-memory") && !is_chart;
    prompt_end end;

    if (is_chart && kind == PROFILE_OF_MEMORY) {
        printf("The chart shows when what ran, and above it, where frees were recorded, what was "
               "live.\n");
    }
    end = scheme_ask(kind, &palette);

    snprintf(ending, sizeof ending, "%s%s-%s.svg", is_memory ? "-memory" : "",
             options->suffix ? options->suffix : "", verb);
    picture_name(name, sizeof name, path, ending);
    if (end == PROMPT_DONE) end = may_write(name, &force);
    if (end != PROMPT_DONE) return end;
    snprintf(palette_option, sizeof palette_option, "--palette=%s", palette);
    arguments[count++] = palette_option;
    if (is_memory) arguments[count++] = "--memory";
    for (size_t i = 0; i < options->count; i++) arguments[count++] = options->items[i];
    if (force) arguments[count++] = "--force";
    arguments[count++] = "-o";
    arguments[count++] = name;
    arguments[count++] = "--";
    arguments[count++] = path;
    if (show_run(arguments) == EXIT_FINE) {
        show_file(name, strcmp(verb, "flamechart") == 0 ? "Flame chart generated"
                                                        : "Flame graph generated");
    }
    return PROMPT_DONE;
}

/* ---- other files ---- */

static prompt_end write_file(const char *const *wanted, const char *path, const char *name)
{
    const char *arguments[ARGUMENTS_MAX] = {NULL};
    size_t count = 0;
    int force;
    prompt_end end = may_write(name, &force);

    if (end != PROMPT_DONE) return end;
    while (wanted[count]) {
        arguments[count] = wanted[count];
        count++;
    }
    if (force) arguments[count++] = "--force";
    arguments[count++] = "-o";
    arguments[count++] = name;
    arguments[count++] = "--";
    arguments[count++] = path;
    return show_run(arguments) == EXIT_FINE ? PROMPT_DONE : PROMPT_BACK;
}

prompt_end show_written(const char *const *arguments, const char *path, const char *ending,
                        const char *what)
{
    char name[600];
    prompt_end end;

    picture_name(name, sizeof name, path, ending);
    end = write_file(arguments, path, name);
    if (end == PROMPT_DONE) show_file(name, what);
    return end;
}

/* ---- differences ---- */

prompt_end show_difference(const char *before, const char *after, enum profile_kind kind)
{
    int is_memory = kind == PROFILE_OF_MEMORY && !strstr(before, "-memory"), force;
    const char *arguments[ARGUMENTS_MAX] = {"diff"};
    char name[600];
    size_t count = 1, table;
    prompt_end end;

    if (is_memory) arguments[count++] = "--memory";
    table = count;
    arguments[count++] = "--limit=20";
    arguments[count++] = "--";
    arguments[count++] = before;
    arguments[count++] = after;
    if (show_run(arguments) != EXIT_FINE) return PROMPT_DONE;
    picture_name(name, sizeof name, after, is_memory ? "-memory-diff.svg" : "-diff.svg");
    end = may_write(name, &force);
    if (end != PROMPT_DONE) return end;
    count = table;
    arguments[count++] = "--flamegraph";
    if (force) arguments[count++] = "--force";
    arguments[count++] = "-o";
    arguments[count++] = name;
    arguments[count++] = "--";
    arguments[count++] = before;
    arguments[count++] = after;
    arguments[count] = NULL;
    if (show_run(arguments) != EXIT_FINE) return PROMPT_DONE;
    show_file(name, "Differential flame graph generated");
    printf("Orange has grown, blue has shrunk; the width is what it is after\n");
    return PROMPT_DONE;
}
