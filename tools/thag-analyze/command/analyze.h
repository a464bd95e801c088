/*
 * analyze.h - what a command of thag-analyze is, and what the commands share.
 *
 * To add one: a file cmd_NAME.c that defines `const command cmd_NAME`, and its row in COMMANDS below.
 * Options, --help, and completion come from the same table; docs/man has the rest. Results go to
 * stdout or a file, messages to stderr (cli/message.h).
 */
#ifndef THAG_ANALYZE_H
#define THAG_ANALYZE_H

#include "cli/message.h"
#include "cli/option.h"
#include "cli/progress.h"
#include "cli/result_file.h"
#include "input/input.h"
#include "output/table/report.h"
#include "profile/operation.h"

typedef enum job_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV } job_format;

/* A command as it was given. */
typedef struct job {
    const struct command *command;
    void *settings; /* the command's own, settings_size bytes */
    struct {
        uint64_t from_ns, to_ns;
        const char *threads;
        int by_thread;
    } part; /* of the run: TAKES_PART */
    struct {
        int waiting, wall;
        size_t instances;
    } tasks;                   /* how tasks are shown: TAKES_TASKS */
    operation_list operations; /* to be done on the input, in this order */
    const char *output;        /* -o; NULL: as the command likes */
    int force;
    int as_json, as_csv, memory;
    int full_names;    /* --full-names */
    int opens;         /* --open: what is written is shown in the browser */
    int detail, lines; /* calls that allocated are frames; with file and line */
    int pairs;         /* who freed what, instead of who allocated */
    const char *pool;  /* its memory instead of the heap's; NULL: the heap's */
    debug_folders debug;
    job_format format; /* of these two */
    char **paths;      /* the inputs */
    int path_count;
} job;

/* Options that several commands take. */
enum command_takes {
    TAKES_JSON = 1,       /* --json */
    TAKES_CSV = 2,        /* --csv */
    TAKES_MEMORY = 4,     /* --memory: show() gets bytes instead of time */
    TAKES_OPERATIONS = 8, /* --focus, --hide and all others: done before show() */
    TAKES_OPEN = 16,      /* --open: for commands with a named_result */
    TAKES_DETAIL = 32,    /* --detail, --lines and --debug-dir, which mean memory */
    TAKES_PART = 64,      /* --from, --to, --threads, --by-thread: done before the operations */
    TAKES_TASKS = 128,    /* --waiting, --wall, --instances: done before the operations */
    TAKES_NAMES = 256,    /* --full-names: for what shows functions to people */
    TAKES_POOL = 512,     /* --pool: memory of that instead of the heap's */
    SHOWS_ALL = 1024 /* no option: shows time and memory, so that --detail takes no time away */
};

typedef struct command {
    const char *name;
    const char *summary;        /* a phrase, for the list of commands */
    const char *usage;          /* what stands after the name */
    const char *about;          /* a sentence or two; lines are broken by hand */
    const option_fact *options; /* its own; NULL: none */
    size_t settings_size;       /* of the struct that they fill */
    const void *defaults;       /* what it begins as; NULL: zeros */
    unsigned takes;             /* enum command_takes */
    /* One of the two. Both return an exit status. */
    int (*show)(const job *j, const input *in); /* gets the files merged */
    int (*run)(const job *j);                   /* reads the files itself */
} command;

/* All of them, in the order of --help. */
#define COMMANDS(X) \
    X(stats) \
    X(flamegraph) \
    X(flamechart) \
    X(view) \
    X(fold) \
    X(filter) \
    X(merge) \
    X(diff) \
    X(export) \
    X(leaks) \
    X(peak) \
    X(temporary) \
    X(heap) \
    X(sizes) \
    X(pools) \
    X(detail) \
    X(frees) \
    X(tasks) \
    X(info) \
    X(tui) \
    X(open) \
    X(completion)

#define COMMAND_DECLARE(name) extern const command cmd_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/** All of them, NULL at the end. */
extern const command *const commands[];

/** NULL if there is none of that name. */
const command *command_find(const char *name);

/** All the options that a command takes, its own and the shared. j may be NULL: not to parse. */
void command_options(option_set *set, const command *c, job *j);

/** The setter of --debug-dir: one folder more. An exit status. */
int debug_folders_add(void *folders, const option_fact *fact, const char *path);
#define DEBUG_DIR_HELP "also look there for programs, libraries and their debug files"

/** Parse and run. argv[0] is the command's name. Returns an exit status. */
int command_run(const command *c, int argc, char **argv);

/** Is it about a part of the run only? */
int job_wants_part(const job *j);

/** Are tasks to be shown in another way than by what they ran? */
int job_wants_tasks(const job *j);

/** Load these files, merged, as the shared options ask for; show() gets the inputs so. An exit status; unless
    it is EXIT_FINE there is nothing to close. */
int job_open(const job *j, input *in, char **paths, int count);

/** What is special about it, for a heading: "SUBJECT: what tasks waited". NULL: nothing is. */
const char *job_view_text(const job *j, const char *subject, char *text, size_t room);

/* ---- results ---- */

/** Write a report of the subject, in the job's format, to where its result goes. An exit status. */
int write_report(const job *j, const report *r, const void *subject, const report_opts *opts);

/* Of commands that always write a file. */
typedef struct named_result {
    result_file file;
    char name[600]; /* empty: the user said which */
    int opens;      /* --open */
} named_result;

/** Open the file of -o, or one in the current directory: the input's stem with ending. */
int named_result_open(named_result *out, const job *j, const input *in, const char *ending);

/** result_close(), and say where the result is, unless the user did; open it where that is wanted. */
int named_result_close(named_result *out, int status);

#endif
