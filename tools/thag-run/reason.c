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

/* What runs a script: the text behind #!, or a shell for one without. */
static void interpreter_of(char name[256], const image *im)
{
    size_t len = im->len < 200 ? im->len : 200;
    const char *line = im->bytes + 2, *end = len > 2 ? memchr(line, '\n', len - 2) : NULL;

    while (end && line < end && *line == ' ') line++;
    if (len < 2 || memcmp(im->bytes, "#!", 2) != 0)
        strcpy(name, "/bin/sh");
    else
        snprintf(name, 256, "%.*s", end ? (int)(end - line) : 14, end ? line : "an interpreter");
}

static void say_script(const image *im, const char *name)
{
    char interpreter[256], reason[300];
    size_t len;

    interpreter_of(interpreter, im);
    snprintf(reason, sizeof reason, "it is a script, which %s runs", interpreter);
    say(name, reason, children_advice);
    len = strlen(interpreter);
    if (len > 2 && strcmp(interpreter + len - 2, "sh") != 0)
        fprintf(stderr, "  of extensions: name the interpreter, thag-run INTERPRETER %s\n", name);
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
        say_script(&im, name);
    else if (image_is_foreign(&im))
        say(name, "it is a program for another processor, or of 32 bits",
            "thag_profiler has to be built for it");
    else if (plan->preload && image_is_static(&im))
        say(name, "it is linked statically, so nothing can be preloaded into it",
            plan->kinds & RUN_MEMORY ? "link it without -static; or with thag::full_wrap "
                                       "(pkg-config --static --libs thag_profiler-full-wrap)"
                                     : "link it without -static");
    else if (!image_has_runtime(&im) && !image_uses_runtime(&im))
        say_unprofiled(plan, &im, name);
    else
        say(name, "the profiler is in it, but was not switched on",
            "THAG_ENABLE_PROFILING(runtime) belongs into main; a line above may say more");
    image_close(&im);
}
