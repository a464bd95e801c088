/*
 * reason.c - why a program left no trace, as far as its file tells.
 */
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "thag-run/image.h"
#include "thag-run/run.h"

static void say(const char *name, const char *reason, const char *advice)
{
    complain(0, name, "nothing was recorded: %s", reason);
    fprintf(stderr, "  %s\n", advice);
}

static const char children_advice[] = "--children profiles the programs that it starts, too";

static void say_script(const run_plan *plan, const image *im, const char *name)
{
    char interpreter[IMAGE_INTERPRETER_MAX], reason[IMAGE_INTERPRETER_MAX + 100];

    image_interpreter(im, interpreter);
    snprintf(reason, sizeof reason, "it is a script, which %s runs; %s", interpreter,
             plan->starts ? "nothing that this loads is profiled" : "nothing that ran is profiled");
    say(name, reason,
        !plan->children ? children_advice
                        : "without --children, extensions that the interpreter loads are seen");
}

/* Of -pg, which tells the begin of a function alone. */
static void say_calls(const char *name)
{
    say(name, "it was compiled with -pg, which tells where functions begin, and not where they end",
        "compile it with -finstrument-functions in place of -pg, and run it so again");
    fprintf(stderr, "  or with CC=\"thag-cc cc\"; its gmon.out is for gprof\n");
}

/* The runtime is in it, and did nothing. */
static void say_off(const run_plan *plan, const image *im, const char *name)
{
    if (plan->kinds == RUN_MEMORY && image_has_runtime(im) && !image_has_heap(im)) {
        say(name, "the profiler is linked into it statically, without the hooks for memory",
            image_is_static(im) ? "link it with thag::full_wrap (pkg-config --static --libs "
                                  "thag_profiler-full-wrap)"
                                : "link it with the shared library; or with thag::full (pkg-config "
                                  "thag_profiler-full)");
        return;
    }
    say(name, "the profiler is in it, but was not switched on",
        "THAG_ENABLE_PROFILING(runtime) belongs into main; a line above may say more");
}

static void say_unprofiled(const run_plan *plan, const image *im, const char *name)
{
    say(name,
        plan->starts ? "there is no profiling in it, nor in a library that it loads"
                     : "there is no profiling in it",
        "build it with CC=\"thag-cc cc\", or with the macros of thag_profiler.h and "
        "-DTHAG_TIME_PROFILING");
    if (!(plan->kinds & RUN_MEMORY))
        fprintf(stderr, "  --memory records the heap of the program as it is\n");
    if (!(plan->hooks & RUN_ADAPTERS) && image_uses_adapted(im))
        fprintf(stderr, "  --adapters records the callbacks of its event loop, or its OpenMP\n");
    if (!plan->children) fprintf(stderr, "  %s\n", children_advice);
}

void reason_say(const run_plan *plan)
{
    const char *name = plan->command[0];
    image im;

    if (!image_open(&im, name)) {
        complain(0, name,
                 "nothing was recorded, and its file is empty, or cannot be read to see why");
        return;
    }
    if (im.has_more_rights)
        say(name, "it runs with more rights than you have, and so takes no settings from you",
            "run it as its owner, or a copy of it without setuid and file capabilities");
    else if (image_is_script(&im))
        say_script(plan, &im, name);
    else if (image_is_foreign(&im))
        say(name, "it is a program for another processor, or of 32 bits",
            "thag_profiler has to be built for it");
    else if (plan->preload && image_is_static(&im))
        say(name, "it is linked statically, so nothing can be preloaded into it",
            plan->kinds & RUN_MEMORY ? "link it without -static; or with thag::full_wrap "
                                       "(pkg-config --static --libs thag_profiler-full-wrap)"
                                     : "link it without -static");
    else if (image_has_runtime(&im) || image_uses_runtime(&im))
        say_off(plan, &im, name);
    else if (image_counts_calls(&im))
        say_calls(name);
    else
        say_unprofiled(plan, &im, name);
    image_close(&im);
}
