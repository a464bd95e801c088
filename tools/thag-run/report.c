#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/svg_writer.h"
#include "output/utf8.h"
#include "profile/profile_stats.h"
#include "thag-analyze/analyze.h"
#include "thag-run/run.h"

#define TABLE_ROWS 20

static void say_file(const char *label, const char *path)
{
    fprintf(stderr, "%-11s ", label);
    utf8_put_plain(stderr, path, strlen(path), SIZE_MAX);
    fputc('\n', stderr);
}

static int show_table(const input *in)
{
    stats_write_opts opts = {.limit = TABLE_ROWS};
    stats *s = NULL;
    fault f = {0};
    thag_err err = stats_new(&s, in->profile, &f);

    if (err) return complain_fault(&f);
    columns_of(STDERR_FILENO, &opts.width);
    stats_sort(s, s->is_corrected ? STATS_CORRECTED_SELF : STATS_SELF);
    fputc('\n', stderr);
    err = stats_write_text(stderr, s, &in->meta, &opts, &f);
    fputc('\n', stderr);
    stats_free(s);
    return err ? complain_fault(&f) : EXIT_FINE;
}

/* Beside the first trace, under its name. */
static char *picture_path(const run_traces *found)
{
    const char *first = found->paths[0], *end = strrchr(first, '.');
    char *path;

    return asprintf(&path, "%.*s%s-flamegraph.svg", (int)(end - first), first,
                    found->count > 1 ? "-merged" : "") < 0
               ? NULL
               : path;
}

static int draw(const input *in, const char *path)
{
    svg_opts opts = {0};
    output out;
    fault f = {0};
    thag_err err;
    int status = output_open(&out, path, 0);

    if (status != EXIT_FINE) return status;
    err = svg_write(out.to, in->profile, &opts, &f);
    if (err && err != THAG_ERR_WRITE) status = complain_fault(&f);
    return output_close(&out, status);
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

static void show_files(const run_plan *plan, const run_traces *found, const input *in)
{
    char *picture = picture_path(found);

    if (picture && draw(in, picture) == EXIT_FINE) {
        say_file("flamegraph:", picture);
        if (plan->open) open_in_browser(picture);
    }
    for (size_t i = 0; i < found->count && i < 5; i++) say_file("trace:", found->paths[i]);
    if (found->count > 5) fprintf(stderr, "            and %zu more there\n", found->count - 5);
    free(picture);
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
    if (!plan->quiet) show_table(&in);
    show_files(plan, found, &in);
    input_close(&in);
}

void report(const run_plan *plan, const run_end *end)
{
    run_traces found;

    if (!traces_find(&found, plan, end)) {
        complain(0, NULL, "out of memory");
        return;
    }
    if (found.count == 0)
        reason_say(plan);
    else if (found.empty_count == found.count)
        complain(0, found.paths[0],
                 "nothing was recorded: profiling was on, but no profiled function or section ran");
    else
        show(plan, &found);
    traces_free(&found);
}
