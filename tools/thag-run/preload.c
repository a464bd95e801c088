/*
 * preload.c - what is preloaded into the program, and when that cannot help.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/installation.h"
#include "cli/message.h"
#include "thag-run/image.h"
#include "thag-run/run.h"

/* What --tasks and --adapters ask for. */
static const struct hooks {
    run_hooks flag;
    const char *option, *library, *archive;
} all_hooks[] = {
    {RUN_TASKS, "--tasks", "libthag_async.so", "libthag_async.a (CMake: thag::async)"},
    {RUN_ADAPTERS, "--adapters", "libthag_adapters.so",
     "libthag_adapters.a (CMake: thag::adapters)"},
};
enum { HOOKS_COUNT = sizeof all_hooks / sizeof *all_hooks };

static int add(run_plan *plan, const char *name)
{
    char *library = installation_library(name), *before = plan->preload;
    int status = EXIT_FINE;

    if (!library) return complain(RUN_FAILED, name, "is not where it was installed with this tool");
    if (!before) {
        plan->preload = library;
        return EXIT_FINE;
    }
    if (asprintf(&plan->preload, "%s:%s", before, library) < 0) {
        plan->preload = NULL;
        status = complain(RUN_FAILED, NULL, "out of memory");
    }
    free(before);
    free(library);
    return status;
}

/* A program that has no runtime may load what is profiled. One that it starts has its own environment. */
static int wants_start(const run_plan *plan, const image *im)
{
    return plan->kinds & RUN_TIME && !plan->children && !image_has_runtime(im) &&
           !image_uses_runtime(im) && !image_wants_functions(im) && !image_is_static(im);
}

/* The allocation hooks bring a runtime, and come first, for a process must use one only. */
int preload_choose(run_plan *plan)
{
    image im;
    int is_there = image_open_running(&im, plan->command[0]), status = EXIT_FINE;
    int has_runtime = is_there && image_has_runtime(&im);

    if (is_there && image_is_foreign(&im)) { /* the dynamic linker would complain of each */
        image_close(&im);
        return EXIT_FINE;
    }
    if (plan->kinds & RUN_MEMORY && !has_runtime) status = add(plan, "libthag_heap.so");
    if (status == EXIT_FINE && is_there && image_wants_functions(&im))
        status = add(plan, "libthag_functions.so");
    plan->starts = is_there && wants_start(plan, &im);
    if (status == EXIT_FINE && plan->starts) status = add(plan, "libthag_start.so");
    for (size_t i = 0; i < HOOKS_COUNT && status == EXIT_FINE && !has_runtime; i++) {
        if (plan->hooks & all_hooks[i].flag) status = add(plan, all_hooks[i].library);
    }
    image_close(&im);
    return status;
}

/* The runtime in the program and the one that preloaded hooks would bring know nothing of each other. */
void preload_say_vain(const run_plan *plan)
{
    image im;
    int is_there = plan->hooks && image_open_running(&im, plan->command[0]);

    for (size_t i = 0; i < HOOKS_COUNT && is_there && image_has_runtime(&im); i++) {
        if (!(plan->hooks & all_hooks[i].flag)) continue;
        complain(0, plan->command[0],
                 "%s did nothing: the profiler is linked into it statically; %s%s",
                 all_hooks[i].option, image_is_static(&im) ? "link it without -static" : "link ",
                 image_is_static(&im) ? "" : all_hooks[i].archive);
    }
    if (is_there) image_close(&im);
}
