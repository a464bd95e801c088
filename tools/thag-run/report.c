#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/result_file.h"
#include "input/input.h"
#include "output/picture/svg_writer.h"
#include "output/table/memory_writer.h"
#include "output/table/stats_writer.h"
#include "output/utf8.h"
#include "profile/frame_label.h"
#include "profile/profile_stats.h"
#include "thag-run/run.h"

#define TABLE_ROWS 20

static void say_file(const char *label, const char *path)
{
    fprintf(stderr, "%-11s ", label);
    utf8_put_plain(stderr, path, strlen(path), SIZE_MAX);
    fputc('\n', stderr);
}

static int show_times(const input *in, const report_opts *opts)
{
    stats *s = NULL;
    fault f = {0};
    thag_err err = stats_new(&s, in->profile, &f);

    if (err) return complain_fault(&f);
    stats_sort(s, s->is_corrected ? STATS_CORRECTED_SELF : STATS_SELF);
    err = stats_report.text(stderr, s, opts, &f);
    stats_free(s);
    return err ? complain_fault(&f) : EXIT_FINE;
}

/* The profile's values are bytes from here on. */
static int show_memory(input *in, const report_opts *opts)
{
    memory_stats *s = NULL;
    fault f = {0};
    thag_err err = memory_stats_new(&s, in->profile, &f);

    if (!err) err = memory_report.text(stderr, s, opts, &f);
    memory_stats_free(s);
    return err ? complain_fault(&f) : EXIT_FINE;
}

/* Beside the first trace, under its name. */
static char *picture_path(const run_traces *found, const char *kind)
{
    const char *first = found->paths[0], *end = strrchr(first, '.');
    char *path;

    return asprintf(&path, "%.*s%s%s-flamegraph.svg", (int)(end - first), first,
                    found->count > 1 ? "-merged" : "", kind) < 0
               ? NULL
               : path;
}

static int draw(const input *in, const char *path, const svg_opts *opts)
{
    result_file out;
    fault f = {0};
    thag_err err;
    int status = result_open(&out, path, 0);

    if (status != EXIT_FINE) return status;
    err = svg_write(out.to, in->profile, opts, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return result_close(&out, status);
}

/* Not waited for: a browser may be the first of its kind, and stay. Its messages are not ours. */
static void open_in_browser(const char *path)
{
    const char *browser = getenv("BROWSER");
    int failure[2], nothing, status;
    pid_t child;

    if (!browser || !*browser) browser = "xdg-open";
    if (pipe2(failure, O_CLOEXEC) != 0) return;
    child = fork();
    if (child == 0) {
        if (fork() != 0) _exit(0); /* nobody's child: nobody has to wait for it */
        setsid();
        nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; nothing >= 0 && fd < 3; fd++) dup2(nothing, fd);
        execlp(browser, browser, path, (char *)NULL);
        if (write(failure[1], "x", 1) < 0) _exit(1);
        _exit(1);
    }
    close(failure[1]);
    if (child > 0) waitpid(child, &status, 0);
    if (child < 0 || read(failure[0], &(char){0}, 1) > 0)
        complain(0, browser, "cannot run it to open the picture (BROWSER names another)");
    close(failure[0]);
}

/* A table and a picture of what the profile's values are now. */
static char *show_kind(const run_plan *plan, const run_traces *found, input *in, unsigned kind)
{
    report_opts table = {.meta = &in->meta, .limit = TABLE_ROWS};
    svg_opts svg = {.palette = kind == RUN_MEMORY ? palette_find("mem") : NULL};
    char *picture;

    columns_of(STDERR_FILENO, &table.width);
    if (!plan->quiet) {
        fputc('\n', stderr);
        kind == RUN_MEMORY ? show_memory(in, &table) : show_times(in, &table);
    }
    picture = picture_path(found, kind == RUN_MEMORY ? "-memory" : "");
    if (picture && draw(in, picture, &svg) == EXIT_FINE) return picture;
    free(picture);
    return NULL;
}

static void show_picture(const run_plan *plan, char *picture)
{
    if (!picture) return;
    say_file("flamegraph:", picture);
    if (plan->open) open_in_browser(picture);
    free(picture);
}

static void show_kinds(const run_plan *plan, const run_traces *found, input *in)
{
    char *time_picture = NULL, *memory_picture = NULL;

    if (plan->kinds & RUN_TIME || !in->profile->memory)
        time_picture = show_kind(plan, found, in, RUN_TIME);
    if (plan->kinds & RUN_MEMORY && in->profile->memory &&
        profile_use_memory(in->profile, PROFILE_BYTES_ALLOCATED) == THAG_OK) {
        memory_picture = show_kind(plan, found, in, RUN_MEMORY);
    }
    if (!plan->quiet) fputc('\n', stderr);
    show_picture(plan, time_picture);
    show_picture(plan, memory_picture);
    for (size_t i = 0; i < found->count && i < 5; i++) say_file("trace:", found->paths[i]);
    if (found->count > 5) fprintf(stderr, "            and %zu more there\n", found->count - 5);
}

static int is_empty(const profile *p)
{
    return p->node_count == 1 && !p->memory;
}

static void show(const run_plan *plan, const run_traces *found)
{
    input in;

    if (found->running_count) {
        complain(0, NULL, "%zu process%s still running; what %s recorded so far is shown",
                 found->running_count, found->running_count == 1 ? " is" : "es are",
                 found->running_count == 1 ? "it" : "they");
    }
    if (input_open(&in, found->paths, (int)found->count) != EXIT_FINE) return;
    if (is_empty(in.profile)) {
        complain(0, found->paths[0],
                 "nothing was recorded: profiling was on, but no profiled function or section ran");
        input_close(&in);
        return;
    }
    if (profile_label_frames(in.profile)) complain(0, NULL, "out of memory");
    show_kinds(plan, found, &in);
    input_close(&in);
}
/* For later looks at the trace. */
static void say_program(const run_plan *plan, const run_traces *found)
{
    char *kept = program_keep(plan, found);

    if (kept) say_file("program:", kept);
    free(kept);
}

void run_report(const run_plan *plan, const run_end *end)
{
    run_traces found;

    if (!traces_find(&found, plan, end)) {
        complain(0, NULL, "out of memory");
        return;
    }
    if (found.count == 0)
        reason_say(plan);
    else
        show(plan, &found);
    say_program(plan, &found);
    preload_say_vain(plan);
    traces_free(&found);
}
