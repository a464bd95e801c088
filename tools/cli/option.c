#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/completion.h"
#include "cli/message.h"
#include "cli/option.h"

#define OPTIONS_MAX 96
#define HELP_INDENT 29u
#define HELP_WIDTH  100u
#define LONG_BASE   256 /* beyond every letter */

const option_fact options_common[] = {
    {.name = "help", .kind = OPTION_IS_HELP, .letter = 'h', .help = "show this help and exit"},
    {.name = "version",
     .kind = OPTION_IS_VERSION,
     .letter = 'V',
     .help = "show the version and exit"},
    OPTION_LAST};

const option_fact options_completion[] = {
    {.name = "completion",
     .kind = OPTION_IS_COMPLETION,
     .arg = "SHELL",
     .choice = completion_shell,
     .help = "write the completion script for a shell and exit"},
    OPTION_LAST};

#define NAME_ROOM 64

/* The program with its command, as people type it. */
static const char *full_name(char name[NAME_ROOM], const option_set *set)
{
    snprintf(name, NAME_ROOM, "%s%s%s", set->program, set->command ? " " : "",
             set->command ? set->command : "");
    return name;
}

/* ---- help ---- */

/* The text from column HELP_INDENT on; it begins at column `at`. */
static void put_wrapped(const char *text, size_t at)
{
    while (*text) {
        size_t word = strcspn(text, " ");

        if (at > HELP_INDENT && at + 1 + word > HELP_WIDTH) {
            printf("\n%*s", (int)HELP_INDENT, "");
            at = HELP_INDENT;
        }
        at += (size_t)printf("%s%.*s", at > HELP_INDENT ? " " : "", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void put_fact(const option_fact *f)
{
    char left[64], text[1024];
    size_t at;

    at = (size_t)snprintf(left, sizeof left, "%c%c%c --%s%s%s", f->letter ? '-' : ' ',
                          f->letter ? f->letter : ' ', f->letter ? ',' : ' ', f->name,
                          f->arg ? "=" : "", f->arg ? f->arg : "");
    printf("  %-26s ", left);
    if (at > HELP_INDENT - 3) printf("\n%*s", (int)HELP_INDENT, "");
    at = (size_t)snprintf(text, sizeof text, "%s", f->help);
    for (size_t i = 0; f->choice && f->choice(i) && at < sizeof text; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : ": ", f->choice(i));
    }
    put_wrapped(text, HELP_INDENT);
}

void options_help(const option_set *set)
{
    char name[NAME_ROOM];

    printf("Usage: %s %s\n\n%s\n\nOptions:\n", full_name(name, set), set->usage, set->about);
    for (size_t g = 0; g < OPTION_GROUPS_MAX; g++) {
        const option_group *group = &set->groups[g];

        if (!group->facts) continue;
        if (group->heading) printf("\n%s:\n", group->heading);
        for (const option_fact *f = group->facts; f->name; f++) put_fact(f);
    }
}

/* ---- values ---- */

static int wrong_choice(const option_fact *f, const char *text)
{
    char list[800] = "";
    size_t at = 0;

    for (size_t i = 0; f->choice(i) && at < sizeof list; i++) {
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", f->choice(i));
    }
    return complain(EXIT_USAGE, NULL, "--%s: %s is not one of %s", f->name, text, list);
}

static int set_choice(const option_fact *f, size_t *value, const char *text)
{
    for (size_t i = 0; f->choice(i); i++) {
        if (strcasecmp(f->choice(i), text) != 0) continue;
        *value = i;
        return OPTIONS_GO_ON;
    }
    if (strcmp(text, "list") != 0) return wrong_choice(f, text);
    for (size_t i = 0; f->choice(i); i++) puts(f->choice(i));
    return EXIT_FINE;
}

int options_complete(const option_set *set, const char *shell)
{
    completion_command all = {.set = *set};
    completion c = {.program = set->program, .commands = &all, .command_count = 1};
    size_t n = 0;
    int status = set_choice(&options_completion[0], &n, shell);

    if (status != OPTIONS_GO_ON) return status;
    completion_write(stdout, &c, n);
    return EXIT_FINE;
}

static int set_number(const option_fact *f, void *at, const char *text)
{
    char *end;
    double number;

    errno = 0;
    number = strtod(text, &end);
    if (end == text || *end || errno || !(number >= f->least && number <= f->most)) {
        return complain(EXIT_USAGE, NULL, "--%s: %s is not a number from %.15g to %.15g", f->name,
                        text, f->least, f->most);
    }
    if (f->kind == OPTION_IS_COUNT)
        *(size_t *)at = (size_t)number;
    else
        *(double *)at = number;
    return OPTIONS_GO_ON;
}

static int set_value(const option_set *set, const option_fact *f, void *at, const char *text)
{
    int status;

    switch (f->kind) {
    case OPTION_IS_FLAG: *(int *)at = 1; return OPTIONS_GO_ON;
    case OPTION_IS_TEXT:
    case OPTION_IS_FILE: *(const char **)at = text; return OPTIONS_GO_ON;
    case OPTION_IS_COUNT:
    case OPTION_IS_REAL: return set_number(f, at, text);
    case OPTION_IS_CHOICE: return set_choice(f, at, text);
    case OPTION_IS_CALL:
        status = f->set(at, f, text);
        return status == EXIT_FINE ? OPTIONS_GO_ON : status;
    case OPTION_IS_HELP: options_help(set); return EXIT_FINE;
    case OPTION_IS_COMPLETION: return options_complete(set, text);
    case OPTION_IS_VERSION: printf("%s %s\n", set->program, THAG_VERSION);
    }
    return EXIT_FINE;
}

/* ---- parsing ---- */

/* The set in the form that getopt_long() wants, and the way back. */
typedef struct tables {
    const option_fact *fact[OPTIONS_MAX];
    void *settings[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
    int count;
} tables;

static void add_fact(tables *t, const option_group *group, const option_fact *f, char **letters)
{
    assert(t->count < OPTIONS_MAX);
    t->fact[t->count] = f;
    t->settings[t->count] = group->settings;
    t->longs[t->count] = (struct option){f->name, f->arg ? required_argument : no_argument, NULL,
                                         LONG_BASE + t->count};
    t->count++;
    if (!f->letter) return;
    *(*letters)++ = f->letter;
    if (f->arg) *(*letters)++ = ':';
}

static void build_tables(tables *t, const option_set *set)
{
    char *letters = t->shorts;

    memset(t, 0, sizeof *t);
    /* Without '+' options may stand anywhere, as in GNU tools. */
    if (set->stops_at_input) *letters++ = '+';
    for (size_t g = 0; g < OPTION_GROUPS_MAX; g++) {
        for (const option_fact *f = set->groups[g].facts; f && f->name; f++) {
            add_fact(t, &set->groups[g], f, &letters);
        }
    }
}

static int fact_of_key(const tables *t, int key)
{
    if (key >= LONG_BASE) return key - LONG_BASE;
    for (int i = 0; i < t->count; i++) {
        if (t->fact[i]->letter == key) return i;
    }
    return -1;
}

/* getopt_long() begins its messages with the first argument. */
static int next_key(const tables *t, const option_set *set, int argc, char **argv)
{
    char full[NAME_ROOM], *name = argv[0];
    int key;

    full_name(full, set);
    argv[0] = full;
    key = getopt_long(argc, argv, t->shorts, t->longs, NULL);
    argv[0] = name;
    return key;
}

int options_parse(const option_set *set, int argc, char **argv, int *first)
{
    tables t;
    int key, status;

    build_tables(&t, set);
    optind = 0; /* the menu parses more than once */
    while ((key = next_key(&t, set, argc, argv)) != -1) {
        int i = fact_of_key(&t, key);

        if (i < 0) {
            char name[NAME_ROOM];

            fprintf(stderr, "Try '%s --help'.\n", full_name(name, set));
            return EXIT_USAGE;
        }
        status = set_value(set, t.fact[i], (char *)t.settings[i] + t.fact[i]->offset, optarg);
        if (status != OPTIONS_GO_ON) return status;
    }
    *first = optind;
    return OPTIONS_GO_ON;
}
