/*
 * thag-run - runs a program with profiling, then shows what it did.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/option.h"
#include "thag-run/run.h"
#include "thag-run/script.h"

typedef struct settings {
    int time, memory, both, detail, mappings, tasks, adapters, children, open, quiet;
    size_t memory_sample;
    size_t sample;
    const char *output;
    int is_made; /* the program, from the source that was given */
} settings;

static const option_fact facts[] = {
    OPTION_FLAG(settings, time, "time", "record wall time (the default)"),
    OPTION_FLAG(settings, memory, "memory",
                "record heap memory, of programs that were never rebuilt, too"),
    OPTION_FLAG(settings, both, "both", "record both"),
    OPTION_FLAG(settings, detail, "detail", "record memory with the stack of each allocation"),
    OPTION_FLAG(settings, mappings, "mappings",
                "record memory, with what the program maps itself, by mmap"),
    OPTION_FLAG(settings, tasks, "tasks", "see coroutines, of any library, as tasks"),
    OPTION_FLAG(settings, adapters, "adapters",
                "see the callbacks of libuv, libevent and GLib, and the threads of OpenMP"),
    OPTION_FLAG(settings, children, "children",
                "also profile the programs that the program starts"),
    OPTION_COUNT(settings, sample, "sample", "N", 1, 1000000,
                 "once a call path is hot, time one call in N; counts stay exact"),
    OPTION_COUNT(settings, memory_sample, "memory-sample", "BYTES", 1, 1 << 30,
                 "record memory by samples, one for so many bytes: estimates, at hardly any cost"),
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_IS_FILE,
     .arg = "DIR",
     .offset = OPTION_AT(settings, const char *, output),
     .help = "where traces and pictures go; otherwise the current directory"},
    OPTION_FLAG(settings, open, "open", "open the picture in a browser"),
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_IS_FLAG,
     .offset = OPTION_AT(settings, int, quiet),
     .help = "no table; only say where the files are"},
    OPTION_LAST};

/* THAG_PROFILER takes what is between commas, less white space. */
static int is_expressible(const char *dir)
{
    size_t len = strlen(dir);

    return !strchr(dir, ',') && len && !strchr(" \t\r\n", dir[len - 1]);
}

/* Better before a long run than after it: the folder, or the one in which it is to be made. */
static int check_dir(const char *dir)
{
    char *path = strdup(dir), *slash;
    struct stat st;
    int failure = path ? 0 : ENOMEM;

    while (path && stat(path, &st) != 0 && (slash = strrchr(path, '/')) != NULL && slash > path)
        *slash = 0;
    if (path && stat(path, &st) != 0)
        failure = errno;
    else if (path && !S_ISDIR(st.st_mode))
        failure = ENOTDIR;
    else if (path && access(path, W_OK | X_OK) != 0)
        failure = errno;
    free(path);
    if (!failure) return EXIT_FINE;
    return complain(RUN_FAILED, dir, "traces cannot go there (%s); -o DIR takes them elsewhere",
                    strerror(failure));
}

/* Absolute, for the program and its children may start elsewhere. */
static int set_dir(run_plan *plan, const char *given)
{
    char *current = get_current_dir_name();
    int status = EXIT_FINE;

    if (given && given[0] == '/') {
        plan->dir = strdup(given);
    } else if (!current) {
        status = complain(RUN_FAILED, NULL, "no working directory (%s)", strerror(errno));
    } else if (!given || !*given) {
        plan->dir = strdup(current);
    } else if (asprintf(&plan->dir, "%s/%s", current, given) < 0) {
        plan->dir = NULL;
    }
    if (status == EXIT_FINE && !plan->dir) status = complain(RUN_FAILED, NULL, "out of memory");
    if (status == EXIT_FINE && !is_expressible(plan->dir)) {
        status =
            complain(RUN_FAILED, plan->dir,
                     "traces cannot go to a directory with a comma, or white space at the end");
    }
    free(current);
    return status == EXIT_FINE ? check_dir(plan->dir) : status;
}

static uint32_t fresh_id(void)
{
    uint32_t id = 0;

    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id) id = (uint32_t)getpid();
    return id ? id : 1;
}

static int make_plan(run_plan *plan, const settings *set, char **command)
{
    int status;

    *plan = (run_plan){
        .command = command,
        .kinds = (set->time || set->both ? RUN_TIME : 0u) |
                 (set->memory || set->both || set->detail || set->mappings || set->memory_sample
                      ? RUN_MEMORY
                      : 0u),
        .hooks = (set->tasks ? RUN_TASKS : 0u) | (set->adapters ? RUN_ADAPTERS : 0u),
        .sample = set->sample,
        .memory_sample = set->memory_sample,
        .detail = set->detail,
        .mappings = set->mappings,
        .children = set->children,
        .open = set->open,
        .quiet = set->quiet,
        .is_made = set->is_made,
        .id = fresh_id()};
    if (!plan->kinds) plan->kinds = RUN_TIME;
    if (!*command) return complain(RUN_FAILED, NULL, "no program to run (try --help)");
    status = set_dir(plan, set->output);
    return status == EXIT_FINE ? preload_choose(plan) : status;
}

int main(int argc, char **argv)
{
    settings set = {0};
    option_set options = {
        .program = "thag-run",
        .usage = "[OPTION]... [--] PROGRAM|SOURCE.c [ARGUMENT]...",
        .about = "Run a program that was built with profiling, or a single source file, then show\n"
                 "what it did: a table on standard error, and a flamegraph beside the trace. The\n"
                 "program's input, output and exit status are its own. Options end at its name.",
        .stops_at_input = 1,
        .groups = {{.facts = facts, .settings = &set},
                   {.facts = options_completion},
                   {.facts = options_common}}};
    run_plan plan = {0};
    run_end end = {0};
    script made = {0};
    int first, status;

    message_program("thag-run");
    status = options_parse(&options, argc, argv, &first);
    if (status != OPTIONS_GO_ON) return status == EXIT_FINE ? EXIT_FINE : RUN_FAILED;
    if (first < argc && script_is_source(argv[first])) {
        status = script_compile(&made, argv[first]);
        if (status == EXIT_FINE) argv[first] = made.program;
        set.is_made = 1;
    }
    if (status == OPTIONS_GO_ON || status == EXIT_FINE)
        status = make_plan(&plan, &set, argv + first);
    if (status == EXIT_FINE) status = child_run(&plan, &end);
    if (status == EXIT_FINE) run_report(&plan, &end);
    free(plan.dir);
    free(plan.preload);
    script_remove(&made);
    if (status == EXIT_FINE) child_end_alike(&end);
    return status;
}
