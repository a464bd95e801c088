#include <string.h>

#include "thag-analyze/command/analyze.h"
#include "thag-analyze/command/open.h"

static int is_picture(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".html") == 0);
}

/* As `flamegraph --open` does it. */
static int draw_and_open(const job *j)
{
    static char name[] = "flamegraph", opens[] = "--open", force[] = "--force", rest[] = "--";
    char output[4200], *argv[8] = {name, opens};
    int argc = 2;

    if (j->force) argv[argc++] = force;
    snprintf(output, sizeof output, "--output=%s", j->output ? j->output : "");
    if (j->output) argv[argc++] = output;
    argv[argc++] = rest;
    argv[argc++] = j->paths[0];
    return command_run(&cmd_flamegraph, argc, argv);
}

static int run(const job *j)
{
    if (j->path_count != 1) return complain(EXIT_USAGE, NULL, "give one file");
    if (is_picture(j->paths[0])) return open_in_browser(j->paths[0]);
    return draw_and_open(j);
}

const command cmd_open = {
    .name = "open",
    .summary = "show a picture, or the flamegraph of a profile, in the browser",
    .usage = "[OPTION]... FILE",
    .about =
        "Show an SVG or HTML file in the browser: $BROWSER, otherwise xdg-open. Of a profile its\n"
        "flamegraph is written first, as by flamegraph --open.",
    .run = run};
