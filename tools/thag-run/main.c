/*
 * thag-run - runs a program with profiling, then shows what it did.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "thag-analyze/analyze.h"
#include "thag-run/run.h"

const char tool_name[] = "thag-run";

enum { OPT_TIME = OPT_OWN, OPT_MEMORY, OPT_BOTH, OPT_DETAIL, OPT_CHILDREN, OPT_SAMPLE, OPT_OPEN };

static const option_fact facts[] = {
    {OPT_TIME, "time", NULL, "record wall time (the default)"},
    {OPT_MEMORY, "memory", NULL, "record heap memory"},
    {OPT_BOTH, "both", NULL, "record both"},
    {OPT_DETAIL, "detail", NULL, "record memory with the stack of each allocation"},
    {OPT_CHILDREN, "children", NULL, "also profile the programs that the program starts"},
    {OPT_SAMPLE, "sample", "N", "once a call path is hot, time one call in N; counts stay exact"},
    {'o', "output", "DIR", "where traces and pictures go; otherwise the current directory"},
    {OPT_OPEN, "open", NULL, "open the picture in a browser"},
    {'q', "quiet", NULL, "no table; only say where the files are"},
    OPTIONS_COMMON,
    {0, NULL, NULL, NULL}};

/* Types of THAG_PROFILER, as bits: 1 time, 2 memory. */
static const char *const types[] = {"time", "time", "memory", "both"};

/* THAG_PROFILER takes what is between commas, less white space. */
static int is_expressible(const char *dir)
{
    size_t len = strlen(dir);

    return !strchr(dir, ',') && len && !strchr(" \t\r\n", dir[len - 1]);
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
    } else if (!given) {
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
    return status;
}

static int set_option(run_plan *plan, unsigned *kinds, int key, const char *arg)
{
    double number;

    switch (key) {
    case OPT_TIME: *kinds |= 1; return EXIT_FINE;
    case OPT_MEMORY: *kinds |= 2; return EXIT_FINE;
    case OPT_BOTH: *kinds |= 3; return EXIT_FINE;
    case OPT_DETAIL: plan->detail = 1; return EXIT_FINE;
    case OPT_CHILDREN: plan->children = 1; return EXIT_FINE;
    case OPT_OPEN: plan->open = 1; return EXIT_FINE;
    case 'q': plan->quiet = 1; return EXIT_FINE;
    default:
        plan->sample = arg;
        return option_number("sample", arg, 1, 1000000, &number) && !arg[strspn(arg, "0123456789")]
                   ? EXIT_FINE
                   : RUN_FAILED;
    }
}

static uint32_t fresh_id(void)
{
    uint32_t id = 0;

    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id) id = (uint32_t)getpid();
    return id ? id : 1;
}

/* Returns 1 to go on, 0 to stop with *status. */
static int parse(run_plan *plan, int argc, char **argv, int *status)
{
    options o = {.usage = "[OPTION]... [--] PROGRAM [ARGUMENT]...",
                 .summary =
                     "Run a program that was built with profiling, then show what it did: a table "
                     "on\nstandard error, and a flamegraph beside the trace. The program's input, "
                     "output and\nexit status are its own. Options end at its name.",
                 .facts = facts,
                 .has_no_commands = 1};
    unsigned kinds = 0;
    const char *arg;
    int key;

    while ((key = options_next(&o, argc, argv, &arg, status)) != -1) {
        if (key != -2) *status = set_option(plan, &kinds, key, arg);
        if (*status == EXIT_USAGE) *status = RUN_FAILED;
        if (key == -2 || *status != EXIT_FINE) return 0;
    }
    if (optind == argc) {
        *status = complain(RUN_FAILED, NULL, "no program to run (try --help)");
        return 0;
    }
    if (plan->detail) kinds |= 2;
    plan->type = types[kinds];
    plan->command = argv + optind;
    *status = set_dir(plan, o.output);
    return *status == EXIT_FINE;
}

int main(int argc, char **argv)
{
    run_plan plan = {.id = fresh_id()};
    run_end end = {0};
    int status;

    if (!parse(&plan, argc, argv, &status)) goto done;
    status = child_run(&plan, &end);
    if (status != EXIT_FINE) goto done;
    report(&plan, &end);
    free(plan.dir);
    child_end_alike(&end);
done:
    free(plan.dir);
    return status;
}
