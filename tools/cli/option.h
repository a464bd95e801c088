/*
 * option.h - options of the tools, as tables: one row an option, from which parsing, --help and the
 * completions of the shells are made.
 *
 * A row says where the value goes: into a member of the settings, a struct that the tool defines and
 * that begins as zeros. So zero means "as usual", and most tools need no code of their own:
 *
 *     typedef struct settings { int is_raw; size_t limit; } settings;
 *     static const option_fact facts[] = {
 *         OPTION_FLAG(settings, is_raw, "raw", "times as measured"),
 *         OPTION_COUNT(settings, limit, "limit", "N", 1, 1000000000, "show the first N only"),
 *         OPTION_LAST};
 */
#ifndef THAG_CLI_OPTION_H
#define THAG_CLI_OPTION_H

#include <stddef.h>

typedef enum option_kind {
    OPTION_IS_FLAG,   /* int: becomes 1 */
    OPTION_IS_TEXT,   /* const char *: the argument */
    OPTION_IS_FILE,   /* the same; the shells complete file names */
    OPTION_IS_COUNT,  /* size_t, within bounds */
    OPTION_IS_REAL,   /* double, within bounds */
    OPTION_IS_CHOICE, /* size_t: which of the choices */
    OPTION_IS_CALL,   /* set() does it */
    OPTION_IS_HELP,
    OPTION_IS_VERSION,
    OPTION_IS_COMPLETION /* writes the completion script of the set itself */
} option_kind;

typedef struct option_fact {
    const char *name; /* without --; NULL ends a table */
    option_kind kind;
    char letter;                     /* short option; 0: none */
    const char *arg;                 /* what --help calls the argument; NULL: takes none */
    const char *help;                /* one phrase; --help breaks the lines, and adds the choices */
    size_t offset;                   /* of the value in the settings */
    double least, most;              /* COUNT and REAL */
    const char *(*choice)(size_t n); /* CHOICE: NULL after the last */
    int (*set)(void *value, const struct option_fact *, const char *arg); /* CALL: an exit status */
    int tag;                                                              /* CALL: set()'s own */
} option_fact;

/* The offset of a member, which must have the type that the kind wants. */
#define OPTION_AT(S, type, member) \
    (offsetof(S, member) + 0 * sizeof((type *)0 == &((S *)0)->member))

#define OPTION_FLAG(S, member, option, text) \
    { \
        .name = option, .kind = OPTION_IS_FLAG, .offset = OPTION_AT(S, int, member), .help = text \
    }
#define OPTION_TEXT(S, member, option, argument, text) \
    { \
        .name = option, .kind = OPTION_IS_TEXT, .offset = OPTION_AT(S, const char *, member), \
        .arg = argument, .help = text \
    }
#define OPTION_COUNT(S, member, option, argument, low, high, text) \
    { \
        .name = option, .kind = OPTION_IS_COUNT, .offset = OPTION_AT(S, size_t, member), \
        .arg = argument, .least = low, .most = high, .help = text \
    }
#define OPTION_REAL(S, member, option, argument, low, high, text) \
    { \
        .name = option, .kind = OPTION_IS_REAL, .offset = OPTION_AT(S, double, member), \
        .arg = argument, .least = low, .most = high, .help = text \
    }
/* `--option=list` lists the choices. */
#define OPTION_CHOICE(S, member, option, argument, choices, text) \
    { \
        .name = option, .kind = OPTION_IS_CHOICE, .offset = OPTION_AT(S, size_t, member), \
        .arg = argument, .choice = choices, .help = text \
    }
#define OPTION_CALL(S, member, option, argument, setter, number, text) \
    { \
        .name = option, .kind = OPTION_IS_CALL, .offset = offsetof(S, member), .arg = argument, \
        .set = setter, .tag = number, .help = text \
    }
#define OPTION_LAST \
    { \
        .name = NULL \
    }

/** --help and --version, which every tool has. */
extern const option_fact options_common[];

/** --completion=SHELL, of a tool without commands. */
extern const option_fact options_completion[];

#define OPTION_GROUPS_MAX 13

typedef struct option_group {
    const char *heading; /* in --help; NULL: goes on below the one before */
    const option_fact *facts;
    void *settings; /* may be NULL where nothing is parsed */
} option_group;

/* All that one command takes. Groups without facts are passed over. */
typedef struct option_set {
    const char *program; /* "thag-analyze" */
    const char *command; /* "stats"; NULL: the program has no commands */
    const char *usage;   /* what stands after it: "[OPTION]... FILE..." */
    const char *about;   /* a sentence or two */
    int stops_at_input;  /* what follows the first input is not ours: another program's options */
    option_group groups[OPTION_GROUPS_MAX];
} option_set;

#define OPTIONS_GO_ON (-1)

/**
 * Parse; argv[0] is the command's name. OPTIONS_GO_ON: *first is the index of the first input in
 * argv, which may have been reordered. Otherwise the exit status to stop with: help was shown, or
 * the usage was wrong and that was said. Not for several threads.
 */
int options_parse(const option_set *set, int argc, char **argv, int *first);

/** Write the completion script of a tool without commands to standard output. An exit status. */
int options_complete(const option_set *set, const char *shell);

/** Show the help of a command. */
void options_help(const option_set *set);

#endif
