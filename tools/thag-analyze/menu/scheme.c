#include "thag-analyze/menu/scheme.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "output/palette.h"

static const struct {
    const char *name, *palette, *description;
} schemes[] = {
    {"Aqua (Default)", "aqua", "cool blue-green, easy on the eyes"},
    {"Blue", "blue", "calm blue tones, for general use"},
    {"Green", "green", "green of a forest"},
    {"Hot", "hot", "red to yellow, like a heat map"},
    {"Mem", "mem", "green to blue, for memory"},
    {"Orange", "orange", "warm, easy to see"},
    {"Purple", "purple", "rich purple"},
    {"Red", "red", "bold red"},
    {"Yellow", "yellow", "bright yellow"},
    {"Rust", "rust", "own functions, the system's and tasks in colours of their own"},
};
#define SCHEME_COUNT (sizeof schemes / sizeof *schemes)

/* ---- what is remembered ---- */

static int config_path(char *path, size_t room, enum profile_kind kind, int with_file)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const char *file = kind == PROFILE_OF_MEMORY ? "/memory-palette" : "/time-palette";
    int is_set = config && *config == '/';

    if (!is_set && !(home && *home == '/')) return 0;
    return snprintf(path, room, "%s%s/thag%s", is_set ? config : home, is_set ? "" : "/.config",
                    with_file ? file : "") < (int)room;
}

static size_t last_used(enum profile_kind kind)
{
    char path[4096], name[64] = "";
    FILE *from;
    size_t usual = kind == PROFILE_OF_MEMORY ? 4 : 0;

    if (!config_path(path, sizeof path, kind, 1)) return usual;
    from = fopen(path, "re");
    if (!from) return usual;
    if (fgets(name, sizeof name, from)) name[strcspn(name, "\n")] = 0;
    fclose(from);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        if (strcmp(schemes[i].palette, name) == 0) return i;
    }
    return usual;
}

/* The folder and the one above it, which is nearly always there. */
static void make_folder(const char *path)
{
    char above[4096];
    char *slash;

    snprintf(above, sizeof above, "%s", path);
    slash = strrchr(above, '/');
    if (slash) *slash = 0;
    mkdir(above, 0700);
    mkdir(path, 0700);
}

static void remember(enum profile_kind kind, size_t scheme)
{
    char path[4096];
    FILE *to;

    if (!config_path(path, sizeof path, kind, 0)) return;
    make_folder(path);
    config_path(path, sizeof path, kind, 1);
    to = fopen(path, "we");
    if (!to || fprintf(to, "%s\n", schemes[scheme].palette) < 0) {
        complain(0, path, "the colours will not be remembered (%s)", strerror(errno));
    }
    if (to) fclose(to);
}

/* ---- asking ---- */

static prompt_end choose(enum profile_kind kind, size_t *scheme)
{
    char texts[SCHEME_COUNT][128];
    const char *items[SCHEME_COUNT];
    prompt_end end;

    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "%-14s  %s", schemes[i].name, schemes[i].description);
        items[i] = texts[i];
    }
    end = prompt_select("Select color scheme:", items, SCHEME_COUNT, scheme);
    if (end == PROMPT_DONE) remember(kind, *scheme);
    return end;
}

prompt_end scheme_ask(enum profile_kind kind, const char **name)
{
    size_t scheme = last_used(kind);
    char question[160];
    int use_last = 1;
    prompt_end end;

    snprintf(question, sizeof question, "Use last color scheme (%s)? ('n' selects another)",
             schemes[scheme].name);
    end = prompt_confirm(question, &use_last);
    if (end == PROMPT_DONE && !use_last) end = choose(kind, &scheme);
    *name = schemes[scheme].palette;
    return end;
}
